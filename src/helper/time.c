/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clocks. The instance may have a clock of its own (run_ops.clock_ns: replays, tests); otherwise
 * programs read the host's, through the vDSO: docs/adr/0014 says why not from the counter itself.
 */
#include <time.h>

#include "helper/helper_int.h"

#define NS_PER_SEC	1000000000u
#define HZ		1000u /* the kernel's CONFIG_HZ: what jiffies count here */
#define JIFFIES_BOOT	((u64)(u32)-(s32)(300 * HZ)) /* INITIAL_JIFFIES: wraps after 5 minutes */

static u64 clock_ns(struct run *run, clockid_t id)
{
	struct timespec ts;

	if (run->ops && run->ops->clock_ns)
		return run->ops->clock_ns(run, id);
	if (clock_gettime(id, &ts))
		return 0;
	return (u64)ts.tv_sec * NS_PER_SEC + (u64)ts.tv_nsec;
}

HELPER_FN(ktime_get_ns)
{
	return clock_ns(run, CLOCK_MONOTONIC);
}

HELPER_FN(ktime_get_boot_ns)
{
	return clock_ns(run, CLOCK_BOOTTIME);
}

HELPER_FN(ktime_get_coarse_ns)
{
	return clock_ns(run, CLOCK_MONOTONIC_COARSE);
}

HELPER_FN(ktime_get_tai_ns)
{
	return clock_ns(run, CLOCK_TAI);
}

HELPER_FN(jiffies64)
{
	return JIFFIES_BOOT + clock_ns(run, CLOCK_MONOTONIC_COARSE) / (NS_PER_SEC / HZ);
}
