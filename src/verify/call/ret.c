/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What r0 holds behind a call of a helper: by the kind of result, with what is known of its range,
 * and as the reference that it stands for (check_helper_call, do_refine_retval_range).
 */
#include "base/err.h"
#include "btf/fields.h"
#include "map/map.h"
#include "verify/call/call_int.h"

/*
 * An inner map, known by its template alone, whose own max_entries may be less. The kernel asks for
 * the flag, whosesoever the map is, and forgets types that never need it (per-CPU arrays).
 */
static bool may_be_smaller(const struct env *env, const struct map *map)
{
	if (map->attr.flags & MAP_F_INNER_MAP)
		return true;
	for (u32 i = 0; i < env->prog->map_cnt; i++)
		if (env->prog->maps[i] == map)
			return false;
	return !map_inner_entries_fixed(map);
}

/* An array's element always exists; the helper may return NULL for other keys alone. */
static bool key_exists(const struct env *env, const struct helper_call *call)
{
	return call->info->props & HP_CONST_KEY &&
	       map_type_info(call->mem.map->attr.type)->flags & MT_CONST_KEY &&
	       call->mem.has_const_map_key && call->mem.const_map_key >= 0 &&
	       (u64)call->mem.const_map_key < call->mem.map->attr.max_entries &&
	       !may_be_smaller(env, call->mem.map);
}

static int ret_map_value(struct env *env, const struct helper_call *call, struct reg *r0,
			 u32 flags)
{
	const u32 locks = (u32)(FIELD_SPIN_LOCK | FIELD_RES_SPIN_LOCK);
	const struct map *map = call->mem.map;

	if (!map)
		return env_bug(env, "unexpected null map_ptr");
	if (call->info->props & HP_CONST_KEY) {
		if (key_exists(env, call))
			flags &= ~(u32)REG_MAYBE_NULL;
		map_record_lookup(env, call, !(flags & REG_MAYBE_NULL));
	}
	reg_mark_ptr(r0, REG_MAP_VALUE | flags);
	r0->map = map;
	r0->map_uid = call->mem.map_uid;
	if (!(flags & REG_MAYBE_NULL) && btf_fields_have(map->fields, locks))
		r0->id = env_new_id(env);
	return 0;
}

static int ret_mem(struct env *env, const struct helper_call *call, struct reg *r0, u32 type)
{
	if (!call->mem.has_mem_size)
		return env_bug(env, "%s: memory of unknown size", call->name);
	reg_mark_ptr(r0, type);
	r0->mem_size_bytes = (u32)call->mem.mem_size;
	r0->dynptr_id = 0;
	return 0;
}

static int ret_by_kind(struct env *env, const struct helper_call *call, struct reg *r0)
{
	const struct helper_ret *ret = &call->info->ret;
	u32 flags = ret->flags & AF_OR_NULL ? (u32)REG_MAYBE_NULL : 0;

	if (ret->flags & AF_READ)
		flags |= REG_RDONLY;
	switch ((enum ret_kind)ret->kind) {
	case RET_KIND_INTEGER:
		reg_mark_unknown(env, r0);
		return 0;
	case RET_KIND_VOID:
		reg_mark_not_init(r0);
		return 0;
	case RET_KIND_MAP_VALUE:
		return ret_map_value(env, call, r0, flags);
	case RET_KIND_SOCKET:
		reg_mark_ptr(r0, REG_SOCKET | flags);
		return 0;
	case RET_KIND_SOCK_COMMON:
		reg_mark_ptr(r0, REG_SOCK_COMMON | flags);
		return 0;
	case RET_KIND_TCP_SOCK:
		reg_mark_ptr(r0, REG_TCP_SOCK | flags);
		return 0;
	case RET_KIND_RINGBUF_MEM:
		return ret_mem(env, call, r0, REG_MEM | REG_RINGBUF | flags);
	case RET_KIND_MEM:
	case RET_KIND_DYNPTR_MEM:
		return ret_mem(env, call, r0, REG_MEM | flags);
	case RET_KIND_MEM_OR_BTF_ID:
	case RET_KIND_BTF_ID:
		break;
	}
	return reject(env, -EOPNOTSUPP,
		      "%s returns an object of the kernel by its BTF, which is not supported yet",
		      call->name);
}

/* -MAX_ERRNO … what the size argument may be at most; a CPU's number (do_refine_retval_range). */
static void refine(struct env *env, const struct helper_call *call, struct reg *r0)
{
	struct scalar *s = &r0->s;

	if (call->info->ret.kind != RET_KIND_INTEGER)
		return;
	if (call->info->props & HP_RET_SIZE) {
		s->smax = (s64)call->mem.msize_max_value;
		s->s32_max = (s32)(u32)call->mem.msize_max_value;
		s->smin = -ERRNO_MAX;
		s->s32_min = -ERRNO_MAX;
		scalar_sync(s);
	}
	if (call->info->props & HP_RET_CPU && env->opts->cpu_cnt) {
		*s = scalar_urange(0, env->opts->cpu_cnt - 1);
		scalar_sync(s);
	}
}

static int refer(struct env *env, const struct helper_call *call, struct reg *r0)
{
	enum map_type type = call->mem.map ? call->mem.map->attr.type : 0;
	u32 props = call->info->props;
	int id;

	if (props & HP_DYNPTR_REF)
		r0->dynptr_id = call->mem.dynptr_id;
	if (props & (HP_PTR_CAST | HP_DYNPTR_REF)) {
		r0->ref_obj_id = call->mem.ref_obj_id;
		return 0;
	}
	if (!helper_acquires(call->info, type))
		return 0;
	id = refs_acquire(env, call->insn_idx);
	if (id < 0)
		return id;
	r0->id = (u32)id;
	r0->ref_obj_id = (u32)id;
	return 0;
}

int ret_helper(struct env *env, const struct helper_call *call)
{
	struct reg *r0 = env_reg(env, 0);
	int err;

	r0->subreg_def = REG_NOT_SUBREG;
	err = ret_by_kind(env, call, r0);
	if (err)
		return err;
	if (reg_may_be_null(r0->type))
		r0->id = env_new_id(env);
	err = refer(env, call, r0);
	if (err)
		return err;
	refine(env, call, r0);
	return 0;
}
