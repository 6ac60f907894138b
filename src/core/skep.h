/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One instance of the BPF system: its objects by id, its CPU slots, its options. Everything that
 * the kernel keeps in globals hangs from here.
 *
 * Lifetime: references are held by skep_new's caller and by every object that a descriptor refers
 * to (obj/fd.h), so closing the last of them frees the instance.
 */
#ifndef SKEP_CORE_SKEP_H
#define SKEP_CORE_SKEP_H

#include <stdatomic.h>

#include "base/types.h"
#include "core/verify.h"
#include "map/map.h"
#include "obj/fd.h"
#include "obj/obj.h"
#include "obj/pin.h"
#include "skep/skep.h"

#define SKEP_GUARD_BUDGET_DEFAULT 100000000u

struct cpu_slots;
struct run;

struct skep {
	struct skep_opts opts; /* a full copy; fields that the caller's size left out are 0 */
	struct map_env map_env; /* CPU count and the object tables */
	struct cpu_slots *cpus;
	struct obj_home home; /* this instance, as obj/fd.h sees it */
	struct obj_pins *pins;
	_Atomic u32 refs;
	_Atomic u32 loader_calls; /* bpf(2) calls that came through a loader library */
	struct core_verify verify; /* set before the first load */
	u32 jit_debug; /* the same: who is told of machine code, enum jit_debug_what */
	bool no_inline; /* the same: calls of helpers stay calls (xlate.h), to be compared with */
	_Atomic u32 stats_users; /* descriptors of BPF_ENABLE_STATS; > 0: runs are timed */
};

struct skep *skep_get(struct skep *skep);
void skep_put(struct skep *skep);

/*
 * Leases a CPU slot and prepares @run for any number of executions on this thread: budget, what
 * programs print, no interfaces to redirect to. -EBUSY or -ENOMEM. End with run_end.
 */
int core_run_begin(struct skep *skep, struct run *run) must_check;

#endif
