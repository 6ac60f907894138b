/* SPDX-License-Identifier: BSD-2-Clause */
/* The map from instructions to code, against the plain array that it stands for. */
#include "base/mem.h"
#include "base/rand.h"
#include "jit/insn_map.h"
#include "tests/tap.h"

#define INSNS_MAX 1000u

static u32 offs[INSNS_MAX];

/* The last that begins at or before @off. */
static u32 at_slowly(u32 cnt, u32 off)
{
	u32 at = 0;

	for (u32 i = 0; i < cnt && offs[i] <= off; i++)
		at = i;
	return at;
}

static bool same(u32 cnt, u32 step_max, u64 *rand)
{
	struct jit_insn_map map;
	u32 off = (u32)rand_below(rand, 40);
	bool ok = !jit_insn_map_init(&map, cnt);

	for (u32 i = 0; ok && i < cnt; i++) {
		offs[i] = off;
		ok = !jit_insn_map_add(&map, i, off);
		off += (u32)rand_below(rand, rand_below(rand, 9) ? 12 : step_max);
	}
	for (u32 i = 0; ok && i < cnt; i++)
		ok = jit_insn_map_off(&map, i) == offs[i];
	for (u32 i = 0; ok && i < cnt; i++)
		ok = jit_insn_map_at(&map, offs[i]) == at_slowly(cnt, offs[i]) &&
		     jit_insn_map_at(&map, offs[i] + 1) == at_slowly(cnt, offs[i] + 1) &&
		     jit_insn_map_at(&map, offs[i] + 254) == at_slowly(cnt, offs[i] + 254);
	jit_insn_map_fini(&map);
	return ok;
}

/* Programs around the edges of blocks, with steps around what a byte holds and far beyond. */
int main(void)
{
	static const u32 step_max[] = { 1, 200, 254, 255, 256, 257, 600, 100000 };
	u64 rand[4];
	u32 wrong = 0, cnt = 1;

	rand_seed(rand, 1);
	for (; cnt <= 200; cnt++)
		for (u32 s = 0; s < 8; s++)
			wrong += !same(cnt, step_max[s], rand);
	for (u32 s = 0; s < 8; s++)
		wrong += !same(INSNS_MAX, step_max[s], rand);
	tap_ok(!wrong, "as an array: %u differ", wrong);
	for (u64 nth = 1; nth < 3; nth++) {
		struct jit_insn_map map;
		int err;

		(void)mem_fail_nth(nth);
		err = jit_insn_map_init(&map, 2);
		if (!err)
			err = jit_insn_map_add(&map, 0, 0);
		if (!err)
			err = jit_insn_map_add(&map, 1, 1000);
		(void)mem_fail_nth(0);
		tap_ok(err, "allocation %llu fails", (unsigned long long)nth);
		jit_insn_map_fini(&map);
	}
	return tap_done();
}
