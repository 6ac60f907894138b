/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open-coded iterators on the stack (process_iter_arg, process_iter_next_call of
 * kernel/bpf/verifier.c). A new iterator is a reference that its destruction gives back; a call of
 * next is walked twice: it gave NULL, and it gave an element and can be called again. What changes
 * from one iteration to the next without being precise is widened, so that loops converge.
 *
 * The first slot of an iterator alone has the reference's id.
 */
#include <assert.h>

#include "base/err.h"
#include "verify/call/call_int.h"

static int get_spi(struct env *env, const struct reg *reg, u32 slots)
{
	return stack_object_spi(env, reg, "iter", slots);
}

/* -ERANGE is no failure: the slots come to exist when they are written. */
static bool is_free(struct env *env, const struct reg *reg, u32 slots)
{
	int spi = get_spi(env, reg, slots);

	if (spi < 0)
		return spi == -ERANGE;
	for (u32 i = 0; i < slots; i++) {
		const struct slot *slot =
			stack_slot(state_frame_of(env->cur, reg), (u32)spi - i);

		for (u32 b = 0; b < STACK_SLOT_BYTES; b++)
			if (slot->type[b] == SLOT_ITER)
				return false;
	}
	return true;
}

static bool is_made(struct env *env, const struct reg *reg, u32 slots)
{
	int spi = get_spi(env, reg, slots);

	for (u32 i = 0; spi >= 0 && i < slots; i++) {
		const struct slot *slot =
			stack_slot(state_frame_of(env->cur, reg), (u32)spi - i);

		if (!slot_is_all(slot, SLOT_ITER) || !slot->spilled.ref_obj_id != (i != 0))
			return false;
	}
	return spi >= 0;
}

static int make(struct env *env, const struct reg *reg, u32 insn_idx, u32 slots)
{
	struct frame *frame = state_frame_of(env->cur, reg);
	int spi = get_spi(env, reg, slots), id;

	assert(spi >= 0); /* new_arg() wrote to it */
	id = refs_acquire(env, insn_idx);
	if (id < 0)
		return id;
	for (u32 i = 0; i < slots; i++) {
		struct slot *slot = stack_slot_mut(env, frame, (u32)spi - i);

		if (!slot)
			return -ENOMEM;
		reg_mark_ptr(&slot->spilled, REG_STACK); /* there is no type of its own */
		slot->spilled.ref_obj_id = i ? 0 : (u32)id;
		slot->spilled.iter_state = ITER_STATE_ACTIVE;
		slot->spilled.iter_depth = 0;
		for (u32 b = 0; b < STACK_SLOT_BYTES; b++)
			slot->type[b] = SLOT_ITER;
		live_stack_mark_write(env->flow, frame->frameno, 1ull << ((u32)spi - i));
		print_scratch_slot(env, (u32)spi - i);
	}
	return 0;
}

static int unmake(struct env *env, const struct reg *reg, u32 spi, u32 slots)
{
	struct frame *frame = state_frame_of(env->cur, reg);
	int err = ref_release(env, stack_slot(frame, spi)->spilled.ref_obj_id);

	for (u32 i = 0; !err && i < slots; i++) {
		struct slot *slot = stack_slot_mut(env, frame, spi - i);

		if (!slot)
			return -ENOMEM;
		reg_mark_not_init(&slot->spilled);
		for (u32 b = 0; b < STACK_SLOT_BYTES; b++)
			slot->type[b] = SLOT_INVALID;
		live_stack_mark_write(env->flow, frame->frameno, 1ull << (spi - i));
		print_scratch_slot(env, spi - i);
	}
	return err;
}

static int new_arg(struct env *env, u32 regno, u32 insn_idx)
{
	int err = 0;

	if (!is_free(env, env_reg(env, regno), KFUNC_ITER_SLOTS))
		return reject_reg(env, -EINVAL, (s32)regno,
				  "expected uninitialized iter_num as arg #%u", regno - 1);
	for (u32 i = 0; !err && i < KFUNC_ITER_SLOTS; i++) {
		const struct mem_access acc = {
			.insn_idx = insn_idx,
			.regno = regno,
			.off = (s32)(i * STACK_SLOT_BYTES),
			.size_bytes = STACK_SLOT_BYTES,
			.kind = ACCESS_WRITE,
			.value_regno = -1,
		};

		err = mem_access(env, &acc);
	}
	return err ? err : make(env, env_reg(env, regno), insn_idx, KFUNC_ITER_SLOTS);
}

int iter_arg(struct env *env, u32 regno, u32 insn_idx, struct iter_call *call)
{
	const struct kfunc_info *info = call->info;
	const struct reg *reg = env_reg(env, regno);
	u64 mask = 0;
	int spi, err;

	if (reg->type != REG_STACK)
		return reject_reg(env, -EINVAL, (s32)regno,
				  "arg#%u expected pointer to an iterator on stack", regno - 1);
	if (info->props & KF_ITER_NEW)
		return new_arg(env, regno, insn_idx);
	if (!is_made(env, reg, KFUNC_ITER_SLOTS))
		return reject_reg(env, -EINVAL, (s32)regno,
				  "expected an initialized iter_num as arg #%u", regno - 1);
	spi = get_spi(env, reg, KFUNC_ITER_SLOTS);
	assert(spi >= 0);
	for (u32 i = 0; i < KFUNC_ITER_SLOTS; i++) {
		mask |= 1ull << ((u32)spi - i);
		print_scratch_slot(env, (u32)spi - i);
	}
	err = live_stack_mark_read(env->flow, env->cur, reg->frameno, mask);
	if (err)
		return err;
	call->spi = (u32)spi;
	call->frameno = reg->frameno;
	call->ref_obj_id =
		stack_slot(state_frame_of(env->cur, reg), (u32)spi)->spilled.ref_obj_id;
	if (info->props & KF_ITER_DESTROY)
		err = unmake(env, reg, (u32)spi, KFUNC_ITER_SLOTS);
	return err;
}

/* The path on which there was one more element. */
static int push_next(struct env *env, u32 insn_idx, const struct iter_call *call)
{
	struct vstate *cur = env->cur, *queued, *prev;
	struct slot *slot;
	int err;

	if (!cur->parent || cur->parent->insn_idx != insn_idx ||
	    cur->parent->curframe != cur->curframe)
		return env_bug(env, "bad parent state for iter next call");
	/* The state kept at this very instruction is not the iteration before. */
	prev = past_prev_entry(env, cur->parent, insn_idx);
	queued = state_push_branch(env, insn_idx + 1, insn_idx, false, &err);
	if (!queued)
		return err;
	slot = stack_slot_mut(env, queued->frame[call->frameno], call->spi);
	if (!slot)
		return -ENOMEM;
	slot->spilled.iter_state = ITER_STATE_ACTIVE;
	slot->spilled.iter_depth = (slot->spilled.iter_depth + 1) & 0x3fffffff;
	err = prev ? past_widen_imprecise(env, prev, queued) : 0;
	if (!err)
		reg_mark_not_null(env, &state_frame(queued)->regs[0]);
	return err;
}

int iter_next(struct env *env, u32 insn_idx, const struct iter_call *call)
{
	struct frame *frame = env->cur->frame[call->frameno];
	u32 state = stack_slot(frame, call->spi)->spilled.iter_state;
	struct slot *slot;
	int err;

	if (state != ITER_STATE_ACTIVE && state != ITER_STATE_DRAINED)
		return env_bug(env, "unexpected iterator state %u", state);
	if (state == ITER_STATE_ACTIVE) {
		err = push_next(env, insn_idx, call);
		if (err)
			return err;
	}
	slot = stack_slot_mut(env, frame, call->spi);
	if (!slot)
		return -ENOMEM;
	slot->spilled.iter_state = ITER_STATE_DRAINED;
	reg_mark_const_zero(env, env_reg(env, 0));
	return 0;
}
