/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_trace_printk, bpf_trace_vprintk, bpf_snprintf. Messages go to run_ops.trace.
 */
#include <string.h>

#include "base/err.h"
#include "helper/format.h"
#include "helper/helper_int.h"

static u64 trace(struct run *run, struct format_req *req)
{
	char text[FORMAT_OUT_BYTES];
	s64 len;

	req->out = text;
	req->out_bytes = sizeof(text);
	len = helper_format(run, req);
	if (len >= 0 && run->ops && run->ops->trace)
		run->ops->trace(run, text, (size_t)MIN(len, (s64)sizeof(text) - 1));
	return (u64)len;
}

/* (fmt, fmt_size, a, b, c) */
HELPER_FN(trace_printk)
{
	const u64 args[FORMAT_PRINTK_ARGS] = { r3, r4, r5 };
	struct format_req req = {
		.fmt = u64_to_ptr(r1),
		.fmt_bytes = (u32)r2,
		.args = args,
		.arg_cnt = FORMAT_PRINTK_ARGS,
	};

	return trace(run, &req);
}

/* (fmt, fmt_size, args, args_bytes) */
HELPER_FN(trace_vprintk)
{
	s32 cnt = helper_format_arg_cnt(r3, r4);
	struct format_req req = {
		.fmt = u64_to_ptr(r1),
		.fmt_bytes = (u32)r2,
		.args = u64_to_ptr(r3),
		.arg_cnt = (u32)cnt,
	};

	return cnt < 0 ? helper_err(cnt) : trace(run, &req);
}

/* (str, str_size, constant fmt, args, args_bytes): the length that it wanted, with the NUL. */
HELPER_FN(snprintf)
{
	const char *fmt = u64_to_ptr(r3);
	s32 cnt = helper_format_arg_cnt(r4, r5);
	struct format_req req = {
		.fmt = fmt,
		.fmt_bytes = (u32)strlen(fmt) + 1,
		.args = u64_to_ptr(r4),
		.arg_cnt = (u32)cnt,
		.out = u64_to_ptr(r1),
		.out_bytes = (u32)r2,
	};
	s64 len;

	if (cnt < 0)
		return helper_err(cnt);
	len = helper_format(run, &req);
	return len < 0 ? (u64)len : (u64)len + 1;
}
