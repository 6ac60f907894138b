/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheme is that of sleepable RCU (SRCU): two sets of counters, one of which is current. A
 * reader counts itself in on the current set and out on the same one. A grace period drains the
 * idle set, makes it current, and drains the other; every reader that was inside when it began has
 * then left.
 *
 * 1. `outs` are summed before `ins`: a reader seen going out was seen coming in, so equal sums mean
 *    that the set was empty at some moment in between.
 * 2. A reader that read `current` long ago may still count itself in on the idle set: that is why
 *    it is drained before it becomes current again.
 * 3. All of it is sequentially consistent: a reader whose coming in was not seen came in after the
 *    writer's unlinking, and does not find the old thing.
 * 4. Work is run outside the lock, so it may defer more.
 */
#include "base/epoch.h"

#include <assert.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/err.h"
#include "base/lock.h"
#include "base/mem.h"

#define EPOCH_CELLS	 16u /* readers on different CPUs rarely share one; a power of two */
#define EPOCH_CELL_BYTES 128

struct epoch_cell {
	_Atomic u64 ins[2], outs[2];
	u8 pad[EPOCH_CELL_BYTES - 4 * sizeof(u64)];
};

struct epoch_list {
	struct epoch_work *first, **last;
};

struct epoch {
	struct epoch_cell cells[EPOCH_CELLS];
	_Atomic u32 current; /* index of the set that readers enter; written under `lock` */
	_Atomic u32 deferred; /* works not yet run */
	struct lock lock;    /* guards all below */
	bool running;	     /* a thread runs works: the next ones wait, so that order is kept */
	bool flipped;	     /* half of the grace period for `waiting` is over */
	struct epoch_list waiting; /* the grace period that goes on is for these */
	struct epoch_list next;	   /* the next one will be */
};

static void list_init(struct epoch_list *list)
{
	list->first = NULL;
	list->last = &list->first;
}

static struct epoch_work *list_take(struct epoch_list *list)
{
	struct epoch_work *first = list->first;

	list_init(list);
	return first;
}

int epoch_new(struct epoch **ret_epoch)
{
	struct epoch *epoch = mem_zalloc(sizeof(*epoch));

	if (!epoch)
		return -ENOMEM;
	list_init(&epoch->waiting);
	list_init(&epoch->next);
	*ret_epoch = epoch;
	return 0;
}

u32 epoch_enter(struct epoch *epoch)
{
	int cpu = sched_getcpu();
	u32 cell = cpu < 0 ? 0 : (u32)cpu & (EPOCH_CELLS - 1);
	u32 set = atomic_load(&epoch->current);

	atomic_fetch_add(&epoch->cells[cell].ins[set], 1);
	return cell * 2 + set;
}

void epoch_exit(struct epoch *epoch, u32 token)
{
	assert(token < EPOCH_CELLS * 2);
	atomic_fetch_add(&epoch->cells[token / 2].outs[token & 1], 1);
}

static bool set_is_empty(struct epoch *epoch, u32 set)
{
	u64 outs = 0, ins = 0;

	for (u32 i = 0; i < EPOCH_CELLS; i++)
		outs += atomic_load(&epoch->cells[i].outs[set]);
	for (u32 i = 0; i < EPOCH_CELLS; i++)
		ins += atomic_load(&epoch->cells[i].ins[set]);
	return ins == outs;
}

/* Carries the grace period on as far as readers let it; returns work that is free to run. */
static struct epoch_work *advance_locked(struct epoch *epoch)
{
	if (epoch->running)
		return NULL;
	if (!epoch->waiting.first) {
		if (!epoch->next.first)
			return NULL;
		epoch->waiting.first = epoch->next.first;
		epoch->waiting.last = epoch->next.last;
		list_init(&epoch->next);
		epoch->flipped = false;
	}
	if (!epoch->flipped) {
		u32 set = atomic_load(&epoch->current);

		if (!set_is_empty(epoch, !set))
			return NULL;
		atomic_store(&epoch->current, !set);
		epoch->flipped = true;
	}
	if (!set_is_empty(epoch, !atomic_load(&epoch->current)))
		return NULL;
	epoch->running = true;
	return list_take(&epoch->waiting);
}

static void run_works(struct epoch *epoch, struct epoch_work *work)
{
	while (work) {
		struct epoch_work *next = work->next;

		work->fn(work);
		atomic_fetch_sub(&epoch->deferred, 1);
		work = next;
	}
	lock_take(&epoch->lock);
	epoch->running = false;
	lock_give(&epoch->lock);
}

void epoch_poll(struct epoch *epoch)
{
	struct epoch_work *work;

	if (!atomic_load_explicit(&epoch->deferred, memory_order_relaxed))
		return;
	do {
		/* Somebody else is at it: no need to wait for them. */
		if (!lock_try(&epoch->lock))
			return;
		work = advance_locked(epoch);
		lock_give(&epoch->lock);
		if (work)
			run_works(epoch, work);
	} while (work);
}

void epoch_defer(struct epoch *epoch, struct epoch_work *work, void (*fn)(struct epoch_work *))
{
	work->fn = fn;
	work->next = NULL;
	lock_take(&epoch->lock);
	*epoch->next.last = work;
	epoch->next.last = &work->next;
	atomic_fetch_add(&epoch->deferred, 1);
	lock_give(&epoch->lock);
	epoch_poll(epoch);
}

struct drain {
	struct epoch_work work;
	_Atomic u32 done;
};

static void drain_done(struct epoch_work *work)
{
	struct drain *drain = container_of(work, struct drain, work);

	atomic_store(&drain->done, 1);
}

void epoch_drain(struct epoch *epoch)
{
	struct drain drain = { 0 };

	/* Works run in order: when this one runs, all before it have. */
	epoch_defer(epoch, &drain.work, drain_done);
	while (!atomic_load(&drain.done)) {
		sched_yield();
		epoch_poll(epoch);
	}
}

void epoch_free(struct epoch *epoch)
{
	if (!epoch)
		return;
	while (atomic_load(&epoch->deferred))
		epoch_drain(epoch);
	mem_free(epoch);
}
