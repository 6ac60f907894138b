/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Division and remainder. The machine divides rdx:rax only and traps on what RFC 9669 section 4.1
 * gives a value to; constants do without it where multiplying is possible.
 */
#include "jit/magic.h"
#include "jit/x86_64/x86_int.h"

struct division {
	u32 dst, a;
	bool w, is_signed, mod;
};

static void divide_rax(struct jit_emit *e, const struct division *d, u32 by)
{
	if (d->is_signed) {
		x86_cqo(&e->code, d->w);
		x86_idiv(&e->code, d->w, by);
	} else {
		x86_zero(&e->code, X86_RDX);
		x86_div(&e->code, d->w, by);
	}
}

/*
 * dst = a / by, where nothing traps. @by is not rax or rdx, which are kept: in @keep_rax and
 * @keep_rdx, which hold them already or (scratch) get them here.
 */
static void divide(struct jit_emit *e, const struct division *d, u32 by, const u32 keep[2],
		   const bool kept[2])
{
	if (d->dst != X86_RAX && !kept[0])
		x86_mov_rr(&e->code, true, keep[0], X86_RAX);
	if (d->dst != X86_RDX && !kept[1])
		x86_mov_rr(&e->code, true, keep[1], X86_RDX);
	x86_move(e, d->w, X86_RAX, d->a);
	divide_rax(e, d, by);
	x86_move(e, d->w, d->dst, d->mod ? X86_RDX : X86_RAX);
	if (d->dst != X86_RAX)
		x86_mov_rr(&e->code, true, X86_RAX, keep[0]);
	if (d->dst != X86_RDX)
		x86_mov_rr(&e->code, true, X86_RDX, keep[1]);
}

static void divide_by_reg(struct jit_emit *e, const struct division *d, u32 b)
{
	u32 zero, minus = 0, end, by = b;
	u32 keep[2] = { T1, T0 };
	bool kept[2] = { false, false };

	if (b == X86_RAX || b == X86_RDX) {
		const u32 n = b == X86_RDX;

		x86_mov_rr(&e->code, true, T0, b);
		by = T0;
		keep[n] = T0;
		kept[n] = true;
		keep[!n] = T1;
	}
	x86_test_rr(&e->code, d->w, by, by);
	zero = x86_skip(e, X86_E);
	if (d->is_signed) {
		x86_alu_ri(&e->code, X86_CMP, d->w, by, -1);
		minus = x86_skip(e, X86_E);
	}
	divide(e, d, by, keep, kept);
	end = x86_skip_always(e);
	if (d->is_signed) {
		u32 end2;

		x86_land(e, minus);
		if (d->mod) {
			x86_zero(&e->code, d->dst);
		} else {
			x86_move(e, d->w, d->dst, d->a);
			x86_neg(&e->code, d->w, d->dst);
		}
		end2 = x86_skip_always(e);
		x86_land(e, zero);
		if (!d->mod)
			x86_zero(&e->code, d->dst);
		else if (!d->w || d->dst != d->a)
			x86_mov_rr(&e->code, d->w, d->dst, d->a);
		x86_land(e, end2);
	} else {
		x86_land(e, zero);
		if (!d->mod)
			x86_zero(&e->code, d->dst);
		else if (!d->w || d->dst != d->a)
			x86_mov_rr(&e->code, d->w, d->dst, d->a);
	}
	x86_land(e, end);
}

/* T0 = a * m, the upper half. */
static void multiply_high(struct jit_emit *e, u32 a, u64 m)
{
	if (a == X86_RDX) {
		x86_mov_ri(&e->code, T0, m);
		x86_mulx(&e->code, true, T0, T1, T0);
		return;
	}
	x86_mov_rr(&e->code, true, T1, X86_RDX);
	x86_mov_ri(&e->code, X86_RDX, m);
	x86_mulx(&e->code, true, T0, T0, a);
	x86_mov_rr(&e->code, true, X86_RDX, T1);
}

/* dst = T0 as quotient, or as remainder a - T0 * by. */
static void finish(struct jit_emit *e, const struct division *d, u64 by)
{
	if (!d->mod) {
		x86_mov_rr(&e->code, d->w, d->dst, T0);
		return;
	}
	if ((s64)by == (s32)by) {
		x86_imul_rri(&e->code, d->w, T0, T0, (s32)by);
	} else {
		x86_mov_ri(&e->code, T1, by);
		x86_imul_rr(&e->code, d->w, T0, T1);
	}
	x86_move(e, d->w, d->dst, d->a);
	x86_alu_rr(&e->code, X86_SUB, d->w, d->dst, T0);
}

static void unsigned_by_magic(struct jit_emit *e, const struct division *d, u64 by)
{
	const struct magic magic = magic_unsigned(by, d->w ? 64 : 32);

	if (d->w) {
		multiply_high(e, d->a, magic.m);
	} else {
		x86_mov_rr(&e->code, false, T0, d->a);
		x86_mov_ri(&e->code, T1, magic.m);
		x86_imul_rr(&e->code, true, T0, T1);
		x86_shift_ri(&e->code, X86_SHR, true, T0, magic.add ? 32 : 32 + magic.shift);
	}
	if (magic.add) {
		x86_mov_rr(&e->code, d->w, T1, d->a);
		x86_alu_rr(&e->code, X86_SUB, d->w, T1, T0);
		x86_shift_ri(&e->code, X86_SHR, d->w, T1, 1);
		x86_alu_rr(&e->code, X86_ADD, d->w, T0, T1);
	}
	if ((d->w || magic.add) && magic.shift)
		x86_shift_ri(&e->code, X86_SHR, d->w, T0, magic.shift);
	finish(e, d, by);
}

static void signed_by_magic(struct jit_emit *e, const struct division *d, s32 by)
{
	const struct magic magic = magic_signed32((u32)(by < 0 ? -by : by));

	x86_movsx(&e->code, 32, true, T0, d->a);
	x86_mov_ri(&e->code, T1, magic.m);
	x86_imul_rr(&e->code, true, T0, T1);
	x86_shift_ri(&e->code, X86_SAR, true, T0, 32 + magic.shift);
	x86_mov_rr(&e->code, false, T1, d->a);
	x86_shift_ri(&e->code, X86_SAR, false, T1, 31);
	x86_alu_rr(&e->code, X86_SUB, false, T0, T1);
	if (by < 0)
		x86_neg(&e->code, false, T0);
	finish(e, d, (u64)(s64)by);
}

static void unsigned_by_power(struct jit_emit *e, const struct division *d, u64 by)
{
	const u32 k = (u32)__builtin_ctzll(by);

	if (!d->mod) {
		x86_mov_rr(&e->code, d->w, d->dst, d->a);
		if (k)
			x86_shift_ri(&e->code, X86_SHR, d->w, d->dst, k);
	} else if (by - 1 <= INT32_MAX) {
		x86_move(e, false, d->dst, d->a);
		x86_alu_ri(&e->code, X86_AND, false, d->dst, (s32)(by - 1));
	} else {
		x86_mov_ri(&e->code, T0, by - 1);
		x86_move(e, true, d->dst, d->a);
		x86_alu_rr(&e->code, X86_AND, true, d->dst, T0);
	}
}

/* The general way for a constant: it cannot trap, but rdx has no scratch register left for it. */
static void divide_by_imm(struct jit_emit *e, const struct division *d, u64 by)
{
	const u32 keep[2] = { T1, X86_NO_REG };
	const bool kept[2] = { false, true };

	x86_mov_ri(&e->code, T0, by);
	if (d->dst == X86_RDX) {
		divide(e, d, T0, keep, kept);
		return;
	}
	x86_push(&e->code, X86_RDX);
	if (d->dst != X86_RAX)
		x86_mov_rr(&e->code, true, T1, X86_RAX);
	x86_move(e, d->w, X86_RAX, d->a);
	divide_rax(e, d, T0);
	x86_move(e, d->w, d->dst, d->mod ? X86_RDX : X86_RAX);
	if (d->dst != X86_RAX)
		x86_mov_rr(&e->code, true, X86_RAX, T1);
	x86_pop(&e->code, X86_RDX);
}

static void divide_const(struct jit_emit *e, const struct division *d, u64 imm)
{
	const u64 by = d->w ? imm : (u32)imm;
	const s64 sby = d->w ? (s64)imm : (s32)(u32)imm;
	const u64 abs = sby < 0 ? 0 - (u64)sby : (u64)sby;

	if (d->is_signed && sby == -1) { /* the one constant that could trap */
		if (d->mod) {
			x86_zero(&e->code, d->dst);
			return;
		}
		x86_move(e, d->w, d->dst, d->a);
		x86_neg(&e->code, d->w, d->dst);
	} else if (by == 1) {
		if (d->mod)
			x86_zero(&e->code, d->dst);
		else
			x86_mov_rr(&e->code, d->w, d->dst, d->a);
	} else if (!d->is_signed && !(by & (by - 1))) {
		unsigned_by_power(e, d, by);
	} else if (!d->is_signed && (!d->w || e->features & X86_HAS_BMI2)) {
		unsigned_by_magic(e, d, by);
	} else if (d->is_signed && !d->w && abs > 2 && abs & (abs - 1)) {
		signed_by_magic(e, d, (s32)sby);
	} else {
		divide_by_imm(e, d, d->w ? imm : (u64)sby);
	}
}

void x86_lop_div(struct jit_emit *e, const struct lop *l)
{
	const struct division d = {
		.dst = x86_native(e, l->dst),
		.a = x86_native(e, l->a),
		.w = l->width == 64,
		.is_signed = l->op == LOP_SDIV || l->op == LOP_SMOD,
		.mod = l->op == LOP_MOD || l->op == LOP_SMOD,
	};

	if (l->b == LOP_REG_NONE)
		divide_const(e, &d, l->imm);
	else
		divide_by_reg(e, &d, x86_native(e, l->b));
}
