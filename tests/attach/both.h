/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One program, two systems: the live kernel's BPF_PROG_TEST_RUN and ours (guard and
 * attach/test_run), on the same input. Programs are built with a small emitter.
 */
#ifndef SKEP_TESTS_ATTACH_BOTH_H
#define SKEP_TESTS_ATTACH_BOTH_H

#include "attach/test_run.h"
#include "base/types.h"
#include "isa/insn.h"
#include "spec/spec.h"

#define BOTH_INSNS_MAX 512
#define BOTH_DATA_MAX  20000

struct both_code {
	struct insn insns[BOTH_INSNS_MAX];
	u32 cnt;
};

void both_emit(struct both_code *c, u8 code, u32 dst, u32 src, s16 off, s32 imm);
void both_mov(struct both_code *c, u32 dst, u32 src);
void both_imm64(struct both_code *c, u32 dst, u64 value);
void both_load(struct both_code *c, u32 size_bytes, u32 dst, u32 src, s16 off);
void both_store(struct both_code *c, u32 size_bytes, u32 dst, u32 src, s16 off);
void both_call(struct both_code *c, s32 helper);
void both_exit(struct both_code *c);

struct both_result {
	int load_err; /* 0, or why the program was refused; ours: -EFAULT for a fault */
	int run_err;
	u32 retval;
	u32 data_bytes, ctx_bytes;
	u8 data[BOTH_DATA_MAX];
	u8 ctx[TEST_RUN_CTX_BYTES_MAX];
};

/* Bytes of the context's struct: what both ask for as ctx_out; 0 for no context. */
struct both_input {
	const void *data;
	u32 data_bytes;
	const void *ctx;
	u32 ctx_bytes;
	bool want_ctx;
	u32 repeat, flags, cpu, batch_size;
};

/* True when the kernel accepts the program; loads and drops it. */
bool both_kernel_accepts(enum prog_type type, const struct both_code *c);
void both_kernel(enum prog_type type, const struct both_code *c, const struct both_input *in,
		 struct both_result *ret);
void both_ours(enum prog_type type, const struct both_code *c, const struct both_input *in,
	       struct both_result *ret);

/* A program of ours, compiled for the guard; the test puts it. 0 or -errno. */
int both_prog(enum prog_type type, const struct both_code *c, struct prog **ret_prog);

/* A small generator with a fixed seed: xorshift64*. */
u64 both_rand(u64 *state);

#endif
