/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where encoders put bytes: one growing block. Whoever emits asks for room once per operation
 * (jit_buf_room), so that encoders themselves only store. A block that could not grow is marked
 * failed and written from its beginning again: encoders need no error paths. Only the first
 * jit_buf_room() of a block must be looked at, since before it there is nothing to write to.
 */
#ifndef SKEP_JIT_BUF_H
#define SKEP_JIT_BUF_H

#include <string.h>

#include "base/types.h"

#define JIT_BUF_ROOM 1024u /* more than any one operation of any target takes, bytes */

struct arena;

struct jit_buf {
	u8 *p;
	u32 len, cap; /* bytes */
	bool failed;  /* memory was short: what is in here is no program */
	struct arena *arena; /* set before the first use: the block is its */
};

void jit_buf_grow(struct jit_buf *b);
void jit_buf_fini(struct jit_buf *b); /* works on a zeroed struct, too */

/* Makes room for JIT_BUF_ROOM bytes more. */
static always_inline void jit_buf_room(struct jit_buf *b)
{
	if (unlikely(b->cap - b->len < JIT_BUF_ROOM))
		jit_buf_grow(b);
}

static always_inline void jit_put8(struct jit_buf *b, u32 v)
{
	b->p[b->len++] = (u8)v;
}

/* Little-endian, as both machines that we write code for. */
static always_inline void jit_put32(struct jit_buf *b, u32 v)
{
	const u8 bytes[4] = { (u8)v, (u8)(v >> 8), (u8)(v >> 16), (u8)(v >> 24) };

	memcpy(b->p + b->len, bytes, sizeof(bytes));
	b->len += 4;
}

static always_inline void jit_put64(struct jit_buf *b, u64 v)
{
	jit_put32(b, (u32)v);
	jit_put32(b, (u32)(v >> 32));
}

#endif
