/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One argument of a helper: has the register a type that the row takes, is the memory there, what
 * does it tell about the others and about the result (check_func_arg of kernel/bpf/verifier.c)?
 */
#include "base/err.h"
#include "map/map.h"
#include "spec/access.h"
#include "verify/call/call_int.h"

/* may_access_direct_pkt_data() for reads by a helper. */
static bool packet_ok(const struct env *env, const struct helper_call *call)
{
	switch (prog_pkt_rights(env->prog->type)) {
	case PKT_NONE:
		return false;
	case PKT_READ:
	case PKT_WRITE:
		return call->mem.pkt_access;
	case PKT_ALL:
		return true;
	}
	return false;
}

static enum access access_of(const struct helper_arg *arg)
{
	return arg->flags & AF_WRITE ? ACCESS_WRITE : ACCESS_READ;
}

/* Releasing needs something that is held; exactly one argument does it. */
static int check_release(struct env *env, struct helper_call *call, u32 regno, bool dynptr)
{
	const struct reg *reg = env_reg(env, regno);

	if (dynptr) {
		if (reg->type != REG_STACK)
			return reject_reg(env, -EINVAL, (s32)regno,
					  "cannot release unowned const bpf_dynptr");
		if (!dynptr_is_acquired(env, regno))
			return reject_reg(env, -EINVAL, (s32)regno,
					  "arg %u is an unacquired reference", regno);
	} else if (!reg->ref_obj_id && !reg_is_null(reg)) {
		return reject_reg(env, -EINVAL, (s32)regno,
				  "R%u must be referenced when passed to release function", regno);
	}
	if (call->mem.release_regno)
		return env_bug(env, "more than one release argument");
	call->mem.release_regno = (u8)regno;
	return 0;
}

static int check_map_ptr(struct env *env, struct helper_call *call, u32 regno)
{
	const struct reg *reg = env_reg(env, regno);
	struct call_mem *mem = &call->mem;

	/* A timer came before: it must lie in a value of this very map (of this inner map). */
	if (mem->map && (mem->map != reg->map || mem->map_uid != reg->map_uid))
		return reject_reg(env, -EINVAL, (s32)regno,
				  "timer pointer in R1 map_uid=%u doesn't match map pointer in R2 "
				  "map_uid=%u", mem->map_uid, reg->map_uid);
	mem->map = reg->map;
	mem->map_uid = reg->map_uid;
	return 0;
}

static int check_key(struct env *env, struct helper_call *call, u32 regno)
{
	struct call_mem *mem = &call->mem;
	u32 key_bytes;
	u64 key;
	int err;

	if (!mem->map)
		return env_bug(env, "invalid map_ptr to access map->key");
	key_bytes = mem->map->attr.key_size_bytes;
	err = mem_helper_access(env, regno, key_bytes, ACCESS_READ, false, NULL);
	if (err || !(map_type_info(mem->map->attr.type)->flags & MT_CONST_KEY))
		return err;
	mem->map_key_regno = regno;
	err = map_const_key(env, regno, key_bytes, mem, &key);
	if (!err && mem->has_const_map_key)
		mem->const_map_key = (s64)key;
	return err;
}

static int check_value(struct env *env, struct helper_call *call, u32 regno,
		       const struct helper_arg *arg)
{
	struct call_mem *mem = &call->mem;

	if (arg->flags & AF_OR_NULL && reg_is_null(env_reg(env, regno)))
		return 0;
	if (!mem->map)
		return env_bug(env, "invalid map_ptr to access map->value");
	mem->raw_mode = arg->flags & AF_UNINIT;
	return mem_helper_access(env, regno, mem->map->attr.value_size_bytes, access_of(arg),
				 false, mem);
}

/* Without a fixed size, the argument behind it says how much there is. */
static int check_mem(struct env *env, struct helper_call *call, u32 regno,
		     const struct helper_arg *arg)
{
	const struct mem_access aligned = {
		.insn_idx = call->insn_idx,
		.regno = regno,
		.size_bytes = arg->size_bytes,
		.kind = access_of(arg),
		.value_regno = -1,
		.strict = true,
	};
	int err;

	call->mem.raw_mode = arg->flags & AF_UNINIT;
	if (!arg->size_bytes)
		return 0;
	err = mem_helper_access(env, regno, arg->size_bytes, access_of(arg), false, &call->mem);
	if (!err && arg->flags & AF_ALIGNED)
		err = mem_align(env, &aligned);
	return err;
}

static int check_alloc_size(struct env *env, struct helper_call *call, u32 regno)
{
	const struct reg *reg = env_reg(env, regno);

	if (!scalar_is_const(&reg->s))
		return reject_reg(env, -EACCES, (s32)regno, "R%u is not a known constant'",
				  regno);
	call->mem.mem_size = (s32)(u32)reg_const_value(reg);
	call->mem.has_mem_size = true;
	return past_mark_precise(env, regno);
}

static int check_by_kind(struct env *env, struct helper_call *call, u32 n,
			 const struct helper_arg *arg)
{
	u32 regno = n + 1;

	switch ((enum arg_kind)arg->kind) {
	case ARG_KIND_CONST_MAP_PTR:
		return check_map_ptr(env, call, regno);
	case ARG_KIND_MAP_KEY:
		return check_key(env, call, regno);
	case ARG_KIND_MAP_VALUE:
		return check_value(env, call, regno, arg);
	case ARG_KIND_MEM:
		return check_mem(env, call, regno, arg);
	case ARG_KIND_SIZE:
	case ARG_KIND_SIZE_OR_ZERO:
		return mem_size_reg(env, regno, access_of(&call->args[n - 1]),
				    arg->kind == ARG_KIND_SIZE_OR_ZERO, &call->mem);
	case ARG_KIND_ALLOC_SIZE_OR_ZERO:
		return check_alloc_size(env, call, regno);
	case ARG_KIND_FUNC:
		call->mem.subprogno = env_reg(env, regno)->subprogno;
		return 0;
	case ARG_KIND_CONST_STR:
		return str_const_arg(env, regno);
	case ARG_KIND_SPIN_LOCK:
		return lock_arg(env, regno, call->info->props & HP_LOCKS);
	case ARG_KIND_TIMER:
		return timer_arg(env, regno, &call->mem);
	case ARG_KIND_DYNPTR:
		return dynptr_arg(env, regno, call->insn_idx, arg->flags);
	case ARG_KIND_KPTR_DEST:
	case ARG_KIND_PERCPU_BTF_ID:
		return reject_reg(env, -EOPNOTSUPP, (s32)regno,
				  "%s: %s needs the BTF of a kernel, which is not supported yet",
				  call->name, arg_kind_text((enum arg_kind)arg->kind));
	case ARG_KIND_NONE:
	case ARG_KIND_ANYTHING:
	case ARG_KIND_SCALAR:
	case ARG_KIND_CTX:
	case ARG_KIND_STACK:
	case ARG_KIND_RINGBUF_MEM:
	case ARG_KIND_SOCK_COMMON:
	case ARG_KIND_SOCKET:
	case ARG_KIND_BTF_ID:
	case ARG_KIND_BTF_SOCK_COMMON:
		break;
	}
	return 0;
}

/* The type, unless it is the NULL that the argument allows; what it releases and refers to. */
static int check_object(struct env *env, struct helper_call *call, u32 regno,
			const struct helper_arg *arg)
{
	const struct reg *reg = env_reg(env, regno);
	bool dynptr = arg->kind == ARG_KIND_DYNPTR;
	int err = 0;

	if (!(reg_is_null(reg) && arg->flags & AF_OR_NULL)) {
		err = arg_type_check(env, regno, arg);
		if (!err)
			err = arg_offset_check(env, regno, arg->flags, dynptr);
	}
	if (!err && arg->flags & AF_RELEASE)
		err = check_release(env, call, regno, dynptr);
	if (err || !reg->ref_obj_id || arg->kind == ARG_KIND_KPTR_DEST)
		return err;
	if (call->mem.ref_obj_id)
		return reject_reg(env, -EACCES, (s32)regno,
				  "more than one arg with ref_obj_id R%u %u %u", regno,
				  reg->ref_obj_id, call->mem.ref_obj_id);
	call->mem.ref_obj_id = reg->ref_obj_id;
	return 0;
}

int arg_check(struct env *env, struct helper_call *call, u32 n)
{
	struct helper_arg arg = call->args[n];
	u32 regno = n + 1;
	int err;

	if (arg.kind == ARG_KIND_NONE)
		return 0;
	err = mem_check_src(env, regno);
	if (err)
		return err;
	if (arg.kind == ARG_KIND_ANYTHING) {
		if (mem_leaks(env, regno))
			return reject_reg(env, -EACCES, (s32)regno,
					  "R%u leaks addr into helper function", regno);
		return 0;
	}
	if (reg_type_flags(env_reg(env, regno)->type) & RT_PACKET && !packet_ok(env, call))
		return reject_reg(env, -EACCES, (s32)regno,
				  "helper access to the packet is not allowed");
	if (arg.kind == ARG_KIND_MAP_VALUE) {
		if (!call->mem.map)
			return env_bug(env, "invalid map_ptr to access map->type");
		if (helper_arg_on_map(call->info, call->args, n, call->mem.map->attr.type, &arg))
			return reject_reg(env, -EINVAL, (s32)regno,
					  "invalid arg_type for sockmap/sockhash");
	}
	err = check_object(env, call, regno, &arg);
	return err ? err : check_by_kind(env, call, n, &arg);
}
