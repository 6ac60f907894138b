/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stack of a frame in slots of eight bytes. Storage is shared by copies of a state until one of
 * them writes: read with stack_slot, write with stack_slot_mut, never keep a pointer over a call
 * that may write another slot or copy a state.
 */
#ifndef SKEP_VERIFY_STATE_STACK_H
#define SKEP_VERIFY_STATE_STACK_H

#include "verify/state/state.h"

struct stack_mem {
	u32 refs; /* frames that read it */
	u32 cap;  /* slots */
	struct slot slots[];
};

/* Storage of its own for a frame that shares it. 0 or -ENOMEM. */
int stack_unshare(struct env *env, struct frame *frame) must_check;

/* Slot @spi of a frame; spi < frame->stack_bytes / 8. */
static inline const struct slot *stack_slot(const struct frame *frame, u32 spi)
{
	return &frame->stack->slots[spi];
}

/* The same to be written; NULL when memory is short. */
static inline must_check struct slot *stack_slot_mut(struct env *env, struct frame *frame,
						     u32 spi)
{
	if (unlikely(frame->stack->refs > 1) && stack_unshare(env, frame))
		return NULL;
	return &frame->stack->slots[spi];
}

/* Lets slots up to @bytes (rounded up to 8) exist, new ones INVALID (grow_stack_state). */
int stack_grow(struct env *env, struct frame *frame, u32 bytes) must_check;

/* fp-relative offset (negative) of a byte → slot and index into slot->type. */
static inline u32 stack_spi(s32 off)
{
	return (u32)(-off - 1) / STACK_SLOT_BYTES;
}
static inline u32 stack_byte(s32 off)
{
	return (u32)(-off - 1) % STACK_SLOT_BYTES;
}

/* The frame @dst reads the stack of @src from now on; it had none. */
void stack_share(struct frame *dst, const struct frame *src);
void stack_drop(struct env *env, struct frame *frame);

static inline bool slot_is_spilled(const struct slot *slot) /* is_spilled_reg */
{
	return slot->type[STACK_SLOT_BYTES - 1] == SLOT_SPILL;
}
static inline bool slot_is_spilled_scalar(const struct slot *slot) /* is_spilled_scalar_reg */
{
	return slot_is_spilled(slot) && slot->spilled.type == REG_SCALAR;
}
/* is_stack_slot_special: dynptr, iter, irq flag */
bool slot_is_special(const struct slot *slot);
/* scrub_spilled_slot: spill → misc, keeps invalid */
void slot_scrub_byte(struct slot *slot, u32 byte);
void slot_mark_misc(u8 *type);
bool slot_is_all(const struct slot *slot, enum slot_type type);

#endif
