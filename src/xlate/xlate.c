/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walk over the proven program: what is removed, what is rewritten, and where jumps lead in the
 * end (opt_hard_wire_dead_code_branches, opt_remove_dead_code, opt_remove_nops,
 * sanitize_dead_code, convert_ctx_accesses, do_misc_fixups).
 *
 * Invariants:
 *  1. Jumps of what is kept lead to instructions that are kept, or past removed ones to the next
 *     that is: dead code is reached by hard-wired branches only.
 *  2. start[] is ascending, so displacements are differences of it.
 */
#include "xlate/xlate.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "xlate/xlate_int.h"

static bool is_dead(const struct xl *x, u32 idx)
{
	return !x->facts->insns[idx].seen;
}

/* Which way a conditional jump is proved to go. */
enum way { WAY_BOTH, WAY_ON, WAY_TO_TARGET };

static enum way branch_way(const struct xl *x, u32 idx, enum isa_op op)
{
	s64 to;

	if (x->opts->keep_dead || isa_info(op)->family != ISA_FAMILY_JMP)
		return WAY_BOTH;
	if (idx + 1 < x->prog->insn_cnt && is_dead(x, idx + 1))
		return WAY_TO_TARGET;
	if (isa_target(&x->prog->insns[idx], op, idx, &to) && is_dead(x, (u32)to))
		return WAY_ON;
	return WAY_BOTH;
}

static bool is_fastcall_spill(const struct xl *x, u32 idx)
{
	return x->facts->insns[idx].fastcall_pattern && x->facts->insns[idx].fastcall_spills == 0 &&
	       isa_info(isa_decode(&x->prog->insns[idx]))->family != ISA_FAMILY_CALL;
}

/* True when nothing is emitted for @idx; kept[] is known for all that follow. */
static bool is_removed(const struct xl *x, u32 idx, enum isa_op op)
{
	enum isa_family family = (enum isa_family)isa_info(op)->family;
	s64 to;

	if (x->opts->keep_dead)
		return false;
	if (is_dead(x, idx) || is_fastcall_spill(x, idx))
		return true;
	if (family != ISA_FAMILY_JA && family != ISA_FAMILY_MAY_GOTO && family != ISA_FAMILY_JMP)
		return false;
	if (branch_way(x, idx, op) == WAY_ON)
		return true;
	if (family == ISA_FAMILY_JMP && branch_way(x, idx, op) == WAY_BOTH)
		return false;
	if (!isa_target(&x->prog->insns[idx], op, idx, &to) || to <= idx)
		return false;
	/*
	 * A jump over nothing but what is removed. The kernel looks once, after dead code is gone
	 * and before other such jumps are, and not at long ones.
	 */
	if (x->opts->form == XLATE_DUMP)
		return op != ISA_JA32 && x->alive[idx + 1] == x->alive[to];
	return x->kept[idx + 1] == x->kept[to];
}

/* Fills kept[] and alive[] from the end on. The second word of an lddw goes with the first. */
static void find_kept(struct xl *x, const u8 *second)
{
	const struct prog *prog = x->prog;

	x->kept[prog->insn_cnt] = x->alive[prog->insn_cnt] = prog->insn_cnt;
	for (u32 i = prog->insn_cnt; i-- > 0;) {
		bool removed = second[i] || is_removed(x, i, isa_decode(&prog->insns[i]));

		x->kept[i] = removed ? x->kept[i + 1] : i;
		x->alive[i] = is_dead(x, i) ? x->alive[i + 1] : i;
	}
}

static void emit_ja(struct xl *x, u32 target)
{
	struct insn insn = isa_template(ISA_JA);

	xl_emit(x, insn, target);
}

static int rewrite_dump(struct xl *x, enum isa_op op)
{
	const struct insn_facts *f = &x->facts->insns[x->idx];

	if (f->alu_state & (FACT_ALU_SANITIZE_SRC | FACT_ALU_SANITIZE_DST))
		xl_alu_masked(x, op);
	else if (!xl_div(x, op))
		xl_copy(x);
	return 0;
}

static int rewrite(struct xl *x, enum isa_op op)
{
	const struct insn_facts *f = &x->facts->insns[x->idx];
	s64 to;

	if (branch_way(x, x->idx, op) == WAY_TO_TARGET &&
	    isa_target(&x->prog->insns[x->idx], op, x->idx, &to)) {
		emit_ja(x, (u32)to);
		return 0;
	}
	if (x->opts->form == XLATE_DUMP)
		return rewrite_dump(x, op);
	if (f->nospec)
		x->marks |= XLATE_NOSPEC;
	if (f->mem == FACT_MEM_CTX)
		return xl_ctx(x, op);
	if (f->alu_state & (FACT_ALU_SANITIZE_SRC | FACT_ALU_SANITIZE_DST)) {
		xl_alu_masked(x, op);
	} else if (op != ISA_CALL_HELPER || !xl_call(x)) {
		/* Of the program's own write alone: what is made of it uses whole registers. */
		if (!f->zext_dst)
			x->marks |= XLATE_NO_ZEXT;
		xl_copy(x);
	}
	if (f->nospec_result)
		x->marks |= XLATE_NOSPEC;
	return 0;
}

static int walk(struct xl *x, const u8 *second)
{
	for (u32 i = 0; i < x->prog->insn_cnt && !x->err; i++) {
		enum isa_op op = isa_decode(&x->prog->insns[i]);

		x->start[i] = x->out.insn_cnt;
		x->idx = i;
		if (second[i] || (!x->opts->keep_dead && x->kept[i] != i))
			continue;
		if (is_dead(x, i)) { /* sanitize_dead_code: never reached, even by a guess */
			u32 words = isa_words(op);

			for (u32 w = 0; w < words; w++) {
				struct insn trap = isa_template(ISA_JA);

				trap.off = -1;
				xl_emit(x, trap, XL_NO_TARGET);
			}
			continue;
		}
		x->marks &= XLATE_NOSPEC; /* behind what came before */
		if (rewrite(x, op))
			return -EFAULT;
	}
	x->start[x->prog->insn_cnt] = x->out.insn_cnt;
	return x->err;
}

static int set_displacement(struct insn *insn, s64 distance)
{
	const struct isa_info *info = isa_info(isa_decode(insn));

	if (info->off != ISA_OFF_JUMP) {
		insn->imm = (s32)distance;
		return distance == (s32)distance ? 0 : -ERANGE;
	}
	if (distance == (s16)distance) {
		insn->off = (s16)distance;
		return 0;
	}
	if (isa_decode(insn) != ISA_JA)
		return -ERANGE;
	*insn = isa_template(ISA_JA32);
	insn->imm = (s32)distance;
	return 0;
}

static int relocate(struct xl *x)
{
	for (u32 i = 0; i < x->out.insn_cnt; i++) {
		s64 to;
		int err;

		if (x->target[i] == XL_NO_TARGET)
			continue;
		if (x->target[i] >= x->prog->insn_cnt)
			return -EFAULT;
		to = x->start[x->opts->keep_dead ? x->target[i] : x->kept[x->target[i]]];
		err = set_displacement(&x->out.insns[i], to - i - 1);
		if (err)
			return err;
	}
	return 0;
}

static int run(struct xl *x)
{
	const struct prog *prog = x->prog;
	u8 *second = mem_zalloc(prog->insn_cnt);
	int err = -ENOMEM;

	x->start = mem_zalloc_array((size_t)prog->insn_cnt + 1, sizeof(*x->start));
	x->kept = mem_zalloc_array((size_t)prog->insn_cnt + 1, sizeof(*x->kept));
	x->alive = mem_zalloc_array((size_t)prog->insn_cnt + 1, sizeof(*x->alive));
	if (second && x->start && x->kept && x->alive) {
		for (u32 i = 0; i < prog->insn_cnt; i++)
			if (isa_words(isa_decode(&prog->insns[i])) == 2 && i + 1 < prog->insn_cnt)
				second[++i] = 1;
		find_kept(x, second);
		err = walk(x, second);
	}
	if (!err)
		err = relocate(x);
	mem_free(second);
	return err;
}

int xlate(const struct prog *prog, const struct facts *facts, const struct xlate_opts *opts,
	  struct xlated *ret)
{
	struct xl x = { .prog = prog, .facts = facts, .opts = opts };
	int err;

	if (facts->insn_cnt != prog->insn_cnt)
		return -EFAULT;
	rand_seed(x.rand, opts->seed);
	err = run(&x);
	mem_free(x.target);
	mem_free(x.start);
	mem_free(x.kept);
	mem_free(x.alive);
	if (err)
		xlate_fini(&x.out);
	else
		*ret = x.out;
	return err;
}

void xlate_fini(struct xlated *x)
{
	mem_free(x->insns);
	mem_free(x->orig_idx);
	mem_free(x->marks);
	memset(x, 0, sizeof(*x));
}
