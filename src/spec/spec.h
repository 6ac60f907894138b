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

enum attach_type {
#define ATTACH_TYPE(id, value, name, since) ATTACH_##id = value,
#include "spec/attach.def"
#undef ATTACH_TYPE
};

enum link_type {
#define LINK_TYPE(id, value, name, since) LINK_TYPE_##id = value,
#include "spec/links.def"
#undef LINK_TYPE
};

enum prog_flag {
#define PROG_FLAG(id, bit) PROG_FLAG_##id = 1 << (bit),
#include "spec/progflags.def"
#undef PROG_FLAG
};

struct helper_info; /* spec/helper.h */

/* The name as bpftool prints it, NULL for an unknown type. */
const char *map_type_name(u32 type);
const char *prog_type_name(u32 type);
const char *attach_type_name(u32 type);
const char *link_type_name(u32 type);

#endif
