/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules of a whole program: functions, jumps, and that everything is reached. Mirrors
 * add_subprog_and_kfunc, check_subprogs and check_cfg of kernel/bpf/verifier.c.
 *
 * One byte of marks per word. Function starts are marked before jumps are looked at; a jump may
 * not cross a start, which is checked with the nearest start at or below both of its ends.
 */
#include "isa/check.h"

#include "base/err.h"
#include "base/mem.h"
#include "isa/isa_int.h"

enum mark {
	MARK_HALF = 1,	  /* second word of an lddw */
	MARK_START = 2,	  /* first instruction of a function */
	MARK_REACHED = 4,
};

struct flow {
	const struct insn *insns;
	u32 cnt;
	struct isa_reason *reason;
	u8 *marks;
	u32 *starts; /* per word: where its function starts */
	u32 *work;   /* words reached and not yet followed */
	u32 work_cnt;
};

static void mark_halves(struct flow *f)
{
	u32 words;

	for (u32 i = 0; i < f->cnt; i += words) {
		words = isa_words(isa_decode(&f->insns[i]));
		if (words == 2 && i + 1 < f->cnt)
			f->marks[i + 1] |= MARK_HALF;
	}
}

static int check_words(struct flow *f, u32 flags)
{
	u32 i, words;
	int err;

	for (i = 0; i < f->cnt; i += words) {
		words = isa_words(isa_decode(&f->insns[i]));
		if (words > f->cnt - i)
			return isa_reason_set(f->reason, i, "invalid bpf_ld_imm64 insn");
		err = isa_check_insn(&f->insns[i], flags, f->reason);
		if (err) {
			f->reason->insn_idx = i;
			return err;
		}
	}
	return 0;
}

/* The last of the rules in the kernel, which follows all jumps first. */
static int check_middles(struct flow *f)
{
	s64 target;

	for (u32 i = 0; i < f->cnt; i++) {
		const enum isa_op op = isa_decode(&f->insns[i]);

		if (!(f->marks[i] & MARK_HALF) && isa_target(&f->insns[i], op, i, &target) &&
		    f->marks[target] & MARK_HALF)
			return isa_reason_set(f->reason, i,
					      "jump into the middle of ldimm64 insn %u",
					      (u32)target - 1);
	}
	return 0;
}

/* The function that the instruction refers to, by call or by address; false when none. */
static bool function_target(const struct flow *f, u32 idx, s64 *ret_target)
{
	const struct insn *i = &f->insns[idx];
	const enum isa_op op = isa_decode(i);

	if (f->marks[idx] & MARK_HALF)
		return false;
	if (op == ISA_LDDW_FUNC) {
		*ret_target = (s64)idx + 1 + i->imm;
		return true;
	}
	return isa_info(op)->imm == ISA_IMM_SUBPROG && isa_target(i, op, idx, ret_target);
}

static int mark_functions(struct flow *f)
{
	u32 i, start = 0;
	s64 target;

	f->marks[0] |= MARK_START;
	for (i = 0; i < f->cnt; i++) {
		if (!function_target(f, i, &target))
			continue;
		if (target < 0 || target >= f->cnt)
			return isa_reason_set(f->reason, i, "call to invalid destination");
		/* The function before would end in half an lddw. */
		if (f->marks[target] & MARK_HALF)
			return isa_reason_set(f->reason, i, "last insn is not an exit or jmp");
		f->marks[target] |= MARK_START;
	}
	for (i = 0; i < f->cnt; i++) {
		if (f->marks[i] & MARK_START)
			start = i;
		f->starts[i] = start;
	}
	return 0;
}

static bool is_function_call(enum isa_op op)
{
	return isa_info(op)->imm == ISA_IMM_SUBPROG;
}

static bool may_end_function(enum isa_op op)
{
	const u8 family = isa_info(op)->family;

	return family == ISA_FAMILY_EXIT || family == ISA_FAMILY_JA || family == ISA_FAMILY_GOTOX;
}

/* What an lddw's second word seems to be counts here: words are looked at later. */
static int check_jumps(struct flow *f)
{
	for (u32 i = 0; i < f->cnt; i++) {
		const enum isa_op op = isa_decode(&f->insns[i]);
		s64 target;

		if (!is_function_call(op) && isa_target(&f->insns[i], op, i, &target) &&
		    (target < 0 || target >= f->cnt || f->starts[target] != f->starts[i]))
			return isa_reason_set(f->reason, i,
					      "jump out of range from insn %u to %lld", i,
					      (long long)target);
		if ((i + 1 == f->cnt || (f->marks[i + 1] & MARK_START)) && !may_end_function(op))
			return isa_reason_set(f->reason, i, "last insn is not an exit or jmp");
	}
	return 0;
}

static void reach(struct flow *f, s64 idx)
{
	if (f->marks[idx] & MARK_REACHED)
		return;
	f->marks[idx] |= MARK_REACHED;
	f->work[f->work_cnt++] = (u32)idx;
}

/* Every word enters the work list once, so it never holds more than there are words. */
static int check_reached(struct flow *f)
{
	bool anywhere = false; /* a gotox may go to any instruction */
	s64 target;
	u32 i;

	reach(f, 0);
	while (f->work_cnt) {
		const u32 idx = f->work[--f->work_cnt];
		const enum isa_op op = isa_decode(&f->insns[idx]);

		if (function_target(f, idx, &target))
			reach(f, target);
		if (isa_info(op)->off == ISA_OFF_JUMP || isa_info(op)->imm == ISA_IMM_JUMP)
			if (isa_target(&f->insns[idx], op, idx, &target))
				reach(f, target);
		anywhere |= op == ISA_GOTOX;
		if (!may_end_function(op))
			reach(f, (s64)idx + isa_words(op));
	}
	for (i = 0; i < f->cnt && !anywhere; i++)
		if (!(f->marks[i] & (MARK_REACHED | MARK_HALF)))
			return isa_reason_set(f->reason, i, "unreachable insn %u", i);
	return 0;
}

int isa_check(const struct insn *insns, u32 insn_cnt, u32 flags, struct isa_reason *ret_reason)
{
	struct flow f = { .insns = insns, .cnt = insn_cnt, .reason = ret_reason };
	int err;

	if (!insn_cnt)
		return isa_reason_set(ret_reason, 0, "no instructions");
	f.marks = mem_zalloc(insn_cnt);
	f.starts = mem_zalloc_array(insn_cnt, sizeof(*f.starts));
	f.work = mem_zalloc_array(insn_cnt, sizeof(*f.work));
	err = f.marks && f.starts && f.work ? 0 : -ENOMEM;
	if (!err)
		mark_halves(&f);
	/* In the kernel's order: what jumps say, then what the words are. */
	if (!err)
		err = mark_functions(&f);
	if (!err)
		err = check_jumps(&f);
	if (!err)
		err = check_words(&f, flags);
	if (!err)
		err = check_middles(&f);
	if (!err && !(flags & ISA_CHECK_DEAD_CODE))
		err = check_reached(&f);
	mem_free(f.marks);
	mem_free(f.starts);
	mem_free(f.work);
	return err;
}
