/* SPDX-License-Identifier: BSD-2-Clause */
#include "map/call_int.h"

helper_fn map_intrinsic(s32 id)
{
	switch (id) {
#define MAP_INTRINSIC(row, name)  \
	case INTRINSIC_##row:     \
		return name;
#include "map/intrinsics.def"
#undef MAP_INTRINSIC
	}
	return NULL;
}

u32 map_code_index(const struct map *map, const struct map_call *call, struct map_code *code)
{
	u32 outside = MAP_CODE_NO_JUMP;
	/* A template knows nothing of max_entries. */
	bool in_reg = !call->known || call->mask;

	if (!call->known)
		map_code_op(code, ISA_LDX_W, CODE_REGS(3, 1),
			    (s32)offsetof(struct map, attr.max_entries));
	else if (call->mask)
		map_code_op(code, ISA_MOV32_K, 3, (s32)map->attr.max_entries);
	map_code_op(code, ISA_LDX_W, CODE_REGS(2, 2), 0);
	map_code_op(code, ISA_MOV32_K, 0, 0);
	if (!call->known || !call->key_exists)
		outside = in_reg ? map_code_jump(code, ISA_JGE64_X, CODE_REGS(2, 3), 0)
				 : map_code_jump(code, ISA_JGE32_K, 2,
						 (s32)map->attr.max_entries);
	if (call->mask) {
		/* r2 &= r2 < r3 ? ~0 : 0, without a branch: array_index_nospec */
		map_code_op(code, ISA_MOV64_X, CODE_REGS(4, 2), 0);
		map_code_op(code, ISA_SUB64_X, CODE_REGS(4, 3), 0);
		map_code_op(code, ISA_ARSH64_K, 4, 63);
		map_code_op(code, ISA_AND64_X, CODE_REGS(2, 4), 0);
	}
	return outside;
}
