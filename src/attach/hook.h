/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One run of a program on a packet, and what its return value means at its hook. A hook neither
 * sends nor drops: it says what shall happen, and who drives it (session.h, test_run.h) does it.
 */
#ifndef SKEP_ATTACH_HOOK_H
#define SKEP_ATTACH_HOOK_H

#include "base/types.h"
#include "pkt/pkt.h"
#include "prog/prog.h"
#include "prog/run.h"

enum hook_action {
	HOOK_PASS,     /* the packet goes on; no later program of this hook sees it */
	HOOK_NEXT,     /* no opinion: the next program decides, and without one it goes on */
	HOOK_DROP,
	HOOK_ABORT,    /* dropped because the program failed */
	HOOK_STOLEN,   /* the program has taken it: gone, but no loss */
	HOOK_TX,       /* back out of where it came in */
	HOOK_REDIRECT, /* to run->redirect */
	HOOK_ACTION_CNT
};

struct hook_result {
	u32 retval;
	enum hook_action action;
	bool unknown; /* retval is no verdict of this hook */
};

struct hook {
	enum prog_type type;
	bool skb; /* runs on an skb: parsed, the VLAN tag beside the bytes */
	/*
	 * Runs @prog once. 0, or -EFAULT with run->fault and the action ABORT. The caller has set
	 * run->insns_left.
	 */
	int (*run)(struct run *run, const struct prog *prog, struct pkt *pkt,
		   struct hook_result *ret_result);
	/* The verdict's name in reports; NULL when @retval is none, or when it is a byte count. */
	const char *(*verdict_name)(u32 retval);
	const char *unnamed; /* what values without a name are called when they are counted */
};

extern const struct hook hook_xdp, hook_sched_cls, hook_sched_act, hook_socket_filter;

/* NULL for program types that do not run on packets. */
const struct hook *hook_of(enum prog_type type);

const char *hook_action_name(enum hook_action action);

/* Brings the packet into the shape that the hook's programs expect. 0 or -ENOMEM. */
int hook_prepare(const struct hook *hook, struct pkt *pkt) must_check;

#endif
