/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loops, as strongly connected components of the control flow under a chain of calls
 * (bpf_scc_visit of Linux 6.18). While the paths of an SCC are being explored, precision marks of
 * the states in it are not complete; a state found equal to one of them leaves a copy behind, a
 * backedge. When the state that entered the SCC has no path left, marks are carried over all
 * backedges until nothing changes.
 *
 * Invariant: a kept state that a backedge's chain of parents may go through is not given back to
 * the pool while that backedge exists (past_incomplete of it is true).
 */
#include <string.h>

#include "base/err.h"
#include "verify/past/past_int.h"

#define ROUNDS_MAX 64 /* MAX_BACKEDGE_ITERS */

/* The outermost frame of @st that stands in an SCC, and the calls that lead there. */
static bool chain_of(const struct env *env, const struct vstate *st, struct past_chain *ret_chain)
{
	memset(ret_chain, 0, sizeof(*ret_chain));
	for (u32 f = 0; f <= st->curframe; f++) {
		const u32 idx = past_frame_insn(st, f);

		ret_chain->scc = env->flow->info[idx].scc;
		if (ret_chain->scc)
			return true;
		if (f < st->curframe)
			ret_chain->callsites[f] = idx;
	}
	return false;
}

static struct past_visit *visit_find(struct env *env, const struct past_chain *chain)
{
	struct past_visit *v;

	for (v = env->past->visits[chain->scc]; v; v = v->next)
		if (!memcmp(&v->chain, chain, sizeof(*chain)))
			return v;
	return NULL;
}

static void log_chain(struct env *env, const char *what, const struct past_chain *chain)
{
	if (!past_log2(env) || chain->scc >= env->flow->scc_shown_cnt)
		return;
	vlog_add(&env->log, "%s (", what);
	for (u32 i = 0; i < ARRAY_SIZE(chain->callsites) && chain->callsites[i]; i++)
		vlog_add(&env->log, "%u,", chain->callsites[i]);
	vlog_add(&env->log, "%u)\n", chain->scc);
}

int past_enter_scc(struct env *env, struct past_entry *e)
{
	struct past_chain chain;
	struct past_visit *v;

	if (!chain_of(env, e->st, &chain))
		return 0;
	v = visit_find(env, &chain);
	if (!v) {
		v = env_alloc(env, sizeof(*v));
		if (!v)
			return -ENOMEM;
		v->chain = chain;
		v->next = env->past->visits[chain.scc];
		env->past->visits[chain.scc] = v;
	}
	e->visit = v;
	if (!v->entry_state) {
		v->entry_state = e->st;
		log_chain(env, "SCC enter", &chain);
	}
	return 0;
}

void past_update_peak(struct env *env)
{
	const struct past *past = env->past;
	const u32 now = past->kept_cnt + past->free_list_cnt + past->backedge_cnt;

	env->stats->peak_states = MAX(env->stats->peak_states, now);
}

void past_free_backedges(struct env *env, struct past_visit *visit)
{
	struct past_backedge *b, *next;

	for (b = visit->backedges; b; b = next) {
		next = b->next;
		state_free(env, b->st);
		pool_give(env, b, sizeof(*b));
	}
	visit->backedges = NULL;
	visit->backedge_cnt = 0;
}

/* States that could not be freed while backedges went through them. */
static void free_zombies(struct env *env)
{
	struct past_entry **link = &env->past->zombies, *e;

	while ((e = *link)) {
		if (past_incomplete(e)) {
			link = &e->next;
			continue;
		}
		*link = e->next;
		state_free(env, e->st);
		pool_give(env, e, sizeof(*e));
	}
}

static int propagate_backedges(struct env *env, struct past_visit *visit)
{
	struct past_backedge *b;
	bool changed = true;
	int err = 0;

	for (u32 round = 0; changed && !err; round++) {
		changed = false;
		if (round >= ROUNDS_MAX) {
			if (past_log2(env))
				vlog_add(&env->log, "%s: too many iterations\n", __func__);
			for (b = visit->backedges; b && !err; b = b->next)
				err = past_all_precise(env, b->st);
			break;
		}
		for (b = visit->backedges; b && !err; b = b->next)
			err = past_propagate_precision(env, b->st->equal_state, b->st, &changed);
	}
	past_free_backedges(env, visit);
	free_zombies(env);
	return err;
}

int past_exit_scc(struct env *env, struct past_entry *e)
{
	struct past_visit *v = e->visit;

	if (!v || v->entry_state != e->st)
		return 0;
	log_chain(env, "SCC exit", &v->chain);
	v->entry_state = NULL;
	env->past->backedge_cnt -= v->backedge_cnt;
	v->backedge_cnt = 0;
	past_update_peak(env);
	return propagate_backedges(env, v);
}

int past_add_backedge(struct env *env, struct past_entry *e, const struct vstate *cur, u32 insn_idx)
{
	struct past_backedge *b = pool_take(env, sizeof(*b), NULL);
	struct past_visit *v = e->visit;
	int err;

	if (!b)
		return -ENOMEM;
	b->st = state_new(env);
	if (!b->st)
		return -ENOMEM;
	err = state_copy(env, b->st, cur);
	if (err)
		return err;
	b->st->equal_state = e->st;
	b->st->insn_idx = insn_idx;
	if (!v)
		return env_bug(env, "add backedge: no SCC in verification path, insn_idx %u",
			       insn_idx);
	log_chain(env, "SCC backedge", &v->chain);
	b->next = v->backedges;
	v->backedges = b;
	if (v->chain.scc >= env->flow->scc_shown_cnt)
		return 0; /* of a callback: the kernel has none to count */
	v->backedge_cnt++;
	env->past->backedge_cnt++;
	past_update_peak(env);
	return 0;
}
