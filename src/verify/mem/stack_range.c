/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A range of the stack that a helper or a load at a variable offset uses: every byte must be
 * initialised, unless the helper fills all of it itself (check_stack_range_initialized).
 */
#include "verify/flow/flow.h"
#include "verify/mem/mem_int.h"
#include "verify/state/stack.h"

/* Memory that the helper fills may not hold a dynptr, which another argument could be. */
static int raw_range(struct env *env, const struct frame *frame, s32 off, u32 size_bytes)
{
	for (s32 at = off; at < off + (s32)size_bytes; at++) {
		const struct slot *slot = stack_slot(frame, stack_spi(at));

		if (slot->type[stack_byte(at)] == SLOT_DYNPTR)
			return reject(env, -EACCES,
				      "potential write to dynptr at off=%d disallowed", at);
	}
	return 0;
}

/* 1: the byte may be used, 0: not, -ENOMEM. A writer leaves anything there. */
static int use_byte(struct env *env, struct frame *frame, s32 off, bool write)
{
	u32 spi = stack_spi(off);
	const struct slot *slot = stack_slot(frame, spi);
	u8 type = slot->type[stack_byte(off)];
	bool data = type == SLOT_ZERO || (type == SLOT_INVALID && env->allow_uninit_stack);
	struct slot *mut;

	if (type == SLOT_MISC)
		return 1;
	if (!data && !(slot_is_spilled(slot) &&
		       (slot->spilled.type == REG_SCALAR || env->allow_ptr_leaks)))
		return 0;
	if (!write)
		return 1;
	mut = stack_slot_mut(env, frame, spi);
	if (!mut)
		return -ENOMEM;
	if (data) {
		mut->type[stack_byte(off)] = SLOT_MISC;
	} else {
		reg_mark_unknown(env, &mut->spilled);
		for (u32 i = 0; i < STACK_SLOT_BYTES; i++)
			slot_scrub_byte(mut, i);
	}
	return 1;
}

static int refuse_byte(struct env *env, u32 regno, s32 at, s32 size_bytes)
{
	const struct scalar *s = &env_reg(env, regno)->s;
	char text[TNUM_TEXT_BYTES];

	if (scalar_is_const(s))
		return reject_reg(env, -EACCES, (s32)regno,
				  "invalid read from stack R%d off %d+%d size %d", (int)regno,
				  (int)s->smin + env_reg(env, regno)->off, at, size_bytes);
	return reject_reg(env, -EACCES, (s32)regno,
			  "invalid read from stack R%d var_off %s+%d size %d", (int)regno,
			  tnum_text(text, s->var_off), at, size_bytes);
}

/* tidy: allow params: the contract's */
int mem_stack_range(struct env *env, u32 regno, s32 off, u32 size_bytes, bool zero_ok,
		    enum access kind, struct call_mem *meta)
{
	const struct reg *reg = env_reg(env, regno);
	struct frame *frame = state_frame_of(env->cur, reg);
	s32 min_off, max_off;
	u64 slots = 0;
	int err;

	if (!size_bytes && !zero_ok)
		return reject_reg(env, -EACCES, (s32)regno, "invalid zero-sized read");
	err = mem_stack_within(env, regno, off, (s32)size_bytes, kind);
	if (err)
		return err;
	min_off = (s32)reg->s.smin + off;
	max_off = (s32)reg->s.smax + off;
	if (!scalar_is_const(&reg->s)) {
		/* Arithmetic that makes such a pointer was refused (mem_check_bounds_arith). */
		if (!env->bypass_spec_v1)
			return env_bug(env, "R%u varies in the stack of !root", regno);
		/* Which bytes are filled is not known: they must be initialised before. */
		meta = NULL;
	}
	mem_stack_contract(env, frame, env->insn_idx, min_off);
	if (meta && meta->raw_mode) {
		err = raw_range(env, frame, min_off, size_bytes);
		if (err)
			return err;
		meta->access_size = (s32)size_bytes;
		meta->regno = (s32)regno;
		return 0;
	}
	for (s32 at = min_off; at < max_off + (s32)size_bytes; at++) {
		int ok = use_byte(env, frame, at, kind == ACCESS_WRITE);

		if (ok < 0)
			return ok;
		if (!ok)
			return refuse_byte(env, regno, at - min_off, (s32)size_bytes);
		slots |= 1ull << stack_spi(at);
	}
	/* No write is certain: the slots count as read alone. */
	return live_stack_mark_read(env->flow, env->cur, frame->frameno, slots);
}
