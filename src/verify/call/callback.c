/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions that helpers call back (push_callback_call, set_*_callback_state, bpf_loop's part of
 * check_helper_call). A synchronous callback is walked as if called from the helper: its end leads
 * back to the call, which is checked again, with what the callback changed, until a kept state
 * covers it; beside that, the path goes on behind the call (commit ab5cfac139ab). An asynchronous
 * one is walked on its own from an empty state.
 */
#include "base/err.h"
#include "map/map.h"
#include "verify/call/call_int.h"

/* What the row says the function gets (columns of spec/callbacks.def). */
static int fill_args(struct env *env, struct frame *callee, const struct frame *caller,
		     const struct helper_callback *cb)
{
	for (u32 i = 0; i < CALL_REGS; i++) {
		struct reg *reg = &callee->regs[i + 1];
		const struct reg *from = &caller->regs[cb->args[i].from];

		switch ((enum callback_arg_kind)cb->args[i].kind) {
		case CB_NONE:
			reg_mark_not_init(reg);
			continue;
		case CB_CALLER:
			*reg = *from;
			continue;
		case CB_SCALAR:
			reg_mark_unknown(env, reg);
			continue;
		case CB_MAP:
			reg_mark_ptr(reg, REG_MAP_PTR);
			break;
		case CB_MAP_KEY:
			reg_mark_ptr(reg, REG_MAP_KEY);
			break;
		case CB_MAP_VALUE:
			reg_mark_ptr(reg, REG_MAP_VALUE);
			break;
		case CB_DYNPTR:
			dynptr_mark_reg(reg, DYNPTR_LOCAL, true, env_new_id(env));
			continue;
		case CB_BTF: /* the helper's own argument of that kind was refused */
			return env_bug(env, "a callback's argument is typed by BTF");
		}
		reg->map = from->map;
		reg->map_uid = from->map_uid;
	}
	callee->callback_ret_range = (struct ret_range){ cb->ret_min, cb->ret_max };
	return 0;
}

static int call_later(struct env *env, const struct helper_call *call,
		      const struct helper_callback *cb)
{
	u32 subprog = call->mem.subprogno;
	struct subprog_facts *facts = &env->facts->subprogs[subprog];
	struct frame *caller = state_frame(env->cur), *callee;
	struct vstate *st;

	facts->is_async_cb = true;
	st = state_push_async(env, facts->start, call->insn_idx, subprog, false);
	if (!st)
		return env->reject->err ? env->reject->err : -ENOMEM;
	callee = st->frame[0];
	callee->async_entry_cnt = caller->async_entry_cnt + 1;
	callee->in_async_callback_fn = true;
	return fill_args(env, callee, caller, cb);
}

int callback_call(struct env *env, const struct helper_call *call)
{
	const struct helper_callback *cb = helper_callback((enum helper_id)call->info->id);
	u32 subprog = call->mem.subprogno;
	struct subprog_facts *facts = &env->facts->subprogs[subprog];
	struct frame *caller = state_frame(env->cur), *callee;
	const struct map *map = env->fact->map_state == FACT_MAP_ONE ? env->fact->map
								     : call->mem.map;
	struct vstate *st;
	int err;

	if (!cb)
		return env_bug(env, "%s has no row in callbacks.def", call->name);
	err = func_check_call(env, subprog);
	if (err == -EFAULT || err == -ENOMEM)
		return err;
	facts->is_cb = true;
	if (call->info->props & HP_CALLS_ASYNC)
		return call_later(env, call, cb);
	st = state_push_branch(env, facts->start, call->insn_idx, false, &err);
	if (!st)
		return err;
	err = frame_enter(env, st, subprog, call->insn_idx);
	if (err)
		return err;
	callee = state_frame(st);
	if (call->info->props & HP_MAP_KNOWN && map &&
	    !(map_type_info(map->attr.type)->flags & MT_FOR_EACH))
		return reject(env, -ENOTSUPP, "callback function not allowed for map");
	err = fill_args(env, callee, caller, cb);
	if (err)
		return err;
	callee->in_callback_fn = true;
	st->callback_unroll_depth++;
	st->frame[st->curframe - 1]->callback_depth++;
	caller->callback_depth = 0;
	return 0;
}

/* One function and no flags, on every visit: then the loop can be part of the program. */
static int note_inlining(struct env *env, u32 subprog)
{
	struct insn_facts *fact = env->fact;
	bool no_flags = reg_is_null(env_reg(env, 4));

	if (fact->loop_seen && !fact->loop_inlinable)
		return 0;
	if (!fact->loop_seen) {
		fact->loop_seen = true;
		fact->loop_inlinable = no_flags;
		fact->loop_callback = subprog;
	} else {
		fact->loop_inlinable = no_flags && fact->loop_callback == subprog;
	}
	return no_flags ? past_mark_precise(env, 4) : 0;
}

/* r1 iterations at most: once as many were walked, the loop has ended. */
int callback_loop(struct env *env, const struct helper_call *call)
{
	struct frame *frame = state_frame(env->cur);
	int err = note_inlining(env, call->mem.subprogno);

	if (!err)
		err = past_mark_precise(env, 1);
	if (err)
		return err;
	if (frame->callback_depth < env_reg(env, 1)->s.umax)
		return callback_call(env, call);
	frame->callback_depth = 0;
	if (env->log.level & VLOG_2)
		vlog_add(&env->log, "frame%u bpf_loop iteration limit reached\n",
			 env->cur->curframe);
	return 0;
}
