/* SPDX-License-Identifier: BSD-2-Clause */
#include "jit/magic.h"

/* Position of the highest bit. */
static u32 log2_floor(u64 v)
{
	return 63u - (u32)__builtin_clzll(v);
}

struct magic magic_unsigned(u64 d, u32 width)
{
	const u32 l = log2_floor(d);
	const unsigned __int128 top = (unsigned __int128)1 << (width + l);
	const u64 mask = width == 64 ? UINT64_MAX : UINT32_MAX;
	u64 m = (u64)(top / d), rest = (u64)(top % d);
	bool carry;

	if (d - rest < 1ull << l)
		return (struct magic){ m + 1, l, false };
	/* One bit more of precision, which does not fit: `add` supplies it. */
	carry = rest >= d - rest;
	m = m * 2 + carry + 1;
	return (struct magic){ m & mask, l, true };
}

struct magic magic_signed32(u32 d)
{
	const u32 l = log2_floor(d);

	return (struct magic){ ((1ull << (32 + l)) / d) + 1, l, false };
}
