/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arithmetic on scalars (adjust_scalar_min_max_vals of Linux 6.18). Each part of the result comes
 * from the same part of the operands, then scalar_sync() lets them learn from each other.
 *
 * As in the kernel nothing is known of quotients and remainders, and of shifts only by a known
 * count below the width. Where @src may be @dst, every operation reads before it writes.
 */
#include "verify/domain/ranges.h"

static void alu64_add(struct scalar *dst, const struct scalar *src)
{
	range32_add(dst, src);
	range64_add(dst, src);
	dst->var_off = tnum_add(dst->var_off, src->var_off);
}

static void alu64_sub(struct scalar *dst, const struct scalar *src)
{
	range32_sub(dst, src);
	range64_sub(dst, src);
	dst->var_off = tnum_sub(dst->var_off, src->var_off);
}

/* 0 - dst */
static void alu64_neg(struct scalar *dst)
{
	struct scalar old = *dst;

	scalar_set_const(dst, 0);
	alu64_sub(dst, &old);
}

static void alu64_mul(struct scalar *dst, const struct scalar *src)
{
	dst->var_off = tnum_mul(dst->var_off, src->var_off);
	range32_umul(dst, src);
	range32_smul(dst, src);
	range64_umul(dst, src);
	range64_smul(dst, src);
}

static void alu64_and(struct scalar *dst, const struct scalar *src)
{
	dst->var_off = tnum_and(dst->var_off, src->var_off);
	range32_and(dst, src);
	range64_and(dst, src);
}

static void alu64_or(struct scalar *dst, const struct scalar *src)
{
	dst->var_off = tnum_or(dst->var_off, src->var_off);
	range32_or(dst, src);
	range64_or(dst, src);
}

static void alu64_xor(struct scalar *dst, const struct scalar *src)
{
	dst->var_off = tnum_xor(dst->var_off, src->var_off);
	range32_xor(dst);
	range64_xor(dst);
}

/*
 * By 32 the low half moves up whole, with its sign: the first half of a sign-extension as old
 * compilers write it.
 */
static void alu64_lsh(struct scalar *dst, u64 count)
{
	s64 low_min = (s64)((u64)(u32)dst->s32_min << U32_BITS);
	s64 low_max = (s64)((u64)(u32)dst->s32_max << U32_BITS);
	bool half = count == U32_BITS;

	range64_lsh(dst, count);
	dst->smin = pick(half, low_min, S64_MIN);
	dst->smax = pick(half, low_max, S64_MAX);
	if (count < U32_BITS)
		range32_lsh(dst, (u32)count);
	else
		scalar_forget32(dst);
	dst->var_off = tnum_lsh(dst->var_off, count);
}

static void alu64_rsh(struct scalar *dst, u64 count)
{
	range64_rsh(dst, count);
	scalar_forget32(dst);
	dst->var_off = tnum_rsh(dst->var_off, count);
}

static void alu64_arsh(struct scalar *dst, u64 count)
{
	range64_arsh(dst, count);
	scalar_forget32(dst);
	dst->var_off = tnum_arsh(dst->var_off, count);
}

static void alu64_shift(enum scalar_op op, struct scalar *dst, const struct scalar *src)
{
	u64 count = src->var_off.value;

	if ((src->var_off.mask != 0) | (count >= U64_BITS))
		scalar_set_unknown(dst);
	else if (op == SCALAR_LSH)
		alu64_lsh(dst, count);
	else if (op == SCALAR_RSH)
		alu64_rsh(dst, count);
	else
		alu64_arsh(dst, count);
}

/* Two constants, where that is worth a short cut. */
static always_inline bool alu_const(enum scalar_op op, u64 *a, u64 b)
{
	if (op == SCALAR_ADD)
		*a = *a + b;
	else if (op == SCALAR_SUB)
		*a = *a - b;
	else if (op == SCALAR_AND)
		*a = *a & b;
	else if (op == SCALAR_OR)
		*a = *a | b;
	else if (op == SCALAR_XOR)
		*a = *a ^ b;
	else
		return false;
	return true;
}

void scalar_alu64(enum scalar_op op, struct scalar *dst, const struct scalar *src)
{
	u64 value = dst->var_off.value;

	if ((dst->var_off.mask | src->var_off.mask) == 0) {
		if (alu_const(op, &value, src->var_off.value)) {
			scalar_set_const(dst, value);
			return;
		}
	}
	switch (op) {
	case SCALAR_ADD:
		alu64_add(dst, src);
		break;
	case SCALAR_SUB:
		alu64_sub(dst, src);
		break;
	case SCALAR_NEG:
		alu64_neg(dst);
		break;
	case SCALAR_MUL:
		alu64_mul(dst, src);
		break;
	case SCALAR_AND:
		alu64_and(dst, src);
		break;
	case SCALAR_OR:
		alu64_or(dst, src);
		break;
	case SCALAR_XOR:
		alu64_xor(dst, src);
		break;
	case SCALAR_LSH:
	case SCALAR_RSH:
	case SCALAR_ARSH:
		alu64_shift(op, dst, src);
		break;
	case SCALAR_DIV:
	case SCALAR_SDIV:
	case SCALAR_MOD:
	case SCALAR_SMOD:
		scalar_set_unknown(dst);
		return;
	}
	scalar_sync(dst);
}

/* The 64-bit ranges of @dst are not touched here; scalar_low_to_64() replaces them. */
static void alu32_sub(struct scalar *dst, const struct scalar *src)
{
	range32_sub(dst, src);
	dst->var_off = tnum_sub(dst->var_off, src->var_off);
}

static void alu32_neg(struct scalar *dst)
{
	struct scalar old = *dst;

	scalar_set_const(dst, 0);
	alu32_sub(dst, &old);
}

static void alu32_mul(struct scalar *dst, const struct scalar *src)
{
	dst->var_off = tnum_mul32(dst->var_off, src->var_off);
	range32_umul(dst, src);
	range32_smul(dst, src);
}

/* False when nothing can be said of the count. */
static bool alu32_shift(enum scalar_op op, struct scalar *dst, const struct scalar *src)
{
	u64 count = src->var_off.value;
	struct tnum low = tnum_subreg(dst->var_off);

	if (((u32)src->var_off.mask != 0) | (src->umax >= U32_BITS))
		return false;
	if (op == SCALAR_LSH) {
		range32_lsh(dst, (u32)count);
		dst->var_off = tnum_lsh(low, count);
	} else if (op == SCALAR_RSH) {
		range32_rsh(dst, (u32)count);
		dst->var_off = tnum_rsh(low, count);
	} else {
		range32_arsh(dst, (u32)count);
		dst->var_off = tnum_arsh32(low, count);
	}
	return true;
}

void scalar_alu32(enum scalar_op op, struct scalar *dst, const struct scalar *src)
{
	u64 value = dst->var_off.value;

	if ((u32)(dst->var_off.mask | src->var_off.mask) == 0) {
		if (alu_const(op, &value, src->var_off.value)) {
			scalar_set_const(dst, (u64)(u32)value);
			return;
		}
	}
	switch (op) {
	case SCALAR_ADD:
		range32_add(dst, src);
		dst->var_off = tnum_add(dst->var_off, src->var_off);
		break;
	case SCALAR_SUB:
		alu32_sub(dst, src);
		break;
	case SCALAR_NEG:
		alu32_neg(dst);
		break;
	case SCALAR_MUL:
		alu32_mul(dst, src);
		break;
	case SCALAR_AND:
		dst->var_off = tnum_and(dst->var_off, src->var_off);
		range32_and(dst, src);
		break;
	case SCALAR_OR:
		dst->var_off = tnum_or(dst->var_off, src->var_off);
		range32_or(dst, src);
		break;
	case SCALAR_XOR:
		dst->var_off = tnum_xor(dst->var_off, src->var_off);
		range32_xor(dst);
		break;
	case SCALAR_LSH:
	case SCALAR_RSH:
	case SCALAR_ARSH:
		if (alu32_shift(op, dst, src))
			break;
		scalar_set_unknown(dst);
		return;
	case SCALAR_DIV:
	case SCALAR_SDIV:
	case SCALAR_MOD:
	case SCALAR_SMOD:
		scalar_set_unknown(dst);
		return;
	}
	scalar_low_to_64(dst);
	scalar_sync(dst);
}

static void set_low(struct scalar *s, u32 value)
{
	s->var_off = tnum_with_subreg(s->var_off, tnum_const((u64)value));
	s->u32_min = value;
	s->u32_max = value;
	s->s32_min = (s32)value;
	s->s32_max = (s32)value;
	/* The kernel leaves the 64-bit ranges as they were. */
	if (tnum_is_const(s->var_off))
		scalar_sync(s);
}

bool scalar_fork(struct scalar *dst, struct scalar *zero)
{
	if ((dst->smin == -1) & (dst->smax == 0)) {
		scalar_set_const(zero, 0);
		scalar_set_const(dst, U64_MAX);
		return true;
	}
	if ((dst->s32_min == -1) & (dst->s32_max == 0)) {
		*zero = *dst;
		set_low(zero, 0);
		set_low(dst, U32_MAX);
		return true;
	}
	return false;
}
