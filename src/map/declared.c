/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps that are only declared: of any type of spec/maptypes.def, with all that a verifier asks of a
 * map (type, sizes, flags, BTF) and no elements. For instances that verify and run nothing, so
 * that a program is not refused for a map type whose working is not here yet.
 */
#include "base/mem.h"
#include "btf/btf.h"
#include "map/map_int.h"

struct map_declared {
	struct map map;
};

static const struct map_ops declared_ops;

static void declared_free(struct map *map)
{
	mem_free(container_of(map, struct map_declared, map));
}

static void *declared_lookup(struct map *map, u32 cpu, const void *key)
{
	(void)map;
	(void)cpu;
	(void)key;
	return NULL;
}

static int declared_update(struct map *map, u32 cpu, const void *key, const void *value, u64 flags)
{
	(void)map;
	(void)cpu;
	(void)key;
	(void)value;
	(void)flags;
	return -EOPNOTSUPP;
}

static int declared_delete(struct map *map, const void *key)
{
	(void)map;
	(void)key;
	return -ENOENT;
}

static int declared_user_lookup(struct map *map, const void *key, void *ret_value, u64 flags)
{
	(void)map;
	(void)key;
	(void)ret_value;
	(void)flags;
	return -ENOENT;
}

static int declared_user_update(struct map *map, const void *key, const void *value, u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	(void)flags;
	return -EOPNOTSUPP;
}

static int declared_next_key(struct map *map, const void *key, void *ret_next_key)
{
	(void)map;
	(void)key;
	(void)ret_next_key;
	return -ENOENT;
}

static bool declared_extent_at(struct map *map, u64 addr, struct extent *ret_extent)
{
	(void)map;
	(void)addr;
	(void)ret_extent;
	return false;
}

static const struct map_ops declared_ops = {
	.free = declared_free,
	.lookup = declared_lookup,
	.update = declared_update,
	.delete = declared_delete,
	.user_lookup = declared_user_lookup,
	.user_update = declared_user_update,
	.next_key = declared_next_key,
	.extent_at = declared_extent_at,
	.holds = OBJ_KIND_CNT,
	.inner = MAP_INNER_ALIKE,
};

int map_declare(const struct map_attr *attr, const struct map_env *env, struct map **ret_map)
{
	struct map_declared *d;

	if (!map_type_name(attr->type) || attr->type == MAP_TYPE_UNSPEC)
		return -EINVAL;
	d = mem_zalloc(sizeof(*d));
	if (!d)
		return -ENOMEM;
	map_init(&d->map, attr, env, &declared_ops);
	if (attr->btf)
		d->map.attr.btf = btf_get(attr->btf);
	*ret_map = &d->map;
	return 0;
}
