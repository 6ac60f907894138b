/* SPDX-License-Identifier: BSD-2-Clause */
/* Powers of two, alignment, overflow-checked sizes. */
#ifndef SKEP_BASE_BITS_H
#define SKEP_BASE_BITS_H

#include "base/types.h"

static inline bool is_pow2(u64 v)
{
	return v && !(v & (v - 1));
}

/* @a must be a power of two; the caller makes sure that the sum does not wrap. */
static inline u64 align_up(u64 v, u64 a)
{
	return (v + a - 1) & ~(a - 1);
}

/* Smallest power of two >= @v, 1 for 0; 0 when it does not fit in 64 bits. */
static inline u64 pow2_roundup(u64 v)
{
	if (v <= 1)
		return 1;
	if (v > 1ULL << 63)
		return 0;
	return 1ULL << (64 - __builtin_clzll(v - 1));
}

/* Floor of the base-2 logarithm; @v must not be 0. */
static inline u32 ilog2_u64(u64 v)
{
	return 63u - (u32)__builtin_clzll(v);
}

/* True on overflow, as the compiler's built-ins; *@res is then unusable. */
static inline bool mul_overflow_u64(u64 a, u64 b, u64 *res)
{
	return __builtin_mul_overflow(a, b, res);
}

static inline bool add_overflow_u64(u64 a, u64 b, u64 *res)
{
	return __builtin_add_overflow(a, b, res);
}

#endif
