/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Against speculation: nothing behind the barrier is executed, even by a guess, before all that is
 * in front of it is known to happen (the kernel's barrier_nospec and arm64's spec_bar).
 */
#ifndef SKEP_BASE_BARRIER_H
#define SKEP_BASE_BARRIER_H

#include "base/types.h"

static always_inline void speculation_barrier(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__asm__ volatile("lfence" : : : "memory");
#elif defined(__aarch64__)
	__asm__ volatile("dsb nsh\n\tisb" : : : "memory");
#else
	/* What other machines have is not measured here: a barrier to all that is in memory. */
	__sync_synchronize();
#endif
}

/*
 * @index, which is known to be below @cnt, and 0 where only a wrong guess of the processor could
 * bring another one here (array_index_nospec).
 */
static always_inline u32 index_nospec(u32 index, u32 cnt)
{
	u64 below;

	/* The compiler knows how the comparison went, and must not use it. */
	__asm__("" : "+r"(index));
	below = (u64)((s64)((u64)index - cnt) >> 63);
	return index & (u32)below;
}

#endif
