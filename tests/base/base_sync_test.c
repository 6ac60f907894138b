/* SPDX-License-Identifier: BSD-2-Clause */
/* Locks, CPU slots and epochs under four threads (run them under TSan too: make check-tsan). */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "base/barrier.h"
#include "base/epoch.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/percpu.h"
#include "tests/oom.h"
#include "tests/tap.h"

#define THREADS 4
#define ROUNDS	20000

static void on_threads(void *(*fn)(void *), void *arg)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, fn, arg);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

struct counted {
	struct lock lock;
	u64 cnt;
	struct cpu_slots *slots;
	u64 per_cpu[2];
};

static void *count_locked(void *arg)
{
	struct counted *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		lock_take(&c->lock);
		c->cnt++;
		lock_give(&c->lock);
	}
	return NULL;
}

static void test_lock(void)
{
	struct counted c = { 0 };

	tap_ok(lock_try(&c.lock), "an open lock can be taken");
	tap_ok(!lock_try(&c.lock), "a held one cannot");
	lock_give(&c.lock);
	on_threads(count_locked, &c);
	tap_eq(c.cnt, THREADS * ROUNDS, "no increment is lost under the lock");
}

static void *count_on_slot(void *arg)
{
	struct counted *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		u32 cpu = cpu_slot_take(c->slots);

		c->per_cpu[cpu]++; /* a plain increment: the lease protects it */
		cpu_slot_give(c->slots, cpu);
	}
	return NULL;
}

static void test_slots(void)
{
	struct counted c = { 0 };
	u32 a, b, none;

	tap_ok(cpus_possible() >= 1, "this host has a possible CPU");
	tap_eq(cpu_slots_new(0, &c.slots), -EINVAL, "no slots: refused");
	tap_eq(cpu_slots_new(2, &c.slots), 0, "two slots");
	a = cpu_slot_take(c.slots);
	tap_eq(cpu_slot_try(c.slots, &b), 0, "the second is free");
	tap_ok(a != b && a < 2 && b < 2, "and is another");
	tap_eq(cpu_slot_try(c.slots, &none), -EBUSY, "the third is not there");
	cpu_slot_give(c.slots, a);
	cpu_slot_give(c.slots, b);
	on_threads(count_on_slot, &c);
	tap_eq(c.per_cpu[0] + c.per_cpu[1], THREADS * ROUNDS, "no per-CPU increment is lost");
	cpu_slots_free(c.slots);
}

struct shared {
	struct epoch *epoch;
	_Atomic(struct thing *) thing;
	_Atomic u32 freed, made, bad;
};

struct thing {
	struct epoch_work work;
	struct shared *shared;
	_Atomic u32 alive;
};

static void thing_free(struct epoch_work *work)
{
	struct thing *t = container_of(work, struct thing, work);

	atomic_store(&t->alive, 0);
	atomic_fetch_add(&t->shared->freed, 1);
	mem_free(t);
}

static struct thing *thing_new(struct shared *s)
{
	struct thing *t = mem_zalloc(sizeof(*t));

	t->shared = s;
	atomic_store(&t->alive, 1);
	atomic_fetch_add(&s->made, 1);
	return t;
}

/* Three of four turns read; the fourth replaces the thing and defers the old one. */
static void *read_and_replace(void *arg)
{
	struct shared *s = arg;

	for (int i = 0; i < ROUNDS / 4; i++) {
		if (i % 4 == 3) {
			struct thing *old = atomic_exchange(&s->thing, thing_new(s));

			epoch_defer(s->epoch, &old->work, thing_free);
		} else {
			u32 token = epoch_enter(s->epoch);
			struct thing *t = atomic_load(&s->thing);

			for (int k = 0; k < 3; k++)
				if (atomic_load(&t->alive) != 1)
					atomic_fetch_add(&s->bad, 1);
			if (i % 64 == 0)
				sched_yield();
			epoch_exit(s->epoch, token);
		}
	}
	return NULL;
}

static void test_epoch(void)
{
	struct shared s = { 0 };
	struct thing *first;
	u32 token;

	tap_eq(epoch_new(&s.epoch), 0, "an epoch");
	first = thing_new(&s);
	token = epoch_enter(s.epoch);
	epoch_defer(s.epoch, &first->work, thing_free);
	epoch_poll(s.epoch);
	tap_eq(s.freed, 0, "nothing is freed while a reader is inside");
	epoch_exit(s.epoch, token);
	token = epoch_enter(s.epoch);
	epoch_poll(s.epoch);
	epoch_poll(s.epoch);
	tap_eq(s.freed, 1, "a reader that came later does not hold it up");
	epoch_exit(s.epoch, token);
	atomic_store(&s.thing, thing_new(&s));
	on_threads(read_and_replace, &s);
	tap_eq(s.bad, 0, "no reader meets a freed thing");
	first = atomic_load(&s.thing);
	epoch_defer(s.epoch, &first->work, thing_free);
	epoch_drain(s.epoch);
	tap_eq(s.freed, s.made, "after a drain all are freed");
	epoch_free(s.epoch);
}

static int make_all(void *arg)
{
	struct epoch *epoch = NULL;
	struct cpu_slots *slots = NULL;
	int err = epoch_new(&epoch);

	(void)arg;
	if (!err)
		err = cpu_slots_new(3, &slots);
	cpu_slots_free(slots);
	epoch_free(epoch);
	return err;
}

/* What a wrong guess would use: 0 for every index outside, itself inside. */
static void test_index(void)
{
	static const u32 corners[] = { 0,	  1,	      2,	  7,	      0x7fffffff,
				       0x80000000, 0x80000001, 0xfffffffe, 0xffffffff };
	u32 bad = 0;

	for (u32 i = 0; i < ARRAY_SIZE(corners); i++)
		for (u32 n = 0; n < ARRAY_SIZE(corners); n++)
			bad += index_nospec(corners[i], corners[n]) !=
			       (corners[i] < corners[n] ? corners[i] : 0);
	tap_eq(bad, 0, "index_nospec masks what is outside, and nothing else");
}

int main(void)
{
	test_index();
	test_lock();
	test_slots();
	test_epoch();
	oom_sweep(make_all, NULL, "epoch and slots");
	return tap_done();
}
