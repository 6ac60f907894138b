/* SPDX-License-Identifier: BSD-2-Clause */
/* skep asm: text to instructions, as raw bytes or hex; checked unless one asks not to. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "isa/asm.h"
#include "isa/check.h"

#define SOURCE_BYTES_MAX (256u << 20)

static const char usage[] =
	"usage: skep asm [OPTIONS] [FILE]\n\n"
	"Assembles FILE, or standard input. Reads the kernel's text (what `skep disasm` prints),\n"
	"llvm-objdump's, uBPF's and GNU's dialects.\n\n"
	"  -o, --output FILE  raw instructions into FILE (standard output when it is no terminal)\n"
	"      --hex          hex text, one instruction per line, instead\n"
	"      --json         an array of the instructions' fields instead\n"
	"      --no-check     accept programs that break the rules of encoding\n"
	"  -h, --help         this text\n";

struct asm_opts {
	const char *in, *out;
	bool hex, json, no_check;
};

static void add_hex(struct str *s, const struct insn *insns, u32 cnt)
{
	const u8 *bytes = (const u8 *)insns;
	u32 n;

	for (n = 0; n < cnt * 8; n++)
		str_addf(s, "%02x%s", bytes[n], n % 8 == 7 ? "\n" : " ");
}

static void add_json(struct str *s, const struct insn *insns, u32 cnt)
{
	u32 n;

	str_add(s, "[");
	for (n = 0; n < cnt; n++)
		str_addf(s,
			 "%s\n {\"code\": %u, \"dst\": %u, \"src\": %u, \"off\": %d, "
			 "\"imm\": %d}",
			 n ? "," : "", insns[n].code, insns[n].dst, insns[n].src, insns[n].off,
			 insns[n].imm);
	str_add(s, cnt ? "\n]\n" : "]\n");
}

static int write_result(const struct asm_opts *opts, const struct insn *insns, u32 cnt)
{
	const char *out = opts->out ? opts->out : "-";
	struct str s = STR_INIT;
	int err;

	if (opts->json)
		add_json(&s, insns, cnt);
	else if (opts->hex || (!opts->out && isatty(STDOUT_FILENO)))
		add_hex(&s, insns, cnt);
	else
		str_add_bytes(&s, insns, cnt * sizeof(*insns));
	err = s.failed ? -ENOMEM : cli_write_file(out, s.data, s.len);
	str_fini(&s);
	return err ? cli_file_error(opts->out ? opts->out : "standard output", err) : CLI_OK;
}

static int assemble(const struct asm_opts *opts, const char *text)
{
	struct isa_asm_error error;
	struct isa_reason reason;
	struct insn *insns = NULL;
	u32 cnt = 0;
	int err, rc;

	err = isa_asm(text, &insns, &cnt, &error);
	if (err && error.line)
		return cli_error("%s:%u:%u: %s", opts->in, error.line, error.col, error.text);
	if (err)
		return cli_file_error(opts->in, err);
	err = opts->no_check ? 0 : isa_check(insns, cnt, 0, &reason);
	if (err)
		rc = cli_error("%s: instruction %u: %s (--no-check to write it anyway)", opts->in,
			       reason.insn_idx, reason.text);
	else
		rc = write_result(opts, insns, cnt);
	mem_free(insns);
	return rc;
}

int cli_asm(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "output", required_argument, NULL, 'o' }, { "hex", no_argument, NULL, 'x' },
		{ "json", no_argument, NULL, 'j' },	    { "no-check", no_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },	    { NULL, 0, NULL, 0 },
	};
	struct asm_opts opts = { .in = "-" };
	char *text;
	size_t len;
	int c, err, rc;

	while ((c = getopt_long(argc, argv, "o:h", longs, NULL)) != -1) {
		if (c == 'o')
			opts.out = optarg;
		else if (c == 'x')
			opts.hex = true;
		else if (c == 'j')
			opts.json = true;
		else if (c == 'n')
			opts.no_check = true;
		else if (c == 'h')
			return fputs(usage, stdout) < 0 ? CLI_FAILED : CLI_OK;
		else
			return cli_usage("`skep asm --help` tells the options");
	}
	if (argc - optind > 1)
		return cli_usage("one file, please: '%s' is the second", argv[optind + 1]);
	if (optind < argc)
		opts.in = argv[optind];
	err = cli_read_file(opts.in, SOURCE_BYTES_MAX, &text, &len);
	if (err)
		return cli_file_error(opts.in, err);
	if (memchr(text, 0, len))
		rc = cli_error("%s: this is not text", opts.in);
	else
		rc = assemble(&opts, text);
	mem_free(text);
	return rc;
}
