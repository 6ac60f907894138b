/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers out of text and comparison of text, as kernel/bpf/helpers.c has them: bpf_strtol,
 * bpf_strtoul, bpf_strncmp. The result is zeroed before anything can fail.
 */
#include "base/bytes.h"
#include "base/err.h"
#include "helper/helper_int.h"

#define STRTO_BASE_MASK	  0x1fu /* BPF_STRTOX_BASE_MASK */
#define STRTO_DIGITS_MAX  63u	/* the kernel parses a copy in char[64] */

static bool is_space(u8 c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0;
}

/* Value of a digit in bases up to 16, 255 for anything else. */
static u32 digit_value(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - (u32)'0';
	c |= 0x20;
	if (c >= 'a' && c <= 'f')
		return c - (u32)'a' + 10;
	return 255;
}

struct parsed {
	u64 magnitude;
	bool negative;
	u32 consumed_bytes;
};

/* A 0x prefix counts only before a hexadecimal digit (_parse_integer_fixup_radix). */
static u32 skip_prefix(const u8 *text, u32 len, u32 *base)
{
	bool hex = len >= 3 && text[0] == '0' && (text[1] | 0x20) == 'x' &&
		   digit_value(text[2]) < 16;

	if (*base == 0)
		*base = hex ? 16 : len && text[0] == '0' ? 8 : 10;
	/* With an explicit 16 the kernel skips "0x" whatever follows. */
	if (*base == 16 && len >= 2 && text[0] == '0' && (text[1] | 0x20) == 'x')
		return 2;
	return 0;
}

static int parse(const u8 *text, u32 len, u64 flags, struct parsed *ret)
{
	u32 base = (u32)flags & STRTO_BASE_MASK;
	u32 at = 0, start, end;
	bool overflow = false;

	if (!len || (base != 0 && base != 8 && base != 10 && base != 16) ||
	    flags & ~(u64)STRTO_BASE_MASK)
		return -EINVAL;
	while (at < len && is_space(text[at]))
		at++;
	ret->negative = at < len && text[at] == '-';
	at += ret->negative;
	if (at == len)
		return -EINVAL;
	end = at + MIN(len - at, STRTO_DIGITS_MAX);
	at += skip_prefix(text + at, end - at, &base);
	ret->magnitude = 0;
	for (start = at; at < end && digit_value(text[at]) < base; at++) {
		overflow |= __builtin_mul_overflow(ret->magnitude, (u64)base, &ret->magnitude);
		overflow |= __builtin_add_overflow(ret->magnitude, (u64)digit_value(text[at]),
						   &ret->magnitude);
	}
	if (overflow)
		return -ERANGE;
	if (at == start)
		return -EINVAL;
	ret->consumed_bytes = at;
	return 0;
}

/* (buf, buf_len, flags, long *res) */
HELPER_FN(strtol)
{
	struct parsed p;
	int err;

	store_u64(u64_to_ptr(r4), 0);
	err = parse(u64_to_ptr(r1), (u32)r2, r3, &p);
	if (err)
		return helper_err(err);
	if (p.magnitude > (u64)INT64_MAX + p.negative)
		return helper_err(-ERANGE);
	store_u64(u64_to_ptr(r4), p.negative ? 0 - p.magnitude : p.magnitude);
	return p.consumed_bytes;
}

HELPER_FN(strtoul)
{
	struct parsed p;
	int err;

	store_u64(u64_to_ptr(r4), 0);
	err = parse(u64_to_ptr(r1), (u32)r2, r3, &p);
	if (err)
		return helper_err(err);
	if (p.negative)
		return helper_err(-EINVAL);
	store_u64(u64_to_ptr(r4), p.magnitude);
	return p.consumed_bytes;
}

/* (s1, s1_size, constant s2): the sign of the difference, as the kernel's strncmp. */
HELPER_FN(strncmp)
{
	const u8 *a = u64_to_ptr(r1), *b = u64_to_ptr(r3);
	u32 i;

	for (i = 0; i < (u32)r2; i++) {
		if (a[i] != b[i])
			return a[i] < b[i] ? (u64)-1 : 1;
		if (!a[i])
			break;
	}
	return 0;
}
