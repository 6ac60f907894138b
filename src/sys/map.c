/* SPDX-License-Identifier: BSD-2-Clause */
/* BPF_MAP_CREATE and BPF_MAP_FREEZE (map_create and map_freeze of the kernel). */
#include <string.h>

#include "base/err.h"
#include "btf/btf.h"
#include "spec/spec.h"
#include "sys/sys_int.h"

int sys_map_fd(struct skep *skep, struct map *map, u32 rights)
{
	return obj_fd_open(&map->obj, &skep->home, rights, map_mmap_fd(map));
}

/* What needs no map yet. The order is map_create()'s. */
static int attr_check(const struct attr_map_create *a, u32 *ret_rights)
{
	int err;

	if (a->btf_vmlinux_value_type_id) {
		if (a->map_type != MAP_TYPE_STRUCT_OPS || a->btf_key_type_id ||
		    a->btf_value_type_id)
			return -EINVAL;
	} else if (a->btf_key_type_id && !a->btf_value_type_id) {
		return -EINVAL;
	}
	if (a->map_extra && a->map_type != MAP_TYPE_BLOOM_FILTER && a->map_type != MAP_TYPE_ARENA)
		return -EINVAL;
	err = sys_open_rights(a->map_flags, ret_rights);
	if (err)
		return err;
	/* One node, 0: there is no placement to choose here. */
	if (a->map_flags & MAP_F_NUMA_NODE && a->numa_node)
		return -EINVAL;
	if (a->map_type == MAP_TYPE_UNSPEC || !map_type_name(a->map_type))
		return -EINVAL;
	return 0;
}

static int attr_check_late(const struct attr_map_create *a)
{
	return a->excl_prog_hash || a->excl_prog_hash_size ? -EINVAL : 0;
}

static int attr_check_last(const struct attr_map_create *a)
{
	if (a->map_flags & MAP_F_TOKEN_FD)
		return sys_token_refuse(a->map_token_fd);
	/* Maps on a network card: no card here can hold one. */
	if (a->map_ifindex)
		return a->map_type == MAP_TYPE_ARRAY || a->map_type == MAP_TYPE_HASH ? -EOPNOTSUPP
										     : -EINVAL;
	return sys_name_check(a->map_name);
}

static int btf_resolve(struct sys_call *call, struct map_attr *attr)
{
	const struct attr_map_create *a = &call->attr.map_create;
	struct obj *obj;
	int err;

	if (!a->btf_key_type_id && !a->btf_value_type_id && !a->btf_vmlinux_value_type_id)
		return 0;
	err = obj_fd_get(&call->skep->home, (int)a->btf_fd, OBJ_BTF, &obj, NULL);
	if (err)
		return err;
	attr->btf = btf_of_obj(obj);
	attr->btf_key_type_id = a->btf_key_type_id;
	attr->btf_value_type_id = a->btf_value_type_id;
	return 0;
}

/* The template of a map of maps, a reference (bpf_map_meta_alloc). */
static int inner_get(struct sys_call *call, struct map_attr *attr)
{
	if (attr->type != MAP_TYPE_ARRAY_OF_MAPS && attr->type != MAP_TYPE_HASH_OF_MAPS)
		return 0;
	return sys_map_get(call, call->attr.map_create.inner_map_fd, &attr->inner, NULL);
}

/* An instance that only verifies has maps of all types, even those that nobody else can make. */
static int create(struct skep *skep, const struct map_attr *attr, struct map **ret_map)
{
	if (skep->verify.only && !map_type_exists(attr->type))
		return map_declare(attr, &skep->map_env, ret_map);
	return map_create(attr, &skep->map_env, ret_map);
}

long sys_map_create(struct sys_call *call)
{
	const struct attr_map_create *a = &call->attr.map_create;
	struct map_attr attr = {
		.type = (enum map_type)a->map_type,
		.key_size_bytes = a->key_size,
		.value_size_bytes = a->value_size,
		.max_entries = a->max_entries,
		.flags = a->map_flags & ~(u32)MAP_F_TOKEN_FD,
		.map_extra = a->map_extra,
	};
	struct map *map;
	u32 rights;
	long fd;
	int err = attr_check(a, &rights);

	if (!err)
		err = attr_check_late(a);
	if (!err)
		err = btf_resolve(call, &attr);
	memcpy(attr.name, a->map_name, sizeof(attr.name));
	if (!err)
		err = inner_get(call, &attr);
	if (!err)
		err = create(call->skep, &attr, &map);
	map_put(attr.inner);
	btf_put(attr.btf);
	if (err)
		return err;
	/* The kernel looks at these only now, when a map of this type and size was to be had. */
	err = attr_check_last(a);
	if (!err)
		err = obj_table_add(call->skep->map_env.tables[OBJ_MAP], &map->obj);
	fd = err ? err : sys_map_fd(call->skep, map, rights);
	map_put(map);
	return fd;
}

long sys_map_freeze(struct sys_call *call)
{
	struct map *map;
	u32 rights;
	int err = sys_map_get(call, call->attr.elem.map_fd, &map, &rights);

	if (err)
		return err;
	err = rights & OBJ_WRITE ? map_freeze(map) : -EPERM;
	map_put(map);
	return err;
}
