/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/clock.h"

#include <time.h>

#define NS_PER_S       1000000000ull
#define JIFFIES_HZ     250ull
/* INITIAL_JIFFIES: 32 bits wrap five minutes after boot, so that wrap bugs show early. */
#define JIFFIES_INITIAL ((u64)(u32)(0u - 300u * JIFFIES_HZ))

static u64 clock_read_ns(clockid_t id)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(id, &ts);
	return (u64)ts.tv_sec * NS_PER_S + (u64)ts.tv_nsec;
}

u64 clock_mono_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

u64 clock_boot_ns(void)
{
	return clock_read_ns(CLOCK_BOOTTIME);
}

u64 clock_real_ns(void)
{
	return clock_read_ns(CLOCK_REALTIME);
}

u64 clock_tai_ns(void)
{
	return clock_read_ns(CLOCK_TAI);
}

u64 clock_mono_coarse_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC_COARSE);
}

u64 clock_thread_ns(void)
{
	return clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
}

u64 clock_jiffies(void)
{
	return JIFFIES_INITIAL + clock_boot_ns() / (NS_PER_S / JIFFIES_HZ);
}
