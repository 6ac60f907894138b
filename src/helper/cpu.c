/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the program runs, random numbers, and the bounded loop. */
#include <sched.h>

#include "base/err.h"
#include "base/rand.h"
#include "helper/helper_int.h"

#define LOOPS_MAX (1u << 23) /* BPF_MAX_LOOPS */

/* The leased slot, so that per-CPU data stays the run's own while the thread migrates. */
HELPER_FN(get_smp_processor_id)
{
	return run->cpu;
}

HELPER_FN(get_numa_node_id)
{
	unsigned int node = 0;

	if (getcpu(NULL, &node))
		return 0; /* seccomp'd away: a machine without nodes answers so too */
	return node;
}

/* One state per run context: what the kernel keeps for each CPU. */
HELPER_FN(get_prandom_u32)
{
	return (u32)(rand_next(run->rand_state) >> 32);
}

/* bpf_loop(nr, callback, ctx, flags): how often the callback ran, stopped by its first non-zero. */
HELPER_FN(loop)
{
	u32 cnt = (u32)r1, i;

	if (r4)
		return helper_err(-EINVAL);
	if (cnt > LOOPS_MAX)
		return helper_err(-E2BIG);
	for (i = 0; i < cnt; i++) {
		u64 args[5] = { i, r3 };

		if (run->ops->callback(run, r2, args))
			return i + 1;
		if (run->fault.kind != FAULT_NONE)
			return 0; /* the engine stops when we return */
	}
	return i;
}
