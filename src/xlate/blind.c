/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Constant blinding (bpf_jit_blind_insn): no constant of the program stands in machine code as the
 * program chose it, so that none can be jumped into. Each becomes r11 = c ^ random; r11 ^= random.
 */
#include "base/rand.h"
#include "xlate/xlate_int.h"

#define CODE_SRC_X 0x08 /* RFC 9669 section 4: the second operand is a register */

static u32 next_random(struct xl *x)
{
	return (u32)(rand_next(x->rand) >> 32);
}

static void load_ax(struct xl *x, s32 imm, bool is32)
{
	u32 rnd = next_random(x);

	xl_op(x, is32 ? ISA_MOV32_K : ISA_MOV64_K, XLATE_REG_AX, 0, (s32)((u32)imm ^ rnd));
	xl_op(x, is32 ? ISA_XOR32_K : ISA_XOR64_K, XLATE_REG_AX, 0, (s32)rnd);
}

/* What to put in the place of the constant's form; ISA_INVALID: it may stay. */
static bool is_blinded(enum isa_op op)
{
	const struct isa_info *info = isa_info(op);

	if (info->form != ISA_FORM_K || info->imm == ISA_IMM_SHIFT)
		return false;
	return info->family == ISA_FAMILY_ALU || info->family == ISA_FAMILY_MOV ||
	       info->family == ISA_FAMILY_JMP;
}

void xl_emit_blinded(struct xl *x, struct insn insn, u32 target)
{
	enum isa_op op = isa_decode(&insn);
	const struct isa_info *info = isa_info(op);
	bool is_store = info->family == ISA_FAMILY_ST;

	if (is_blinded(op) || is_store) {
		load_ax(x, insn.imm, !is_store && info->width_bits == 32);
		/* class ST becomes STX, operand form K becomes X */
		insn.code = (u8)(insn.code | (is_store ? 1 : CODE_SRC_X));
		insn.src = XLATE_REG_AX;
		insn.imm = 0;
	}
	xl_emit(x, insn, target);
}

void xl_lddw_blinded(struct xl *x, const struct insn *insn)
{
	u32 dst = insn->dst, rnd = next_random(x);

	load_ax(x, insn[1].imm, true);
	xl_op(x, ISA_LSH64_K, XLATE_REG_AX, 0, 32);
	xl_op(x, ISA_MOV32_K, dst, 0, (s32)((u32)insn[0].imm ^ rnd));
	xl_op(x, ISA_XOR32_K, dst, 0, (s32)rnd);
	xl_op(x, ISA_OR64_X, XL_REGS(dst, XLATE_REG_AX), 0, 0);
}
