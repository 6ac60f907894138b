/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the program runs, random numbers, and the bounded loop. */
#include <sched.h>

#include "base/err.h"
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

static u64 rotate_left(u64 v, u32 by)
{
	return v << by | v >> (64 - by);
}

/* xoshiro256** by Blackman and Vigna (public domain), one state per run context. */
HELPER_FN(get_prandom_u32)
{
	u64 *s = run->rand_state;
	u64 result = rotate_left(s[1] * 5, 7) * 9;
	u64 t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return (u32)(result >> 32);
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
