/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/arena.h"

#include <string.h>

#include "base/bits.h"
#include "base/mem.h"
#include "base/pages.h"
#include "base/process_scratch.h"

#define ARENA_ALIGN	 16u
#define ARENA_CHUNK_MIN	 4096u
#define ARENA_CHUNK_MAX	 (16u << 20)
/* From here on huge pages: one page fault then costs as much as hundreds do without. */
#define ARENA_CHUNK_HUGE (2u << 20)
/* And from here on the block that the process keeps, once. */
#define ARENA_CHUNK_SCRATCH (16u << 10)

struct arena_chunk {
	struct arena_chunk *next;
	size_t size_bytes; /* with this head */
	bool zeroed;	   /* all that was not handed out yet */
	bool scratch;	   /* of base/process_scratch.h */
	_Alignas(ARENA_ALIGN) u8 room[];
};

_Static_assert(sizeof(struct arena_chunk) % ARENA_ALIGN == 0, "chunks start aligned");

static struct arena_chunk *chunk_new(const struct arena *arena, size_t size)
{
	struct arena_chunk head = { .size_bytes = size, .zeroed = true };
	struct arena_chunk *chunk;

	if (size >= ARENA_CHUNK_SCRATCH && size <= PROCESS_SCRATCH_BYTES && !mem_piecewise() &&
	    !arena->scratch_taken) {
		chunk = process_scratch_take(&head.zeroed);
		head.size_bytes = PROCESS_SCRATCH_BYTES;
		head.scratch = true;
	} else if (size >= ARENA_CHUNK_HUGE) {
		chunk = pages_new(size);
	} else {
		chunk = arena->dirty ? mem_alloc(size) : mem_zalloc(size);
		head.zeroed = !arena->dirty;
	}
	if (chunk)
		*chunk = head;
	return chunk;
}

static void chunk_free(struct arena_chunk *chunk)
{
	if (chunk->scratch)
		process_scratch_give(chunk);
	else if (chunk->size_bytes >= ARENA_CHUNK_HUGE)
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
	if (!arena->chunks && arena->first_bytes)
		size = MAX(arena->first_bytes, (size_t)ARENA_CHUNK_MIN);
	size = mem_piecewise() ? 0 : size;
	size = MAX(size, need_bytes + sizeof(*chunk));
	chunk = chunk_new(arena, size);
	if (!chunk)
		return false;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->scratch_taken |= chunk->scratch;
	arena->at = chunk->room;
	arena->end = (u8 *)chunk + chunk->size_bytes;
	return true;
}

/* Aligned, zeroed when @zero. */
static void *take(struct arena *arena, size_t size_bytes, bool zero)
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
	if (zero && !arena->chunks->zeroed)
		memset(p, 0, size);
	return p;
}

void *arena_alloc(struct arena *arena, size_t size_bytes)
{
	return take(arena, size_bytes, !arena->dirty);
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
	u64 total;

	if (mul_overflow_u64(count, size_bytes, &total))
		return NULL;
	return take(arena, (size_t)total, true);
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
