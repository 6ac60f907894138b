/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One instance of the BPF system: its objects by id, its CPU slots, its options. Everything that
 * the kernel keeps in globals hangs from here.
 */
#ifndef SKEP_CORE_SKEP_H
#define SKEP_CORE_SKEP_H

#include <stdatomic.h>

#include "base/types.h"
#include "map/map.h"
#include "obj/obj.h"
#include "skep/skep.h"

#define SKEP_GUARD_BUDGET_DEFAULT 100000000u

struct cpu_slots;

struct skep {
	struct skep_opts opts; /* a full copy; fields that the caller's size left out are 0 */
	struct map_env map_env; /* CPU count and the object tables */
	struct cpu_slots *cpus;
	_Atomic u32 refs; /* the caller's, and one per object that lives on by its fd */
	_Atomic bool stats_on; /* BPF_ENABLE_STATS */
};

struct skep *skep_get(struct skep *skep);

#endif
