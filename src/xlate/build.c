/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program under construction. Instructions are appended once, jumps carry the original index
 * that they lead to, and one pass at the end turns those into displacements: linear in the length,
 * where patching in place (bpf_patch_insn_data) is quadratic.
 */
#include "base/err.h"
#include "base/mem.h"
#include "xlate/xlate_int.h"

static int grow(struct xl *x)
{
	u32 cap = x->cap ? x->cap * 2 : x->prog->insn_cnt + x->prog->insn_cnt / 2 + 16;
	struct insn *insns = mem_realloc(x->out.insns, cap * sizeof(*insns));
	u32 *words;
	u8 *marks;

	if (!insns)
		return -ENOMEM;
	x->out.insns = insns;
	words = mem_realloc(x->out.orig_idx, cap * sizeof(*words));
	if (!words)
		return -ENOMEM;
	x->out.orig_idx = words;
	words = mem_realloc(x->target, cap * sizeof(*words));
	if (!words)
		return -ENOMEM;
	x->target = words;
	marks = mem_realloc(x->out.marks, cap);
	if (!marks)
		return -ENOMEM;
	x->out.marks = marks;
	x->cap = cap;
	return 0;
}

void xl_emit(struct xl *x, struct insn insn, u32 target)
{
	u32 at = x->out.insn_cnt;

	if (x->err)
		return;
	if (at == x->cap) {
		x->err = grow(x);
		if (x->err)
			return;
	}
	x->out.insns[at] = insn;
	x->out.orig_idx[at] = x->idx;
	x->out.marks[at] = x->marks;
	x->target[at] = target;
	x->marks = 0;
	x->out.insn_cnt++;
}

void xl_op(struct xl *x, enum isa_op op, u32 regs, s16 off, s32 imm)
{
	const struct isa_info *info = isa_info(op);
	struct insn insn = isa_template(op);

	insn.dst = (u8)(regs & 0xf);
	if (info->src != ISA_REG_SEL)
		insn.src = (u8)(regs >> 4 & 0xf);
	if (info->off == ISA_OFF_MEM || info->off == ISA_OFF_JUMP)
		insn.off = off;
	if (info->imm != ISA_IMM_SEL)
		insn.imm = imm;
	x->marks |= XLATE_ADDED;
	xl_emit(x, insn, XL_NO_TARGET);
}

void xl_copy(struct xl *x)
{
	const struct insn *insn = &x->prog->insns[x->idx];
	enum isa_op op = isa_decode(insn);
	u32 target = XL_NO_TARGET;
	s64 to;

	if (op == ISA_LDDW_FUNC)
		target = (u32)((s64)x->idx + 1 + insn->imm);
	else if (isa_target(insn, op, x->idx, &to))
		target = (u32)to;
	if (x->opts->blind && op == ISA_LDDW_IMM) {
		xl_lddw_blinded(x, insn);
		return;
	}
	if (x->opts->blind)
		xl_emit_blinded(x, insn[0], target);
	else
		xl_emit(x, insn[0], target);
	if (isa_words(op) == 2)
		xl_emit(x, insn[1], XL_NO_TARGET);
}
