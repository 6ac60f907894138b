/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the code of each instruction begins, kept as long as the program: a byte for each
 * instruction, since most of them become few bytes of code. Offsets ascend.
 */
#ifndef SKEP_JIT_INSN_MAP_H
#define SKEP_JIT_INSN_MAP_H

#include "base/types.h"

struct jit_insn_map_long {
	u32 idx, bytes;
};

struct jit_insn_map {
	u32 cnt;
	u32 *base; /* offset of each JIT_INSN_MAP_BLOCK-th instruction */
	u8 *bytes; /* of code from each to the next; JIT_INSN_MAP_LONG: see longs */
	struct jit_insn_map_long *longs; /* ascending */
	u32 long_cnt, long_cap;
	u32 last; /* offset of the instruction that was added last */
};

#define JIT_INSN_MAP_BLOCK 64u
#define JIT_INSN_MAP_LONG  255u

/* For @cnt instructions, to be added one by one. 0 or -ENOMEM; end with jit_insn_map_fini. */
int jit_insn_map_init(struct jit_insn_map *map, u32 cnt) must_check;
void jit_insn_map_fini(struct jit_insn_map *map); /* works on a zeroed struct, too */

/* The step from instruction @idx - 1 to @idx > 0 is long. 0 or -ENOMEM. */
int jit_insn_map_long(struct jit_insn_map *map, u32 idx, u32 bytes) must_check;

/* Each @idx once, ascending; @off too. 0 or -ENOMEM. */
static inline int must_check jit_insn_map_add(struct jit_insn_map *map, u32 idx, u32 off)
{
	const u32 bytes = off - map->last;

	if (idx % JIT_INSN_MAP_BLOCK == 0)
		map->base[idx / JIT_INSN_MAP_BLOCK] = off;
	map->last = off;
	if (!idx)
		return 0;
	if (unlikely(bytes >= JIT_INSN_MAP_LONG))
		return jit_insn_map_long(map, idx, bytes);
	map->bytes[idx - 1] = (u8)bytes;
	return 0;
}

/* Where the code of @idx < cnt begins. */
u32 jit_insn_map_off(const struct jit_insn_map *map, u32 idx);
/* The last instruction whose code begins at or before @off; 0 when none does. */
u32 jit_insn_map_at(const struct jit_insn_map *map, u32 off);

#endif
