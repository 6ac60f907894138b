/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps of network devices (the kernel's devmap.c): by index, and by any 32-bit key over the hash of
 * map/hash.c. A value is an ifindex and, in the 8-byte form, the program that runs on what leaves
 * there, given as descriptor and read back as id. Which interfaces exist is known to whoever runs a
 * program, not here: any ifindex is taken. An ifindex of 0 is an empty entry.
 */
#include "base/bytes.h"
#include "base/mem.h"
#include "map/map_int.h"

#define DEVMAP_ENTRIES_MAX (1u << 31)

struct map_devmap {
	struct map map;
};

/* dev_map_alloc_check */
static int devmap_check(const struct map_attr *attr)
{
	if (!attr->max_entries || attr->key_size_bytes != 4 ||
	    (attr->value_size_bytes != 4 && attr->value_size_bytes != 8) ||
	    attr->flags & ~(u32)(MAP_F_NUMA_NODE | MAP_F_RDONLY | MAP_F_WRONLY))
		return -EINVAL;
	if (attr->type == MAP_TYPE_DEVMAP_HASH && attr->max_entries > DEVMAP_ENTRIES_MAX)
		return -EINVAL;
	return 0;
}

static int devmap_hash_alloc(const struct map_attr *attr, const struct map_env *env,
			     struct map **ret_map)
{
	int err = map_hash_alloc(attr, env, ret_map);

	/* Programs get a pointer to what user space wrote, to read only. */
	if (!err)
		(*ret_map)->attr.flags |= MAP_F_RDONLY_PROG;
	return err;
}

static int devmap_alloc(const struct map_attr *attr, const struct map_env *env,
			struct map **ret_map)
{
	struct region_spec spec = { .data_bytes = 8ull * attr->max_entries, .at_once = true };
	struct map_devmap *d = mem_zalloc(sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	map_init(&d->map, attr, env, &map_devmap_ops);
	d->map.attr.flags |= MAP_F_RDONLY_PROG;
	err = region_init(&d->map.region, &spec);
	if (err) {
		mem_free(d);
		return err;
	}
	*ret_map = &d->map;
	return 0;
}

static void devmap_free(struct map *map)
{
	region_fini(&map->region);
	mem_free(container_of(map, struct map_devmap, map));
}

static void *devmap_entry(const struct map *map, u32 index)
{
	return map->region.data + 8ull * index;
}

static void *devmap_lookup(struct map *map, u32 cpu, const void *key)
{
	u32 index = load_u32(key);
	void *entry;

	(void)cpu;
	if (index >= map->attr.max_entries)
		return NULL;
	entry = devmap_entry(map, index);
	return atomic_load_explicit((_Atomic u32 *)entry, memory_order_acquire) ? entry : NULL;
}

/* Programs cannot change device maps. */
static int devmap_update(struct map *map, u32 cpu, const void *key, const void *value, u64 flags)
{
	(void)map;
	(void)cpu;
	(void)key;
	(void)value;
	(void)flags;
	return -EINVAL;
}

/* What user space gave, as it is kept. */
static int devmap_value(const struct map *map, const void *value, u8 ret_value[8])
{
	memset(ret_value, 0, 8);
	memcpy(ret_value, value, 4);
	if (map->attr.value_size_bytes == 8 && (s32)load_u32((const u8 *)value + 4) > 0)
		/* Without a device no program can run on it; with one: not there yet. */
		return load_u32(value) ? -EOPNOTSUPP : -EINVAL;
	return 0;
}

/* __dev_map_update_elem */
static int devmap_user_update(struct map *map, const void *key, const void *value, u64 flags)
{
	u32 index = load_u32(key);
	u8 entry[8];
	int err;

	if (flags > ELEM_EXIST)
		return -EINVAL;
	if (index >= map->attr.max_entries)
		return -E2BIG;
	if (flags == ELEM_NOEXIST)
		return -EEXIST;
	err = devmap_value(map, value, entry);
	if (!err)
		elem_store(devmap_entry(map, index), entry, sizeof(entry));
	return err;
}

static int devmap_user_lookup(struct map *map, const void *key, void *ret_value, u64 flags)
{
	const void *entry = devmap_lookup(map, 0, key);

	(void)flags;
	if (!entry)
		return -ENOENT;
	elem_load(ret_value, entry, map->attr.value_size_bytes);
	return 0;
}

static int devmap_delete(struct map *map, const void *key)
{
	u32 index = load_u32(key);

	if (index >= map->attr.max_entries)
		return -EINVAL;
	elem_zero(devmap_entry(map, index), 8);
	return 0;
}

/* __dev_map_hash_update_elem: BPF_EXIST is let through and means nothing. */
static int devmap_hash_user_update(struct map *map, const void *key, const void *value, u64 flags)
{
	u8 entry[8];
	int err;

	if (flags > ELEM_EXIST || !load_u32(value))
		return -EINVAL;
	err = devmap_value(map, value, entry);
	if (err)
		return err;
	return map_hash_ops.user_update(map, key, entry, flags == ELEM_NOEXIST ? flags : ELEM_ANY);
}

static void *devmap_hash_lookup(struct map *map, u32 cpu, const void *key)
{
	return map_hash_ops.lookup(map, cpu, key);
}

static int devmap_hash_delete(struct map *map, const void *key)
{
	return map_hash_ops.delete(map, key);
}

static int devmap_hash_user_lookup(struct map *map, const void *key, void *ret_value, u64 flags)
{
	return map_hash_ops.user_lookup(map, key, ret_value, flags);
}

static int devmap_hash_next_key(struct map *map, const void *key, void *ret_next_key)
{
	return map_hash_ops.next_key(map, key, ret_next_key);
}

static bool devmap_hash_extent_at(struct map *map, u64 addr, struct extent *ret_extent)
{
	return map_hash_ops.extent_at(map, addr, ret_extent);
}

static void devmap_hash_free(struct map *map)
{
	map_hash_ops.free(map);
}

static bool devmap_extent_at(struct map *map, u64 addr, struct extent *ret_extent)
{
	u64 base = ptr_to_u64(map->region.data), index;

	if (addr + MAP_EXTENT_NEAR_BYTES < base ||
	    addr >= base + map->region.data_bytes + MAP_EXTENT_NEAR_BYTES)
		return false;
	index = MIN(addr < base ? 0 : (addr - base) / 8, (u64)map->attr.max_entries - 1);
	*ret_extent = (struct extent){
		.base = base + index * 8,
		.size_bytes = map->attr.value_size_bytes,
		.kind = EXTENT_MAP_VALUE,
		.perm = EXTENT_READ,
		.name = map->attr.name,
		.index = (s64)index,
	};
	return true;
}

const struct map_ops map_devmap_ops = {
	.check = devmap_check,
	.alloc = devmap_alloc,
	.free = devmap_free,
	.lookup = devmap_lookup,
	.update = devmap_update,
	.delete = devmap_delete,
	.user_lookup = devmap_user_lookup,
	.user_update = devmap_user_update,
	.next_key = map_index_next_key,
	.extent_at = devmap_extent_at,
	.holds = OBJ_KIND_CNT,
	.inner = MAP_INNER_ALIKE,
};

const struct map_ops map_devmap_hash_ops = {
	.check = devmap_check,
	.alloc = devmap_hash_alloc,
	.free = devmap_hash_free,
	.lookup = devmap_hash_lookup,
	.update = devmap_update,
	.delete = devmap_hash_delete,
	.user_lookup = devmap_hash_user_lookup,
	.user_update = devmap_hash_user_update,
	.next_key = devmap_hash_next_key,
	.extent_at = devmap_hash_extent_at,
	.holds = OBJ_KIND_CNT,
	.inner = MAP_INNER_ALIKE,
};
