/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_OBJ_GET_INFO_BY_FD. Each struct is filled over what the caller put into it (lengths and
 * addresses of arrays), cut to the caller's length, and written back with the length used.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "btf/btf.h"
#include "isa/isa.h"
#include "sys/info.h"
#include "sys/sys_int.h"
#include "sys/user_mem.h"

/* The common frame: reads at most @size bytes into @info. */
static int info_read(const struct sys_call *call, void *info, u32 size, u32 *ret_len)
{
	const struct attr_info *a = &call->attr.info;
	u32 len = a->info_len;
	int err;

	if (len > 4096)
		return -E2BIG;
	if (len > size) {
		err = user_check_zero(a->info + size, len - size);
		if (err)
			return err;
		len = size;
	}
	memset(info, 0, size);
	*ret_len = len;
	return user_read(info, a->info, len);
}

static int info_write(const struct sys_call *call, const void *info, u32 len)
{
	int err = user_write(call->attr.info.info, info, len);

	return err ? err : sys_put_u32(call, offsetof(struct attr_info, info_len), len);
}

static long map_info(const struct sys_call *call, const struct map *map)
{
	const struct map_attr *attr = &map->attr;
	struct uapi_map_info info;
	u32 len;
	int err = info_read(call, &info, sizeof(info), &len);

	if (err)
		return err;
	memset(&info, 0, sizeof(info));
	info.type = attr->type;
	info.id = map->obj.id;
	info.key_size = attr->key_size_bytes;
	info.value_size = attr->value_size_bytes;
	info.max_entries = attr->max_entries;
	info.map_flags = attr->flags;
	info.map_extra = attr->map_extra;
	memcpy(info.name, attr->name, sizeof(info.name));
	if (attr->btf) {
		info.btf_id = btf_obj(attr->btf)->id;
		info.btf_key_type_id = attr->btf_key_type_id;
		info.btf_value_type_id = attr->btf_value_type_id;
	}
	return info_write(call, &info, len);
}

static long btf_info(const struct sys_call *call, const struct btf *btf, u32 id)
{
	struct uapi_btf_info info;
	u32 len, raw_bytes;
	const void *raw = btf_raw(btf, &raw_bytes);
	int err = info_read(call, &info, sizeof(info), &len);

	if (!err)
		err = user_write(info.btf, raw, MIN(raw_bytes, info.btf_size));
	if (err)
		return err;
	if (!info.name != !info.name_len)
		return -EINVAL;
	info.id = id;
	info.btf_size = raw_bytes;
	info.kernel_btf = 0;
	/* Only the kernel's own BTF has a name. */
	if (info.name)
		err = user_write(info.name, "", 1);
	info.name_len = 0;
	return err ? err : info_write(call, &info, len);
}

int info_array_write(u64 addr, u32 *user_cnt, const void *entries, u32 cnt, u32 entry_bytes)
{
	u32 room = *user_cnt;

	*user_cnt = cnt;
	if (!room || !cnt)
		return 0;
	return user_write(addr, entries, (size_t)MIN(room, cnt) * entry_bytes);
}

static int map_ids_write(const struct prog *prog, struct uapi_prog_info *info)
{
	struct prog_bound_map *first =
		atomic_load_explicit(&((struct prog *)(uintptr_t)prog)->bound_maps,
				     memory_order_acquire);
	u32 cnt = prog->map_cnt, *ids;
	int err;

	for (struct prog_bound_map *b = first; b; b = b->next)
		cnt++;
	ids = mem_zalloc_array(cnt, sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	for (u32 i = 0; i < prog->map_cnt; i++)
		ids[i] = prog->maps[i]->obj.id;
	cnt = prog->map_cnt;
	for (struct prog_bound_map *b = first; b; b = b->next)
		ids[cnt++] = b->map->id;
	err = info_array_write(info->map_ids, &info->nr_map_ids, ids, cnt, sizeof(*ids));
	mem_free(ids);
	return err;
}

static u32 map_id_of(const struct prog *prog, u64 addr)
{
	for (u32 i = 0; i < prog->map_cnt; i++) {
		if (ptr_to_u64(prog->maps[i]) == addr)
			return prog->maps[i]->obj.id;
	}
	return 0;
}

static u32 map_id_of_value(const struct prog *prog, u64 addr, u32 *ret_off)
{
	for (u32 i = 0; i < prog->map_cnt; i++) {
		u32 bytes = prog->maps[i]->attr.value_size_bytes;
		u64 base;

		if (map_direct_value(prog->maps[i], 0, &base) || addr < base ||
		    addr - base >= bytes)
			continue;
		*ret_off = (u32)(addr - base);
		return prog->maps[i]->obj.id;
	}
	return 0;
}

/*
 * The program after the proof, with map ids where addresses stand (bpf_insn_prepare_dump); one
 * that was not proved as it was loaded.
 */
static int xlated_write(const struct prog *prog, struct uapi_prog_info *info)
{
	const struct insn *from = prog->insns_shown ? prog->insns_shown : prog->insns;
	u32 cnt = prog->insns_shown ? prog->insns_shown_cnt : prog->insn_cnt;
	u32 bytes = cnt * (u32)sizeof(struct insn);
	struct insn *insns = mem_dup(from, bytes);
	enum isa_op op;
	int err;

	if (!insns)
		return -ENOMEM;
	for (u32 i = 0; i < cnt; i += isa_words(op)) {
		u32 off = 0;

		op = isa_decode(&insns[i]);
		if (op == ISA_LDDW_MAP_FD) {
			insns[i].imm = (s32)map_id_of(prog, insn_imm64(&from[i]));
			insns[i + 1].imm = 0;
		} else if (op == ISA_LDDW_MAP_VALUE) {
			insns[i].imm = (s32)map_id_of_value(prog, insn_imm64(&from[i]), &off);
			insns[i + 1].imm = (s32)off;
		}
	}
	err = info_array_write(info->xlated_prog_insns, &info->xlated_prog_len, insns, bytes, 1);
	mem_free(insns);
	return err;
}

/* Where the code of original instruction @idx begins in what is shown. */
static u32 shown_idx(const struct prog *prog, u32 idx)
{
	u32 lo = 0, hi = prog->insns_shown_cnt;

	if (!prog->insns_shown)
		return idx;
	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (prog->shown_orig_idx[mid] < idx)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int lines_write(const struct prog *prog, struct uapi_prog_info *info)
{
	struct btf_line_record *recs;
	const char *strings;
	int err;

	info->line_info_rec_size = sizeof(*recs);
	if (!prog->btf || !prog->line_cnt) {
		info->nr_line_info = 0;
		return 0;
	}
	recs = mem_zalloc_array(prog->line_cnt, sizeof(*recs));
	if (!recs)
		return -ENOMEM;
	strings = btf_str(prog->btf, 0);
	for (u32 i = 0; i < prog->line_cnt; i++) {
		const struct prog_line *line = &prog->lines[i];

		recs[i] = (struct btf_line_record){
			.insn_off = shown_idx(prog, line->insn_idx),
			.file_name_off = line->file ? (u32)(line->file - strings) : 0,
			.line_off = line->text ? (u32)(line->text - strings) : 0,
			.line_col = line->line << 10 | (line->col & 0x3ff),
		};
	}
	err = info_array_write(info->line_info, &info->nr_line_info, recs, prog->line_cnt,
			       sizeof(*recs));
	mem_free(recs);
	return err;
}

static void prog_info_fill(const struct prog *prog, struct uapi_prog_info *info)
{
	info->type = prog->type;
	info->id = prog->obj.id;
	memcpy(info->tag, prog->tag, sizeof(info->tag));
	info->load_time = prog->load_time_ns;
	info->created_by_uid = prog->uid;
	memcpy(info->name, prog->name, sizeof(info->name));
	info->ifindex = 0;
	info->gpl_compatible = prog->gpl_compatible;
	info->netns_dev = info->netns_ino = 0;
	info->btf_id = prog->btf ? btf_obj(prog->btf)->id : 0;
	info->func_info_rec_size = sizeof(struct btf_func_record);
	info->nr_func_info = 0;
	info->jited_line_info_rec_size = sizeof(u64);
	info->run_time_ns = atomic_load_explicit(&((struct prog *)(uintptr_t)prog)->run_ns,
						 memory_order_relaxed);
	info->run_cnt = atomic_load_explicit(&((struct prog *)(uintptr_t)prog)->run_cnt,
					     memory_order_relaxed);
	info->recursion_misses = 0;
	info->verified_insns = 0;
	info->attach_btf_obj_id = info->attach_btf_id = 0;
}

static long prog_info(const struct sys_call *call, const struct prog *prog)
{
	struct uapi_prog_info info;
	u32 len;
	int err = info_read(call, &info, sizeof(info), &len);

	if (err)
		return err;
	prog_info_fill(prog, &info);
	err = map_ids_write(prog, &info);
	if (!err)
		err = xlated_write(prog, &info);
	if (!err)
		err = lines_write(prog, &info);
	if (!err)
		err = info_jited_write(call->skep, prog, &info);
	if (!err)
		err = info_array_write(info.prog_tags, &info.nr_prog_tags, prog->tag, 1,
				       UAPI_TAG_BYTES);
	return err ? err : info_write(call, &info, len);
}

long sys_obj_info(struct sys_call *call)
{
	struct obj *obj;
	long ret = obj_fd_get(&call->skep->home, (int)call->attr.info.bpf_fd, OBJ_KIND_CNT, &obj,
			      NULL);

	/* The kernel says it differently here: "file descriptor in bad state". */
	if (ret)
		return ret == -EBADF ? -EBADFD : ret;
	switch (obj->kind) {
	case OBJ_MAP:
		ret = map_info(call, container_of(obj, struct map, obj));
		break;
	case OBJ_PROG:
		ret = prog_info(call, container_of(obj, struct prog, obj));
		break;
	case OBJ_BTF:
		ret = btf_info(call, btf_of_obj(obj), obj->id);
		break;
	case OBJ_LINK: /* only the descriptor of BPF_ENABLE_STATS, which has no info */
	case OBJ_KIND_CNT:
		ret = -EINVAL;
	}
	obj_put(obj);
	return ret;
}
