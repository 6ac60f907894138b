/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_probe_read and its kin: (dst, size, address). What cannot be read leaves dst zeroed and
 * gives -EFAULT. The user-space variants see the same memory as the others: the instance's.
 */
#include <string.h>

#include "base/err.h"
#include "helper/helper_int.h"
#include "helper/mem.h"

static u64 probe_read(const struct run *run, u64 dst, u64 size, u64 src)
{
	int err = helper_mem_read(run, u64_to_ptr(dst), src, (u32)size);

	if (err)
		memset(u64_to_ptr(dst), 0, (u32)size);
	return helper_err(err);
}

/* The length with the NUL, or -EFAULT; nothing at all for a size of 0. */
static u64 probe_read_str(const struct run *run, u64 dst, u64 size, u64 src)
{
	s64 ret;

	if (!(u32)size)
		return 0;
	ret = helper_mem_read_str(run, u64_to_ptr(dst), src, (u32)size);
	if (ret < 0)
		memset(u64_to_ptr(dst), 0, (u32)size);
	return (u64)ret;
}

HELPER_FN(probe_read)
{
	return probe_read(run, r1, r2, r3);
}

HELPER_FN(probe_read_kernel)
{
	return probe_read(run, r1, r2, r3);
}

HELPER_FN(probe_read_user)
{
	return probe_read(run, r1, r2, r3);
}

HELPER_FN(probe_read_str)
{
	return probe_read_str(run, r1, r2, r3);
}

HELPER_FN(probe_read_kernel_str)
{
	return probe_read_str(run, r1, r2, r3);
}

HELPER_FN(probe_read_user_str)
{
	return probe_read_str(run, r1, r2, r3);
}
