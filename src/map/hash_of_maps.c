/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hash of maps: a hash (map/hash.c) whose values are the addresses of references to inner maps.
 * Writers are one at a time; programs search without a lock and, standing in the epoch, may follow
 * what they find even when it is taken out meanwhile.
 */
#include "base/bytes.h"
#include "base/lock.h"
#include "base/mem.h"
#include "map/call_int.h"
#include "map/obj_slot.h"

struct map_hash_of_maps {
	struct map map;
	struct map *table; /* owned; values are struct obj_slot * as u64 */
	struct lock lock;  /* of writers */
	u8 *spare_key;	   /* for the end, when there may be no memory left */
};

static struct map_hash_of_maps *as_hom(struct map *map)
{
	return container_of(map, struct map_hash_of_maps, map);
}

/* fd_htab_map_alloc_check */
static int hom_check(const struct map_attr *attr)
{
	return attr->value_size_bytes != 4 ? -EINVAL : map_hash_ops.check(attr);
}

static struct obj_slot *hom_slot(struct map_hash_of_maps *m, const void *key)
{
	void *value = map_hash_ops.lookup(m->table, 0, key);

	/* Sequentially consistent, as epochs ask for. */
	return value ? u64_to_ptr(atomic_load((_Atomic u64 *)value)) : NULL;
}

static void hom_free(struct map *map)
{
	struct map_hash_of_maps *m = as_hom(map);

	while (m->table && !map_hash_ops.next_key(m->table, NULL, m->spare_key)) {
		struct obj_slot *slot = hom_slot(m, m->spare_key);

		(void)map_hash_ops.delete(m->table, m->spare_key);
		obj_slot_free(slot);
	}
	mem_free(m->spare_key);
	map_put(m->table);
	mem_free(m);
}

static int hom_alloc(const struct map_attr *attr, const struct map_env *env, struct map **ret_map)
{
	struct map_attr table_attr = *attr;
	struct map_hash_of_maps *m;
	int err;

	if (!attr->inner)
		return -EBADF;
	err = map_inner_check(attr->inner);
	if (err)
		return err;
	m = mem_zalloc(sizeof(*m));
	if (!m)
		return -ENOMEM;
	map_init(&m->map, attr, env, &map_hash_of_maps_ops);
	table_attr.type = MAP_TYPE_HASH;
	table_attr.value_size_bytes = sizeof(u64);
	m->spare_key = mem_alloc(attr->key_size_bytes);
	err = m->spare_key ? map_hash_alloc(&table_attr, env, &m->table) : -ENOMEM;
	if (err) {
		hom_free(&m->map);
		return err;
	}
	*ret_map = &m->map;
	return 0;
}

static void *hom_lookup(struct map *map, u32 cpu, const void *key)
{
	struct obj_slot *slot = hom_slot(as_hom(map), key);

	(void)cpu;
	return slot ? container_of(slot->obj, struct map, obj) : NULL;
}

/* htab_of_map_gen_lookup: the table's own lookup, then value, slot and object. */
static void hom_call_insns(const struct map *map, const struct map_call *call,
			   struct map_code *code)
{
	u32 no_elem, no_slot;
	struct map *table;

	if (call->kind != MAP_CALL_LOOKUP || !call->known)
		return;
	table = container_of_const(map, struct map_hash_of_maps, map)->table;
	map_code_lddw(code, 1, ptr_to_u64(table));
	table->ops->call_insns(table, call, code);
	no_elem = map_code_jump(code, ISA_JEQ64_K, 0, 0);
	map_code_op(code, ISA_LOAD_ACQ_DW, CODE_REGS(0, 0), 0);
	no_slot = map_code_jump(code, ISA_JEQ64_K, 0, 0);
	map_code_op(code, ISA_LDX_DW, CODE_REGS(0, 0), (s32)offsetof(struct obj_slot, obj));
	map_code_land(code, no_elem);
	map_code_land(code, no_slot);
}

_Static_assert(offsetof(struct map, obj) == 0, "an inner map's object is the map");

static int hom_update(struct map *map, u32 cpu, const void *key, const void *value, u64 flags)
{
	(void)map;
	(void)cpu;
	(void)key;
	(void)value;
	(void)flags;
	return -EINVAL; /* only user space fills it: map_user_update_obj */
}

static int hom_user_update(struct map *map, const void *key, const void *value, u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	(void)flags;
	return -EBADF; /* a descriptor that nobody knew: who does comes by update_obj */
}

/* bpf_fd_htab_map_update_elem */
static int hom_update_obj(struct map *map, const void *key, struct obj *obj, u64 flags)
{
	struct map_hash_of_maps *m = as_hom(map);
	struct obj_slot *slot, *old;
	u64 value;
	int err;

	if (obj->kind != OBJ_MAP ||
	    !map_inner_equal(map, container_of(obj, struct map, obj)))
		return -EINVAL;
	slot = obj_slot_new(obj);
	if (!slot)
		return -ENOMEM;
	value = ptr_to_u64(slot);
	lock_take(&m->lock);
	old = hom_slot(m, key);
	err = map_hash_ops.update(m->table, 0, key, &value, flags);
	lock_give(&m->lock);
	if (err)
		obj_slot_free(slot);
	else
		obj_slot_retire(map->env, old);
	return err;
}

static int hom_delete(struct map *map, const void *key)
{
	struct map_hash_of_maps *m = as_hom(map);
	struct obj_slot *old;
	int err;

	lock_take(&m->lock);
	old = hom_slot(m, key);
	err = map_hash_ops.delete(m->table, key);
	lock_give(&m->lock);
	obj_slot_retire(map->env, old);
	return err;
}

static int hom_user_lookup(struct map *map, const void *key, void *ret_value, u64 flags)
{
	u32 token = epoch_enter(map->env->epoch);
	struct obj_slot *slot = hom_slot(as_hom(map), key);

	(void)flags;
	if (slot)
		store_u32(ret_value, slot->obj->id);
	epoch_exit(map->env->epoch, token);
	return slot ? 0 : -ENOENT;
}

static int hom_next_key(struct map *map, const void *key, void *ret_next_key)
{
	return map_hash_ops.next_key(as_hom(map)->table, key, ret_next_key);
}

static bool hom_extent_at(struct map *map, u64 addr, struct extent *ret_extent)
{
	(void)map;
	(void)addr;
	(void)ret_extent;
	return false; /* nothing in it that a program may touch */
}

const struct map_ops map_hash_of_maps_ops = {
	.check = hom_check,
	.alloc = hom_alloc,
	.free = hom_free,
	.lookup = hom_lookup,
	.call_insns = hom_call_insns,
	.update = hom_update,
	.delete = hom_delete,
	.user_lookup = hom_user_lookup,
	.user_update = hom_user_update,
	.next_key = hom_next_key,
	.extent_at = hom_extent_at,
	.holds = OBJ_MAP,
	.update_obj = hom_update_obj,
	.batches = MAP_BATCH_LOOKUP | MAP_BATCH_DELETE,
};
