/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of the program's own functions: into a static one goes the walk, with a new frame; a global
 * one is verified by itself, so here it is enough that its arguments are what BTF promises it
 * (check_func_call, setup_func_entry, prepare_func_exit of kernel/bpf/verifier.c).
 */
#include "base/err.h"
#include "verify/call/call_int.h"

int frame_enter(struct env *env, struct vstate *st, u32 subprog, u32 callsite)
{
	struct frame *frame;

	if (st->curframe + 1 >= LIMIT_FRAMES)
		return reject(env, -E2BIG, "the call stack of %u frames is too deep",
			      st->curframe + 2);
	if (st->frame[st->curframe + 1])
		return env_bug(env, "Frame %u already allocated", st->curframe + 1);
	frame = frame_new(env, callsite, st->curframe + 1, subprog);
	if (!frame)
		return -ENOMEM;
	st->frame[++st->curframe] = frame;
	return 0;
}

/* r0..r5 are lost; whatever they hold next, this instruction wrote it. */
void frame_clear_saved(struct env *env, struct frame *frame)
{
	for (u32 i = 0; i <= CALL_REGS; i++) {
		reg_mark_not_init(&frame->regs[i]);
		frame->regs[i].subreg_def = (s32)env->insn_idx + 1;
		print_scratch_reg(env, i);
	}
}

static bool log_paths(const struct env *env)
{
	return env->log.level & (VLOG_1 | VLOG_2);
}

static int call_global(struct env *env, u32 subprog, int args_err)
{
	const struct vstate *st = env->cur;
	const char *name = func_name(env, subprog);
	struct subprog_facts *facts = &env->facts->subprogs[subprog];
	struct reg *r0;

	if (st->active_locks)
		return reject(env, -EINVAL,
			      "global function calls are not allowed while holding a lock,\n"
			      "use static function instead");
	if (facts->might_sleep && (st->active_rcu_lock || st->active_preempt_locks ||
				   st->active_irq_id || !st->in_sleepable))
		return reject(env, -EINVAL,
			      "global functions that may sleep are not allowed in non-sleepable "
			      "context,\ni.e., in a RCU/IRQ/preempt-disabled section, or in\n"
			      "a non-sleepable BPF program context");
	if (args_err)
		return reject(env, args_err, "Caller passes invalid args into func#%u ('%s')",
			      subprog, name);
	if (log_paths(env))
		vlog_add(&env->log, "Func#%u ('%s') is global and assumed valid.\n", subprog,
			 name);
	if (facts->changes_pkt_data)
		mem_clear_packet_pointers(env);
	facts->called = true;
	frame_clear_saved(env, state_frame(st));
	r0 = env_reg(env, 0);
	reg_mark_unknown(env, r0);
	r0->subreg_def = REG_NOT_SUBREG;
	return 0;
}

int call_subprog(struct env *env, const struct insn *insn)
{
	struct vstate *st = env->cur;
	struct frame *caller = state_frame(st), *callee;
	int subprog = flow_subprog_at(env->flow, (s64)env->insn_idx + insn->imm + 1), err;

	if (subprog < 0)
		return env_bug(env, "target of func call at insn %u is not a program",
			       env->insn_idx);
	err = func_check_call(env, (u32)subprog);
	if (err == -EFAULT || err == -ENOMEM)
		return err;
	if (env->facts->subprogs[subprog].is_global)
		return call_global(env, (u32)subprog, err);
	err = frame_enter(env, st, (u32)subprog, env->insn_idx);
	if (err)
		return err;
	callee = state_frame(st);
	for (u32 i = 1; i <= CALL_REGS; i++)
		callee->regs[i] = caller->regs[i];
	frame_clear_saved(env, caller);
	env->insn_idx = env->facts->subprogs[subprog].start;
	live_stack_moved(env->flow);
	if (log_paths(env)) {
		vlog_add(&env->log, "caller:\n");
		print_state(env, st, caller->frameno, true);
		vlog_add(&env->log, "callee:\n");
		print_state(env, st, st->curframe, true);
	}
	return 0;
}

static int check_callback_result(struct env *env, const struct frame *callee)
{
	const struct reg *r0 = &callee->regs[0];
	int err;

	if (r0->type != REG_SCALAR)
		return reject_reg(env, -EACCES, 0, "R0 not a scalar value");
	err = past_mark_precise(env, 0);
	if (err)
		return err;
	err = exit_check_range(env, 0, &callee->callback_ret_range, "At callback return", "R0");
	if (err)
		return err;
	if (!flow_has(env->flow, callee->callsite, FLOW_CALLS_CALLBACK))
		return env_bug(env, "in callback at %u, callsite %u !calls_callback",
			       env->insn_idx, callee->callsite);
	return 0;
}

static void log_return(struct env *env, const struct frame *callee, const struct frame *caller)
{
	if (!log_paths(env))
		return;
	vlog_add(&env->log, "returning from callee:\n");
	print_state(env, env->cur, callee->frameno, true);
	vlog_add(&env->log, "to caller at %u:\n", env->insn_idx);
	print_state(env, env->cur, caller->frameno, true);
}

int frame_leave(struct env *env)
{
	struct vstate *st = env->cur, *prev;
	struct frame *callee = state_frame(st), *caller;
	bool callback = callee->in_callback_fn;
	int err = live_stack_update(env->flow, st);

	if (err)
		return err;
	if (reg_base(callee->regs[0].type) == REG_STACK)
		return reject_reg(env, -EINVAL, 0, "cannot return stack pointer to the caller");
	caller = st->frame[st->curframe - 1];
	if (callback) {
		err = check_callback_result(env, callee);
		if (err)
			return err;
	} else {
		caller->regs[0] = callee->regs[0];
	}
	/* A callback goes back to the call, which decides whether it is called once more. */
	env->insn_idx = callback ? callee->callsite : callee->callsite + 1;
	log_return(env, callee, caller);
	frame_free(env, callee);
	st->frame[st->curframe--] = NULL;
	prev = callback ? past_prev_entry(env, st, env->insn_idx) : NULL;
	return prev ? past_widen_imprecise(env, prev, st) : 0;
}
