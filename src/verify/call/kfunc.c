/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of functions of the kernel by their BTF id (check_kfunc_call of kernel/bpf/verifier.c), of
 * those that need no other type of that BTF: open-coded iterators of numbers, sections without
 * preemption, RCU sections. The loader knows which name an id stands for (struct verify_opts).
 */
#include "base/err.h"
#include "verify/call/call_int.h"

bool call_kfunc_flow(void *cookie, const struct insn *insn, struct flow_call *ret_call)
{
	const struct kfunc_info *info = kfunc_info(insn->imm);
	u8 args = 0;

	(void)cookie;
	if (!info)
		return false;
	while (args < KFUNC_ARGS && info->args[args] != KFUNC_ARG_NONE)
		args++;
	*ret_call = (struct flow_call){
		.arg_cnt = args,
		.is_void = info->ret == KFUNC_RET_VOID,
		.might_sleep = info->props & KF_SLEEPABLE,
		.iter_next = info->props & KF_ITER_NEXT,
	};
	return true;
}

static int check_arg(struct env *env, u32 regno, enum kfunc_arg kind, struct iter_call *call)
{
	int err;

	switch (kind) {
	case KFUNC_ARG_NONE:
		return 0;
	case KFUNC_ARG_SCALAR32:
		if (env_reg(env, regno)->type == REG_SCALAR)
			return 0;
		return reject_reg(env, -EINVAL, (s32)regno, "R%u is not a scalar", regno);
	case KFUNC_ARG_ITER:
		err = arg_offset_check(env, regno, 0, false);
		return err ? err : iter_arg(env, regno, env->insn_idx, call);
	case KFUNC_ARG_IRQ_FLAG:
		break;
	}
	return irq_flag_arg(env, regno, call->info->props & KF_IRQ_SAVE);
}

/* What RCU protected is not to be trusted behind the section. */
static void end_rcu(struct env *env, struct frame *frame, struct reg *reg, void *cookie)
{
	(void)env;
	(void)frame;
	(void)cookie;
	if (!(reg->type & REG_RCU))
		return;
	reg->type &= ~((u32)REG_RCU | (u32)REG_MAYBE_NULL);
	reg->type |= REG_UNTRUSTED;
}

static int check_rcu(struct env *env, const struct kfunc_info *info)
{
	struct vstate *st = env->cur;

	if (info->props & KF_RCU_LOCK) {
		if (st->active_rcu_lock)
			return reject(env, -EINVAL, "nested rcu read lock (kernel function %s)",
				      info->name);
		st->active_rcu_lock = true;
	}
	if (info->props & KF_RCU_UNLOCK) {
		if (!st->active_rcu_lock)
			return reject(env, -EINVAL,
				      "unmatched rcu read unlock (kernel function %s)",
				      info->name);
		state_for_each_reg(env, st, end_rcu, NULL);
		st->active_rcu_lock = false;
	}
	return 0;
}

static int check_sections(struct env *env, const struct kfunc_info *info)
{
	struct vstate *st = env->cur;
	int err = check_rcu(env, info);

	if (err)
		return err;
	if (info->props & KF_PREEMPT_DISABLE)
		st->active_preempt_locks++;
	if (info->props & KF_PREEMPT_ENABLE) {
		if (!st->active_preempt_locks)
			return reject(env, -EINVAL,
				      "unmatched attempt to enable preemption (kernel function "
				      "%s)", info->name);
		st->active_preempt_locks--;
	}
	return 0;
}

static void clear_saved(struct env *env)
{
	for (u32 i = 0; i <= CALL_REGS; i++) {
		reg_mark_not_init(env_reg(env, i));
		env_reg(env, i)->subreg_def = REG_NOT_SUBREG;
		print_scratch_reg(env, i);
	}
}

static int leave_behind(struct env *env, const struct iter_call *call)
{
	struct reg *r0 = env_reg(env, 0);

	clear_saved(env);
	switch ((enum kfunc_ret)call->info->ret) {
	case KFUNC_RET_VOID:
		return 0;
	case KFUNC_RET_INTEGER:
		reg_mark_unknown(env, r0);
		r0->subreg_def = (s32)env->insn_idx + 1; /* an int */
		return 0;
	case KFUNC_RET_RDONLY_INT:
		reg_mark_ptr(r0, REG_MEM | REG_RDONLY | REG_MAYBE_NULL);
		r0->mem_size_bytes = sizeof(s32);
		r0->dynptr_id = 0;
		r0->ref_obj_id = call->ref_obj_id; /* lives as long as the iterator */
		r0->id = env_new_id(env);
		break;
	}
	return iter_next(env, env->insn_idx, call);
}

int call_kfunc(struct env *env, const struct insn *insn)
{
	const u32 iter = KF_ITER_NEW | KF_ITER_NEXT | KF_ITER_DESTROY;
	struct iter_call call = { .info = kfunc_info(insn->imm) };
	int err = 0;

	if (!insn->imm)
		return reject(env, -EINVAL,
			      "invalid kernel function call not eliminated in verifier pass");
	if (!call.info)
		return reject(env, -EOPNOTSUPP,
			      "kernel function #%d is not supported yet: it is typed by the BTF "
			      "of a kernel", insn->imm);
	if (!env->prog->gpl_compatible)
		return reject(env, -EINVAL,
			      "cannot call kernel function from non-GPL compatible program");
	if (env->cur->active_locks && !(call.info->props & iter))
		return reject(env, -EINVAL,
			      "function calls are not allowed while holding a lock");
	for (u32 n = 0; !err && n < KFUNC_ARGS; n++)
		err = check_arg(env, n + 1, (enum kfunc_arg)call.info->args[n], &call);
	if (!err)
		err = check_sections(env, call.info);
	return err ? err : leave_behind(env, &call);
}
