/* SPDX-License-Identifier: BSD-2-Clause */
/* The flags of spec/mapflags.def as constants: MAP_F_* at creation, ELEM_* on elements. */
#ifndef SKEP_MAP_FLAGS_H
#define SKEP_MAP_FLAGS_H

enum map_flag {
#define MAP_FLAG(id, bit) MAP_F_##id = 1u << bit,
#define ELEM_FLAG(id, value)
#include "spec/mapflags.def"
#undef MAP_FLAG
#undef ELEM_FLAG
};

enum map_elem_flag {
#define MAP_FLAG(id, bit)
#define ELEM_FLAG(id, value) ELEM_##id = value,
#include "spec/mapflags.def"
#undef MAP_FLAG
#undef ELEM_FLAG
};

/* BPF_F_ACCESS_MASK of the kernel: who may read and write. */
#define MAP_F_ACCESS (MAP_F_RDONLY | MAP_F_RDONLY_PROG | MAP_F_WRONLY | MAP_F_WRONLY_PROG)

#endif
