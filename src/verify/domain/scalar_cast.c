/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moves that change the width of a value. Mirrors zext_32_to_64, coerce_reg_to_size,
 * coerce_reg_to_size_sx, coerce_subreg_to_size_sx and scalar_byte_swap of Linux 6.18, down to what
 * they forget: a sign-extension knows either a range of one sign or nothing but the width; of
 * swapped bytes only bits are known.
 */
#include "verify/domain/scalar_int.h"

static always_inline unsigned int bits_of(unsigned int size_bytes)
{
	return size_bytes * (U64_BITS / 8);
}

void scalar_zext(struct scalar *dst, unsigned int size_bytes)
{
	u64 keep = U64_MAX >> (U64_BITS - bits_of(size_bytes));
	bool same = ((dst->umin ^ dst->umax) & ~keep) == 0;

	if (size_bytes == 4) {
		scalar_low_to_64(dst);
	} else {
		dst->var_off = tnum_cast(dst->var_off, size_bytes);
		dst->umin = pick(same, dst->umin & keep, (u64)0);
		dst->umax = pick(same, dst->umax & keep, keep);
		dst->smin = (s64)dst->umin;
		dst->smax = (s64)dst->umax;
		scalar_forget32(dst);
	}
	scalar_sync(dst);
}

static always_inline s64 sext(u64 value, unsigned int bits)
{
	return (s64)(value << (U64_BITS - bits)) >> (s64)(U64_BITS - bits);
}

/* Nothing is known but that the value is the sign-extension of @bits bits. */
static void sext_forget(struct scalar *dst, unsigned int bits)
{
	scalar_set_unknown(dst);
	dst->smax = (s64)(((u64)1 << (bits - 1)) - 1);
	dst->smin = (s64)~(u64)dst->smax;
	dst->s32_max = (s32)(u32)(u64)dst->smax;
	dst->s32_min = (s32)(u32)(u64)dst->smin;
}

/* The value is within [min, max], of one sign, and both fit in 32 signed bits. */
static void sext_within(struct scalar *dst, s64 min, s64 max)
{
	dst->smin = min;
	dst->smax = max;
	dst->umin = (u64)min;
	dst->umax = (u64)max;
	dst->s32_min = (s32)(u32)(u64)min;
	dst->s32_max = (s32)(u32)(u64)max;
	dst->u32_min = (u32)(u64)min;
	dst->u32_max = (u32)(u64)max;
	dst->var_off = tnum_range((u64)min, (u64)max);
}

void scalar_sext(struct scalar *dst, unsigned int size_bytes)
{
	unsigned int bits = bits_of(size_bytes);
	u64 keep = U64_MAX >> (U64_BITS - bits);
	s64 lo = sext((u64)dst->smin, bits), hi = sext((u64)dst->smax, bits);
	bool same = (((u64)dst->smin ^ (u64)dst->smax) & ~keep) == 0;

	if (tnum_is_const(dst->var_off))
		scalar_set_const(dst, (u64)sext(dst->var_off.value, bits));
	else if (same & ((lo < 0) == (hi < 0)))
		sext_within(dst, pick(lo < hi, lo, hi), pick(lo < hi, hi, lo));
	else
		sext_forget(dst, bits);
}

static void sext32(struct scalar *dst, unsigned int bits)
{
	u64 keep = U64_MAX >> (U64_BITS - bits);
	u64 min = (u64)(s64)dst->s32_min, max = (u64)(s64)dst->s32_max;
	s64 lo = sext(min, bits), hi = sext(max, bits);
	bool same = ((min ^ max) & ~keep) == 0;

	if (tnum_is_const(dst->var_off))
		scalar_set_const(dst, (u64)sext(dst->var_off.value, bits));
	else if (same & ((lo < 0) == (hi < 0)))
		sext_within(dst, pick(lo < hi, lo, hi), pick(lo < hi, hi, lo));
	else
		sext_forget(dst, bits);
}

void scalar_sext32(struct scalar *dst, unsigned int size_bytes)
{
	sext32(dst, bits_of(size_bytes));
	scalar_low_to_64(dst);
	scalar_sync(dst);
}

static u64 swap_bytes(u64 value, unsigned int cnt)
{
	const unsigned int bits = bits_of(1);
	u64 swapped = 0;
	unsigned int n;

	for (n = 0; n < cnt; n++) {
		swapped = (swapped << bits) | (value & (((u64)1 << bits) - 1));
		value = value >> bits;
	}
	return swapped;
}

void scalar_bswap(struct scalar *dst, unsigned int size_bits)
{
	struct tnum old = dst->var_off;

	scalar_set_unknown(dst);
	dst->var_off = tnum_make(swap_bytes(old.value, size_bits / 8),
				 swap_bytes(old.mask, size_bits / 8));
	scalar_sync(dst);
}
