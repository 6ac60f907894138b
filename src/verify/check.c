/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each function that is entered from outside is walked by itself: the main function with its
 * context, a global one with whatever its BTF promises (do_check_common, do_check_main,
 * do_check_subprogs). Static functions are walked where they are called.
 */
#include "base/err.h"
#include "spec/access.h"
#include "verify/call/call.h"
#include "verify/past/past.h"
#include "verify/step/step.h"
#include "verify/verify_int.h"

#define LOG_PATHS (VLOG_1 | VLOG_2)

/* A state with one frame, as it is when the kernel's dispatcher enters the function. */
static int enter(struct env *env, u32 subprog)
{
	struct vstate *st = state_new(env);

	if (!st)
		return -ENOMEM;
	env->prev_line = NULL;
	env->subprog = subprog;
	env->pass++;
	env->cur = st;
	st->branches = 1;
	st->in_sleepable = env->sleepable;
	st->frame[0] = frame_new(env, UINT32_MAX, 0, subprog);
	if (!st->frame[0])
		return -ENOMEM;
	env->insn_idx = env->facts->subprogs[subprog].start;
	st->first_insn_idx = env->insn_idx;
	st->last_insn_idx = UINT32_MAX;
	if (!subprog) {
		reg_mark_ptr(&st->frame[0]->regs[1], REG_CTX);
		return call_main_args(env);
	}
	if (env->log.level & LOG_PATHS)
		vlog_add(&env->log, "Validating %s() func#%u...\n", btf_info_name(env, subprog),
			 subprog);
	return call_prepare_args(env, subprog);
}

static int check_function(struct env *env, u32 subprog)
{
	int err = enter(env, subprog);

	if (!err)
		err = step_run(env);
	if (!err && env->nomem)
		err = -ENOMEM;
	/* What was said of paths that all ended well is of no interest. */
	if (!err && !(env->log.level & VLOG_2))
		vlog_reset(&env->log, 0);
	if (!err) {
		state_free(env, env->cur);
		env->cur = NULL;
		past_reset(env);
	}
	return err;
}

static int check_globals(struct env *env)
{
	struct facts *facts = env->facts;
	bool *done = env_alloc(env, facts->subprog_cnt);
	bool again = true;

	if (!done)
		return -ENOMEM;
	/* A global function may call more of them, so it goes on until nothing is new. */
	while (again) {
		again = false;
		for (u32 i = 1; i < facts->subprog_cnt; i++) {
			const struct subprog_facts *sub = &facts->subprogs[i];
			int err;

			if (!sub->is_global || !sub->called || done[i])
				continue;
			err = check_function(env, i);
			if (err)
				return err;
			if (env->log.level & LOG_PATHS)
				vlog_add(&env->log,
					 "Func#%u ('%s') is safe for any args that match its "
					 "prototype\n", i, btf_info_name(env, i));
			done[i] = true;
			again = true;
		}
	}
	return 0;
}

int check_all(struct env *env)
{
	int err = check_function(env, 0);

	return err ? err : check_globals(env);
}
