/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Epoch reclamation within a process: memory that readers may still look at is freed when all that
 * were reading are done. Programs, inner maps and attached objects are such memory; map elements
 * are not (their memory is type-stable).
 *
 * A reader brackets what it does with epoch_enter and epoch_exit; any thread, nesting allowed, no
 * registration, one uncontended atomic add each. A writer first makes the old thing unreachable,
 * then hands it to epoch_defer. Deferred work runs in whatever thread next calls epoch_defer,
 * epoch_poll or epoch_drain without standing inside enter…exit itself.
 */
#ifndef SKEP_BASE_EPOCH_H
#define SKEP_BASE_EPOCH_H

#include "base/types.h"

struct epoch;

/* What waits to be freed; lies inside the thing itself, so that deferring cannot fail. */
struct epoch_work {
	struct epoch_work *next;
	void (*fn)(struct epoch_work *work);
};

int epoch_new(struct epoch **ret_epoch) must_check;
/* Runs all deferred work; nobody may be inside. NULL is allowed. */
void epoch_free(struct epoch *epoch);

/* Returns a token that epoch_exit wants back, in the same or another thread. */
u32 epoch_enter(struct epoch *epoch);
void epoch_exit(struct epoch *epoch, u32 token);

void epoch_defer(struct epoch *epoch, struct epoch_work *work, void (*fn)(struct epoch_work *));
/* Runs what has become free. Never waits. */
void epoch_poll(struct epoch *epoch);
/*
 * Waits for all readers that are inside now, then runs all that was deferred before the call.
 * Not from inside, nor from deferred work.
 */
void epoch_drain(struct epoch *epoch);

#endif
