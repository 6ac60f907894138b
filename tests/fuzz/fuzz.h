/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fuzz target is one file with these two functions. Built plainly it becomes a program that
 * makes --count inputs from --seed and prints count, seed and seconds; with clang and
 * -Dfuzz=true a libFuzzer target. A target aborts when an input breaks what it promises.
 */
#ifndef SKEP_TESTS_FUZZ_H
#define SKEP_TESTS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "base/types.h"

#define FUZZ_INPUT_BYTES_MAX 4096

/* One execution; returns 0. The name is libFuzzer's. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

/* An input of at most FUZZ_INPUT_BYTES_MAX bytes into @buf; its length. */
size_t fuzz_make(u64 *rng, u8 *buf);

/* xorshift64; *rng is never 0. */
static inline u32 fuzz_below(u64 *rng, u32 bound)
{
	*rng ^= *rng << 13;
	*rng ^= *rng >> 7;
	*rng ^= *rng << 17;
	return (u32)((*rng >> 32) % bound);
}

#define fuzz_assert(cond)                                                                          \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			(void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);           \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
