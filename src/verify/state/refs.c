/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a path has acquired and must give back, in the order of acquisition (the order is what irq
 * flags are checked by).
 */
#include "verify/state/refs.h"

#include <string.h>

#include "base/err.h"
#include "verify/state/env.h"
#include "verify/state/pool.h"

static struct ref *push(struct env *env, struct vstate *st)
{
	void *refs = st->refs;
	int err = pool_grow(env, &refs, &st->ref_cap, st->ref_cnt + 1, sizeof(struct ref));

	if (err)
		return NULL;
	st->refs = refs;
	st->refs[st->ref_cnt] = (struct ref){ 0 };
	return &st->refs[st->ref_cnt++];
}

static void remove_at(struct vstate *st, u32 i)
{
	st->ref_cnt--;
	memmove(&st->refs[i], &st->refs[i + 1], (st->ref_cnt - i) * sizeof(struct ref));
}

int refs_acquire(struct env *env, u32 insn_idx)
{
	struct ref *ref = push(env, env->cur);

	if (!ref)
		return -ENOMEM;
	ref->kind = REF_PTR;
	ref->id = env_new_id(env);
	ref->insn_idx = insn_idx;
	return (int)ref->id;
}

int refs_acquire_irq(struct env *env, u32 insn_idx)
{
	struct ref *ref = push(env, env->cur);

	if (!ref)
		return -ENOMEM;
	ref->kind = REF_IRQ;
	ref->id = env_new_id(env);
	ref->insn_idx = insn_idx;
	env->cur->active_irq_id = ref->id;
	return (int)ref->id;
}

int refs_acquire_lock(struct env *env, u32 insn_idx, enum ref_kind kind, u32 id, const void *ptr)
{
	struct vstate *st = env->cur;
	struct ref *ref = push(env, st);

	if (!ref)
		return -ENOMEM;
	ref->kind = kind;
	ref->id = id;
	ref->ptr = ptr;
	ref->insn_idx = insn_idx;
	st->active_locks++;
	st->active_lock_id = id;
	st->active_lock_ptr = ptr;
	return 0;
}

int refs_release(struct vstate *st, u32 id)
{
	for (u32 i = 0; i < st->ref_cnt; i++) {
		if (st->refs[i].kind == REF_PTR && st->refs[i].id == id) {
			remove_at(st, i);
			return 0;
		}
	}
	return -EINVAL;
}

int refs_release_irq(struct vstate *st, u32 id)
{
	u32 prev_id = 0;

	for (u32 i = 0; i < st->ref_cnt; i++) {
		if (st->refs[i].kind != REF_IRQ)
			continue;
		if (st->refs[i].id == id) {
			remove_at(st, i);
			st->active_irq_id = prev_id;
			return 0;
		}
		prev_id = st->refs[i].id;
	}
	return -EINVAL;
}

int refs_release_lock(struct vstate *st, enum ref_kind kind, u32 id, const void *ptr)
{
	const void *prev_ptr = NULL;
	u32 prev_id = 0;

	for (u32 i = 0; i < st->ref_cnt; i++) {
		const struct ref *ref = &st->refs[i];

		if (ref->kind == kind && ref->id == id && ref->ptr == ptr) {
			remove_at(st, i);
			st->active_locks--;
			/* The one taken before it is the current lock again. */
			st->active_lock_id = prev_id;
			st->active_lock_ptr = prev_ptr;
			return 0;
		}
		if (ref->kind & REF_LOCK_MASK) {
			prev_id = ref->id;
			prev_ptr = ref->ptr;
		}
	}
	return -EINVAL;
}

const struct ref *refs_find(const struct vstate *st, u32 id)
{
	for (u32 i = 0; i < st->ref_cnt; i++)
		if (st->refs[i].kind == REF_PTR && st->refs[i].id == id)
			return &st->refs[i];
	return NULL;
}

const struct ref *refs_find_lock(const struct vstate *st, u32 kinds, u32 id, const void *ptr)
{
	for (u32 i = 0; i < st->ref_cnt; i++) {
		const struct ref *ref = &st->refs[i];

		if (ref->kind & kinds && ref->id == id && ref->ptr == ptr)
			return ref;
	}
	return NULL;
}

int refs_copy(struct env *env, struct vstate *dst, const struct vstate *src)
{
	void *refs = dst->refs;
	int err = pool_grow(env, &refs, &dst->ref_cap, src->ref_cnt, sizeof(struct ref));

	if (err)
		return err;
	dst->refs = refs;
	dst->ref_cnt = src->ref_cnt;
	if (src->ref_cnt)
		memcpy(dst->refs, src->refs, src->ref_cnt * sizeof(struct ref));
	dst->active_locks = src->active_locks;
	dst->active_preempt_locks = src->active_preempt_locks;
	dst->active_rcu_lock = src->active_rcu_lock;
	dst->active_irq_id = src->active_irq_id;
	dst->active_lock_id = src->active_lock_id;
	dst->active_lock_ptr = src->active_lock_ptr;
	return 0;
}
