/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/rand.h"

#include <sys/random.h>

#include "base/clock.h"

void rand_seed(u64 state[4], u64 seed)
{
	/* SplitMix64, as the generator's authors advise: never yields four zeros. */
	for (u32 i = 0; i < 4; i++) {
		u64 z = seed += 0x9e3779b97f4a7c15ull;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
		z = (z ^ z >> 27) * 0x94d049bb133111ebull;
		state[i] = z ^ z >> 31;
	}
}

u64 rand_system_u64(void)
{
	u64 v;

	/* Early at boot there may be no entropy yet: the clock and an address must do. */
	if (getrandom(&v, sizeof(v), GRND_NONBLOCK) != (ssize_t)sizeof(v))
		v = clock_boot_ns() * 0x9e3779b97f4a7c15ull ^ ptr_to_u64(&v);
	return v;
}
