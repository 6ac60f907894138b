/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory of a map (design 2.5): `data` holds the elements, `ctl` headers and locks. Inside
 * both are offsets and fixed-width fields only, no pointer. Data is private and anonymous, or a
 * memfd when clients may map it; then payload starts at offset 0, in the UAPI's layout. What
 * clients may map never holds anything that we rely on.
 */
#ifndef SKEP_MAP_REGION_H
#define SKEP_MAP_REGION_H

#include "base/types.h"

#define REGION_VERSION 1

/* At the start of every ctl: what this is, for whoever meets it in a file or in shared memory. */
struct region_head {
	char magic[4]; /* "skep" */
	u16 version;   /* REGION_VERSION: of the layout that follows, of each type */
	u16 type;      /* enum map_type */
	u32 key_size_bytes, value_size_bytes, max_entries, flags;
};

struct region {
	u8 *data;
	u64 data_bytes;
	u8 *ctl; /* struct region_head first */
	u64 ctl_bytes;
	int memfd; /* of data; -1 when private */
};

struct region_spec {
	u64 data_bytes;
	u64 ctl_bytes; /* without the head; 0: no ctl */
	bool mappable;
	/* The kernel would allocate all at once: more than there is memory fails now, not later. */
	bool at_once;
};

/* 0 or -ENOMEM; the caller fills the head in. region_fini works on a zeroed struct too. */
int region_init(struct region *region, const struct region_spec *spec) must_check;
void region_fini(struct region *region);

/* The part of ctl behind the head. */
static inline void *region_ctl(const struct region *region)
{
	return region->ctl + sizeof(struct region_head);
}

_Static_assert(sizeof(struct region_head) == 24, "the layout is fixed");

#endif
