/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads by address: see helper/mem.h. Nothing is dereferenced before an object is found. */
#include "helper/mem.h"

#include <string.h>

#include "base/err.h"
#include "map/map.h"
#include "prog/prog.h"

#define CTX_EXTENTS_MAX 4

static u64 left_in(const struct extent *e, u64 addr)
{
	if (!(e->perm & EXTENT_READ) || addr < e->base || addr - e->base >= e->size_bytes)
		return 0;
	return e->size_bytes - (addr - e->base);
}

u64 helper_mem_left(const struct run *run, u64 addr)
{
	const struct prog *prog = run->prog;
	struct extent found[CTX_EXTENTS_MAX];
	u64 left = 0;
	u32 i, cnt;

	if (run->stack_left)
		left = run->stack_left(run, addr);
	else if (prog && prog->stack_left)
		left = prog->stack_left(run, addr);
	for (i = 0; !left && i < run->extent_cnt; i++)
		left = left_in(&run->extents[i], addr);
	if (left || !prog)
		return left;
	if (prog->ctx_class && prog->ctx_class->extents) {
		cnt = prog->ctx_class->extents(run->ctx, found, CTX_EXTENTS_MAX);
		for (i = 0; !left && i < cnt; i++)
			left = left_in(&found[i], addr);
	}
	for (i = 0; !left && i < prog->map_cnt; i++) {
		struct map *map = prog->maps[i];

		/* Also true for the nearest element: left_in decides. */
		if (map->ops->extent_at && map->ops->extent_at(map, addr, &found[0]))
			left = left_in(&found[0], addr);
	}
	return left;
}

int helper_mem_read(const struct run *run, void *dst, u64 addr, u32 size_bytes)
{
	if (!size_bytes)
		return 0; /* @dst may be NULL then */
	if (helper_mem_left(run, addr) < size_bytes)
		return -EFAULT;
	/* Both lie where the program said: they may overlap. */
	memmove(dst, u64_to_ptr(addr), size_bytes);
	return 0;
}

s64 helper_mem_read_str(const struct run *run, char *dst, u64 addr, u32 size_bytes)
{
	u64 left = helper_mem_left(run, addr);
	const char *src = u64_to_ptr(addr);
	u32 room = (u32)MIN(left, (u64)size_bytes);
	const char *nul = room ? memchr(src, 0, room) : NULL;

	/* The string runs out of its object before it ends and before the buffer is full. */
	if (!nul && room < size_bytes)
		return -EFAULT;
	if (nul) {
		u32 len = (u32)(nul - src);

		memmove(dst, src, (size_t)len + 1);
		return len + 1;
	}
	memmove(dst, src, (size_t)size_bytes - 1);
	dst[size_bytes - 1] = 0;
	return size_bytes;
}
