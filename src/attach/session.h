/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packet loop: inputs → programs → outputs. What `skep run` and the embedding door stand on.
 *
 *   - A packet goes through the programs in order, XDP before tc before socket filters, until one
 *     decides. What passes, or is sent back, is written to every output without an interface.
 *   - A redirected packet goes to the output or live interface with that index; without one it is
 *     lost and counted.
 *   - Two live inputs form a bridge: what passes on one leaves by the other, so a drop really
 *     drops. One live input observes only: what the host itself receives is not ours to stop.
 *   - A program that faults aborts that packet; the session ends there unless keep_going is set.
 *
 * One thread per session. Devices, programs and the run belong to the caller.
 */
#ifndef SKEP_ATTACH_SESSION_H
#define SKEP_ATTACH_SESSION_H

#include <stdatomic.h>

#include "attach/hook.h"
#include "base/str.h"
#include "base/types.h"
#include "pkt/dev.h"

#define SESSION_PROGS_MAX    16
#define SESSION_VERDICTS_MAX 16 /* counted by value, from -1 */

/* Where packets may go. */
struct session_output {
	struct pkt_dev *dev;
	u32 ifindex; /* gets what is redirected to it; 0: gets what passes or is sent back */
	u64 packets; /* written so far */
};

struct session_prog_stats {
	u64 run_cnt, run_ns;
	u64 fault_cnt;
	u64 verdicts[SESSION_VERDICTS_MAX]; /* [n] counts return value n - 1 */
	u64 verdicts_other;		    /* all other values: byte counts, or no verdict */
	u64 unknown;			    /* values that are no verdict of the hook */
};

struct session_stats {
	u64 packets, bytes;	      /* read, as captured */
	u64 truncated;		      /* of them captured in part */
	u64 actions[HOOK_ACTION_CNT]; /* what became of the packets, NEXT counted as PASS */
	u64 redirect_lost;	      /* redirected to no known interface */
	u64 cloned;
	u64 sent;	 /* copies that went to outputs and over the bridge */
	u64 send_failed; /* copies that a device did not take */
	u64 fault_cnt;
	u64 fault_packet; /* number of the packet of the first fault, 0 for none */
	u64 run_cnt;	  /* of all programs together */
	u64 run_ns;
	u64 wall_ns; /* of the whole session */
	struct session_prog_stats progs[SESSION_PROGS_MAX];
};

/* One packet after its last program, for those who print. */
struct session_event {
	const struct pkt *pkt;
	const struct hook_result *result;
	const struct hook *hook; /* of the program that decided */
	u32 prog_idx;
	const struct pkt_dev *from;
};

struct session_opts {
	const struct prog *const *progs;
	u32 prog_cnt;
	struct pkt_dev *const *inputs; /* read one after the other; live ones together */
	u32 input_cnt;
	struct session_output *outputs;
	u32 output_cnt;
	struct run *run; /* begun; its budget is set from here before every packet */
	u64 budget_insns;
	u64 packets_max; /* 0: all */
	u32 repeat;	 /* runs per packet, each on a fresh copy; the last one counts; 0 is 1 */
	u32 ifindex;	 /* what programs see as the interface of file inputs; 0 is 1 */
	bool keep_going;
	const _Atomic bool *stop; /* NULL, or polled: true ends the session in good order */

	/* All may be NULL; called on the session's thread. */
	void (*progress)(void *cookie, const struct session_stats *stats); /* every 1024 packets */
	void (*packet)(void *cookie, const struct session_event *event);
	/* The fault lies in run->fault; @packet counts from 1 over the session. */
	void (*fault)(void *cookie, const struct run *run, u64 packet, u32 prog_idx);
	void *cookie;
};

/* True when the input is one interface that the host receives from too: nothing can be dropped. */
bool session_observes_only(const struct session_opts *opts);

/*
 * Runs until the inputs end, *stop, packets_max or an error. 0; -EFAULT when a program faulted and
 * keep_going is off; -EINVAL, -EOPNOTSUPP (*why says what does not fit together), the device's
 * error. *ret_stats is filled in every case, and *why after every error.
 */
int session_run(const struct session_opts *opts, struct session_stats *ret_stats,
		struct str *why) must_check;

#endif
