/* SPDX-License-Identifier: BSD-2-Clause */
/* The run context: its beginning and its end. */
#include "prog/run.h"

#include <string.h>
#include <sys/random.h>

#include "base/err.h"

int run_begin(struct run *run, struct cpu_slots *cpus)
{
	memset(run, 0, sizeof(*run));
	run->cpus = cpus;
	run->insns_left = RUN_NO_BUDGET;
	/* Before the system has entropy anything will do that is not all zeros. */
	if (getrandom(run->rand_state, sizeof(run->rand_state), GRND_NONBLOCK) < 0)
		run->rand_state[0] = (u64)(uintptr_t)run;
	run->rand_state[1] |= 1;
	return 0;
}

void run_end(struct run *run)
{
	run->cpus = NULL;
}

int run_allow(struct run *run, const struct extent *extent)
{
	if (run->extent_cnt >= RUN_EXTENTS_MAX)
		return -ENOSPC;
	run->extents[run->extent_cnt++] = *extent;
	return 0;
}
