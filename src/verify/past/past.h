/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was already proved: states kept at prune points, whether the current one is covered by one
 * of them, loops, widening; and the walk back along the history that marks scalars precise.
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
 * The history entry of the current instruction (push_jmp_history); flags accumulate per
 * instruction.
 */
int past_push_hist(struct env *env, struct vstate *st, u32 flags, u64 linked_regs) must_check;
/* … with a stack slot: spill or fill through (frameno, spi). */
int past_push_hist_stack(struct env *env, struct vstate *st, u32 frameno, u32 spi) must_check;

/* The scalar in @regno decided something: it and what it came from become precise. */
int past_mark_precise(struct env *env, u32 regno) must_check; /* mark_chain_precision */
/* The same in the batch form: registers marked backtrack-wise by mask of the current frame. */
int past_mark_precise_batch(struct env *env, struct vstate *st) must_check;

/* Registers that carry the same id, packed for the history (collect_linked_regs). */
struct linked_regs;
int past_widen_imprecise(struct env *env, struct vstate *old, struct vstate *cur) must_check;

#endif
