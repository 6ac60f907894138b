/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep convert: a classic program and the eBPF that it becomes, side by side in time: first what
 * came in, then what runs.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/classic.h"
#include "cli/cli.h"
#include "isa/cbpf/convert.h"
#include "isa/text.h"

#define INPUT_BYTES_MAX (64u << 20)

struct convert_opts {
	const char *path, *filter, *linktype;
	enum cbpf_mode mode;
	enum cbpf_target target;
	int form; /* enum cbpf_form, 0: show both programs */
	bool json, no_optimise, help;
};

static const char usage_text[] =
	"usage: skep convert [FILE] [options]\n"
	"       skep convert --filter EXPR [--linktype NAME] [options]\n\n"
	"Reads a classic BPF program as tcpdump -d, -dd or -ddd print it (FILE, or standard\n"
	"input), checks it by Linux's rules, shows it and the eBPF that it becomes.\n\n"
	"  --filter EXPR    compile a pcap-filter(7) expression instead\n"
	"  --linktype NAME  for which link type (default EN10MB)\n"
	"  -O               do not optimise it\n"
	"  --target T       kernel (default): loads as a Linux socket filter; guard; run:\n"
	"                   what `skep filter` executes\n"
	"  --seccomp        a seccomp filter: its rules, struct seccomp_data instead of a packet\n"
	"  --pcap           libpcap's meaning where Linux's differs (default with --filter)\n"
	"  -d -dd -ddd      print the classic program in this form and nothing else\n"
	"  --json           both programs as JSON\n";

static int parse_target(struct convert_opts *o, const char *name)
{
	static const char *const names[] = { "run", "guard", "kernel" };

	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(name, names[i])) {
			o->target = (enum cbpf_target)i;
			return 0;
		}
	}
	return cli_usage("convert: there is no target '%s' (run, guard, kernel)", name);
}

static int parse_option(struct convert_opts *o, int c)
{
	switch (c) {
	case 'f': o->filter = optarg; break;
	case 'y': o->linktype = optarg; break;
	case 'O': o->no_optimise = true; break;
	case 't': return parse_target(o, optarg);
	case 's': o->mode = CBPF_SECCOMP; break;
	case 'p': o->mode = CBPF_PCAP; break;
	case 'd': o->form++; break;
	case 'J': o->json = true; break;
	case 'h': o->help = true; break;
	default:
		return cli_usage("convert: `skep convert --help` tells the options");
	}
	return 0;
}

static int parse_options(struct convert_opts *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "filter", required_argument, NULL, 'f' },
		{ "linktype", required_argument, NULL, 'y' },
		{ "target", required_argument, NULL, 't' },
		{ "seccomp", no_argument, NULL, 's' },
		{ "pcap", no_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, status;

	*o = (struct convert_opts){ .mode = CBPF_SOCKET, .target = CBPF_TO_KERNEL };
	optind = 1;
	while ((c = getopt_long(argc, argv, "y:dOh", longs, NULL)) != -1) {
		status = parse_option(o, c);
		if (status)
			return status;
	}
	if (o->form > CBPF_FORM_NUM)
		return cli_usage("convert: -d at most three times");
	if (o->filter && optind < argc)
		return cli_usage("convert: a file and --filter exclude each other");
	if (o->linktype && !o->filter)
		return cli_usage("convert: --linktype goes with --filter");
	if (argc - optind > 1)
		return cli_usage("convert: one file at a time");
	if (o->filter && o->mode == CBPF_SECCOMP)
		return cli_usage("convert: --filter compiles packet filters, not seccomp's");
	if (o->filter)
		o->mode = CBPF_PCAP;
	o->path = optind < argc ? argv[optind] : "-";
	return 0;
}

/* The classic program by libpcap; its memory becomes ours. */
static int compile(const struct convert_opts *o, struct cbpf_insn **ret_insns, u32 *ret_len)
{
	const char *name = o->linktype ? o->linktype : "EN10MB";
	int linktype = pcap_datalink_name_to_val(name), status;
	struct bpf_program program;
	pcap_t *pcap;

	if (linktype < 0)
		return cli_error("%s: invalid data link type", name);
	pcap = pcap_open_dead(linktype, 262144);
	if (!pcap)
		return cli_error("out of memory");
	status = pcap_compile(pcap, &program, o->filter, !o->no_optimise, 0);
	if (status) {
		status = cli_error("%s: %s", name, pcap_geterr(pcap));
	} else {
		*ret_len = program.bf_len;
		*ret_insns = mem_dup(program.bf_insns, program.bf_len * sizeof(**ret_insns));
		pcap_freecode(&program);
		if (!*ret_insns)
			status = cli_error("out of memory");
	}
	pcap_close(pcap);
	return status;
}

static int read_program(const struct convert_opts *o, struct cbpf_insn **ret_insns, u32 *ret_len)
{
	const char *name = strcmp(o->path, "-") ? o->path : "standard input";
	struct cbpf_parse_error error;
	size_t len;
	char *text;
	int err;

	err = cli_read_file(o->path, INPUT_BYTES_MAX, &text, &len);
	if (err)
		return cli_file_error(name, err);
	err = cbpf_parse(text, len, ret_insns, ret_len, &error);
	mem_free(text);
	if (err == -EINVAL)
		return cli_error("%s:%u: %s", name, error.line, error.text);
	return err ? cli_file_error(name, err) : 0;
}

static void add_both(struct str *out, const struct cbpf_prog *prog,
		     const struct cbpf_converted *code)
{
	struct isa_text_opts style = { .style = ISA_STYLE_KERNEL };

	str_addf(out, "classic: %u instructions\n", prog->len);
	cbpf_print(out, prog->insns, prog->len, CBPF_FORM_TEXT);
	str_addf(out, "extended: %u instructions\n", code->len);
	isa_text_program(out, code->insns, code->len, &style);
}

static void add_json(struct str *out, const struct cbpf_prog *prog,
		     const struct cbpf_converted *code)
{
	struct isa_text_opts style = { .style = ISA_STYLE_KERNEL };
	struct str line = STR_INIT;
	u32 i;

	str_add(out, "{\"classic\":[");
	for (i = 0; i < prog->len; i++)
		str_addf(out, "%s{\"code\":%u,\"jt\":%u,\"jf\":%u,\"k\":%u}", i ? "," : "",
			 prog->insns[i].code, prog->insns[i].jt, prog->insns[i].jf,
			 prog->insns[i].k);
	str_add(out, "],\"extended\":[");
	for (i = 0; i < code->len; i++) {
		const struct insn *insn = &code->insns[i];

		str_reset(&line);
		isa_text_insn(&line, code->insns, code->len, i, &style);
		str_addf(out,
			 "%s{\"code\":%u,\"dst\":%u,\"src\":%u,\"off\":%d,\"imm\":%d,"
			 "\"classic_index\":%u,\"text\":",
			 i ? "," : "", insn->code, insn->dst, insn->src, insn->off, insn->imm,
			 code->classic_idx[i]);
		str_add_json(out, str_c(&line));
		str_add(out, "}");
	}
	str_add(out, "]}\n");
	out->failed |= line.failed;
	str_fini(&line);
}

static int show(const struct convert_opts *o, const struct cbpf_prog *prog)
{
	struct cbpf_converted code = { 0 };
	struct cbpf_refusal refusal;
	struct str out = STR_INIT;
	int err = 0;

	if (o->form) {
		cbpf_print(&out, prog->insns, prog->len, (enum cbpf_form)o->form);
	} else {
		err = cbpf_convert(prog, o->target, &refusal, &code);
		if (err == -EOPNOTSUPP)
			return cli_error("instruction %u cannot become a socket filter of Linux: "
					 "%s; --target=run converts it for skep",
					 refusal.insn_idx, refusal.reason);
		if (!err && o->json)
			add_json(&out, prog, &code);
		else if (!err)
			add_both(&out, prog, &code);
	}
	if (err || out.failed)
		err = cli_error("out of memory");
	else
		fputs(str_c(&out), stdout);
	cbpf_converted_fini(&code);
	str_fini(&out);
	return err;
}

int cli_convert(int argc, char **argv)
{
	struct cbpf_insn *insns = NULL;
	struct cbpf_refusal refusal;
	struct cbpf_prog *prog;
	struct convert_opts o;
	u32 len = 0;
	int status, err;

	status = parse_options(&o, argc, argv);
	if (!status && o.help) {
		fputs(usage_text, stdout);
		return CLI_OK;
	}
	if (!status)
		status = o.filter ? compile(&o, &insns, &len) : read_program(&o, &insns, &len);
	if (status)
		return status;
	err = cbpf_prog_new(insns, len, o.mode, &refusal, &prog);
	if (err == -EINVAL) {
		status = cli_error("instruction %u: %s", refusal.insn_idx, refusal.reason);
	} else if (err) {
		status = cli_error("out of memory");
	} else {
		status = show(&o, prog);
		cbpf_prog_free(prog);
	}
	mem_free(insns);
	return status;
}
