/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where libbpf's system calls arrive (design 2.3). In our own copy of libbpf.a the symbol
 * `syscall` is renamed to loader_syscall. bpf(2) goes to the instance that the thread has entered
 * and never to the real kernel; perf_event_open has no hook here yet; the rest goes on.
 *
 * This file alone answers through errno, because it stands in for libc.
 */
#include "object/wrap.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/process.h"
#include "base/types.h"
#include "core/skep.h"
#include "sys/sys.h"

static long bpf_call(u32 cmd, u64 attr_addr, u32 size)
{
	struct skep *skep = process_current();

	if (!skep)
		return -EPERM; /* no instance entered; it is not the real kernel's business */
	atomic_fetch_add_explicit(&skep->loader_calls, 1, memory_order_relaxed);
	return sys_bpf(skep, cmd, attr_addr, size);
}

/* False: not ours, ask the kernel. */
static bool answer(long nr, const long a[6], long *ret)
{
	if (nr == SYS_bpf)
		*ret = bpf_call((u32)a[0], (u64)a[1], (u32)a[2]);
	else if (nr == SYS_perf_event_open)
		*ret = -EOPNOTSUPP;
	else
		return false;
	if (*ret < 0) {
		/* tidy: allow errno: this is libc's syscall() to libbpf */
		errno = (int)-*ret;
		*ret = -1;
	}
	return true;
}

#define COLLECT_ARGS(a, nr)                                                                        \
	do {                                                                                       \
		va_list ap;                                                                        \
		va_start(ap, nr);                                                                  \
		for (u32 i = 0; i < ARRAY_SIZE(a); i++)                                            \
			a[i] = va_arg(ap, long);                                                   \
		va_end(ap);                                                                        \
	} while (0)

/* tidy: allow global: stands in for libc's variable, written once before main() */
FILE *loader_stderr;

__attribute__((constructor)) static void set_stderr(void)
{
	loader_stderr = stderr;
}

long loader_syscall(long nr, ...)
{
	long a[6], ret;

	COLLECT_ARGS(a, nr);
	if (answer(nr, a, &ret))
		return ret;
	return syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* The same for embedders that link their own libbpf.a with -Wl,--wrap=syscall (skeletons). */
long __wrap_syscall(long nr, ...)
{
	long a[6], ret;

	COLLECT_ARGS(a, nr);
	if (answer(nr, a, &ret))
		return ret;
	return syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}
