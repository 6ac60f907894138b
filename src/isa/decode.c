/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From words to operations and back: the table of isa/ops.def, and the selection among the rows
 * that share an opcode byte. Such rows follow one another in the table, the group's first row
 * first, so that a scan from there ends at the first row with another opcode byte.
 */
#include "isa/isa.h"

#include "isa/isa_int.h"

const struct isa_info isa_infos[ISA_OP_CNT] = {
	[ISA_INVALID] = { .name = "INVALID", .fn = "", .text = "" },
#define ISA_OP(id, family_, code_, sel_, selv_, dst_, src_, off_, imm_, fn_, width_, form_,        \
	       text_, use_, def_, cpu_, since_)                                                    \
	[ISA_##id] = {                                                                             \
		.name = #id,                                                                       \
		.fn = #fn_,                                                                        \
		.text = text_,                                                                     \
		.code = code_,                                                                     \
		.family = ISA_FAMILY_##family_,                                                    \
		.sel = ISA_SEL_##sel_,                                                             \
		.dst = dst_,                                                                       \
		.src = src_,                                                                       \
		.off = off_,                                                                       \
		.imm = imm_,                                                                       \
		.form = ISA_FORM_##form_,                                                          \
		.width_bits = width_,                                                              \
		.cpu = cpu_,                                                                       \
		.since = since_,                                                                   \
		.selv = selv_,                                                                     \
		.use = use_,                                                                       \
		.def = def_,                                                                       \
	},
#include "isa/ops.def"
};

const u8 isa_by_code[256] = {
#define ROW_NONE(id, code) [code] = ISA_##id,
#define ROW_OFF(id, code)
#define ROW_IMM(id, code)
#define ROW_SRC(id, code)
#define ISA_OP(id, family, code, sel, ...)  ROW_##sel(id, code)
#define ISA_GROUP(code, sel, first)	    [code] = ISA_##first,
#include "isa/ops.def"
};

_Static_assert(ISA_OP_CNT <= 256, "isa_by_code holds operations in a byte");

enum isa_op isa_first_of_code(u8 code)
{
	return (enum isa_op)isa_by_code[code];
}

static u32 selecting_value(const struct insn *i, u8 sel)
{
	if (sel == ISA_SEL_OFF)
		return (u32)(s32)i->off;
	if (sel == ISA_SEL_IMM)
		return (u32)i->imm;
	return i->src;
}

enum isa_op isa_decode_group(const struct insn *i, enum isa_op first)
{
	const u32 value = selecting_value(i, isa_infos[first].sel);
	u32 op = first;

	for (; op < ISA_OP_CNT && isa_infos[op].code == i->code; op++)
		if (isa_infos[op].selv == value)
			return (enum isa_op)op;
	return ISA_INVALID;
}

struct insn isa_template(enum isa_op op)
{
	const struct isa_info *info = isa_info(op);

	return insn_make(info->code, 0, info->sel == ISA_SEL_SRC ? info->selv : 0,
			 info->sel == ISA_SEL_OFF ? (s16)info->selv : 0,
			 info->sel == ISA_SEL_IMM ? info->selv : 0);
}

bool isa_is_jump(enum isa_op op)
{
	const struct isa_info *info = isa_info(op);

	return info->off == ISA_OFF_JUMP || info->imm == ISA_IMM_JUMP ||
	       info->family == ISA_FAMILY_GOTOX || info->family == ISA_FAMILY_EXIT;
}

bool isa_target(const struct insn *i, enum isa_op op, u32 idx, s64 *ret_idx)
{
	const struct isa_info *info = isa_info(op);

	if (info->off == ISA_OFF_JUMP)
		*ret_idx = (s64)idx + 1 + i->off;
	else if (info->imm == ISA_IMM_JUMP || info->imm == ISA_IMM_SUBPROG)
		*ret_idx = (s64)idx + 1 + i->imm;
	else
		return false;
	return true;
}
