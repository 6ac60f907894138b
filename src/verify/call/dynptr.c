/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dynptrs: two slots of the stack that stand for memory of unknown size, and slices of it
 * (mark_stack_slots_dynptr, unmark_stack_slots_dynptr, destroy_if_dynptr_stack_slot,
 * process_dynptr_func of kernel/bpf/verifier.c).
 *
 * Slot spi is the lower address and the dynptr's first slot, spi - 1 the other. Both carry the
 * same id, which slices name as their dynptr_id, and the reference of the record, if any.
 *
 * Invariant: SLOT_DYNPTR never covers a slot in part, nor one slot of the two alone.
 */
#include <assert.h>

#include "base/err.h"
#include "verify/call/call_int.h"

static bool acquires(u32 type)
{
	return type == DYNPTR_RINGBUF;
}

static enum dynptr_type type_of_flags(u32 flags)
{
	if (flags & AF_LOCAL)
		return DYNPTR_LOCAL;
	return flags & AF_RINGBUF ? DYNPTR_RINGBUF : DYNPTR_NONE;
}

int stack_object_spi(struct env *env, const struct reg *reg, const char *what, u32 slots)
{
	const struct frame *frame = state_frame_of(env->cur, reg);
	s32 off, spi;

	if (!scalar_is_const(&reg->s))
		return reject(env, -EINVAL, "%s has to be at a constant offset", what);
	off = reg->off + (s32)reg_const_value(reg);
	spi = (-off - 1) / STACK_SLOT_BYTES;
	if (off % STACK_SLOT_BYTES || spi + 1 < (s32)slots)
		return reject(env, -EINVAL, "cannot pass in %s at an offset=%d", what, off);
	return spi < (s32)(frame->stack_bytes / STACK_SLOT_BYTES) ? spi : -ERANGE;
}

static int get_spi(struct env *env, const struct reg *reg)
{
	return stack_object_spi(env, reg, "dynptr", DYNPTR_SLOTS);
}

/* -ERANGE is no message: the slots are not there, so there is no dynptr. */
static const struct slot *slot_of(struct env *env, const struct reg *reg)
{
	int spi = get_spi(env, reg);

	return spi < 0 ? NULL : stack_slot(state_frame_of(env->cur, reg), (u32)spi);
}

bool dynptr_is_acquired(struct env *env, u32 regno)
{
	const struct slot *slot = slot_of(env, env_reg(env, regno));

	return slot && slot->spilled.ref_obj_id;
}

const struct reg *dynptr_reg(struct env *env, u32 regno)
{
	const struct reg *reg = env_reg(env, regno);
	const struct slot *slot;

	if (reg_base(reg->type) == REG_DYNPTR)
		return reg;
	slot = slot_of(env, reg);
	assert(slot); /* dynptr_arg() looked at it */
	return &slot->spilled;
}

void dynptr_mark_reg(struct reg *reg, enum dynptr_type type, bool first_slot, u32 id)
{
	reg_mark_ptr(reg, REG_DYNPTR);
	reg->id = id;
	reg->dynptr_type = (u8)type;
	reg->dynptr_first_slot = first_slot;
}

/* Both slots hold nothing any more. */
static int invalidate(struct env *env, struct frame *frame, u32 spi)
{
	for (u32 i = 0; i < DYNPTR_SLOTS; i++) {
		struct slot *slot = stack_slot_mut(env, frame, spi - i);

		if (!slot)
			return -ENOMEM;
		for (u32 b = 0; b < STACK_SLOT_BYTES; b++)
			slot->type[b] = SLOT_INVALID;
		reg_mark_not_init(&slot->spilled);
		print_scratch_slot(env, spi - i);
	}
	live_stack_mark_write(env->flow, frame->frameno, 3ull << (spi - 1));
	return 0;
}

/* Slices are memory, maybe NULL; records of ring buffers are not among them. */
static void forget_slice(struct env *env, struct frame *frame, struct reg *reg, void *cookie)
{
	const u32 *dynptr_id = cookie;

	(void)frame;
	if (reg->type != REG_MEM && reg->type != ((u32)REG_MEM | (u32)REG_MAYBE_NULL))
		return;
	if (reg->dynptr_id == *dynptr_id)
		ref_forget(env, reg);
}

int call_destroy_dynptr_slot(struct env *env, struct frame *frame, u32 spi)
{
	const struct slot *slot = stack_slot(frame, spi);
	u32 id;
	int err;

	if (slot->type[0] != SLOT_DYNPTR)
		return 0;
	if (!slot->spilled.dynptr_first_slot)
		slot = stack_slot(frame, ++spi);
	if (acquires(slot->spilled.dynptr_type))
		return reject(env, -EINVAL, "cannot overwrite referenced dynptr");
	id = slot->spilled.id;
	err = invalidate(env, frame, spi);
	if (!err)
		state_for_each_reg(env, env->cur, forget_slice, &id);
	return err;
}

/* A new dynptr at the register, whose slots exist (mark_stack_slots_dynptr). */
static int make(struct env *env, const struct reg *reg, enum dynptr_type type, u32 insn_idx)
{
	struct frame *frame = state_frame_of(env->cur, reg);
	int spi = get_spi(env, reg), err, ref = 0;
	u32 id;

	assert(spi >= 0); /* make_arg() wrote to it */
	/* They may be halves of two others. */
	err = call_destroy_dynptr_slot(env, frame, (u32)spi);
	if (!err)
		err = call_destroy_dynptr_slot(env, frame, (u32)spi - 1);
	if (err)
		return err;
	id = env_new_id(env);
	if (acquires(type))
		ref = refs_acquire(env, insn_idx);
	if (ref < 0)
		return ref;
	for (u32 i = 0; i < DYNPTR_SLOTS; i++) {
		struct slot *slot = stack_slot_mut(env, frame, (u32)spi - i);

		if (!slot)
			return -ENOMEM;
		for (u32 b = 0; b < STACK_SLOT_BYTES; b++)
			slot->type[b] = SLOT_DYNPTR;
		dynptr_mark_reg(&slot->spilled, type, i == 0, id);
		slot->spilled.ref_obj_id = (u32)ref;
	}
	live_stack_mark_write(env->flow, frame->frameno, 3ull << (spi - 1));
	return 0;
}

static int make_arg(struct env *env, u32 regno, u32 insn_idx, u32 flags)
{
	const struct reg *reg = env_reg(env, regno);
	int spi = reg_base(reg->type) == REG_DYNPTR ? -EINVAL : get_spi(env, reg), err = 0;

	if (spi < 0 && spi != -ERANGE)
		return reject_reg(env, -EINVAL, (s32)regno,
				  "Dynptr has to be an uninitialized dynptr");
	for (u32 i = 0; !err && i < DYNPTR_SLOTS; i++) {
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
	return err ? err : make(env, reg, type_of_flags(flags), insn_idx);
}

/* is_dynptr_reg_valid_init */
static bool is_made(struct env *env, const struct reg *reg)
{
	const struct frame *frame = state_frame_of(env->cur, reg);
	int spi = get_spi(env, reg);

	return spi >= 0 && stack_slot(frame, (u32)spi)->spilled.dynptr_first_slot &&
	       slot_is_all(stack_slot(frame, (u32)spi), SLOT_DYNPTR) &&
	       slot_is_all(stack_slot(frame, (u32)spi - 1), SLOT_DYNPTR);
}

static int use_arg(struct env *env, u32 regno, u32 flags)
{
	const struct reg *reg = env_reg(env, regno), *dynptr = reg;
	enum dynptr_type type = type_of_flags(flags);
	bool fixed = reg_base(reg->type) == REG_DYNPTR;
	int spi;

	/* Only those that release one change it, and check_release() refused what is const. */
	if (fixed && !(flags & AF_READ))
		return env_bug(env, "R%u: a const dynptr is changed", regno);
	if (!fixed && !is_made(env, reg))
		return reject_reg(env, -EINVAL, (s32)regno,
				  "Expected an initialized dynptr as arg #%u", regno - 1);
	if (!fixed)
		dynptr = dynptr_reg(env, regno);
	/* What is released was acquired (check_release()): it is one of the ring buffer's. */
	if (type != DYNPTR_NONE && (!dynptr || dynptr->dynptr_type != type))
		return env_bug(env, "R%u: a dynptr of another type", regno);
	if (fixed)
		return 0;
	spi = get_spi(env, reg);
	assert(spi >= 0); /* is_made() */
	print_scratch_slot(env, (u32)spi);
	print_scratch_slot(env, (u32)spi - 1);
	return live_stack_mark_read(env->flow, env->cur, reg->frameno, 3ull << (spi - 1));
}

int dynptr_arg(struct env *env, u32 regno, u32 insn_idx, u32 flags)
{
	const struct reg *reg = env_reg(env, regno);

	if (reg_base(reg->type) != REG_STACK && reg_base(reg->type) != REG_DYNPTR)
		return reject_reg(env, -EINVAL, (s32)regno,
				  "arg#%u expected pointer to stack or const struct bpf_dynptr",
				  regno - 1);
	return flags & AF_UNINIT ? make_arg(env, regno, insn_idx, flags)
				 : use_arg(env, regno, flags);
}

/* The reference ends: with it all its dynptrs in the frame and all slices. */
int dynptr_release(struct env *env, u32 regno)
{
	const struct reg *reg = env_reg(env, regno);
	struct frame *frame = state_frame_of(env->cur, reg);
	int spi = get_spi(env, reg), err;
	u32 id;

	assert(spi >= 0 && acquires(stack_slot(frame, (u32)spi)->spilled.dynptr_type));
	id = stack_slot(frame, (u32)spi)->spilled.ref_obj_id;
	err = ref_release(env, id);
	for (u32 i = 0; !err && i < frame->stack_bytes / STACK_SLOT_BYTES; i++) {
		const struct slot *slot = stack_slot(frame, i);

		if (slot->type[0] == SLOT_DYNPTR && slot->spilled.ref_obj_id == id &&
		    slot->spilled.dynptr_first_slot)
			err = invalidate(env, frame, i);
	}
	return err;
}
