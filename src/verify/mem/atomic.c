/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Atomics: read-modify-write, load-acquire, store-release (check_atomic). They work on memory that
 * is memory: what is rewritten by fields, or lies in a packet, is refused.
 */
#include "verify/mem/mem_int.h"

/* atomic_ptr_type_ok() */
static bool address_ok(u32 type)
{
	const u32 flags = reg_type_flags(type);

	if (type == REG_CTX || type == REG_PACKET || type == REG_PACKET_META ||
	    type == REG_FLOW_KEYS)
		return false;
	return !(flags & RT_SOCKET && !reg_flags(type)) && type != REG_ARENA;
}

static int refuse_address(struct env *env, u32 regno, const char *what)
{
	char type[REG_TYPE_TEXT_BYTES];

	return reject_reg(env, -EACCES, (s32)regno, "BPF_ATOMIC %s R%d %s is not allowed", what,
			  (int)regno, reg_type_text(env_reg(env, regno)->type, type));
}

static int refuse_leak(struct env *env, u32 regno)
{
	return reject_reg(env, -EACCES, (s32)regno, "R%d leaks addr into mem", (int)regno);
}

/* The memory is read, then (into @load_regno, as the old value) fetched, then written. */
static int access_rmw(struct env *env, const struct insn *insn, u32 size_bytes, s32 load_regno)
{
	struct mem_access acc = {
		.insn_idx = env->insn_idx,
		.regno = insn->dst,
		.off = insn->off,
		.size_bytes = size_bytes,
		.kind = ACCESS_READ,
		.value_regno = -1,
		.strict = true,
	};
	u32 type = env_reg(env, insn->dst)->type;
	int err = mem_access(env, &acc);

	if (!err && load_regno >= 0) {
		acc.value_regno = load_regno;
		err = mem_access(env, &acc);
	}
	if (err)
		return err;
	acc.value_regno = -1;
	acc.kind = ACCESS_WRITE;
	err = mem_access(env, &acc);
	if (!err)
		mem_note_fact(env, type);
	return err;
}

/* check_atomic_rmw() */
static int rmw(struct env *env, const struct insn *insn, const struct isa_info *info)
{
	const bool cmpxchg = info->family == ISA_FAMILY_CMPXCHG;
	s32 load_regno = -1;
	int err = mem_check_src(env, insn->src);

	if (!err)
		err = mem_check_src(env, insn->dst);
	if (!err && cmpxchg)
		err = mem_check_src(env, 0);
	if (err)
		return err;
	if (cmpxchg && mem_is_pointer(env, 0))
		return refuse_leak(env, 0);
	if (mem_is_pointer(env, insn->src))
		return refuse_leak(env, insn->src);
	if (!address_ok(env_reg(env, insn->dst)->type))
		return refuse_address(env, insn->dst, "stores into");
	if (cmpxchg)
		load_regno = 0;
	else if (info->src & ISA_REG_W)
		load_regno = insn->src;
	if (load_regno >= 0) {
		err = mem_check_dst(env, (u32)load_regno);
		if (err)
			return err;
	}
	return access_rmw(env, insn, info->width_bits / 8u, load_regno);
}

/*
 * check_atomic_load(). What the address is, is looked at before the load may overwrite it: 6.18
 * forgets that, and lets r1 = load_acquire(r1) through for any kind of pointer.
 */
static int load_acquire(struct env *env, const struct insn *insn)
{
	const bool ok = address_ok(env_reg(env, insn->src)->type);
	struct reg address = *env_reg(env, insn->src);
	int err = mem_load(env, insn, true, false, false);

	if (err || ok)
		return err;
	*env_reg(env, insn->src) = address;
	return refuse_address(env, insn->src, "loads from");
}

static int store_release(struct env *env, const struct insn *insn)
{
	int err = mem_store_reg(env, insn, true);

	if (err || address_ok(env_reg(env, insn->dst)->type))
		return err;
	return refuse_address(env, insn->dst, "stores into");
}

int mem_atomic(struct env *env, const struct insn *insn)
{
	const struct isa_info *info = isa_info((enum isa_op)env->aux[env->insn_idx].op);

	if (info->family == ISA_FAMILY_LOAD_ACQ)
		return load_acquire(env, insn);
	if (info->family == ISA_FAMILY_STORE_REL)
		return store_release(env, insn);
	return rmw(env, insn, info);
}
