/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep disasm: instructions to text. Input is a BPF object, raw instructions, or hex text; which
 * one is seen from its first bytes. Objects in llvm style come out as from llvm-objdump -d.
 */
#include "cli/disasm.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/cli.h"

#define INPUT_BYTES_MAX (256u << 20)

static const char usage[] =
	"usage: skep disasm [OPTIONS] [FILE]\n"
	"       skep disasm --jited [--prog NAME] [OPTIONS] OBJECT…\n\n"
	"Prints the instructions of FILE, or of standard input: a BPF object (all its programs),\n"
	"raw instructions, or hex text.\n\n"
	"      --style=kernel  the text of the verifier's log, with a mark `; !…` where that text\n"
	"                      would lose bits: `skep asm` gives back the same bytes (default)\n"
	"      --style=llvm    what llvm-objdump -d prints\n"
	"      --jited         the programs of a BPF object, or of a .bpf.c, as machine code: C\n"
	"                      source, instructions as they run, and code, side by side\n"
	"  -p, --prog NAME     with --jited: this program only; may be repeated\n"
	"      --json          an array of objects instead\n"
	"      --hex, --raw    what the input is, when its first bytes do not tell\n"
	"  -o, --output FILE   into FILE\n"
	"  -h, --help          this text\n";

/* The nearest symbol at or below, as llvm-objdump names a jump's target. */
static void add_target(void *cookie, struct str *out, s64 idx)
{
	const struct disasm_code *code = cookie;
	const struct disasm_symbol *best = NULL;
	u32 n;

	for (n = 0; n < code->symbol_cnt; n++)
		if (!best || code->symbols[n].idx <= idx)
			best = &code->symbols[n];
	if (!best)
		return;
	if (best->idx == idx)
		str_addf(out, " <%s>", best->name);
	else
		str_addf(out, " <%s+0x%llx>", best->name,
			 (unsigned long long)(idx - best->idx) * 8);
}

static void add_bytes(struct str *out, const struct insn *insns, u32 words, const char *between)
{
	const u8 *bytes = (const u8 *)insns;
	u32 n;

	for (n = 0; n < words * 8; n++)
		str_addf(out, "%s%02x", n ? between : "", bytes[n]);
}

static void add_symbols(struct str *out, const struct disasm_opts *opts,
			const struct disasm_code *code, u32 idx)
{
	u32 n;

	for (n = 0; n < code->symbol_cnt; n++) {
		if (code->symbols[n].idx != idx)
			continue;
		if (opts->style == ISA_STYLE_LLVM)
			str_addf(out, "\n%016llx <%s>:\n", (unsigned long long)idx * 8,
				 code->symbols[n].name);
		else
			str_addf(out, "%s:\n", code->symbols[n].name);
	}
}

static void add_json_insn(struct str *out, const struct disasm_code *code, u32 idx,
			  const struct str *text)
{
	const enum isa_op op = isa_decode(&code->insns[idx]);
	const u32 words = isa_words(op) > code->cnt - idx ? 1 : isa_words(op);

	str_addf(out, "%s\n {\"idx\": %u, \"op\": ", out->len > 1 ? "," : "", idx);
	str_add_json(out, isa_info(op)->name);
	if (code->section) {
		str_add(out, ", \"section\": ");
		str_add_json(out, code->section);
	}
	str_add(out, ", \"bytes\": \"");
	add_bytes(out, &code->insns[idx], words, "");
	str_add(out, "\", \"text\": ");
	str_add_json(out, str_c(text));
	str_add_char(out, '}');
}

void disasm_code_add(struct str *out, const struct disasm_opts *opts,
		     const struct disasm_code *code)
{
	struct disasm_code here = *code;
	const struct isa_text_opts text_opts = {
		.style = opts->style, .target = add_target, .cookie = &here,
	};
	struct str text = STR_INIT;
	u32 i, words;

	for (i = 0; i < code->cnt; i += words) {
		str_reset(&text);
		words = isa_text_insn(&text, code->insns, code->cnt, i, &text_opts);
		out->failed |= text.failed;
		if (opts->json) {
			add_json_insn(out, code, i, &text);
			continue;
		}
		add_symbols(out, opts, code, i);
		if (opts->style == ISA_STYLE_LLVM) {
			str_addf(out, "%8u:\t", i);
			add_bytes(out, &code->insns[i], words, " ");
			str_addf(out, "\t%s\n", str_c(&text));
		} else {
			str_addf(out, "%4u: %s\n", i, str_c(&text));
		}
	}
	str_fini(&text);
}

static bool looks_like_hex(const char *data, size_t len)
{
	size_t n, digits = 0;

	for (n = 0; n < len; n++) {
		if (isxdigit((unsigned char)data[n]))
			digits++;
		else if (!isspace((unsigned char)data[n]))
			return false;
	}
	return digits > 0;
}

static int disasm_bytes(struct str *out, const struct disasm_opts *opts, const void *data,
			size_t len)
{
	struct disasm_code code = { .cnt = (u32)(len / 8) };
	struct insn *insns;

	if (!len)
		return cli_error("%s: empty: there is no instruction to print", opts->in);
	if (len % 8)
		return cli_error("%s: %zu bytes are no whole number of 8-byte instructions",
				 opts->in, len);
	insns = mem_dup(data, len);
	if (!insns)
		return cli_file_error(opts->in, -ENOMEM);
	code.insns = insns;
	disasm_code_add(out, opts, &code);
	mem_free(insns);
	return CLI_OK;
}

static int disasm_hex(struct str *out, const struct disasm_opts *opts, const char *text)
{
	const char *bad = NULL;
	u8 *bytes = NULL;
	size_t len = 0;
	int rc;

	rc = cli_parse_hex(text, &bytes, &len, &bad);
	if (rc == -EINVAL && bad && *bad)
		return cli_error("%s: '%c' is no hex digit", opts->in, *bad);
	if (rc)
		return cli_error("%s: an odd number of hex digits", opts->in);
	rc = disasm_bytes(out, opts, bytes, len);
	mem_free(bytes);
	return rc;
}

static int disasm_any(struct str *out, const struct disasm_opts *opts, char *data, size_t len)
{
	if (!opts->hex && !opts->raw && len >= 4 && !memcmp(data, "\177ELF", 4))
		return disasm_elf(out, opts, data, len);
	if (opts->hex || (!opts->raw && looks_like_hex(data, len)))
		return disasm_hex(out, opts, data);
	return disasm_bytes(out, opts, data, len);
}

static int disasm_file(struct str *out, const struct disasm_opts *opts)
{
	char *data;
	size_t len;
	int rc, err = cli_read_file(opts->in, INPUT_BYTES_MAX, &data, &len);

	if (err)
		return cli_file_error(opts->in, err);
	rc = disasm_any(out, opts, data, len);
	mem_free(data);
	return rc;
}

/* All of @files; without any, standard input. */
static int run(struct disasm_opts *opts, char *const *files, const char *to)
{
	struct str out = STR_INIT;
	int err, rc = CLI_OK;

	if (opts->json)
		str_add(&out, "[");
	do {
		opts->in = *files ? *files : "-";
		rc = opts->jited ? disasm_jited(&out, opts) : disasm_file(&out, opts);
	} while (rc == CLI_OK && *files && *++files);
	if (opts->json)
		str_add(&out, "\n]\n");
	if (rc == CLI_OK) {
		err = out.failed ? -ENOMEM : cli_write_file(to, str_c(&out), out.len);
		rc = err ? cli_file_error(strcmp(to, "-") ? to : "standard output", err) : CLI_OK;
	}
	str_fini(&out);
	return rc;
}

static int check_together(const struct disasm_opts *opts, char *const *files)
{
	if (!opts->jited && files[0] && files[1])
		return cli_usage("one file, please: '%s' is the second", files[1]);
	if (opts->jited && !files[0])
		return cli_usage("disasm: --jited shows the programs of which objects?");
	if (opts->jited && (opts->hex || opts->raw))
		return cli_usage("disasm: --jited takes objects, not --hex or --raw");
	if (!opts->jited && opts->prog_cnt)
		return cli_usage("disasm: --prog goes with --jited");
	return CLI_OK;
}

int cli_disasm(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "style", required_argument, NULL, 's' },
		{ "output", required_argument, NULL, 'o' },
		{ "json", no_argument, NULL, 'j' },
		{ "hex", no_argument, NULL, 'x' },
		{ "raw", no_argument, NULL, 'r' },
		{ "jited", no_argument, NULL, 'J' },
		{ "prog", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct disasm_opts opts = { 0 };
	const char *to = "-";
	int c, rc;

	while ((c = getopt_long(argc, argv, "o:hp:", longs, NULL)) != -1) {
		if (c == 's' && !strcmp(optarg, "llvm"))
			opts.style = ISA_STYLE_LLVM;
		else if (c == 's' && strcmp(optarg, "kernel") != 0)
			return cli_usage("styles are kernel and llvm, not '%s'", optarg);
		else if (c == 'o')
			to = optarg;
		else if (c == 'j')
			opts.json = true;
		else if (c == 'x')
			opts.hex = true;
		else if (c == 'r')
			opts.raw = true;
		else if (c == 'J')
			opts.jited = true;
		else if (c == 'p' && opts.prog_cnt < DISASM_PROGS_MAX)
			opts.progs[opts.prog_cnt++] = optarg;
		else if (c == 'h')
			return fputs(usage, stdout) < 0 ? CLI_FAILED : CLI_OK;
		else if (c != 's')
			return cli_usage("`skep disasm --help` tells the options");
	}
	rc = check_together(&opts, argv + optind);
	return rc == CLI_OK ? run(&opts, argv + optind, to) : rc;
}
