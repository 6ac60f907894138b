/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Division by a constant as a multiplication (Granlund and Montgomery, "Division by Invariant
 * Integers using Multiplication", PLDI 1994).
 */
#ifndef SKEP_JIT_MAGIC_H
#define SKEP_JIT_MAGIC_H

#include "base/types.h"

/*
 * Unsigned, @width 32 or 64, @d no power of two, not 0. With h = the upper half of a * m:
 * a / d = h >> shift, or with `add` = (((a - h) >> 1) + h) >> shift.
 */
struct magic {
	u64 m;
	u32 shift;
	bool add;
};

struct magic magic_unsigned(u64 d, u32 width);

/*
 * Signed 32 bits, 2 < @d < 2^31 and no power of two: a / d = (a * m >> (32 + shift)) - (a >> 31),
 * on signed 64-bit numbers, m < 2^32.
 */
struct magic magic_signed32(u32 d);

#endif
