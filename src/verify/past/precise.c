/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Precision: where the value of a scalar decided something, it and what it was computed from are
 * marked in the kept states that the path came through, so that pruning compares their values
 * there and forgets the others (mark_chain_precision of kernel/bpf/verifier.c).
 *
 * The walk goes back instruction by instruction: within a state along its history, then on in its
 * parent. The current state itself is never marked: only kept states are compared.
 */
#include <string.h>

#include "base/err.h"
#include "verify/past/past_int.h"
#include "verify/state/print.h"

#define NO_ENTRY INT32_MIN

static void bt_reset(struct backtrack *bt)
{
	memset(bt, 0, sizeof(*bt));
}

/* The instruction before @i on the path of @st; NO_ENTRY at its beginning (get_prev_insn_idx). */
static s32 prev_insn(const struct vstate *st, s32 i, u32 *hist_cnt)
{
	const u32 cnt = *hist_cnt;

	if ((u32)i == st->first_insn_idx) {
		if (!cnt || (cnt == 1 && st->hist[0].insn_idx == (u32)i))
			return NO_ENTRY;
	}
	if (cnt && st->hist[cnt - 1].insn_idx == (u32)i) {
		--*hist_cnt;
		return (s32)st->hist[cnt - 1].prev_idx;
	}
	return i - 1;
}

static const struct hist_entry *hist_at(const struct vstate *st, u32 hist_cnt, s32 i)
{
	if (hist_cnt && st->hist[hist_cnt - 1].insn_idx == (u32)i)
		return &st->hist[hist_cnt - 1];
	return NULL;
}

/* Marks or unmarks every scalar of one frame; a shared stack is copied only if that changes it. */
static int mark_frame(struct env *env, struct frame *frame, bool precise, bool *changed)
{
	for (u32 i = 0; i < INSN_REG_FP; i++) {
		struct reg *reg = &frame->regs[i];

		if (reg->type != REG_SCALAR || reg->precise == precise)
			continue;
		reg->precise = precise;
		*changed = true;
	}
	for (u32 i = 0; i < frame->stack_bytes / STACK_SLOT_BYTES; i++) {
		const struct slot *slot = stack_slot(frame, i);
		struct slot *mut;

		if (!slot_is_spilled_scalar(slot) || slot->spilled.precise == precise)
			continue;
		mut = stack_slot_mut(env, frame, i);
		if (!mut)
			return -ENOMEM;
		mut->spilled.precise = precise;
		*changed = true;
	}
	return 0;
}

/* Precision could not be followed: everything in the kept states of the path is precise. */
int past_all_precise(struct env *env, struct vstate *st)
{
	bool changed = false;
	int err = 0;

	if (past_log2(env))
		vlog_add(&env->log,
			 "mark_precise: frame%u: falling back to forcing all scalars precise\n",
			 st->curframe);
	for (st = st->parent; st && !err; st = st->parent)
		for (u32 f = 0; f <= st->curframe && !err; f++)
			err = mark_frame(env, st->frame[f], true, &changed);
	return err;
}

int past_all_imprecise(struct env *env, struct vstate *st)
{
	bool changed = false;
	int err = 0;

	for (u32 f = 0; f <= st->curframe && !err; f++)
		err = mark_frame(env, st->frame[f], false, &changed);
	return err;
}

/* What is asked for at the beginning of @st's path and was unmarked there becomes marked. */
static int mark_regs(struct vstate *st, u32 f, struct backtrack *bt, bool *changed)
{
	for (u32 mask = bt->regs[f]; mask; mask &= mask - 1) {
		const u32 i = (u32)__builtin_ctz(mask);
		struct reg *reg = &st->frame[f]->regs[i];

		if (reg->type != REG_SCALAR || reg->precise) {
			bt->regs[f] &= ~(1u << i);
			continue;
		}
		reg->precise = true;
		*changed = true;
	}
	return 0;
}

static int mark_slots(struct env *env, struct vstate *st, u32 f, bool *changed)
{
	struct backtrack *bt = &env->past->bt;
	struct frame *frame = st->frame[f];
	struct slot *mut;

	for (u64 mask = bt->slots[f]; mask; mask &= mask - 1) {
		const u32 i = (u32)__builtin_ctzll(mask);
		const struct slot *slot;

		if (i >= frame->stack_bytes / STACK_SLOT_BYTES)
			return env_bug(env, "stack slot %u, total slots %u", i,
				       frame->stack_bytes / STACK_SLOT_BYTES);
		slot = stack_slot(frame, i);
		if (!slot_is_spilled_scalar(slot) || slot->spilled.precise) {
			bt->slots[f] &= ~(1ULL << i);
			continue;
		}
		mut = stack_slot_mut(env, frame, i);
		if (!mut)
			return -ENOMEM;
		mut->spilled.precise = true;
		*changed = true;
	}
	return 0;
}

static void log_parent(struct env *env, const struct vstate *st, u32 f)
{
	const struct backtrack *bt = &env->past->bt;
	char regs[PAST_MASK_TEXT_BYTES], slots[PAST_MASK_TEXT_BYTES];

	vlog_add(&env->log, "mark_precise: frame%u: parent state regs=%s stack=%s: ", f,
		 past_regs_text(bt->regs[f], regs), past_slots_text(bt->slots[f], slots));
	print_state(env, st, f, true);
}

static int mark_state(struct env *env, struct vstate *st, bool *changed)
{
	struct backtrack *bt = &env->past->bt;
	int err;

	for (u32 f = bt->frame + 1; f-- > 0;) {
		err = mark_regs(st, f, bt, changed);
		if (!err)
			err = mark_slots(env, st, f, changed);
		if (err)
			return err;
		if (past_log2(env))
			log_parent(env, st, f);
	}
	return 0;
}

/* The entry of a function verified by itself: only its arguments may be asked for. */
static int at_entry(struct env *env, struct vstate *st, bool *changed)
{
	struct backtrack *bt = &env->past->bt;
	const struct frame *f = st->frame[0];

	if (st->curframe || !f->subprogno || f->callsite != UINT32_MAX || bt->slots[0] ||
	    bt->regs[0] & ~0x3eu)
		return env_bug(env,
			       "backtracking func entry subprog %u reg_mask %x stack_mask %llx",
			       f->subprogno, bt->regs[bt->frame],
			       (unsigned long long)bt->slots[bt->frame]);
	for (u32 i = 1; i <= HELPER_ARGS; i++) {
		struct reg *reg = &st->frame[0]->regs[i];

		if (!(bt->regs[0] & 1u << i) || reg->type != REG_SCALAR)
			continue;
		reg->precise = true;
		*changed = true;
	}
	bt->regs[0] = 0;
	return 0;
}

/* Where the walk is: from last_idx of @st back to first_idx. */
struct walk {
	struct vstate *st;
	s32 first_idx, last_idx, subseq_idx;
	bool skip_first;
};

/*
 * Back from @i over instructions about other registers. Between two entries of the history the
 * path is a straight line, and an entry is to be looked at.
 */
static s32 pass_over(const struct env *env, struct walk *w, s32 i, u32 hist_cnt)
{
	const struct backtrack *bt = &env->past->bt;
	const struct flow_insn *info = env->flow->info;
	const u32 asked = bt->regs[bt->frame] | PAST_BACK_LOOK;
	s32 stop = (s32)w->st->first_insn_idx;

	if (hist_cnt)
		stop = MAX(stop, (s32)w->st->hist[hist_cnt - 1].insn_idx);
	while (i > stop && !(info[i].back_regs & asked)) {
		w->subseq_idx = i;
		i--;
	}
	return i;
}

/* 1: done; 0: go on in the parent; -ENOTSUPP: give up; other -errno. */
static int walk_state(struct env *env, struct walk *w)
{
	const bool quick = !past_log2(env);
	u32 hist_cnt = w->st->hist_cnt;
	s32 i = w->last_idx;
	int err;

	if (w->skip_first && past_bt_empty(&env->past->bt))
		return 1;
	for (;;) {
		const struct hist_entry *hist;

		if (!w->skip_first && quick)
			i = pass_over(env, w, i, hist_cnt);
		hist = hist_at(w->st, hist_cnt, i);
		if (!w->skip_first && (!quick || past_bt_concerns(env, (u32)i) ||
				       (hist && hist->linked_regs))) {
			err = past_backtrack_insn(env, i, w->subseq_idx, hist);
			if (err)
				return err;
			if (past_bt_empty(&env->past->bt))
				return 1;
		}
		w->skip_first = false;
		w->subseq_idx = i;
		i = prev_insn(w->st, i, &hist_cnt);
		if (i == NO_ENTRY)
			return 0;
		if (i < 0 || (u32)i >= env->insn_cnt)
			return env_bug(env, "backtracking idx %d", i);
	}
}

static int walk_back(struct env *env, struct walk *w, bool *changed)
{
	int err;

	for (;;) {
		if (past_log2(env))
			vlog_add(&env->log,
				 "mark_precise: frame%u: last_idx %d first_idx %d "
				 "subseq_idx %d \n",
				 env->past->bt.frame, w->last_idx, w->first_idx, w->subseq_idx);
		if (w->last_idx < 0)
			return at_entry(env, w->st, changed);
		err = walk_state(env, w);
		if (err)
			return MIN(err, 0);
		w->st = w->st->parent;
		if (!w->st)
			return -ENOTSUPP; /* something was missed: all of the path, then */
		err = mark_state(env, w->st, changed);
		if (err || past_bt_empty(&env->past->bt))
			return err;
		w->subseq_idx = w->first_idx;
		w->last_idx = (s32)w->st->last_insn_idx;
		w->first_idx = (s32)w->st->first_insn_idx;
	}
}

/* The masks of env->past->bt are set (__mark_chain_precision). */
int past_chain_precision(struct env *env, struct vstate *start, bool *changed)
{
	struct backtrack *bt = &env->past->bt;
	struct walk w = {
		.st = start,
		.first_idx = (s32)start->first_insn_idx,
		.last_idx = (s32)start->insn_idx,
		.subseq_idx = -1,
		.skip_first = true,
	};
	bool ignored = false;
	int err;

	bt->frame = start->curframe;
	if (!env->bpf_capable || past_bt_empty(bt)) {
		bt_reset(bt);
		return 0;
	}
	err = walk_back(env, &w, changed ? changed : &ignored);
	if (err == -ENOTSUPP)
		err = past_all_precise(env, start);
	bt_reset(bt);
	return err;
}

int past_mark_precise_regs(struct env *env, u32 mask)
{
	struct backtrack *bt = &env->past->bt;
	const u32 frame = env->cur->curframe;

	for (u32 i = 0; i < INSN_REG_FP; i++)
		if (mask & 1u << i && env_reg(env, i)->type == REG_SCALAR)
			bt->regs[frame] |= 1u << i;
	return past_chain_precision(env, env->cur, NULL);
}

int past_mark_precise(struct env *env, u32 regno)
{
	if (!env->bpf_capable)
		return 0;
	if (env_reg(env, regno)->type != REG_SCALAR)
		return env_bug(env, "backtracking misuse");
	return past_mark_precise_regs(env, 1u << regno);
}

int past_mark_precise_slot(struct env *env, u32 frameno, u32 spi)
{
	env->past->bt.slots[frameno] |= 1ULL << spi;
	return past_chain_precision(env, env->cur, NULL);
}

/* What is precise in @old, which covers @cur, must be precise on the way to @cur, too. */
int past_propagate_precision(struct env *env, const struct vstate *old, struct vstate *cur,
			     bool *changed)
{
	struct backtrack *bt = &env->past->bt;

	for (u32 f = old->curframe + 1; f-- > 0;) {
		const struct frame *frame = old->frame[f];
		const u32 slots = frame->stack_bytes / STACK_SLOT_BYTES;
		const char *sep = "";

		for (u32 i = 0; i < INSN_REG_FP; i++) {
			if (frame->regs[i].type != REG_SCALAR || !frame->regs[i].precise)
				continue;
			bt->regs[f] |= 1u << i;
			if (!past_log2(env))
				continue;
			if (!*sep)
				vlog_add(&env->log, "frame %u: propagating r%u", f, i);
			else
				vlog_add(&env->log, ",r%u", i);
			sep = ",";
		}
		for (u32 i = 0; i < slots; i++) {
			const struct slot *slot = stack_slot(frame, i);

			if (!slot_is_spilled_scalar(slot) || !slot->spilled.precise)
				continue;
			bt->slots[f] |= 1ULL << i;
			if (!past_log2(env))
				continue;
			if (!*sep)
				vlog_add(&env->log, "frame %u: propagating ", f);
			vlog_add(&env->log, "%sfp%d", sep, -(s32)(i + 1) * STACK_SLOT_BYTES);
			sep = ",";
		}
		if (*sep)
			vlog_add(&env->log, "\n");
	}
	return past_chain_precision(env, cur, changed);
}
