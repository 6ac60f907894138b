/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A piece of memory that a program may touch: what the guarded interpreter checks accesses
 * against, and what its fault reports name. Rooms that own such memory (packets, maps, stacks)
 * describe it in this form; nothing here is ever dereferenced.
 */
#ifndef SKEP_BASE_EXTENT_H
#define SKEP_BASE_EXTENT_H

#include "base/types.h"

enum extent_kind {
	EXTENT_NONE,
	EXTENT_STACK,
	EXTENT_CTX, /* accesses are translated by a struct ctx_class */
	EXTENT_PACKET,
	EXTENT_MAP_VALUE,
	EXTENT_MEM, /* memory that an embedder gave */
};

enum extent_perm {
	EXTENT_READ = 1,
	EXTENT_WRITE = 2,
};

struct extent {
	u64 base; /* address of the first byte */
	u64 size_bytes;
	enum extent_kind kind;
	u32 perm;	  /* enum extent_perm */
	const char *name; /* "packet", a map's name…; lives as long as what it describes */
	s64 index;	  /* element of a map, frame number; -1 when it means nothing */
};

/* True when [addr, addr + size) lies inside; no sum may wrap (uBPF #230, #720, #726). */
static inline bool extent_holds(const struct extent *e, u64 addr, u64 size_bytes)
{
	return addr >= e->base && size_bytes <= e->size_bytes &&
	       addr - e->base <= e->size_bytes - size_bytes;
}

#endif
