/* SPDX-License-Identifier: BSD-2-Clause */
/* Which engine runs what needs no watching: the JIT where there is one, else `run`. */
#ifndef SKEP_CORE_NATIVE_H
#define SKEP_CORE_NATIVE_H

#include "jit/jit.h"
#include "prog/prog.h"
#include "skep/skep.h"

struct core_native {
	u32 engine; /* enum skep_engine */
	bool random_start;
	enum jit_poll poll; /* of the JIT; `run` always looks */
	u32 debug; /* enum jit_debug_what, beside what the environment asks for */
};

/* 0; -EINVAL for no enum skep_engine; -EOPNOTSUPP for the JIT on a machine without a target. */
int core_native_check(u32 engine) must_check;
/* True when the JIT will be tried. */
bool core_native_is_jit(u32 engine);
/*
 * Compiles as jit_compile or interp_run_compile. When nobody asked for the JIT by name, whatever
 * keeps it from doing its work (no memory that may be executed, a kfunc) leaves the program to
 * `run`, which has the last word on errors.
 */
int core_native_compile(struct prog *prog, const struct helper_resolver *resolver,
			const struct core_native *how) must_check;

#endif
