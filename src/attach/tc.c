/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tc hooks: sched_cls as a direct-action classifier at clsact's ingress (cls_bpf_exec_opcode
 * and sch_handle_ingress of the kernel) and sched_act as an action of its own. A classifier's
 * values that are no direct action mean "unspec": the next classifier decides.
 */
#include "attach/hook.h"
#include "pkt/verdict.h"

#define VERDICT_FIRST (-1)

static const char *tc_verdict_name(u32 retval)
{
	static const char *const names[] = {
#define TC_VERDICT(id, value, name) [value - VERDICT_FIRST] = name,
#include "spec/tc_verdicts.def"
#undef TC_VERDICT
	};
	s64 at = (s64)(s32)retval - VERDICT_FIRST;

	return at >= 0 && at < (s64)ARRAY_SIZE(names) ? names[at] : NULL;
}

static enum hook_action tc_action(enum tc_verdict verdict)
{
	switch (verdict) {
	case TC_ACT_OK:
		return HOOK_PASS;
	case TC_ACT_SHOT:
		return HOOK_DROP;
	case TC_ACT_STOLEN:
	case TC_ACT_TRAP:
		return HOOK_STOLEN;
	case TC_ACT_REDIRECT:
		return HOOK_REDIRECT;
	case TC_ACT_UNSPEC:
	case TC_ACT_RECLASSIFY:
	case TC_ACT_PIPE:
	case TC_ACT_QUEUED:
	case TC_ACT_REPEAT:
		return HOOK_NEXT;
	}
	return HOOK_NEXT;
}

static int tc_run(struct run *run, const struct prog *prog, struct pkt *pkt,
		  struct hook_result *ret_result)
{
	u64 r0 = TC_ACT_SHOT;
	int err;

	run->redirect = (struct run_redirect){ 0 };
	err = prog_run(run, prog, pkt, &r0);
	ret_result->retval = (u32)r0;
	ret_result->unknown = !err && !tc_verdict_name((u32)r0);
	ret_result->action = err ? HOOK_ABORT : tc_action((enum tc_verdict)(s32)(u32)r0);
	return err;
}

const struct hook hook_sched_cls = {
	.type = PROG_TYPE_SCHED_CLS,
	.skb = true,
	.run = tc_run,
	.verdict_name = tc_verdict_name,
	.unnamed = "other",
};

const struct hook hook_sched_act = {
	.type = PROG_TYPE_SCHED_ACT,
	.skb = true,
	.run = tc_run,
	.verdict_name = tc_verdict_name,
	.unnamed = "other",
};
