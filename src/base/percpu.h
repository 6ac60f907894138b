/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPU slots (design 2.10). In user space a thread may move between CPUs at any instruction, so "my
 * CPU" is a slot that a run leases for its whole life: nobody else touches the per-CPU copies of
 * that slot meanwhile. There are as many slots as the host has possible CPUs.
 */
#ifndef SKEP_BASE_PERCPU_H
#define SKEP_BASE_PERCPU_H

#include "base/types.h"

struct cpu_slots;
struct epoch;

/* How many CPUs this host may ever have, as libbpf_num_possible_cpus() counts them; at least 1. */
u32 cpus_possible(void);

/* 0, -EINVAL for @cnt 0, -ENOMEM. */
int cpu_slots_new(u32 cnt, struct cpu_slots **ret_slots) must_check;
/* No slot may be leased. Runs what the epoch has deferred. NULL is allowed. */
void cpu_slots_free(struct cpu_slots *slots);
u32 cpu_slots_cnt(const struct cpu_slots *slots);
/* The epoch that whoever holds a slot stands in (run_begin enters it); lives as the slots do. */
struct epoch *cpu_slots_epoch(const struct cpu_slots *slots);

/*
 * Leases a free slot, preferably that of the CPU that the thread is on. take waits while all are
 * leased (a thread that holds them all itself waits forever); try returns -EBUSY then.
 */
u32 cpu_slot_take(struct cpu_slots *slots);
int cpu_slot_try(struct cpu_slots *slots, u32 *ret_cpu) must_check;
void cpu_slot_give(struct cpu_slots *slots, u32 cpu);

#endif
