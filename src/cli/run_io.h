/* SPDX-License-Identifier: BSD-2-Clause */
/* Inputs and outputs of `skep run`: files, interfaces, bytes on the command line. */
#ifndef SKEP_CLI_RUN_IO_H
#define SKEP_CLI_RUN_IO_H

#include "attach/session.h"
#include "base/str.h"
#include "cli/run_args.h"
#include "pkt/dev.h"

struct run_io {
	struct pkt_dev *inputs[RUN_INPUTS_MAX];
	u32 input_cnt;
	struct session_output outputs[RUN_OUTPUTS_MAX];
	u32 output_cnt;
	struct str source; /* their names, for the report */
	bool files;
};

/* CLI_OK, or an exit code after a message. run_io_close in any case. */
int run_io_open(struct run_io *io, const struct run_args *args) must_check;
/* Pushes out what is still in buffers; an error is said and becomes *exit. */
void run_io_finish(struct run_io *io, int *exit);
void run_io_close(struct run_io *io);

/* For progress: how much is done, of how much (0: unknown), in which unit. */
u64 run_io_done(const struct run_io *io, const struct session_stats *stats);
u64 run_io_total(const struct run_io *io);
const char *run_io_unit(const struct run_io *io);

#endif
