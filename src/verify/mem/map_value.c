/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values of maps: bounds, what the map's flags forbid to programs, fields that no program may
 * touch, and values that cannot change any more as constants (check_map_access_type,
 * check_map_access, bpf_map_direct_read).
 */
#include "base/bytes.h"
#include "btf/fields.h"
#include "map/map.h"
#include "verify/mem/mem_int.h"

int mem_map_rights(struct env *env, u32 regno, s32 off, s32 size_bytes, enum access kind)
{
	const struct reg *reg = env_reg(env, regno);
	const struct map_attr *attr = &reg->map->attr;

	if (kind == ACCESS_WRITE && attr->flags & MAP_F_RDONLY_PROG)
		return reject_reg(env, -EACCES, (s32)regno,
				  "write into map forbidden, value_size=%d off=%d size=%d",
				  (int)attr->value_size_bytes, off, size_bytes);
	if (kind == ACCESS_READ && attr->flags & MAP_F_WRONLY_PROG)
		return reject_reg(env, -EACCES, (s32)regno,
				  "read from map forbidden, value_size=%d off=%d size=%d",
				  (int)attr->value_size_bytes, off, size_bytes);
	return 0;
}

/* A pointer field is loaded and stored whole, by the program itself. */
static int check_kptr(struct env *env, const struct mem_range *range, const struct btf_field *field,
		      bool direct)
{
	const struct reg *reg = env_reg(env, range->regno);
	const char *name = "kptr"; /* all its variants, for programs */

	if (field->kind == FIELD_UPTR)
		name = "uptr";
	if (!direct)
		return reject_reg(env, -EACCES, (s32)range->regno,
				  "%s cannot be accessed indirectly by helper", name);
	if (!scalar_is_const(&reg->s))
		return reject_reg(env, -EACCES, (s32)range->regno,
				  "%s access cannot have variable offset", name);
	if (field->off != (u64)(range->off + reg->s.smin))
		return reject_reg(env, -EACCES, (s32)range->regno,
				  "%s access misaligned expected=%u off=%llu", name, field->off,
				  (unsigned long long)(range->off + reg->s.smin));
	if (range->size_bytes != 8)
		return reject_reg(env, -EACCES, (s32)range->regno, "%s access size must be BPF_DW",
				  name);
	return reject_reg(env, -EACCES, (s32)range->regno,
			  "access to a %s needs kernel BTF, which is not supported yet", name);
}

int mem_map_range(struct env *env, const struct mem_range *range, bool direct)
{
	const struct reg *reg = env_reg(env, range->regno);
	const struct btf_fields *fields = reg->map->fields;
	const u32 pointers = FIELD_KPTR_UNREF | FIELD_KPTR_REF | FIELD_KPTR_PERCPU | FIELD_UPTR;
	int err = mem_var_range(env, range);

	if (err || !fields)
		return err;
	for (u32 i = 0; i < fields->cnt; i++) {
		const struct btf_field *field = &fields->fields[i];
		s64 lo = reg->s.smin + range->off;
		s64 hi = (s64)reg->s.umax + range->off + range->size_bytes;

		if (lo >= (s64)field->off + field->size_bytes || (s64)field->off >= hi)
			continue;
		if (field->kind & pointers)
			return check_kptr(env, range, field, direct);
		return reject_reg(env, -EACCES, (s32)range->regno,
				  "%s cannot be accessed directly by load/store",
				  btf_field_info(field->kind)->name);
	}
	return 0;
}

/* tidy: allow params: the contract's */
int mem_map_access(struct env *env, u32 regno, s32 off, u32 size_bytes, bool zero_ok,
		   enum access kind)
{
	const struct mem_range range = {
		.regno = regno,
		.off = off,
		.size_bytes = (s32)size_bytes,
		.object_bytes = env_reg(env, regno)->map->attr.value_size_bytes,
		.zero_ok = zero_ok,
	};
	int err = mem_map_rights(env, regno, off, (s32)size_bytes, kind);

	return err ? err : mem_map_range(env, &range, false);
}

/* bpf_map_is_rdonly(): neither programs nor user space will ever write it again. */
static bool map_is_const(const struct map *map)
{
	return map->attr.flags & MAP_F_RDONLY_PROG && map->ops->direct_value &&
	       atomic_load_explicit(&map->frozen, memory_order_acquire) &&
	       !atomic_load_explicit(&map->writers, memory_order_acquire);
}

bool mem_map_const(const struct map *map, u32 off, u32 size_bytes, bool is_ldsx, u64 *ret_value)
{
	const void *p;
	u64 addr;

	/* The table's function only reads the map. */
	if (!map_is_const(map) || map->ops->direct_value(u64_to_ptr(ptr_to_u64(map)), off, &addr))
		return false;
	p = u64_to_ptr(addr);
	*ret_value = load_sized(p, size_bytes);
	if (is_ldsx) {
		u32 shift = 64 - size_bytes * 8;

		*ret_value = (u64)((s64)(*ret_value << shift) >> shift);
	}
	return true;
}

int mem_map_value_access(struct env *env, const struct mem_access *acc)
{
	const struct reg *reg = env_reg(env, acc->regno);
	const struct mem_range range = {
		.regno = acc->regno,
		.off = acc->off,
		.size_bytes = (s32)acc->size_bytes,
		.object_bytes = reg->map->attr.value_size_bytes,
	};
	struct reg *dst;
	u64 value;
	int err;

	if (acc->kind == ACCESS_WRITE && acc->value_regno >= 0 &&
	    mem_is_pointer(env, (u32)acc->value_regno))
		return reject_reg(env, -EACCES, acc->value_regno, "R%d leaks addr into map",
				  acc->value_regno);
	err = mem_map_rights(env, acc->regno, acc->off, (s32)acc->size_bytes, acc->kind);
	if (!err)
		err = mem_map_range(env, &range, true);
	if (err || acc->kind == ACCESS_WRITE || acc->value_regno < 0)
		return err;
	dst = env_reg(env, (u32)acc->value_regno);
	if (scalar_is_const(&reg->s) &&
	    mem_map_const(reg->map, (u32)(acc->off + reg->s.smin), acc->size_bytes, acc->is_ldsx,
			  &value))
		reg_mark_const(dst, value);
	else
		reg_mark_unknown(env, dst);
	return 0;
}
