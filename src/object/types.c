/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/types.h"

#include "btf/btf.h"

struct btf *object_types_parse(const void *raw, u32 size_bytes)
{
	struct btf *types;

	return raw && btf_parse(raw, size_bytes, NULL, &types) == 0 ? types : NULL;
}

void object_types_put(struct btf *types)
{
	btf_put(types);
}
