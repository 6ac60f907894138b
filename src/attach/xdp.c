/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The XDP hook: five verdicts. Any other value counts as aborted and is marked unknown, as the
 * kernel's bpf_warn_invalid_xdp_action warns and drivers then drop.
 */
#include "attach/hook.h"
#include "pkt/verdict.h"

static const char *xdp_verdict_name(u32 retval)
{
	static const char *const names[] = {
#define XDP_VERDICT(id, value, name) [value] = name,
#include "spec/xdp_verdicts.def"
#undef XDP_VERDICT
	};

	return retval < ARRAY_SIZE(names) ? names[retval] : NULL;
}

static enum hook_action xdp_action(enum xdp_verdict verdict)
{
	switch (verdict) {
	case XDP_ABORTED:
		return HOOK_ABORT;
	case XDP_DROP:
		return HOOK_DROP;
	case XDP_PASS:
		return HOOK_PASS;
	case XDP_TX:
		return HOOK_TX;
	case XDP_REDIRECT:
		return HOOK_REDIRECT;
	}
	return HOOK_ABORT;
}

static int xdp_run(struct run *run, const struct prog *prog, struct pkt *pkt,
		   struct hook_result *ret_result)
{
	u64 r0 = XDP_ABORTED;
	int err;

	run->redirect = (struct run_redirect){ 0 };
	err = prog_run(run, prog, pkt, &r0);
	ret_result->retval = (u32)r0;
	ret_result->unknown = !err && !xdp_verdict_name((u32)r0);
	ret_result->action = err ? HOOK_ABORT : xdp_action((enum xdp_verdict)(u32)r0);
	return err;
}

const struct hook hook_xdp = {
	.type = PROG_TYPE_XDP,
	.run = xdp_run,
	.verdict_name = xdp_verdict_name,
	.unnamed = "other",
};
