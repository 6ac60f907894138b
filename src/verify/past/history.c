/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The history of a state: jumps, and what the way back must know of single instructions
 * (push_jmp_history), and registers linked by an id, packed into 64 bits.
 *
 * An instruction has one entry at most: what it says later is added to it. "The same instruction"
 * is told by the number of processed ones, so that nobody has to reset anything.
 */
#include "base/err.h"
#include "verify/past/past_int.h"

static struct hist_entry *entry_of_insn(struct env *env, struct vstate *st)
{
	struct past *past = env->past;

	if (past->hist_state != st || past->hist_insn != env->stats->insns_processed ||
	    !st->hist_cnt || st->hist[st->hist_cnt - 1].insn_idx != env->insn_idx)
		return NULL;
	return &st->hist[st->hist_cnt - 1];
}

static struct hist_entry *entry_get(struct env *env, struct vstate *st)
{
	struct hist_entry *e = entry_of_insn(env, st);
	void *hist = st->hist;

	if (e)
		return e;
	if (pool_grow(env, &hist, &st->hist_cap, st->hist_cnt + 1, sizeof(*e)))
		return NULL;
	st->hist = hist;
	e = &st->hist[st->hist_cnt++];
	*e = (struct hist_entry){ .insn_idx = env->insn_idx, .prev_idx = env->prev_insn_idx };
	env->past->hist_state = st;
	env->past->hist_insn = env->stats->insns_processed;
	return e;
}

int past_push_hist(struct env *env, struct vstate *st, u32 flags, u64 linked_regs)
{
	struct hist_entry *e = entry_get(env, st);

	if (!e)
		return -ENOMEM;
	e->flags |= (u8)flags;
	e->linked_regs = linked_regs;
	return 0;
}

int past_push_hist_stack(struct env *env, struct vstate *st, u32 frameno, u32 spi)
{
	struct hist_entry *e = entry_get(env, st);

	if (!e)
		return -ENOMEM;
	if (e->flags & HIST_STACK_ACCESS && (e->spi != spi || e->frameno != frameno))
		return env_bug(env, "insn history: insn_idx %u has two stack slots",
			       env->insn_idx);
	e->flags |= HIST_STACK_ACCESS;
	e->spi = (u8)spi;
	e->frameno = (u8)frameno;
	return 0;
}

#define LINKED_CNT_BITS	  4
#define LINKED_ENTRY_BITS 10 /* frame 3, slot or register 6, is_reg 1 */

u64 past_linked_pack(const struct linked_regs *regs)
{
	u64 packed = 0;

	for (u32 i = regs->cnt; i-- > 0;) {
		const struct linked_reg *e = &regs->entries[i];

		packed = packed << LINKED_ENTRY_BITS | (u64)e->frameno << 7 | (u64)e->spi << 1 |
			 e->is_reg;
	}
	return packed << LINKED_CNT_BITS | regs->cnt;
}

void past_linked_unpack(u64 packed, struct linked_regs *ret_regs)
{
	ret_regs->cnt = packed & ((1u << LINKED_CNT_BITS) - 1);
	packed >>= LINKED_CNT_BITS;
	for (u32 i = 0; i < ret_regs->cnt; i++, packed >>= LINKED_ENTRY_BITS)
		ret_regs->entries[i] = (struct linked_reg){
			.frameno = packed >> 7 & 7,
			.spi = packed >> 1 & 63,
			.is_reg = packed & 1,
		};
}
