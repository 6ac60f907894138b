/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that is freed all at once: one arena per verification, load or parse. Not thread-safe.
 * A zeroed struct is an empty arena.
 */
#ifndef SKEP_BASE_ARENA_H
#define SKEP_BASE_ARENA_H

#include "base/types.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks; /* newest first */
	u8 *at, *end;		    /* the free rest of the newest */
	size_t used_bytes;	    /* handed out so far */
	bool dirty;		    /* set before the first use: memory is not zeroed */
	bool scratch_taken;	    /* one chunk is the process's */
	size_t first_bytes;	    /* set before the first use: as much as will be needed */
};

/* Zeroed unless ->dirty, aligned to 16 bytes; NULL when memory is short. 0 bytes: valid too. */
void *arena_alloc(struct arena *arena, size_t size_bytes) must_check;
void *arena_alloc_array(struct arena *arena, size_t count, size_t size_bytes) must_check;
/* The same, but zeroed in any case. */
void *arena_zalloc_array(struct arena *arena, size_t count, size_t size_bytes) must_check;
void *arena_dup(struct arena *arena, const void *p, size_t size_bytes) must_check;
/* Frees everything; the arena is empty and usable again. */
void arena_fini(struct arena *arena);

#endif
