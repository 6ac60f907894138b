/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is all that may happen from the current state on what may happen from a kept one (states_equal,
 * regsafe, stacksafe, refsafe of kernel/bpf/verifier.c)? Ids need not be the same numbers, but the
 * same partition: a bijection is built on the way.
 *
 * NOT_EXACT looks at the values of precise scalars only; RANGE_WITHIN at all, because precision is
 * not yet known in a loop that is still being explored, and wants the same kinds of bytes on the
 * stack; EXACT wants the very same state.
 */
#include <assert.h>
#include <string.h>

#include "verify/past/past_int.h"

/* Everything but ids: type, offset, what it points to, value (memcmp up to `id`). */
static bool same_but_ids(const struct reg *a, const struct reg *b)
{
	return a->type == b->type && a->off == b->off && a->raw[0] == b->raw[0] &&
	       a->raw[1] == b->raw[1] && scalar_equal(&a->s, &b->s);
}

bool past_regs_exact(struct env *env, const struct reg *old, const struct reg *cur)
{
	return same_but_ids(old, cur) && idmap_check(&env->idmap, old->id, cur->id) &&
	       idmap_check(&env->idmap, old->ref_obj_id, cur->ref_obj_id);
}

/*
 * The link is compared without the flag that says "plus a constant": the kernel compares it with
 * the flag, as if it were another id, and so does not notice when the base is another register's.
 */
static bool same_link(struct env *env, const struct reg *old, const struct reg *cur)
{
	/* Nothing rested on a link of the old one: what the current one is linked to only adds. */
	if (!old->id)
		return true;
	if ((old->id & REG_ADD_CONST) != (cur->id & REG_ADD_CONST))
		return false;
	if (old->id & REG_ADD_CONST && old->off != cur->off)
		return false;
	return idmap_check_scalar(&env->idmap, old->id & ~REG_ADD_CONST,
				  cur->id & ~REG_ADD_CONST);
}

static bool scalar_safe(struct env *env, const struct reg *old, const struct reg *cur,
			enum exact_level exact)
{
	if (env->explore_alu_limits)
		return same_but_ids(old, cur) && same_link(env, old, cur);
	if (!old->precise && exact == NOT_EXACT)
		return true;
	return scalar_includes(&old->s, &cur->s) && same_link(env, old, cur);
}

static bool packet_safe(struct env *env, const struct reg *old, const struct reg *cur)
{
	if (old->range < 0 || cur->range < 0 ? old->range != cur->range :
					       old->range > cur->range)
		return false;
	return old->off == cur->off && idmap_check(&env->idmap, old->id, cur->id) &&
	       scalar_includes(&old->s, &cur->s);
}

/* Pointers whose variable offset may be within the old one's. */
static bool object_safe(struct env *env, const struct reg *old, const struct reg *cur)
{
	return old->off == cur->off && old->raw[0] == cur->raw[0] &&
	       old->raw[1] == cur->raw[1] && scalar_includes(&old->s, &cur->s) &&
	       idmap_check(&env->idmap, old->id, cur->id) &&
	       idmap_check(&env->idmap, old->ref_obj_id, cur->ref_obj_id);
}

static bool reg_safe(struct env *env, const struct reg *old, const struct reg *cur,
		     enum exact_level exact)
{
	if (exact == EXACT)
		return past_regs_exact(env, old, cur);
	if (old->type == REG_NOT_INIT && (exact == NOT_EXACT || cur->type == REG_NOT_INIT))
		return true;
	if (old->type != cur->type)
		return false;
	switch ((u32)reg_base(old->type)) {
	case REG_SCALAR:
		return scalar_safe(env, old, cur, exact);
	case REG_MAP_KEY:
	case REG_MAP_VALUE:
	case REG_MEM:
	case REG_BUF:
	case REG_TP_BUFFER:
		return object_safe(env, old, cur);
	case REG_PACKET_META:
	case REG_PACKET:
		return packet_safe(env, old, cur);
	case REG_STACK:
		return past_regs_exact(env, old, cur) && old->frameno == cur->frameno;
	case REG_ARENA:
		return true;
	}
	return past_regs_exact(env, old, cur);
}

static bool is_all_misc(const struct env *env, const struct slot *slot)
{
	for (u32 i = 0; i < STACK_SLOT_BYTES; i++)
		if (slot->type[i] != SLOT_MISC &&
		    !(slot->type[i] == SLOT_INVALID && env->allow_uninit_stack))
			return false;
	return true;
}

/* What a load of the whole slot would give, if that is a scalar; NULL otherwise. */
static const struct reg *scalar_of_slot(const struct env *env, const struct slot *slot,
					const struct reg *unbound)
{
	if (slot->type[0] == SLOT_SPILL && slot->spilled.type == REG_SCALAR)
		return &slot->spilled;
	return is_all_misc(env, slot) ? unbound : NULL;
}

static bool special_safe(struct env *env, const struct slot *old, const struct slot *cur,
			 enum exact_level exact)
{
	const struct reg *o = &old->spilled, *c = &cur->spilled;

	switch ((enum slot_type)old->type[STACK_SLOT_BYTES - 1]) {
	case SLOT_SPILL:
		return reg_safe(env, o, c, exact);
	case SLOT_DYNPTR:
		return o->dynptr_type == c->dynptr_type &&
		       o->dynptr_first_slot == c->dynptr_first_slot &&
		       idmap_check(&env->idmap, o->ref_obj_id, c->ref_obj_id);
	case SLOT_ITER: /* the depth is left out: loops would never converge */
		return o->iter_state == c->iter_state &&
		       idmap_check(&env->idmap, o->ref_obj_id, c->ref_obj_id);
	case SLOT_IRQ_FLAG:
		return idmap_check(&env->idmap, o->ref_obj_id, c->ref_obj_id) &&
		       o->raw[0] == c->raw[0];
	case SLOT_MISC:
	case SLOT_ZERO:
	case SLOT_INVALID:
		return true;
	}
	return false;
}

/* The kinds of all bytes of a slot at once. */
static u64 slot_kinds(const struct slot *slot)
{
	u64 kinds;

	memcpy(&kinds, slot->type, sizeof(kinds));
	return kinds;
}

#define KIND_IN_ALL 0x0101010101010101ULL /* times an enum slot_type */

/* Bytes of these kinds in a kept state: nothing that was ever read rests on them. */
static u64 kinds_beside(const struct env *env)
{
	return env->allow_uninit_stack ? SLOT_MISC * KIND_IN_ALL : 0;
}

/* Where the kinds alone do not answer. */
static bool slot_safe_slow(struct env *env, const struct slot *old, const struct slot *cur,
			   enum exact_level exact)
{
	struct reg unbound;
	const struct reg *o, *c;

	for (u32 i = 0; i < STACK_SLOT_BYTES; i++) {
		const u8 type = old->type[i];

		if (type == SLOT_INVALID || (env->allow_uninit_stack && type == SLOT_MISC))
			continue;
		reg_mark_unknown_imprecise(memset(&unbound, 0, sizeof(unbound)));
		o = scalar_of_slot(env, old, &unbound);
		c = scalar_of_slot(env, cur, &unbound);
		if (o && c)
			return reg_safe(env, o, c, exact);
		if (type == SLOT_MISC && cur->type[i] == SLOT_ZERO)
			continue;
		if (type != cur->type[i])
			return false;
		if (i == STACK_SLOT_BYTES - 1)
			return special_safe(env, old, cur, exact);
	}
	return true;
}

/* One slot; @cur is NULL where the current stack is not as deep (not for NOT_EXACT). */
static bool slot_safe(struct env *env, const struct slot *old, const struct slot *cur,
		      enum exact_level exact)
{
	const u64 kinds = slot_kinds(old);

	if (exact != NOT_EXACT && (!cur || kinds != slot_kinds(cur)))
		return false;
	if (!(kinds & ~kinds_beside(env)))
		return true;
	assert(cur);
	if (kinds == SLOT_SPILL * KIND_IN_ALL && slot_kinds(cur) == kinds)
		return reg_safe(env, &old->spilled, &cur->spilled, exact);
	return slot_safe_slow(env, old, cur, exact);
}

/*
 * Of a kept state's frames only precision marks change, and all of it when it is cleaned: which
 * slots are never a difference is found out once.
 */
static void find_kept_slots(const struct env *env, struct past_entry *e)
{
	for (u32 f = 0; f <= e->st->curframe; f++) {
		struct frame *frame = e->st->frame[f];

		frame->kept_slots = 0;
		for (u32 i = 0; i < frame->stack_bytes / STACK_SLOT_BYTES; i++)
			if (slot_kinds(stack_slot(frame, i)) & ~kinds_beside(env))
				frame->kept_slots |= 1ULL << i;
	}
	e->slots_known = true;
}

static bool stack_safe(struct env *env, const struct frame *old, const struct frame *cur,
		       enum exact_level exact)
{
	const u32 old_cnt = old->stack_bytes / STACK_SLOT_BYTES;
	const u32 cur_cnt = cur->stack_bytes / STACK_SLOT_BYTES;

	if (exact == NOT_EXACT) {
		for (u64 mask = old->kept_slots; mask; mask &= mask - 1) {
			const u32 i = (u32)__builtin_ctzll(mask);

			if (i >= cur_cnt ||
			    !slot_safe(env, stack_slot(old, i), stack_slot(cur, i), exact))
				return false;
		}
		return true;
	}
	for (u32 i = 0; i < old_cnt; i++)
		if (!slot_safe(env, stack_slot(old, i), i < cur_cnt ? stack_slot(cur, i) : NULL,
			       exact))
			return false;
	return true;
}

static bool refs_safe(struct env *env, const struct vstate *old, const struct vstate *cur)
{
	struct idmap *map = &env->idmap;

	if (old->ref_cnt != cur->ref_cnt || old->active_locks != cur->active_locks ||
	    old->active_preempt_locks != cur->active_preempt_locks ||
	    old->active_rcu_lock != cur->active_rcu_lock ||
	    !idmap_check(map, old->active_irq_id, cur->active_irq_id) ||
	    !idmap_check(map, old->active_lock_id, cur->active_lock_id) ||
	    old->active_lock_ptr != cur->active_lock_ptr)
		return false;
	for (u32 i = 0; i < old->ref_cnt; i++) {
		const struct ref *o = &old->refs[i], *c = &cur->refs[i];

		if (o->kind != c->kind || !idmap_check(map, o->id, c->id))
			return false;
		if ((u32)o->kind & REF_LOCK_MASK && o->ptr != c->ptr)
			return false;
	}
	return true;
}

/* What reg_safe() says of most registers, NOT_EXACT: nobody asks for the value. */
static bool is_any(const struct reg *old, const struct reg *cur)
{
	return old->type == REG_NOT_INIT ||
	       (old->type == REG_SCALAR && cur->type == REG_SCALAR && !old->precise);
}

/* Frame @f of both; the register that tells them apart is left in the hint. */
static bool frame_safe(struct env *env, struct past_entry *e, const struct vstate *st, u32 f,
		       enum exact_level exact)
{
	const struct frame *old = e->st->frame[f], *cur = st->frame[f];
	const u32 live = env->flow->info[past_frame_insn(e->st, f)].live_regs;
	const bool quick = exact == NOT_EXACT && !env->explore_alu_limits;

	if (old->callback_depth > cur->callback_depth)
		return false;
	if (exact == NOT_EXACT && !e->slots_known)
		find_kept_slots(env, e);
	for (u32 mask = live & ((1u << INSN_REGS) - 1); mask; mask &= mask - 1) {
		const u32 i = (u32)__builtin_ctz(mask);

		if ((quick && is_any(&old->regs[i], &cur->regs[i])) ||
		    reg_safe(env, &old->regs[i], &cur->regs[i], exact))
			continue;
		e->hint = (struct past_hint){ .frame = (u8)f, .reg = (u8)i, .live = true };
		return false;
	}
	return stack_safe(env, old, cur, exact);
}

/* Ids apart, is the register of the hint reason enough? Most states are told apart by the same. */
static bool hint_differs(const struct env *env, const struct past_entry *e,
			 const struct vstate *st, enum exact_level exact)
{
	const struct reg *old, *cur;

	if (!e->hint.live)
		return false;
	assert(e->hint.frame <= st->curframe);
	old = &e->st->frame[e->hint.frame]->regs[e->hint.reg];
	cur = &st->frame[e->hint.frame]->regs[e->hint.reg];
	if (exact == EXACT)
		return !same_but_ids(old, cur);
	if (env->explore_alu_limits)
		return false;
	if (old->type == REG_NOT_INIT)
		return false;
	if (old->type != cur->type)
		return true;
	return old->type == REG_SCALAR && (old->precise || exact != NOT_EXACT) &&
	       !scalar_includes(&old->s, &cur->s);
}

bool past_states_equal(struct env *env, struct past_entry *e, const struct vstate *cur,
		       enum exact_level exact)
{
	const struct vstate *old = e->st;

	if (old->curframe != cur->curframe)
		return false;
	/* What may happen in speculation only proves nothing of what happens. */
	if (old->speculative && !cur->speculative)
		return false;
	if (old->in_sleepable != cur->in_sleepable)
		return false;
	if (hint_differs(env, e, cur, exact))
		return false;
	idmap_reset(&env->idmap, env->id_gen);
	if (!refs_safe(env, old, cur))
		return false;
	for (u32 f = 0; f <= old->curframe; f++)
		if (old->frame[f]->callsite != cur->frame[f]->callsite ||
		    !frame_safe(env, e, cur, f, exact))
			return false;
	return true;
}

/* Cheap: could they be exactly equal? Ids are compared as they are (states_maybe_looping). */
bool past_maybe_looping(const struct env *env, struct past_entry *e, const struct vstate *cur)
{
	const u32 f = cur->curframe;
	const struct frame *o, *c;

	if (e->st->curframe != f)
		return false;
	o = e->st->frame[f];
	c = cur->frame[f];
	if (e->hint.reg < INSN_REGS && e->hint.frame == f &&
	    !same_but_ids(&o->regs[e->hint.reg], &c->regs[e->hint.reg]))
		return false;
	for (u32 i = 0; i < INSN_REGS; i++) {
		if (same_but_ids(&o->regs[i], &c->regs[i]) && o->regs[i].id == c->regs[i].id &&
		    o->regs[i].ref_obj_id == c->regs[i].ref_obj_id)
			continue;
		e->hint = (struct past_hint){
			.frame = (u8)f,
			.reg = (u8)i,
			.live = env->flow->info[e->insn_idx].live_regs >> i & 1,
		};
		return false;
	}
	return true;
}

bool past_iter_depths_differ(const struct vstate *old, const struct vstate *cur)
{
	for (u32 f = 0; f <= old->curframe; f++) {
		const u32 cnt = MIN(old->frame[f]->stack_bytes, cur->frame[f]->stack_bytes) /
				STACK_SLOT_BYTES;

		for (u32 i = 0; i < cnt; i++) {
			const struct slot *o = stack_slot(old->frame[f], i);

			if (o->type[0] == SLOT_ITER &&
			    o->spilled.iter_state == ITER_STATE_ACTIVE &&
			    stack_slot(cur->frame[f], i)->spilled.iter_depth !=
				    o->spilled.iter_depth)
				return true;
		}
	}
	return false;
}
