/* SPDX-License-Identifier: BSD-2-Clause */
/* The run context: its beginning and its end. */
#include "prog/run.h"

#include <string.h>

#include "base/epoch.h"
#include "base/err.h"
#include "base/percpu.h"
#include "base/rand.h"

int run_begin(struct run *run, struct cpu_slots *cpus)
{
	memset(run, 0, sizeof(*run));
	run->cpus = cpus;
	if (cpus) {
		run->cpu = cpu_slot_take(cpus);
		run->epoch_token = epoch_enter(cpu_slots_epoch(cpus));
	}
	run->insns_left = RUN_NO_BUDGET;
	rand_seed(run->rand_state, rand_system_u64());
	return 0;
}

void run_end(struct run *run)
{
	if (run->cpus) {
		epoch_exit(cpu_slots_epoch(run->cpus), run->epoch_token);
		cpu_slot_give(run->cpus, run->cpu);
		epoch_poll(cpu_slots_epoch(run->cpus));
	}
	run->cpus = NULL;
}

void run_quiesce(struct run *run)
{
	struct epoch *epoch;

	if (!run->cpus)
		return;
	epoch = cpu_slots_epoch(run->cpus);
	epoch_exit(epoch, run->epoch_token);
	epoch_poll(epoch);
	run->epoch_token = epoch_enter(epoch);
}

int run_allow(struct run *run, const struct extent *extent)
{
	if (run->extent_cnt >= RUN_EXTENTS_MAX)
		return -ENOSPC;
	run->extents[run->extent_cnt++] = *extent;
	return 0;
}
