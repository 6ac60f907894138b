/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scalars that are known to be equal, or to differ by a constant, carry one id: what a conditional
 * jump says of one holds of all (collect_linked_regs, sync_linked_regs of Linux 6.18).
 *
 * A scalar's `off` is its distance from the others where its id has REG_ADD_CONST64 (modulo 2^64)
 * or REG_ADD_CONST32 (modulo 2^32, upper half 0). Invariants:
 *  1. Whatever changes a value drops its id or records the distance.
 *  2. A distance in 32 bits is recorded only where the value fitted 32 bits before: then each
 *     follows from any other by a 32-bit addition. Between the two kinds nothing follows.
 *  3. id and off describe the register itself; it takes those of the one that it learns from only
 *     where both are equal (CVE-2026-45933).
 */
#include "verify/state/stack.h"
#include "verify/step/step_int.h"

/* The kernel's words, which its users know, though nothing is wrong with the verifier. */
void step_unbound(struct env *env, struct reg *reg, const char *what)
{
	const struct scalar *s = &reg->s;
	const struct tnum bits = s->var_off;
	const bool range = s->umin > s->umax || s->smin > s->smax || s->u32_min > s->u32_max ||
			   s->s32_min > s->s32_max;
	const bool whole = !range && scalar_is_const(s) &&
			   (s->umin != bits.value || s->umax != bits.value ||
			    s->smin != (s64)bits.value || s->smax != (s64)bits.value);

	vlog_add(&env->log, "verifier bug: REG INVARIANTS VIOLATION (%s): %s", what,
		 range ? "range bounds violation" :
		 whole ? "const tnum out of sync with range bounds" :
			 "const subreg tnum out of sync with range bounds");
	vlog_add(&env->log, " u64=[0x%llx, 0x%llx]", (unsigned long long)s->umin,
		 (unsigned long long)s->umax);
	vlog_add(&env->log, " s64=[0x%llx, 0x%llx]", (unsigned long long)s->smin,
		 (unsigned long long)s->smax);
	vlog_add(&env->log, " u32=[0x%x, 0x%x] s32=[0x%x, 0x%x]", s->u32_min, s->u32_max,
		 (u32)s->s32_min, (u32)s->s32_max);
	vlog_add(&env->log, " var_off=(0x%llx, 0x%llx)\n", (unsigned long long)bits.value,
		 (unsigned long long)bits.mask);
	reg->s = scalar_unknown();
	reg->s.var_off = bits;
}

void linked_before_mov(struct env *env, struct reg *src)
{
	if (src->type != REG_SCALAR)
		return;
	/* One distance is all that can be kept: the copy starts a group of its own. */
	if (src->id & REG_ADD_CONST)
		step_drop_id(src);
	if (!src->id && !scalar_is_const(&src->s))
		src->id = env_new_id(env);
}

static bool has_id(const struct reg *reg, u32 id)
{
	return reg->type == REG_SCALAR && (reg->id & ~REG_ADD_CONST) == id;
}

static bool put(struct linked_regs *set, u32 frameno, u32 index, bool is_reg)
{
	if (set->cnt == LINKED_REGS_MAX)
		return false;
	set->entries[set->cnt++] = (struct linked_reg){
		.frameno = (u8)frameno, .spi = (u8)index, .is_reg = is_reg,
	};
	return true;
}

/* Registers that nothing reads any more are left out. */
static u16 live_regs(const struct env *env, const struct vstate *st, u32 frameno)
{
	u32 idx = frameno == st->curframe ? env->insn_idx : st->frame[frameno + 1]->callsite;

	return env->flow->info[idx].live_regs;
}

static int collect_stack(struct env *env, struct frame *frame, u32 id, struct linked_regs *set)
{
	for (u32 spi = 0; spi < frame->stack_bytes / STACK_SLOT_BYTES; spi++) {
		const struct slot *slot = stack_slot(frame, spi);
		struct slot *mut;

		if (!slot_is_spilled(slot) || !has_id(&slot->spilled, id) ||
		    put(set, frame->frameno, spi, false))
			continue;
		mut = stack_slot_mut(env, frame, spi);
		if (!mut)
			return -ENOMEM;
		step_drop_id(&mut->spilled);
	}
	return 0;
}

int linked_collect(struct env *env, struct vstate *st, u32 id, struct linked_regs *set)
{
	int err = 0;

	id &= ~REG_ADD_CONST;
	for (u32 f = st->curframe + 1; !err && f--;) {
		struct frame *frame = st->frame[f];
		u16 live = live_regs(env, st, f);

		for (u32 r = 0; r < INSN_REG_FP; r++) {
			if ((live >> r & 1) && has_id(&frame->regs[r], id) && !put(set, f, r, true))
				step_drop_id(&frame->regs[r]);
		}
		err = collect_stack(env, frame, id, set);
	}
	return err;
}

/* reg = known + (reg's distance - known's), each from the same origin. */
static void learn(struct env *env, struct reg *reg, const struct reg *known)
{
	u32 kind = (reg->id | known->id) & REG_ADD_CONST;
	s64 reg_off = reg->id & REG_ADD_CONST ? reg->off : 0;
	s64 known_off = known->id & REG_ADD_CONST ? known->off : 0;
	struct scalar delta = scalar_const((u64)(reg_off - known_off));

	reg->s = known->s;
	reg->precise = known->precise;
	if (reg_off == known_off) { /* equal, whichever way that is said */
		reg->id = known->id;
		reg->off = known->off;
		return;
	}
	if (!step_bug(env, VERIFY_BUG_SYNC_OFFSET))
		scalar_alu64(SCALAR_ADD, &reg->s, &delta);
	if (kind & REG_ADD_CONST32)
		scalar_zext(&reg->s, sizeof(u32));
}

/* The distances are of different kinds: nothing follows. */
static bool mixed(const struct reg *a, const struct reg *b)
{
	return ((a->id | b->id) & REG_ADD_CONST) == REG_ADD_CONST;
}

int linked_sync(struct env *env, struct vstate *st, const struct reg *known,
		const struct linked_regs *set)
{
	const u32 id = known->id & ~REG_ADD_CONST;

	for (u32 i = 0; i < set->cnt; i++) {
		const struct linked_reg *r = &set->entries[i];
		struct frame *frame = st->frame[r->frameno];
		struct slot *slot;
		struct reg *reg;

		if (r->is_reg) {
			reg = &frame->regs[r->spi];
		} else {
			if (!has_id(&stack_slot(frame, r->spi)->spilled, id))
				continue;
			slot = stack_slot_mut(env, frame, r->spi);
			if (!slot)
				return -ENOMEM;
			reg = &slot->spilled;
		}
		if (reg != known && has_id(reg, id) && !mixed(reg, known))
			learn(env, reg, known);
	}
	return 0;
}

void linked_after_alu(struct env *env, const struct alu *alu, struct reg *dst, u64 umax_was,
		      const struct scalar *src)
{
	const bool known = alu->is32 ? scalar_is_const32(src) : scalar_is_const(src);
	const s64 val = alu->is32 ? (s32)(u32)src->var_off.value : (s64)src->var_off.value;

	if (!dst->id || !env->bpf_capable || !spectre_needed(alu->op) || !known ||
	    (alu->is_reg && alu->insn->src == alu->insn->dst) || (dst->id & REG_ADD_CONST) ||
	    val != (s32)val || (alu->op == SCALAR_SUB && val == INT32_MIN) ||
	    (alu->is32 && umax_was > UINT32_MAX)) {
		if (!step_bug(env, VERIFY_BUG_ALU_KEEPS_ID))
			step_drop_id(dst);
		return;
	}
	dst->id |= alu->is32 ? REG_ADD_CONST32 : REG_ADD_CONST64;
	dst->off = (s32)(alu->op == SCALAR_SUB ? -val : val);
}
