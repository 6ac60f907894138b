/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/run_args.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "jit/debug.h"
#include "skep/skep.h"

static const char help[] =
	"usage: skep run OBJECT[:PROGRAM] [options] [-- CLANG-FLAGS…]\n"
	"\n"
	"Runs programs of a BPF object, or of a .bpf.c that it compiles first, on packets.\n"
	"Without -r, -i or --data it lists the object's programs and maps.\n"
	"\n"
	"  -r FILE         read packets from a pcap or pcapng file (- is stdin); may be repeated\n"
	"  -i IFACE        take packets from an interface; two of them make a bridge\n"
	"      --tap       the -i names are TAP interfaces, created when missing\n"
	"  -w FILE         write what passes or is sent back; .pcapng chooses that format\n"
	"  -w IFACE=FILE   write what is redirected to an interface (name or index)\n"
	"      --data HEX  run once on these bytes\n"
	"  -p, --prog NAME the program to run, as after the colon; several run in turn\n"
	"      --set MAP[KEY]=VALUE\n"
	"                  fill a map first: numbers, IPv4 addresses, hex:0011aa, interfaces,\n"
	"                  names of programs; may be repeated\n"
	"  -m, --map NAME  print this map in full (default: all, first non-zero entries)\n"
	"      --no-maps   print no maps\n"
	"      --raw       print keys and values as bytes, whatever their types\n"
	"  -c N            stop after N packets\n"
	"      --repeat N  run each packet N times, for timing\n"
	"      --packets   print a line per packet\n"
	"      --keep-going  go on after a fault (the packet counts as aborted)\n"
	"      --budget N  instructions that one execution may take (default 100000000)\n"
	"      --jit       machine code or nothing (default: machine code where the JIT can)\n"
	"      --interp    the fast interpreter instead of machine code\n"
	"      --guard     run unproven: each access is checked as it happens\n"
	"      --perf      tell perf of the machine code (/tmp/perf-PID.map)\n"
	"      --gdb       tell gdb and unwinders of the machine code\n"
	"      --clang C   the compiler for .bpf.c (default: the newest clang found)\n"
	"      --mcpu V    its -mcpu (default v3)\n"
	"      --json      the result as JSON\n"
	"  -v              the loader's messages too\n"
	"\n"
	"Exit status: 0 all went well, 1 something failed or a program faulted, 2 bad usage.\n";

enum {
	OPT_DATA = 256,
	OPT_NO_MAPS,
	OPT_REPEAT,
	OPT_PACKETS,
	OPT_KEEP_GOING,
	OPT_BUDGET,
	OPT_CLANG,
	OPT_MCPU,
	OPT_JSON,
	OPT_TAP,
	OPT_SET,
	OPT_RAW,
	OPT_GUARD,
	OPT_JIT,
	OPT_INTERP,
	OPT_PERF,
	OPT_GDB,
};

static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "data", required_argument, NULL, OPT_DATA },
	{ "prog", required_argument, NULL, 'p' },
	{ "map", required_argument, NULL, 'm' },
	{ "no-maps", no_argument, NULL, OPT_NO_MAPS },
	{ "raw", no_argument, NULL, OPT_RAW },
	{ "guard", no_argument, NULL, OPT_GUARD },
	{ "jit", no_argument, NULL, OPT_JIT },
	{ "interp", no_argument, NULL, OPT_INTERP },
	{ "perf", no_argument, NULL, OPT_PERF },
	{ "gdb", no_argument, NULL, OPT_GDB },
	{ "repeat", required_argument, NULL, OPT_REPEAT },
	{ "packets", no_argument, NULL, OPT_PACKETS },
	{ "keep-going", no_argument, NULL, OPT_KEEP_GOING },
	{ "budget", required_argument, NULL, OPT_BUDGET },
	{ "clang", required_argument, NULL, OPT_CLANG },
	{ "mcpu", required_argument, NULL, OPT_MCPU },
	{ "set", required_argument, NULL, OPT_SET },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "tap", no_argument, NULL, OPT_TAP },
	{ NULL, 0, NULL, 0 },
};

static int add_name(const char **list, u32 *cnt, u32 max, const char *name)
{
	if (*cnt == max)
		return 1 + cli_usage("'%s' is one too many: at most %u of that option", name, max);
	list[(*cnt)++] = name;
	return 0;
}

/* @word is what getopt stopped at; a short option may stand among others in it. */
static int bad_option(int why, const char *word)
{
	if (why == ':')
		return cli_usage("run: '%s' needs a value; `skep run --help` tells which", word);
	return cli_usage("run: there is no option '%s'; `skep run --help` lists them", word);
}

static int parse_count(const char *opt, const char *text, u64 *ret)
{
	if (cli_parse_u64(text, ret) || *ret == 0)
		return 1 + cli_usage("%s takes a whole number from 1, not '%s'", opt, text);
	return 0;
}

static int choose_engine(struct run_args *a, int opt)
{
	const u32 engine = opt == OPT_JIT    ? SKEP_ENGINE_JIT :
			   opt == OPT_INTERP ? SKEP_ENGINE_INTERP :
					       SKEP_ENGINE_DEFAULT;
	const bool guard = opt == OPT_GUARD;

	if (a->engine_chosen && (a->guard != guard || a->engine != engine))
		return 1 + cli_usage("--jit, --interp and --guard exclude each other");
	a->engine_chosen = true;
	a->guard = guard;
	a->engine = engine;
	return 0;
}

static int parse_option(struct run_args *a, int opt, const char *arg)
{
	switch (opt) {
	case 'r':
		return add_name(a->files, &a->file_cnt, RUN_INPUTS_MAX, arg);
	case 'i':
		return add_name(a->ifaces, &a->iface_cnt, ARRAY_SIZE(a->ifaces), arg);
	case 'w':
		return add_name(a->outputs, &a->output_cnt, RUN_OUTPUTS_MAX, arg);
	case 'p':
		return add_name(a->progs, &a->prog_cnt, RUN_PROGS_MAX, arg);
	case 'm':
		return add_name(a->maps, &a->map_cnt, RUN_MAPS_MAX, arg);
	case 'c':
		return parse_count("-c", arg, &a->packets_max);
	case OPT_REPEAT:
		return parse_count("--repeat", arg, &a->repeat);
	case OPT_BUDGET:
		return parse_count("--budget", arg, &a->budget);
	case OPT_SET:
		return add_name(a->sets, &a->set_cnt, RUN_SETS_MAX, arg);
	case OPT_DATA:
		a->data_hex = arg;
		return 0;
	case OPT_CLANG:
		a->clang = arg;
		return 0;
	case OPT_MCPU:
		a->cpu = arg;
		return 0;
	case OPT_NO_MAPS:
		a->no_maps = true;
		return 0;
	case OPT_GUARD:
	case OPT_JIT:
	case OPT_INTERP:
		return choose_engine(a, opt);
	case OPT_PERF:
		a->jit_debug |= JIT_DEBUG_PERF;
		return 0;
	case OPT_GDB:
		a->jit_debug |= JIT_DEBUG_GDB | JIT_DEBUG_UNWIND;
		return 0;
	case OPT_RAW:
		a->raw_maps = true;
		return 0;
	case OPT_PACKETS:
		a->per_packet = true;
		return 0;
	case OPT_KEEP_GOING:
		a->keep_going = true;
		return 0;
	case OPT_JSON:
		a->json = true;
		return 0;
	case OPT_TAP:
		a->tap = true;
		return 0;
	case 'v':
		a->verbose = true;
		return 0;
	case 'h':
		fputs(help, stdout);
		return 1 + CLI_OK;
	default:
		return 1; /* not reached: run_args_parse looks for what is no option first */
	}
}

/* OBJECT[:PROGRAM]; a colon that belongs to an existing file's name is no separator. */
static int split_object(struct run_args *a, const char *arg)
{
	const char *colon = access(arg, F_OK) ? strrchr(arg, ':') : NULL;

	a->object = mem_strdup(arg);
	if (!a->object)
		return 1 + cli_error("out of memory");
	if (!colon)
		return 0;
	a->object[colon - arg] = '\0';
	return add_name(a->progs, &a->prog_cnt, RUN_PROGS_MAX, colon + 1);
}

static int check_together(const struct run_args *a)
{
	bool packets = a->file_cnt || a->iface_cnt;

	if (a->data_hex && packets)
		return 1 + cli_usage("--data runs one input by itself: give it, or -r or -i");
	if (a->file_cnt && a->iface_cnt)
		return 1 + cli_usage("-r reads files and -i interfaces: give one kind");
	if (a->output_cnt && !packets && !a->data_hex)
		return 1 + cli_usage("-w needs packets: give -r, -i or --data");
	if (a->tap && !a->iface_cnt)
		return 1 + cli_usage("--tap says what -i names: give -i too");
	if (a->repeat > UINT32_MAX)
		return 1 + cli_usage("--repeat takes at most %u", UINT32_MAX);
	return 0;
}

int run_args_parse(struct run_args *a, int argc, char **argv)
{
	int opt, err;

	*a = (struct run_args){ .repeat = 1 };
	opterr = 0;
	/* "+" would stop at the object; people write options behind it, so getopt may permute. */
	while ((opt = getopt_long(argc, argv, ":hr:i:w:p:m:c:v", options, NULL)) != -1) {
		if (opt == '?' || opt == ':')
			return 1 + bad_option(opt, argv[optind - 1]);
		err = parse_option(a, opt, optarg);
		if (err)
			return err;
	}
	if (optind >= argc)
		return 1 + cli_usage("run: which object? `skep run --help` tells more");
	err = split_object(a, argv[optind]);
	for (int i = optind + 1; i < argc && !err; i++) {
		if (argv[i][0] != '-')
			return 1 + cli_usage("run: one object at a time; what is '%s'?", argv[i]);
		if (a->cflag_cnt == RUN_CFLAGS_MAX)
			return 1 + cli_usage("at most %d flags for clang", RUN_CFLAGS_MAX);
		a->cflags[a->cflag_cnt++] = argv[i];
	}
	return err ? err : check_together(a);
}

void run_args_fini(struct run_args *a)
{
	mem_free(a->object);
	a->object = NULL;
}
