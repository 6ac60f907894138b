/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One element of a map: look up, update, delete, next key, look up and delete. Keys and values
 * pass through copies of our own, so that a bad address fails before or after the map's own work,
 * as in the kernel.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "sys/elem.h"
#include "sys/sys_int.h"
#include "sys/user_mem.h"

int elem_begin(struct elem_op *op, struct sys_call *call, u32 map_fd, u32 need)
{
	u32 rights;
	int err = sys_map_get(call, map_fd, &op->map, &rights);

	if (err)
		return err;
	if ((rights & need) != need)
		return -EPERM;
	op->value_bytes = map_user_value_bytes(op->map);
	return 0;
}

void elem_end(struct elem_op *op)
{
	mem_free(op->key);
	mem_free(op->value);
	map_put(op->map);
}

int elem_key_read(struct elem_op *op, u64 addr)
{
	/* A map without keys takes no key (queues, stacks). */
	if (!op->map->attr.key_size_bytes)
		return addr ? -EINVAL : 0;
	return user_dup(addr, op->map->attr.key_size_bytes, &op->key);
}

int elem_value_alloc(struct elem_op *op)
{
	op->value = mem_zalloc(op->value_bytes);
	return op->value ? 0 : -ENOMEM;
}

/* No value has a spin lock (sys_map_create refuses those), so nothing can be locked. */
static int lock_flag_check(u64 flags)
{
	return flags & ELEM_F_LOCK ? -EINVAL : 0;
}

long sys_elem_lookup(struct sys_call *call)
{
	const struct attr_elem *a = &call->attr.elem;
	struct elem_op op = { 0 };
	int err;

	if (a->flags & ~(u64)ELEM_F_LOCK)
		return -EINVAL;
	err = elem_begin(&op, call, a->map_fd, OBJ_READ);
	if (!err)
		err = lock_flag_check(a->flags);
	if (!err)
		err = elem_key_read(&op, a->key);
	if (!err)
		err = elem_value_alloc(&op);
	/* There the value is the question. */
	if (!err && op.map->attr.type == MAP_TYPE_BLOOM_FILTER)
		err = user_read(op.value, a->value, op.value_bytes);
	if (!err)
		err = map_user_lookup(op.map, op.key, op.value, a->flags);
	if (!err)
		err = user_write(a->value, op.value, op.value_bytes);
	elem_end(&op);
	return err;
}

static bool key_is_index(const struct map *map)
{
	return map->attr.type == MAP_TYPE_PROG_ARRAY || map->attr.type == MAP_TYPE_ARRAY_OF_MAPS;
}

/* For maps that hold programs or maps, the value is a descriptor. */
static int elem_store(struct sys_call *call, struct elem_op *op, u64 flags)
{
	struct obj *obj;
	int err;

	if (op->map->ops->holds == OBJ_KIND_CNT)
		return map_user_update(op->map, op->key, op->value, flags);
	err = obj_fd_get(&call->skep->home, (int)load_u32(op->value), op->map->ops->holds, &obj,
			 NULL);
	/* bpf_fd_array_map_update_elem() looks at flags and index before the descriptor. */
	if (err && key_is_index(op->map)) {
		if (flags)
			return -EINVAL;
		if (load_u32(op->key) >= op->map->attr.max_entries)
			return -E2BIG;
	}
	if (err)
		return err;
	err = map_user_update_obj(op->map, op->key, obj, flags);
	obj_put(obj);
	return err;
}

long sys_elem_update(struct sys_call *call)
{
	const struct attr_elem *a = &call->attr.elem;
	struct elem_op op = { 0 };
	int err = elem_begin(&op, call, a->map_fd, OBJ_WRITE);

	if (!err)
		err = lock_flag_check(a->flags);
	if (!err)
		err = elem_key_read(&op, a->key);
	if (!err)
		err = user_dup(a->value, op.value_bytes, &op.value);
	if (!err)
		err = elem_store(call, &op, a->flags);
	elem_end(&op);
	return err;
}

long sys_elem_delete(struct sys_call *call)
{
	const struct attr_elem *a = &call->attr.elem;
	struct elem_op op = { 0 };
	int err = elem_begin(&op, call, a->map_fd, OBJ_WRITE);

	if (!err)
		err = elem_key_read(&op, a->key);
	if (!err)
		err = map_user_delete(op.map, op.key);
	elem_end(&op);
	return err;
}

long sys_elem_next_key(struct sys_call *call)
{
	const struct attr_elem *a = &call->attr.elem;
	struct elem_op op = { 0 };
	void *next = NULL;
	int err = elem_begin(&op, call, a->map_fd, OBJ_READ);

	if (!err && a->key)
		err = elem_key_read(&op, a->key);
	if (!err) {
		next = mem_zalloc(op.map->attr.key_size_bytes);
		err = next ? map_user_next_key(op.map, op.key, next) : -ENOMEM;
	}
	if (!err)
		err = user_write(a->value, next, op.map->attr.key_size_bytes);
	mem_free(next);
	elem_end(&op);
	return err;
}

long sys_elem_lookup_and_delete(struct sys_call *call)
{
	const struct attr_elem *a = &call->attr.elem;
	struct elem_op op = { 0 };
	int err;

	if (a->flags & ~(u64)ELEM_F_LOCK)
		return -EINVAL;
	err = elem_begin(&op, call, a->map_fd, OBJ_READ | OBJ_WRITE);
	if (!err)
		err = lock_flag_check(a->flags);
	if (!err)
		err = elem_key_read(&op, a->key);
	if (!err)
		err = elem_value_alloc(&op);
	if (!err)
		err = map_user_lookup_delete(op.map, op.key, op.value, a->flags);
	if (!err)
		err = user_write(a->value, op.value, op.value_bytes);
	elem_end(&op);
	return err;
}
