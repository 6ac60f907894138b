/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to the room: moving one bound, the steps of scalar_sync() as a list that the proofs of
 * tests/domain walk too, and the steps of tnum_mul().
 */
#ifndef SKEP_VERIFY_DOMAIN_SCALAR_INT_H
#define SKEP_VERIFY_DOMAIN_SCALAR_INT_H

#include "verify/domain/scalar.h"

/* Intersections with a half-line: @x and @v are of one type, @x is evaluated twice. */
#define RAISE(x, v) ((x) = pick((x) < (v), (v), (x)))
#define LOWER(x, v) ((x) = pick((v) < (x), (v), (x)))

#define U64_UPPER (~(u64)U32_MAX) /* the bits above the low half */
#define U64_SIGN  ((u64)S64_MIN)
#define U32_SIGN  ((u32)S32_MIN)

/* The value is its low half: 32 bits go into 64 (zext_32_to_64). Wants scalar_sync() after it. */
static always_inline void scalar_low_to_64(struct scalar *s)
{
	bool positive = (s->s32_min >= 0) & (s->s32_max >= 0);

	s->var_off = tnum_subreg(s->var_off);
	s->umin = (u64)s->u32_min;
	s->umax = (u64)s->u32_max;
	s->smin = pick(positive, (s64)s->s32_min, (s64)0);
	s->smax = pick(positive, (s64)s->s32_max, (s64)(u64)U32_MAX);
}

/*
 * What scalar_sync() does is these steps in order and nothing else; each is sound by itself:
 * bits bound the ranges; DEDUCE, several times: ranges of different width and sign bound each
 * other; then the ranges tell bits, and those the ranges once more.
 */
#define SCALAR_DEDUCE_STEPS(X)                                                                     \
	X(u64_bounds_low)                                                                          \
	X(s64_bounds_low)                                                                          \
	X(u64_wraps_low)                                                                           \
	X(s64_wraps_low)                                                                           \
	X(u32_bounds_s32)                                                                          \
	X(s32_bounds_u32)                                                                          \
	X(u64_bounds_s64)                                                                          \
	X(s64_bounds_u64)                                                                          \
	X(low_bounds_u64)                                                                          \
	X(low_bounds_s64)                                                                          \
	X(s32_bounds_64)
#define SCALAR_BITS_STEPS(X)                                                                       \
	X(bits_bound_low)                                                                          \
	X(bits_bound_64)                                                                           \
	X(bits_tell_const)
#define SCALAR_RANGE_STEPS(X)                                                                      \
	X(u64_bounds_bits)                                                                         \
	X(u32_bounds_bits)

void tnum_mul_skip(struct tnum *a, struct tnum *b);
void tnum_mul_step(struct tnum *sum, struct tnum *a, struct tnum b);

#endif
