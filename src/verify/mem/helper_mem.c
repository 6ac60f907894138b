/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that a call is given: a pointer with a size that the prototype fixes, or that a register
 * holds (check_helper_mem_access, check_mem_size_reg, check_mem_reg).
 */
#include "map/map.h"
#include "verify/mem/mem_int.h"
#include "verify/past/past.h"

static int refuse_write(struct env *env, u32 regno)
{
	char type[REG_TYPE_TEXT_BYTES];

	return reject_reg(env, -EACCES, (s32)regno, "R%d cannot write into %s", (int)regno,
			  reg_type_text(env_reg(env, regno)->type, type));
}

/* Where the context is plain memory: its last byte decides. */
static int ctx_memory(struct env *env, const struct mem_range *range, enum access kind)
{
	const struct mem_access acc = {
		.insn_idx = env->insn_idx,
		.regno = range->regno,
		.off = range->size_bytes - 1,
		.size_bytes = 1,
		.kind = kind,
		.value_regno = -1,
	};

	/* Only keys can be of no bytes where some are wanted, and the context is no key. */
	if (!range->size_bytes)
		return range->zero_ok ? 0 : env_bug(env, "a context of no bytes");
	return mem_access(env, &acc);
}

static int refuse_type(struct env *env, const struct mem_range *range)
{
	const struct reg *reg = env_reg(env, range->regno);
	char type[REG_TYPE_TEXT_BYTES], stack[REG_TYPE_TEXT_BYTES];

	if (range->zero_ok && !range->size_bytes && reg_is_null(reg))
		return 0;
	return reject_reg(env, -EACCES, (s32)range->regno, "R%d type=%s expected=%s",
			  (int)range->regno, reg_type_text(reg->type, type),
			  reg_type_text(REG_STACK, stack));
}

/* All but the stack: [off, off + size) of the register's object. */
static int object_access_ok(struct env *env, struct mem_range *range, enum access kind)
{
	const struct reg *reg = env_reg(env, range->regno);
	const bool write = kind == ACCESS_WRITE, rdonly = reg->type & REG_RDONLY;
	const u32 flags = prog_type_info(env->prog->type)->flags;
	const enum reg_base base = reg_base(reg->type);
	int err;

	switch (base) {
	case REG_PACKET:
	case REG_PACKET_META:
		return mem_packet_range_ok(env, range);
	case REG_MAP_KEY:
		if (write)
			return refuse_write(env, range->regno);
		range->object_bytes = reg->map->attr.key_size_bytes;
		range->zero_ok = false;
		return mem_var_range(env, range);
	case REG_MAP_VALUE:
		err = mem_map_rights(env, range->regno, range->off, range->size_bytes, kind);
		range->object_bytes = reg->map->attr.value_size_bytes;
		return err ? err : mem_map_range(env, range, false);
	case REG_MEM:
		if (write && rdonly)
			return refuse_write(env, range->regno);
		range->object_bytes = reg->mem_size_bytes;
		return mem_var_range(env, range);
	case REG_BUF:
		if (write && rdonly)
			return refuse_write(env, range->regno);
		return mem_buffer(env, range->regno, range->off, range->size_bytes,
				  rdonly ? "rdonly" : "rdwr");
	case REG_BTF_ID:
		return mem_btf_access(env, range->regno);
	case REG_CTX:
		if (flags & PT_CTX_MEMORY)
			return ctx_memory(env, range, kind);
		break;
	case REG_NOT_INIT:
	case REG_SCALAR:
	case REG_MAP_PTR:
	case REG_STACK:
	case REG_PACKET_END:
	case REG_FLOW_KEYS:
	case REG_SOCKET:
	case REG_SOCK_COMMON:
	case REG_TCP_SOCK:
	case REG_TP_BUFFER:
	case REG_XDP_SOCK:
	case REG_ARENA:
	case REG_FUNC:
	case REG_DYNPTR:
	case REG_BASE_CNT:
		break;
	}
	return refuse_type(env, range);
}

/* tidy: allow params: the contract's */
int mem_helper_access(struct env *env, u32 regno, u32 size_bytes, enum access kind, bool zero_ok,
		      struct call_mem *meta)
{
	const struct reg *reg = env_reg(env, regno);
	struct mem_range range = {
		.regno = regno,
		.off = reg->off,
		.size_bytes = (s32)size_bytes,
		.zero_ok = zero_ok,
	};

	if (reg_base(reg->type) == REG_STACK)
		return mem_stack_range(env, regno, reg->off, size_bytes, zero_ok, kind, meta);
	return object_access_ok(env, &range, kind);
}

int mem_size_reg(struct env *env, u32 size_regno, enum access kind, bool zero_ok,
		 struct call_mem *meta)
{
	const struct reg *reg = env_reg(env, size_regno);
	int regno = (int)size_regno, err;

	meta->msize_max_value = reg->s.umax;
	/* A helper that fills part of the memory only would leave the rest to be read. */
	if (!scalar_is_const(&reg->s))
		meta = NULL;
	if (reg->s.smin < 0)
		return reject_reg(env, -EACCES, regno,
				  "R%d min value is negative, either use unsigned or "
				  "'var &= const'",
				  regno);
	if (reg->s.umin == 0 && !zero_ok)
		return reject_reg(env, -EACCES, regno,
				  "R%d invalid zero-sized read: u64=[%lld,%lld]", regno,
				  (long long)reg->s.umin, (long long)reg->s.umax);
	if (reg->s.umax >= LIMIT_VAR_OFF)
		return reject_reg(env, -EACCES, regno,
				  "R%d unbounded memory access, use 'var &= const' or 'if (var < "
				  "const)'",
				  regno);
	err = mem_helper_access(env, size_regno - 1, (u32)reg->s.umax, kind, zero_ok, meta);
	return err ? err : past_mark_precise(env, size_regno);
}

int mem_subprog_arg(struct env *env, u32 regno, u32 size_bytes)
{
	struct reg *reg = env_reg(env, regno), saved;
	const bool may_be_null = reg_may_be_null(reg->type);
	int err;

	if (reg_is_null(reg))
		return 0;
	/* The function asks before it uses what may be NULL; its memory must be right then. */
	if (may_be_null) {
		saved = *reg;
		reg_mark_not_null(env, reg);
	}
	err = mem_helper_access(env, regno, size_bytes, ACCESS_READ, true, NULL);
	if (!err)
		err = mem_helper_access(env, regno, size_bytes, ACCESS_WRITE, true, NULL);
	if (may_be_null)
		*reg = saved;
	return err;
}
