/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share. */
#ifndef SKEP_VERIFY_PAST_PAST_INT_H
#define SKEP_VERIFY_PAST_PAST_INT_H

#include "verify/flow/flow.h"
#include "verify/past/past.h"
#include "verify/state/pool.h"
#include "verify/state/stack.h"

/* A kept state in its bucket (struct bpf_verifier_state_list). */
struct past_entry {
	struct past_entry *next;
	struct vstate *st;
	struct past_visit *visit; /* the SCC that it is in; NULL: none */
	u32 insn_idx;		  /* st->insn_idx */
	u32 miss_cnt, hit_cnt;
	bool in_free_list; /* evicted, waits for its paths to end */
	bool slots_known;  /* kept_slots of its frames are filled in */
	bool cleaned;	   /* st->cleaned */
	/* The register that told it from a state the last time: the first to look at. */
	struct past_hint {
		u8 frame, reg; /* reg INSN_REGS: none yet */
		bool live;     /* it is one that comparing looks at */
	} hint;
};

/* A copy of a state that was found equal to one whose loop is not yet explored. */
struct past_backedge {
	struct past_backedge *next;
	struct vstate *st; /* st->equal_state: what it is equal to */
};

/* How an SCC was entered: the call sites of outer frames, 0 behind them. */
struct past_chain {
	u32 callsites[LIMIT_FRAMES - 1];
	u32 scc;
};

/* An SCC under one chain of calls (struct bpf_scc_visit). */
struct past_visit {
	struct past_visit *next; /* of the SCC */
	struct past_chain chain;
	struct vstate *entry_state; /* the first kept state in it; NULL: not being explored */
	struct past_backedge *backedges;
	u32 backedge_cnt;
};

/* Registers and slots whose precision is asked for while walking back (backtrack_state). */
struct backtrack {
	u32 frame;
	u32 regs[LIMIT_FRAMES];
	u64 slots[LIMIT_FRAMES];
};

struct past {
	struct past_entry **buckets;  /* insn_cnt */
	struct past_visit **visits;   /* by SCC: flow->scc_cnt */
	struct past_entry *zombies;   /* freed, but a backedge's chain may go through them */
	struct backtrack bt;
	u32 kept_cnt, free_list_cnt, backedge_cnt;
	u32 prev_jmps_processed;
	u64 prev_insns_processed;
	/* The history entry of the instruction now stepped over, if it has one. */
	u64 hist_insn;
	const struct vstate *hist_state;
};

enum exact_level { NOT_EXACT, EXACT, RANGE_WITHIN };

/* equal.c */
/* The very same but for a renaming of ids, which env->idmap takes (regs_exact). */
bool past_regs_exact(struct env *env, const struct reg *old, const struct reg *cur);
bool past_states_equal(struct env *env, struct past_entry *e, const struct vstate *cur,
		       enum exact_level exact);
bool past_maybe_looping(const struct env *env, struct past_entry *e, const struct vstate *cur);
bool past_iter_depths_differ(const struct vstate *old, const struct vstate *cur);

/* clean.c: forgets what no path from @st on reads (clean_verifier_state). 0 or -ENOMEM. */
int past_clean(struct env *env, struct vstate *st) must_check;

/* loop.c */
int past_enter_scc(struct env *env, struct past_entry *e) must_check;
int past_exit_scc(struct env *env, struct past_entry *e) must_check;
int past_add_backedge(struct env *env, struct past_entry *e, const struct vstate *cur,
		      u32 insn_idx) must_check;
void past_update_peak(struct env *env);
void past_free_backedges(struct env *env, struct past_visit *visit);

/* precise.c: @changed may be NULL. */
int past_chain_precision(struct env *env, struct vstate *start, bool *changed) must_check;
int past_propagate_precision(struct env *env, const struct vstate *old, struct vstate *cur,
			     bool *changed) must_check;
int past_all_precise(struct env *env, struct vstate *st) must_check;
int past_all_imprecise(struct env *env, struct vstate *st) must_check;

/* backtrack.c: one instruction back. -ENOTSUPP: give up, everything is to be precise. */
int past_backtrack_insn(struct env *env, s32 idx, s32 subseq_idx, const struct hist_entry *hist)
	must_check;
/* Fills flow->info[].back_regs, by which the walk back passes over most instructions. */
#define PAST_BACK_LOOK (1u << 15)
void past_backtrack_init(struct env *env);
/* Something that is asked for may be changed by the instruction, or it looks for itself. */
static inline bool past_bt_concerns(const struct env *env, u32 idx)
{
	const struct backtrack *bt = &env->past->bt;

	return env->flow->info[idx].back_regs & (bt->regs[bt->frame] | PAST_BACK_LOOK);
}
static inline bool past_bt_empty(const struct backtrack *bt)
{
	/* From the innermost frame on: it is the one that is asked about most. */
	for (u32 f = bt->frame + 1; f-- > 0;)
		if (bt->regs[f] | bt->slots[f])
			return false;
	return true;
}
/* "r1,r2" and "-8,-16" into @buf. */
#define PAST_MASK_TEXT_BYTES 320
const char *past_regs_text(u32 mask, char buf[PAST_MASK_TEXT_BYTES]);
const char *past_slots_text(u64 mask, char buf[PAST_MASK_TEXT_BYTES]);

/* Where frame @frame of @st stands (frame_insn_idx). */
static inline u32 past_frame_insn(const struct vstate *st, u32 frame)
{
	return frame == st->curframe ? st->insn_idx : st->frame[frame + 1]->callsite;
}

/* Precision marks of @e may still grow: it is in an SCC that has backedges. */
static inline bool past_incomplete(const struct past_entry *e)
{
	return e->visit && e->visit->backedges;
}

static inline bool past_log2(const struct env *env)
{
	return env->log.level & VLOG_2;
}

#endif
