/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hash, per-CPU hash and their LRU forms (the kernel's hashtab.c) over the table of hash_int.h.
 * All take their memory at creation, pages of it as they are touched, so BPF_F_NO_PREALLOC only
 * says that more may be asked for than there is memory.
 *
 * Updating an existing key in a per-CPU map writes in place, as in the kernel; in others it
 * publishes a new element, so that whoever copies a value gets one that was once written whole.
 */
#include "base/mem.h"
#include "map/hash_batch.h"
#include "map/hash_iter.h"

#define HASH_FLAGS                                                                                 \
	((u32)(MAP_F_NO_PREALLOC | MAP_F_NO_COMMON_LRU | MAP_F_NUMA_NODE | MAP_F_ACCESS |          \
	       MAP_F_ZERO_SEED))

/* KMALLOC_MAX_SIZE less the kernel's own head of an element. */
#define HASH_ELEM_BYTES_MAX ((4u << 20) - 48u)
#define HASH_ENTRIES_MAX    (1u << 31) /* rounded up to a power of two, it must fit 32 bits */
#define HASH_ALL_CPUS	    UINT32_MAX
#define HASH_COPY_TRIES	    8
#define HASH_EVICT_TRIES    64

/* What an update writes: one value, or (per-CPU types) that of one slot, or those of all. */
struct hash_value {
	const u8 *bytes;
	u32 cpu; /* or HASH_ALL_CPUS */
	u64 flags;
};

/* htab_map_alloc_check */
static int hash_check(const struct map_attr *attr)
{
	bool lru = attr->type == MAP_TYPE_LRU_HASH || attr->type == MAP_TYPE_LRU_PERCPU_HASH;
	bool percpu = attr->type == MAP_TYPE_PERCPU_HASH ||
		      attr->type == MAP_TYPE_LRU_PERCPU_HASH;
	bool own_lists = attr->flags & MAP_F_NO_COMMON_LRU;

	if (attr->flags & ~HASH_FLAGS || !map_flags_access_ok(attr->flags))
		return -EINVAL;
	if (!lru && own_lists)
		return -EINVAL;
	if (lru && attr->flags & MAP_F_NO_PREALLOC)
		return -ENOTSUPP;
	if (attr->flags & MAP_F_NUMA_NODE && (percpu || own_lists))
		return -EINVAL;
	if (!attr->max_entries || !attr->key_size_bytes || !attr->value_size_bytes)
		return -EINVAL;
	if ((u64)attr->key_size_bytes + attr->value_size_bytes >= HASH_ELEM_BYTES_MAX)
		return -E2BIG;
	if (percpu && align_up(attr->value_size_bytes, 8) > MAP_PERCPU_VALUE_BYTES_MAX)
		return -E2BIG;
	return 0;
}

static const struct map_ops *hash_ops_of(enum map_type type)
{
	if (type == MAP_TYPE_HASH)
		return &map_hash_ops;
	if (type == MAP_TYPE_PERCPU_HASH)
		return &map_percpu_hash_ops;
	if (type == MAP_TYPE_DEVMAP_HASH)
		return &map_devmap_hash_ops;
	return type == MAP_TYPE_LRU_HASH ? &map_lru_hash_ops : &map_lru_percpu_hash_ops;
}

int map_hash_alloc(const struct map_attr *attr, const struct map_env *env,
		   struct map **ret_map)
{
	struct map_hash *h;
	int err;

	if (attr->max_entries > HASH_ENTRIES_MAX)
		return -E2BIG;
	h = mem_zalloc(sizeof(*h));
	if (!h)
		return -ENOMEM;
	map_init(&h->map, attr, env, hash_ops_of(attr->type));
	h->lru = attr->type == MAP_TYPE_LRU_HASH || attr->type == MAP_TYPE_LRU_PERCPU_HASH;
	/* The kernel gives each CPU an equal list of free elements. */
	if (attr->flags & MAP_F_NO_COMMON_LRU) {
		u32 rest = attr->max_entries % env->cpu_cnt;

		h->map.attr.max_entries += rest ? env->cpu_cnt - rest : 0;
		if (h->map.attr.max_entries < attr->max_entries)
			h->map.attr.max_entries -= env->cpu_cnt;
	}
	err = hash_table_init(h);
	if (err) {
		mem_free(h);
		return err;
	}
	*ret_map = &h->map;
	return 0;
}

static void hash_free(struct map *map)
{
	region_fini(&map->region);
	mem_free(as_hash(map));
}

/* Constant sizes let the compiler drop loops and calls; these are what most maps have. */
static always_inline bool hash_find_hashed(const struct map_hash *h, const void *key, u64 hash,
					   struct hash_at *ret_at)
{
	switch (h->key_bytes) {
	case 4:
		return hash_find(h, key, 4, hash, ret_at);
	case 8:
		return hash_find(h, key, 8, hash, ret_at);
	case 16:
		return hash_find(h, key, 16, hash, ret_at);
	default:
		return hash_find(h, key, h->key_bytes, hash, ret_at);
	}
}

/* By the size of the key. */
static always_inline bool hash_find_sized(const struct map_hash *h, const void *key,
					  struct hash_at *ret_at)
{
	switch (h->key_bytes) {
	case 4:
		return hash_find_key(h, key, 4, ret_at);
	case 8:
		return hash_find_key(h, key, 8, ret_at);
	case 16:
		return hash_find_key(h, key, 16, ret_at);
	default:
		return hash_find_key(h, key, h->key_bytes, ret_at);
	}
}

static void *hash_lookup(struct map *map, u32 cpu, const void *key)
{
	struct map_hash *h = as_hash(map);
	struct hash_at at;

	(void)cpu;
	if (!hash_find_sized(h, key, &at))
		return NULL;
	return (u8 *)hash_slot_key(h, at.bucket, at.slot) + h->key_room_bytes;
}

static void *percpu_hash_lookup(struct map *map, u32 cpu, const void *key)
{
	struct map_hash *h = as_hash(map);
	struct hash_at at;

	if (cpu >= map->env->cpu_cnt || !hash_find_sized(h, key, &at))
		return NULL;
	return hash_slot_value(h, &at, cpu);
}

static void *lru_hash_lookup(struct map *map, u32 cpu, const void *key)
{
	struct map_hash *h = as_hash(map);
	struct hash_at at;

	if (cpu >= map->env->cpu_cnt || !hash_find_sized(h, key, &at))
		return NULL;
	hash_mark_used(h, &at);
	return hash_slot_value(h, &at, cpu);
}

/* pcpu_copy_value and pcpu_init_value: a new element has zeros on the slots not written. */
static void hash_write_planes(struct map_hash *h, const struct hash_at *at,
			      const struct hash_value *v, bool fresh)
{
	for (u32 cpu = 0; cpu < h->map.env->cpu_cnt; cpu++) {
		void *to = hash_slot_value(h, at, cpu);

		if (v->cpu == HASH_ALL_CPUS)
			map_value_store(&h->map, to, v->bytes + (size_t)cpu * h->plane_elem_bytes,
					h->plane_elem_bytes, fresh);
		else if (v->cpu == cpu)
			map_value_store(&h->map, to, v->bytes, h->map.attr.value_size_bytes, fresh);
		else if (fresh)
			elem_zero(to, h->plane_elem_bytes);
	}
}

/* A slot with key and value in it, not yet published. */
static void hash_fill_slot(struct map_hash *h, struct hash_bucket *home, const void *key,
			   const struct hash_value *v, struct hash_at *ret_at)
{
	u8 *elem;

	hash_take_slot(h, home, ret_at);
	elem = hash_slot_key(h, ret_at->bucket, ret_at->slot);
	elem_store(elem, key, h->key_bytes);
	if (h->planes)
		hash_write_planes(h, ret_at, v, true);
	else
		map_value_store(&h->map, elem + h->key_room_bytes, v->bytes,
				h->map.attr.value_size_bytes, true);
	if (h->lru)
		hash_mark_used(h, ret_at);
}

/* False when the map is full. */
static bool hash_count_in(struct map_hash *h)
{
	u32 max = h->map.attr.max_entries;

	if (atomic_load_explicit(&h->ctl->cnt, memory_order_relaxed) >= max)
		return false;
	if (atomic_fetch_add_explicit(&h->ctl->cnt, 1, memory_order_relaxed) < max)
		return true;
	atomic_fetch_sub_explicit(&h->ctl->cnt, 1, memory_order_relaxed);
	return false;
}

/* 0 or an error; -E2BIG when a new element finds the map full. */
static int hash_put_locked(struct map_hash *h, struct hash_bucket *home, u64 hash,
			   const void *key, const struct hash_value *v)
{
	struct hash_at old, new;
	bool found = hash_find_hashed(h, key, hash, &old);

	if (found ? v->flags == ELEM_NOEXIST : v->flags == ELEM_EXIST)
		return found ? -EEXIST : -ENOENT;
	if (found && h->planes) {
		hash_write_planes(h, &old, v, false);
		if (h->lru)
			hash_mark_used(h, &old);
		return 0;
	}
	if (!found && !hash_count_in(h))
		return -E2BIG;
	hash_fill_slot(h, home, key, v, &new);
	if (found)
		hash_replace(h, home, &old, &new, hash_tag(hash));
	else
		hash_publish(&new, hash_tag(hash));
	return 0;
}

static int hash_put(struct map_hash *h, const void *key, const struct hash_value *v)
{
	u64 hash = hash_key(key, h->key_bytes, h->seed);
	struct hash_bucket *home = hash_bucket_at(h, hash_home_index(h, hash));
	int err = map_elem_flags_check(v->flags);

	if (err)
		return err;
	for (u32 tries = 0; tries < HASH_EVICT_TRIES; tries++) {
		lock_take(&home->lock);
		err = hash_put_locked(h, home, hash, key, v);
		lock_give(&home->lock);
		if (err != -E2BIG || !h->lru)
			return err;
		hash_evict(h);
	}
	/* Others take what we evict, again and again: the kernel's word for no free element. */
	return -ENOMEM;
}

static int hash_update(struct map *map, u32 cpu, const void *key, const void *value, u64 flags)
{
	return hash_put(as_hash(map), key, &(struct hash_value){ value, cpu, flags });
}

MAP_INTRINSIC_FN(map_hash_call_update)
{
	return (u64)(s64)hash_put(as_hash(u64_to_ptr(r1)), u64_to_ptr(r2),
				  &(struct hash_value){ u64_to_ptr(r3), run->cpu, r4 });
}

static int hash_user_update(struct map *map, const void *key, const void *value, u64 flags)
{
	u32 cpu = map->ops->percpu ? HASH_ALL_CPUS : 0;

	return hash_put(as_hash(map), key, &(struct hash_value){ value, cpu, flags });
}

void hash_drop_locked(struct map_hash *h, struct hash_bucket *home,
		      const struct hash_at *at)
{
	hash_free_slot(h, home, at);
	atomic_fetch_sub_explicit(&h->ctl->cnt, 1, memory_order_relaxed);
}

static int hash_delete(struct map *map, const void *key)
{
	struct map_hash *h = as_hash(map);
	u64 hash = hash_key(key, h->key_bytes, h->seed);
	struct hash_bucket *home = hash_bucket_at(h, hash_home_index(h, hash));
	struct hash_at at;
	bool found;

	lock_take(&home->lock);
	found = hash_find_hashed(h, key, hash, &at);
	if (found)
		hash_drop_locked(h, home, &at);
	lock_give(&home->lock);
	return found ? 0 : -ENOENT;
}

MAP_INTRINSIC_FN(map_hash_call_delete)
{
	return (u64)(s64)hash_delete(u64_to_ptr(r1), u64_to_ptr(r2));
}

void hash_copy_value(struct map_hash *h, const struct hash_at *at, u8 *to)
{
	if (!h->planes) {
		map_value_load(&h->map, to, hash_slot_value(h, at, 0),
			       h->map.attr.value_size_bytes);
		return;
	}
	for (u32 cpu = 0; cpu < h->map.env->cpu_cnt; cpu++)
		map_value_load(&h->map, to + (size_t)cpu * h->plane_elem_bytes,
			       hash_slot_value(h, at, cpu), h->plane_elem_bytes);
}

/* Copies and, with @delete, removes, under the lock of the home: nothing can come between. */
static int hash_lookup_locked(struct map_hash *h, const void *key, void *ret_value, bool delete)
{
	u64 hash = hash_key(key, h->key_bytes, h->seed);
	struct hash_bucket *home = hash_bucket_at(h, hash_home_index(h, hash));
	struct hash_at at;
	bool found;

	lock_take(&home->lock);
	found = hash_find_hashed(h, key, hash, &at);
	if (found)
		hash_copy_value(h, &at, ret_value);
	if (found && delete)
		hash_drop_locked(h, home, &at);
	lock_give(&home->lock);
	return found ? 0 : -ENOENT;
}

/*
 * Without the lock a slot may be freed and filled anew while it is copied: then `ver` has grown.
 * After `ver` is read the tag must still (or again) say that the slot is published: one that is
 * being filled with a new value of the same key has that key in it all the time.
 */
static int hash_user_lookup(struct map *map, const void *key, void *ret_value, u64 flags)
{
	struct map_hash *h = as_hash(map);
	struct hash_at at;

	(void)flags;
	for (u32 i = 0; i < HASH_COPY_TRIES; i++) {
		u64 tags;
		u32 ver;

		if (!hash_find_sized(h, key, &at))
			return -ENOENT;
		ver = atomic_load_explicit(&at.bucket->ver, memory_order_acquire);
		tags = atomic_load_explicit(&at.bucket->tags, memory_order_acquire);
		if (hash_slot_tag(tags, at.slot) <= HASH_TAG_TAKEN)
			continue;
		if (!hash_key_equal(hash_slot_key(h, at.bucket, at.slot), key, h->key_bytes))
			continue;
		hash_copy_value(h, &at, ret_value);
		if (atomic_load_explicit(&at.bucket->ver, memory_order_acquire) == ver)
			return 0;
	}
	return hash_lookup_locked(h, key, ret_value, false);
}

static int hash_user_lookup_delete(struct map *map, const void *key, void *ret_value, u64 flags)
{
	(void)flags;
	return hash_lookup_locked(as_hash(map), key, ret_value, true);
}

static s64 hash_for_each(struct map *map, u32 cpu, map_visit_fn fn, void *cookie)
{
	struct map_hash *h = as_hash(map);
	s64 visited = 0;

	/*
	 * Without locks: the callback may update and delete in this very map. Elements that come
	 * and go meanwhile may be met or not, as in bpf_for_each_hash_elem.
	 */
	for (u32 i = 0; i < h->bucket_cnt; i++) {
		struct hash_at at = { .bucket = hash_bucket_at(h, i) };
		u64 tags = atomic_load_explicit(&at.bucket->tags, memory_order_acquire);

		for (at.slot = 0; at.slot < HASH_SLOTS; at.slot++) {
			if (hash_slot_tag(tags, at.slot) <= HASH_TAG_TAKEN)
				continue;
			visited++;
			if (fn(cookie, hash_slot_key(h, at.bucket, at.slot),
			       hash_slot_value(h, &at, h->planes ? cpu : 0)))
				return visited;
		}
	}
	return visited;
}

static bool hash_extent_at(struct map *map, u64 addr, struct extent *ret_extent)
{
	struct map_hash *h = as_hash(map);
	u64 base = ptr_to_u64(map->region.data), index, rest;
	struct hash_at at = { 0 };
	u32 cpu = 0;

	if (addr + MAP_EXTENT_NEAR_BYTES < base ||
	    addr >= base + map->region.data_bytes + MAP_EXTENT_NEAR_BYTES)
		return false;
	if (h->planes && addr >= ptr_to_u64(h->planes)) {
		u64 planes = addr - ptr_to_u64(h->planes);

		cpu = (u32)MIN(planes / h->plane_bytes, (u64)map->env->cpu_cnt - 1);
		index = (planes - cpu * h->plane_bytes) / h->plane_elem_bytes;
		index = MIN(index, (u64)h->bucket_cnt * HASH_SLOTS - 1);
	} else {
		rest = addr > base ? addr - base : 0;
		index = MIN(rest / h->bucket_bytes, (u64)h->bucket_cnt - 1);
		rest -= index * h->bucket_bytes;
		rest = rest > sizeof(struct hash_bucket) ? rest - sizeof(struct hash_bucket) : 0;
		index = index * HASH_SLOTS + MIN(rest / h->elem_bytes, (u64)HASH_SLOTS - 1);
	}
	at.bucket = hash_bucket_at(h, (u32)(index / HASH_SLOTS));
	at.slot = (u32)(index % HASH_SLOTS);
	*ret_extent = (struct extent){
		.base = ptr_to_u64(hash_slot_value(h, &at, cpu)),
		.size_bytes = map->attr.value_size_bytes,
		.kind = EXTENT_MAP_VALUE,
		.perm = map_prog_perm(map),
		.name = map->attr.name,
		.index = -1,
	};
	return true;
}

/* Rows differ in how they look up and whether values have copies. */
#define HASH_OPS(lookup_fn, is_percpu)                                          \
	{                                                                       \
		.check = hash_check, .alloc = map_hash_alloc, .free = hash_free,    \
		.lookup = lookup_fn, .update = hash_update,                     \
		.delete = hash_delete, .for_each = hash_for_each,               \
		.user_lookup = hash_user_lookup,                                \
		.user_update = hash_user_update, .next_key = hash_next_key,     \
		.user_lookup_delete = hash_user_lookup_delete,                  \
		.user_lookup_batch = hash_user_lookup_batch,                    \
		.extent_at = hash_extent_at, .holds = OBJ_KIND_CNT,             \
		.call_insns = hash_call_insns,                                  \
		.percpu = is_percpu, .inner = MAP_INNER_ALIKE,                  \
		.batches = MAP_BATCH_LOOKUP | MAP_BATCH_LOOKUP_DELETE |         \
			   MAP_BATCH_UPDATE | MAP_BATCH_DELETE,                 \
	}

const struct map_ops map_hash_ops = HASH_OPS(hash_lookup, false);
const struct map_ops map_percpu_hash_ops = HASH_OPS(percpu_hash_lookup, true);
const struct map_ops map_lru_hash_ops = HASH_OPS(lru_hash_lookup, false);
const struct map_ops map_lru_percpu_hash_ops = HASH_OPS(lru_hash_lookup, true);
