/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The format language of trace_printk, trace_vprintk, snprintf and seq_printf, as
 * bpf_bprintf_prepare accepts it and bstr_printf renders it:
 *
 *   %[0+- ]*[width]  followed by  d i u x X  with l or ll before,  c,  s,  ps-like %pks %pus,
 *   p  pK  px  ps  pS  pB  (addresses),  pi4 pI4 pi6 pI6  (bytes at an address),  %%
 *
 * No precision, no '#', no 'h', no '*'.
 */
#ifndef SKEP_HELPER_FORMAT_H
#define SKEP_HELPER_FORMAT_H

#include "prog/run.h"

#define FORMAT_ARGS_MAX	      12u   /* MAX_BPRINTF_VARARGS */
#define FORMAT_OUT_BYTES      1024u /* MAX_BPRINTF_BUF */
#define FORMAT_PRINTK_ARGS    3u

struct format_req {
	const char *fmt;
	u32 fmt_bytes; /* the NUL must be among them */
	const void *args; /* u64 each, any alignment */
	u32 arg_cnt;
	char *out; /* gets at most out_bytes with the NUL; untouched for 0 */
	u32 out_bytes;
};

/*
 * Length of the whole text without NUL (more than fits: it was cut), -EINVAL for a format outside
 * the language or with more conversions than arguments, -ENOSPC when strings and numbers exceed
 * the kernel's 512 bytes of arguments.
 */
s64 helper_format(const struct run *run, const struct format_req *req) must_check;

/* The argument array of vprintk and snprintf: its count, or -EINVAL for a size that is none. */
s32 helper_format_arg_cnt(u64 args, u64 args_bytes) must_check;

#endif
