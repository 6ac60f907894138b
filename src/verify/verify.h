/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The door of the verifier: proves that a program is safe to run, or says why not (bpf_check of
 * Linux 6.18). A pure function of program, maps, BTF and options: no packet, descriptor or engine
 * is known here. Any number may run at once; one run belongs to one thread.
 */
#ifndef SKEP_VERIFY_VERIFY_H
#define SKEP_VERIFY_VERIFY_H

#include <stdatomic.h>

#include "base/types.h"
#include "prog/facts.h"
#include "prog/prog.h"
#include "verify/log/log.h"

enum verify_rights { /* ascending, as struct helper_info's */
	VERIFY_UNPRIV,	/* no capability */
	VERIFY_BPF,	/* CAP_BPF: no pointer leaks, speculation is hardened against */
	VERIFY_PERFMON, /* and CAP_PERFMON: leaks allowed, no hardening */
	VERIFY_PRIV,	/* and CAP_SYS_ADMIN */
};

/* What a recorded run tells its observer, before each processed instruction. */
struct vstate;
struct verify_observer {
	/* The abstract state in which instruction @insn_idx was processed; not 0 ends the run. */
	int (*visit)(void *cookie, u32 insn_idx, const struct vstate *st);
	void *cookie;
	/* No path is skipped because another covers it: then every visit's scalars hold, too. */
	bool all_paths;
};

/* Known bugs that a test can put back (verify_opts.bug), by what they do. */
enum verify_bug {
	VERIFY_BUG_NONE,
	VERIFY_BUG_MOV32_KEEPS_ID,     /* w1 = w0 stays linked although the upper half is gone */
	VERIFY_BUG_ALU_KEEPS_ID,       /* an operation keeps the link of its destination */
	VERIFY_BUG_ALU32_KEEPS_UPPER,  /* CVE-2017-16996: the upper half is not cleared */
	VERIFY_BUG_MOV32_IMM_SEXT,     /* CVE-2017-16995: w1 = -1 taken for r1 = -1 */
	VERIFY_BUG_FORK_AFTER,	       /* CVE-2026-31413: 0 | K taken for 0 */
	VERIFY_BUG_JMP32_AS_64,	       /* CVE-2020-8835: what w1 < K says taken for r1 < K */
	VERIFY_BUG_PACKET_END,	       /* data + n <= end read as data + n < end */
	VERIFY_BUG_NULL_OTHER,	       /* a NULL check blesses every lookup */
	VERIFY_BUG_PACKET_MOVE_RANGE,  /* a moved packet pointer keeps its range */
	VERIFY_BUG_SYNC_OFFSET,	       /* linked registers learn without their distance */
	VERIFY_BUG_PRECISE_SRC,	       /* CVE-2023-2163: precision stops at an operation's source */
	VERIFY_BUG_PRECISE_ATOMIC,     /* CVE-2026-43009: a fetched value taken for an input */
	VERIFY_BUG_LOOP_ROUNDS,	       /* a callback of few rounds covers one of many: 6.18.44 */
	VERIFY_BUG_CNT
};

struct verify_opts {
	enum verify_rights rights;
	u32 log_level; /* enum vlog_level */
	char *log_buf; /* may be NULL */
	u32 log_bytes;
	/* Or: a log that was begun and is finished by the caller; the three above are unused. */
	struct vlog *log;
	u64 insns_max;	  /* 0: LIMIT_INSNS_PROCESSED */
	u64 memory_bytes_max; /* 0: no limit; exceeded: -ENOMEM */
	u64 time_ns_max;  /* 0: no limit; exceeded: -ETIME */
	const atomic_bool *cancel; /* NULL, or: -ECANCELED soon after it becomes true */
	const struct verify_observer *observer; /* NULL: none */
	u32 since; /* KERNEL(6, 18): whose rules */
	u32 cpu_cnt; /* CPU slots of the instance; 0: nothing is known of a CPU's number */
	bool values; /* facts->values too: what engines may know of numbers */
	/* A test build puts known bugs back by number (tests only; 0: none). */
	u32 bug;
};

struct verify_stats {
	u64 insns_processed, time_ns;
	u32 max_states_per_insn, total_states, peak_states, mark_read;
	u32 stack_depth_cnt;
	u16 stack_depth[LIMIT_SUBPROGS]; /* as the log's "stack depth 8+16" */
	u64 memory_peak_bytes;
};

/* Zeroed before use; verify_result_fini frees what is inside and works on a zeroed one. */
struct verify_result {
	struct facts *facts; /* when accepted */
	struct reject_record reject;
	struct verify_stats stats;
	u32 log_true_bytes;
};

/*
 * @prog is resolved: map references are addresses of its maps (or their values), subprograms, BTF
 * and lines are filled in, isa_check has passed. 0: accepted. -EACCES, -EINVAL, -EPERM, -E2BIG, …
 * as Linux 6.18 (ret->reject says why); -ENOSPC: the log did not fit; -ENOMEM; -ECANCELED; -ETIME.
 */
int verify_prog(const struct prog *prog, const struct verify_opts *opts,
		struct verify_result *ret) must_check;
void verify_result_fini(struct verify_result *ret);

#endif
