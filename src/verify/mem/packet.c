/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packet: how far behind a pointer data is known to be there, accesses within that, and when
 * pointers become void (check_packet_access, find_good_pkt_pointers, clear_all_pkt_pointers); and
 * the flow dissector's keys.
 *
 * Pointers with one id have the same variable offset; a range found for one of them, counted from
 * that offset on, holds for all.
 */
#include "spec/access.h"
#include "verify/mem/mem_int.h"

int mem_packet_range_ok(struct env *env, const struct mem_range *range)
{
	const struct reg *reg = env_reg(env, range->regno);
	struct mem_range checked = *range;
	int err;

	if (reg->s.smin < 0)
		return reject_reg(env, -EACCES, (s32)range->regno,
				  "R%d min value is negative, either use unsigned index or do a "
				  "if (index >=0) check.",
				  (int)range->regno);
	checked.object_bytes = (u32)reg->range;
	err = reg->range < 0 ? -EINVAL : mem_fixed_range(env, &checked);
	if (err)
		(void)reject_reg(env, err, (s32)range->regno,
				 "R%d offset is outside of the packet", (int)range->regno);
	return err;
}

/* may_access_direct_pkt_data() of a store */
static bool may_write(struct env *env)
{
	enum pkt_rights rights = prog_pkt_rights(env->prog->type);

	if (rights < PKT_WRITE)
		return false;
	env->seen_direct_write = true;
	return true;
}

int mem_packet_access(struct env *env, const struct mem_access *acc)
{
	const struct mem_range range = {
		.regno = acc->regno,
		.off = acc->off,
		.size_bytes = (s32)acc->size_bytes,
	};
	int err;

	if (acc->kind == ACCESS_WRITE && !may_write(env))
		return reject_reg(env, -EACCES, (s32)acc->regno, "cannot write into packet");
	if (acc->kind == ACCESS_WRITE && acc->value_regno >= 0 &&
	    mem_is_pointer(env, (u32)acc->value_regno))
		return reject_reg(env, -EACCES, acc->value_regno, "R%d leaks addr into packet",
				  acc->value_regno);
	err = mem_packet_range_ok(env, &range);
	if (!err && acc->kind == ACCESS_READ && acc->value_regno >= 0)
		reg_mark_unknown(env, env_reg(env, (u32)acc->value_regno));
	return err;
}

int mem_flow_keys_access(struct env *env, const struct mem_access *acc)
{
	const struct reg *reg = env_reg(env, acc->regno);

	if (acc->kind == ACCESS_WRITE && acc->value_regno >= 0 &&
	    mem_is_pointer(env, (u32)acc->value_regno))
		return reject_reg(env, -EACCES, acc->value_regno, "R%d leaks addr into flow keys",
				  acc->value_regno);
	/* Arithmetic lets no variable offset through; here nothing depends on that. */
	if (!scalar_is_const(&reg->s) || reg->s.var_off.value)
		return mem_ptr_off(env, reg, acc->regno, true);
	if (acc->off < 0 || (u64)acc->off + acc->size_bytes > LIMIT_FLOW_KEYS_BYTES)
		return reject_reg(env, -EACCES, (s32)acc->regno,
				  "invalid access to flow keys off=%d size=%d", acc->off,
				  (int)acc->size_bytes);
	if (acc->kind == ACCESS_READ && acc->value_regno >= 0)
		reg_mark_unknown(env, env_reg(env, (u32)acc->value_regno));
	return 0;
}

struct new_range {
	u32 type, id;
	s32 range;
};

static void set_range(struct env *env, struct frame *frame, struct reg *reg, void *cookie)
{
	const struct new_range *found = cookie;

	(void)env;
	(void)frame;
	/* What was found before stays true. */
	if (reg->type == found->type && reg->id == found->id)
		reg->range = MAX(reg->range, found->range);
}

/* find_good_pkt_pointers(); @range_right_open: data + off < end instead of <=. */
void mem_packet_range(struct env *env, struct vstate *st, const struct reg *dst, u32 type,
		      bool range_right_open)
{
	struct new_range found = { type, dst->id, dst->off };

	if (dst->off < 0 || (dst->off == 0 && range_right_open))
		return;
	/* A sum that could wrap says nothing: it may be below the end and below the start. */
	if (dst->s.umax > LIMIT_PKT_OFF || dst->s.umax + (u64)dst->off > LIMIT_PKT_OFF)
		return;
	if (range_right_open)
		found.range++;
	state_for_each_reg(env, st, set_range, &found);
}

/* mark_reg_invalid() for what points into a packet */
static void clear_pointer(struct env *env, struct frame *frame, struct reg *reg, void *cookie)
{
	const bool packet = reg_type_flags(reg->type) & RT_PACKET || reg->type == REG_PACKET_END;
	const bool slice = reg_base(reg->type) == REG_MEM &&
			   reg->type & (REG_DYNPTR_SKB | REG_DYNPTR_XDP);

	(void)frame;
	(void)cookie;
	if (!packet && !slice)
		return;
	if (env->allow_ptr_leaks)
		reg_mark_unknown(env, reg);
	else
		reg_mark_not_init(reg);
}

void mem_clear_packet_pointers(struct env *env)
{
	state_for_each_reg(env, env->cur, clear_pointer, NULL);
}
