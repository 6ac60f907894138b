/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * skep vm: one raw program on one piece of memory, driven the way bpf_conformance drives a runtime:
 * the memory as hex bytes in the first argument, the program as hex on standard input, r0 in hex
 * on standard output. Helper 5 returns its first argument, as that suite expects.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "skep/vm.h"

#define PROGRAM_TEXT_MAX (64u << 20)
#define HELPER_FIRST_ARG 5

struct vm_args {
	const char *memory, *program; /* hex; hex or NULL for standard input */
	struct skep_vm_opts opts;
	bool engine_chosen;
};

static const char usage_text[] =
	"usage: skep vm [MEMORY] [OPTIONS] < PROGRAM\n\n"
	"Runs the program (hex on standard input) with r1 = MEMORY (hex bytes) and r2 = its\n"
	"length; prints r0 in hex. Helper 5 returns its first argument.\n\n"
	"  --jit, --interp      trust the program: machine code, or the fast interpreter; no\n"
	"                       access is checked\n"
	"  --guard              check every access (the default)\n"
	"  --engine E           the same in one word: jit, run or guard\n"
	"  --unchecked          also run what the encoding rules refuse but has a meaning (shifts\n"
	"                       beyond the width, unreachable instructions)\n"
	"  --budget N           instructions before the program is stopped (100000000); when it\n"
	"                       is trusted: calls and jumps backwards (no bound)\n"
	"  --program HEX        the program, instead of standard input\n"
	"  --help\n";

/* tidy: allow params: the calling convention of BPF helpers */
static u64 first_arg(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, void *cookie)
{
	(void)r2, (void)r3, (void)r4, (void)r5, (void)cookie;
	return r1;
}

static int set_engine(struct vm_args *a, const char *name)
{
	static const char *const names[] = { "guard", "jit", "run" };
	static const u32 engines[] = { SKEP_ENGINE_DEFAULT, SKEP_ENGINE_JIT, SKEP_ENGINE_INTERP };

	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]))
			continue;
		if (a->engine_chosen && a->opts.engine != engines[i])
			return cli_usage("vm: --jit, --interp and --guard exclude each other");
		a->engine_chosen = true;
		a->opts.trusted = i > 0;
		a->opts.engine = engines[i];
		return CLI_OK;
	}
	return cli_usage("vm: there is no engine '%s': jit, run or guard", name);
}

/* The option at @argv[*@at]; moves *@at over its value. */
static int parse_option(struct vm_args *a, int argc, char **argv, int *at)
{
	const char *opt = argv[*at], *value = *at + 1 < argc ? argv[*at + 1] : NULL;

	if (!strcmp(opt, "--unchecked")) {
		a->opts.unchecked = 1;
		return CLI_OK;
	}
	if (!strcmp(opt, "--jit") || !strcmp(opt, "--guard"))
		return set_engine(a, opt + 2);
	if (!strcmp(opt, "--interp"))
		return set_engine(a, "run");
	if (strcmp(opt, "--engine") && strcmp(opt, "--budget") && strcmp(opt, "--program"))
		return cli_usage("vm: unknown option '%s'; `skep vm --help` lists them", opt);
	if (!value)
		return cli_usage("vm: %s needs a value", opt);
	++*at;
	if (!strcmp(opt, "--engine"))
		return set_engine(a, value);
	if (!strcmp(opt, "--program"))
		a->program = value;
	else if (cli_parse_u64(value, &a->opts.budget))
		return cli_usage("vm: --budget %s: not a number", value);
	return CLI_OK;
}

/* bpf_conformance hands over all options as one argument: "--engine run --unchecked". */
static int parse_bundle(struct vm_args *a, char *text)
{
	char *words[16], *save = NULL;
	int cnt = 0, err = CLI_OK;

	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		if (cnt == (int)ARRAY_SIZE(words))
			return cli_usage("vm: too many options in one argument");
		words[cnt++] = w;
	}
	for (int i = 0; i < cnt && err == CLI_OK; i++)
		err = parse_option(a, cnt, words, &i);
	return err;
}

static int parse_args(struct vm_args *a, int argc, char **argv)
{
	int err = CLI_OK;

	for (int i = 1; i < argc && err == CLI_OK; i++) {
		if (!strncmp(argv[i], "--", 2) && strchr(argv[i], ' '))
			err = parse_bundle(a, argv[i]);
		else if (!strncmp(argv[i], "--", 2))
			err = parse_option(a, argc, argv, &i);
		else if (!argv[i][strspn(argv[i], " ")])
			continue; /* the suite passes "" for no memory and for no options */
		else if (a->memory)
			err = cli_usage("vm: one MEMORY at most, '%s' is another", argv[i]);
		else
			a->memory = argv[i];
	}
	return err;
}

static int parse_hex(const char *what, const char *text, u8 **ret_data, size_t *ret_len)
{
	const char *bad = "";
	int err = cli_parse_hex(text, ret_data, ret_len, &bad);

	if (err && *bad)
		return cli_error("vm: %s: '%c' at position %td is no hex digit", what, *bad,
				 bad - text);
	if (err)
		return cli_error("vm: %s: %s", what,
				 err == -EINVAL ? "odd number of hex digits" : strerror(-err));
	return CLI_OK;
}

static int run_program(const struct vm_args *a, const u8 *code, size_t code_len, u8 *mem,
		       size_t mem_len)
{
	struct skep_vm *vm;
	uint64_t r0;
	int err = skep_vm_new(&a->opts, &vm);

	if (err == -EOPNOTSUPP)
		return cli_error("vm: --jit: the JIT does not know this machine");
	if (err)
		return cli_error("vm: %s", strerror(-err));
	err = skep_vm_register(vm, HELPER_FIRST_ARG, "first_argument", first_arg, NULL);
	if (!err)
		err = skep_vm_load(vm, code, code_len);
	if (!err)
		err = skep_vm_run(vm, mem, mem_len, &r0);
	if (!err)
		printf("%llx\n", (unsigned long long)r0);
	else if (skep_vm_error(vm)[0])
		fprintf(stderr, "skep: vm: %s", skep_vm_error(vm));
	else
		cli_error("vm: %s", strerror(-err));
	skep_vm_free(vm);
	return err ? CLI_FAILED : CLI_OK;
}

int cli_vm(int argc, char **argv)
{
	struct vm_args a = { .opts = { .size = sizeof(a.opts) } };
	char *input = NULL;
	u8 *code = NULL, *mem = NULL;
	size_t len, code_len, mem_len = 0;
	int err;

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage_text, stdout);
		return CLI_OK;
	}
	err = parse_args(&a, argc, argv);
	if (err)
		return err;
	if (!a.program) {
		int rc = cli_read_file("-", PROGRAM_TEXT_MAX, &input, &len);

		if (rc)
			return cli_file_error("standard input", rc);
	}
	err = parse_hex("program", a.program ? a.program : input, &code, &code_len);
	if (!err && a.memory)
		err = parse_hex("memory", a.memory, &mem, &mem_len);
	if (!err)
		err = run_program(&a, code, code_len, mem, mem_len);
	mem_free(input);
	mem_free(code);
	mem_free(mem);
	return err;
}
