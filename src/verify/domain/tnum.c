/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The product of two tristate numbers, by long multiplication (tnum_mul of Linux 6.18): a known
 * one of @a adds the shifted @b to the sum; an unknown bit may or may not, so both are kept.
 *
 * Invariant, at the head of the loop, for all x of the given a and y of the given b: there are
 * p of sum, x' of a and y' of b with p + x' * y' == x * y (mod the width). tests/domain proves
 * that each of the two steps keeps it.
 */
#include "verify/domain/scalar_int.h"

void tnum_mul_skip(struct tnum *a, struct tnum *b)
{
	u64 count = u64_ctz(a->value | a->mask);

	*a = tnum_rsh(*a, count);
	*b = tnum_lsh(*b, count);
}

/* The lowest bit of @a is not a known 0. */
void tnum_mul_step(struct tnum *sum, struct tnum *a, struct tnum b)
{
	struct tnum more = tnum_add(*sum, b);
	u64 maybe = pick((a->mask & 1) != 0, more.mask | sum->mask | (more.value ^ sum->value),
			 more.mask);

	*sum = tnum_make(more.value, maybe);
	*a = tnum_make(a->value & ~(u64)1, a->mask & ~(u64)1);
}

/*
 * Any number times @b. What the loop comes to as well: the lowest bit that @b may have makes one
 * bit of the sum after the other unknown.
 */
static struct tnum multiples_of(struct tnum b)
{
	if ((b.value | b.mask) == 0)
		return tnum_const(0);
	return tnum_make(0, U64_MAX << u64_ctz(b.value | b.mask));
}

struct tnum tnum_mul(struct tnum a, struct tnum b)
{
	struct tnum sum = tnum_const(0);

	if (tnum_is_unknown(a))
		return multiples_of(b);
	while ((a.value | a.mask) != 0) {
		tnum_mul_skip(&a, &b);
		tnum_mul_step(&sum, &a, b);
	}
	return sum;
}

struct tnum tnum_mul32(struct tnum a, struct tnum b)
{
	a = tnum_subreg(a);
	b = tnum_subreg(b);
	return tnum_subreg(a.mask == (u64)U32_MAX ? multiples_of(b) : tnum_mul(a, b));
}
