/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kept states, and the question at each prune point: is the current state covered by one of them,
 * or does the path go round in circles, or is it worth keeping (is_state_visited of
 * kernel/bpf/verifier.c)? The heuristics are the kernel's to the number, so that the counts of
 * states and instructions in logs agree.
 *
 * Invariants: 1. a kept state with branches > 0 is on the path of the current state or of a
 * pending one; when branches becomes 0 all that may happen from it was found safe. 2. A state with
 * branches > 0 is never freed, nor one that past_incomplete holds.
 */
#include <assert.h>

#include "base/err.h"
#include "verify/past/past_int.h"
#include "verify/state/print.h"

#define STATES_UNPRIV_MAX 64 /* BPF_COMPLEXITY_LIMIT_STATES */
#define HIST_LONG	  40

static struct past_entry **bucket(struct env *env, const struct vstate *cur, u32 insn_idx)
{
	return &env->past->buckets[(insn_idx ^ state_frame(cur)->callsite) % env->insn_cnt];
}

int past_init(struct env *env)
{
	struct past *past = env_alloc(env, sizeof(*past));

	if (!past)
		return -ENOMEM;
	past->buckets = env_alloc(env, env->insn_cnt * sizeof(struct past_entry *));
	past->visits = env_alloc(env, env->flow->scc_cnt * sizeof(struct past_visit *));
	if (!past->buckets || !past->visits)
		return -ENOMEM;
	env->past = past;
	past_backtrack_init(env);
	return 0;
}

/* All memory is the arena's. */
void past_fini(struct env *env)
{
	env->past = NULL;
}

static void entry_free(struct env *env, struct past_entry *e)
{
	state_free(env, e->st);
	pool_give(env, e, sizeof(*e));
}

static void list_free(struct env *env, struct past_entry **list)
{
	struct past_entry *e;

	while ((e = *list)) {
		*list = e->next;
		entry_free(env, e);
	}
}

void past_reset(struct env *env)
{
	struct past *past = env->past;
	struct past_visit *v;

	assert(past);
	for (u32 s = 0; s < env->flow->scc_cnt; s++) {
		for (v = past->visits[s]; v; v = v->next)
			past_free_backedges(env, v);
		past->visits[s] = NULL;
	}
	for (u32 i = 0; i < env->insn_cnt; i++)
		list_free(env, &past->buckets[i]);
	list_free(env, &past->zombies);
}

/*
 * An evicted state whose paths have ended (maybe_free_verifier_state). What a backedge may need is
 * counted on, as in the kernel, which frees it at the very end; here it goes with the backedges.
 */
static void maybe_free(struct env *env, struct past_entry *e)
{
	if (!e->in_free_list || e->st->branches)
		return;
	if (past_incomplete(e)) {
		e->next = env->past->zombies;
		env->past->zombies = e;
		return;
	}
	env->past->free_list_cnt--;
	entry_free(env, e);
}

int past_path_ended(struct env *env, struct vstate *st)
{
	struct past_entry *kept = NULL, *parent_kept;
	struct vstate *parent;
	int err;

	while (st) {
		if (!st->branches)
			return env_bug(env, "update_branch_counts:branches_to_explore=-1");
		if (--st->branches)
			break;
		err = st->kept ? past_exit_scc(env, st->kept) : 0;
		if (err)
			return err;
		parent = st->parent;
		parent_kept = parent ? parent->kept : NULL;
		if (kept)
			maybe_free(env, kept);
		st = parent;
		kept = parent_kept;
	}
	return 0;
}

static bool same_callsites(const struct vstate *a, const struct vstate *b)
{
	if (a->curframe != b->curframe)
		return false;
	for (u32 f = 0; f <= a->curframe; f++)
		if (a->frame[f]->callsite != b->frame[f]->callsite)
			return false;
	return true;
}

struct vstate *past_prev_entry(struct env *env, const struct vstate *cur, u32 insn_idx)
{
	struct past_entry *e;

	for (e = *bucket(env, cur, insn_idx); e; e = e->next)
		if (e->st->insn_idx == insn_idx && e->st->branches &&
		    same_callsites(e->st, cur) && e->st->dfs_depth < cur->dfs_depth)
			return e->st;
	return NULL;
}

static int clean_kept(struct env *env, const struct vstate *cur, u32 insn_idx)
{
	struct past_entry *e;
	int err = 0;

	for (e = *bucket(env, cur, insn_idx); e && !err; e = e->next) {
		if (e->insn_idx == insn_idx && !e->cleaned && !e->st->branches &&
		    !past_incomplete(e) && same_callsites(e->st, cur))
			err = past_clean(env, e->st);
	}
	return err;
}

/* One question at one prune point. */
struct visit {
	struct env *env;
	struct vstate *cur;
	u32 insn_idx;
	bool force_new, add_new;
	u64 insns, jmps; /* since a state was kept last */
};

enum look { LOOK_MISS, LOOK_HIT, LOOK_HIT_LOOP }; /* or -errno */

/* r1 of iter_next points to the iterator. */
static bool iter_is_active(const struct vstate *cur)
{
	const struct reg *r1 = &state_frame(cur)->regs[1];
	const s64 off = r1->off + (s64)r1->s.var_off.value;
	const struct frame *frame;

	/* An equal state went on behind the call. */
	assert(r1->type == REG_STACK && off < 0);
	frame = state_frame_of(cur, r1);
	assert(-off <= (s64)frame->stack_bytes);
	return stack_slot(frame, stack_spi((s32)off))->spilled.iter_state == ITER_STATE_ACTIVE;
}

static int reject_infinite(struct env *env, const struct vstate *old, const struct vstate *cur)
{
	int err;

	print_linfo(env, env->insn_idx, "; ");
	err = reject(env, -EINVAL, "infinite loop detected at insn %u", env->insn_idx);
	if (!vlog_on(&env->log))
		return err;
	vlog_add(&env->log, "cur state:");
	print_state(env, cur, cur->curframe, true);
	vlog_add(&env->log, "old state:");
	print_state(env, old, cur->curframe, true);
	return err;
}

/*
 * The kept state is on the current path: a loop. Points where convergence is looked for compare
 * ranges; elsewhere an equal state means that the program runs for ever.
 */
static int look_at_unfinished(struct visit *v, struct past_entry *e)
{
	struct env *env = v->env;
	const struct vstate *old = e->st;
	const struct frame *f = state_frame(old);
	const struct vstate *cur = v->cur;

	if (f->in_async_callback_fn &&
	    f->async_entry_cnt != state_frame(cur)->async_entry_cnt)
		return LOOK_MISS; /* another run of the callback */
	if (flow_has(env->flow, v->insn_idx, FLOW_ITER_NEXT))
		return past_states_equal(env, e, cur, RANGE_WITHIN) && iter_is_active(cur) ?
			       LOOK_HIT_LOOP :
			       LOOK_MISS;
	if (flow_has(env->flow, v->insn_idx, FLOW_MAY_GOTO) &&
	    old->may_goto_depth != cur->may_goto_depth &&
	    past_states_equal(env, e, cur, RANGE_WITHIN))
		return LOOK_HIT_LOOP;
	if (flow_has(env->flow, v->insn_idx, FLOW_CALLS_CALLBACK))
		return past_states_equal(env, e, cur, RANGE_WITHIN) ? LOOK_HIT_LOOP : LOOK_MISS;
	if (past_maybe_looping(env, e, cur) && past_states_equal(env, e, cur, EXACT) &&
	    !past_iter_depths_differ(old, cur) && old->may_goto_depth == cur->may_goto_depth &&
	    old->callback_unroll_depth == cur->callback_unroll_depth)
		return reject_infinite(env, old, cur);
	return LOOK_MISS;
}

static int look_at(struct visit *v, struct past_entry *e)
{
	struct env *env = v->env;
	bool incomplete;
	int look;

	if (e->st->branches) {
		look = look_at_unfinished(v, e);
		/* In a loop states are kept rarely: those of single rounds help nobody. */
		if (look == LOOK_MISS && !v->force_new && v->jmps < 20 && v->insns < 100)
			v->add_new = false;
		return look;
	}
	incomplete = past_incomplete(e);
	if (!past_states_equal(env, e, v->cur, incomplete ? RANGE_WITHIN : NOT_EXACT))
		return LOOK_MISS;
	return incomplete ? LOOK_HIT_LOOP : LOOK_HIT;
}

static int take_hit(struct visit *v, struct past_entry *e, bool loop)
{
	struct env *env = v->env;
	int err = 0;

	e->hit_cnt++;
	if (flow_has(env->flow, env->insn_idx, FLOW_JMP_POINT))
		err = past_push_hist(env, v->cur, 0, 0);
	if (!err)
		err = past_propagate_precision(env, e->st, v->cur, NULL);
	if (!err && loop)
		err = past_add_backedge(env, e, v->cur, v->insn_idx);
	return err ? err : 1;
}

/* Misses too often? Then it leaves its bucket: @link goes on to the next one. True when it did. */
static bool evict(struct visit *v, struct past_entry **link)
{
	struct env *env = v->env;
	struct past_entry *e = *link;
	u32 n = 3;

	if (v->add_new)
		e->miss_cnt++;
	if (flow_has(env->flow, v->insn_idx, FLOW_FORCE_CHECKPOINT) && e->st->branches)
		n = 64;
	if (e->miss_cnt <= e->hit_cnt * n + n)
		return false;
	*link = e->next;
	e->in_free_list = true;
	env->past->free_list_cnt++;
	env->past->kept_cnt--;
	maybe_free(env, e);
	return true;
}

static int keep(struct visit *v)
{
	struct env *env = v->env;
	struct past *past = env->past;
	struct past_entry *e = pool_take(env, sizeof(*e), NULL), **head;
	int err;

	if (!e)
		return -ENOMEM;
	*e = (struct past_entry){ .st = state_new(env),
				   .insn_idx = v->insn_idx,
				   .hint.reg = INSN_REGS };
	if (!e->st)
		return -ENOMEM;
	env->stats->total_states++;
	past->kept_cnt++;
	past_update_peak(env);
	past->prev_jmps_processed = env->jmps_processed;
	past->prev_insns_processed = env->stats->insns_processed;
	/* Precision that was inherited: whoever needs it asks again from here on. */
	err = env->bpf_capable ? past_all_imprecise(env, v->cur) : 0;
	if (!err)
		err = state_copy(env, e->st, v->cur);
	if (err)
		return err;
	e->st->kept = e;
	e->st->insn_idx = v->insn_idx;
	err = past_enter_scc(env, e);
	if (err)
		return err;
	v->cur->parent = e->st;
	v->cur->first_insn_idx = v->insn_idx;
	v->cur->dfs_depth = e->st->dfs_depth + 1;
	state_clear_hist(v->cur);
	head = bucket(env, v->cur, v->insn_idx);
	e->next = *head;
	*head = e;
	return 0;
}

/* All kept states of the bucket in turn. 1: covered; 0: not; *ret_cnt: how many there were. */
static int look_at_all(struct visit *v, u32 *ret_cnt)
{
	struct past_entry **link = bucket(v->env, v->cur, v->insn_idx), *e;
	int look;

	while ((e = *link)) {
		++*ret_cnt;
		if (e->insn_idx != v->insn_idx) {
			link = &e->next;
			continue;
		}
		look = look_at(v, e);
		if (look < 0)
			return look;
		if (look != LOOK_MISS)
			return take_hit(v, e, look == LOOK_HIT_LOOP);
		if (!evict(v, link))
			link = &e->next;
	}
	return 0;
}

int past_state_visited(struct env *env, u32 insn_idx)
{
	struct past *past = env->past;
	struct visit v = {
		.env = env,
		.cur = env->cur,
		.insn_idx = insn_idx,
		.insns = env->stats->insns_processed - past->prev_insns_processed,
		.jmps = env->jmps_processed - past->prev_jmps_processed,
	};
	u32 states_cnt = 0;
	int ret;

	v.force_new = env->test_state_freq ||
		      flow_has(env->flow, insn_idx, FLOW_FORCE_CHECKPOINT) ||
		      env->cur->hist_cnt > HIST_LONG;
	v.add_new = v.force_new || (v.jmps >= 2 && v.insns >= 8);
	ret = clean_kept(env, env->cur, insn_idx);
	if (!ret)
		ret = look_at_all(&v, &states_cnt);
	if (ret)
		return ret;
	env->stats->max_states_per_insn = MAX(env->stats->max_states_per_insn, states_cnt);
	if (!env->bpf_capable && states_cnt > STATES_UNPRIV_MAX)
		return 0;
	return v.add_new ? keep(&v) : 0;
}
