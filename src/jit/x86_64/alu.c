/* SPDX-License-Identifier: BSD-2-Clause */
/* Arithmetic: three operands on a machine that has two, and addresses that add. */
#include "jit/x86_64/x86_int.h"

void x86_move(struct jit_emit *e, bool w, u32 dst, u32 src)
{
	if (dst != src)
		x86_mov_rr(&e->code, w, dst, src);
}

static u32 alu_of(u32 lop)
{
	return lop == LOP_ADD ? X86_ADD :
	       lop == LOP_SUB ? X86_SUB :
	       lop == LOP_AND ? X86_AND :
	       lop == LOP_OR  ? X86_OR :
				X86_XOR;
}

static void multiply(struct jit_emit *e, const struct lop *l, u32 dst, u32 a)
{
	const bool w = l->width == 64;

	if (l->b == LOP_REG_NONE) {
		x86_imul_rri(&e->code, w, dst, a, (s32)(u32)l->imm);
		return;
	}
	const u32 b = x86_native(e, l->b);

	if (dst == b) {
		x86_imul_rr(&e->code, w, dst, a);
		return;
	}
	x86_move(e, w, dst, a);
	x86_imul_rr(&e->code, w, dst, b);
}

void x86_lop_alu(struct jit_emit *e, const struct lop *l)
{
	const u32 dst = x86_native(e, l->dst), a = x86_native(e, l->a);
	bool w = l->width == 64;
	u32 b;

	if (l->op == LOP_MUL) {
		multiply(e, l, dst, a);
		return;
	}
	if (l->b == LOP_REG_NONE) {
		/* What is masked by a positive number has no upper half. */
		if (l->op == LOP_AND && l->imm <= INT32_MAX)
			w = false;
		x86_move(e, w, dst, a);
		x86_alu_ri(&e->code, alu_of(l->op), w, dst, (s32)(u32)l->imm);
		return;
	}
	b = x86_native(e, l->b);
	if (dst == b && dst != a) {
		if (l->op == LOP_SUB) {
			x86_neg(&e->code, w, dst);
			x86_alu_rr(&e->code, X86_ADD, w, dst, a);
		} else {
			x86_alu_rr(&e->code, alu_of(l->op), w, dst, a);
		}
		return;
	}
	x86_move(e, w, dst, a);
	x86_alu_rr(&e->code, alu_of(l->op), w, dst, b);
}

void x86_lop_lea(struct jit_emit *e, const struct lop *l)
{
	const bool w = l->width == 64;
	const u32 dst = x86_native(e, l->dst);
	const u32 a = l->a == LOP_REG_NONE ? X86_NO_REG : x86_native(e, l->a);
	const u32 b = l->b == LOP_REG_NONE ? X86_NO_REG : x86_native(e, l->b);

	if (b == X86_NO_REG) {
		if (dst == a)
			x86_alu_ri(&e->code, X86_ADD, w, dst, l->disp);
		else if (!l->disp)
			x86_mov_rr(&e->code, w, dst, a);
		else
			x86_lea(&e->code, w, dst, x86_at(a, l->disp));
		return;
	}
	if (!l->scale && !l->disp && (dst == a || dst == b)) {
		x86_alu_rr(&e->code, X86_ADD, w, dst, dst == a ? b : a);
		return;
	}
	x86_lea(&e->code, w, dst, x86_at_index(a, b, l->scale, l->disp));
}

void x86_lop_narrow(struct jit_emit *e, const struct lop *l)
{
	const bool w = l->width == 64;
	const u32 dst = x86_native(e, l->dst), a = x86_native(e, l->a);

	switch (l->op) {
	case LOP_ZEXT:
		x86_movzx(&e->code, l->bits, dst, a);
		break;
	case LOP_SEXT:
		x86_movsx(&e->code, l->bits, w, dst, a);
		break;
	case LOP_NEG:
		x86_move(e, w, dst, a);
		x86_neg(&e->code, w, dst);
		break;
	default: /* LOP_BSWAP */
		x86_move(e, l->bits == 64, dst, a);
		x86_bswap(&e->code, l->bits == 64, dst);
		if (l->bits == 16)
			x86_shift_ri(&e->code, X86_SHR, false, dst, 16);
		break;
	}
}

/* Without BMI2 the count must be in cl. */
static void shift_by_cl(struct jit_emit *e, u32 op, bool w, const u32 regs[3])
{
	const u32 dst = regs[0], a = regs[1], b = regs[2];

	if (b == X86_RCX && dst != X86_RCX) {
		x86_move(e, w, dst, a);
		x86_shift_cl(&e->code, op, w, dst);
		return;
	}
	x86_mov_rr(&e->code, w, T0, a);
	if (b != X86_RCX) {
		x86_mov_rr(&e->code, true, T1, X86_RCX);
		x86_mov_rr(&e->code, false, X86_RCX, b);
	}
	x86_shift_cl(&e->code, op, w, T0);
	if (b != X86_RCX)
		x86_mov_rr(&e->code, true, X86_RCX, T1);
	x86_mov_rr(&e->code, w, dst, T0);
}

static void shift_imm(struct jit_emit *e, const struct lop *l, u32 op)
{
	const bool w = l->width == 64;
	const u32 dst = x86_native(e, l->dst), a = x86_native(e, l->a);
	const u32 k = (u32)l->imm & (l->width - 1u);

	if (op == X86_ROL && dst != a && e->features & X86_HAS_BMI2) {
		x86_rorx(&e->code, w, dst, a, l->width - k);
		return;
	}
	if (op == X86_SHL && k == 1 && dst != a) {
		x86_lea(&e->code, w, dst, x86_at_index(a, a, 0, 0));
		return;
	}
	x86_move(e, w, dst, a);
	if (k)
		x86_shift_ri(&e->code, op, w, dst, k);
	else if (!w && dst == a)
		x86_mov_rr(&e->code, false, dst, dst);
}

void x86_lop_shift(struct jit_emit *e, const struct lop *l)
{
	const u32 op = l->op == LOP_LSH ? X86_SHL :
		       l->op == LOP_RSH ? X86_SHR :
		       l->op == LOP_ROL ? X86_ROL :
					  X86_SAR;
	const bool w = l->width == 64;
	u32 regs[3];

	if (l->b == LOP_REG_NONE) {
		shift_imm(e, l, op);
		return;
	}
	regs[0] = x86_native(e, l->dst);
	regs[1] = x86_native(e, l->a);
	regs[2] = x86_native(e, l->b);
	if (!(e->features & X86_HAS_BMI2))
		shift_by_cl(e, op, w, regs);
	else if (op == X86_SHL)
		x86_shlx(&e->code, w, regs[0], regs[1], regs[2]);
	else if (op == X86_SHR)
		x86_shrx(&e->code, w, regs[0], regs[1], regs[2]);
	else
		x86_sarx(&e->code, w, regs[0], regs[1], regs[2]);
}
