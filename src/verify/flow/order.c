/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Graphs over instructions: successors, an order for backward analyses, and loops. Mirrors
 * bpf_insn_successors, compute_postorder and compute_scc of Linux 6.18; the numbers of SCCs are
 * the kernel's, because its log shows them.
 *
 * A subprogram may end early, where a tail call succeeds or LD_ABS reads outside the packet: such
 * an instruction has the exit as a second successor, so that what comes after it is not taken for
 * granted (must-write sets of the live stack would be too large otherwise).
 */
#include <assert.h>

#include "verify/flow/flow_int.h"

static bool may_end(const struct flow *flow, u32 idx, u8 family)
{
	const struct helper_info *info;

	if (family == ISA_FAMILY_LDABS || family == ISA_FAMILY_LDIND)
		return true;
	if (flow->info[idx].op != ISA_CALL_HELPER)
		return false;
	info = helper_info((u32)flow->insns[idx].imm);
	return info && info->props & HP_TAIL_CALL;
}

u32 flow_successors_slow(const struct flow *flow, u32 idx, u32 succ[2])
{
	const enum isa_op op = (enum isa_op)flow->info[idx].op;
	const struct isa_info *info = isa_info(op);
	s64 target;
	u32 n = 0;

	if (info->family == ISA_FAMILY_EXIT)
		return 0;
	if (info->family != ISA_FAMILY_JA) {
		succ[n++] = idx + flow_words(flow, idx);
		assert(succ[0] < flow->insn_cnt); /* flow_subprogs() saw how functions end */
	}
	if (info->off == ISA_OFF_JUMP || info->imm == ISA_IMM_JUMP) {
		const bool jumps = isa_target(&flow->insns[idx], op, idx, &target);

		assert(jumps);
		(void)jumps;
		if (!n || succ[0] != (u32)target)
			succ[n++] = (u32)target;
	} else if (may_end(flow, idx, info->family)) {
		const u32 exit_idx = flow->subprogs[flow->info[idx].subprog].exit_idx;

		if (exit_idx != succ[0] && flow_family(flow, exit_idx) == ISA_FAMILY_EXIT)
			succ[n++] = exit_idx;
	}
	return n;
}

int flow_preds(struct flow *flow)
{
	u32 succ[2], succ_cnt, total = 0, *first, *list;

	if (flow->pred_list)
		return 0;
	first = arena_alloc_array(flow->arena, (size_t)flow->insn_cnt + 2, sizeof(*first));
	list = arena_alloc_array(flow->arena, 2 * (size_t)flow->insn_cnt, sizeof(*list));
	if (!first || !list)
		return -ENOMEM;
	for (u32 i = 0; i < flow->insn_cnt; i++) {
		succ_cnt = flow_successors(flow, i, succ);
		total += succ_cnt;
		for (u32 s = 0; s < succ_cnt; s++)
			first[succ[s] + 1]++;
	}
	for (u32 i = 0; i < flow->insn_cnt; i++)
		first[i + 1] += first[i];
	/* Filled from the back: first[i + 1] walks down to where the list of i starts. */
	for (u32 i = 0; i < flow->insn_cnt; i++) {
		succ_cnt = flow_successors(flow, i, succ);
		for (u32 s = 0; s < succ_cnt; s++)
			list[--first[succ[s] + 1]] = i;
	}
	for (u32 i = 0; i < flow->insn_cnt; i++)
		first[i] = first[i + 1];
	first[flow->insn_cnt] = total;
	flow->pred_first = first;
	flow->pred_list = list;
	return 0;
}

enum visit { VISIT_DISCOVERED = 1, VISIT_EXPLORED = 2 };

/* Both successors are pushed at once: the kernel's order, in which its log counts iterations. */
static void order_subprog(struct flow *flow, u32 start, u8 *state, u32 *stack)
{
	u32 depth = 1, succ[2], succ_cnt;

	stack[0] = start;
	while (depth) {
		const u32 top = stack[depth - 1];

		state[top] |= VISIT_DISCOVERED;
		if (state[top] & VISIT_EXPLORED) {
			flow->postorder[flow->postorder_cnt++] = top;
			depth--;
			continue;
		}
		succ_cnt = flow_successors(flow, top, succ);
		for (u32 s = 0; s < succ_cnt; s++) {
			if (state[succ[s]])
				continue;
			stack[depth++] = succ[s];
			state[succ[s]] |= VISIT_DISCOVERED;
		}
		state[top] |= VISIT_EXPLORED;
	}
}

int flow_order(struct flow *flow)
{
	u8 *state = mem_zalloc(flow->insn_cnt);
	u32 *stack = mem_alloc((size_t)flow->insn_cnt * sizeof(*stack));
	int err = 0;

	flow->postorder = arena_alloc_array(flow->arena, flow->insn_cnt, sizeof(*flow->postorder));
	if (state && stack && flow->postorder) {
		for (u32 s = 0; s < flow->subprog_cnt; s++) {
			flow->subprogs[s].postorder_start = flow->postorder_cnt;
			order_subprog(flow, flow->subprogs[s].start, state, stack);
		}
		flow->subprogs[flow->subprog_cnt].postorder_start = flow->postorder_cnt;
	} else {
		err = -ENOMEM;
	}
	mem_free(state);
	mem_free(stack);
	return err;
}

/* Tarjan's algorithm with an explicit stack. */
struct tarjan {
	struct flow *flow;
	u32 *pre;   /* preorder number, 0: not visited */
	u32 *low;   /* smallest preorder number reachable; UINT32_MAX: component is complete */
	u32 *stack; /* visited, component not yet known */
	u32 *dfs;
	u32 stack_cnt, dfs_cnt, next_pre;
};

/* Goes to the first unvisited successor: true. Otherwise low[w] is complete: false. */
static bool tarjan_descend(struct tarjan *t, u32 w, const u32 *succ, u32 succ_cnt)
{
	for (u32 j = 0; j < succ_cnt; j++) {
		if (!t->pre[succ[j]]) {
			t->dfs[t->dfs_cnt++] = succ[j];
			return true;
		}
		t->low[w] = MIN(t->low[w], t->low[succ[j]]);
	}
	return false;
}

/* @w is the first of its component; one instruction alone is a loop if it jumps to itself. */
static void tarjan_take(struct tarjan *t, u32 w, const u32 *succ, u32 succ_cnt)
{
	bool loop = t->stack[t->stack_cnt - 1] != w;
	u32 v;

	for (u32 j = 0; j < succ_cnt; j++)
		loop |= succ[j] == w;
	do {
		v = t->stack[--t->stack_cnt];
		t->low[v] = UINT32_MAX;
		if (loop)
			t->flow->info[v].scc = t->flow->scc_cnt;
	} while (v != w);
	t->flow->scc_cnt += loop;
}

static void tarjan_run(struct tarjan *t, u32 root)
{
	u32 succ[2], succ_cnt, w;

	t->stack_cnt = 0;
	t->dfs[0] = root;
	t->dfs_cnt = 1;
	while (t->dfs_cnt) {
		w = t->dfs[t->dfs_cnt - 1];
		if (!t->pre[w]) {
			t->low[w] = t->pre[w] = t->next_pre++;
			t->stack[t->stack_cnt++] = w;
		}
		succ_cnt = flow_successors(t->flow, w, succ);
		if (tarjan_descend(t, w, succ, succ_cnt))
			continue;
		if (t->low[w] >= t->pre[w])
			tarjan_take(t, w, succ, succ_cnt);
		t->dfs_cnt--;
	}
}

int flow_scc(struct flow *flow)
{
	const size_t cnt = flow->insn_cnt;
	u32 *all = mem_zalloc_array(cnt, 4 * sizeof(*all));
	struct tarjan t = { .flow = flow, .next_pre = 1 };

	if (!all)
		return -ENOMEM;
	t.pre = all;
	t.low = all + cnt;
	t.stack = all + 2 * cnt;
	t.dfs = all + 3 * cnt;
	flow->scc_cnt = 1;
	for (u32 i = 0; i < flow->insn_cnt; i++)
		if (!t.pre[i])
			tarjan_run(&t, i);
	mem_free(all);
	/*
	 * A call whose callback may run again is a loop as well, though it is but one instruction
	 * (6.18.44 forgets it, later kernels do not). Numbered last: the others are the kernel's.
	 */
	flow->scc_shown_cnt = flow->scc_cnt;
	for (u32 i = 0; i < flow->insn_cnt; i++)
		if (!flow->info[i].scc && flow_has(flow, i, FLOW_CALLS_CALLBACK))
			flow->info[i].scc = flow->scc_cnt++;
	return 0;
}

int flow_analyze(struct flow *flow)
{
	int err = flow_order(flow);

	if (!err)
		err = flow_scc(flow);
	if (!err)
		err = flow_live_regs(flow);
	if (!err)
		flow_fastcall(flow);
	return err;
}
