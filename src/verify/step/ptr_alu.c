/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arithmetic with a pointer (adjust_ptr_min_max_vals of Linux 6.18). A constant goes into the fixed
 * offset, anything else into the variable one; packet pointers get a new id then, because what was
 * proved of the packet behind the old one says nothing of the new.
 *
 * Where the pointer is the second operand, dst becomes a copy of it as a whole: the kernel copies
 * type, id and offsets only, so that the result outlives a reference that the pointer lives by and
 * forgets whose stack it points into. Ours is the stricter reading (docs/parity).
 */
#include <assert.h>

#include "verify/mem/mem.h"
#include "verify/step/step_int.h"

static int prohibited(struct env *env, const struct alu *alu, const struct reg *ptr)
{
	char text[REG_TYPE_TEXT_BYTES];

	return reject_reg(env, -EACCES, alu->insn->dst, "R%d pointer arithmetic on %s prohibited",
			  alu->insn->dst, reg_type_text(ptr->type, text));
}

/* Which pointers may move, and by what. */
static int check_type(struct env *env, const struct alu *alu, const struct reg *ptr,
		      const struct reg *off)
{
	const bool known = scalar_is_const(&off->s);

	switch (reg_base(ptr->type)) {
	case REG_CTX:
	case REG_MAP_VALUE:
	case REG_MAP_KEY:
	case REG_STACK:
	case REG_PACKET_META:
	case REG_PACKET:
	case REG_TP_BUFFER:
	case REG_BTF_ID:
	case REG_MEM:
	case REG_BUF:
	case REG_FUNC:
	case REG_DYNPTR:
		return 0;
	case REG_FLOW_KEYS:
		if (known)
			return 0;
		break;
	case REG_MAP_PTR:
		if (known && !off->s.smin && alu->op == SCALAR_ADD)
			return 0;
		break;
	case REG_NOT_INIT:
	case REG_SCALAR:
	case REG_PACKET_END:
	case REG_SOCKET:
	case REG_SOCK_COMMON:
	case REG_TCP_SOCK:
	case REG_XDP_SOCK:
	case REG_ARENA:
	case REG_BASE_CNT:
		break;
	}
	return prohibited(env, alu, ptr);
}

static bool is_packet(const struct reg *reg)
{
	return reg_type_flags(reg->type) & RT_PACKET;
}

/* Whether @off fits the fixed offset; then it is there and nothing else changes. */
static bool move_fixed(struct reg *dst, const struct reg *off, bool add)
{
	s64 sum;

	if (!scalar_is_const(&off->s))
		return false;
	/* Both are within LIMIT_VAR_OFF (check_before()). */
	sum = add ? dst->off + off->s.smin : dst->off - off->s.smin;
	assert(sum == (s32)sum);
	dst->off = (s32)sum;
	return true;
}

static void ranges_add(struct scalar *dst, const struct scalar *off)
{
	bool low = __builtin_add_overflow(dst->smin, off->smin, &dst->smin);
	bool high = __builtin_add_overflow(dst->smax, off->smax, &dst->smax);

	if (low || high) {
		dst->smin = INT64_MIN;
		dst->smax = INT64_MAX;
	}
	low = __builtin_add_overflow(dst->umin, off->umin, &dst->umin);
	high = __builtin_add_overflow(dst->umax, off->umax, &dst->umax);
	if (low || high) {
		dst->umin = 0;
		dst->umax = UINT64_MAX;
	}
	dst->var_off = tnum_add(dst->var_off, off->var_off);
}

static void ranges_sub(struct scalar *dst, const struct scalar *off)
{
	bool low = __builtin_sub_overflow(dst->smin, off->smax, &dst->smin);
	bool high = __builtin_sub_overflow(dst->smax, off->smin, &dst->smax);

	if (low || high) {
		dst->smin = INT64_MIN;
		dst->smax = INT64_MAX;
	}
	if (dst->umin < off->umax) {
		dst->umin = 0;
		dst->umax = UINT64_MAX;
	} else {
		dst->umin -= off->umax;
		dst->umax -= off->umin;
	}
	dst->var_off = tnum_sub(dst->var_off, off->var_off);
}

static void move_variable(struct env *env, struct reg *dst, const struct reg *off, bool add)
{
	if (add)
		ranges_add(&dst->s, &off->s);
	else
		ranges_sub(&dst->s, &off->s);
	if (!is_packet(dst))
		return;
	if (step_bug(env, VERIFY_BUG_PACKET_MOVE_RANGE))
		return;
	dst->id = env_new_id(env);
	/* Going back by something that is not negative keeps what was proved. */
	if (add || off->s.smin < 0)
		dst->raw[0] = dst->raw[1] = 0;
}

static int check_op(struct env *env, const struct alu *alu, const struct reg *ptr,
		    bool ptr_is_dst)
{
	const int dst = alu->insn->dst;

	if (alu->op == SCALAR_ADD)
		return 0;
	if (alu->op == SCALAR_SUB) {
		if (!ptr_is_dst)
			return reject_reg(env, -EACCES, dst,
					  "R%d tried to subtract pointer from scalar", dst);
		if (ptr->type == REG_STACK)
			return reject_reg(env, -EACCES, dst,
					  "R%d subtraction from stack pointer prohibited", dst);
		return 0;
	}
	if (alu->op == SCALAR_AND || alu->op == SCALAR_OR || alu->op == SCALAR_XOR)
		return reject_reg(env, -EACCES, dst,
				  "R%d bitwise operator %s on pointer prohibited", dst,
				  alu_text(alu->op));
	return reject_reg(env, -EACCES, dst,
			  "R%d pointer arithmetic with %s operator prohibited", dst,
			  alu_text(alu->op));
}

static int check_before(struct env *env, const struct alu *alu, const struct reg *ptr,
			const struct reg *off)
{
	char text[REG_TYPE_TEXT_BYTES];
	int err;

	if (reg_may_be_null(ptr->type))
		return reject_reg(env, -EACCES, alu->insn->dst,
				  "R%d pointer arithmetic on %s prohibited, null-check it first",
				  alu->insn->dst, reg_type_text(ptr->type, text));
	err = check_type(env, alu, ptr, off);
	if (!err)
		err = mem_sane_offset(env, off, ptr->type);
	if (!err)
		err = mem_sane_offset(env, ptr, ptr->type);
	return err;
}

/* The pointer has moved: it stays within limits, and within its object for the unprivileged. */
static int check_after(struct env *env, const struct alu *alu, struct spectre *spectre, u32 type)
{
	struct reg *dst = env_reg(env, alu->insn->dst);
	int err, unbounded;

	err = mem_sane_offset(env, dst, type);
	if (err)
		return err;
	scalar_sync(&dst->s);
	unbounded = mem_check_bounds_arith(env, alu->insn, dst);
	if (unbounded && unbounded != -EOPNOTSUPP)
		return unbounded;
	err = spectre_after(env, alu, spectre, dst);
	if (!err && unbounded && !spectre_skip(env, alu) && !env->cur->speculative)
		return env_bug(env, "Pointer type unsupported by sanitize_check_bounds() not "
				    "rejected by retrieve_ptr_limit() as required");
	return err;
}

int step_ptr_alu(struct env *env, const struct alu *alu, const struct reg *ptr,
		 const struct reg *off)
{
	struct reg *dst = env_reg(env, alu->insn->dst);
	const struct reg offset = *off;
	const bool ptr_is_dst = ptr == dst, add = alu->op == SCALAR_ADD;
	struct spectre spectre = { 0 };
	s32 subreg_def = dst->subreg_def;
	bool precise = dst->precise;
	int err;

	/* Bounds of a branch that cannot be taken: anything holds. */
	if (!scalar_sane(&offset.s)) {
		reg_mark_unknown(env, dst);
		return 0;
	}
	if (alu->is32) {
		if (alu->op == SCALAR_SUB && env->allow_ptr_leaks) {
			reg_mark_unknown(env, dst);
			return 0;
		}
		return reject_reg(env, -EACCES, alu->insn->dst,
				  "R%d 32-bit pointer arithmetic prohibited", alu->insn->dst);
	}
	err = check_before(env, alu, ptr, &offset);
	if (!err && spectre_needed(alu->op))
		err = spectre_before(env, alu, &spectre, ptr, &offset);
	if (!err)
		err = check_op(env, alu, ptr, ptr_is_dst);
	if (err)
		return err;
	if (!ptr_is_dst) {
		*dst = *ptr;
		dst->subreg_def = subreg_def;
		dst->precise = precise;
	}
	/* Pointers have no 32-bit bounds. */
	dst->s.s32_min = INT32_MIN;
	dst->s.s32_max = INT32_MAX;
	dst->s.u32_min = 0;
	dst->s.u32_max = UINT32_MAX;
	if (!move_fixed(dst, &offset, add))
		move_variable(env, dst, &offset, add);
	return check_after(env, alu, &spectre, dst->type);
}
