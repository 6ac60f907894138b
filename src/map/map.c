/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The door: creation with the checks that all types share, and bpf(2)'s element commands, which
 * look at freezing and at flags before the type does.
 */
#include "map/map.h"

#include <assert.h>

#include "base/mem.h"
#include "base/pages.h"
#include "btf/btf.h"
#include "btf/fields.h"
#include "map/call.h"
#include "map/map_int.h"

/* A type without a row is not built in, which the kernel calls -EINVAL too. */
static const struct map_ops *const ops_by_type[] = {
	[MAP_TYPE_ARRAY] = &map_array_ops,
	[MAP_TYPE_PERCPU_ARRAY] = &map_percpu_array_ops,
	[MAP_TYPE_PROG_ARRAY] = &map_prog_array_ops,
	[MAP_TYPE_PERF_EVENT_ARRAY] = &map_perf_array_ops,
	[MAP_TYPE_QUEUE] = &map_queue_ops,
	[MAP_TYPE_STACK] = &map_stack_ops,
	[MAP_TYPE_BLOOM_FILTER] = &map_bloom_ops,
	[MAP_TYPE_RINGBUF] = &map_ringbuf_ops,
	[MAP_TYPE_LPM_TRIE] = &map_lpm_ops,
	[MAP_TYPE_ARRAY_OF_MAPS] = &map_array_of_maps_ops,
	[MAP_TYPE_HASH_OF_MAPS] = &map_hash_of_maps_ops,
	[MAP_TYPE_DEVMAP] = &map_devmap_ops,
	[MAP_TYPE_DEVMAP_HASH] = &map_devmap_hash_ops,
	[MAP_TYPE_HASH] = &map_hash_ops,
	[MAP_TYPE_PERCPU_HASH] = &map_percpu_hash_ops,
	[MAP_TYPE_LRU_HASH] = &map_lru_hash_ops,
	[MAP_TYPE_LRU_PERCPU_HASH] = &map_lru_percpu_hash_ops,
	[MAP_TYPE_STACK_TRACE] = &map_stack_trace_ops,
	[MAP_TYPE_CGROUP_ARRAY] = &map_cgroup_array_ops,
	[MAP_TYPE_SOCKMAP] = &map_sockmap_ops,
	[MAP_TYPE_SOCKHASH] = &map_sockhash_ops,
	[MAP_TYPE_CPUMAP] = &map_cpumap_ops,
	[MAP_TYPE_XSKMAP] = &map_xskmap_ops,
	[MAP_TYPE_REUSEPORT_SOCKARRAY] = &map_reuseport_ops,
	[MAP_TYPE_CGROUP_STORAGE] = &map_cgroup_storage_ops,
	[MAP_TYPE_PERCPU_CGROUP_STORAGE] = &map_percpu_cgroup_storage_ops,
	[MAP_TYPE_SK_STORAGE] = &map_local_storage_ops,
	[MAP_TYPE_INODE_STORAGE] = &map_local_storage_ops,
	[MAP_TYPE_TASK_STORAGE] = &map_local_storage_ops,
	[MAP_TYPE_CGRP_STORAGE] = &map_local_storage_ops,
	[MAP_TYPE_USER_RINGBUF] = &map_user_ringbuf_ops,
	[MAP_TYPE_ARENA] = &map_arena_ops,
};

/* What a verifier has to know of the maps in a map of maps (bpf_map_meta_alloc). */
static int inner_new(const struct map *template, const struct map_env *env,
		     struct map **ret_inner)
{
	struct map_attr attr = template->attr;
	int err;

	memset(attr.name, 0, sizeof(attr.name));
	err = map_declare(&attr, env, ret_inner);
	if (err || !template->fields)
		return err;
	(*ret_inner)->fields = mem_dup(template->fields, sizeof(*template->fields));
	if ((*ret_inner)->fields)
		return 0;
	map_put(*ret_inner);
	*ret_inner = NULL;
	return -ENOMEM;
}

static void map_destroy(struct obj *obj)
{
	struct map *map = container_of(obj, struct map, obj);
	struct btf *btf = map->attr.btf;
	const struct btf_fields *fields = map->fields;
	struct map *inner_meta = map->inner_meta;

	map->ops->free(map);
	btf_put(btf);
	mem_free((void *)(uintptr_t)fields);
	map_put(inner_meta);
}

static void map_released(struct obj *obj)
{
	map_release_uref(container_of(obj, struct map, obj));
}

void map_init(struct map *map, const struct map_attr *attr, const struct map_env *env,
	      const struct map_ops *ops)
{
	obj_init(&map->obj, OBJ_MAP, map_destroy);
	map->obj.released = map_released;
	map->ops = ops;
	map->attr = *attr;
	map->attr.btf = NULL;
	map->attr.inner = NULL;
	map->env = env;
	map->region.memfd = -1;
}

/* True when bytes [off, off + size_bytes) touch a special field. */
static bool in_field(const struct btf_fields *fields, u32 off, u32 size_bytes)
{
	for (u32 i = 0; i < fields->cnt; i++) {
		const struct btf_field *f = &fields->fields[i];

		if (off < f->off + f->size_bytes && f->off < off + size_bytes)
			return true;
	}
	return false;
}

void map_value_store_fields(const struct map *map, void *elem, const void *user, bool fresh)
{
	const u32 size_bytes = map->attr.value_size_bytes;

	/* Fields lie at multiples of 4; what is left of a word beside one is half of it. */
	for (u32 off = 0, n; off < size_bytes; off += n) {
		u8 *to = (u8 *)elem + off;
		const u8 *from = (const u8 *)user + off;

		n = off % 8 ? 4 : 8;
		if (n == 8 && in_field(map->fields, off, 8))
			n = 4;
		n = MIN(n, size_bytes - off);
		if (in_field(map->fields, off, n)) {
			if (fresh)
				memset(to, 0, n);
		} else if (n == 8) {
			elem_store(to, from, 8);
		} else if (n == 4) {
			u32 half;

			memcpy(&half, from, 4);
			atomic_store_explicit((_Atomic u32 *)(void *)to, half,
					      memory_order_release);
		} else {
			memcpy(to, from, n);
		}
	}
}

void map_value_hide_fields(const struct map *map, void *user)
{
	for (u32 i = 0; i < map->fields->cnt; i++)
		memset((u8 *)user + map->fields->fields[i].off, 0,
		       map->fields->fields[i].size_bytes);
}

void map_region_stamp(struct map *map)
{
	struct region_head head = {
		.magic = { 's', 'k', 'e', 'p' },
		.version = REGION_VERSION,
		.type = (u16)map->attr.type,
		.key_size_bytes = map->attr.key_size_bytes,
		.value_size_bytes = map->attr.value_size_bytes,
		.max_entries = map->attr.max_entries,
		.flags = map->attr.flags,
	};

	memcpy(map->region.ctl, &head, sizeof(head));
}

/* What map_create() of the kernel checks before it asks the type. */
static int check_common(const struct map_attr *attr)
{
	const u32 both = MAP_F_RDONLY | MAP_F_WRONLY;

	if (attr->map_extra && attr->type != MAP_TYPE_BLOOM_FILTER && attr->type != MAP_TYPE_ARENA)
		return -EINVAL;
	if ((attr->flags & both) == both)
		return -EINVAL;
	/* We have one node, which is what the kernel says of any host with one. */
	if ((attr->flags & MAP_F_NUMA_NODE) && attr->numa_node)
		return -EINVAL;
	if ((u32)attr->type >= ARRAY_SIZE(ops_by_type) || !ops_by_type[attr->type])
		return -EINVAL;
	return 0;
}

bool map_type_exists(u32 type)
{
	return type < ARRAY_SIZE(ops_by_type) && ops_by_type[type];
}

/* One page of user memory is pinned for what such a pointer leads to. */
static int pinned_check(const struct btf *btf, u32 type_id)
{
	u32 size_bytes = 0;

	if (!btf_type_sized(btf, &type_id, &size_bytes) || !size_bytes)
		return -EINVAL;
	return size_bytes > pages_size_bytes() ? -E2BIG : 0;
}

static int types_check(const struct map_attr *attr)
{
	const struct btf_map_types types = {
		.key_id = attr->btf_key_type_id,
		.value_id = attr->btf_value_type_id,
		.key_size_bytes = attr->key_size_bytes,
		.value_size_bytes = attr->value_size_bytes,
		.max_entries = attr->max_entries,
		.key = (enum btf_key_rule)map_type_info(attr->type)->btf_key,
	};

	return attr->btf ? btf_map_check(attr->btf, &types) : 0;
}

/* The part of map_check_btf that looks into values. */
static int fields_find(const struct map_attr *attr, struct btf_fields **ret_fields)
{
	/* What may stand in values, not in objects that they own (BPF_LIST_NODE, BPF_RB_NODE). */
	const u32 kinds = ~(u32)(FIELD_LIST_NODE | FIELD_RB_NODE) & ((1u << FIELD_KINDS) - 1);
	struct btf_fields *f;
	int err;

	*ret_fields = NULL;
	if (!attr->btf || !attr->btf_value_type_id)
		return 0;
	err = btf_parse_fields(attr->btf, attr->btf_value_type_id, kinds, &f);
	/* As in the kernel: fields that are wrong are none, and what needs them says so. */
	if (err)
		return err == -ENOMEM ? err : 0;
	for (u32 i = 0; !err && f && i < f->cnt; i++)
		if (f->fields[i].kind == FIELD_UPTR)
			err = pinned_check(attr->btf, f->fields[i].type_id);
	for (u32 i = 0; f && i < f->cnt; i++)
		if (!(btf_field_info(f->fields[i].kind)->map_types >> attr->type & 1))
			err = -EOPNOTSUPP;
	if (f && attr->flags & (MAP_F_RDONLY_PROG | MAP_F_WRONLY_PROG))
		err = -EACCES;
	if (err)
		mem_free(f);
	else
		*ret_fields = f;
	return err;
}

int map_create(const struct map_attr *attr, const struct map_env *env, struct map **ret_map)
{
	struct map *inner_meta = NULL;
	struct btf_fields *fields = NULL;
	const struct map_ops *ops;
	int err = check_common(attr);

	if (err)
		return err;
	ops = ops_by_type[attr->type];
	err = ops->check(attr);
	if (!err)
		err = types_check(attr);
	if (!err)
		err = fields_find(attr, &fields);
	if (!err && attr->inner)
		err = inner_new(attr->inner, env, &inner_meta);
	if (!err)
		err = ops->alloc(attr, env, ret_map);
	if (err) {
		mem_free(fields);
		map_put(inner_meta);
		return err;
	}
	(*ret_map)->fields = fields;
	(*ret_map)->inner_meta = inner_meta;
	if (attr->btf)
		(*ret_map)->attr.btf = btf_get(attr->btf);
	return 0;
}

struct map *map_get(struct map *map)
{
	obj_get(&map->obj);
	return map;
}

void map_put(struct map *map)
{
	if (map)
		obj_put(&map->obj);
}

u32 map_user_value_bytes(const struct map *map)
{
	if (map->ops->percpu)
		return (u32)align_up(map->attr.value_size_bytes, 8) * map->env->cpu_cnt;
	return map->ops->holds == OBJ_KIND_CNT ? map->attr.value_size_bytes : 4;
}

u64 map_mem_bytes(const struct map *map)
{
	return pages_round(map->region.data_bytes) + pages_round(map->region.ctl_bytes);
}

int map_mmap_fd(const struct map *map)
{
	return map->region.memfd;
}

/*
 * Brackets of every write from user space, so that map_freeze can tell that one is going on. A
 * writer counts itself in before it looks at `frozen`, the freezer looks the other way round, both
 * sequentially consistent: one of them sees the other.
 */
int map_write_begin(struct map *map)
{
	atomic_fetch_add(&map->writers, 1);
	if (!atomic_load(&map->frozen))
		return 0;
	atomic_fetch_sub(&map->writers, 1);
	return -EPERM;
}

int map_write_end(struct map *map, int err)
{
	atomic_fetch_sub(&map->writers, 1);
	return err;
}

static bool has_lock(const struct map *map)
{
	return btf_fields_have(map->fields, FIELD_SPIN_LOCK);
}

int map_user_lookup(struct map *map, const void *key, void *ret_value, u64 flags)
{
	/* Nothing here takes the locks of values yet, so there is nothing to wait for. */
	if (flags && (flags != ELEM_F_LOCK || !has_lock(map)))
		return -EINVAL;
	return map->ops->user_lookup(map, key, ret_value, 0);
}

int map_user_update(struct map *map, const void *key, const void *value, u64 flags)
{
	int err = map_write_begin(map);

	if (err)
		return err;
	if (flags & ELEM_F_LOCK && !has_lock(map))
		return map_write_end(map, -EINVAL);
	flags &= ~(u64)ELEM_F_LOCK;
	return map_write_end(map, map->ops->user_update(map, key, value, flags));
}

int map_user_update_obj(struct map *map, const void *key, struct obj *obj, u64 flags)
{
	int err = map_write_begin(map);

	if (err)
		return err;
	if ((flags & ELEM_F_LOCK) || !map->ops->update_obj)
		return map_write_end(map, -EINVAL);
	return map_write_end(map, map->ops->update_obj(map, key, obj, flags));
}

int map_user_delete(struct map *map, const void *key)
{
	int err = map_write_begin(map);

	return err ? err : map_write_end(map, map->ops->delete(map, key));
}

int map_user_next_key(struct map *map, const void *key, void *ret_next_key)
{
	return map->ops->next_key(map, key, ret_next_key);
}

int map_user_lookup_delete(struct map *map, const void *key, void *ret_value, u64 flags)
{
	int err;

	if (flags)
		return -EINVAL;
	err = map_write_begin(map);
	if (err)
		return err;
	if (!map->ops->user_lookup_delete)
		return map_write_end(map, -ENOTSUPP);
	return map_write_end(map, map->ops->user_lookup_delete(map, key, ret_value, flags));
}

int map_freeze(struct map *map)
{
	bool frozen = false;
	int err;

	if (!atomic_compare_exchange_strong(&map->frozen, &frozen, true))
		return -EBUSY;
	if (atomic_load(&map->writers)) {
		atomic_store(&map->frozen, false);
		return -EBUSY;
	}
	if (map->region.memfd < 0)
		return 0;
	/* What programs may not write either is the verifier's to read: nobody may change it. */
	err = pages_memfd_seal_writes(map->region.memfd,
				      map->attr.flags & MAP_F_RDONLY_PROG ? map->region.data : NULL,
				      map->region.data_bytes);
	if (err)
		atomic_store(&map->frozen, false);
	return err;
}

void map_release_uref(struct map *map)
{
	if (map->ops->release)
		map->ops->release(map);
}

int map_direct_value(struct map *map, u32 off_bytes, u64 *ret_addr)
{
	return map->ops->direct_value ? map->ops->direct_value(map, off_bytes, ret_addr) :
					-ENOTSUPP;
}

bool map_inner_entries_fixed(const struct map *template)
{
	return map_type_exists(template->attr.type) &&
	       ops_by_type[template->attr.type]->inner == MAP_INNER_ENTRIES_TOO &&
	       !(template->attr.flags & MAP_F_INNER_MAP);
}

void map_call_insns(const struct map *map, const struct map_call *call, struct map_code *ret_code)
{
	/* A template has ops of its own, which can do nothing: its type says what is meant. */
	const struct map_ops *ops = map_type_exists(map->attr.type) ? ops_by_type[map->attr.type]
								    : NULL;

	ret_code->cnt = 0;
	/* Offsets into struct map go into code: pointers there are 64 bits wide. */
	if (sizeof(void *) == sizeof(u64) && ops && ops->call_insns)
		ops->call_insns(map, call, ret_code);
}
