/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verifier's log (kernel/bpf/log.c): text by level into a sink that keeps either the start or
 * the end when it is full, and the structured record of why a program was rejected.
 */
#ifndef SKEP_VERIFY_LOG_LOG_H
#define SKEP_VERIFY_LOG_LOG_H

#include <stdarg.h>

#include "base/types.h"

enum vlog_level {
	VLOG_1 = 1,	/* one line per instruction, dropped again where paths succeed */
	VLOG_2 = 2,	/* all states, of all paths */
	VLOG_STATS = 4,
	VLOG_FIXED = 8, /* keeps the start of the log instead of the end */
	VLOG_MASK = 15,
};

/*
 * Positions count all bytes ever written. Text that later turns out to be of no interest is taken
 * back by vlog_reset. @buf may be NULL (with size 0) when only log_true_size is wanted.
 */
struct vlog {
	char *buf; /* borrowed; NUL-terminated by vlog_finish */
	u32 size_bytes;
	u32 level; /* 0: nothing is written, but reject() still fills the record */
	u64 pos, pos_min, pos_max; /* pos_min: bytes before it fell out (rotating) */
	bool truncated;
};

void vlog_init(struct vlog *log, u32 level, char *buf, u32 size_bytes);
void vlog_add(struct vlog *log, const char *fmt, ...) printf_like(2, 3);
void vlog_vadd(struct vlog *log, const char *fmt, va_list ap);
/* Forgets everything after @pos (bpf_vlog_reset). */
void vlog_reset(struct vlog *log, u64 pos);
/*
 * Turns a rotated log the right way round and ends it with NUL. *ret_true_bytes: what the buffer
 * would have to hold. 0 or -ENOSPC (bpf_vlog_finalize).
 */
int vlog_finish(struct vlog *log, u32 *ret_true_bytes) must_check;

static inline bool vlog_on(const struct vlog *log)
{
	return log->level != 0;
}

#define VLOG_REASON_BYTES 256

/* Why: filled by the first reject() of a run. Path and explanations build on it. */
struct reject_record {
	int err; /* 0: nothing was rejected */
	u32 insn_idx;
	s32 regno; /* -1: none in particular */
	u32 line_col; /* line_info's packed field, 0 without */
	const char *file, *line; /* of the program's BTF, NULL without */
	const char *code; /* the format string of the message: one code per reason, stable text */
	char reason[VLOG_REASON_BYTES]; /* the message, without a newline */
	char reg_text[128];		/* the register as in the log, "" without */
	/* The last branches of the path: instruction and where it went; newest first. */
	u32 path_cnt;
	struct reject_step {
		u32 insn_idx, to_idx;
	} path[32];
};

#endif
