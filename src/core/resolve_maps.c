/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Map references. A program names a map by file descriptor; what runs needs its address. Each
 * map that a program uses is referenced once, for the program's whole life.
 */
#include "base/err.h"
#include "base/mem.h"
#include "core/resolve.h"
#include "isa/isa.h"
#include "map/map.h"

#define MAPS_MAX ((u32)LIMIT_MAPS)

/* Takes over the reference in @map. */
static int use_map(struct prog *prog, const struct prog_load_attr *attr, struct map *map)
{
	for (u32 i = 0; i < prog->map_cnt; i++) {
		if (prog->maps[i] == map) {
			map_put(map);
			return 0;
		}
	}
	if (prog->map_cnt == MAPS_MAX) {
		load_log(attr, "The total number of maps per program has reached the limit of %u",
			 MAPS_MAX);
		map_put(map);
		return -E2BIG;
	}
	if (!prog->maps) {
		prog->maps = mem_zalloc_array(MAPS_MAX, sizeof(*prog->maps));
		if (!prog->maps) {
			map_put(map);
			return -ENOMEM;
		}
	}
	prog->maps[prog->map_cnt++] = map;
	return 0;
}

static void set_imm64(struct insn *i, u64 value)
{
	i[0].imm = (s32)(u32)value;
	i[1].imm = (s32)(u32)(value >> 32);
}

static int resolve_one(struct prog *prog, const struct prog_load_attr *attr, u32 idx,
		       enum isa_op op)
{
	struct insn *i = &prog->insns[idx];
	bool by_index = op == ISA_LDDW_MAP_IDX || op == ISA_LDDW_MAP_IDX_VALUE;
	bool value = op == ISA_LDDW_MAP_VALUE || op == ISA_LDDW_MAP_IDX_VALUE;
	u32 off_bytes = (u32)i[1].imm;
	struct map *map;
	u64 addr;
	int err;

	if (!value && off_bytes) {
		load_log(attr, "unrecognized bpf_ld_imm64 insn");
		return -EINVAL;
	}
	err = attr->map_of_fd ? attr->map_of_fd(attr->cookie, i->imm, by_index, &map) : -EBADF;
	if (err) {
		load_log(attr, "fd %d is not pointing to valid bpf_map", i->imm);
		return err;
	}
	addr = ptr_to_u64(map);
	err = use_map(prog, attr, map);
	if (!err && value && off_bytes >= LIMIT_VAR_OFF) {
		load_log(attr, "direct value offset of %u is not allowed", off_bytes);
		return -EINVAL;
	}
	if (!err && value && !map->ops->direct_value) {
		load_log(attr, "no direct value access support for this map type");
		return -EINVAL;
	}
	if (!err && value) {
		err = map_direct_value(map, off_bytes, &addr);
		if (err == -ENOTSUPP || err == -EOPNOTSUPP)
			err = -EINVAL;
		if (err)
			load_log(attr, "invalid access to map value pointer, value_size=%u off=%u",
				 map->attr.value_size_bytes, off_bytes);
	}
	if (!err)
		set_imm64(i, addr);
	return err;
}

int resolve_maps(struct prog *prog, const struct prog_load_attr *attr)
{
	enum isa_op op = ISA_INVALID;

	for (u32 i = 0; i < prog->insn_cnt; i += isa_words(op)) {
		int err;

		op = isa_decode(&prog->insns[i]);
		if (op != ISA_LDDW_MAP_FD && op != ISA_LDDW_MAP_VALUE && op != ISA_LDDW_MAP_IDX &&
		    op != ISA_LDDW_MAP_IDX_VALUE)
			continue;
		err = resolve_one(prog, attr, i, op);
		if (err)
			return err;
	}
	return 0;
}
