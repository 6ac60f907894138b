/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep filter: tcpdump's packet selection. libpcap compiles the expression as tcpdump has it
 * compiled for a saved file (optimiser on, netmask 0); our engines run the program.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/classic.h"
#include "cli/cli.h"
#include "cli/filter_io.h"
#include "core/native.h"

#define PROGRESS_EVERY_PACKETS 4096

struct filter_opts {
	const char *read, *write, *interface, *linktype, *file;
	char *expression; /* owned */
	enum classic_engine_kind engine;
	u64 count; /* 0: no limit */
	int dump;  /* enum cbpf_form, 0: none */
	bool engine_chosen, json, no_optimise, nano, help;
};

struct filter_counts {
	u64 matched, total;
};

static const char usage_text[] =
	"usage: skep filter [EXPR] -r FILE [-w FILE] [-c N] [options]\n"
	"       skep filter [EXPR] -i INTERFACE [-w FILE] [-c N] [options]\n"
	"       skep filter [EXPR] -d|-dd|-ddd (-r FILE | -i INTERFACE | -y LINKTYPE)\n\n"
	"Selects the packets that tcpdump would select; EXPR is pcap-filter(7) text.\n"
	"Without -w the numbers of packets matched and read are printed.\n\n"
	"  -r FILE      read packets from a pcap or pcapng file; - is standard input\n"
	"  -w FILE      write the matched packets to a pcap file; - is standard output\n"
	"  -i INTERFACE read packets from a live interface\n"
	"  -c N         stop after N matched packets\n"
	"  -d -dd -ddd  print the compiled program as text, as C, as numbers; no packet is read\n"
	"  -y LINKTYPE  with -d: compile for this link type (EN10MB, LINUX_SLL…)\n"
	"  -F FILE      read the expression from a file; - is standard input\n"
	"  -O           do not optimise the program\n"
	"  --jit, --interp  machine code (the default where the JIT knows the machine), or the\n"
	"               fast interpreter\n"
	"  --engine=E   jit, run (the same as --interp), guard (every access checked), classic\n"
	"               (unconverted) or libpcap (its own interpreter, to compare with)\n"
	"  --nano       time stamps in nanoseconds (files that have them keep them anyway)\n"
	"  --json       results as JSON on standard output (standard error with -w -)\n";

/*
 * Ctrl-C ends the work in good order, with what was found so far. The signals stay blocked and are
 * asked for between packets, so that no handler needs a global; where reading may block for ever
 * (standard input, pcapng) they keep their usual effect.
 */
struct interrupt {
	sigset_t signals, before;
	bool active;
};

static void interrupt_start(struct interrupt *intr, bool active)
{
	sigemptyset(&intr->signals);
	sigaddset(&intr->signals, SIGINT);
	sigaddset(&intr->signals, SIGTERM);
	intr->active = active && !sigprocmask(SIG_BLOCK, &intr->signals, &intr->before);
}

static bool interrupt_came(const struct interrupt *intr)
{
	static const struct timespec at_once;

	return intr->active && sigtimedwait(&intr->signals, NULL, &at_once) > 0;
}

static void interrupt_end(const struct interrupt *intr)
{
	if (intr->active)
		sigprocmask(SIG_SETMASK, &intr->before, NULL);
}

static int choose_engine(struct filter_opts *o, const char *name)
{
	enum classic_engine_kind kind;

	if (!classic_engine_named(name, &kind))
		return cli_usage("filter: there is no engine '%s' (jit, run, guard, classic, "
				 "libpcap)", name);
	if (o->engine_chosen && o->engine != kind)
		return cli_usage("filter: one engine at a time: --jit, --interp and --engine "
				 "exclude each other");
	if (kind == CLASSIC_ENGINE_JIT && core_native_check(SKEP_ENGINE_JIT))
		return cli_error("filter: the JIT does not know this machine");
	o->engine = kind;
	o->engine_chosen = true;
	return 0;
}

static int parse_long(struct filter_opts *o, int c)
{
	u64 count;

	switch (c) {
	case 'c':
		if (cli_parse_u64(optarg, &count) || !count)
			return cli_usage("filter: -c wants a number of packets, not '%s'", optarg);
		o->count = count;
		return 0;
	case 'E':
		return choose_engine(o, optarg);
	case 'j':
		return choose_engine(o, "jit");
	case 'I':
		return choose_engine(o, "run");
	default:
		return cli_usage("filter: `skep filter --help` tells the options");
	}
}

static int parse_option(struct filter_opts *o, int c)
{
	switch (c) {
	case 'r': o->read = optarg; break;
	case 'w': o->write = optarg; break;
	case 'i': o->interface = optarg; break;
	case 'y': o->linktype = optarg; break;
	case 'F': o->file = optarg; break;
	case 'd': o->dump++; break;
	case 'O': o->no_optimise = true; break;
	case 'J': o->json = true; break;
	case 'N': o->nano = true; break;
	case 'h': o->help = true; break;
	default:
		return parse_long(o, c);
	}
	return 0;
}

static int check_options(const struct filter_opts *o)
{
	if (o->read && o->interface)
		return cli_usage("filter: -r and -i exclude each other");
	if (o->dump > CBPF_FORM_NUM)
		return cli_usage("filter: -d at most three times");
	if (o->linktype && (!o->dump || o->read || o->interface))
		return cli_usage("filter: -y goes with -d alone: files and interfaces have their "
				 "own link type");
	if (!o->read && !o->interface && !o->linktype)
		return cli_usage("filter: packets from where? -r FILE or -i INTERFACE%s",
				 o->dump ? " or -y LINKTYPE" : "");
	return 0;
}

static int parse_options(struct filter_opts *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "engine", required_argument, NULL, 'E' }, { "jit", no_argument, NULL, 'j' },
		{ "interp", no_argument, NULL, 'I' },	    { "json", no_argument, NULL, 'J' },
		{ "nano", no_argument, NULL, 'N' },	    { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, status;

	*o = (struct filter_opts){ 0 };
	optind = 1;
	while ((c = getopt_long(argc, argv, "r:w:i:c:y:F:dOh", longs, NULL)) != -1) {
		status = parse_option(o, c);
		if (status)
			return status;
	}
	if (o->help)
		return 0;
	status = check_options(o);
	if (status)
		return status;
	if (o->file && optind < argc)
		return cli_usage("filter: an expression and -F exclude each other");
	o->expression = classic_expression(argv + optind, argc - optind, o->file);
	return o->expression ? 0 : CLI_FAILED;
}

static int open_input(const struct filter_opts *o, struct filter_input *in)
{
	int linktype;

	if (o->interface)
		return filter_input_live(in, o->interface);
	if (o->read)
		return filter_input_file(in, o->read, o->nano);
	*in = (struct filter_input){ .name = o->linktype, .fd = -1 };
	linktype = pcap_datalink_name_to_val(o->linktype);
	if (linktype < 0)
		return cli_error("%s: invalid data link type", o->linktype);
	in->pcap = pcap_open_dead(linktype, 262144);
	return in->pcap ? 0 : cli_error("out of memory");
}

/*
 * Live packets reach us with their VLAN tag put back into the bytes, so the program must not look
 * for it beside them, as it would when compiled for the live handle itself.
 */
static int compile(const struct filter_opts *o, const struct filter_input *in,
		   struct bpf_program *program)
{
	pcap_t *pcap = in->pcap, *dead = NULL;
	int status;

	if (in->live) {
		dead = pcap_open_dead(pcap_datalink(in->pcap), pcap_snapshot(in->pcap));
		if (!dead)
			return cli_error("out of memory");
		pcap = dead;
	}
	status = pcap_compile(pcap, program, o->expression, !o->no_optimise, 0);
	if (status < 0)
		cli_error("'%s': %s", o->expression, pcap_geterr(pcap));
	if (dead)
		pcap_close(dead);
	return status < 0 ? CLI_FAILED : 0;
}

static int dump_program(const struct filter_opts *o, const struct cbpf_insn *insns, u32 len)
{
	struct str text = STR_INIT, json = STR_INIT;
	int status = 0;

	cbpf_print(&text, insns, len, (enum cbpf_form)o->dump);
	if (o->json) {
		str_addf(&json, "{\"instructions\":%u,\"program\":", len);
		str_add_json(&json, str_c(&text));
		str_add(&json, "}\n");
	}
	if (text.failed || json.failed)
		status = cli_error("out of memory");
	else
		fputs(o->json ? str_c(&json) : str_c(&text), stdout);
	str_fini(&text);
	str_fini(&json);
	return status;
}

struct filter_job {
	const struct filter_opts *opts;
	struct filter_input *in;
	struct filter_output out;
	struct classic_filter filter;
	struct filter_counts counts;
};

/* One packet through the filter, to the output if it matches. 0 or CLI_FAILED. */
static int filter_one(struct filter_job *job, const struct filter_packet *packet)
{
	bool matched;

	job->counts.total++;
	if (classic_filter_packet(&job->filter, packet->data, packet->header.caplen,
				  packet->header.len, &matched))
		return CLI_FAILED;
	job->counts.matched += matched;
	if (matched && job->out.file)
		filter_output_packet(&job->out, packet);
	return 0;
}

static int filter_packets(struct filter_job *job)
{
	u64 limit = job->opts->count ? job->opts->count : UINT64_MAX, turns = 0;
	struct filter_input *in = job->in;
	struct filter_packet packet;
	struct cli_progress progress;
	struct interrupt intr;
	int status = 0, got;

	interrupt_start(&intr, in->live || in->fd >= 0);
	cli_progress_start(&progress, in->file_bytes ? "bytes" : "packets");
	while (!status && job->counts.matched < limit) {
		if (job->out.file && filter_input_would_refill(in))
			filter_output_flush(&job->out);
		got = filter_input_next(in, &packet);
		if (got == FILTER_INPUT_NONE_YET || !(++turns % PROGRESS_EVERY_PACKETS)) {
			cli_progress_step(&progress, in->file_bytes ? in->file_pos : turns,
					  in->file_bytes);
			if (interrupt_came(&intr))
				break;
		}
		if (got == FILTER_INPUT_NONE_YET)
			continue;
		if (got <= 0) {
			status = got < 0 ? CLI_FAILED : 0;
			break;
		}
		status = filter_one(job, &packet);
	}
	cli_progress_end(&progress);
	interrupt_end(&intr);
	return status;
}

static void print_counts(const struct filter_opts *o, const struct filter_counts *counts,
			 const char *engine)
{
	bool stdout_taken = o->write && !strcmp(o->write, "-");
	FILE *to = stdout_taken ? stderr : stdout;

	if (o->json)
		fprintf(to, "{\"matched\":%llu,\"total\":%llu,\"engine\":\"%s\"}\n",
			(unsigned long long)counts->matched, (unsigned long long)counts->total,
			engine);
	else if (!o->write)
		fprintf(to, "%llu of %llu packets matched\n", (unsigned long long)counts->matched,
			(unsigned long long)counts->total);
}

static int run_filter(const struct filter_opts *o, struct filter_input *in,
		      const struct bpf_program *program)
{
	const struct cbpf_insn *insns = (const void *)program->bf_insns;
	struct filter_job job = { .opts = o, .in = in };
	int status, close_status;

	if (o->dump)
		return dump_program(o, insns, program->bf_len);
	status = classic_filter_init(&job.filter, insns, program->bf_len, o->engine, in->name);
	if (status)
		return status;
	if (o->write)
		status = filter_output_open(&job.out, in, o->write);
	if (!status) {
		status = filter_packets(&job);
		close_status = filter_output_close(&job.out);
		status = status ? status : close_status;
		print_counts(o, &job.counts, classic_engine_name(&job.filter));
	}
	classic_filter_fini(&job.filter);
	return status;
}

int cli_filter(int argc, char **argv)
{
	struct filter_input in = { .fd = -1 };
	struct bpf_program program = { 0 };
	struct filter_opts o;
	int status;

	status = parse_options(&o, argc, argv);
	if (!status && o.help) {
		fputs(usage_text, stdout);
		return CLI_OK;
	}
	if (!status)
		status = open_input(&o, &in);
	if (!status)
		status = compile(&o, &in, &program);
	if (!status) {
		status = run_filter(&o, &in, &program);
		pcap_freecode(&program);
	}
	filter_input_close(&in);
	mem_free(o.expression);
	return status;
}
