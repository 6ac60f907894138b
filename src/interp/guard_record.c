/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ring buffer records that a guarded program has reserved. A record that is never committed stops
 * its consumer for ever, so whatever way an execution ends, none is left: what the verifier of the
 * kernel refuses as an unreleased reference is a fault here, and the records are discarded.
 */
#include "base/err.h"
#include "interp/guard_int.h"
#include "map/ringbuf.h"
#include "spec/helper.h"

static void discard(const struct guard_record *record)
{
	int err = map_ringbuf_commit(record->map, u64_to_ptr(record->addr), 0, true);

	(void)err; /* -EINVAL: committed meanwhile by a helper that we did not see */
}

bool guard_record_reserved(struct guard *g, struct map *map, u64 addr)
{
	struct guard_record record = { .map = map, .addr = addr };

	if (!addr)
		return true;
	if (g->record_cnt == GUARD_RECORDS) {
		discard(&record);
		return guard_fault(g, FAULT_CALL, "more than %u ring buffer records at once",
				   GUARD_RECORDS);
	}
	g->records[g->record_cnt++] = record;
	return true;
}

void guard_record_released(struct guard *g, u64 addr)
{
	u32 i;

	for (i = 0; i < g->record_cnt; i++) {
		if (g->records[i].addr != addr)
			continue;
		g->records[i] = g->records[--g->record_cnt];
		return;
	}
}

int guard_records_end(struct guard *g, int err)
{
	if (!g->record_cnt)
		return err;
	if (!err) {
		guard_fault(g, FAULT_CALL,
			    "ended with %u ring buffer record%s neither submitted nor discarded",
			    g->record_cnt, g->record_cnt == 1 ? "" : "s");
		err = -EFAULT;
	}
	while (g->record_cnt)
		discard(&g->records[--g->record_cnt]);
	return err;
}
