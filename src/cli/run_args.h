/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of `skep run`, parsed. Private to the verb. */
#ifndef SKEP_CLI_RUN_ARGS_H
#define SKEP_CLI_RUN_ARGS_H

#include "base/types.h"

#define RUN_INPUTS_MAX	8
#define RUN_OUTPUTS_MAX 16
#define RUN_MAPS_MAX	32
#define RUN_PROGS_MAX	8
#define RUN_SETS_MAX	256
#define RUN_CFLAGS_MAX	16

struct run_args {
	char *object;			       /* path of the object or source; owned */
	const char *progs[RUN_PROGS_MAX];      /* chosen by name; none: the only one */
	u32 prog_cnt;
	const char *files[RUN_INPUTS_MAX];     /* -r */
	u32 file_cnt;
	const char *ifaces[2];		       /* -i */
	u32 iface_cnt;
	const char *outputs[RUN_OUTPUTS_MAX];  /* -w FILE or IF=FILE */
	u32 output_cnt;
	const char *maps[RUN_MAPS_MAX];	       /* --map */
	u32 map_cnt;
	char *cflags[RUN_CFLAGS_MAX + 1];      /* after --, for clang */
	u32 cflag_cnt;
	const char *sets[RUN_SETS_MAX];	       /* --set MAP[KEY]=VALUE */
	u32 set_cnt;
	const char *data_hex;		       /* --data */
	const char *clang, *cpu;
	u64 packets_max, repeat, budget;
	u32 engine;			       /* enum skep_engine: --jit, --interp */
	u32 jit_debug;			       /* enum jit_debug_what: --perf, --gdb */
	bool engine_chosen, guard, json, keep_going, no_maps, raw_maps, tap, verbose, per_packet;
};

/*
 * 0, or an exit code plus one after a message (the caller returns it less one): so 1 means that
 * help was printed. run_args_fini in any case.
 */
int run_args_parse(struct run_args *a, int argc, char **argv) must_check;
void run_args_fini(struct run_args *a);

#endif
