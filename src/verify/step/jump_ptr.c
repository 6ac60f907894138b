/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comparisons with pointers: is it NULL, does it lie before the packet's end (the pointer parts of
 * is_branch_taken and check_cond_jmp_op, try_match_pkt_pointers, mark_ptr_or_null_regs).
 *
 * Unlike the kernel we decide nothing from the low half of a pointer: that of a valid one may be 0.
 */
#include "map/map.h"
#include "btf/fields.h"
#include "verify/mem/mem.h"
#include "verify/state/refs.h"
#include "verify/step/step_int.h"

/* reg->range below zero: where a packet pointer is known to lie (AT_PKT_END, BEYOND_PKT_END). */
enum { RANGE_AT_END = -1, RANGE_BEYOND_END = -2 };

bool jump_is_packet(const struct reg *reg)
{
	return (reg_type_flags(reg->type) & RT_PACKET) || reg_base(reg->type) == REG_PACKET_END;
}

static bool never_null(const struct reg *reg) /* reg_not_null */
{
	if (reg->type & (REG_MAYBE_NULL | REG_UNTRUSTED))
		return false;
	if (reg_base(reg->type) == REG_BTF_ID)
		return reg->ref_obj_id || (reg->type & REG_TRUSTED);
	return reg_type_flags(reg->type) & RT_NULL_CHECK;
}

/* is_pkt_ptr_branch_taken() */
static int packet_taken(enum scalar_cmp cmp, const struct reg *dst, const struct reg *src)
{
	const struct reg *pkt = dst;

	if (dst->type == REG_PACKET_END) {
		pkt = src;
		cmp = scalar_cmp_flip(cmp);
	} else if (src->type != REG_PACKET_END) {
		return -1;
	}
	if (pkt->type == REG_PACKET_END || pkt->range >= 0)
		return -1;
	if ((cmp == SCALAR_JLE || cmp == SCALAR_JGT) && pkt->range == RANGE_BEYOND_END)
		return cmp == SCALAR_JGT;
	if (cmp == SCALAR_JLT || cmp == SCALAR_JGE)
		return cmp == SCALAR_JGE;
	return -1;
}

int jump_ptr_taken(const struct jump *jump, const struct reg *dst, const struct reg *src)
{
	enum scalar_cmp cmp = jump->cmp;

	if (jump->is32)
		return -1;
	if (jump_is_packet(dst) && jump_is_packet(src))
		return packet_taken(cmp, dst, src);
	if (!reg_is_const(src)) {
		const struct reg *tmp = src;

		src = dst;
		dst = tmp;
		cmp = scalar_cmp_flip(cmp);
	}
	if (!reg_is_null(src) || !never_null(dst))
		return -1;
	if (cmp == SCALAR_JEQ || cmp == SCALAR_JNE)
		return cmp == SCALAR_JNE;
	return -1;
}

/* The start of the packet itself. */
static bool is_packet_start(const struct reg *reg)
{
	return reg->type == REG_PACKET && !reg->id && !reg->off &&
	       tnum_equals_const(reg->s.var_off, 0);
}

/* @reg < @end says how long what @reg points into is. */
static bool bounds(const struct reg *reg, const struct reg *end)
{
	return (reg->type == REG_PACKET && end->type == REG_PACKET_END) ||
	       (reg->type == REG_PACKET_META && is_packet_start(end));
}

static void mark_end(struct vstate *st, u32 regno, bool beyond)
{
	struct reg *reg = &state_frame(st)->regs[regno];

	if (reg->type == REG_PACKET)
		reg->range = beyond ? RANGE_BEYOND_END : RANGE_AT_END;
}

/* False when this compares no packet pointer with its end in a way that teaches something. */
static bool learn_packet(struct env *env, const struct jump *jump, struct vstate *other)
{
	const struct insn *insn = jump->insn;
	enum scalar_cmp cmp = jump->cmp;
	struct vstate *inside, *outside, *this = env->cur;
	u32 regno = insn->dst;
	bool strict;

	if (!jump->is_reg || jump->is32)
		return false;
	if (!bounds(env_reg(env, insn->dst), env_reg(env, insn->src))) {
		if (!bounds(env_reg(env, insn->src), env_reg(env, insn->dst)))
			return false;
		regno = insn->src;
		cmp = scalar_cmp_flip(cmp);
	}
	if (cmp == SCALAR_JLT || cmp == SCALAR_JLE) {
		inside = other;
		outside = this;
	} else if (cmp == SCALAR_JGT || cmp == SCALAR_JGE) {
		inside = this;
		outside = other;
	} else {
		return false;
	}
	/* Inside: reg < end. Else reg <= end, and what is outside is beyond. */
	strict = cmp == SCALAR_JLT || cmp == SCALAR_JGE;
	if (step_bug(env, VERIFY_BUG_PACKET_END))
		strict = true;
	mem_packet_range(env, inside, env_reg(env, regno), env_reg(env, regno)->type, strict);
	mark_end(outside, regno, !strict);
	return true;
}

struct null_mark {
	u32 id;
	bool is_null;
};

/* The id tells spin locks of different elements apart (reg_may_point_to_spin_lock). */
static bool keeps_id(const struct reg *reg)
{
	if (reg->type != REG_MAP_VALUE)
		return reg->type & (REG_ALLOC | REG_NON_OWN_REF);
	return btf_fields_have(reg->map->fields, (u32)(FIELD_SPIN_LOCK | FIELD_RES_SPIN_LOCK));
}

/* mark_ptr_or_null_reg() */
static void null_mark(struct env *env, struct frame *frame, struct reg *reg, void *cookie)
{
	const struct null_mark *mark = cookie;

	(void)frame;
	if (!reg_may_be_null(reg->type) ||
	    (reg->id != mark->id && !step_bug(env, VERIFY_BUG_NULL_OTHER)))
		return;
	if (mark->is_null) {
		reg->type = REG_SCALAR;
		step_drop_id(reg);
		reg->ref_obj_id = 0;
		return;
	}
	reg_mark_not_null(env, reg);
	if (!keeps_id(reg))
		reg->id = 0;
}

/* mark_ptr_or_null_regs() */
static int null_branch(struct env *env, struct vstate *st, u32 regno, bool is_null)
{
	const struct reg *reg = &state_frame(st)->regs[regno];
	struct null_mark mark = { .id = reg->id, .is_null = is_null };

	if (is_null && reg->ref_obj_id && reg->ref_obj_id == reg->id &&
	    refs_release(st, reg->id))
		return env_bug(env, "NULL check of a reference that is gone");
	state_for_each_reg(env, st, null_mark, &mark);
	return 0;
}

/* A pointer that may be NULL equals one that is not: then it is not, either. */
static void learn_equal(struct env *env, const struct jump *jump, struct vstate *other,
			const struct reg *src)
{
	const struct reg *dst = env_reg(env, jump->insn->dst);
	struct reg *regs;

	if (jump->is32 || !jump->is_reg || src->type == REG_SCALAR || dst->type == REG_SCALAR ||
	    reg_may_be_null(src->type) == reg_may_be_null(dst->type) ||
	    reg_base(src->type) == REG_BTF_ID || reg_base(dst->type) == REG_BTF_ID)
		return;
	if (jump->cmp == SCALAR_JEQ)
		regs = state_frame(other)->regs;
	else if (jump->cmp == SCALAR_JNE)
		regs = env_regs(env);
	else
		return;
	reg_mark_not_null(env, &regs[reg_may_be_null(src->type) ? jump->insn->src :
								   jump->insn->dst]);
}

int jump_ptr_learn(struct env *env, const struct jump *jump, struct vstate *other,
		   const struct reg *src)
{
	const u32 regno = jump->insn->dst;
	int err;

	learn_equal(env, jump, other, src);
	if (!jump->is32 && (jump->cmp == SCALAR_JEQ || jump->cmp == SCALAR_JNE) &&
	    reg_may_be_null(env_reg(env, regno)->type) && reg_is_null(src)) {
		err = null_branch(env, env->cur, regno, jump->cmp == SCALAR_JNE);
		return err ? err : null_branch(env, other, regno, jump->cmp == SCALAR_JEQ);
	}
	if (!learn_packet(env, jump, other) && step_hides(env, env_reg(env, regno)))
		return reject_reg(env, -EACCES, (s32)regno, "R%d pointer comparison prohibited",
				  (int)regno);
	return 0;
}
