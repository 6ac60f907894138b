/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slow ways of the lock. A thread that sleeps first says so by LOCK_HELD_WAITERS; whoever
 * gives back a lock in that state wakes one. A woken thread takes the lock in that state too, as
 * it cannot know whether others still sleep. Futexes are not private: locks may lie in shared maps.
 */
#include "base/lock.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOCK_SPINS 100

void futex_wait(_Atomic u32 *word, u32 seen)
{
	/* Any error (changed word, signal) means: look again. */
	(void)syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0);
}

void futex_wake(_Atomic u32 *word, u32 cnt)
{
	(void)syscall(SYS_futex, word, FUTEX_WAKE, cnt, NULL, NULL, 0);
}

void lock_take_slow(struct lock *lock)
{
	for (u32 i = 0; i < LOCK_SPINS; i++) {
		lock_relax();
		if (atomic_load_explicit(&lock->state, memory_order_relaxed) == LOCK_OPEN &&
		    lock_try(lock))
			return;
	}
	while (atomic_exchange_explicit(&lock->state, LOCK_HELD_WAITERS, memory_order_acquire) !=
	       LOCK_OPEN)
		futex_wait(&lock->state, LOCK_HELD_WAITERS);
}

void lock_give_slow(struct lock *lock)
{
	futex_wake(&lock->state, 1);
}
