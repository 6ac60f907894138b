/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One load or store: by what the address is (check_mem_access), and the instructions made of it
 * (check_load_mem, check_store_reg, BPF_ST). Also what an instruction's address points into on
 * all paths: accesses that are rewritten by kind of object must meet one kind only
 * (save_aux_ptr_type).
 */
#include "map/map.h"
#include "verify/mem/mem_int.h"

static bool is_rdonly(u32 type)
{
	return type & REG_RDONLY;
}

static int refuse_type(struct env *env, u32 regno, bool write)
{
	char type[REG_TYPE_TEXT_BYTES];

	reg_type_text(env_reg(env, regno)->type, type);
	if (write)
		return reject_reg(env, -EACCES, (s32)regno, "R%d cannot write into %s", (int)regno,
				  type);
	return reject_reg(env, -EACCES, (s32)regno, "R%d invalid mem access '%s'", (int)regno,
			  type);
}

static int access_mem(struct env *env, const struct mem_access *acc)
{
	const struct reg *reg = env_reg(env, acc->regno);
	const bool rdonly = is_rdonly(reg->type), write = acc->kind == ACCESS_WRITE;
	const struct mem_range range = {
		.regno = acc->regno,
		.off = acc->off,
		.size_bytes = (s32)acc->size_bytes,
		.object_bytes = reg->mem_size_bytes,
	};
	int err;

	if (reg_may_be_null(reg->type))
		return refuse_type(env, acc->regno, false);
	if (write && rdonly)
		return refuse_type(env, acc->regno, true);
	if (write && acc->value_regno >= 0 && mem_is_pointer(env, (u32)acc->value_regno))
		return reject_reg(env, -EACCES, acc->value_regno, "R%d leaks addr into mem",
				  acc->value_regno);
	if (rdonly && reg->type & REG_UNTRUSTED)
		return mem_btf_access(env, acc->regno);
	err = mem_var_range(env, &range);
	if (!err && acc->value_regno >= 0 && !write)
		reg_mark_unknown(env, env_reg(env, (u32)acc->value_regno));
	return err;
}

static int access_map_key(struct env *env, const struct mem_access *acc)
{
	const struct mem_range range = {
		.regno = acc->regno,
		.off = acc->off,
		.size_bytes = (s32)acc->size_bytes,
		.object_bytes = env_reg(env, acc->regno)->map->attr.key_size_bytes,
	};
	int err;

	if (acc->kind == ACCESS_WRITE)
		return reject_reg(env, -EACCES, (s32)acc->regno,
				  "write to change key R%d not allowed", (int)acc->regno);
	err = mem_var_range(env, &range);
	if (!err && acc->value_regno >= 0)
		reg_mark_unknown(env, env_reg(env, (u32)acc->value_regno));
	return err;
}

/* Buffers of tracepoints and iterators, whose size is known when the program is attached. */
static int access_buffer(struct env *env, const struct mem_access *acc)
{
	const u32 type = env_reg(env, acc->regno)->type;
	const bool write = acc->kind == ACCESS_WRITE;
	const char *what = is_rdonly(type) ? "rdonly" : "rdwr";
	int err;

	if (write && is_rdonly(type))
		return refuse_type(env, acc->regno, true);
	if (reg_base(type) == REG_TP_BUFFER)
		what = "tracepoint";
	err = mem_buffer(env, acc->regno, acc->off, (s32)acc->size_bytes, what);
	if (!err && !write && acc->value_regno >= 0)
		reg_mark_unknown(env, env_reg(env, (u32)acc->value_regno));
	return err;
}

/* check_mem_access() from where the kinds part; acc->off includes the register's. */
static int dispatch(struct env *env, const struct mem_access *acc)
{
	const u32 type = env_reg(env, acc->regno)->type;
	const enum reg_base base = reg_base(type);

	if (base == REG_MEM)
		return access_mem(env, acc);
	if (base == REG_BTF_ID && !reg_may_be_null(type))
		return mem_btf_access(env, acc->regno);
	if (base == REG_BUF && !reg_may_be_null(type))
		return access_buffer(env, acc);
	if (reg_flags(type)) /* the others are accessible in their plain form only */
		return refuse_type(env, acc->regno, false);
	switch (base) {
	case REG_STACK:
		return mem_stack_access(env, acc);
	case REG_MAP_VALUE:
		return mem_map_value_access(env, acc);
	case REG_CTX:
		return mem_ctx_access(env, acc);
	case REG_PACKET:
	case REG_PACKET_META:
		return mem_packet_access(env, acc);
	case REG_MAP_KEY:
		return access_map_key(env, acc);
	case REG_FLOW_KEYS:
		return mem_flow_keys_access(env, acc);
	case REG_SOCKET:
	case REG_SOCK_COMMON:
	case REG_TCP_SOCK:
	case REG_XDP_SOCK:
		return mem_sock_access(env, acc);
	case REG_TP_BUFFER:
		return access_buffer(env, acc);
	case REG_MAP_PTR:
		return mem_map_ptr_access(env, acc);
	case REG_ARENA:
		return mem_btf_access(env, acc->regno);
	case REG_NOT_INIT:
	case REG_SCALAR:
	case REG_PACKET_END:
	case REG_BTF_ID:
	case REG_MEM:
	case REG_BUF:
	case REG_FUNC:
	case REG_DYNPTR:
	case REG_BASE_CNT:
		break;
	}
	return refuse_type(env, acc->regno, false);
}

int mem_access(struct env *env, const struct mem_access *acc)
{
	struct mem_access a = *acc;
	struct reg *dst;
	int err = mem_align(env, acc);

	if (err)
		return err;
	a.off += env_reg(env, acc->regno)->off;
	err = dispatch(env, &a);
	if (err || acc->kind == ACCESS_WRITE || acc->value_regno < 0 || acc->size_bytes == 8)
		return err;
	dst = env_reg(env, (u32)acc->value_regno);
	if (dst->type != REG_SCALAR)
		return 0;
	if (acc->is_ldsx)
		scalar_sext(&dst->s, acc->size_bytes);
	else
		scalar_zext(&dst->s, acc->size_bytes);
	return 0;
}

static enum fact_mem fact_of(u32 type)
{
	switch (reg_base(type)) {
	case REG_CTX:
		return FACT_MEM_CTX;
	case REG_STACK:
		return FACT_MEM_STACK;
	case REG_MAP_VALUE:
		return FACT_MEM_MAP_VALUE;
	case REG_PACKET:
	case REG_PACKET_META:
		return FACT_MEM_PACKET;
	case REG_SOCK_COMMON:
		return FACT_MEM_SOCK_COMMON;
	case REG_SOCKET:
		return FACT_MEM_SOCK;
	case REG_TCP_SOCK:
		return FACT_MEM_TCP_SOCK;
	case REG_XDP_SOCK:
		return FACT_MEM_XDP_SOCK;
	case REG_BTF_ID:
		return FACT_MEM_BTF;
	case REG_ARENA:
		return FACT_MEM_ARENA;
	case REG_NOT_INIT:
	case REG_SCALAR:
	case REG_MAP_PTR:
	case REG_MAP_KEY:
	case REG_PACKET_END:
	case REG_FLOW_KEYS:
	case REG_TP_BUFFER:
	case REG_MEM:
	case REG_BUF:
	case REG_FUNC:
	case REG_DYNPTR:
	case REG_BASE_CNT:
		break;
	}
	return FACT_MEM_OTHER;
}

/* What the address of the current instruction is, here and on the paths before. */
void mem_note_fact(struct env *env, u32 type)
{
	struct insn_facts *fact = &env->facts->insns[env->insn_idx];
	u8 mem = (u8)fact_of(type);

	if (fact->mem == FACT_MEM_NONE)
		fact->mem = mem;
	else if (fact->mem != mem)
		fact->mem = FACT_MEM_MIXED;
}

static int note_type(struct env *env, u32 type)
{
	struct insn_aux *aux = &env->aux[env->insn_idx];

	if (!aux->mem_type) {
		aux->mem_type = type;
		aux->mem_base = (u8)reg_base(type);
	} else if (aux->mem_type != type && !(reg_type_flags(type) & RT_SPLIT_OK &&
					      reg_type_flags(aux->mem_type) & RT_SPLIT_OK)) {
		return reject(env, -EINVAL, "same insn cannot be used with different pointers");
	}
	mem_note_fact(env, type);
	return 0;
}

int mem_load(struct env *env, const struct insn *insn, bool strict, bool is_ldsx,
	     bool allow_trust_mismatch)
{
	const struct mem_access acc = {
		.insn_idx = env->insn_idx,
		.regno = insn->src,
		.off = insn->off,
		.size_bytes = isa_info((enum isa_op)env->aux[env->insn_idx].op)->width_bits / 8u,
		.kind = ACCESS_READ,
		.value_regno = insn->dst,
		.strict = strict,
		.is_ldsx = is_ldsx,
	};
	u32 type;
	int err = mem_check_src(env, insn->src);

	(void)allow_trust_mismatch; /* of BTF pointers, which are refused */
	if (!err)
		err = mem_check_dst_no_mark(env, insn->dst);
	if (err)
		return err;
	type = env_reg(env, insn->src)->type; /* dst may be the same register */
	err = mem_access(env, &acc);
	return err ? err : note_type(env, type);
}

int mem_store_reg(struct env *env, const struct insn *insn, bool strict)
{
	const struct mem_access acc = {
		.insn_idx = env->insn_idx,
		.regno = insn->dst,
		.off = insn->off,
		.size_bytes = isa_info((enum isa_op)env->aux[env->insn_idx].op)->width_bits / 8u,
		.kind = ACCESS_WRITE,
		.value_regno = insn->src,
		.strict = strict,
	};
	int err = mem_check_src(env, insn->src);

	if (!err)
		err = mem_check_src(env, insn->dst);
	if (!err)
		err = mem_access(env, &acc);
	return err ? err : note_type(env, env_reg(env, insn->dst)->type);
}

int mem_store_imm(struct env *env, const struct insn *insn)
{
	const struct mem_access acc = {
		.insn_idx = env->insn_idx,
		.regno = insn->dst,
		.off = insn->off,
		.size_bytes = isa_info((enum isa_op)env->aux[env->insn_idx].op)->width_bits / 8u,
		.kind = ACCESS_WRITE,
		.value_regno = -1,
	};
	int err = mem_check_src(env, insn->dst);

	if (!err)
		err = mem_access(env, &acc);
	return err ? err : note_type(env, env_reg(env, insn->dst)->type);
}
