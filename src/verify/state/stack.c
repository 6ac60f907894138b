/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stack slots, shared by copies of a state until one of them writes.
 *
 * Invariant: a frame has a stack_mem when stack_bytes > 0; slots [0, stack_bytes / 8) are
 * initialised; refs counts the frames that point to it, and only a sole owner writes.
 */
#include "verify/state/stack.h"

#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "verify/state/env.h"
#include "verify/state/pool.h"

static size_t mem_bytes(u32 cap)
{
	return sizeof(struct stack_mem) + cap * sizeof(struct slot);
}

void stack_share(struct frame *dst, const struct frame *src)
{
	dst->stack = src->stack;
	dst->stack_bytes = src->stack_bytes;
	if (dst->stack)
		dst->stack->refs++;
}

void stack_drop(struct env *env, struct frame *frame)
{
	struct stack_mem *mem = frame->stack;

	frame->stack = NULL;
	frame->stack_bytes = 0;
	if (mem && --mem->refs == 0)
		pool_give(env, mem, mem_bytes(mem->cap));
}

/* The frame gets storage of its own with room for @cap slots. */
static int own(struct env *env, struct frame *frame, u32 cap)
{
	u32 cnt = frame->stack_bytes / STACK_SLOT_BYTES;
	struct stack_mem *mem;
	size_t bytes;

	mem = pool_take(env, mem_bytes(cap), &bytes);
	if (!mem)
		return -ENOMEM;
	mem->refs = 1;
	mem->cap = (u32)((bytes - sizeof(*mem)) / sizeof(struct slot));
	if (cnt)
		memcpy(mem->slots, frame->stack->slots, cnt * sizeof(struct slot));
	bytes = frame->stack_bytes;
	stack_drop(env, frame);
	frame->stack = mem;
	frame->stack_bytes = (u32)bytes;
	return 0;
}

int stack_unshare(struct env *env, struct frame *frame)
{
	return own(env, frame, frame->stack_bytes / STACK_SLOT_BYTES);
}

int stack_grow(struct env *env, struct frame *frame, u32 bytes)
{
	u32 old = frame->stack_bytes / STACK_SLOT_BYTES, cnt;
	struct subprog_facts *sub = &env->facts->subprogs[frame->subprogno];

	bytes = (u32)align_up(bytes, STACK_SLOT_BYTES);
	cnt = bytes / STACK_SLOT_BYTES;
	if (cnt <= old)
		return 0;
	if (!frame->stack || frame->stack->refs > 1 || frame->stack->cap < cnt) {
		int err = own(env, frame, cnt);

		if (err)
			return err;
	}
	memset(&frame->stack->slots[old], 0, (cnt - old) * sizeof(struct slot));
	frame->stack_bytes = bytes;
	sub->stack_bytes = MAX(sub->stack_bytes, bytes);
	return 0;
}

bool slot_is_special(const struct slot *slot)
{
	u8 type = slot->type[STACK_SLOT_BYTES - 1];

	return type == SLOT_DYNPTR || type == SLOT_ITER || type == SLOT_IRQ_FLAG;
}

void slot_scrub_byte(struct slot *slot, u32 byte)
{
	if (slot->type[byte] != SLOT_INVALID)
		slot->type[byte] = SLOT_MISC;
}

/*
 * A byte beside what is written (mark_stack_slot_misc): a zero stays one, and what never was
 * written is no number.
 */
void slot_mark_misc(u8 *type)
{
	if (*type != SLOT_ZERO && *type != SLOT_INVALID)
		*type = SLOT_MISC;
}

bool slot_is_all(const struct slot *slot, enum slot_type type)
{
	for (u32 i = 0; i < STACK_SLOT_BYTES; i++)
		if (slot->type[i] != type)
			return false;
	return true;
}
