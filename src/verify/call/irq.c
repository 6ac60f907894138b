/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupt flags saved in a slot of the stack (process_irq_flag, mark_stack_slot_irq_flag,
 * unmark_stack_slot_irq_flag of kernel/bpf/verifier.c): restored once each, newest first.
 */
#include <assert.h>

#include "base/err.h"
#include "verify/call/call_int.h"

static int get_spi(struct env *env, const struct reg *reg)
{
	return stack_object_spi(env, reg, "irq_flag", KFUNC_IRQ_SLOTS);
}

static bool has_flag(const struct slot *slot)
{
	for (u32 b = 0; b < STACK_SLOT_BYTES; b++)
		if (slot->type[b] == SLOT_IRQ_FLAG)
			return true;
	return false;
}

static int fill_slot(struct env *env, const struct reg *reg, u32 spi, u32 ref_obj_id)
{
	struct frame *frame = state_frame_of(env->cur, reg);
	struct slot *slot = stack_slot_mut(env, frame, spi);

	if (!slot)
		return -ENOMEM;
	if (ref_obj_id)
		reg_mark_ptr(&slot->spilled, REG_STACK); /* there is no type of its own */
	else
		reg_mark_not_init(&slot->spilled);
	slot->spilled.ref_obj_id = ref_obj_id;
	for (u32 b = 0; b < STACK_SLOT_BYTES; b++)
		slot->type[b] = ref_obj_id ? SLOT_IRQ_FLAG : SLOT_INVALID;
	live_stack_mark_write(env->flow, frame->frameno, 1ull << spi);
	print_scratch_slot(env, spi);
	return 0;
}

static int save(struct env *env, u32 regno)
{
	const struct reg *reg = env_reg(env, regno);
	const struct mem_access acc = {
		.insn_idx = env->insn_idx,
		.regno = regno,
		.size_bytes = STACK_SLOT_BYTES,
		.kind = ACCESS_WRITE,
		.value_regno = -1,
	};
	int spi = get_spi(env, reg), id, err;

	if ((spi < 0 && spi != -ERANGE) ||
	    (spi >= 0 && has_flag(stack_slot(state_frame_of(env->cur, reg), (u32)spi))))
		return reject_reg(env, -EINVAL, (s32)regno,
				  "expected uninitialized irq flag as arg#%u", regno - 1);
	err = mem_access(env, &acc);
	if (err)
		return err;
	spi = get_spi(env, reg);
	assert(spi >= 0); /* it was written to */
	id = refs_acquire_irq(env, env->insn_idx);
	return id < 0 ? id : fill_slot(env, reg, (u32)spi, (u32)id);
}

/* The interrupt state saved before @id is the current one again (release_irq_state). */
static int release(struct env *env, u32 id)
{
	struct vstate *st = env->cur;
	u32 acquired_at = 0;

	if (id == st->active_irq_id)
		return refs_release_irq(st, id);
	for (u32 i = 0; i < st->ref_cnt; i++)
		if (st->refs[i].id == st->active_irq_id)
			acquired_at = st->refs[i].insn_idx;
	return reject(env, -EACCES,
		      "cannot restore irq state out of order, expected id=%u acquired at "
		      "insn_idx=%u", st->active_irq_id, acquired_at);
}

static int restore(struct env *env, u32 regno)
{
	const struct reg *reg = env_reg(env, regno);
	const struct slot *slot;
	int spi = get_spi(env, reg), err;

	slot = spi < 0 ? NULL : stack_slot(state_frame_of(env->cur, reg), (u32)spi);
	if (!slot || !slot->spilled.ref_obj_id || !slot_is_all(slot, SLOT_IRQ_FLAG))
		return reject_reg(env, -EINVAL, (s32)regno,
				  "expected an initialized irq flag as arg#%u", regno - 1);
	print_scratch_slot(env, (u32)spi);
	err = live_stack_mark_read(env->flow, env->cur, reg->frameno, 1ull << spi);
	if (!err)
		err = release(env, slot->spilled.ref_obj_id);
	return err ? err : fill_slot(env, reg, (u32)spi, 0);
}

int irq_flag_arg(struct env *env, u32 regno, bool do_save)
{
	if (env_reg(env, regno)->type != REG_STACK)
		return reject_reg(env, -EINVAL, (s32)regno,
				  "arg#%u doesn't point to an irq flag on stack", regno - 1);
	return do_save ? save(env, regno) : restore(env, regno);
}
