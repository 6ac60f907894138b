/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A lock of 32 bits: zeroed memory is an open lock, it holds no pointer and works in memory that
 * several processes map. Spins a little, then sleeps in the kernel (futex). Not recursive, not
 * fair; a holder must not call back into anything that may take the same lock.
 */
#ifndef SKEP_BASE_LOCK_H
#define SKEP_BASE_LOCK_H

#include <stdatomic.h>

#include "base/types.h"

enum lock_state { LOCK_OPEN = 0, LOCK_HELD = 1, LOCK_HELD_WAITERS = 2 };

struct lock {
	_Atomic u32 state; /* enum lock_state */
};

void lock_take_slow(struct lock *lock);
void lock_give_slow(struct lock *lock);

static inline bool lock_try(struct lock *lock)
{
	u32 open = LOCK_OPEN;

	return atomic_compare_exchange_strong_explicit(&lock->state, &open, LOCK_HELD,
						       memory_order_acquire, memory_order_relaxed);
}

static inline void lock_take(struct lock *lock)
{
	if (unlikely(!lock_try(lock)))
		lock_take_slow(lock);
}

static inline void lock_give(struct lock *lock)
{
	if (unlikely(atomic_exchange_explicit(&lock->state, LOCK_OPEN, memory_order_release) ==
		     LOCK_HELD_WAITERS))
		lock_give_slow(lock);
}

/* One step of a loop that waits for another thread: lets the sibling core run. */
static inline void lock_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* Sleeps while *@word is @seen; may return early. Wakes up to @cnt sleepers of @word. */
void futex_wait(_Atomic u32 *word, u32 seen);
void futex_wake(_Atomic u32 *word, u32 cnt);

#endif
