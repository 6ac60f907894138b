/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Elements of one size in a region, by number (1, 2, …; 0: none), that are used again only when
 * everybody who may still be looking at them is done: by epoch. The lock of the map that owns the
 * pool guards it.
 */
#ifndef SKEP_MAP_POOL_H
#define SKEP_MAP_POOL_H

#include "base/epoch.h"
#include "base/lock.h"
#include "map/map_int.h"

struct map_pool {
	struct map *map;
	struct lock *lock; /* the map's */
	u8 *elems;	   /* in its region: elem_bytes each */
	_Atomic u32 *links; /* in its region's ctl: one for each element that is not in use */
	u32 elem_bytes, cap;
	u32 used; /* elements ever taken */
	u32 free, retired, waiting;
	bool in_grace; /* `waiting` waits for readers, with a reference to the map */
	struct epoch_work work;
};

static inline void *map_pool_at(const struct map_pool *pool, u32 number)
{
	return pool->elems + (u64)(number - 1) * pool->elem_bytes;
}

/* 0 when all are taken. The contents are whatever was there. */
u32 map_pool_take_locked(struct map_pool *pool);
/* @number can no longer be found by new readers. */
void map_pool_retire_locked(struct map_pool *pool, u32 number);
/* Nobody ever saw @number. */
void map_pool_give_locked(struct map_pool *pool, u32 number);
/* After the lock was given back: sees to it that what was retired comes free in the end. */
void map_pool_recycle(struct map_pool *pool);

#endif
