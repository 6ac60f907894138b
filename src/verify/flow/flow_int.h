/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share. */
#ifndef SKEP_VERIFY_FLOW_FLOW_INT_H
#define SKEP_VERIFY_FLOW_FLOW_INT_H

#include "base/err.h"
#include "base/mem.h"
#include "verify/flow/flow.h"

/* Tells the sink why the program is refused and returns @err. */
#define flow_reject(flow, err, idx, ...) flow_reject_at((flow), (err), (idx), __VA_ARGS__)
int flow_reject_at(const struct flow *flow, int err, u32 insn_idx, const char *fmt, ...)
	printf_like(4, 5);

static inline bool flow_log_level2(const struct flow *flow)
{
	return flow->opts.sink.log && flow->opts.sink.log->level & VLOG_2;
}

static inline u32 flow_words(const struct flow *flow, u32 idx)
{
	return isa_info((enum isa_op)flow->info[idx].op)->family == ISA_FAMILY_LDDW ? 2 : 1;
}

static inline u8 flow_family(const struct flow *flow, u32 idx)
{
	return isa_info((enum isa_op)flow->info[idx].op)->family;
}

/* Makes flow->pred_first and pred_list. 0 or -ENOMEM. */
int flow_preds(struct flow *flow) must_check;

/* True when the instruction refers to a function of the program, by call or by address. */
static inline bool flow_refers(const struct flow *flow, u32 idx)
{
	return flow->info[idx].op == ISA_CALL_SUBPROG || flow->info[idx].op == ISA_LDDW_FUNC;
}

static inline s64 flow_callee(const struct flow *flow, u32 idx)
{
	return (s64)idx + flow->insns[idx].imm + 1;
}

#endif
