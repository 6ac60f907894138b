/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * References: given back, they take every register with them that stands for the object or lives
 * by it; at the end of a program none may be left (release_reference, check_reference_leak,
 * check_resource_leak of kernel/bpf/verifier.c).
 */
#include "base/err.h"
#include "verify/call/call_int.h"

/* What it pointed to is gone; who may see pointers as numbers keeps the number. */
void ref_forget(struct env *env, struct reg *reg)
{
	if (env->allow_ptr_leaks)
		reg_mark_unknown(env, reg);
	else
		reg_mark_not_init(reg);
}

static void forget_by_ref(struct env *env, struct frame *frame, struct reg *reg, void *cookie)
{
	const u32 *id = cookie;

	(void)frame;
	if (reg->ref_obj_id == *id)
		ref_forget(env, reg);
}

int ref_release(struct env *env, u32 id)
{
	int err = refs_release(env->cur, id);

	if (!err)
		state_for_each_reg(env, env->cur, forget_by_ref, &id);
	return err;
}

void call_null_released(struct env *env, u32 ref_obj_id)
{
	if (refs_release(env->cur, ref_obj_id))
		(void)env_bug(env, "NULL stands for no reference %u", ref_obj_id);
}

static int check_refs(struct env *env)
{
	const struct vstate *st = env->cur;
	int err = 0;

	if (state_frame(st)->frameno)
		return 0;
	for (u32 i = 0; i < st->ref_cnt; i++)
		if (st->refs[i].kind == REF_PTR)
			err = reject(env, -EINVAL, "Unreleased reference id=%u alloc_insn=%u",
				     st->refs[i].id, st->refs[i].insn_idx);
	return err;
}

int call_check_leak(struct env *env, bool check_lock, const char *prefix)
{
	const struct vstate *st = env->cur;
	int err;

	if (check_lock && st->active_locks)
		return reject(env, -EINVAL, "%s cannot be used inside bpf_spin_lock-ed region",
			      prefix);
	err = check_refs(env);
	if (err)
		return reject(env, err, "%s would lead to reference leak", prefix);
	if (check_lock && st->active_irq_id)
		return reject(env, -EINVAL,
			      "%s cannot be used inside bpf_local_irq_save-ed region", prefix);
	if (check_lock && st->active_rcu_lock)
		return reject(env, -EINVAL,
			      "%s cannot be used inside bpf_rcu_read_lock-ed region", prefix);
	if (check_lock && st->active_preempt_locks)
		return reject(env, -EINVAL,
			      "%s cannot be used inside bpf_preempt_disable-ed region", prefix);
	return 0;
}
