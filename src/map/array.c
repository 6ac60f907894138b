/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arrays and per-CPU arrays (the kernel's arraymap.c). All elements exist from the start, zeroed.
 *
 * 1. Element i lies at i * elem_bytes, elem_bytes being the value's size rounded up to 8: the
 *    layout that clients of BPF_F_MMAPABLE arrays map.
 * 2. A per-CPU array is one such plane for each CPU slot, planes being whole pages apart.
 * 3. Updates from programs and user space write in place, each aligned word at once.
 */
#include "base/barrier.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/pages.h"
#include "map/call_int.h"

#define ARRAY_FLAGS                                                                                \
	((u32)(MAP_F_NUMA_NODE | MAP_F_MMAPABLE | MAP_F_ACCESS | MAP_F_PRESERVE_ELEMS |            \
	       MAP_F_INNER_MAP))

struct map_array {
	struct map map;
	u32 elem_bytes;
	u32 plane_cnt;
	u64 plane_bytes;
};

static struct map_array *as_array(struct map *map)
{
	return container_of(map, struct map_array, map);
}

/* @index was compared with max_entries. */
static void *array_elem(struct map_array *a, u32 cpu, u32 index)
{
	index = index_nospec(index, a->map.attr.max_entries);
	return a->map.region.data + cpu * a->plane_bytes + (u64)index * a->elem_bytes;
}

/* array_map_alloc_check */
static int array_check(const struct map_attr *attr)
{
	bool percpu = attr->type == MAP_TYPE_PERCPU_ARRAY;

	if (!attr->max_entries || attr->key_size_bytes != 4 || !attr->value_size_bytes ||
	    attr->flags & ~ARRAY_FLAGS || !map_flags_access_ok(attr->flags) ||
	    (percpu && attr->flags & MAP_F_NUMA_NODE))
		return -EINVAL;
	if (attr->type != MAP_TYPE_ARRAY && attr->flags & (MAP_F_MMAPABLE | MAP_F_INNER_MAP))
		return -EINVAL;
	if (attr->flags & MAP_F_PRESERVE_ELEMS)
		return -EINVAL;
	if (attr->value_size_bytes > INT32_MAX)
		return -E2BIG;
	if (percpu && align_up(attr->value_size_bytes, 8) > MAP_PERCPU_VALUE_BYTES_MAX)
		return -E2BIG;
	return 0;
}

static int array_alloc(const struct map_attr *attr, const struct map_env *env,
		       struct map **ret_map)
{
	bool percpu = attr->type == MAP_TYPE_PERCPU_ARRAY;
	struct map_array *a = mem_zalloc(sizeof(*a));
	struct region_spec spec = { .at_once = true };
	int err;

	if (!a)
		return -ENOMEM;
	map_init(&a->map, attr, env, percpu ? &map_percpu_array_ops : &map_array_ops);
	a->elem_bytes = (u32)align_up(attr->value_size_bytes, 8);
	a->plane_cnt = percpu ? env->cpu_cnt : 1;
	a->plane_bytes = (u64)a->elem_bytes * attr->max_entries;
	if (percpu)
		a->plane_bytes = pages_round(a->plane_bytes);
	spec.mappable = attr->flags & MAP_F_MMAPABLE;
	err = mul_overflow_u64(a->plane_bytes, a->plane_cnt, &spec.data_bytes) ? -ENOMEM : 0;
	if (!err)
		err = region_init(&a->map.region, &spec);
	if (err) {
		mem_free(a);
		return err;
	}
	*ret_map = &a->map;
	return 0;
}

static void array_free(struct map *map)
{
	region_fini(&map->region);
	mem_free(as_array(map));
}

static void *array_lookup(struct map *map, u32 cpu, const void *key)
{
	u32 index = load_u32(key);

	(void)cpu;
	if (unlikely(index >= map->attr.max_entries))
		return NULL;
	return array_elem(as_array(map), 0, index);
}

static void *percpu_array_lookup(struct map *map, u32 cpu, const void *key)
{
	u32 index = load_u32(key);

	if (unlikely(index >= map->attr.max_entries || cpu >= map->env->cpu_cnt))
		return NULL;
	return array_elem(as_array(map), cpu, index);
}

static int array_update_check(const struct map *map, u32 index, u64 flags)
{
	int err = map_elem_flags_check(flags);

	if (err)
		return err;
	if (index >= map->attr.max_entries)
		return -E2BIG;
	return flags & ELEM_NOEXIST ? -EEXIST : 0;
}

/* array_map_update_elem: one plane, that of the run's slot when there are several. */
static int array_update(struct map *map, u32 cpu, const void *key, const void *value, u64 flags)
{
	struct map_array *a = as_array(map);
	u32 index = load_u32(key);
	int err = array_update_check(map, index, flags);

	if (err)
		return err;
	map_value_store(map, array_elem(a, a->plane_cnt > 1 ? cpu : 0, index), value,
			map->attr.value_size_bytes, false);
	return 0;
}

MAP_INTRINSIC_FN(map_array_call_update)
{
	return (u64)(s64)array_update(u64_to_ptr(r1), run->cpu, u64_to_ptr(r2), u64_to_ptr(r3), r4);
}

/* array_map_gen_lookup */
static void array_call_insns(const struct map *map, const struct map_call *call,
			     struct map_code *code)
{
	u64 elem_bytes = align_up(map->attr.value_size_bytes, 8);
	u32 outside;

	if (call->kind == MAP_CALL_UPDATE)
		map_code_call(code, INTRINSIC_ARRAY_UPDATE);
	if (call->kind != MAP_CALL_LOOKUP)
		return;
	if (call->known && call->key_known) {
		bool inside = call->key < map->attr.max_entries;

		map_code_lddw(code, 0, inside ? ptr_to_u64(map->region.data) +
							call->key * elem_bytes : 0);
		return;
	}
	outside = map_code_index(map, call, code);
	if (call->known)
		map_code_lddw(code, 0, ptr_to_u64(map->region.data));
	else
		map_code_op(code, ISA_LDX_DW, CODE_REGS(0, 1),
			    (s32)offsetof(struct map, region.data));
	map_code_scale(code, 2, elem_bytes, 3);
	map_code_op(code, ISA_ADD64_X, CODE_REGS(0, 2), 0);
	map_code_land(code, outside);
}

/* percpu_array_map_gen_lookup: the plane of the run's slot. */
static void percpu_array_call_insns(const struct map *map, const struct map_call *call,
				    struct map_code *code)
{
	u64 elem_bytes = align_up(map->attr.value_size_bytes, 8);
	u64 base = ptr_to_u64(map->region.data);
	u32 outside = MAP_CODE_NO_JUMP;

	if (call->kind == MAP_CALL_UPDATE)
		map_code_call(code, INTRINSIC_ARRAY_UPDATE);
	/* How far planes lie apart depends on max_entries. */
	if (call->kind != MAP_CALL_LOOKUP || !call->known)
		return;
	if (call->key_known && call->key >= map->attr.max_entries) {
		map_code_op(code, ISA_MOV32_K, 0, 0);
		return;
	}
	if (call->key_known)
		base += call->key * elem_bytes;
	else
		outside = map_code_index(map, call, code);
	map_code_call(code, INTRINSIC_CPU_SLOT);
	map_code_scale(code, 0, container_of_const(map, struct map_array, map)->plane_bytes, 3);
	map_code_lddw(code, 1, base);
	if (!call->key_known) {
		map_code_scale(code, 2, elem_bytes, 3);
		map_code_op(code, ISA_ADD64_X, CODE_REGS(1, 2), 0);
	}
	map_code_op(code, ISA_ADD64_X, CODE_REGS(0, 1), 0);
	map_code_land(code, outside);
}

static int array_delete(struct map *map, const void *key)
{
	(void)map;
	(void)key;
	return -EINVAL;
}

static int array_user_lookup(struct map *map, const void *key, void *ret_value, u64 flags)
{
	struct map_array *a = as_array(map);
	u32 index = load_u32(key);
	u8 *to = ret_value;

	(void)flags;
	if (index >= map->attr.max_entries)
		return -ENOENT;
	if (!map->ops->percpu) {
		map_value_load(map, to, array_elem(a, 0, index), map->attr.value_size_bytes);
		return 0;
	}
	for (u32 cpu = 0; cpu < a->plane_cnt; cpu++)
		map_value_load(map, to + (size_t)cpu * a->elem_bytes, array_elem(a, cpu, index),
			       a->elem_bytes);
	return 0;
}

static int array_user_update(struct map *map, const void *key, const void *value, u64 flags)
{
	struct map_array *a = as_array(map);
	u32 index = load_u32(key);
	int err = array_update_check(map, index, flags);

	if (err)
		return err;
	if (!map->ops->percpu) {
		map_value_store(map, array_elem(a, 0, index), value, map->attr.value_size_bytes,
				false);
		return 0;
	}
	for (u32 cpu = 0; cpu < a->plane_cnt; cpu++)
		map_value_store(map, array_elem(a, cpu, index),
				(const u8 *)value + (size_t)cpu * a->elem_bytes, a->elem_bytes,
				false);
	return 0;
}

int map_index_next_key(struct map *map, const void *key, void *ret_next_key)
{
	u32 index = key ? load_u32(key) : UINT32_MAX;

	if (index >= map->attr.max_entries) {
		store_u32(ret_next_key, 0);
		return 0;
	}
	if (index == map->attr.max_entries - 1)
		return -ENOENT;
	store_u32(ret_next_key, index + 1);
	return 0;
}

static s64 array_for_each(struct map *map, u32 cpu, map_visit_fn fn, void *cookie)
{
	struct map_array *a = as_array(map);
	s64 visited = 0;

	for (u32 i = 0; i < map->attr.max_entries; i++) {
		visited++;
		if (fn(cookie, &i, array_elem(a, a->plane_cnt > 1 ? cpu : 0, i)))
			break;
	}
	return visited;
}

static bool array_extent_at(struct map *map, u64 addr, struct extent *ret_extent)
{
	struct map_array *a = as_array(map);
	u64 base = ptr_to_u64(map->region.data), plane, index;

	if (addr + MAP_EXTENT_NEAR_BYTES < base ||
	    addr >= base + map->region.data_bytes + MAP_EXTENT_NEAR_BYTES)
		return false;
	addr = addr < base ? base : addr;
	plane = MIN((addr - base) / a->plane_bytes, (u64)a->plane_cnt - 1);
	index = MIN((addr - base - plane * a->plane_bytes) / a->elem_bytes,
		    (u64)map->attr.max_entries - 1);
	*ret_extent = (struct extent){
		.base = base + plane * a->plane_bytes + index * a->elem_bytes,
		.size_bytes = map->attr.value_size_bytes,
		.kind = EXTENT_MAP_VALUE,
		.perm = map_prog_perm(map),
		.name = map->attr.name,
		.index = (s64)index,
	};
	return true;
}

/* array_map_direct_value_addr */
static int array_direct_value(struct map *map, u32 off_bytes, u64 *ret_addr)
{
	if (map->attr.max_entries != 1)
		return -ENOTSUPP;
	if (off_bytes >= map->attr.value_size_bytes)
		return -EINVAL;
	*ret_addr = ptr_to_u64(map->region.data) + off_bytes;
	return 0;
}

const struct map_ops map_array_ops = {
	.indexed = true,
	.check = array_check,
	.alloc = array_alloc,
	.free = array_free,
	.lookup = array_lookup,
	.update = array_update,
	.delete = array_delete,
	.for_each = array_for_each,
	.user_lookup = array_user_lookup,
	.user_update = array_user_update,
	.next_key = map_index_next_key,
	.extent_at = array_extent_at,
	.direct_value = array_direct_value,
	.holds = OBJ_KIND_CNT,
	.batches = MAP_BATCH_LOOKUP | MAP_BATCH_UPDATE,
	.inner = MAP_INNER_ENTRIES_TOO,
	.call_insns = array_call_insns,
};

const struct map_ops map_percpu_array_ops = {
	.indexed = true,
	.check = array_check,
	.alloc = array_alloc,
	.free = array_free,
	.lookup = percpu_array_lookup,
	.update = array_update,
	.delete = array_delete,
	.for_each = array_for_each,
	.user_lookup = array_user_lookup,
	.user_update = array_user_update,
	.next_key = map_index_next_key,
	.extent_at = array_extent_at,
	.holds = OBJ_KIND_CNT,
	.percpu = true,
	.batches = MAP_BATCH_LOOKUP | MAP_BATCH_UPDATE,
	.inner = MAP_INNER_ALIKE,
	.call_insns = percpu_array_call_insns,
};
