/* SPDX-License-Identifier: BSD-2-Clause */
/* The run context: its beginning and its end. */
#include "prog/run.h"

#include <string.h>

#include "base/err.h"
#include "base/percpu.h"
#include "base/rand.h"

int run_begin(struct run *run, struct cpu_slots *cpus)
{
	memset(run, 0, sizeof(*run));
	run->cpus = cpus;
	run->cpu = cpus ? cpu_slot_take(cpus) : 0;
	run->insns_left = RUN_NO_BUDGET;
	rand_seed(run->rand_state, rand_system_u64());
	return 0;
}

void run_end(struct run *run)
{
	if (run->cpus)
		cpu_slot_give(run->cpus, run->cpu);
	run->cpus = NULL;
}

int run_allow(struct run *run, const struct extent *extent)
{
	if (run->extent_cnt >= RUN_EXTENTS_MAX)
		return -ENOSPC;
	run->extents[run->extent_cnt++] = *extent;
	return 0;
}
