/* SPDX-License-Identifier: BSD-2-Clause */
/* Every implemented helper, and what they share. Private to the room. */
#ifndef SKEP_HELPER_HELPER_INT_H
#define SKEP_HELPER_HELPER_INT_H

#include "base/types.h"
#include "prog/run.h"

#define HELPER_IMPL(name)                                                                          \
	u64 helper_##name(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run);
#include "helper/impl.def"
#undef HELPER_IMPL

#define HELPER_ARG __attribute__((unused))

/*
 * Opens the definition of a helper: the arguments are r1..r5, the run context is `run`; the unused
 * ones cost nothing.
 */
#define HELPER_FN(name)                                                                            \
	u64 helper_##name(HELPER_ARG u64 r1, HELPER_ARG u64 r2, HELPER_ARG u64 r3,                 \
			  HELPER_ARG u64 r4, HELPER_ARG u64 r5, HELPER_ARG struct run *run)

/* A negative errno as r0 sees it. */
static inline u64 helper_err(int err)
{
	return (u64)(s64)err;
}

#endif
