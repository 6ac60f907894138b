/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Machine code by hand for the tests of jit/host.h: a few functions for each machine that has a
 * JIT. HOST_CODE is 0 elsewhere, and such tests skip.
 */
#ifndef SKEP_TESTS_JIT_HOST_H
#define SKEP_TESTS_JIT_HOST_H

#include <stdio.h>
#include <string.h>

#include "base/types.h"
#include "jit/host.h"
#include "tests/tap.h"

#if defined(__x86_64__)
#define HOST_CODE  1
#define HOST_REACH JIT_REACH_X86
#define HOST_TRAP  0xccccccccu
#define HOST_ARG0  7 /* rdi */
#define HOST_RET   0 /* rax */
static const u8 code_ret42[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
/* [0] rax = 0; [2] rax = *rdi (faults); [5] ret; [6] the stub: eax = -14; ret */
static const u8 code_load[] = { 0x31, 0xc0, 0x48, 0x8b, 0x07, 0xc3,
				0xb8, 0xf2, 0xff, 0xff, 0xff, 0xc3 };
#define LOAD_AT   2
#define LOAD_STUB 6
/* *rdi = al; ret, and the same stub */
static const u8 code_store[] = { 0x31, 0xc0, 0x48, 0x89, 0x07, 0xc3,
				 0xb8, 0xf2, 0xff, 0xff, 0xff, 0xc3 };
/* an instruction that does not exist, and the stub */
static const u8 code_ud[] = {
	0x31, 0xc0, 0x0f, 0x0b, 0x90, 0xc3, 0xb8, 0xf2, 0xff, 0xff, 0xff, 0xc3
};
/* eax = 0; idiv eax: raises SIGFPE */
#define HOST_DIVIDES
static const u8 code_div[] = { 0x31, 0xc0, 0xf7, 0xf8, 0x90, 0xc3,
			       0xb8, 0xf2, 0xff, 0xff, 0xff, 0xc3 };
#elif defined(__aarch64__)
#define HOST_CODE  1
#define HOST_REACH JIT_REACH_ARM64
#define HOST_TRAP  0xd4200000u
#define HOST_ARG0  0
#define HOST_RET   0
static const u32 code_ret42[] = { 0x52800540, 0xd65f03c0 };
/* x1 = 0; x1 = *x0; ret; stub: w0 = -14; ret */
static const u32 code_load[] = { 0xd2800001, 0xf9400001, 0xd65f03c0, 0x128001a0, 0xd65f03c0 };
#define LOAD_AT    4
#define LOAD_STUB  12
static const u32 code_store[] = { 0xd2800001, 0xf9000001, 0xd65f03c0, 0x128001a0, 0xd65f03c0 };
static const u32 code_ud[] = { 0xd2800001, 0x00000000, 0xd65f03c0, 0x128001a0, 0xd65f03c0 };
#else
#define HOST_CODE  0
#define HOST_REACH (1ull << 30)
#define HOST_TRAP  0
#define HOST_ARG0  0
#define HOST_RET   0
#define LOAD_AT    0
#define LOAD_STUB  0
static const u8 code_ret42[] = { 0 }, code_load[] = { 0 }, code_store[] = { 0 }, code_ud[] = { 0 };
#endif

static inline void host_anchor(void)
{
}

static inline struct jit_mem_want host_want(u32 bytes)
{
	return (struct jit_mem_want){ .code_bytes_max = bytes,
				      .trap = HOST_TRAP,
				      .near = u64_to_ptr((u64)(uintptr_t)host_anchor),
				      .reach_bytes = HOST_REACH };
}

static inline int host_new(const void *code, size_t bytes, struct jit_mem *ret_mem)
{
	struct jit_mem_want want = host_want((u32)bytes);
	int err = jit_mem_new(&want, ret_mem);

	if (!err)
		err = jit_mem_seal(ret_mem, code, (u32)bytes);
	if (err)
		jit_mem_free(ret_mem);
	return err;
}

/* Calls the code at @exec with one argument. */
static inline u64 host_call(const void *exec, u64 arg)
{
	u64 (*fn)(u64);

	memcpy(&fn, &exec, sizeof(fn));
	return fn(arg);
}

#endif
