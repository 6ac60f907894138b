/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Speculation: what a mispredicted jump lets run before the processor notices. For programs
 * without CAP_PERFMON the paths that architecture rules out are walked too, marked speculative;
 * offsets added to pointers are masked at run time so that they stay inside the object
 * (sanitize_ptr_alu, sanitize_val_alu, retrieve_ptr_limit of Linux 6.18).
 *
 * A speculative path that would be rejected is cut off by a barrier instead (step.c), so that
 * nothing here rejects on one for good. The facts of an instruction (mask, limit) must be the same
 * on all paths that reach it.
 */
#include "map/map.h"
#include "verify/step/step_int.h"

enum spectre_reason { /* below zero, as errors */
	REASON_BOUNDS = -1,
	REASON_TYPE = -2,
	REASON_PATHS = -3,
	REASON_LIMIT = -4,
	REASON_STACK = -5,
};

#define WORDS "pointer arithmetic with it prohibited for !root"

/* sanitize_err() */
static int fail(struct env *env, const struct alu *alu, int reason, bool off_is_dst)
{
	const char *op = alu->op == SCALAR_ADD ? "add" : "sub";
	const int dst = alu->insn->dst, src = alu->insn->src;

	switch ((enum spectre_reason)reason) {
	case REASON_BOUNDS:
		return reject_reg(env, -EACCES, off_is_dst ? dst : src,
				  "R%d has unknown scalar with mixed signed bounds, " WORDS,
				  off_is_dst ? dst : src);
	case REASON_TYPE:
		return reject_reg(env, -EACCES, off_is_dst ? src : dst,
				  "R%d has pointer with unsupported alu operation, " WORDS,
				  off_is_dst ? src : dst);
	case REASON_PATHS:
		return reject_reg(env, -EACCES, dst,
				  "R%d tried to %s from different maps, paths or scalars, " WORDS,
				  dst, op);
	case REASON_LIMIT:
		return reject_reg(env, -EACCES, dst,
				  "R%d tried to %s beyond pointer bounds, " WORDS, dst, op);
	case REASON_STACK:
		return reject_reg(env, -ENOMEM, dst,
				  "R%d could not be pushed for speculative verification, " WORDS,
				  dst);
	}
	return env_bug(env, "unknown reason (%d)", reason);
}

bool spectre_skip(const struct env *env, const struct alu *alu)
{
	return env->bypass_spec_v1 || !alu->is_reg || env->fact->nospec;
}

/* Paths that want different masks cannot share the instruction (update_alu_sanitation_state). */
static int agree(u8 *alu_state, u32 *alu_limit, u8 state, u32 limit)
{
	if (*alu_state && (*alu_state != state || *alu_limit != limit))
		return REASON_PATHS;
	*alu_state = state;
	*alu_limit = limit;
	return 0;
}

int spectre_scalar(struct env *env, const struct alu *alu)
{
	int reason;

	if (spectre_skip(env, alu))
		return 0;
	reason = agree(&env->fact->alu_state, &env->fact->alu_limit, FACT_ALU_NON_POINTER, 0);
	return reason ? fail(env, alu, reason, false) : 0;
}

/* How far the pointer may move, as the mask knows it (retrieve_ptr_limit). */
static int limit_of(const struct reg *ptr, bool to_left, u32 *ret_limit)
{
	u32 max, limit;

	if (ptr->type == REG_STACK) {
		/* Offset 0 is outside, but a fine start for going down; others are constant. */
		max = LIMIT_STACK_BYTES + to_left;
		limit = (u32) - (s64)(ptr->s.var_off.value + (u64)(s64)ptr->off);
	} else if (ptr->type == REG_MAP_VALUE) {
		max = ptr->map->attr.value_size_bytes;
		limit = (u32)((to_left ? (u64)ptr->s.smin : ptr->s.umax) + (u64)(s64)ptr->off);
	} else {
		return REASON_TYPE;
	}
	if (limit >= max)
		return REASON_LIMIT;
	*ret_limit = limit;
	return 0;
}

int spectre_push(struct env *env, const struct insn *jump, u32 next_idx)
{
	int err;
	struct vstate *branch = state_push_branch(env, next_idx, env->insn_idx, true, &err);
	struct reg *regs;

	if (!branch) /* too many: the kernel's errno */
		return jump && !env->nomem ? -EFAULT : err;
	if (!jump)
		return 0;
	regs = state_frame(branch)->regs;
	reg_mark_unknown(env, &regs[jump->dst]);
	if (step_info(env)->form == ISA_FORM_X)
		reg_mark_unknown(env, &regs[jump->src]);
	return 0;
}

/* What happens if the mask turns the offset to 0: a path of its own. */
static int simulate(struct env *env, const struct alu *alu, const struct reg *ptr,
		    bool ptr_is_dst)
{
	struct reg *dst = env_reg(env, alu->insn->dst);
	struct reg saved;
	int err;

	if (!ptr_is_dst) {
		saved = *dst;
		*dst = *ptr;
	}
	err = spectre_push(env, NULL, env->insn_idx + 1);
	if (err)
		return fail(env, alu, REASON_STACK, !ptr_is_dst);
	if (!ptr_is_dst)
		*dst = saved;
	return 0;
}

int spectre_before(struct env *env, const struct alu *alu, struct spectre *info,
		   const struct reg *ptr, const struct reg *off)
{
	const bool off_is_imm = scalar_is_const(&off->s), off_is_neg = off->s.smin < 0;
	const bool ptr_is_dst = env_reg(env, alu->insn->dst)->type != REG_SCALAR;
	u32 limit;
	int reason;

	if (spectre_skip(env, alu))
		return 0;
	/* Masks are set on real paths; here only bad accesses are looked for. */
	if (!env->cur->speculative) {
		if (!off_is_imm && off_is_neg != (off->s.smax < 0))
			return fail(env, alu, REASON_BOUNDS, !ptr_is_dst);
		info->mask_to_left = (alu->op == SCALAR_ADD) == off_is_neg;
		reason = limit_of(ptr, info->mask_to_left, &limit);
		if (reason)
			return fail(env, alu, reason, !ptr_is_dst);
		/* Other paths may want another mask: pruning must not hide them. */
		if (!off_is_imm)
			env->explore_alu_limits = true;
		info->alu_state = ptr_is_dst ? FACT_ALU_SANITIZE_SRC : FACT_ALU_SANITIZE_DST;
		info->alu_state |= off_is_neg ? FACT_ALU_NEG_VALUE : 0;
		info->alu_state |= off_is_imm ? FACT_ALU_IMMEDIATE : 0;
		info->alu_limit = limit;
	}
	return off_is_imm ? 0 : simulate(env, alu, ptr, ptr_is_dst);
}

int spectre_after(struct env *env, const struct alu *alu, struct spectre *info,
		  const struct reg *ptr)
{
	const bool off_is_dst = !(info->alu_state & FACT_ALU_SANITIZE_SRC);
	u32 limit;
	int reason;

	if (spectre_skip(env, alu) || env->cur->speculative)
		return 0;
	reason = limit_of(ptr, info->mask_to_left, &limit);
	if (!reason) {
		/* The mask is as narrow as the move that was seen. */
		limit = info->alu_limit > limit ? info->alu_limit - limit :
						  limit - info->alu_limit;
		reason = agree(&env->fact->alu_state, &env->fact->alu_limit, info->alu_state,
			       limit);
	}
	return reason ? fail(env, alu, reason, off_is_dst) : 0;
}
