/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths to be walked later, newest first (push_stack, push_async_cb, pop_stack). */
#include "base/err.h"
#include "verify/state/env.h"
#include "verify/state/pool.h"
#include "verify/state/state.h"

static struct branch *push(struct env *env, u32 insn_idx, u32 prev_insn_idx, int *ret_err)
{
	struct branch *br = pool_take(env, sizeof(*br), NULL);

	*ret_err = -ENOMEM;
	if (!br)
		return NULL;
	br->st = state_new(env);
	if (!br->st) {
		pool_give(env, br, sizeof(*br));
		return NULL;
	}
	br->insn_idx = insn_idx;
	br->prev_insn_idx = prev_insn_idx;
	br->log_pos = env->log.pos;
	br->next = env->head;
	env->head = br;
	env->branch_cnt++;
	if (env->branch_cnt > LIMIT_JUMP_QUEUE) {
		*ret_err = reject(env, -ENOMEM, "The sequence of %u jumps is too complex.",
				  env->branch_cnt);
		return NULL;
	}
	return br;
}

struct vstate *state_push_branch(struct env *env, u32 insn_idx, u32 prev_insn_idx,
				 bool speculative, int *ret_err)
{
	struct branch *br = push(env, insn_idx, prev_insn_idx, ret_err);

	if (!br || state_copy(env, br->st, env->cur))
		return NULL;
	br->st->speculative |= speculative;
	if (br->st->parent)
		br->st->parent->branches++;
	*ret_err = 0;
	return br->st;
}

struct vstate *state_push_async(struct env *env, u32 insn_idx, u32 prev_insn_idx, u32 subprogno,
				bool sleepable)
{
	int err;
	struct branch *br = push(env, insn_idx, prev_insn_idx, &err);

	if (!br)
		return NULL;
	/*
	 * Nothing is copied: the callback runs on its own, some time. It has no parent and is
	 * counted once, by itself.
	 */
	br->st->branches = 1;
	br->st->in_sleepable = sleepable;
	br->st->frame[0] = frame_new(env, UINT32_MAX, 0, subprogno);
	return br->st->frame[0] ? br->st : NULL;
}

int state_pop_branch(struct env *env, bool pop_log)
{
	struct branch *br = env->head;

	if (!br)
		return -ENOENT;
	if (pop_log)
		vlog_reset(&env->log, br->log_pos);
	state_free(env, env->cur);
	env->cur = br->st;
	env->insn_idx = br->insn_idx;
	env->prev_insn_idx = br->prev_insn_idx;
	env->head = br->next;
	env->branch_cnt--;
	pool_give(env, br, sizeof(*br));
	return 0;
}
