/* SPDX-License-Identifier: BSD-2-Clause */
/* Unaligned loads and stores in host, big and little endian order. */
#ifndef SKEP_BASE_BYTES_H
#define SKEP_BASE_BYTES_H

#include <string.h>

#include "base/types.h"

#define HOST_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

#define BYTES_DEFINE(bits)                                                                         \
	static inline u##bits load_u##bits(const void *p)                                          \
	{                                                                                          \
		u##bits v;                                                                         \
		memcpy(&v, p, sizeof(v));                                                          \
		return v;                                                                          \
	}                                                                                          \
	static inline void store_u##bits(void *p, u##bits v)                                       \
	{                                                                                          \
		memcpy(p, &v, sizeof(v));                                                          \
	}                                                                                          \
	static inline u##bits be_to_host##bits(u##bits v)                                          \
	{                                                                                          \
		return HOST_BIG_ENDIAN ? v : __builtin_bswap##bits(v);                             \
	}                                                                                          \
	static inline u##bits le_to_host##bits(u##bits v)                                          \
	{                                                                                          \
		return HOST_BIG_ENDIAN ? __builtin_bswap##bits(v) : v;                             \
	}                                                                                          \
	static inline u##bits load_be##bits(const void *p)                                         \
	{                                                                                          \
		return be_to_host##bits(load_u##bits(p));                                          \
	}                                                                                          \
	static inline void store_be##bits(void *p, u##bits v)                                      \
	{                                                                                          \
		store_u##bits(p, be_to_host##bits(v));                                             \
	}                                                                                          \
	static inline u##bits load_le##bits(const void *p)                                         \
	{                                                                                          \
		return le_to_host##bits(load_u##bits(p));                                          \
	}                                                                                          \
	static inline void store_le##bits(void *p, u##bits v)                                      \
	{                                                                                          \
		store_u##bits(p, le_to_host##bits(v));                                             \
	}

BYTES_DEFINE(16)
BYTES_DEFINE(32)
BYTES_DEFINE(64)
#undef BYTES_DEFINE

/* Host-order load of 1, 2, 4 or 8 bytes, zero-extended. */
static inline u64 load_sized(const void *p, u32 size_bytes)
{
	switch (size_bytes) {
	case 1:
		return *(const u8 *)p;
	case 2:
		return load_u16(p);
	case 4:
		return load_u32(p);
	default:
		return load_u64(p);
	}
}

static inline void store_sized(void *p, u32 size_bytes, u64 v)
{
	switch (size_bytes) {
	case 1:
		*(u8 *)p = (u8)v;
		break;
	case 2:
		store_u16(p, (u16)v);
		break;
	case 4:
		store_u32(p, (u32)v);
		break;
	default:
		store_u64(p, v);
	}
}

#endif
