/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Iterations of open-coded iterators, may_goto and callbacks converge because scalars that changed
 * since the iteration before, and of which nobody asked the value, may be anything from now on
 * (widen_imprecise_scalars). If somebody asks later, the path fails or is walked more exactly:
 * sound either way.
 */
#include "base/err.h"
#include "verify/past/past_int.h"

static bool needs_widening(struct env *env, const struct reg *old, const struct reg *cur)
{
	return old->type == REG_SCALAR && cur->type == REG_SCALAR && !old->precise &&
	       !cur->precise && !past_regs_exact(env, old, cur);
}

static int widen_slots(struct env *env, const struct frame *old, struct frame *cur)
{
	const u32 cnt = MIN(old->stack_bytes, cur->stack_bytes) / STACK_SLOT_BYTES;

	for (u32 i = 0; i < cnt; i++) {
		const struct slot *o = stack_slot(old, i), *c = stack_slot(cur, i);
		struct slot *mut;

		if (!slot_is_spilled(o) || !slot_is_spilled(c) ||
		    !needs_widening(env, &o->spilled, &c->spilled))
			continue;
		mut = stack_slot_mut(env, cur, i);
		if (!mut)
			return -ENOMEM;
		reg_mark_unknown(env, &mut->spilled);
	}
	return 0;
}

int past_widen_imprecise(struct env *env, struct vstate *old, struct vstate *cur)
{
	int err = 0;

	idmap_reset(&env->idmap, env->id_gen);
	for (u32 f = old->curframe + 1; f-- > 0 && !err;) {
		for (u32 i = 0; i < INSN_REGS; i++)
			if (needs_widening(env, &old->frame[f]->regs[i], &cur->frame[f]->regs[i]))
				reg_mark_unknown(env, &cur->frame[f]->regs[i]);
		err = widen_slots(env, old->frame[f], cur->frame[f]);
	}
	return err;
}
