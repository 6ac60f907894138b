/* SPDX-License-Identifier: BSD-2-Clause */
#include "jit/buf.h"

#include "base/mem.h"

void jit_buf_room(struct jit_buf *b)
{
	u32 cap;
	void *bigger;

	if (likely(b->cap - b->len >= JIT_BUF_ROOM))
		return;
	cap = b->cap ? b->cap * 2 : 4 * JIT_BUF_ROOM;
	bigger = b->failed || cap < b->cap ? NULL : mem_realloc(b->p, cap);
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
	mem_free(b->p);
	*b = (struct jit_buf){ 0 };
}
