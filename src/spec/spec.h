/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What exists in the BPF system, as enums and tables expanded from the .def files of this room.
 * Every number of the UAPI stands in one of those files and nowhere else.
 */
#ifndef SKEP_SPEC_SPEC_H
#define SKEP_SPEC_SPEC_H

#include "base/types.h"

enum map_type {
#define MAP_TYPE(id, value, name) MAP_TYPE_##id = value,
#include "spec/maptypes.def"
#undef MAP_TYPE
};

enum prog_type {
#define PROG_TYPE(id, value, name) PROG_TYPE_##id = value,
#include "spec/progtypes.def"
#undef PROG_TYPE
};

struct helper_info; /* spec/helper.h */

/* The name as bpftool prints it, NULL for an unknown type. */
const char *map_type_name(u32 type);
const char *prog_type_name(u32 type);

#endif
