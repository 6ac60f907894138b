/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tristate numbers: each bit is 0, 1 or unknown (kernel/bpf/tnum.c). The sums are those of
 * Vishwanathan, Shachnai, Narayana and Nagarakatte (CGO 2022): the carries that differ between the
 * smallest and the largest sum are the unknown ones. Each of these but tnum_mul is optimal.
 *
 * Invariant: value & mask == 0, of arguments and results.
 */
#ifndef SKEP_VERIFY_DOMAIN_TNUM_H
#define SKEP_VERIFY_DOMAIN_TNUM_H

#include "verify/domain/width.h"

/* Bit n is unknown where mask has it; else it is value's. value & mask == 0. */
struct tnum {
	u64 value, mask;
};

static always_inline struct tnum tnum_make(u64 value, u64 mask)
{
	struct tnum t;

	t.value = value & ~mask;
	t.mask = mask;
	return t;
}

static always_inline struct tnum tnum_const(u64 value)
{
	return tnum_make(value, 0);
}

static always_inline struct tnum tnum_unknown(void)
{
	return tnum_make(0, U64_MAX);
}

/* The bits that all of [min, max] share are known. */
static always_inline struct tnum tnum_range(u64 min, u64 max)
{
	return tnum_make(min, u64_smear(min ^ max));
}

static always_inline bool tnum_is_const(struct tnum a)
{
	return a.mask == 0;
}

static always_inline bool tnum_is_unknown(struct tnum a)
{
	return a.mask == U64_MAX;
}

static always_inline bool tnum_equals_const(struct tnum a, u64 value)
{
	return (a.mask == 0) & (a.value == value);
}

/* @size a power of two, or 0 for any. */
static always_inline bool tnum_is_aligned(struct tnum a, u64 size)
{
	return (size == 0) | (((a.value | a.mask) & (size - 1)) == 0);
}

/* True when every value of @b is one of @a. */
static always_inline bool tnum_in(struct tnum a, struct tnum b)
{
	return ((b.mask & ~a.mask) == 0) & ((b.value & ~a.mask) == a.value);
}

/* True when some value is in both. */
static always_inline bool tnum_overlap(struct tnum a, struct tnum b)
{
	return ((a.value ^ b.value) & ~(a.mask | b.mask)) == 0;
}

static always_inline struct tnum tnum_add(struct tnum a, struct tnum b)
{
	u64 least = a.value + b.value, most = least + a.mask + b.mask;

	return tnum_make(least, (least ^ most) | a.mask | b.mask);
}

static always_inline struct tnum tnum_sub(struct tnum a, struct tnum b)
{
	u64 diff = a.value - b.value, most = diff + a.mask, least = diff - b.mask;

	return tnum_make(diff, (least ^ most) | a.mask | b.mask);
}

static always_inline struct tnum tnum_neg(struct tnum a)
{
	return tnum_sub(tnum_const(0), a);
}

static always_inline struct tnum tnum_and(struct tnum a, struct tnum b)
{
	u64 ones = a.value & b.value, may = (a.value | a.mask) & (b.value | b.mask);

	return tnum_make(ones, may & ~ones);
}

static always_inline struct tnum tnum_or(struct tnum a, struct tnum b)
{
	u64 ones = a.value | b.value;

	return tnum_make(ones, (a.mask | b.mask) & ~ones);
}

static always_inline struct tnum tnum_xor(struct tnum a, struct tnum b)
{
	return tnum_make(a.value ^ b.value, a.mask | b.mask);
}

/* Shifts by a known count below the width. */
static always_inline struct tnum tnum_lsh(struct tnum a, u64 count)
{
	return tnum_make(a.value << count, a.mask << count);
}

static always_inline struct tnum tnum_rsh(struct tnum a, u64 count)
{
	return tnum_make(a.value >> count, a.mask >> count);
}

static always_inline struct tnum tnum_arsh(struct tnum a, u64 count)
{
	return tnum_make((u64)((s64)a.value >> (s64)count), (u64)((s64)a.mask >> (s64)count));
}

/* What both say of one value. Contradictory bits come out as ones. */
static always_inline struct tnum tnum_intersect(struct tnum a, struct tnum b)
{
	return tnum_make(a.value | b.value, a.mask & b.mask);
}

/* The values of either. */
static always_inline struct tnum tnum_union(struct tnum a, struct tnum b)
{
	return tnum_make(a.value, a.mask | b.mask | (a.value ^ b.value));
}

/* The low half; the upper is 0. */
static always_inline struct tnum tnum_subreg(struct tnum a)
{
	return tnum_make((u64)(u32)a.value, (u64)(u32)a.mask);
}

/* The upper half of @a with the lower of @low. */
static always_inline struct tnum tnum_with_subreg(struct tnum a, struct tnum low)
{
	u64 upper = ~(u64)U32_MAX;

	return tnum_make((a.value & upper) | (u64)(u32)low.value,
			 (a.mask & upper) | (u64)(u32)low.mask);
}

/* The low half shifted as 32 bits; the upper is 0. */
static always_inline struct tnum tnum_arsh32(struct tnum a, u64 count)
{
	u32 value = (u32)((s32)(u32)a.value >> (s32)(u32)count);
	u32 mask = (u32)((s32)(u32)a.mask >> (s32)(u32)count);

	return tnum_make((u64)value, (u64)mask);
}

/* The low @size_bytes bytes; the rest is 0. */
static always_inline struct tnum tnum_cast(struct tnum a, unsigned int size_bytes)
{
	u64 keep = U64_MAX >> (U64_BITS - size_bytes * (U64_BITS / 8));

	return tnum_make(a.value & keep, a.mask & keep);
}

/*
 * The least value of @a above @v; the greatest of all where none is above (tnum_step). Above @v,
 * and bits that @v has where @a has 0: the unknown bits below the highest of these begin again at
 * 0 after a carry into the next unknown one, which filling all the others makes an increment.
 */
static always_inline u64 tnum_next(struct tnum a, u64 v)
{
	u64 most = a.value | a.mask, past = v - a.value;
	u64 filled = past | u64_smear(past & ~a.mask) | ~a.mask;
	u64 next = a.value | ((filled + 1) & a.mask);

	return pick(v >= most, most, pick(v < a.value, a.value, next));
}

struct tnum tnum_mul(struct tnum a, struct tnum b);
/* Of the low halves, modulo 2^32; the upper half is 0. */
struct tnum tnum_mul32(struct tnum a, struct tnum b);

#endif
