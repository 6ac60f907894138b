/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comparisons of scalars: whether one is decided (is_scalar_branch_taken of Linux 6.18), and what
 * each side learns when it holds (regs_refine_cond_op, then reg_bounds_sync).
 */
#include "verify/domain/scalar_int.h"

/* The answer for the negated comparison. */
static always_inline int decide_not(int taken)
{
	return taken < 0 ? taken : 1 - taken;
}

#define UWORD		    u64
#define SWORD		    s64
#define UMIN		    umin
#define UMAX		    umax
#define SMIN		    smin
#define SMAX		    smax
#define LOW(t)		    (t)
#define SET_BITS(old, bits) ((old) = (bits))
#define CMP(f)		    f##_64
#include "verify/domain/cmp_tmpl.h"

#define UWORD		    u32
#define SWORD		    s32
#define UMIN		    u32_min
#define UMAX		    u32_max
#define SMIN		    s32_min
#define SMAX		    s32_max
#define LOW(t)		    tnum_subreg(t)
#define SET_BITS(old, bits) ((old) = tnum_with_subreg((old), (bits)))
#define CMP(f)		    f##_32
#include "verify/domain/cmp_tmpl.h"

/* Two values that differ in the low half differ. */
static bool low_disjoint(const struct scalar *a, const struct scalar *b)
{
	return (a->u32_min > b->u32_max) | (a->u32_max < b->u32_min) | (a->s32_min > b->s32_max) |
	       (a->s32_max < b->s32_min);
}

int scalar_branch(enum scalar_cmp cmp, bool is32, const struct scalar *a, const struct scalar *b)
{
	int taken;

	if (is32)
		return decide_32(cmp, a, b);
	taken = decide_64(cmp, a, b);
	if (taken < 0 && (cmp == SCALAR_JEQ || cmp == SCALAR_JNE)) {
		if (low_disjoint(a, b))
			return cmp == SCALAR_JNE;
	}
	return taken;
}

void scalar_refine(enum scalar_cmp cmp, bool is32, struct scalar *a, struct scalar *b)
{
	if (is32)
		learn_32(cmp, a, b);
	else
		learn_64(cmp, a, b);
	/* Twice where both are one, as in the kernel: the second time finds more. */
	scalar_sync(a);
	scalar_sync(b);
}

enum scalar_cmp scalar_cmp_negate(enum scalar_cmp cmp)
{
	switch (cmp) {
	case SCALAR_JEQ:
		return SCALAR_JNE;
	case SCALAR_JNE:
		return SCALAR_JEQ;
	case SCALAR_JSET:
		return SCALAR_JNSET;
	case SCALAR_JNSET:
		return SCALAR_JSET;
	case SCALAR_JGT:
		return SCALAR_JLE;
	case SCALAR_JGE:
		return SCALAR_JLT;
	case SCALAR_JLT:
		return SCALAR_JGE;
	case SCALAR_JLE:
		return SCALAR_JGT;
	case SCALAR_JSGT:
		return SCALAR_JSLE;
	case SCALAR_JSGE:
		return SCALAR_JSLT;
	case SCALAR_JSLT:
		return SCALAR_JSGE;
	case SCALAR_JSLE:
		return SCALAR_JSGT;
	}
	return cmp;
}

enum scalar_cmp scalar_cmp_flip(enum scalar_cmp cmp)
{
	switch (cmp) {
	case SCALAR_JEQ:
	case SCALAR_JNE:
	case SCALAR_JSET:
	case SCALAR_JNSET:
		return cmp;
	case SCALAR_JGT:
		return SCALAR_JLT;
	case SCALAR_JGE:
		return SCALAR_JLE;
	case SCALAR_JLT:
		return SCALAR_JGT;
	case SCALAR_JLE:
		return SCALAR_JGE;
	case SCALAR_JSGT:
		return SCALAR_JSLT;
	case SCALAR_JSGE:
		return SCALAR_JSLE;
	case SCALAR_JSLT:
		return SCALAR_JSGT;
	case SCALAR_JSLE:
		return SCALAR_JSGE;
	}
	return cmp;
}
