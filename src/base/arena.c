/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/arena.h"

#include <string.h>

#include "base/bits.h"
#include "base/mem.h"
#include "base/pages.h"

#define ARENA_ALIGN	 16u
#define ARENA_CHUNK_MIN	 4096u
#define ARENA_CHUNK_MAX	 (16u << 20)
/* From here on huge pages: one page fault then costs as much as hundreds do without. */
#define ARENA_CHUNK_HUGE (2u << 20)
#define ARENA_FIRST_HUGE (192u << 10)

struct arena_chunk {
	struct arena_chunk *next;
	size_t size_bytes; /* with this head */
};

_Static_assert(sizeof(struct arena_chunk) % ARENA_ALIGN == 0, "chunks start aligned");

static struct arena_chunk *chunk_new(const struct arena *arena, size_t size)
{
	if (size >= ARENA_CHUNK_HUGE)
		return pages_new(size);
	return arena->dirty ? mem_alloc(size) : mem_zalloc(size);
}

static void chunk_free(struct arena_chunk *chunk)
{
	if (chunk->size_bytes >= ARENA_CHUNK_HUGE)
		pages_free(chunk, chunk->size_bytes);
	else
		mem_free(chunk);
}

/* Chunks double, so that a big arena has few; a request beyond gets one of its own size. */
static bool arena_grow(struct arena *arena, size_t need_bytes)
{
	size_t size = arena->chunks ? arena->chunks->size_bytes * 2 : ARENA_CHUNK_MIN;
	struct arena_chunk *chunk;

	size = MIN(size, (size_t)ARENA_CHUNK_MAX);
	if (!arena->chunks && arena->first_bytes) {
		size = MAX(arena->first_bytes, (size_t)ARENA_CHUNK_MIN);
		/* All of it will be touched: one page fault for many. */
		if (size >= ARENA_FIRST_HUGE)
			size = (size_t)align_up(size, ARENA_CHUNK_HUGE);
	}
	size = mem_piecewise() ? 0 : size;
	size = MAX(size, need_bytes + sizeof(*chunk));
	chunk = chunk_new(arena, size);
	if (!chunk)
		return false;
	chunk->next = arena->chunks;
	chunk->size_bytes = size;
	arena->chunks = chunk;
	arena->at = (u8 *)(chunk + 1);
	arena->end = (u8 *)chunk + size;
	return true;
}

void *arena_alloc(struct arena *arena, size_t size_bytes)
{
	size_t size;
	void *p;

	if (size_bytes > SIZE_MAX / 4)
		return NULL;
	size = (size_t)align_up(MAX(size_bytes, (size_t)1), ARENA_ALIGN);
	if (size > (size_t)(arena->end - arena->at) && !arena_grow(arena, size))
		return NULL;
	p = arena->at;
	arena->at += size;
	arena->used_bytes += size;
	return p;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size_bytes)
{
	u64 total;

	if (mul_overflow_u64(count, size_bytes, &total))
		return NULL;
	return arena_alloc(arena, (size_t)total);
}

void *arena_zalloc_array(struct arena *arena, size_t count, size_t size_bytes)
{
	void *p = arena_alloc_array(arena, count, size_bytes);

	if (p && arena->dirty)
		memset(p, 0, count * size_bytes);
	return p;
}

void *arena_dup(struct arena *arena, const void *p, size_t size_bytes)
{
	void *copy = arena_alloc(arena, size_bytes);

	if (copy && size_bytes)
		memcpy(copy, p, size_bytes);
	return copy;
}

void arena_fini(struct arena *arena)
{
	struct arena_chunk *chunk = arena->chunks;

	while (chunk) {
		struct arena_chunk *next = chunk->next;

		chunk_free(chunk);
		chunk = next;
	}
	*arena = (struct arena){ .dirty = arena->dirty, .first_bytes = arena->first_bytes };
}
