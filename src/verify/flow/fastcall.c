/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spills and fills around calls that keep the registers (bpf_fastcall): compilers write them for
 * kernels that do not know the contract; where it holds, xlate removes them. Mirrors
 * mark_fastcall_patterns, check_fastcall_stack_contract and remove_fastcall_spills_fills.
 *
 * A pattern is: *(u64 *)(r10 - Y) = rX …, call, rX = *(u64 *)(r10 - Y) …, symmetric around the
 * call, at the lowest offsets of the function's stack. Nobody else may touch these slots: the
 * first access that does clears all patterns of the subprogram.
 */
#include "verify/flow/flow_int.h"

#define CALLER_SAVED	 0x3fu
#define CALLER_SAVED_CNT 6
#define SLOT_BYTES	 8

static bool is_pair(const struct flow *flow, u32 stx_idx, u32 ldx_idx, s32 off)
{
	const struct insn *stx = &flow->insns[stx_idx], *ldx = &flow->insns[ldx_idx];

	return flow->info[stx_idx].op == ISA_STX_DW && flow->info[ldx_idx].op == ISA_LDX_DW &&
	       stx->dst == INSN_REG_FP && ldx->src == INSN_REG_FP && stx->src == ldx->dst &&
	       stx->off == off && ldx->off == off;
}

/* mark_fastcall_pattern_for_call */
static void mark_call(struct flow *flow, u32 idx, s32 lowest_off)
{
	struct subprog_facts *s = &flow->facts->subprogs[flow->info[idx].subprog];
	struct insn_facts *facts = flow->facts->insns;
	s32 off = lowest_off;
	struct flow_call call;
	u32 kept, n;

	if (!flow_call(flow, &flow->insns[idx], &call))
		return;
	/* Registers that the contract keeps: neither arguments nor the result. */
	kept = CALLER_SAVED & ~(((2u << call.arg_cnt) - 1) & ~(call.is_void ? 1u : 0u));
	for (n = 1; n <= CALLER_SAVED_CNT; n++, off += SLOT_BYTES) {
		if (idx < n || idx + n >= flow->insn_cnt || !is_pair(flow, idx - n, idx + n, off))
			break;
		if (!(kept & 1u << flow->insns[idx - n].src))
			break;
		kept &= ~(1u << flow->insns[idx - n].src);
		facts[idx - n].fastcall_pattern = true;
		facts[idx + n].fastcall_pattern = true;
	}
	if (n == 1)
		return;
	/* A call that this kernel does not inline keeps its spills, and the others may go. */
	if (call.fastcall)
		facts[idx].fastcall_spills = (u8)(n - 1);
	else
		s->keep_fastcall_stack = true;
	s->fastcall_stack_off = MIN(s->fastcall_stack_off, off);
}

void flow_fastcall(struct flow *flow)
{
	for (u32 s = 0; s < flow->subprog_cnt; s++) {
		const u32 start = flow->subprogs[s].start, end = flow->subprogs[s + 1].start;
		s32 lowest_off = 0;

		for (u32 i = start; i < end; i++)
			if (flow->info[i].op == ISA_STX_DW && flow->insns[i].dst == INSN_REG_FP)
				lowest_off = MIN(lowest_off, flow->insns[i].off);
		if (!lowest_off)
			continue; /* no spill, no pattern */
		for (u32 i = start; i < end; i++)
			if (flow_family(flow, i) == ISA_FAMILY_CALL)
				mark_call(flow, i, lowest_off);
	}
}

void flow_fastcall_contract(struct flow *flow, u32 insn_idx, s32 off)
{
	const u32 subprog = flow->info[insn_idx].subprog;
	struct subprog_facts *s = &flow->facts->subprogs[subprog];
	struct insn_facts *facts = flow->facts->insns;

	if (s->fastcall_stack_off <= off || facts[insn_idx].fastcall_pattern)
		return;
	/* Lower than any offset, so that this happens once per subprogram. */
	s->fastcall_stack_off = INT16_MIN;
	for (u32 i = flow->subprogs[subprog].start; i < flow->subprogs[subprog + 1].start; i++) {
		facts[i].fastcall_spills = 0;
		facts[i].fastcall_pattern = false;
	}
}

void flow_fastcall_stack(struct flow *flow)
{
	for (u32 s = 0; s < flow->subprog_cnt; s++) {
		struct subprog_facts *facts = &flow->facts->subprogs[s];
		bool removed = false;

		for (u32 i = flow->subprogs[s].start; i < flow->subprogs[s + 1].start; i++)
			removed |= flow->facts->insns[i].fastcall_spills > 0;
		if (removed && !facts->keep_fastcall_stack)
			facts->stack_bytes = (u32)-facts->fastcall_stack_off;
	}
}
