/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ring buffers and perf buffers. A record pointer carries no map, so submit and discard ask the
 * ring buffers of the program; the guard has checked that it is a reserved record of one of them.
 */
#include <stdio.h>

#include "base/err.h"
#include "helper/helper_int.h"
#include "map/ringbuf.h"
#include "prog/prog.h"

#define PERF_INDEX_MASK	 0xffffffffu		/* BPF_F_INDEX_MASK; all ones: BPF_F_CURRENT_CPU */
#define PERF_CTXLEN_MASK (0xfffffULL << 32)	/* BPF_F_CTXLEN_MASK: bytes of packet to append */

/* (map, size, flags): memory of the record, or NULL. */
HELPER_FN(ringbuf_reserve)
{
	return ptr_to_u64(map_ringbuf_reserve(u64_to_ptr(r1), r2, r3));
}

static void commit(struct run *run, u64 sample, u64 flags, bool discard)
{
	const struct prog *prog = run->prog;
	u32 i;

	for (i = 0; i < prog->map_cnt; i++)
		if (prog->maps[i]->attr.type == MAP_TYPE_RINGBUF &&
		    !map_ringbuf_commit(prog->maps[i], u64_to_ptr(sample), flags, discard))
			return;
	run->fault = (struct fault){ .kind = FAULT_ARG, .arg = 1, .addr = sample };
	snprintf(run->fault.detail, sizeof(run->fault.detail),
		 "no ring buffer that the program names holds this as a reserved record");
}

HELPER_FN(ringbuf_submit)
{
	commit(run, r1, r2, false);
	return 0;
}

HELPER_FN(ringbuf_discard)
{
	commit(run, r1, r2, true);
	return 0;
}

/* (map, data, size, flags) */
HELPER_FN(ringbuf_output)
{
	return helper_err(map_ringbuf_output(u64_to_ptr(r1), u64_to_ptr(r2), r3, r4));
}

HELPER_FN(ringbuf_query)
{
	return map_ringbuf_query(u64_to_ptr(r1), r2);
}

/*
 * (ctx, map, flags, data, size), as __bpf_perf_event_output: nobody can open a buffer here yet, so
 * that what is right in all else ends in -ENOENT, as it does in the kernel while nobody listens.
 */
HELPER_FN(perf_event_output)
{
	const struct map *map = u64_to_ptr(r2);
	u64 index = r3 & PERF_INDEX_MASK;

	if (r3 & ~(PERF_CTXLEN_MASK | PERF_INDEX_MASK))
		return helper_err(-EINVAL);
	if (index == PERF_INDEX_MASK)
		index = run->cpu;
	if (index >= map->attr.max_entries)
		return helper_err(-E2BIG);
	return helper_err(-ENOENT);
}
