/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/process_scratch.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "base/pages.h"

/* One for what lives through a verification, one for its states; compilations come after. */
#define KEPT 2u

/* Blocks that nobody uses; taken and given back by exchange, so that each has one owner. */
static _Atomic(void *) kept[KEPT];

void *process_scratch_take(bool *ret_fresh)
{
	/* Kept or not, it is one allocation to whoever lets them fail. */
	if (mem_fail_now())
		return NULL;
	for (u32 i = 0; i < KEPT; i++) {
		void *block = atomic_exchange_explicit(&kept[i], NULL, memory_order_acquire);

		if (block) {
			*ret_fresh = false;
			return block;
		}
	}
	*ret_fresh = true;
	return pages_new(PROCESS_SCRATCH_BYTES);
}

void process_scratch_give(void *block)
{
	for (u32 i = 0; block && i < KEPT; i++) {
		void *none = NULL;

		if (atomic_compare_exchange_strong_explicit(&kept[i], &none, block,
							    memory_order_release,
							    memory_order_relaxed))
			return;
	}
	pages_free(block, PROCESS_SCRATCH_BYTES);
}
