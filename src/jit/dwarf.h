/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers as DWARF and ELF files hold them, little-endian as both machines that we write code for.
 * A string that could not grow says so at the end (base/str.h).
 */
#ifndef SKEP_JIT_DWARF_H
#define SKEP_JIT_DWARF_H

#include "base/bytes.h"
#include "base/str.h"

static inline void dwarf_u8(struct str *s, u32 v)
{
	str_add_char(s, (char)v);
}

static inline void dwarf_u16(struct str *s, u32 v)
{
	u8 b[2];

	store_le16(b, (u16)v);
	str_add_bytes(s, b, sizeof(b));
}

static inline void dwarf_u32(struct str *s, u32 v)
{
	u8 b[4];

	store_le32(b, v);
	str_add_bytes(s, b, sizeof(b));
}

static inline void dwarf_u64(struct str *s, u64 v)
{
	u8 b[8];

	store_le64(b, v);
	str_add_bytes(s, b, sizeof(b));
}

static inline void dwarf_uleb(struct str *s, u64 v)
{
	for (; v >= 0x80; v >>= 7)
		dwarf_u8(s, 0x80 | (v & 0x7f));
	dwarf_u8(s, (u32)v);
}

static inline void dwarf_sleb(struct str *s, s64 v)
{
	while (v < -0x40 || v >= 0x40) {
		dwarf_u8(s, 0x80 | (v & 0x7f));
		v >>= 7;
	}
	dwarf_u8(s, v & 0x7f);
}

static inline void dwarf_text(struct str *s, const char *text)
{
	str_add_bytes(s, text, strlen(text) + 1);
}

/* A length of 32 bits whose value dwarf_length_end() fills in: of what was added between them. */
static inline size_t dwarf_length_begin(struct str *s)
{
	dwarf_u32(s, 0);
	return s->len;
}

static inline void dwarf_length_end(struct str *s, size_t begin)
{
	if (!s->failed)
		store_le32(s->data + begin - 4, (u32)(s->len - begin));
}

#endif
