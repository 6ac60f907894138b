/* SPDX-License-Identifier: BSD-2-Clause */
/* Arithmetic: operations have three operands here, and immediates of few shapes. */
#include "jit/arm64/a64_int.h"

void a64_move(struct jit_emit *e, bool w, u32 dst, u32 src)
{
	if (dst != src || !w)
		a64_emit(e, a64_mov_rr(w, dst, src));
}

void a64_const(struct jit_emit *e, u32 dst, u64 v)
{
	a64_mov_imm(&e->code, dst, v);
}

void a64_add_const(struct jit_emit *e, bool w, u32 dst, u32 a, s64 v)
{
	if (!w)
		v = (s32)(u32)(u64)v;
	const bool minus = v < 0;
	const u64 abs = minus ? -(u64)v : (u64)v;

	if (a64_add_imm_fits(abs)) {
		a64_emit(e, minus ? a64_sub_imm(w, dst, a, (u32)abs) :
				    a64_add_imm(w, dst, a, (u32)abs));
	} else if (abs < 1u << 24) {
		const u32 high = (u32)abs & 0xfff000, low = (u32)abs & 0xfff;

		a64_emit(e, minus ? a64_sub_imm(w, dst, a, high) : a64_add_imm(w, dst, a, high));
		a64_emit(e, minus ? a64_sub_imm(w, dst, dst, low) :
				    a64_add_imm(w, dst, dst, low));
	} else {
		assert(a != T0);
		a64_const(e, T0, w ? (u64)v : (u32)(u64)v);
		a64_emit(e, a64_add_rr(w, dst, a, T0));
	}
}

static void logic_rr(struct jit_emit *e, u32 lop, bool w, const u32 regs[3])
{
	a64_emit(e, lop == LOP_AND ? a64_and_rr(w, regs[0], regs[1], regs[2]) :
		    lop == LOP_OR  ? a64_orr_rr(w, regs[0], regs[1], regs[2]) :
				     a64_eor_rr(w, regs[0], regs[1], regs[2]));
}

static void logic_const(struct jit_emit *e, u32 lop, bool w, const u32 regs[2], u64 v)
{
	const u32 dst = regs[0], a = regs[1];
	u32 mask;

	if (!w)
		v = (u32)v;
	if (lop == LOP_XOR && v == (w ? UINT64_MAX : UINT32_MAX)) {
		a64_emit(e, a64_mvn(w, dst, a));
	} else if (a64_mask_fits(w, v, &mask)) {
		a64_emit(e, lop == LOP_AND ? a64_and_imm(w, dst, a, mask) :
			    lop == LOP_OR  ? a64_orr_imm(w, dst, a, mask) :
					     a64_eor_imm(w, dst, a, mask));
	} else {
		a64_const(e, T0, v);
		logic_rr(e, lop, w, (u32[]){ dst, a, T0 });
	}
}

static void multiply(struct jit_emit *e, const struct lop *l, u32 dst, u32 a)
{
	const bool w = l->width == 64;
	const u64 by = w ? l->imm : (u32)l->imm;

	if (l->b != LOP_REG_NONE) {
		a64_emit(e, a64_mul(w, dst, a, a64_native(e, l->b)));
	} else if (by > 2 && !((by - 1) & (by - 2))) {
		a64_emit(e, a64_add_sh(w, dst, a, a, A64_LSL(__builtin_ctzll(by - 1))));
	} else {
		a64_const(e, T0, by);
		a64_emit(e, a64_mul(w, dst, a, T0));
	}
}

void a64_lop_alu(struct jit_emit *e, const struct lop *l)
{
	const u32 dst = a64_native(e, l->dst), a = a64_native(e, l->a);
	const bool w = l->width == 64;
	u32 b;

	if (l->op == LOP_MUL) {
		multiply(e, l, dst, a);
		return;
	}
	if (l->b == LOP_REG_NONE) {
		if (l->op == LOP_ADD || l->op == LOP_SUB)
			a64_add_const(e, w, dst, a, (s64)(l->op == LOP_ADD ? l->imm : -l->imm));
		else
			logic_const(e, l->op, w, (u32[]){ dst, a }, l->imm);
		return;
	}
	b = a64_native(e, l->b);
	if (l->op == LOP_ADD)
		a64_emit(e, a64_add_rr(w, dst, a, b));
	else if (l->op == LOP_SUB)
		a64_emit(e, a64_sub_rr(w, dst, a, b));
	else
		logic_rr(e, l->op, w, (u32[]){ dst, a, b });
}

void a64_lop_lea(struct jit_emit *e, const struct lop *l)
{
	const bool w = l->width == 64;
	const u32 dst = a64_native(e, l->dst);
	u32 sum = dst;

	if (l->b == LOP_REG_NONE)
		sum = a64_native(e, l->a);
	else if (l->a == LOP_REG_NONE)
		a64_emit(e, a64_lsl_imm(w, dst, a64_native(e, l->b), l->scale));
	else
		a64_emit(e, a64_add_sh(w, dst, a64_native(e, l->a), a64_native(e, l->b),
				       A64_LSL(l->scale)));
	if (l->disp)
		a64_add_const(e, w, dst, sum, l->disp);
	else if (sum != dst || (!w && l->b == LOP_REG_NONE))
		a64_emit(e, a64_mov_rr(w, dst, sum));
}

void a64_lop_narrow(struct jit_emit *e, const struct lop *l)
{
	const bool w = l->width == 64;
	const u32 dst = a64_native(e, l->dst), a = a64_native(e, l->a);

	switch (l->op) {
	case LOP_ZEXT:
		a64_emit(e, l->bits == 8 ? a64_uxtb(dst, a) : a64_uxth(dst, a));
		break;
	case LOP_SEXT:
		if (l->bits == 32)
			a64_emit(e, w ? a64_sxtw(dst, a) : a64_mov_rr(false, dst, a));
		else
			a64_emit(e, l->bits == 8 ? a64_sxtb(w, dst, a) : a64_sxth(w, dst, a));
		break;
	case LOP_NEG:
		a64_emit(e, a64_neg(w, dst, a));
		break;
	default: /* LOP_BSWAP */
		a64_emit(e, a64_rev(l->bits == 64, dst, a));
		if (l->bits == 16)
			a64_emit(e, a64_lsr_imm(false, dst, dst, 16));
		break;
	}
}

static void shift_imm(struct jit_emit *e, const struct lop *l, u32 dst, u32 a)
{
	const bool w = l->width == 64;
	const u32 k = (u32)l->imm & (l->width - 1u);

	if (!k)
		a64_move(e, w, dst, a);
	else if (l->op == LOP_LSH)
		a64_emit(e, a64_lsl_imm(w, dst, a, k));
	else if (l->op == LOP_RSH)
		a64_emit(e, a64_lsr_imm(w, dst, a, k));
	else if (l->op == LOP_ARSH)
		a64_emit(e, a64_asr_imm(w, dst, a, k));
	else
		a64_emit(e, a64_ror_imm(w, dst, a, l->width - k));
}

void a64_lop_shift(struct jit_emit *e, const struct lop *l)
{
	const u32 dst = a64_native(e, l->dst), a = a64_native(e, l->a);
	const bool w = l->width == 64;
	u32 b;

	if (l->b == LOP_REG_NONE) {
		shift_imm(e, l, dst, a);
		return;
	}
	b = a64_native(e, l->b);
	if (l->op == LOP_LSH)
		a64_emit(e, a64_lsl_rr(w, dst, a, b));
	else if (l->op == LOP_RSH)
		a64_emit(e, a64_lsr_rr(w, dst, a, b));
	else
		a64_emit(e, a64_asr_rr(w, dst, a, b));
}
