/* SPDX-License-Identifier: BSD-2-Clause */
#include "map/pool.h"

static u32 link_get(const struct map_pool *pool, u32 number)
{
	return atomic_load_explicit(&pool->links[number - 1], memory_order_relaxed);
}

static void link_set(struct map_pool *pool, u32 number, u32 next)
{
	atomic_store_explicit(&pool->links[number - 1], next, memory_order_relaxed);
}

u32 map_pool_take_locked(struct map_pool *pool)
{
	u32 number = pool->free;

	if (number)
		pool->free = link_get(pool, number);
	else if (pool->used < pool->cap)
		number = ++pool->used;
	return number;
}

void map_pool_retire_locked(struct map_pool *pool, u32 number)
{
	link_set(pool, number, pool->retired);
	pool->retired = number;
}

void map_pool_give_locked(struct map_pool *pool, u32 number)
{
	link_set(pool, number, pool->free);
	pool->free = number;
}

static void grace_is_over(struct epoch_work *work)
{
	struct map_pool *pool = container_of(work, struct map_pool, work);
	struct map *map = pool->map;

	lock_take(pool->lock);
	while (pool->waiting) {
		u32 number = pool->waiting;

		pool->waiting = link_get(pool, number);
		map_pool_give_locked(pool, number);
	}
	pool->in_grace = false;
	lock_give(pool->lock);
	map_put(map);
}

void map_pool_recycle(struct map_pool *pool)
{
	bool begin;

	lock_take(pool->lock);
	begin = pool->retired && !pool->in_grace;
	if (begin) {
		pool->waiting = pool->retired;
		pool->retired = 0;
		pool->in_grace = true;
		map_get(pool->map);
	}
	lock_give(pool->lock);
	/* Outside the lock: it may run at once. */
	if (begin)
		epoch_defer(pool->map->env->epoch, &pool->work, grace_is_over);
}
