/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_PROG_TEST_RUN for programs on packets, as net/bpf/test_run.c of the kernel does it: an input
 * of bytes and, optionally, of context fields; the same as output. Memory here is the caller's own;
 * copying to and from a client is the system call's business (test_run_clamp says how much).
 */
#ifndef SKEP_ATTACH_TEST_RUN_H
#define SKEP_ATTACH_TEST_RUN_H

#include "base/types.h"
#include "prog/prog.h"
#include "prog/run.h"

#define TEST_RUN_CTX_BYTES_MAX 192u /* struct __sk_buff */

struct test_run_in {
	const void *data;
	u32 data_bytes;
	const void *ctx; /* struct xdp_md or struct __sk_buff of the UAPI; NULL without */
	u32 ctx_bytes;	 /* may be less (the rest is 0) or more (the rest must be 0) */
	bool want_ctx;	 /* the client has room for an output context */
	u32 repeat;	 /* runs over the same packet, not reset in between; 0 is 1 */
	u32 flags, cpu, batch_size;
	u64 budget_insns; /* for each run */
};

struct test_run_out {
	u32 retval;	  /* of the last run */
	u32 duration_ns;  /* of one run, on average */
	u8 *data;	  /* owned; begins with the metadata, for XDP */
	u32 data_bytes;
	u8 ctx[TEST_RUN_CTX_BYTES_MAX];
	u32 ctx_bytes; /* 0: there was no context */
};

/*
 * 0; -EINVAL, -E2BIG, -ENOMEM where the kernel has them; -ENOTSUPP for other program types;
 * -EOPNOTSUPP for live frames, which need real devices; -EFAULT with run->fault when the program
 * faulted. *ret_out is to be given to test_run_fini in every case.
 *
 * Deviations: interfaces that a context names are not looked up (no -ENODEV), and an XDP frame is
 * always one piece, where the kernel gives fragments behind the first page, or behind the data_end
 * of an input context.
 */
int test_run(struct run *run, const struct prog *prog, const struct test_run_in *in,
	     struct test_run_out *ret_out) must_check;
void test_run_fini(struct test_run_out *out);

/*
 * How many of @size bytes to copy to a client with @room: bpf_test_finish. Data with room 0 is
 * copied whole (@is_data). 0 or -ENOSPC; the copy is made and the size reported in both cases.
 */
int test_run_clamp(u32 size, u32 room, bool is_data, u32 *ret_copy) must_check;

#endif
