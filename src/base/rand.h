/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers. rand_next is a fast generator for programs (bpf_get_prandom_u32), hash seeds and
 * tests, not for secrets: xoshiro256** of Blackman and Vigna. The state belongs to the caller, so
 * it needs no lock.
 */
#ifndef SKEP_BASE_RAND_H
#define SKEP_BASE_RAND_H

#include "base/types.h"

/* Any @seed, 0 included, gives a usable state. */
void rand_seed(u64 state[4], u64 seed);
/* From the system's entropy; never waits for it. */
u64 rand_system_u64(void);

static inline u64 rand_next(u64 state[4])
{
	u64 mul5 = state[1] * 5, result = (mul5 << 7 | mul5 >> 57) * 9, t = state[1] << 17;

	state[2] ^= state[0];
	state[3] ^= state[1];
	state[1] ^= state[2];
	state[0] ^= state[3];
	state[2] ^= t;
	state[3] = state[3] << 45 | state[3] >> 19;
	return result;
}

/* Evenly from [0, n), n > 0; the bias is below n / 2^32. */
static inline u32 rand_below(u64 state[4], u32 n)
{
	return (u32)((rand_next(state) >> 32) * n >> 32);
}

#endif
