/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log that PROG_LOAD and BTF_LOAD write into the caller's buffer (kernel/bpf/log.c). Unless
 * the fixed bit is set, a log that does not fit keeps its end, where the reason is.
 */
#include "base/err.h"
#include "sys/sys_int.h"
#include "sys/user_mem.h"

enum log_level_bit {
	LOG_LEVEL_INSNS = 1,
	LOG_LEVEL_STATES = 2,
	LOG_LEVEL_STATS = 4,
	LOG_LEVEL_FIXED = 8,
	LOG_LEVEL_ALL = 15,
};

#define LOG_BYTES_MAX (UINT32_MAX >> 2)

/* bpf_verifier_log_attr_valid() */
int sys_log_check(const struct sys_log *log)
{
	if (!!log->buf != !!log->size_bytes)
		return -EINVAL;
	if (log->buf && !log->level)
		return -EINVAL;
	if (log->level & ~(u32)LOG_LEVEL_ALL)
		return -EINVAL;
	if (log->size_bytes > LOG_BYTES_MAX)
		return -EINVAL;
	return 0;
}

int sys_log_finish(struct sys_log *log, int err, u32 *ret_true_bytes)
{
	const char *text = str_c(&log->text);
	u64 need = log->text.len + 1;
	u64 from = 0;

	*ret_true_bytes = 0;
	if (!log->level)
		return err;
	if (log->text.failed)
		return err ? err : -ENOMEM;
	*ret_true_bytes = (u32)MIN(need, UINT32_MAX);
	if (!log->buf)
		return err;
	if (need > log->size_bytes && !(log->level & LOG_LEVEL_FIXED))
		from = need - log->size_bytes;
	if (user_write(log->buf, text + from, MIN(need - from, log->size_bytes - 1ull)))
		return -EFAULT;
	/* Cut or not, the buffer ends in a NUL. */
	if (user_write(log->buf + MIN(need, log->size_bytes) - 1, "", 1))
		return -EFAULT;
	return need > log->size_bytes ? -ENOSPC : err;
}
