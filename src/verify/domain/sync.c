/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The five parts of a scalar learn from one another (reg_bounds_sync of Linux 6.18, and with it
 * __update_reg_bounds, __reg_deduce_bounds, __reg_bound_offset). Each step is an intersection with
 * something that is implied, so it keeps every value of the set; the order and the number of
 * rounds are the kernel's, because its log shows the result.
 *
 * "low" is the low half with its two ranges, "bits" the tnum. On an empty set the steps may do
 * anything but trap.
 */
#include "verify/domain/scalar_int.h"

/* [lo, hi] of the low half, as unsigned numbers; the caller knows that it is in order. */
static always_inline void low_within(struct scalar *s, u32 lo, u32 hi)
{
	RAISE(s->u32_min, lo);
	LOWER(s->u32_max, hi);
}

static always_inline void low_within_signed(struct scalar *s, s32 lo, s32 hi)
{
	RAISE(s->s32_min, lo);
	LOWER(s->s32_max, hi);
}

static always_inline void bits_bound_low(struct scalar *s)
{
	u32 value = (u32)s->var_off.value, mask = (u32)s->var_off.mask;

	low_within(s, value, value | mask);
	low_within_signed(s, (s32)(value | (mask & U32_SIGN)), (s32)(value | (mask & ~U32_SIGN)));
}

static always_inline void bits_bound_64(struct scalar *s)
{
	u64 value = s->var_off.value, mask = s->var_off.mask;

	RAISE(s->umin, value);
	LOWER(s->umax, value | mask);
	RAISE(s->smin, (s64)(value | (mask & U64_SIGN)));
	LOWER(s->smax, (s64)(value | (mask & ~U64_SIGN)));
}

/*
 * The values that the bits allow are not neighbours: when only one of them is in the unsigned
 * range, it is that one. The three cases are the kernel's: umin itself, the largest value of the
 * bits, one in between.
 */
static always_inline void bits_tell_const(struct scalar *s)
{
	u64 most = s->var_off.value | s->var_off.mask, next;

	/* Neighbours after all, from the least to the greatest: the range says as much. */
	if (((s->var_off.mask & (s->var_off.mask + 1)) == 0) & (s->umin < s->umax))
		return;
	next = tnum_next(s->var_off, s->umin);
	if ((s->umin & ~s->var_off.mask) == s->var_off.value) {
		if (next > s->umax)
			scalar_set_const(s, s->umin);
	} else if (next == most) {
		scalar_set_const(s, most);
	} else if (next <= s->umax && tnum_next(s->var_off, next) > s->umax) {
		scalar_set_const(s, next);
	}
}

/* With one upper half for all values, the lower halves are in the order of the values. */
static always_inline void u64_bounds_low(struct scalar *s)
{
	u32 lo = (u32)s->umin, hi = (u32)s->umax;

	if (((s->umin ^ s->umax) & U64_UPPER) == 0) {
		low_within(s, lo, hi);
		if ((s32)lo <= (s32)hi)
			low_within_signed(s, (s32)lo, (s32)hi);
	}
}

static always_inline void s64_bounds_low(struct scalar *s)
{
	u32 lo = (u32)(u64)s->smin, hi = (u32)(u64)s->smax;

	if ((((u64)s->smin ^ (u64)s->smax) & U64_UPPER) == 0) {
		if (lo <= hi)
			low_within(s, lo, hi);
		if ((s32)lo <= (s32)hi)
			low_within_signed(s, (s32)lo, (s32)hi);
	}
}

/* Two neighbouring upper halves, and the lower ones go from negative through 0: 0x..ff ffffff80
 * to 0x..00 0000007f is [-128, 127]. */
static always_inline bool low_wraps(u64 min, u64 max)
{
	return ((u32)(min >> U32_BITS) + 1 == (u32)(max >> U32_BITS)) & ((s32)(u32)min < 0) &
	       ((s32)(u32)max >= 0);
}

static always_inline void u64_wraps_low(struct scalar *s)
{
	if (low_wraps(s->umin, s->umax))
		low_within_signed(s, (s32)(u32)s->umin, (s32)(u32)s->umax);
}

static always_inline void s64_wraps_low(struct scalar *s)
{
	u64 min = (u64)s->smin, max = (u64)s->smax;

	if (low_wraps(min, max))
		low_within_signed(s, (s32)(u32)min, (s32)(u32)max);
}

/* A range that does not cross where the other kind of number jumps is a range of that kind too. */
static always_inline void u32_bounds_s32(struct scalar *s)
{
	if ((s32)s->u32_min <= (s32)s->u32_max)
		low_within_signed(s, (s32)s->u32_min, (s32)s->u32_max);
}

/*
 * A signed range across 0 is two unsigned ones, [smin, -1] at the upper end and [0, smax] at the
 * lower: when the unsigned range meets only one of them, the other is gone.
 */
static always_inline void s32_bounds_u32(struct scalar *s)
{
	u32 lo = (u32)s->s32_min, hi = (u32)s->s32_max;

	if (lo <= hi) {
		low_within(s, lo, hi);
	} else if (s->u32_max < lo) {
		s->s32_min = (s32)s->u32_min;
		LOWER(s->u32_max, hi);
	} else if (hi < s->u32_min) {
		s->s32_max = (s32)s->u32_max;
		RAISE(s->u32_min, lo);
	}
}

static always_inline void u64_bounds_s64(struct scalar *s)
{
	if ((s64)s->umin <= (s64)s->umax) {
		RAISE(s->smin, (s64)s->umin);
		LOWER(s->smax, (s64)s->umax);
	}
}

static always_inline void s64_bounds_u64(struct scalar *s)
{
	u64 lo = (u64)s->smin, hi = (u64)s->smax;

	if (lo <= hi) {
		RAISE(s->umin, lo);
		LOWER(s->umax, hi);
	} else if (s->umax < lo) {
		s->smin = (s64)s->umin;
		LOWER(s->umax, hi);
	} else if (hi < s->umin) {
		s->smax = (s64)s->umax;
		RAISE(s->umin, lo);
	}
}

/* Under the upper half of a bound, the lower half cannot pass its own bound. */
static always_inline void low_bounds_u64(struct scalar *s)
{
	RAISE(s->umin, (s->umin & U64_UPPER) | (u64)s->u32_min);
	LOWER(s->umax, (s->umax & U64_UPPER) | (u64)s->u32_max);
}

static always_inline void low_bounds_s64(struct scalar *s)
{
	RAISE(s->smin, (s64)(((u64)s->smin & U64_UPPER) | (u64)s->u32_min));
	LOWER(s->smax, (s64)(((u64)s->smax & U64_UPPER) | (u64)s->u32_max));
}

/*
 * A value that fits in 32 signed bits (after a sign-extension) and has no sign there is its own
 * low half. The kernel sets the ranges here, where an intersection would be tighter.
 */
static always_inline void s32_bounds_64(struct scalar *s)
{
	if ((s->s32_min >= 0) & (s->smin >= (s64)S32_MIN) & (s->smax <= (s64)S32_MAX)) {
		s->smin = (s64)s->s32_min;
		s->smax = (s64)s->s32_max;
		s->umin = (u64)s->smin;
		s->umax = (u64)s->smax;
		s->var_off = tnum_intersect(s->var_off, tnum_range(s->umin, s->umax));
	}
}

static always_inline void u64_bounds_bits(struct scalar *s)
{
	s->var_off = tnum_intersect(s->var_off, tnum_range(s->umin, s->umax));
}

static always_inline void u32_bounds_bits(struct scalar *s)
{
	struct tnum low = tnum_range((u64)s->u32_min, (u64)s->u32_max);

	low = tnum_intersect(tnum_subreg(s->var_off), low);
	s->var_off = tnum_with_subreg(s->var_off, low);
}

/* All bits known and no range against it, the commonest case: nothing is left to learn. */
static always_inline bool bits_are_const(struct scalar *s)
{
	if ((s->var_off.mask != 0) || !scalar_contains(s, s->var_off.value))
		return false;
	scalar_set_const(s, s->var_off.value);
	return true;
}

static always_inline bool nothing_changed(const struct scalar *a, const struct scalar *b)
{
	return (a->umin == b->umin) & (a->umax == b->umax) & (a->smin == b->smin) &
	       (a->smax == b->smax) & (a->u32_min == b->u32_min) & (a->u32_max == b->u32_max) &
	       (a->s32_min == b->s32_min) & (a->s32_max == b->s32_max) &
	       (a->var_off.value == b->var_off.value) & (a->var_off.mask == b->var_off.mask);
}

#define STEP(name) name(s);

void scalar_sync(struct scalar *s)
{
	struct scalar before;
	unsigned int rounds = 3;

	if (bits_are_const(s))
		return;
	SCALAR_BITS_STEPS(STEP)
	do {
		before = *s;
		SCALAR_DEDUCE_STEPS(STEP)
		if (nothing_changed(&before, s))
			break;
	} while (--rounds);
	SCALAR_RANGE_STEPS(STEP)
	SCALAR_BITS_STEPS(STEP)
}
