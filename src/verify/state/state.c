/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * States and frames: made, copied, freed (init_func_state, copy_verifier_state,
 * free_verifier_state). Copying costs one memcpy for each frame and one each for references and
 * history; stacks are shared (state/stack.c).
 */
#include "verify/state/state.h"

#include <string.h>

#include "base/err.h"
#include "verify/state/env.h"
#include "verify/state/pool.h"
#include "verify/state/refs.h"
#include "verify/state/stack.h"

struct vstate *state_new(struct env *env)
{
	struct vstate *st = pool_take(env, sizeof(*st), NULL);

	if (st)
		memset(st, 0, sizeof(*st));
	return st;
}

static struct frame *frame_take(struct env *env)
{
	struct frame *frame = pool_take(env, sizeof(*frame), NULL);

	if (frame)
		frame->stack = NULL;
	return frame;
}

void frame_init_regs(struct env *env, struct frame *frame)
{
	for (u32 i = 0; i < INSN_REGS; i++) {
		reg_mark_not_init(&frame->regs[i]);
		frame->regs[i].subreg_def = REG_NOT_SUBREG;
	}
	reg_mark_ptr(&frame->regs[INSN_REG_FP], REG_STACK);
	frame->regs[INSN_REG_FP].frameno = (u8)frame->frameno;
	env->scratched_regs = UINT32_MAX;
	env->scratched_slots = UINT64_MAX;
}

struct frame *frame_new(struct env *env, u32 callsite, u32 frameno, u32 subprogno)
{
	struct frame *frame = frame_take(env);

	if (!frame)
		return NULL;
	memset(frame, 0, sizeof(*frame));
	frame->callsite = callsite;
	frame->frameno = frameno;
	frame->subprogno = subprogno;
	frame_init_regs(env, frame);
	return frame;
}

void frame_free(struct env *env, struct frame *frame)
{
	if (!frame)
		return;
	stack_drop(env, frame);
	pool_give(env, frame, sizeof(*frame));
}

static int frame_copy(struct env *env, struct frame **dst, const struct frame *src)
{
	struct frame *frame = *dst;

	if (!frame) {
		frame = frame_take(env);
		if (!frame)
			return -ENOMEM;
		*dst = frame;
	} else {
		stack_drop(env, frame);
	}
	memcpy(frame, src, sizeof(*frame));
	stack_share(frame, src);
	return 0;
}

static int hist_copy(struct env *env, struct vstate *dst, const struct vstate *src)
{
	void *hist = dst->hist;
	int err = pool_grow(env, &hist, &dst->hist_cap, src->hist_cnt, sizeof(struct hist_entry));

	if (err)
		return err;
	dst->hist = hist;
	dst->hist_cnt = src->hist_cnt;
	if (src->hist_cnt)
		memcpy(dst->hist, src->hist, src->hist_cnt * sizeof(struct hist_entry));
	return 0;
}

int state_copy(struct env *env, struct vstate *dst, const struct vstate *src)
{
	int err = hist_copy(env, dst, src);

	if (!err)
		err = refs_copy(env, dst, src);
	if (err)
		return err;
	for (u32 i = src->curframe + 1; i < LIMIT_FRAMES && dst->frame[i]; i++) {
		frame_free(env, dst->frame[i]);
		dst->frame[i] = NULL;
	}
	for (u32 i = 0; i <= src->curframe; i++) {
		err = frame_copy(env, &dst->frame[i], src->frame[i]);
		if (err)
			return err;
	}
	dst->speculative = src->speculative;
	dst->in_sleepable = src->in_sleepable;
	dst->cleaned = false;
	dst->curframe = src->curframe;
	dst->branches = src->branches;
	dst->parent = src->parent;
	dst->first_insn_idx = src->first_insn_idx;
	dst->last_insn_idx = src->last_insn_idx;
	dst->dfs_depth = src->dfs_depth;
	dst->callback_unroll_depth = src->callback_unroll_depth;
	dst->may_goto_depth = src->may_goto_depth;
	dst->equal_state = src->equal_state;
	return 0;
}

void state_free(struct env *env, struct vstate *st)
{
	if (!st)
		return;
	for (u32 i = 0; i < LIMIT_FRAMES && st->frame[i]; i++)
		frame_free(env, st->frame[i]);
	pool_give(env, st->refs, st->ref_cap * sizeof(struct ref));
	pool_give(env, st->hist, st->hist_cap * sizeof(struct hist_entry));
	pool_give(env, st, sizeof(*st));
}

void state_clear_hist(struct vstate *st)
{
	st->hist_cnt = 0;
}

void state_for_each_reg(struct env *env, struct vstate *st, state_reg_fn fn, void *cookie)
{
	for (u32 f = 0; f <= st->curframe; f++) {
		struct frame *frame = st->frame[f];

		for (u32 i = 0; i < INSN_REGS; i++)
			fn(env, frame, &frame->regs[i], cookie);
		/* A stack is taken apart from its copies only when something in it changes. */
		for (u32 i = 0; i < frame->stack_bytes / STACK_SLOT_BYTES; i++) {
			const struct slot *slot = stack_slot(frame, i);
			struct slot *mut;
			struct reg reg;

			if (!slot_is_spilled(slot))
				continue;
			reg = slot->spilled;
			fn(env, frame, &reg, cookie);
			if (!memcmp(&reg, &slot->spilled, sizeof(reg)))
				continue;
			mut = stack_slot_mut(env, frame, i);
			if (mut)
				mut->spilled = reg;
		}
	}
}
