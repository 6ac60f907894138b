/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text log (kernel/bpf/log.c: bpf_verifier_vlog, bpf_vlog_reset, bpf_vlog_finalize).
 *
 * Byte p of all that was ever written stands at buf[p % size_bytes], so that a log which is too
 * long keeps its end; with VLOG_FIXED it stands at buf[p] while there is room, and the start is
 * kept. One byte is always left for the NUL.
 *
 * Invariants: pos_min <= pos; pos - pos_min < size_bytes unless VLOG_FIXED.
 */
#include "verify/log/log.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

#define LINE_BYTES_MAX 1024 /* one message; the kernel cuts there, too */

void vlog_init(struct vlog *log, u32 level, char *buf, u32 size_bytes)
{
	*log = (struct vlog){ .level = level, .buf = buf, .size_bytes = buf ? size_bytes : 0 };
}

static void put_rotating(struct vlog *log, const char *text, u32 len)
{
	u64 end = log->pos + len;
	u32 size = log->size_bytes, room = size - 1;

	if (end - log->pos_min > room)
		log->pos_min = end - room;
	/* What would be overwritten at once is not written; only the last bytes count. */
	if (len > room) {
		text += len - room;
		len = room;
	}
	for (u64 at = end - len; len;) {
		u32 off = (u32)(at % size), n = MIN(len, size - off);

		memcpy(log->buf + off, text, n);
		text += n;
		at += n;
		len -= n;
	}
}

static void put_fixed(struct vlog *log, const char *text, u32 len)
{
	u64 room = log->pos < log->size_bytes - 1u ? log->size_bytes - 1u - log->pos : 0;

	if (room)
		memcpy(log->buf + log->pos, text, MIN(room, len));
}

void vlog_vadd(struct vlog *log, const char *fmt, va_list ap)
{
	char line[LINE_BYTES_MAX];
	int n;

	if (!log->level)
		return;
	n = vsnprintf(line, sizeof(line), fmt, ap);
	if (n <= 0)
		return;
	n = MIN(n, LINE_BYTES_MAX - 1);
	if (log->size_bytes && log->level & VLOG_FIXED)
		put_fixed(log, line, (u32)n);
	else if (log->size_bytes)
		put_rotating(log, line, (u32)n);
	log->pos += (u32)n;
	log->pos_max = MAX(log->pos_max, log->pos + 1);
	if (log->size_bytes && log->pos_max > log->size_bytes)
		log->truncated = true;
}

void vlog_add(struct vlog *log, const char *fmt, ...)
{
	va_list ap;

	if (!log->level)
		return;
	va_start(ap, fmt);
	vlog_vadd(log, fmt, ap);
	va_end(ap);
}

void vlog_reset(struct vlog *log, u64 pos)
{
	if (pos > log->pos)
		return;
	log->pos = pos;
	log->pos_min = MIN(log->pos_min, pos);
}

static void reverse(char *buf, u32 len)
{
	for (u32 i = 0; i < len / 2; i++) {
		char c = buf[i];

		buf[i] = buf[len - 1 - i];
		buf[len - 1 - i] = c;
	}
}

int vlog_finish(struct vlog *log, u32 *ret_true_bytes)
{
	u32 size = log->size_bytes, end;

	*ret_true_bytes = log->level ? (u32)MIN(log->pos_max, UINT32_MAX) : 0;
	if (!log->level || !size)
		return 0;
	if (log->level & VLOG_FIXED) {
		end = (u32)MIN(log->pos, size - 1u);
	} else {
		u32 first = (u32)(log->pos_min % size);

		end = (u32)(log->pos - log->pos_min);
		if (first) { /* three reversals turn a ring */
			reverse(log->buf, first);
			reverse(log->buf + first, size - first);
			reverse(log->buf, size);
		}
	}
	log->buf[end] = '\0';
	return log->truncated ? -ENOSPC : 0;
}
