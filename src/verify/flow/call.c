/* SPDX-License-Identifier: BSD-2-Clause */
/* What a call does as far as control flow and registers go (get_call_summary). */
#include "verify/flow/flow_int.h"

static u8 count_args(const struct helper_arg *args)
{
	u8 n = 0;

	while (n < HELPER_ARGS && args[n].kind != ARG_KIND_NONE)
		n++;
	return n;
}

static bool helper_call(const struct flow *flow, const struct insn *insn, struct flow_call *ret)
{
	const struct flow_opts *o = &flow->opts;
	const struct helper_info *info = helper_info((u32)insn->imm);

	if (!info)
		return false;
	*ret = (struct flow_call){
		.arg_cnt = count_args(helper_args(info, o->type)),
		.is_void = info->ret.kind == RET_KIND_VOID,
		.fastcall = info->props & HP_FASTCALL,
		.might_sleep = info->props & HP_MIGHT_SLEEP,
		.changes_pkt = info->props & HP_CHANGES_PKT,
		.calls_sync = info->props & HP_CALLS_SYNC,
		.calls_async = info->props & HP_CALLS_ASYNC,
	};
	return helper_allowed(info, o->type, o->expected_attach_type) &&
	       helper_rights(info, o->type) <= (enum helper_rights)o->rights;
}

bool flow_call(const struct flow *flow, const struct insn *insn, struct flow_call *ret_call)
{
	*ret_call = (struct flow_call){ .arg_cnt = HELPER_ARGS };
	switch ((u32)isa_decode(insn)) {
	case ISA_CALL_HELPER:
		return helper_call(flow, insn, ret_call);
	case ISA_CALL_KFUNC:
		return flow->opts.kfunc &&
		       flow->opts.kfunc(flow->opts.sink.cookie, insn, ret_call);
	}
	return false;
}
