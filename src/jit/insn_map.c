/* SPDX-License-Identifier: BSD-2-Clause */
#include "jit/insn_map.h"

#include "base/bits.h"
#include "base/err.h"
#include "base/mem.h"

int jit_insn_map_init(struct jit_insn_map *map, u32 cnt)
{
	const size_t blocks = (size_t)cnt / JIT_INSN_MAP_BLOCK + 1;

	*map = (struct jit_insn_map){ .cnt = cnt };
	map->base = mem_alloc(blocks * sizeof(*map->base) + cnt);
	if (!map->base)
		return -ENOMEM;
	map->bytes = (u8 *)(map->base + blocks);
	return 0;
}

void jit_insn_map_fini(struct jit_insn_map *map)
{
	mem_free(map->base);
	mem_free(map->longs);
	*map = (struct jit_insn_map){ 0 };
}

int jit_insn_map_long(struct jit_insn_map *map, u32 idx, u32 bytes)
{
	if (map->long_cnt == map->long_cap) {
		const u32 cap = map->long_cap ? map->long_cap * 2 : 16;
		void *bigger = mem_realloc(map->longs, cap * sizeof(*map->longs));

		if (!bigger)
			return -ENOMEM;
		map->longs = bigger;
		map->long_cap = cap;
	}
	map->longs[map->long_cnt++] = (struct jit_insn_map_long){ idx - 1, bytes };
	map->bytes[idx - 1] = JIT_INSN_MAP_LONG;
	return 0;
}

static u32 long_bytes(const struct jit_insn_map *map, u32 idx)
{
	u32 low = 0, high = map->long_cnt;

	while (high - low > 1) {
		const u32 mid = low + (high - low) / 2;

		if (map->longs[mid].idx <= idx)
			low = mid;
		else
			high = mid;
	}
	return map->longs[low].bytes;
}

static u32 step(const struct jit_insn_map *map, u32 idx)
{
	const u32 bytes = map->bytes[idx];

	return likely(bytes < JIT_INSN_MAP_LONG) ? bytes : long_bytes(map, idx);
}

u32 jit_insn_map_off(const struct jit_insn_map *map, u32 idx)
{
	u32 off = map->base[idx / JIT_INSN_MAP_BLOCK];

	for (u32 i = idx - idx % JIT_INSN_MAP_BLOCK; i < idx; i++)
		off += step(map, i);
	return off;
}

u32 jit_insn_map_at(const struct jit_insn_map *map, u32 off)
{
	u32 low = 0, high = (map->cnt + JIT_INSN_MAP_BLOCK - 1) / JIT_INSN_MAP_BLOCK, at, idx;

	while (high - low > 1) {
		const u32 mid = low + (high - low) / 2;

		if (map->base[mid] <= off)
			low = mid;
		else
			high = mid;
	}
	idx = low * JIT_INSN_MAP_BLOCK;
	at = map->base[low];
	high = MIN(idx + JIT_INSN_MAP_BLOCK, map->cnt);
	while (idx + 1 < high && at + step(map, idx) <= off)
		at += step(map, idx++);
	return idx;
}
