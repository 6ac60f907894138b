/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plain C function in front of one compiled program, for whoever wants to call it without
 * knowing of runs: u64 (*)(void *ctx, size_t arg2). What stays the same from call to call is in the
 * code; each call stores ctx and arg2 as the run's first extent, and the budget if there is one.
 */
#ifndef SKEP_JIT_THUNK_H
#define SKEP_JIT_THUNK_H

#include "base/types.h"

struct jit_thunk;
struct prog;
struct run;

struct jit_thunk_want {
	const struct prog *prog; /* of the JIT; it must outlive the thunk */
	/* All of it is prepared, without a fault; one thread at a time. */
	struct run *run;
	u64 budget; /* run->insns_left at the start; RUN_NO_BUDGET: as it is */
	/* What a call returns when the program faulted; it has to clear run->fault. */
	u64 (*failed)(void *cookie);
	void *cookie;
};

/* 0, -ENOMEM, or -EOPNOTSUPP for a program that is not the JIT's. */
int jit_thunk_new(const struct jit_thunk_want *want, struct jit_thunk **ret_thunk) must_check;
void jit_thunk_free(struct jit_thunk *thunk); /* NULL is allowed */
u64 jit_thunk_addr(const struct jit_thunk *thunk);

#endif
