/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arrays of programs and arrays of maps (fd_array in the kernel's arraymap.c).
 *
 * 1. `objs` is what programs look at, without a lock; `slots` holds the references. The lock
 *    guards both against other writers, so objs[i] is always slots[i]->obj.
 * 2. The region holds the ids, which is what user space reads; 0: nothing.
 */
#include "base/barrier.h"
#include "base/bytes.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/pages.h"
#include "map/call_int.h"
#include "map/obj_slot.h"
#include "prog/prog.h"

struct map_obj_array {
	struct map map;
	_Atomic(struct obj *) *objs; /* release to publish, acquire to read */
	struct obj_slot **slots;     /* under lock */
	struct lock lock;
	/* Program arrays: whose kind decides; under lock. */
	bool owned;
	enum prog_type owner_type;
	u32 owner_attach_type;
	bool owner_frags;
};

static struct map_obj_array *as_obj_array(struct map *map)
{
	return container_of(map, struct map_obj_array, map);
}

static u64 objs_addr(const struct map *map)
{
	return ptr_to_u64(container_of_const(map, struct map_obj_array, map)->objs);
}

/* fd_array_map_alloc_check with array_map_alloc_check */
static int obj_array_check(const struct map_attr *attr)
{
	if (attr->value_size_bytes != 4 || attr->key_size_bytes != 4 || !attr->max_entries)
		return -EINVAL;
	if (attr->flags & ~(u32)(MAP_F_NUMA_NODE | MAP_F_RDONLY | MAP_F_WRONLY))
		return -EINVAL;
	return 0;
}

static u64 objs_bytes(const struct map *map)
{
	return (u64)map->attr.max_entries * sizeof(struct obj *);
}

static void obj_array_free(struct map *map)
{
	struct map_obj_array *a = as_obj_array(map);

	for (u32 i = 0; a->slots && i < map->attr.max_entries; i++)
		obj_slot_free(a->slots[i]);
	pages_free(a->slots, objs_bytes(map));
	pages_free(a->objs, objs_bytes(map));
	region_fini(&map->region);
	mem_free(a);
}

static int obj_array_alloc(const struct map_attr *attr, const struct map_env *env,
			   struct map **ret_map)
{
	bool of_maps = attr->type == MAP_TYPE_ARRAY_OF_MAPS;
	struct region_spec spec = { .data_bytes = 4ull * attr->max_entries, .at_once = true };
	struct map_obj_array *a;
	int err = 0;

	if (of_maps && !attr->inner)
		return -EBADF;
	if (of_maps)
		err = map_inner_check(attr->inner);
	if (err)
		return err;
	a = mem_zalloc(sizeof(*a));
	if (!a)
		return -ENOMEM;
	map_init(&a->map, attr, env, of_maps ? &map_array_of_maps_ops : &map_prog_array_ops);
	/* The kernel's array holds pointers: as much as that must fit. */
	if (objs_bytes(&a->map) <= pages_ram_bytes()) {
		a->objs = pages_new(objs_bytes(&a->map));
		a->slots = pages_new(objs_bytes(&a->map));
	}
	err = a->objs && a->slots ? region_init(&a->map.region, &spec) : -ENOMEM;
	if (err) {
		obj_array_free(&a->map);
		return err;
	}
	*ret_map = &a->map;
	return 0;
}

static _Atomic u32 *id_at(struct map_obj_array *a, u32 index)
{
	return (_Atomic u32 *)(void *)a->map.region.data + index;
}

/* Puts @slot (or NULL) at @index; returns what was there. */
static struct obj_slot *slot_swap_locked(struct map_obj_array *a, u32 index, struct obj_slot *slot)
{
	struct obj_slot *old = a->slots[index];

	a->slots[index] = slot;
	atomic_store(&a->objs[index], slot ? slot->obj : NULL);
	atomic_store_explicit(id_at(a, index), slot ? slot->obj->id : 0, memory_order_relaxed);
	return old;
}

static void *obj_array_at(struct map *map, u32 index)
{
	if (unlikely(index >= map->attr.max_entries))
		return NULL;
	index = index_nospec(index, map->attr.max_entries);
	/* Sequentially consistent, as epochs ask for; a plain load on x86. */
	return atomic_load(&as_obj_array(map)->objs[index]);
}

static void *prog_array_lookup_obj(struct map *map, u32 index)
{
	struct obj *obj = obj_array_at(map, index);

	return obj ? container_of(obj, struct prog, obj) : NULL;
}

/* Programs cannot look into program arrays (the verifier's rule); into arrays of maps they can. */
static void *prog_array_lookup(struct map *map, u32 cpu, const void *key)
{
	(void)map;
	(void)cpu;
	(void)key;
	return NULL;
}

static void *array_of_maps_lookup(struct map *map, u32 cpu, const void *key)
{
	struct obj *obj = obj_array_at(map, load_u32(key));

	(void)cpu;
	return obj ? container_of(obj, struct map, obj) : NULL;
}

/*
 * array_of_map_gen_lookup. A map begins with its object, so what is found needs no conversion, and
 * NULL stays NULL. Machines that we know (x86 loads, arm64 ldar) do not take an acquire before the
 * sequentially consistent addition with which the run entered its epoch.
 */
static void array_of_maps_call_insns(const struct map *map, const struct map_call *call,
				     struct map_code *code)
{
	u32 outside;

	if (call->kind != MAP_CALL_LOOKUP || !call->known)
		return;
	if (call->key_known && call->key >= map->attr.max_entries) {
		map_code_op(code, ISA_MOV32_K, 0, 0);
		return;
	}
	if (call->key_known) {
		map_code_lddw(code, 1, objs_addr(map) + call->key * sizeof(struct obj *));
		map_code_op(code, ISA_LOAD_ACQ_DW, CODE_REGS(0, 1), 0);
		return;
	}
	outside = map_code_index(map, call, code);
	map_code_lddw(code, 1, objs_addr(map));
	map_code_scale(code, 2, sizeof(struct obj *), 3);
	map_code_op(code, ISA_ADD64_X, CODE_REGS(1, 2), 0);
	map_code_op(code, ISA_LOAD_ACQ_DW, CODE_REGS(0, 1), 0);
	map_code_land(code, outside);
}

_Static_assert(offsetof(struct map, obj) == 0, "an inner map's object is the map");

static int obj_array_update(struct map *map, u32 cpu, const void *key, const void *value, u64 flags)
{
	(void)map;
	(void)cpu;
	(void)key;
	(void)value;
	(void)flags;
	return -EINVAL; /* only user space fills them: map_user_update_obj */
}

/* The value is a descriptor that nobody knew: who does comes by update_obj. */
static int obj_array_user_update(struct map *map, const void *key, const void *value, u64 flags)
{
	(void)value;
	if (flags != ELEM_ANY)
		return -EINVAL;
	return load_u32(key) >= map->attr.max_entries ? -E2BIG : -EBADF;
}

static int prog_compatible_locked(struct map_obj_array *a, const struct prog *prog)
{
	bool frags = prog->flags & PROG_FLAG_XDP_HAS_FRAGS;

	if (!a->owned) {
		a->owned = true;
		a->owner_type = prog->type;
		a->owner_attach_type = prog->expected_attach_type;
		a->owner_frags = frags;
		return 0;
	}
	return a->owner_type == prog->type && a->owner_frags == frags &&
			       a->owner_attach_type == prog->expected_attach_type ?
		       0 :
		       -EINVAL;
}

int map_prog_array_compatible(struct map *map, const struct prog *prog)
{
	struct map_obj_array *a = as_obj_array(map);
	int err;

	if (map->attr.type != MAP_TYPE_PROG_ARRAY)
		return -EINVAL;
	lock_take(&a->lock);
	err = prog_compatible_locked(a, prog);
	lock_give(&a->lock);
	return err;
}

static int obj_fits_locked(struct map_obj_array *a, struct obj *obj)
{
	if (a->map.ops->holds == OBJ_PROG)
		return prog_compatible_locked(a, container_of(obj, struct prog, obj));
	return map_inner_equal(&a->map, container_of(obj, struct map, obj)) ? 0 : -EINVAL;
}

/* bpf_fd_array_map_update_elem */
static int obj_array_update_obj(struct map *map, const void *key, struct obj *obj, u64 flags)
{
	struct map_obj_array *a = as_obj_array(map);
	struct obj_slot *slot, *old = NULL;
	u32 index = load_u32(key);
	int err;

	if (flags != ELEM_ANY)
		return -EINVAL;
	if (index >= map->attr.max_entries)
		return -E2BIG;
	if (obj->kind != map->ops->holds)
		return -EINVAL;
	slot = obj_slot_new(obj);
	if (!slot)
		return -ENOMEM;
	lock_take(&a->lock);
	err = obj_fits_locked(a, obj);
	if (!err)
		old = slot_swap_locked(a, index, slot);
	lock_give(&a->lock);
	if (err)
		obj_slot_free(slot);
	obj_slot_retire(map->env, old);
	return err;
}

/* __fd_array_map_delete_elem */
static int obj_array_delete(struct map *map, const void *key)
{
	struct map_obj_array *a = as_obj_array(map);
	u32 index = load_u32(key);
	struct obj_slot *old;

	if (index >= map->attr.max_entries)
		return -E2BIG;
	lock_take(&a->lock);
	old = slot_swap_locked(a, index, NULL);
	lock_give(&a->lock);
	obj_slot_retire(map->env, old);
	return old ? 0 : -ENOENT;
}

static int obj_array_user_lookup(struct map *map, const void *key, void *ret_value, u64 flags)
{
	u32 index = load_u32(key), id = 0;

	(void)flags;
	if (index < map->attr.max_entries)
		id = atomic_load_explicit(id_at(as_obj_array(map), index), memory_order_relaxed);
	if (!id)
		return -ENOENT;
	store_u32(ret_value, id);
	return 0;
}

static bool obj_array_extent_at(struct map *map, u64 addr, struct extent *ret_extent)
{
	(void)map;
	(void)addr;
	(void)ret_extent;
	return false; /* nothing in it that a program may touch */
}

/* bpf_fd_array_map_clear: a program that stands in the array it tail-calls through would stay. */
static void prog_array_release(struct map *map)
{
	for (u32 i = 0; i < map->attr.max_entries; i++)
		(void)obj_array_delete(map, &i);
}

#define OBJ_ARRAY_OPS                                                                              \
	.check = obj_array_check, .alloc = obj_array_alloc, .free = obj_array_free,                \
	.update = obj_array_update, .delete = obj_array_delete,                                    \
	.user_lookup = obj_array_user_lookup, .user_update = obj_array_user_update,                \
	.next_key = map_index_next_key, .extent_at = obj_array_extent_at,                          \
	.update_obj = obj_array_update_obj

const struct map_ops map_prog_array_ops = {
	OBJ_ARRAY_OPS,
	.lookup = prog_array_lookup,
	.lookup_obj = prog_array_lookup_obj,
	.release = prog_array_release,
	.holds = OBJ_PROG,
};

const struct map_ops map_array_of_maps_ops = {
	OBJ_ARRAY_OPS,
	.lookup = array_of_maps_lookup,
	.call_insns = array_of_maps_call_insns,
	.holds = OBJ_MAP,
	.batches = MAP_BATCH_LOOKUP,
};
