/* SPDX-License-Identifier: BSD-2-Clause */
/* The clocks that programs and reports read, in ns. They cannot fail on Linux. */
#ifndef SKEP_BASE_CLOCK_H
#define SKEP_BASE_CLOCK_H

#include "base/types.h"

u64 clock_mono_ns(void);	/* bpf_ktime_get_ns: stops during suspend */
u64 clock_boot_ns(void);	/* bpf_ktime_get_boot_ns; a program's load_time */
u64 clock_real_ns(void);	/* since 1970 */
u64 clock_tai_ns(void);		/* bpf_ktime_get_tai_ns */
u64 clock_mono_coarse_ns(void); /* bpf_ktime_get_coarse_ns: as of the last tick */
u64 clock_thread_ns(void);	/* CPU time of this thread */
/* Ticks since boot, as bpf_jiffies64 gives them with HZ = 250 (they start 5 minutes before 0). */
u64 clock_jiffies(void);

#endif
