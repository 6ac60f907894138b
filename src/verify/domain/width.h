/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only places where the scalar domain knows how wide its words are and what machine it runs
 * on. The rest of the room is written against these names, so that tests/domain can put other
 * types of the same names (u64 of 8 bits, u64 as a term of a solver) under the very same source:
 *
 *	- values are u64, s64, u32, s32 and bool; counts of bits and bytes are unsigned int;
 *	- no sum of signed numbers (they wrap as unsigned), no type of C that promotes;
 *	- pick() where both sides are plain values: there it becomes an if-then-else of the solver,
 *	  here a conditional move. An if splits the proof in two.
 *
 * tests/domain/unit_test.c holds the four functions below against their definitions.
 */
#ifndef SKEP_VERIFY_DOMAIN_WIDTH_H
#define SKEP_VERIFY_DOMAIN_WIDTH_H

#include "base/types.h"

#define U64_BITS 64u
#define U32_BITS 32u
#define U64_MAX	 ((u64)UINT64_MAX)
#define S64_MIN	 ((s64)INT64_MIN)
#define S64_MAX	 ((s64)INT64_MAX)
#define U32_MAX	 ((u32)UINT32_MAX)
#define S32_MIN	 ((s32)INT32_MIN)
#define S32_MAX	 ((s32)INT32_MAX)

#define pick(cond, a, b) ((cond) ? (a) : (b))

/* All bits from the highest set one down; 0 for 0. */
static always_inline u64 u64_smear(u64 v)
{
	return v ? UINT64_MAX >> __builtin_clzll(v) : 0;
}

/* The number of zero bits below the lowest set one; @v must not be 0. */
static always_inline u64 u64_ctz(u64 v)
{
	return (u64)__builtin_ctzll(v);
}

/* *@res = a * b modulo the width; true when that is not the product. */
static always_inline bool u64_mul_over(u64 a, u64 b, u64 *res)
{
	return __builtin_mul_overflow(a, b, res);
}

static always_inline bool s64_mul_over(s64 a, s64 b, s64 *res)
{
	return __builtin_mul_overflow(a, b, res);
}

static always_inline bool u32_mul_over(u32 a, u32 b, u32 *res)
{
	return __builtin_mul_overflow(a, b, res);
}

static always_inline bool s32_mul_over(s32 a, s32 b, s32 *res)
{
	return __builtin_mul_overflow(a, b, res);
}

#endif
