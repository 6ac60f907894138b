/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run context: all that one execution of a program needs, on the caller's stack. It carries
 * the operations that maps and helpers need from above, so that nothing includes upward.
 *
 * A run belongs to one thread and holds one CPU slot (design 2.10) from run_begin to run_end:
 * tail calls, callbacks and every packet of a batch included.
 */
#ifndef SKEP_PROG_RUN_H
#define SKEP_PROG_RUN_H

#include <stdatomic.h>

#include "base/extent.h"
#include "base/types.h"
#include "prog/fault.h"
#include "spec/spec.h"

struct prog;
struct map;
struct run;
struct cpu_slots;

/*
 * A helper as programs call it. Arguments are r1..r5, the result is r0. The run context comes
 * sixth so that a JIT can make the call plain: arguments already stand in argument registers.
 */
typedef u64 (*helper_fn)(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run);

struct run_ops {
	/* Calls the BPF function @fn (a callback) with five arguments, in this run's engine. */
	u64 (*callback)(struct run *run, u64 fn, const u64 args[5]);
	/* One message of trace_printk; it ends in a newline only if the program wrote one. */
	void (*trace)(struct run *run, const char *text, size_t len);
	/* 0 when @ifindex is an interface of this run, else -errno. */
	int (*redirect_ok)(struct run *run, u32 ifindex);
	/* The instance's clock @clock_id (CLOCK_*) in ns, for ktime_get_*; NULL: the host's. */
	u64 (*clock_ns)(struct run *run, s32 clock_id);
};

/* Where an execution of the guard stands, for a watcher. */
struct run_place {
	const struct prog *prog;
	u32 insn_idx; /* in prog->insns: the next to be executed */
	u32 depth;    /* frames below this one */
	u16 valid;    /* bit n: regs[n] holds a value */
	const u64 *regs;
	/* Behind the highest byte of the stack of frame n: frame0_top + n * frame_stride. */
	u64 frame0_top, frame_stride;
};

struct run_redirect {
	u32 ifindex; /* where bpf_redirect or bpf_redirect_map sent the packet */
	u64 flags;
	bool broadcast; /* BPF_F_BROADCAST over all entries of @map */
	struct map *map; /* borrowed: the program holds it for the whole run */
};

#define RUN_TAIL_CALLS_MAX LIMIT_TAIL_CALLS
#define RUN_EXTENTS_MAX	   8
#define RUN_NO_BUDGET	   UINT64_MAX
#define RUN_POLL_JUMPS	   65536

struct run {
	const struct prog *prog; /* the one that runs now (changes at a tail call) */
	struct cpu_slots *cpus;	 /* where `cpu` was leased; NULL: nowhere */
	u32 cpu;		 /* the leased slot, also bpf_get_smp_processor_id */
	u32 epoch_token;	 /* of the slots' epoch: programs in maps stay while it is held */
	u32 tail_calls;		 /* made so far by this execution */
	/*
	 * Budget: `guard` counts instructions, `run` its calls and jumps backwards (in steps of
	 * RUN_POLL_JUMPS). Exhausted: FAULT_BUDGET. RUN_NO_BUDGET: endless.
	 */
	u64 insns_left;
	/* Set from any thread: both engines stop soon, with FAULT_BUDGET. Relaxed. */
	_Atomic bool stop;
	void *engine; /* the engine's state while a program runs, for callbacks; else NULL */
	/*
	 * The JIT's: its stack pointer where an abort goes on (jit/target.h), the same of the
	 * outermost entry while callbacks run (else 0), and how deep callbacks, and functions of
	 * programs where nobody proved it, are nested.
	 */
	u64 jit_frame, jit_outer;
	u32 jit_depth;
	void *ctx;		 /* what r1 pointed to at entry */
	const struct run_ops *ops;
	void *owner;		 /* whoever set `ops` */
	struct run_redirect redirect;
	struct fault fault; /* why the last execution ended with -EFAULT */
	/* Memory that the embedder lets this run touch beside context, stack and maps. */
	struct extent extents[RUN_EXTENTS_MAX];
	u32 extent_cnt;
	u64 rand_state[4]; /* get_prandom_u32; seeded per run context */
	/*
	 * The engine's answer to helpers that read by address (probe_read…, %s): how many bytes of
	 * the program's stack lie at @addr and above, 0 when it is not in it. NULL: nobody knows.
	 */
	u64 (*stack_left)(const struct run *run, u64 addr);
	/* NULL, or called by the guard before each instruction; false ends the execution. */
	bool (*watch)(void *cookie, const struct run_place *place);
	void *watch_cookie;
};

/*
 * Prepares @run for executions on this thread: zeroed, with a CPU slot leased from @cpus (NULL:
 * slot 0, for a run that shares no per-CPU data) and the random state seeded from the system.
 * Waits while all slots are leased. 0; -errno is kept for slots that cannot be waited for. run_end
 * gives the slot back and works on a zeroed struct too.
 */
int run_begin(struct run *run, struct cpu_slots *cpus) must_check;
void run_end(struct run *run);
/*
 * Between two executions: lets go of programs and inner maps that others replaced meanwhile. Loops
 * over packets without end call it now and then (each 1,000 packets, and when they wait).
 */
void run_quiesce(struct run *run);

/* Lets programs of this run touch @extent too. 0 or -ENOSPC. */
int run_allow(struct run *run, const struct extent *extent) must_check;

#endif
