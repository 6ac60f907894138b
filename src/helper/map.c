/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers on maps. Arguments were checked by the guard or the verifier: r1 is a map of a type that
 * spec/map_helpers.def allows, keys and values have the map's sizes.
 */
#include "base/err.h"
#include "helper/helper_int.h"
#include "map/map.h"

HELPER_FN(map_lookup_elem)
{
	struct map *map = u64_to_ptr(r1);

	if (unlikely(!map->ops->lookup))
		return 0;
	return ptr_to_u64(map->ops->lookup(map, run->cpu, u64_to_ptr(r2)));
}

HELPER_FN(map_update_elem)
{
	struct map *map = u64_to_ptr(r1);

	if (unlikely(!map->ops->update))
		return helper_err(-EOPNOTSUPP);
	return helper_err(map->ops->update(map, run->cpu, u64_to_ptr(r2), u64_to_ptr(r3), r4));
}

HELPER_FN(map_delete_elem)
{
	struct map *map = u64_to_ptr(r1);

	if (unlikely(!map->ops->delete))
		return helper_err(-EOPNOTSUPP);
	return helper_err(map->ops->delete(map, u64_to_ptr(r2)));
}

/* (map, key, cpu): the copy of another CPU slot; NULL for a slot that does not exist. */
HELPER_FN(map_lookup_percpu_elem)
{
	struct map *map = u64_to_ptr(r1);
	u32 cpu = (u32)r3;

	if (!map->ops->lookup || cpu >= map->env->cpu_cnt)
		return 0;
	return ptr_to_u64(map->ops->lookup(map, cpu, u64_to_ptr(r2)));
}

HELPER_FN(map_push_elem)
{
	struct map *map = u64_to_ptr(r1);

	if (!map->ops->push)
		return helper_err(-EOPNOTSUPP);
	return helper_err(map->ops->push(map, u64_to_ptr(r2), r3));
}

HELPER_FN(map_pop_elem)
{
	struct map *map = u64_to_ptr(r1);

	if (!map->ops->pop)
		return helper_err(-EOPNOTSUPP);
	return helper_err(map->ops->pop(map, u64_to_ptr(r2)));
}

HELPER_FN(map_peek_elem)
{
	struct map *map = u64_to_ptr(r1);

	if (!map->ops->peek)
		return helper_err(-EOPNOTSUPP);
	return helper_err(map->ops->peek(map, u64_to_ptr(r2)));
}

struct for_each {
	struct run *run;
	struct map *map;
	u64 fn, ctx;
	struct extent *key; /* lets the callback read its key; NULL when the run has no room */
};

static int visit(void *cookie, const void *key, void *value)
{
	struct for_each *f = cookie;
	u64 args[5] = { ptr_to_u64(f->map), ptr_to_u64(key), ptr_to_u64(value), f->ctx };
	u64 ret;

	if (f->key)
		f->key->base = ptr_to_u64(key);
	ret = f->run->ops->callback(f->run, f->fn, args);
	return ret || f->run->fault.kind != FAULT_NONE;
}

/* (map, callback, ctx, flags): how many elements were visited. */
HELPER_FN(for_each_map_elem)
{
	struct for_each f = {
		.run = run, .map = u64_to_ptr(r1), .fn = r2, .ctx = r3, .key = NULL
	};
	s64 ret;

	if (r4)
		return helper_err(-EINVAL);
	if (!f.map->ops->for_each)
		return helper_err(-EOPNOTSUPP);
	if (run->extent_cnt < RUN_EXTENTS_MAX) {
		f.key = &run->extents[run->extent_cnt++];
		*f.key = (struct extent){
			.size_bytes = f.map->attr.key_size_bytes,
			.kind = EXTENT_MEM,
			.perm = EXTENT_READ,
			.name = "map key",
			.index = -1,
		};
	}
	ret = f.map->ops->for_each(f.map, run->cpu, visit, &f);
	if (f.key)
		run->extent_cnt--;
	return (u64)ret;
}
