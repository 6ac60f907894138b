/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arrays of perf events: programs that name one load, and it can be sized and looked at. Events
 * cannot be put in yet (-EOPNOTSUPP), so bpf_perf_event_output finds none (-ENOENT) as in the
 * kernel before a client opened its buffers.
 */
#include "base/bytes.h"
#include "base/mem.h"
#include "map/map_int.h"

struct map_perf_array {
	struct map map;
};

/* fd_array_map_alloc_check with array_map_alloc_check */
static int perf_array_check(const struct map_attr *attr)
{
	u32 known = MAP_F_NUMA_NODE | MAP_F_RDONLY | MAP_F_WRONLY | MAP_F_PRESERVE_ELEMS;

	if (attr->value_size_bytes != 4 || attr->key_size_bytes != 4 || !attr->max_entries ||
	    attr->flags & ~known)
		return -EINVAL;
	return 0;
}

static int perf_array_alloc(const struct map_attr *attr, const struct map_env *env,
			    struct map **ret_map)
{
	struct map_perf_array *a = mem_zalloc(sizeof(*a));

	if (!a)
		return -ENOMEM;
	map_init(&a->map, attr, env, &map_perf_array_ops);
	*ret_map = &a->map;
	return 0;
}

static void perf_array_free(struct map *map)
{
	mem_free(container_of(map, struct map_perf_array, map));
}

static void *perf_array_lookup(struct map *map, u32 cpu, const void *key)
{
	(void)map;
	(void)cpu;
	(void)key;
	return NULL;
}

static int perf_array_update(struct map *map, u32 cpu, const void *key, const void *value,
			     u64 flags)
{
	(void)map;
	(void)cpu;
	(void)key;
	(void)value;
	(void)flags;
	return -EINVAL;
}

static int perf_array_user_update(struct map *map, const void *key, const void *value, u64 flags)
{
	(void)value;
	if (flags != ELEM_ANY)
		return -EINVAL;
	return load_u32(key) >= map->attr.max_entries ? -E2BIG : -EOPNOTSUPP;
}

static int perf_array_delete(struct map *map, const void *key)
{
	return load_u32(key) >= map->attr.max_entries ? -E2BIG : -ENOENT;
}

static int perf_array_user_lookup(struct map *map, const void *key, void *ret_value, u64 flags)
{
	(void)map;
	(void)key;
	(void)ret_value;
	(void)flags;
	return -ENOTSUPP;
}

static bool perf_array_extent_at(struct map *map, u64 addr, struct extent *ret_extent)
{
	(void)map;
	(void)addr;
	(void)ret_extent;
	return false;
}

const struct map_ops map_perf_array_ops = {
	.check = perf_array_check,
	.alloc = perf_array_alloc,
	.free = perf_array_free,
	.lookup = perf_array_lookup,
	.update = perf_array_update,
	.delete = perf_array_delete,
	.user_lookup = perf_array_user_lookup,
	.user_update = perf_array_user_update,
	.next_key = map_index_next_key,
	.extent_at = perf_array_extent_at,
	.holds = OBJ_KIND_CNT,
	.inner = MAP_INNER_ALIKE,
};
