/* SPDX-License-Identifier: BSD-2-Clause */
/* The current task is the thread that runs the program: its ids and name, as the host has them. */
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "helper/helper_int.h"

#define COMM_BYTES   16 /* TASK_COMM_LEN */
#define PIDNS_PATH   "/proc/self/ns/pid"
#define PIDNS_BYTES  8u /* struct bpf_pidns_info: pid, tgid */

HELPER_FN(get_current_pid_tgid)
{
	return (u64)(u32)getpid() << 32 | (u32)gettid();
}

HELPER_FN(get_current_uid_gid)
{
	return (u64)getegid() << 32 | geteuid();
}

HELPER_FN(get_current_comm)
{
	char comm[COMM_BYTES] = { 0 };
	char *dst = u64_to_ptr(r1);
	u32 size = (u32)r2, len;

	memset(dst, 0, size);
	if (!size || prctl(PR_GET_NAME, comm))
		return helper_err(-EINVAL);
	len = (u32)strnlen(comm, sizeof(comm) - 1);
	memcpy(dst, comm, MIN(len, size - 1));
	return 0;
}

/* (dev, ino, struct bpf_pidns_info *, size): ids in the namespace that the caller knows by stat. */
HELPER_FN(get_ns_current_pid_tgid)
{
	u8 *info = u64_to_ptr(r3);
	struct stat st;

	if ((u32)r4 != PIDNS_BYTES || stat(PIDNS_PATH, &st) || st.st_dev != r1 ||
	    st.st_ino != r2) {
		memset(info, 0, (u32)r4);
		return helper_err(-EINVAL);
	}
	store_u32(info, (u32)gettid());
	store_u32(info + 4, (u32)getpid());
	return 0;
}
