/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Division and remainder. The machine gives what RFC 9669 section 4.1 asks for: x / 0 is 0, the
 * lowest number / -1 itself, nothing traps; so x - x / 0 * 0 is x, too. Constants do without it.
 */
#include "base/bits.h"
#include "jit/arm64/a64_int.h"
#include "jit/magic.h"

struct division {
	u32 dst, a;
	bool w, is_signed, mod;
};

/* dst = T0 as quotient, or as remainder a - T0 * by, which goes by way of T1. */
static void finish(struct jit_emit *e, const struct division *d, u64 by)
{
	if (!d->mod) {
		a64_move(e, true, d->dst, T0);
		return;
	}
	a64_const(e, T1, by);
	a64_emit(e, a64_msub(d->w, d->dst, T0, T1, d->a));
}

static void unsigned_by_magic(struct jit_emit *e, const struct division *d, u64 by)
{
	const struct magic magic = magic_unsigned(by, d->w ? 64 : 32);
	u32 shift = magic.shift;

	a64_const(e, T0, magic.m);
	if (d->w) {
		a64_emit(e, a64_umulh(T0, d->a, T0));
	} else {
		a64_emit(e, a64_umull(T0, d->a, T0));
		a64_emit(e, a64_lsr_imm(true, T0, T0, magic.add ? 32 : 32 + shift));
	}
	if (magic.add) {
		a64_emit(e, a64_sub_rr(d->w, T1, d->a, T0));
		a64_emit(e, a64_add_sh(d->w, T0, T0, T1, A64_LSR(1)));
	} else if (!d->w) {
		shift = 0;
	}
	if (shift)
		a64_emit(e, a64_lsr_imm(d->w, T0, T0, shift));
	finish(e, d, by);
}

static void signed_by_magic(struct jit_emit *e, const struct division *d, s32 by)
{
	const struct magic magic = magic_signed32((u32)(by < 0 ? -by : by));

	a64_emit(e, a64_sxtw(T0, d->a));
	a64_const(e, T1, magic.m);
	a64_emit(e, a64_mul(true, T0, T0, T1));
	a64_emit(e, a64_asr_imm(true, T0, T0, 32 + magic.shift));
	a64_emit(e, a64_sub_sh(false, T0, T0, d->a, A64_ASR(31)));
	if (by < 0)
		a64_emit(e, a64_neg(false, T0, T0));
	finish(e, d, (u32)by);
}

static void unsigned_by_power(struct jit_emit *e, const struct division *d, u64 by)
{
	const u32 k = (u32)__builtin_ctzll(by);
	u32 mask;

	if (!d->mod && k)
		a64_emit(e, a64_lsr_imm(d->w, d->dst, d->a, k));
	else if (!d->mod)
		a64_move(e, d->w, d->dst, d->a);
	else if (a64_mask_fits(d->w, by - 1, &mask))
		a64_emit(e, a64_and_imm(d->w, d->dst, d->a, mask));
	else
		a64_const(e, d->dst, 0);
}

/* 2 and above, and their negatives: what is negative is rounded up. */
static void signed_by_power(struct jit_emit *e, const struct division *d, u64 abs, bool minus)
{
	const u32 k = (u32)__builtin_ctzll(abs), width = d->w ? 64 : 32;

	a64_emit(e, a64_asr_imm(d->w, T0, d->a, width - 1));
	a64_emit(e, a64_add_sh(d->w, T0, d->a, T0, A64_LSR(width - k)));
	a64_emit(e, a64_asr_imm(d->w, T0, T0, k));
	if (minus)
		a64_emit(e, a64_neg(d->w, T0, T0));
	finish(e, d, minus ? -abs : abs);
}

static void divide_const(struct jit_emit *e, const struct division *d, u64 imm)
{
	const u64 by = d->w ? imm : (u32)imm;
	const s64 sby = d->w ? (s64)imm : (s32)(u32)imm;
	const u64 abs = sby < 0 ? -(u64)sby : (u64)sby;

	if (!d->is_signed && is_pow2(by)) {
		unsigned_by_power(e, d, by);
	} else if (!d->is_signed) {
		unsigned_by_magic(e, d, by);
	} else if (abs > 1 && is_pow2(abs)) {
		signed_by_power(e, d, abs, sby < 0);
	} else if (!d->w && abs > 2) {
		signed_by_magic(e, d, (s32)sby);
	} else {
		a64_const(e, T0, by);
		a64_emit(e, a64_sdiv_rr(d->w, T0, d->a, T0));
		finish(e, d, by);
	}
}

void a64_lop_div(struct jit_emit *e, const struct lop *l)
{
	const struct division d = {
		.dst = a64_native(e, l->dst),
		.a = a64_native(e, l->a),
		.w = l->width == 64,
		.is_signed = l->op == LOP_SDIV || l->op == LOP_SMOD,
		.mod = l->op == LOP_MOD || l->op == LOP_SMOD,
	};
	u32 b, quotient;

	if (l->b == LOP_REG_NONE) {
		divide_const(e, &d, l->imm);
		return;
	}
	b = a64_native(e, l->b);
	quotient = d.mod ? T0 : d.dst;
	a64_emit(e, d.is_signed ? a64_sdiv_rr(d.w, quotient, d.a, b) :
				  a64_udiv_rr(d.w, quotient, d.a, b));
	if (d.mod)
		a64_emit(e, a64_msub(d.w, d.dst, T0, b, d.a));
}
