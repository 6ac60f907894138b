/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where functions start and end. Mirrors add_subprog_and_kfunc, check_subprogs and
 * check_abnormal_return of kernel/bpf/verifier.c, with their words; isa_check says the same of
 * programs that are run without a proof.
 *
 * Invariant from here on: subprograms are ascending, [0] starts at 0, [subprog_cnt] at insn_cnt,
 * and no jump leaves its subprogram.
 */
#include <stdio.h>
#include <string.h>

#include "verify/flow/flow_int.h"

#define REASON_BYTES 160

int flow_reject_at(const struct flow *flow, int err, u32 insn_idx, const char *fmt, ...)
{
	const struct flow_sink *sink = &flow->opts.sink;
	char text[REASON_BYTES];
	va_list ap;

	if (!sink->reject)
		return err;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sink->reject(sink->cookie, err, insn_idx, fmt, text);
	return err;
}

/* Neither jumps nor may end the program, and is one word long. */
static bool is_linear(u8 family)
{
	switch ((enum isa_family)family) {
	case ISA_FAMILY_ALU:
	case ISA_FAMILY_MOV:
	case ISA_FAMILY_CAST:
	case ISA_FAMILY_NEG:
	case ISA_FAMILY_END:
	case ISA_FAMILY_LDX:
	case ISA_FAMILY_LDSX:
	case ISA_FAMILY_ST:
	case ISA_FAMILY_STX:
	case ISA_FAMILY_ATOMIC:
	case ISA_FAMILY_CMPXCHG:
	case ISA_FAMILY_LOAD_ACQ:
	case ISA_FAMILY_STORE_REL:
		return true;
	case ISA_FAMILY_INVALID:
	case ISA_FAMILY_JMP:
	case ISA_FAMILY_JA:
	case ISA_FAMILY_MAY_GOTO:
	case ISA_FAMILY_GOTOX:
	case ISA_FAMILY_LDDW:
	case ISA_FAMILY_CALL:
	case ISA_FAMILY_CALLX:
	case ISA_FAMILY_EXIT:
	case ISA_FAMILY_LDABS:
	case ISA_FAMILY_LDIND:
		break;
	}
	return false;
}

int flow_init(struct flow *flow, const struct insn *insns, u32 insn_cnt, struct arena *arena,
	      const struct flow_opts *opts)
{
	memset(flow, 0, sizeof(*flow));
	flow->insns = insns;
	flow->insn_cnt = insn_cnt;
	flow->arena = arena;
	flow->opts = *opts;
	flow->info = arena_alloc_array(arena, insn_cnt, sizeof(*flow->info));
	if (!flow->info)
		return -ENOMEM;
	for (u32 i = 0; i < insn_cnt; i++) {
		flow->info[i].op = (u8)isa_decode(&insns[i]);
		if (i + 1 < insn_cnt && is_linear(flow_family(flow, i)))
			flow->info[i].flags = FLOW_LINEAR;
		if (flow_words(flow, i) == 2 && i + 1 < insn_cnt) {
			flow->info[++i].op = ISA_INVALID;
			flow->info[i].flags = FLOW_HALF;
		}
	}
	return 0;
}

/* Marks starts in info[].subprog, which is not yet in use: 1 is a start. */
static int mark_start(struct flow *flow, u32 idx, s64 target, u32 *cnt)
{
	if (target < 0 || target >= flow->insn_cnt)
		return flow_reject(flow, -EINVAL, idx, "call to invalid destination");
	if (flow->info[target].subprog)
		return 0;
	if (*cnt >= LIMIT_SUBPROGS)
		return flow_reject(flow, -E2BIG, idx, "too many subprograms");
	flow->info[target].subprog = 1;
	(*cnt)++;
	return 0;
}

static int find_starts(struct flow *flow, u32 *ret_cnt)
{
	int err = mark_start(flow, 0, 0, ret_cnt);

	for (u32 i = 0; i < flow->insn_cnt && !err; i++) {
		const bool kfunc = flow->info[i].op == ISA_CALL_KFUNC;

		if (!flow_refers(flow, i) && !kfunc)
			continue;
		if (!flow->opts.bpf_capable)
			return flow_reject(flow, -EPERM, i,
					   "loading/calling other bpf or kernel functions are "
					   "allowed for CAP_BPF and CAP_SYS_ADMIN");
		if (!kfunc)
			err = mark_start(flow, i, flow_callee(flow, i), ret_cnt);
	}
	return err;
}

static void fill_subprogs(struct flow *flow)
{
	u32 n = 0;

	for (u32 i = 0; i < flow->insn_cnt; i++) {
		if (flow->info[i].subprog)
			flow->subprogs[n++].start = i;
		flow->info[i].subprog = (u16)(n - 1);
	}
	flow->subprogs[n].start = flow->insn_cnt;
	for (u32 s = 0; s < n; s++)
		flow->subprogs[s].exit_idx = flow->subprogs[s].start;
	if (flow_log_level2(flow))
		for (u32 s = 0; s < n; s++)
			vlog_add(flow->opts.sink.log, "func#%u @%u\n", s, flow->subprogs[s].start);
}

static int check_jump(const struct flow *flow, u32 idx)
{
	const enum isa_op op = (enum isa_op)flow->info[idx].op;
	const struct flow_subprog *s = &flow->subprogs[flow->info[idx].subprog];
	s64 target;

	if (op == ISA_CALL_SUBPROG || !isa_target(&flow->insns[idx], op, idx, &target))
		return 0;
	if (target < s->start || target >= s[1].start)
		return flow_reject(flow, -EINVAL, idx, "jump out of range from insn %u to %lld",
				   idx, (long long)target);
	return 0;
}

static int check_ends(struct flow *flow)
{
	int err;

	for (u32 i = 0; i < flow->insn_cnt; i++) {
		struct flow_subprog *s = &flow->subprogs[flow->info[i].subprog];
		const u8 family = flow_family(flow, i);

		if (family == ISA_FAMILY_EXIT)
			s->exit_idx = i;
		err = check_jump(flow, i);
		if (err)
			return err;
		if (i == s[1].start - 1 && family != ISA_FAMILY_EXIT && family != ISA_FAMILY_JA)
			return flow_reject(flow, -EINVAL, i, "last insn is not an exit or jmp");
	}
	return 0;
}

int flow_subprogs(struct flow *flow)
{
	int err = find_starts(flow, &flow->subprog_cnt);

	if (err)
		return err;
	flow->subprogs = arena_alloc_array(flow->arena, (size_t)flow->subprog_cnt + 1,
					   sizeof(*flow->subprogs));
	if (!flow->subprogs)
		return -ENOMEM;
	fill_subprogs(flow);
	return check_ends(flow);
}

int flow_subprog_at(const struct flow *flow, s64 idx)
{
	u32 s;

	if (idx < 0 || idx >= flow->insn_cnt)
		return -1;
	s = flow->info[idx].subprog;
	return flow->subprogs[s].start == (u32)idx ? (int)s : -1;
}

static bool is_tail_call(const struct flow *flow, u32 idx)
{
	const struct helper_info *info;

	if (flow->info[idx].op != ISA_CALL_HELPER)
		return false;
	info = helper_info((u32)flow->insns[idx].imm);
	return info && info->props & HP_TAIL_CALL;
}

static bool is_ld_abs(const struct flow *flow, u32 idx)
{
	const u8 family = flow_family(flow, idx);

	return family == ISA_FAMILY_LDABS || family == ISA_FAMILY_LDIND;
}

int flow_abnormal_return(struct flow *flow, const bool *scalar_return)
{
	bool ld_abs, tail_call;

	for (u32 s = 1; s < flow->subprog_cnt; s++) {
		if (scalar_return && scalar_return[s])
			continue;
		ld_abs = tail_call = false;
		for (u32 i = flow->subprogs[s].start; i < flow->subprogs[s + 1].start; i++) {
			ld_abs |= is_ld_abs(flow, i);
			tail_call |= is_tail_call(flow, i);
		}
		if (ld_abs && !scalar_return)
			return flow_reject(flow, -EINVAL, flow->subprogs[s].start,
					   "LD_ABS is not allowed in subprogs without BTF");
		if (ld_abs)
			return flow_reject(
				flow, -EINVAL, flow->subprogs[s].start,
				"LD_ABS is only allowed in functions that return 'int'.");
		if (tail_call && !scalar_return)
			return flow_reject(flow, -EINVAL, flow->subprogs[s].start,
					   "tail_call is not allowed in subprogs without BTF");
		if (tail_call)
			return flow_reject(
				flow, -EINVAL, flow->subprogs[s].start,
				"tail_call is only allowed in functions that return 'int'.");
	}
	return 0;
}
