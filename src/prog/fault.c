/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fault reports, for people and as JSON: what was done to which object and by how many bytes it was
 * missed, where that is in the C source and in the program, what the registers held, and how the
 * program came there.
 */
#include "prog/fault.h"

#include <string.h>

#include "base/types.h"
#include "isa/text.h"
#include "prog/prog.h"

#define CONTEXT_INSNS 3	   /* instructions shown before the faulting one */
#define NULL_BYTES    4096 /* addresses below are a NULL pointer and an offset */

static const struct {
	const char *name, *words;
} kinds[] = {
	[FAULT_NONE] = { "none", "did not stop" },
	[FAULT_READ] = { "read", "read" },
	[FAULT_WRITE] = { "write", "wrote" },
	[FAULT_PERM] = { "permission", "may not write" },
	[FAULT_CTX] = { "context", "may not" },
	[FAULT_ALIGN] = { "alignment", "made a misaligned atomic access" },
	[FAULT_ARG] = { "argument", "gave a helper a wrong argument" },
	[FAULT_BUDGET] = { "budget", "was stopped" },
	[FAULT_DEPTH] = { "depth", "called too deep" },
	[FAULT_UNINIT] = { "uninitialised", "used a register that holds no value" },
	[FAULT_INSN] = { "instruction", "came to an instruction that cannot run" },
	[FAULT_CALL] = { "call", "made an impossible call" },
};

const char *fault_kind_name(enum fault_kind kind)
{
	return (u32)kind < ARRAY_SIZE(kinds) ? kinds[kind].name : "unknown";
}

/* "packet+54", "fp-16", "counts[3]+8": an address inside or near @e. */
static void add_place(struct str *out, const struct fault *f, const struct extent *e, u64 addr)
{
	s64 off = (s64)(addr - e->base);
	const char *name = e->name ? e->name : "memory";

	switch (e->kind) {
	case EXTENT_NONE:
		str_addf(out, "0x%llx", (unsigned long long)addr);
		return;
	case EXTENT_STACK:
		/* Offsets of the stack count from its top, as programs write them. */
		off -= (s64)e->size_bytes;
		if (e->index == f->depth)
			name = "fp";
		break;
	case EXTENT_CTX:
	case EXTENT_PACKET:
	case EXTENT_MAP_VALUE:
	case EXTENT_MEM:
		break;
	}
	str_add(out, name);
	if (e->kind == EXTENT_STACK && e->index != f->depth)
		str_addf(out, " of frame %lld, fp", (long long)e->index);
	else if (e->kind == EXTENT_MAP_VALUE && e->index >= 0)
		str_addf(out, "[%lld]", (long long)e->index);
	if (off || e->kind != EXTENT_STACK)
		str_addf(out, "%s%lld", off < 0 ? "" : "+", (long long)off);
}

/* "the 60-byte packet", "the 8-byte value counts[3]". */
static void add_object(struct str *out, const struct extent *e)
{
	unsigned long long size = e->size_bytes;

	switch (e->kind) {
	case EXTENT_NONE:
		str_add(out, "nothing");
		return;
	case EXTENT_STACK:
		str_addf(out, "the %llu-byte stack frame", size);
		return;
	case EXTENT_CTX:
		str_addf(out, "the %llu-byte context (struct %s)", size, e->name);
		return;
	case EXTENT_PACKET:
		str_addf(out, "the %llu-byte %s", size, e->name);
		return;
	case EXTENT_MAP_VALUE:
		str_addf(out, "the %llu-byte value of map '%s'", size, e->name);
		if (e->index >= 0)
			str_addf(out, " at index %lld", (long long)e->index);
		return;
	case EXTENT_MEM:
		str_addf(out, "the %llu-byte %s", size, e->name);
		return;
	}
}

/* How far the access goes out of the nearest object: negative before it, positive past its end. */
static s64 missed_by(const struct fault *f)
{
	const struct extent *e = &f->nearest;

	if (e->kind == EXTENT_NONE)
		return 0;
	if (f->addr < e->base)
		return -(s64)(e->base - f->addr);
	if (extent_holds(e, f->addr, f->size_bytes))
		return 0;
	return (s64)(f->addr + f->size_bytes - e->base - e->size_bytes);
}

static void add_bytes(struct str *out, u64 n)
{
	str_addf(out, "%llu byte%s", (unsigned long long)n, n == 1 ? "" : "s");
}

/* "8 bytes at packet+54: 2 bytes past the end of the 60-byte packet". */
static void add_miss(struct str *out, const struct fault *f)
{
	s64 by = missed_by(f);

	add_bytes(out, f->size_bytes);
	str_add(out, " at ");
	add_place(out, f, &f->nearest, f->addr);
	if (f->arg)
		str_addf(out, " (r%u)", f->arg);
	if (f->nearest.kind == EXTENT_NONE && f->addr < NULL_BYTES)
		str_addf(out, ": a NULL pointer%s (was the result of a lookup checked?)",
			 f->addr ? " and an offset" : "");
	else if (f->nearest.kind == EXTENT_NONE)
		str_add(out, ": no object of the program is near");
	if (!by)
		return;
	str_add(out, ": ");
	add_bytes(out, (u64)(by < 0 ? -by : by));
	str_add(out, by < 0 ? " before the start of " : " past the end of ");
	add_object(out, &f->nearest);
}

void fault_describe(const struct fault *f, struct str *out)
{
	const char *words = (u32)f->kind < ARRAY_SIZE(kinds) ? kinds[f->kind].words : "failed";

	switch (f->kind) {
	case FAULT_READ:
	case FAULT_WRITE:
		if (f->arg)
			str_addf(out, "let %s %s ", f->detail,
				 f->kind == FAULT_READ ? "read" : "write");
		else
			str_addf(out, "%s ", words);
		add_miss(out, f);
		return;
	case FAULT_ALIGN:
		str_addf(out, "%s: ", words);
		add_miss(out, f);
		return;
	case FAULT_PERM:
		str_addf(out, "%s ", words);
		add_miss(out, f);
		break;
	case FAULT_CTX:
		str_addf(out, "%s %s", words, f->detail);
		return;
	case FAULT_NONE:
	case FAULT_ARG:
	case FAULT_BUDGET:
	case FAULT_DEPTH:
	case FAULT_UNINIT:
	case FAULT_INSN:
	case FAULT_CALL:
		str_add(out, words);
		break;
	}
	if (f->detail[0])
		str_addf(out, ": %s", f->detail);
}

static void add_function(struct str *out, const struct prog *prog, u32 idx)
{
	const struct prog_subprog *sub = prog_subprog_at(prog, idx);

	if (sub && sub->name)
		str_addf(out, " in %s()", sub->name);
}

static void add_source(struct str *out, const struct prog *prog, u32 idx)
{
	const struct prog_line *line = prog_line_at(prog, idx);
	const char *text;

	if (!line || !line->file)
		return;
	str_addf(out, "\n  %s:%u", line->file, line->line);
	if (line->col)
		str_addf(out, ":%u", line->col);
	add_function(out, prog, idx);
	str_add_char(out, '\n');
	text = line->text ? line->text : "";
	text += strspn(text, " \t");
	if (*text)
		str_addf(out, "      %s\n", text);
}

static void add_insns(struct str *out, const struct fault *f)
{
	static const struct isa_text_opts opts = { .style = ISA_STYLE_KERNEL };
	const struct prog *prog = f->prog;
	const struct prog_subprog *sub = prog_subprog_at(prog, f->insn_idx);
	u32 before[CONTEXT_INSNS] = { 0 }, cnt = 0, i = sub ? sub->start : 0;

	/* Pairs have to be stepped over from the start to know where instructions begin. */
	while (i < f->insn_idx && i < prog->insns_loaded_cnt) {
		before[cnt++ % CONTEXT_INSNS] = i;
		i += isa_words(isa_decode(&prog->insns_loaded[i]));
	}
	str_add_char(out, '\n');
	for (u32 n = cnt < CONTEXT_INSNS ? cnt : CONTEXT_INSNS; n > 0; n--) {
		u32 idx = before[(cnt - n) % CONTEXT_INSNS];

		str_addf(out, "  %8u: ", idx);
		isa_text_insn(out, prog->insns_loaded, prog->insns_loaded_cnt, idx, &opts);
		str_add_char(out, '\n');
	}
	str_addf(out, "  -->%5u: ", f->insn_idx);
	if (f->insn_idx < prog->insns_loaded_cnt)
		isa_text_insn(out, prog->insns_loaded, prog->insns_loaded_cnt, f->insn_idx, &opts);
	else
		str_add(out, "(end of the program)");
	str_add_char(out, '\n');
}

static void add_number(struct str *out, u64 v)
{
	if (v < 10)
		str_addf(out, "%llu", (unsigned long long)v);
	else if ((s64)v < 0 && (s64)v > -65536)
		str_addf(out, "%lld", (long long)v);
	else if (v < 1000000)
		str_addf(out, "%llu (0x%llx)", (unsigned long long)v, (unsigned long long)v);
	else
		str_addf(out, "0x%llx", (unsigned long long)v);
}

static void add_regs(struct str *out, const struct fault *f)
{
	if (!f->regs_valid)
		return; /* the fast interpreter keeps none */
	str_add_char(out, '\n');
	for (u32 i = 0; i < INSN_REGS; i++) {
		if (!(f->regs_valid & 1u << i))
			continue;
		str_addf(out, "      r%-2u = ", i);
		if (f->pointee[i].kind != EXTENT_NONE) {
			add_place(out, f, &f->pointee[i], f->regs[i]);
			str_addf(out, "  (0x%llx)", (unsigned long long)f->regs[i]);
		} else if (f->pointee[i].name) {
			str_addf(out, "map '%s'", f->pointee[i].name);
		} else {
			add_number(out, f->regs[i]);
		}
		str_add_char(out, '\n');
	}
}

static void add_callers(struct str *out, const struct fault *f)
{
	for (u32 i = 0; i < f->caller_cnt; i++) {
		const struct prog_line *line = prog_line_at(f->prog, f->callers[i]);

		str_addf(out, "%s  called from instruction %u", i ? "" : "\n", f->callers[i]);
		add_function(out, f->prog, f->callers[i]);
		if (line && line->file)
			str_addf(out, ", %s:%u", line->file, line->line);
		str_add_char(out, '\n');
	}
}

void fault_print(const struct fault *f, struct str *out)
{
	if (f->kind == FAULT_NONE)
		return;
	if (f->packet)
		str_addf(out, "packet %llu: ", (unsigned long long)f->packet);
	str_addf(out, "program '%s' stopped at instruction %u\n  ", f->prog->name, f->insn_idx);
	fault_describe(f, out);
	str_add_char(out, '\n');
	add_source(out, f->prog, f->insn_idx);
	add_insns(out, f);
	add_regs(out, f);
	add_callers(out, f);
}
