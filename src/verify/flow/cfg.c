/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walk over all instructions that finds what is never reached, back-edges where loops are not
 * allowed, and the points at which states are worth keeping. Mirrors check_cfg of
 * kernel/bpf/verifier.c.
 *
 * Iterative depth first: an instruction on the stack is looked at again each time what lies above
 * it is done, so its edges are taken one by one; its mark says how far it got. Every instruction
 * is pushed once and has at most two edges, so the walk is linear.
 *
 * What a callee does (sleep, move packet data) is known when the edge to it is taken the second
 * time, after the callee was explored: then it is merged into the caller.
 */
#include <assert.h>

#include "verify/flow/flow_int.h"

enum mark {
	MARK_NEW,
	MARK_DISCOVERED = 0x10,
	MARK_FALL = 0x11,   /* discovered, first edge taken */
	MARK_BRANCH = 0x12, /* second edge taken, too */
	MARK_EXPLORED = 0x20,
};

struct walk {
	struct flow *flow;
	u8 *marks; /* enum mark */
	u32 *stack;
	u32 depth;
};

enum next { NEXT_DONE, NEXT_DEEPER }; /* or -errno */

static void set_flag(struct walk *w, s64 idx, enum flow_flag flag)
{
	assert(idx >= 0 && idx < w->flow->insn_cnt);
	w->flow->info[idx].flags |= (u8)flag;
}

static int back_edge(struct walk *w, u32 from, u32 to)
{
	const struct flow_sink *sink = &w->flow->opts.sink;

	if (w->flow->opts.bpf_capable)
		return NEXT_DONE;
	if (sink->print_line) {
		sink->print_line(sink->cookie, from);
		sink->print_line(sink->cookie, to);
	}
	return flow_reject(w->flow, -EINVAL, from, "back-edge from insn %u to %u", from, to);
}

/* The edge @from → @to, the first (MARK_FALL) or second (MARK_BRANCH) of @from (push_insn). */
static int take_edge(struct walk *w, u32 from, s64 to, enum mark edge)
{
	if (w->marks[from] >= edge)
		return NEXT_DONE;
	assert(to >= 0 && to < w->flow->insn_cnt); /* flow_subprogs() saw that none leaves */
	if (edge == MARK_BRANCH) {
		set_flag(w, to, FLOW_PRUNE_POINT);
		set_flag(w, to, FLOW_JMP_POINT);
	}
	if (w->marks[to] == MARK_EXPLORED) {
		w->marks[from] = (u8)edge;
		return NEXT_DONE;
	}
	if (w->marks[to] != MARK_NEW)
		return back_edge(w, from, (u32)to);
	w->marks[from] = (u8)edge;
	w->marks[to] = MARK_DISCOVERED;
	w->stack[w->depth++] = (u32)to;
	return NEXT_DEEPER;
}

static void merge_callee(struct walk *w, u32 idx, s64 callee)
{
	struct facts *facts = w->flow->facts;
	const struct subprog_facts *from = &facts->subprogs[w->flow->info[callee].subprog];
	struct subprog_facts *into = &facts->subprogs[w->flow->info[idx].subprog];

	into->changes_pkt_data |= from->changes_pkt_data;
	into->might_sleep |= from->might_sleep;
}

/* An instruction that goes on behind itself, and into a function (visit_func_call_insn). */
static int visit_call(struct walk *w, u32 idx, bool into_callee)
{
	const u32 behind = idx + flow_words(w->flow, idx);
	int next = take_edge(w, idx, behind, MARK_FALL);

	if (next)
		return next;
	set_flag(w, behind, FLOW_PRUNE_POINT);
	set_flag(w, behind, FLOW_JMP_POINT);
	if (!into_callee)
		return NEXT_DONE;
	set_flag(w, idx, FLOW_PRUNE_POINT);
	merge_callee(w, idx, flow_callee(w->flow, idx));
	return take_edge(w, idx, flow_callee(w->flow, idx), MARK_BRANCH);
}

/* Marks that a call of a helper or kfunc leaves, once per instruction. */
static void note_call(struct walk *w, u32 idx)
{
	struct flow *flow = w->flow;
	struct subprog_facts *s = &flow->facts->subprogs[flow->info[idx].subprog];
	struct flow_call call;
	const bool allowed = flow_call(flow, &flow->insns[idx], &call);
	const bool helper = flow->info[idx].op == ISA_CALL_HELPER;

	if (call.calls_async)
		set_flag(w, idx, FLOW_PRUNE_POINT);
	if (call.calls_sync) {
		set_flag(w, idx, FLOW_CALLS_CALLBACK);
		set_flag(w, idx, FLOW_FORCE_CHECKPOINT);
		set_flag(w, idx, FLOW_PRUNE_POINT);
		set_flag(w, idx, FLOW_JMP_POINT);
	}
	if (allowed && call.iter_next) {
		set_flag(w, idx, FLOW_ITER_NEXT);
		set_flag(w, idx, FLOW_PRUNE_POINT);
		set_flag(w, idx, FLOW_FORCE_CHECKPOINT);
		flow->facts->insns[idx].is_iter_next = true;
	}
	s->might_sleep |= allowed && call.might_sleep;
	s->changes_pkt_data |= (allowed || helper) && call.changes_pkt;
	flow->facts->callbacks |= call.calls_sync || call.calls_async;
}

static int visit_ja(struct walk *w, u32 idx)
{
	s64 target = idx;
	bool jumps = isa_target(&w->flow->insns[idx], (enum isa_op)w->flow->info[idx].op, idx,
				&target);
	int next;

	assert(jumps);
	(void)jumps;
	next = take_edge(w, idx, target, MARK_FALL);
	if (next)
		return next;
	set_flag(w, target, FLOW_PRUNE_POINT);
	set_flag(w, target, FLOW_JMP_POINT);
	return NEXT_DONE;
}

static int visit_cond(struct walk *w, u32 idx)
{
	int next;

	set_flag(w, idx, FLOW_PRUNE_POINT);
	if (w->flow->info[idx].op == ISA_MAY_GOTO) {
		set_flag(w, idx, FLOW_FORCE_CHECKPOINT);
		set_flag(w, idx, FLOW_MAY_GOTO);
		w->flow->facts->may_goto = true;
	}
	next = take_edge(w, idx, (s64)idx + 1, MARK_FALL);
	if (next)
		return next;
	return take_edge(w, idx, (s64)idx + 1 + w->flow->insns[idx].off, MARK_BRANCH);
}

static int visit(struct walk *w, u32 idx)
{
	const u8 op = w->flow->info[idx].op;
	const u8 family = flow_family(w->flow, idx);

	if (op == ISA_LDDW_FUNC)
		return visit_call(w, idx, true);
	if (family == ISA_FAMILY_EXIT)
		return NEXT_DONE;
	if (family == ISA_FAMILY_CALL) {
		if (w->marks[idx] == MARK_DISCOVERED && op != ISA_CALL_SUBPROG)
			note_call(w, idx);
		return visit_call(w, idx, op == ISA_CALL_SUBPROG);
	}
	if (family == ISA_FAMILY_JA)
		return visit_ja(w, idx);
	if (family == ISA_FAMILY_JMP || family == ISA_FAMILY_MAY_GOTO)
		return visit_cond(w, idx);
	return take_edge(w, idx, (s64)idx + flow_words(w->flow, idx), MARK_FALL);
}

static int walk_all(struct walk *w)
{
	int next;

	w->marks[0] = MARK_DISCOVERED;
	w->stack[0] = 0;
	w->depth = 1;
	while (w->depth) {
		const u32 idx = w->stack[w->depth - 1];

		next = visit(w, idx);
		if (next < 0)
			return next;
		if (next == NEXT_DEEPER)
			continue;
		w->marks[idx] = MARK_EXPLORED;
		w->depth--;
	}
	return 0;
}

static int check_all_reached(const struct walk *w)
{
	const struct flow *flow = w->flow;

	for (u32 i = 0; i < flow->insn_cnt; i++) {
		if (w->marks[i] != MARK_EXPLORED)
			return flow_reject(flow, -EINVAL, i, "unreachable insn %u", i);
		if (flow_words(flow, i) == 1)
			continue;
		if (w->marks[i + 1] != MARK_NEW)
			return flow_reject(flow, -EINVAL, i,
					   "jump into the middle of ldimm64 insn %u", i);
		i++;
	}
	return 0;
}

/* What check_subprogs notes of each function, reached or not. */
static void fill_facts(struct flow *flow)
{
	struct facts *facts = flow->facts;
	const struct helper_info *info;

	for (u32 s = 0; s < flow->subprog_cnt; s++) {
		facts->subprogs[s].start = flow->subprogs[s].start;
		facts->subprogs[s].end = flow->subprogs[s + 1].start;
	}
	for (u32 i = 0; i < flow->insn_cnt; i++) {
		struct subprog_facts *s = &facts->subprogs[flow->info[i].subprog];
		const u8 family = flow_family(flow, i);

		if (family == ISA_FAMILY_LDABS || family == ISA_FAMILY_LDIND)
			s->has_ld_abs = facts->ld_abs = true;
		if (flow->info[i].op != ISA_CALL_HELPER)
			continue;
		info = helper_info((u32)flow->insns[i].imm);
		if (info && info->props & HP_TAIL_CALL)
			s->has_tail_call = s->tail_call_reachable = facts->tail_calls = true;
	}
}

int flow_cfg(struct flow *flow, struct facts *facts)
{
	struct walk w = { .flow = flow };
	int err;

	flow->facts = facts;
	fill_facts(flow);
	w.marks = mem_zalloc(flow->insn_cnt);
	w.stack = mem_alloc((size_t)flow->insn_cnt * sizeof(*w.stack));
	err = w.marks && w.stack ? 0 : -ENOMEM;
	if (!err)
		err = walk_all(&w);
	if (!err)
		err = check_all_reached(&w);
	mem_free(w.marks);
	mem_free(w.stack);
	return err;
}
