/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The door of the scalar domain: what is known of a 64-bit number. A tnum (bits known and unknown)
 * and four ranges: signed and unsigned, of all 64 bits and of the low 32. A struct scalar stands
 * for the set of values that satisfy all five at once.
 *
 * Everything here is a pure function, branch-free where that costs nothing, and generic in width,
 * so that the very source that ships is exhausted at small widths and proved at 64 bits
 * (tests/domain).
 * No function accepts or returns an empty set (min > max) unless it says so.
 */
#ifndef SKEP_VERIFY_DOMAIN_SCALAR_H
#define SKEP_VERIFY_DOMAIN_SCALAR_H

#include "verify/domain/tnum.h"

struct scalar {
	struct tnum var_off;
	s64 smin, smax;
	u64 umin, umax;
	s32 s32_min, s32_max;
	u32 u32_min, u32_max;
};

/* ALU operations on values; width is a matter of the function called. */
enum scalar_op {
	SCALAR_ADD,
	SCALAR_SUB,
	SCALAR_MUL,
	SCALAR_DIV,  /* unsigned; by 0: 0 */
	SCALAR_SDIV, /* signed; by 0: 0; MIN / -1: MIN */
	SCALAR_MOD,  /* by 0: the dividend */
	SCALAR_SMOD,
	SCALAR_AND,
	SCALAR_OR,
	SCALAR_XOR,
	SCALAR_LSH, /* by the count modulo the width */
	SCALAR_RSH,
	SCALAR_ARSH,
	SCALAR_NEG, /* source unused */
};

enum scalar_cmp {
	SCALAR_JEQ,
	SCALAR_JNE,
	SCALAR_JSET,
	SCALAR_JNSET, /* the other side of JSET */
	SCALAR_JGT,
	SCALAR_JGE,
	SCALAR_JLT,
	SCALAR_JLE,
	SCALAR_JSGT,
	SCALAR_JSGE,
	SCALAR_JSLT,
	SCALAR_JSLE,
};

static always_inline void scalar_forget64(struct scalar *s)
{
	s->umin = 0;
	s->umax = U64_MAX;
	s->smin = S64_MIN;
	s->smax = S64_MAX;
}

static always_inline void scalar_forget32(struct scalar *s)
{
	s->u32_min = 0;
	s->u32_max = U32_MAX;
	s->s32_min = S32_MIN;
	s->s32_max = S32_MAX;
}

static always_inline void scalar_set_const(struct scalar *s, u64 value)
{
	s->var_off = tnum_const(value);
	s->smin = (s64)value;
	s->smax = (s64)value;
	s->umin = value;
	s->umax = value;
	s->s32_min = (s32)(u32)value;
	s->s32_max = (s32)(u32)value;
	s->u32_min = (u32)value;
	s->u32_max = (u32)value;
}

static always_inline void scalar_set_unknown(struct scalar *s)
{
	s->var_off = tnum_unknown();
	scalar_forget64(s);
	scalar_forget32(s);
}

static always_inline struct scalar scalar_const(u64 value)
{
	struct scalar s;

	scalar_set_const(&s, value);
	return s;
}

static always_inline struct scalar scalar_unknown(void)
{
	struct scalar s;

	scalar_set_unknown(&s);
	return s;
}

/* Any value of [min, max], known only in these bounds. */
struct scalar scalar_urange(u64 min, u64 max);
struct scalar scalar_srange(s64 min, s64 max);

static inline bool scalar_is_const(const struct scalar *s)
{
	return s->var_off.mask == 0;
}
static inline bool scalar_is_const32(const struct scalar *s)
{
	return (u32)s->var_off.mask == 0;
}
bool scalar_is_unknown(const struct scalar *s);
/* True when @value is in the set. */
static always_inline bool scalar_contains(const struct scalar *s, u64 value)
{
	u32 low = (u32)value;

	return ((value & ~s->var_off.mask) == s->var_off.value) & (s->umin <= value) &
	       (value <= s->umax) & (s->smin <= (s64)value) & ((s64)value <= s->smax) &
	       (s->u32_min <= low) & (low <= s->u32_max) & (s->s32_min <= (s32)low) &
	       ((s32)low <= s->s32_max);
}

/*
 * True when every value of @b satisfies all bounds of @a (range_within and tnum_in of the
 * kernel).
 */
bool scalar_includes(const struct scalar *a, const struct scalar *b);
bool scalar_equal(const struct scalar *a, const struct scalar *b);
/* The bits are all known and the ranges hold more or less than that one value. */
static always_inline bool scalar_const_disagrees(const struct scalar *s)
{
	u64 value = s->var_off.value;

	return tnum_is_const(s->var_off) &
	       ((s->umin != value) | (s->umax != value) | (s->smin != (s64)value) |
		(s->smax != (s64)value));
}

static always_inline bool scalar_const32_disagrees(const struct scalar *s)
{
	u32 low = (u32)s->var_off.value;

	return ((u32)s->var_off.mask == 0) &
	       ((s->u32_min != low) | (s->u32_max != low) | (s->s32_min != (s32)low) |
		(s->s32_max != (s32)low));
}

/* False when the bounds contradict each other (reg_bounds_sanity_check). */
static always_inline bool scalar_sane(const struct scalar *s)
{
	return (s->umin <= s->umax) & (s->smin <= s->smax) & (s->u32_min <= s->u32_max) &
	       (s->s32_min <= s->s32_max) && !scalar_const_disagrees(s) &&
	       !scalar_const32_disagrees(s);
}

/* Lets the five parts learn from one another (reg_bounds_sync of 6.18). May find the set empty. */
void scalar_sync(struct scalar *s);

/*
 * dst = dst op src, as tight as Linux 6.18.44 (adjust_scalar_min_max_vals), not tighter: its log
 * shows the result. alu32: the low halves; the upper half is 0, or as the kernel has it unknown
 * where nothing is known (quotients, remainders, shifts by an unknown count). @src may be @dst.
 * Both leave dst synced.
 */
void scalar_alu64(enum scalar_op op, struct scalar *dst, const struct scalar *src);
void scalar_alu32(enum scalar_op op, struct scalar *dst, const struct scalar *src);

/*
 * True when @dst, or its low half, is known to be 0 or -1 and not which: then @dst becomes the -1
 * and *@zero the 0. The kernel goes on with both before AND and OR with a constant in 64 and in 32
 * bits (maybe_fork_scalars, here since 6.18.y), starting with the -1.
 */
bool scalar_fork(struct scalar *dst, struct scalar *zero);

/* dst = zero- or sign-extension of the low 1, 2 or 4 bytes (coerce_reg_to_size, _sx). */
void scalar_zext(struct scalar *dst, unsigned int size_bytes);
void scalar_sext(struct scalar *dst, unsigned int size_bytes);
/* w = (s8/s16)w: sign-extension to 32 bits, upper half 0 (coerce_subreg_to_size_sx). */
void scalar_sext32(struct scalar *dst, unsigned int size_bytes);
/* The low @size_bits (16, 32, 64) bits in reversed byte order, the rest 0. */
void scalar_bswap(struct scalar *dst, unsigned int size_bits);

/* 1: @cmp is always true for values of @a and @b, 0: never, -1: unknown (is_branch_taken). */
int scalar_branch(enum scalar_cmp cmp, bool is32, const struct scalar *a, const struct scalar *b);
/*
 * Narrows both to what is possible when a cmp b holds (regs_refine_cond_op and sync). @a and @b
 * may be the same object. May leave an empty set: then the branch cannot be taken. What cannot be
 * may also come out as some constant, as in the kernel: first ask scalar_branch().
 */
void scalar_refine(enum scalar_cmp cmp, bool is32, struct scalar *a, struct scalar *b);
enum scalar_cmp scalar_cmp_negate(enum scalar_cmp cmp); /* !(a cmp b) */
enum scalar_cmp scalar_cmp_flip(enum scalar_cmp cmp); /* b cmp' a; JSET and JNSET stay */

/* Both facts hold of the same value (intersection), either may hold (join, for facts.h). */
void scalar_intersect(struct scalar *a, const struct scalar *b);
void scalar_union(struct scalar *a, const struct scalar *b);
/* What a loop may widen @old to after seeing @cur: bounds that moved become unknown. */
void scalar_widen(struct scalar *old, const struct scalar *cur);

#endif
