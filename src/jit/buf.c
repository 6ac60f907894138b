/* SPDX-License-Identifier: BSD-2-Clause */
#include "jit/buf.h"

#include "base/arena.h"
#include "base/mem.h"

static void *bigger_block(const struct jit_buf *b, u32 cap)
{
	void *bigger;

	if (!b->arena)
		return mem_realloc(b->p, cap);
	bigger = arena_alloc(b->arena, cap);
	if (bigger && b->len)
		memcpy(bigger, b->p, b->len);
	return bigger;
}

void jit_buf_grow(struct jit_buf *b)
{
	const u32 cap = b->cap ? b->cap * 2 : 4 * JIT_BUF_ROOM;
	void *bigger = b->failed || cap < b->cap ? NULL : bigger_block(b, cap);

	if (bigger) {
		b->p = bigger;
		b->cap = cap;
		return;
	}
	b->failed = true;
	b->len = 0; /* what follows is written over the beginning: nobody will run it */
}

void jit_buf_fini(struct jit_buf *b)
{
	if (!b->arena)
		mem_free(b->p);
	*b = (struct jit_buf){ 0 };
}
