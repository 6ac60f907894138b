/* SPDX-License-Identifier: BSD-2-Clause */
/* Printing a map's contents with the names of its BTF, as text or JSON. */
#ifndef SKEP_CLI_SHOW_MAP_H
#define SKEP_CLI_SHOW_MAP_H

#include "base/str.h"
#include "base/types.h"
#include "map/map.h"

struct show_map_opts {
	const char *name; /* NULL: the map's own, which bpf(2) cuts at 15 characters */
	const struct btf *btf; /* NULL: the map's own types */
	u32 key_type_id, value_type_id;
	bool json;
	bool raw;	 /* bytes, whatever the types */
	bool zeros;	 /* elements of arrays whose value is all zero bytes too */
	u32 entries_max; /* 0: all */
};

/*
 * Appends the map: a heading and one line per entry, or one JSON object without a newline. Keys and
 * values are printed by BTF type where the map has one, else as hexadecimal bytes. 0, or -errno
 * when the map cannot be read (a heading is there all the same); -ENOMEM.
 */
int show_map(struct map *map, const struct show_map_opts *opts, struct str *to) must_check;

#endif
