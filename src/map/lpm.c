/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Longest-prefix-match tries (the kernel's lpm_trie.c). A key is a length in bits and up to 256
 * bytes of data, most significant bit first. An update publishes a new leaf, so values are whole;
 * what is taken out is used again only after all runs that may look at it have ended.
 */
#include "base/mem.h"
#include "base/pages.h"
#include "map/lpm_int.h"

#define LPM_DATA_BYTES_MAX  256u
#define LPM_VALUE_BYTES_MAX ((4u << 20) - 256u - 40u) /* KMALLOC_MAX_SIZE less data and node */
#define LPM_SPARE	    64u

static struct map_lpm *as_lpm(struct map *map)
{
	return container_of(map, struct map_lpm, map);
}

/* trie_alloc */
static int lpm_check(const struct map_attr *attr)
{
	if (!attr->max_entries || !(attr->flags & MAP_F_NO_PREALLOC) ||
	    attr->flags & ~(u32)(MAP_F_NO_PREALLOC | MAP_F_NUMA_NODE | MAP_F_ACCESS) ||
	    !map_flags_access_ok(attr->flags))
		return -EINVAL;
	if (attr->key_size_bytes < 5 || attr->key_size_bytes > 4 + LPM_DATA_BYTES_MAX ||
	    !attr->value_size_bytes || attr->value_size_bytes > LPM_VALUE_BYTES_MAX)
		return -EINVAL;
	return 0;
}

/*
 * Room for twice the entries, as replaced ones linger, and for the nodes that so many may need;
 * but no more than memory could ever hold. Nothing is used before it is touched.
 */
static void lpm_sizes(const struct map_lpm *t, u64 *ret_nodes, u64 *ret_leaves)
{
	u64 entries = t->map.attr.max_entries, ram = pages_ram_bytes();

	*ret_leaves = MIN(entries * 2 + LPM_SPARE, ram / t->leaves.elem_bytes + LPM_SPARE);
	*ret_nodes = MIN(entries * (4 + t->data_bytes / 8) + LPM_SPARE,
			 ram / sizeof(struct lpm_node) + LPM_SPARE);
	*ret_leaves = MIN(*ret_leaves, (u64)INT32_MAX);
	*ret_nodes = MIN(*ret_nodes, (u64)INT32_MAX);
}

static int lpm_alloc(const struct map_attr *attr, const struct map_env *env,
		     struct map **ret_map)
{
	struct map_lpm *t = mem_zalloc(sizeof(*t));
	struct region_spec spec = { 0 };
	u64 nodes, leaves;
	int err;

	if (!t)
		return -ENOMEM;
	map_init(&t->map, attr, env, &map_lpm_ops);
	t->data_bytes = attr->key_size_bytes - 4;
	t->key_room_bytes = (u32)align_up(attr->key_size_bytes, 8);
	t->nodes = (struct map_pool){ .elem_bytes = sizeof(struct lpm_node) };
	t->leaves = (struct map_pool){
		.elem_bytes = t->key_room_bytes + (u32)align_up(attr->value_size_bytes, 8),
	};
	lpm_sizes(t, &nodes, &leaves);
	spec.data_bytes = nodes * t->nodes.elem_bytes + leaves * t->leaves.elem_bytes;
	spec.ctl_bytes = sizeof(struct lpm_ctl) + (nodes + leaves) * sizeof(u32);
	err = region_init(&t->map.region, &spec);
	if (err) {
		mem_free(t);
		return err;
	}
	map_region_stamp(&t->map);
	t->ctl = region_ctl(&t->map.region);
	t->nodes.map = t->leaves.map = &t->map;
	t->nodes.lock = t->leaves.lock = &t->lock;
	t->nodes.cap = (u32)nodes;
	t->leaves.cap = (u32)leaves;
	t->nodes.elems = t->map.region.data;
	t->leaves.elems = t->map.region.data + nodes * t->nodes.elem_bytes;
	t->nodes.links = t->ctl->links;
	t->leaves.links = t->ctl->links + nodes;
	*ret_map = &t->map;
	return 0;
}

static void lpm_free(struct map *map)
{
	region_fini(&map->region);
	mem_free(as_lpm(map));
}

static struct lpm_key key_of(const void *key)
{
	return (struct lpm_key){ (const u8 *)key + 4, load_u32(key) };
}

static bool key_fits(const struct map_lpm *t, struct lpm_key key)
{
	return key.bits <= t->data_bytes * 8;
}

/*
 * A program's key may lie in a map that another thread writes: what was checked must be what is
 * used, so whatever changes the trie works on a copy (fault: lpm-key-changes).
 */
struct lpm_key_copy {
	u8 bytes[4 + LPM_DATA_BYTES_MAX];
};

static bool key_take(const struct map_lpm *t, const void *key, struct lpm_key_copy *copy)
{
	const _Atomic u8 *from = key;

	for (u32 i = 0; i < t->map.attr.key_size_bytes; i++)
		copy->bytes[i] = atomic_load_explicit(&from[i], memory_order_relaxed);
	return key_fits(t, key_of(copy->bytes));
}

static void *lpm_lookup(struct map *map, u32 cpu, const void *key)
{
	struct map_lpm *t = as_lpm(map);
	struct lpm_key k = key_of(key);
	u32 leaf = key_fits(t, k) ? lpm_find(t, k) : 0;

	(void)cpu;
	return leaf ? lpm_leaf_value(t, leaf) : NULL;
}

/* trie_update_elem between its checks and its end. */
static int lpm_put_locked(struct map_lpm *t, const void *key, const void *value, u64 flags)
{
	struct lpm_key k = key_of(key);
	u32 old = lpm_exact_locked(t, k), leaf;
	int err;

	if (old ? flags == ELEM_NOEXIST : flags == ELEM_EXIST)
		return old ? -EEXIST : -ENOENT;
	if (!old && t->ctl->cnt == t->map.attr.max_entries)
		return -ENOSPC;
	leaf = map_pool_take_locked(&t->leaves);
	if (!leaf)
		return -ENOMEM;
	memcpy(map_pool_at(&t->leaves, leaf), key, t->map.attr.key_size_bytes);
	elem_store(lpm_leaf_value(t, leaf), value, t->map.attr.value_size_bytes);
	err = lpm_insert_locked(t, k, leaf, &old);
	if (err) {
		map_pool_give_locked(&t->leaves, leaf);
		return err;
	}
	if (old)
		map_pool_retire_locked(&t->leaves, old);
	else
		t->ctl->cnt++;
	return 0;
}

static void lpm_recycle(struct map_lpm *t)
{
	map_pool_recycle(&t->nodes);
	map_pool_recycle(&t->leaves);
}

static int lpm_user_update(struct map *map, const void *key, const void *value, u64 flags)
{
	struct map_lpm *t = as_lpm(map);
	struct lpm_key_copy copy;
	int err;

	if (flags > ELEM_EXIST || !key_take(t, key, &copy))
		return -EINVAL;
	lock_take(&t->lock);
	err = lpm_put_locked(t, copy.bytes, value, flags);
	lock_give(&t->lock);
	lpm_recycle(t);
	return err;
}

static int lpm_update(struct map *map, u32 cpu, const void *key, const void *value, u64 flags)
{
	(void)cpu;
	return lpm_user_update(map, key, value, flags);
}

static int lpm_delete(struct map *map, const void *key)
{
	struct map_lpm *t = as_lpm(map);
	struct lpm_key_copy copy;
	u32 old;

	if (!key_take(t, key, &copy))
		return -EINVAL;
	lock_take(&t->lock);
	old = lpm_remove_locked(t, key_of(copy.bytes));
	if (old) {
		map_pool_retire_locked(&t->leaves, old);
		t->ctl->cnt--;
	}
	lock_give(&t->lock);
	lpm_recycle(t);
	return old ? 0 : -ENOENT;
}

MAP_INTRINSIC_FN(map_lpm_call_lookup)
{
	return ptr_to_u64(lpm_lookup(u64_to_ptr(r1), 0, u64_to_ptr(r2)));
}

MAP_INTRINSIC_FN(map_lpm_call_update)
{
	return (u64)(s64)lpm_user_update(u64_to_ptr(r1), u64_to_ptr(r2), u64_to_ptr(r3), r4);
}

MAP_INTRINSIC_FN(map_lpm_call_delete)
{
	return (u64)(s64)lpm_delete(u64_to_ptr(r1), u64_to_ptr(r2));
}

static void lpm_call_insns(const struct map *map, const struct map_call *call,
			   struct map_code *code)
{
	static const enum intrinsic ids[] = {
		[MAP_CALL_LOOKUP] = INTRINSIC_LPM_LOOKUP,
		[MAP_CALL_UPDATE] = INTRINSIC_LPM_UPDATE,
		[MAP_CALL_DELETE] = INTRINSIC_LPM_DELETE,
	};

	(void)map;
	map_code_call(code, ids[call->kind]);
}

static int lpm_user_lookup(struct map *map, const void *key, void *ret_value, u64 flags)
{
	u32 token = epoch_enter(map->env->epoch);
	const void *value = lpm_lookup(map, 0, key);

	(void)flags;
	if (value)
		elem_load(ret_value, value, map->attr.value_size_bytes);
	epoch_exit(map->env->epoch, token);
	return value ? 0 : -ENOENT;
}

/* trie_get_next_key: a key that is not there starts from the beginning. */
static int lpm_next_key(struct map *map, const void *key, void *ret_next_key)
{
	struct map_lpm *t = as_lpm(map);
	struct lpm_key k = { NULL, 0 };
	u32 next;

	lock_take(&t->lock);
	if (key && key_fits(t, key_of(key)) && lpm_exact_locked(t, key_of(key)))
		k = key_of(key);
	next = lpm_next_locked(t, k);
	if (next)
		memcpy(ret_next_key, map_pool_at(&t->leaves, next), map->attr.key_size_bytes);
	lock_give(&t->lock);
	return next ? 0 : -ENOENT;
}

static bool lpm_extent_at(struct map *map, u64 addr, struct extent *ret_extent)
{
	struct map_lpm *t = as_lpm(map);
	u64 base = ptr_to_u64(t->leaves.elems), index;

	if (addr + MAP_EXTENT_NEAR_BYTES < base ||
	    addr >= base + (u64)t->leaves.cap * t->leaves.elem_bytes + MAP_EXTENT_NEAR_BYTES)
		return false;
	index = MIN(addr < base ? 0 : (addr - base) / t->leaves.elem_bytes, (u64)t->leaves.cap - 1);
	*ret_extent = (struct extent){
		.base = ptr_to_u64(lpm_leaf_value(t, (u32)index + 1)),
		.size_bytes = map->attr.value_size_bytes,
		.kind = EXTENT_MAP_VALUE,
		.perm = map_prog_perm(map),
		.name = map->attr.name,
		.index = -1,
	};
	return true;
}

const struct map_ops map_lpm_ops = {
	.check = lpm_check,
	.alloc = lpm_alloc,
	.free = lpm_free,
	.lookup = lpm_lookup,
	.update = lpm_update,
	.delete = lpm_delete,
	.user_lookup = lpm_user_lookup,
	.user_update = lpm_user_update,
	.next_key = lpm_next_key,
	.extent_at = lpm_extent_at,
	.call_insns = lpm_call_insns,
	.holds = OBJ_KIND_CNT,
	.inner = MAP_INNER_ALIKE,
	.batches = MAP_BATCH_LOOKUP | MAP_BATCH_UPDATE | MAP_BATCH_DELETE,
};
