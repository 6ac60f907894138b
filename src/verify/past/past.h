/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was already proved: states kept at prune points, whether the current one is covered by one
 * of them, loops, widening; and the walk back along the history that marks scalars precise.
 *
 * What the walk of the paths (step/) owes this room, per instruction and in this order:
 *   - ++env->stats->insns_processed; ++env->jmps_processed where the class is JMP or JMP32;
 *   - env->cur->last_insn_idx = env->prev_insn_idx; env->cur->insn_idx = env->insn_idx;
 *   - at a prune point past_state_visited; at FLOW_JMP_POINT past_push_hist(env, cur, 0, 0);
 *   - the instruction, which pushes what its accesses and comparisons say; entries of one
 *     instruction are combined.
 * Where a path ends: live_stack_update, past_path_ended, state_pop_branch, live_stack_moved.
 */
#ifndef SKEP_VERIFY_PAST_PAST_H
#define SKEP_VERIFY_PAST_PAST_H

#include "verify/state/env.h"

int past_init(struct env *env) must_check;
void past_fini(struct env *env); /* a zeroed env too */
/* Forgets all kept states between two subprograms verified by themselves (free_states). */
void past_reset(struct env *env);

/*
 * At a prune point: 1 when the current state is covered by a kept one (the path ends well), 0 when
 * it is new (kept or not), -errno (is_state_visited): infinite loops are rejected here.
 */
int past_state_visited(struct env *env, u32 insn_idx) must_check;
/*
 * A path that began or went through @st ended: update_branch_counts, SCC bookkeeping. 0 or
 * -errno.
 */
int past_path_ended(struct env *env, struct vstate *st) must_check;
/*
 * The newest kept state at @insn_idx that the current path came through, with the same call sites:
 * the iteration before (find_prev_entry). NULL: none.
 */
struct vstate *past_prev_entry(struct env *env, const struct vstate *cur, u32 insn_idx);

/*
 * The history entry of the current instruction (push_jmp_history); @flags (enum hist_flag)
 * accumulate per instruction, @linked_regs (past_linked_pack, or 0) replaces.
 */
int past_push_hist(struct env *env, struct vstate *st, u32 flags, u64 linked_regs) must_check;
/* … with a stack slot: spill or fill through (frameno, spi). */
int past_push_hist_stack(struct env *env, struct vstate *st, u32 frameno, u32 spi) must_check;

/* The scalar in @regno decided something: it and what it came from become precise. */
int past_mark_precise(struct env *env, u32 regno) must_check; /* mark_chain_precision */
/* The same for a set of registers of the current frame, bit n for rn; others are ignored. */
int past_mark_precise_regs(struct env *env, u32 mask) must_check;

/* The scalar spilled in slot @spi of frame @frameno decided something. */
int past_mark_precise_slot(struct env *env, u32 frameno, u32 spi) must_check;

/* Registers and slots that carry one id when a branch refines it (struct linked_regs). */
#define LINKED_REGS_MAX 6
struct linked_regs {
	u32 cnt;
	struct linked_reg {
		u8 frameno;
		u8 spi; /* or the register's number */
		bool is_reg;
	} entries[LINKED_REGS_MAX];
};
u64 past_linked_pack(const struct linked_regs *regs);
void past_linked_unpack(u64 packed, struct linked_regs *ret_regs);

/* Imprecise scalars of @cur that differ from those of @old may be anything. */
int past_widen_imprecise(struct env *env, struct vstate *old, struct vstate *cur) must_check;

#endif
