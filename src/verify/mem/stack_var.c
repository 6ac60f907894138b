/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stack at variable offsets: any byte of a range may be meant, so reads want all of it
 * initialised and writes leave nothing certain (check_stack_read_var_off,
 * check_stack_write_var_off); and whether an access lies in the stack at all.
 */
#include "verify/mem/mem_int.h"
#include "verify/past/past.h"
#include "verify/state/print.h"
#include "verify/state/stack.h"

/* check_stack_slot_within_bounds: what was never allocated cannot be read. */
static bool slot_within(const struct env *env, const struct frame *frame, s64 off,
			enum access kind)
{
	s64 least = -LIMIT_STACK_BYTES;

	if (kind == ACCESS_READ && !env->allow_uninit_stack)
		least = -(s64)frame->stack_bytes;
	return off >= least && off <= -1;
}

static int refuse_stack(struct env *env, u32 regno, s32 off, s32 size_bytes, enum access kind)
{
	const struct scalar *s = &env_reg(env, regno)->s;
	const char *what = kind == ACCESS_READ ? " read from" : " write to";
	s64 min_off = s->smin + off;
	char text[TNUM_TEXT_BYTES];
	int err = -EINVAL; /* ends above the frame */

	if (!slot_within(env, state_frame_of(env->cur, env_reg(env, regno)), min_off, kind))
		err = -EACCES;
	if (scalar_is_const(s))
		return reject_reg(env, err, (s32)regno, "invalid%s stack R%d off=%lld size=%d",
				  what, (int)regno, (long long)min_off, size_bytes);
	return reject_reg(env, err, (s32)regno,
			  "invalid variable-offset%s stack R%d var_off=%s off=%d size=%d", what,
			  (int)regno, tnum_text(text, s->var_off), off, size_bytes);
}

int mem_stack_within(struct env *env, u32 regno, s32 off, s32 size_bytes, enum access kind)
{
	const struct reg *reg = env_reg(env, regno);
	struct frame *frame = state_frame_of(env->cur, reg);
	const struct scalar *s = &reg->s;
	s64 min_off, max_off;

	if (size_bytes < 0)
		return env_bug(env, "stack access of %d bytes", size_bytes);
	if (!scalar_is_const(s) && (s->smax >= LIMIT_VAR_OFF || s->smin <= -LIMIT_VAR_OFF))
		return reject_reg(env, -EACCES, (s32)regno,
				  "invalid unbounded variable-offset%s stack R%d",
				  kind == ACCESS_READ ? " read from" : " write to", (int)regno);
	min_off = s->smin + off;
	max_off = s->smax + off + size_bytes;
	if (!slot_within(env, frame, min_off, kind) || max_off > 0)
		return refuse_stack(env, regno, off, size_bytes, kind);
	return stack_grow(env, frame, (u32)-min_off);
}

void mem_stack_load(struct env *env, const struct frame *frame, s32 min_off, s32 max_off,
		    struct reg *dst)
{
	s32 off = min_off;

	for (; off < max_off; off++) {
		print_scratch_slot(env, stack_spi(off));
		if (stack_slot(frame, stack_spi(off))->type[stack_byte(off)] != SLOT_ZERO)
			break;
	}
	/* Loads extend with zeros: all bytes 0 is a register of 0. */
	if (off == max_off)
		reg_mark_const_zero(env, dst);
	else
		reg_mark_unknown(env, dst);
}

int mem_stack_read_var(struct env *env, const struct mem_access *acc)
{
	const struct reg *reg = env_reg(env, acc->regno);
	const struct frame *frame = state_frame_of(env->cur, reg);
	s32 min_off, max_off;
	int err;

	err = mem_stack_range(env, acc->regno, acc->off, acc->size_bytes, false, ACCESS_READ, NULL);
	if (err)
		return err;
	min_off = (s32)reg->s.smin + acc->off;
	max_off = (s32)reg->s.smax + acc->off + (s32)acc->size_bytes;
	mem_stack_load(env, frame, min_off, max_off, env_reg(env, (u32)acc->value_regno));
	return 0;
}

/* One byte that the write may hit. *zero_used: that the value is 0 was relied on. */
static int write_byte(struct env *env, const struct mem_access *acc, struct frame *frame, s32 off,
		      bool *zero_used)
{
	const bool zero = *zero_used;
	struct slot *slot = stack_slot_mut(env, frame, stack_spi(off));
	u8 *type;

	*zero_used = false;
	if (!slot)
		return -ENOMEM;
	type = &slot->type[stack_byte(off)];
	print_scratch_slot(env, stack_spi(off));
	/* Pointers that vary in the stack exist for PERFMON only (mem_check_bounds_arith). */
	if (!env->allow_ptr_leaks || !env->allow_uninit_stack)
		return env_bug(env, "R%u varies in the stack of !root", acc->regno);
	/* 0 over a spilled 0 changes nothing, whether it hits or not. */
	if (zero && *type == SLOT_SPILL && slot_is_spilled_scalar(slot) &&
	    scalar_is_const(&slot->spilled.s) && slot->spilled.s.var_off.value == 0) {
		*zero_used = true;
		return 0;
	}
	slot->spilled.type = REG_NOT_INIT;
	if (zero && *type == SLOT_ZERO) {
		*zero_used = true;
		return 0;
	}
	*type = SLOT_MISC;
	return 0;
}

int mem_stack_write_var(struct env *env, const struct mem_access *acc)
{
	const struct reg *reg = env_reg(env, acc->regno), *value = NULL;
	struct frame *frame = state_frame_of(env->cur, reg);
	s32 min_off = (s32)reg->s.smin + acc->off;
	s32 max_off = (s32)reg->s.smax + acc->off + (s32)acc->size_bytes;
	bool zero, zero_used = false;
	int err = 0;

	if (acc->value_regno >= 0)
		value = env_reg(env, (u32)acc->value_regno);
	zero = value ? reg_is_null(value)
		     : mem_is_st(env, acc->insn_idx) && env->insns[acc->insn_idx].imm == 0;
	for (s32 off = min_off; !err && off < max_off; off++)
		err = mem_stack_destroy(env, frame, stack_spi(off));
	mem_stack_contract(env, frame, acc->insn_idx, min_off);
	for (s32 off = min_off; !err && off < max_off; off++) {
		bool used = zero;

		err = write_byte(env, acc, frame, off, &used);
		zero_used |= used;
	}
	if (!err && zero_used && value)
		err = past_mark_precise(env, (u32)acc->value_regno);
	return err;
}

int mem_stack_access(struct env *env, const struct mem_access *acc)
{
	const struct reg *reg = env_reg(env, acc->regno);
	bool fixed = scalar_is_const(&reg->s);
	char text[TNUM_TEXT_BYTES];
	int err;

	err = mem_stack_within(env, acc->regno, acc->off, (s32)acc->size_bytes, acc->kind);
	if (err)
		return err;
	if (acc->kind == ACCESS_WRITE)
		return fixed ? mem_stack_write_fixed(env, acc, acc->off + (s32)reg->s.smin)
			     : mem_stack_write_var(env, acc);
	if (fixed)
		return mem_stack_read_fixed(env, acc, acc->off + (s32)reg->s.smin);
	if (acc->value_regno < 0)
		return reject_reg(env, -EACCES, (s32)acc->regno,
				  "variable offset stack pointer cannot be passed into helper "
				  "function; var_off=%s off=%d size=%d",
				  tnum_text(text, reg->s.var_off), acc->off, (int)acc->size_bytes);
	return mem_stack_read_var(env, acc);
}
