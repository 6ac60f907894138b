/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers as operands: may they be read or written, and which 32-bit definitions are read in
 * full later, so that their upper halves must be zeroed (check_reg_arg, mark_insn_zext, is_reg64).
 */
#include "verify/mem/mem_int.h"
#include "verify/state/print.h"

enum operand { OPERAND_SRC, OPERAND_DST };

/* Both widths of a byte swap but the full one define or use a half (is_reg64's BPF_END cases). */
static bool end_is64(const struct isa_info *info)
{
	return info->width_bits == 64;
}

/* Does the current instruction use all 64 bits of the register (is_reg64)? */
static bool is_reg64(const struct env *env, const struct reg *reg, enum operand kind)
{
	const struct isa_info *info = isa_info((enum isa_op)env->aux[env->insn_idx].op);

	switch ((enum isa_family)info->family) {
	case ISA_FAMILY_CALL:
		/* What a subprogram clobbers is void anyway; helpers take whole arguments. */
		return kind == OPERAND_SRC && info->selv != 1;
	case ISA_FAMILY_END:
		return end_is64(info);
	case ISA_FAMILY_ALU:
	case ISA_FAMILY_MOV:
	case ISA_FAMILY_NEG:
	case ISA_FAMILY_JMP:
		return info->width_bits == 64;
	case ISA_FAMILY_LDX:
		return kind == OPERAND_SRC || info->width_bits == 64;
	case ISA_FAMILY_STX:
	case ISA_FAMILY_ATOMIC:
	case ISA_FAMILY_CMPXCHG:
	case ISA_FAMILY_LOAD_ACQ:
	case ISA_FAMILY_STORE_REL:
		/* One of the sources is an address. */
		if (kind == OPERAND_SRC && reg->type != REG_SCALAR)
			return true;
		return info->width_bits == 64;
	case ISA_FAMILY_LDABS:
	case ISA_FAMILY_LDIND:
		return kind == OPERAND_SRC;
	case ISA_FAMILY_INVALID:
	case ISA_FAMILY_CAST:
	case ISA_FAMILY_JA:
	case ISA_FAMILY_MAY_GOTO:
	case ISA_FAMILY_GOTOX:
	case ISA_FAMILY_LDSX:
	case ISA_FAMILY_ST:
	case ISA_FAMILY_LDDW:
	case ISA_FAMILY_CALLX:
	case ISA_FAMILY_EXIT:
		break;
	}
	return true;
}

int mem_check_src(struct env *env, u32 regno)
{
	struct reg *reg = env_reg(env, regno);

	print_scratch_reg(env, regno);
	if (reg->type == REG_NOT_INIT)
		return reject_reg(env, -EACCES, (s32)regno, "R%d !read_ok", (int)regno);
	if (regno == INSN_REG_FP)
		return 0;
	if (reg->subreg_def != REG_NOT_SUBREG && is_reg64(env, reg, OPERAND_SRC)) {
		env->facts->insns[reg->subreg_def - 1].zext_dst = true;
		reg->subreg_def = REG_NOT_SUBREG;
	}
	return 0;
}

int mem_check_dst_no_mark(struct env *env, u32 regno)
{
	struct reg *reg = env_reg(env, regno);

	print_scratch_reg(env, regno);
	if (regno == INSN_REG_FP)
		return reject_reg(env, -EACCES, (s32)regno, "frame pointer is read only");
	reg->subreg_def = is_reg64(env, reg, OPERAND_DST) ? REG_NOT_SUBREG
							  : (s32)env->insn_idx + 1;
	return 0;
}

int mem_check_dst(struct env *env, u32 regno)
{
	int err = mem_check_dst_no_mark(env, regno);

	if (!err)
		reg_mark_unknown(env, env_reg(env, regno));
	return err;
}
