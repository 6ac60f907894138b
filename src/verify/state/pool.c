/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Free lists by size class over an arena of their own, which nobody zeroes. Copying a state takes
 * and gives back a handful of blocks; in the steady state none of that reaches malloc.
 *
 * A block of n units of 16 bytes has n rounded up to three significant bits: 1…8, 10, 12, 14, 16,
 * 20, …: at most a fifth is lost.
 */
#include "verify/state/pool.h"

#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/mem.h"
#include "verify/state/env.h"

#define UNIT_BYTES  16u
#define CLASSES_MAX 128

struct pool_block {
	struct pool_block *next;
};

struct state_pool {
	struct pool_block *free[CLASSES_MAX];
	bool fresh; /* a test of allocations that fail: each block is one, none is used again */
};

int pool_init(struct env *env)
{
	env->pool_arena.dirty = true;
	env->pool = env_alloc(env, sizeof(*env->pool));
	if (!env->pool)
		return -ENOMEM;
	env->pool->fresh = mem_piecewise();
	return 0;
}

/* The class of @size_bytes and the size of its blocks. */
static u32 class_of(size_t size_bytes, size_t *ret_bytes)
{
	size_t units = (MAX(size_bytes, (size_t)1) + UNIT_BYTES - 1) / UNIT_BYTES;
	u32 shift;

	if (units <= 8) {
		*ret_bytes = units * UNIT_BYTES;
		return (u32)units - 1;
	}
	shift = ilog2_u64(units - 1) - 2;
	units = ((units - 1) >> shift) + 1; /* 5…8 */
	*ret_bytes = (units << shift) * UNIT_BYTES;
	return 8 + (shift - 1) * 4 + (u32)units - 5;
}

void *pool_take(struct env *env, size_t size_bytes, size_t *ret_bytes)
{
	size_t bytes;
	u32 class = class_of(size_bytes, &bytes);
	struct pool_block *block = env->pool->free[class];

	if (ret_bytes)
		*ret_bytes = bytes;
	if (!block)
		return env_alloc_pool(env, bytes);
	env->pool->free[class] = block->next;
	return block;
}

void pool_give(struct env *env, void *block, size_t size_bytes)
{
	struct pool_block *b = block;
	size_t bytes;
	u32 class;

	if (!b || env->pool->fresh)
		return;
	class = class_of(size_bytes, &bytes);
	b->next = env->pool->free[class];
	env->pool->free[class] = b;
}

int pool_grow(struct env *env, void **array, u32 *cap, u32 need, size_t elem_bytes)
{
	size_t bytes;
	void *block;

	if (need <= *cap)
		return 0;
	block = pool_take(env, MAX(need, *cap * 2) * elem_bytes, &bytes);
	if (!block)
		return -ENOMEM;
	if (*cap)
		memcpy(block, *array, *cap * elem_bytes);
	pool_give(env, *array, *cap * elem_bytes);
	*array = block;
	/* Kept a whole class, so that giving it back finds the same one. */
	*cap = (u32)(bytes / elem_bytes);
	return 0;
}
