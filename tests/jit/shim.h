/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hostile way into compiled code. Before the call, every register that the ABI gives no meaning
 * holds junk, upper halves included, and so does the stack below; those that the callee must keep
 * hold known values, and above the return address lies an area of known words. Afterwards all of it
 * is looked at. Where no shim is written for the machine, the call is a plain one.
 */
#ifndef SKEP_TESTS_JIT_SHIM_H
#define SKEP_TESTS_JIT_SHIM_H

#include "prog/prog.h"
#include "tests/tap.h"

/* The machine that it is written for: "x86_64", "arm64", or "none". */
extern const char *const shim_name;

struct shim_call {
	struct run *run;
	const struct prog *prog;
	void *ctx;
	u64 arg2;
	u64 *ret_r0;
};

/* As prog->enter; *ret_why is NULL, or a static text: what the code has broken. */
int shim_call(const struct shim_call *call, const char **ret_why);

/* As a helper may, leaves junk in all registers that it need not keep. For helpers of tests. */
void shim_clobber(void);

/* prog->enter; a test fails when registers or the stack are not as they were. */
static inline int shim_enter(const struct prog *prog, struct run *run, void *ctx, u64 arg2,
			     u64 *ret_r0)
{
	const struct shim_call call = { run, prog, ctx, arg2, ret_r0 };
	const char *why;
	int err = shim_call(&call, &why);

	if (why)
		tap_ok(false, "compiled code keeps %s", why);
	return err;
}

/* The same for prog_run. */
static inline int shim_run(struct run *run, const struct prog *prog, void *ctx, u64 *ret_r0)
{
	run->prog = prog;
	run->ctx = ctx;
	run->tail_calls = 0;
	run->fault.kind = FAULT_NONE;
	return shim_enter(prog, run, ctx, 0, ret_r0);
}

#endif
