/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our BTF of an object that libbpf holds. A door of its own, because libbpf's headers and
 * btf/btf.h each define the kinds of BTF, and both call their type struct btf: here it is ours.
 */
#ifndef SKEP_OBJECT_TYPES_H
#define SKEP_OBJECT_TYPES_H

#include "base/types.h"

struct btf;

/* NULL when the bytes are no BTF that we take: types are then not known. */
struct btf *object_types_parse(const void *raw, u32 size_bytes);
void object_types_put(struct btf *types);

#endif
