/* SPDX-License-Identifier: BSD-2-Clause */
/* Expressions, and filters bound to an engine. */
#include "cli/classic.h"

#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "core/classic.h"

#define EXPRESSION_BYTES_MAX (16u << 20)
#define BUDGET_INSNS	     (64u << 20) /* jumps go forward only: never used up */

static const char *const names[] = { "jit", "run", "guard", "classic", "libpcap" };

const char *classic_engine_name(const struct classic_filter *filter)
{
	return filter->prog ? filter->prog->engine : names[filter->kind];
}

bool classic_engine_named(const char *name, enum classic_engine_kind *ret_kind)
{
	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(name, names[i])) {
			*ret_kind = (enum classic_engine_kind)i;
			return true;
		}
	}
	return false;
}

/* A program that does not check is libpcap's fault or ours: name the instruction. */
static int refused(const struct cbpf_insn *insns, u32 len, const char *what)
{
	struct cbpf_refusal refusal = { 0, "out of memory" };

	if (!cbpf_check(insns, len, CBPF_PCAP, &refusal))
		refusal.reason = "out of memory";
	return cli_error("%s: instruction %u: %s", what, refusal.insn_idx, refusal.reason);
}

int classic_filter_init(struct classic_filter *filter, const struct cbpf_insn *insns, u32 len,
			enum classic_engine_kind kind, const char *what)
{
	static const enum core_classic_engine engines[] = {
		[CLASSIC_ENGINE_JIT] = CORE_CLASSIC_NATIVE,
		[CLASSIC_ENGINE_RUN] = CORE_CLASSIC_INTERP,
		[CLASSIC_ENGINE_GUARD] = CORE_CLASSIC_GUARD,
	};

	memset(filter, 0, sizeof(*filter));
	filter->kind = kind;
	if (cbpf_prog_new(insns, len, CBPF_PCAP, NULL, &filter->classic))
		return refused(insns, len, what);
	if (kind > CLASSIC_ENGINE_GUARD)
		return 0;
	filter->run = mem_zalloc(sizeof(*filter->run));
	if (filter->run && !core_classic_load(insns, len, CBPF_PCAP, engines[kind], &filter->prog))
		return 0;
	classic_filter_fini(filter);
	return refused(insns, len, what);
}

void classic_filter_fini(struct classic_filter *filter)
{
	prog_put(filter->prog);
	mem_free(filter->run);
	cbpf_prog_free(filter->classic);
	memset(filter, 0, sizeof(*filter));
}

static int run_converted(struct classic_filter *filter, bool *ret_matched)
{
	u64 result;
	int err;

	filter->run->insns_left = BUDGET_INSNS;
	err = prog_run(filter->run, filter->prog, &filter->view, &result);
	if (unlikely(err)) {
		cli_error("the filter faulted at instruction %u: %s",
			  prog_orig_idx(filter->prog, filter->run->fault.insn_idx),
			  filter->run->fault.detail);
		return err;
	}
	*ret_matched = result != 0;
	return 0;
}

int classic_filter_packet(struct classic_filter *filter, const u8 *bytes, u32 captured_bytes,
			  u32 wire_bytes, bool *ret_matched)
{
	cbpf_view_set(&filter->view, bytes, captured_bytes, wire_bytes);
	switch (filter->kind) {
	case CLASSIC_ENGINE_JIT:
	case CLASSIC_ENGINE_RUN:
	case CLASSIC_ENGINE_GUARD:
		return run_converted(filter, ret_matched);
	case CLASSIC_ENGINE_CLASSIC:
		*ret_matched = cbpf_run(filter->classic, &filter->view) != 0;
		return 0;
	case CLASSIC_ENGINE_LIBPCAP:
		*ret_matched = bpf_filter((const void *)filter->classic->insns, bytes, wire_bytes,
					  captured_bytes) != 0;
		return 0;
	}
	return 0;
}

char *classic_expression(char *const *args, int arg_cnt, const char *file)
{
	struct str text = STR_INIT;
	char *out;
	size_t len;

	if (file) {
		int err = cli_read_file(file, EXPRESSION_BYTES_MAX, &out, &len);

		if (!err)
			return out;
		cli_file_error(file, err);
		return NULL;
	}
	for (int i = 0; i < arg_cnt; i++) {
		str_add(&text, i ? " " : "");
		str_add(&text, args[i]);
	}
	out = text.failed ? NULL : mem_strdup(str_c(&text));
	str_fini(&text);
	if (!out)
		cli_error("out of memory");
	return out;
}
