/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hash functions for tables in memory, seeded per table so that nobody can prepare keys that all
 * collide. Built on the 64 x 64 -> 128 bit product, whose halves are xored; values differ between
 * byte orders and must never be stored. Not cryptographic.
 */
#ifndef SKEP_BASE_HASH_H
#define SKEP_BASE_HASH_H

#include "base/bytes.h"
#include "base/types.h"

#define HASH_K0 0x9e3779b97f4a7c15ull /* 2^64 / golden ratio */
#define HASH_K1 0xd6e8feb86659fd93ull
#define HASH_K2 0xa0761d6478bd642full

static inline u64 hash_mix(u64 a, u64 b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (u64)product ^ (u64)(product >> 64);
}

static inline u64 hash_u64(u64 v, u64 seed)
{
	return hash_mix(hash_mix(v ^ seed, HASH_K1 ^ v) ^ seed, HASH_K0);
}

static inline u64 hash_u32(u32 v, u64 seed)
{
	return hash_u64(v, seed);
}

static inline u64 hash_2u64(u64 a, u64 b, u64 seed)
{
	return hash_mix(hash_mix(a ^ HASH_K1, b ^ seed) ^ seed, HASH_K0 ^ a);
}

/* The last 1 to 8 bytes of a key, none beyond it. */
static inline u64 hash_tail(const u8 *p, u32 len)
{
	if (len >= 4)
		return (u64)load_u32(p) << 32 | load_u32(p + len - 4);
	return (u64)p[0] << 16 | (u64)p[len / 2] << 8 | p[len - 1];
}

static inline u64 hash_bytes(const void *key, u32 len, u64 seed)
{
	const u8 *p = key;
	u64 h = seed ^ (len * HASH_K0);

	for (; len > 16; p += 16, len -= 16)
		h = hash_mix(load_u64(p) ^ HASH_K1, load_u64(p + 8) ^ h);
	if (len > 8)
		return hash_mix(hash_mix(load_u64(p) ^ HASH_K1, load_u64(p + len - 8) ^ h) ^ seed,
				HASH_K2 ^ h);
	return hash_mix(hash_mix((len ? hash_tail(p, len) : 0) ^ h, HASH_K1 ^ h) ^ seed, HASH_K2);
}

/* The same by the size of the key: short ways for the sizes that most maps have. */
static always_inline u64 hash_key(const void *key, u32 len, u64 seed)
{
	switch (len) {
	case 4:
		return hash_u32(load_u32(key), seed);
	case 8:
		return hash_u64(load_u64(key), seed);
	case 16:
		return hash_2u64(load_u64(key), load_u64((const u8 *)key + 8), seed);
	default:
		return hash_bytes(key, len, seed);
	}
}

#endif
