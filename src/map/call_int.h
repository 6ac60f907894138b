/* SPDX-License-Identifier: BSD-2-Clause */
/* How types write the code of map/call.h, and the functions that intrinsics are bound to. */
#ifndef SKEP_MAP_CALL_INT_H
#define SKEP_MAP_CALL_INT_H

#include <assert.h>

#include "isa/isa.h"
#include "map/call.h"
#include "map/map_int.h"
#include "spec/intrinsics.h"

#define MAP_CODE_NO_JUMP UINT32_MAX
#define CODE_REGS(dst, src) ((u32)(dst) | (u32)(src) << 4)

static inline void map_code_op(struct map_code *code, enum isa_op op, u32 regs, s32 off_or_imm)
{
	const struct isa_info *info = isa_info(op);
	struct insn insn = isa_template(op);

	assert(code->cnt < MAP_CODE_INSNS_MAX);
	insn.dst = (u8)(regs & 0xf);
	if (info->src != ISA_REG_SEL && info->src != ISA_REG_NONE)
		insn.src = (u8)(regs >> 4 & 0xf);
	if (info->off == ISA_OFF_MEM)
		insn.off = (s16)off_or_imm;
	else if (info->imm != ISA_IMM_SEL)
		insn.imm = off_or_imm;
	code->insns[code->cnt++] = insn;
}

static inline void map_code_lddw(struct map_code *code, u32 reg, u64 value)
{
	map_code_op(code, ISA_LDDW_IMM, reg, (s32)(u32)value);
	assert(code->cnt < MAP_CODE_INSNS_MAX);
	code->insns[code->cnt++] = insn_make(0, 0, 0, 0, (s32)(u32)(value >> 32));
}

/* A jump whose target is set by map_code_land; returns its place. */
static inline u32 map_code_jump(struct map_code *code, enum isa_op op, u32 regs, s32 imm)
{
	map_code_op(code, op, regs, imm);
	return code->cnt - 1;
}

/* The jump at @place leads to what is written next. */
static inline void map_code_land(struct map_code *code, u32 place)
{
	if (place != MAP_CODE_NO_JUMP)
		code->insns[place].off = (s16)(code->cnt - place - 1);
}

/* An intrinsic: the call as it stands, but bound to this type's own function. */
static inline void map_code_call(struct map_code *code, enum intrinsic id)
{
	map_code_op(code, ISA_CALL_HELPER, 0, (s32)id);
}

/* reg *= @by, without a multiplication where that can be. */
static inline void map_code_scale(struct map_code *code, u32 reg, u64 by, u32 scratch)
{
	if (!(by & (by - 1))) {
		if (by > 1)
			map_code_op(code, ISA_LSH64_K, reg, __builtin_ctzll(by));
	} else if (by <= INT32_MAX) {
		map_code_op(code, ISA_MUL64_K, reg, (s32)by);
	} else {
		map_code_lddw(code, scratch, by);
		map_code_op(code, ISA_MUL64_X, CODE_REGS(reg, scratch), 0);
	}
}

/*
 * r2 = the index that the key at r2 holds, r0 = 0; r1 is kept. Returns the jump that is taken when
 * the index is outside, to be landed by the caller; or MAP_CODE_NO_JUMP, which land ignores.
 */
u32 map_code_index(const struct map *map, const struct map_call *call, struct map_code *code);

#define MAP_CALL_UNUSED __attribute__((unused))
/* An intrinsic: as a helper, arguments are r1..r5 and the run context. */
#define MAP_INTRINSIC_FN(name)                                                                     \
	u64 name(MAP_CALL_UNUSED u64 r1, MAP_CALL_UNUSED u64 r2, MAP_CALL_UNUSED u64 r3,           \
		 MAP_CALL_UNUSED u64 r4, MAP_CALL_UNUSED u64 r5, MAP_CALL_UNUSED struct run *run)

#define MAP_INTRINSIC(id, name) MAP_INTRINSIC_FN(name);
#include "map/intrinsics.def"
#undef MAP_INTRINSIC

#endif
