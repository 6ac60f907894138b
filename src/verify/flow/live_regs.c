/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which registers may be read before they are written, from each instruction on
 * (compute_live_registers). Pruning forgets the others.
 *
 * The usual backward equations: in = (out & ~def) | use, out = union of the successors' in. One
 * pass in postorder is enough without loops; with loops a list of instructions whose result
 * may have changed is followed, so that time stays linear: an instruction enters it at most once
 * for each of eleven registers of each successor.
 */
#include "verify/flow/flow_int.h"

#define CALLER_SAVED 0x3fu /* r0..r5 */

struct use_def {
	u16 use, def;
};

static struct use_def call_use_def(const struct flow *flow, u32 idx)
{
	struct use_def ud = { .use = CALLER_SAVED & ~1u, .def = CALLER_SAVED };
	struct flow_call call;

	if (flow_call(flow, &flow->insns[idx], &call))
		ud.use = (u16)(((1u << call.arg_cnt) - 1) << 1);
	return ud;
}

/* compute_insn_live_regs; what the table does not say is said here. */
static struct use_def use_def_of(const struct flow *flow, u32 idx)
{
	const enum isa_op op = (enum isa_op)flow->info[idx].op;
	const u8 family = isa_info(op)->family;
	const struct use_def all = { .use = UINT16_MAX };

	if (family == ISA_FAMILY_CALL)
		return call_use_def(flow, idx);
	if (family == ISA_FAMILY_LDABS || family == ISA_FAMILY_LDIND ||
	    family == ISA_FAMILY_INVALID)
		return all; /* may end the program, as if everything were read */
	return (struct use_def){ .use = isa_regs_read(&flow->insns[idx], op),
				 .def = isa_regs_written(&flow->insns[idx], op) };
}

/* Backward over one instruction; true when what lives before it grew. */
static bool update(struct flow *flow, const struct use_def *ud, u32 idx)
{
	struct flow_insn *info = &flow->info[idx];
	u32 succ[2], succ_cnt = flow_successors(flow, idx, succ);
	u16 in = 0;

	for (u32 s = 0; s < succ_cnt; s++)
		in |= flow->info[succ[s]].live_regs;
	in = (u16)((in & ~ud[idx].def) | ud[idx].use);
	if (in == info->live_regs)
		return false;
	info->live_regs = in;
	return true;
}

struct worklist {
	u32 *queue; /* a ring of insn_cnt places: nothing is in it twice */
	u8 *queued;
	u32 head, cnt;
};

static void worklist_add(struct worklist *w, u32 idx, u32 cap)
{
	if (w->queued[idx])
		return;
	w->queued[idx] = 1;
	w->queue[(w->head + w->cnt++) % cap] = idx;
}

static void solve_loops(struct flow *flow, const struct use_def *ud, struct worklist *w)
{
	const u32 cap = flow->insn_cnt;
	u32 idx;

	/* Everything was computed once in postorder: only loops may have seen old values. */
	for (u32 i = 0; i < flow->postorder_cnt; i++)
		if (flow->info[flow->postorder[i]].scc)
			worklist_add(w, flow->postorder[i], cap);
	while (w->cnt) {
		idx = w->queue[w->head];
		w->head = (w->head + 1) % cap;
		w->cnt--;
		w->queued[idx] = 0;
		if (!update(flow, ud, idx))
			continue;
		for (u32 k = flow->pred_first[idx]; k < flow->pred_first[idx + 1]; k++)
			worklist_add(w, flow->pred_list[k], cap);
	}
}

static int loops(struct flow *flow, const struct use_def *ud)
{
	const size_t cnt = flow->insn_cnt;
	struct worklist w = {
		.queue = mem_alloc(cnt * sizeof(*w.queue)),
		.queued = mem_zalloc(cnt),
	};
	int err = w.queue && w.queued ? flow_preds(flow) : -ENOMEM;

	if (!err)
		solve_loops(flow, ud, &w);
	mem_free(w.queue);
	mem_free(w.queued);
	return err;
}

static void print(const struct flow *flow)
{
	const struct flow_sink *sink = &flow->opts.sink;

	vlog_add(sink->log, "Live regs before insn:\n");
	for (u32 i = 0; i < flow->insn_cnt; i += flow_words(flow, i)) {
		char regs[INSN_REG_FP + 1] = "..........";

		for (u32 r = 0; r < INSN_REG_FP; r++)
			if (flow->info[i].live_regs & 1u << r)
				regs[r] = (char)('0' + r);
		if (flow->info[i].scc && flow->info[i].scc < flow->scc_shown_cnt)
			vlog_add(sink->log, "%3u ", flow->info[i].scc);
		else
			vlog_add(sink->log, "    ");
		vlog_add(sink->log, "%3u: %s ", i, regs);
		if (sink->print_insn)
			sink->print_insn(sink->cookie, i);
	}
}

int flow_live_regs(struct flow *flow)
{
	struct use_def *ud = mem_alloc((size_t)flow->insn_cnt * sizeof(*ud));
	bool same = true;
	int err = 0;

	if (!ud)
		return -ENOMEM;
	for (u32 i = 0; i < flow->insn_cnt; i++)
		ud[i] = use_def_of(flow, i);
	for (u32 i = 0; i < flow->postorder_cnt; i++)
		same &= !update(flow, ud, flow->postorder[i]);
	if (!same && flow->scc_shown_cnt > 1)
		err = loops(flow, ud);
	mem_free(ud);
	if (!err && flow_log_level2(flow))
		print(flow);
	return err;
}
