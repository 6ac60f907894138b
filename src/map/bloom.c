/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bloom filters (the kernel's bloom_filter.c): push adds a value, peek says whether it may be in.
 * map_extra's low four bits are the number of hash functions, 5 when 0.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "base/rand.h"
#include "map/map_int.h"

#define BLOOM_HASHES_DEFAULT 5u
#define BLOOM_HASHES_MASK    0xfu
#define BLOOM_VALUE_BYTES_MAX (4u << 20) /* KMALLOC_MAX_SIZE */

struct bloom_ctl {
	u64 seed;
};

struct map_bloom {
	struct map map;
	u64 seed;
	u32 hash_cnt;
	u32 bit_mask;
	_Atomic u64 *bits; /* relaxed: a bit never goes back */
};

static struct map_bloom *as_bloom(struct map *map)
{
	return container_of(map, struct map_bloom, map);
}

/* bloom_map_alloc_check, then bloom_map_alloc */
static int bloom_check(const struct map_attr *attr)
{
	if (attr->value_size_bytes > BLOOM_VALUE_BYTES_MAX)
		return -E2BIG;
	if (attr->key_size_bytes || !attr->value_size_bytes || !attr->max_entries ||
	    attr->flags & ~(u32)(MAP_F_NUMA_NODE | MAP_F_ZERO_SEED | MAP_F_ACCESS) ||
	    !map_flags_access_ok(attr->flags) || attr->map_extra & ~(u64)BLOOM_HASHES_MASK)
		return -EINVAL;
	return 0;
}

/*
 * Entries times hashes over ln 2, as 7/5, up to a power of two: half of the bits are set when the
 * filter is full. All 2^32 bits where that is more.
 */
static u32 bloom_bit_mask(u32 max_entries, u32 hash_cnt)
{
	u64 bits = (u64)max_entries * hash_cnt / 5 * 7;

	if (bits > (1ull << 31))
		return UINT32_MAX;
	return (u32)MAX(pow2_roundup(bits), 64ull) - 1;
}

static int bloom_alloc(const struct map_attr *attr, const struct map_env *env,
		       struct map **ret_map)
{
	struct region_spec spec = { .ctl_bytes = sizeof(struct bloom_ctl), .at_once = true };
	struct map_bloom *b = mem_zalloc(sizeof(*b));
	int err;

	if (!b)
		return -ENOMEM;
	map_init(&b->map, attr, env, &map_bloom_ops);
	b->hash_cnt = (u32)attr->map_extra ? (u32)attr->map_extra : BLOOM_HASHES_DEFAULT;
	b->bit_mask = bloom_bit_mask(attr->max_entries, b->hash_cnt);
	spec.data_bytes = ((u64)b->bit_mask + 1) / 8;
	err = region_init(&b->map.region, &spec);
	if (err) {
		mem_free(b);
		return err;
	}
	map_region_stamp(&b->map);
	b->seed = attr->flags & MAP_F_ZERO_SEED ? 0 : rand_system_u64();
	((struct bloom_ctl *)region_ctl(&b->map.region))->seed = b->seed;
	b->bits = (_Atomic u64 *)(void *)b->map.region.data;
	*ret_map = &b->map;
	return 0;
}

static void bloom_free(struct map *map)
{
	region_fini(&map->region);
	mem_free(as_bloom(map));
}

static u32 bloom_bit(const struct map_bloom *b, const void *value, u32 hash)
{
	return (u32)hash_bytes(value, b->map.attr.value_size_bytes, b->seed + hash) & b->bit_mask;
}

static int bloom_push(struct map *map, const void *value, u64 flags)
{
	struct map_bloom *b = as_bloom(map);

	if (flags != ELEM_ANY)
		return -EINVAL;
	for (u32 i = 0; i < b->hash_cnt; i++) {
		u32 bit = bloom_bit(b, value, i);

		atomic_fetch_or_explicit(&b->bits[bit / 64], 1ull << bit % 64,
					 memory_order_relaxed);
	}
	return 0;
}

static int bloom_peek(struct map *map, void *value)
{
	struct map_bloom *b = as_bloom(map);

	for (u32 i = 0; i < b->hash_cnt; i++) {
		u32 bit = bloom_bit(b, value, i);

		if (!(atomic_load_explicit(&b->bits[bit / 64], memory_order_relaxed) >> bit % 64 &
		      1))
			return -ENOENT;
	}
	return 0;
}

static int bloom_pop(struct map *map, void *ret_value)
{
	(void)map;
	(void)ret_value;
	return -EOPNOTSUPP;
}

static void *bloom_lookup(struct map *map, u32 cpu, const void *key)
{
	(void)map;
	(void)cpu;
	(void)key;
	return NULL;
}

static int bloom_update(struct map *map, u32 cpu, const void *key, const void *value, u64 flags)
{
	(void)map;
	(void)cpu;
	(void)key;
	(void)value;
	(void)flags;
	return -EINVAL;
}

static int bloom_delete(struct map *map, const void *key)
{
	(void)map;
	(void)key;
	return -EOPNOTSUPP;
}

static int bloom_next_key(struct map *map, const void *key, void *ret_next_key)
{
	(void)map;
	(void)key;
	(void)ret_next_key;
	return -EOPNOTSUPP;
}

/* The value to look for is given where others get theirs. */
static int bloom_user_lookup(struct map *map, const void *key, void *ret_value, u64 flags)
{
	(void)key;
	(void)flags;
	return bloom_peek(map, ret_value);
}

static int bloom_user_update(struct map *map, const void *key, const void *value, u64 flags)
{
	(void)key;
	return bloom_push(map, value, flags);
}

static bool bloom_extent_at(struct map *map, u64 addr, struct extent *ret_extent)
{
	(void)map;
	(void)addr;
	(void)ret_extent;
	return false;
}

const struct map_ops map_bloom_ops = {
	.check = bloom_check,
	.alloc = bloom_alloc,
	.free = bloom_free,
	.lookup = bloom_lookup,
	.update = bloom_update,
	.delete = bloom_delete,
	.push = bloom_push,
	.pop = bloom_pop,
	.peek = bloom_peek,
	.user_lookup = bloom_user_lookup,
	.user_update = bloom_user_update,
	.next_key = bloom_next_key,
	.extent_at = bloom_extent_at,
	.holds = OBJ_KIND_CNT,
	.inner = MAP_INNER_ALIKE,
};
