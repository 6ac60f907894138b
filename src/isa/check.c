/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules that one instruction keeps by itself: its row in isa/ops.def says which fields must
 * hold what. Reasons have the kernel's words (resolve_pseudo_ldimm64, check_alu_op, check_atomic,
 * check_ld_imm, check_ld_abs, check_cond_jmp_op and do_check_insn of kernel/bpf/verifier.c).
 */
#include "isa/check.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "isa/isa_int.h"

#define CLASS(code)   ((code)&7)
#define MODE(code)    ((code) >> 5)
#define CLASS_LDX     1
#define CLASS_JMP     5
#define MODE_MEM      3
#define MODE_MEMSX    4
#define REFERENCE     ISA_SINCE(6, 18) /* the Linux whose rules these are */

int isa_reason_set(struct isa_reason *reason, u32 idx, const char *fmt, ...)
{
	va_list ap;

	reason->insn_idx = idx;
	va_start(ap, fmt);
	(void)vsnprintf(reason->text, sizeof(reason->text), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* How the kernel names a family when it complains of its reserved fields. */
static const char *const family_words[] = {
	[ISA_FAMILY_INVALID] = "",
	[ISA_FAMILY_ALU] = "BPF_ALU",
	[ISA_FAMILY_MOV] = "BPF_MOV",
	[ISA_FAMILY_CAST] = "BPF_MOV",
	[ISA_FAMILY_NEG] = "BPF_NEG",
	[ISA_FAMILY_END] = "BPF_END",
	[ISA_FAMILY_JMP] = "BPF_JMP/JMP32",
	[ISA_FAMILY_JA] = "BPF_JA",
	[ISA_FAMILY_MAY_GOTO] = "BPF_JCOND",
	[ISA_FAMILY_GOTOX] = "BPF_JA|X",
	[ISA_FAMILY_LDX] = "BPF_LDX",
	[ISA_FAMILY_LDSX] = "BPF_LDX",
	[ISA_FAMILY_ST] = "BPF_ST",
	[ISA_FAMILY_STX] = "BPF_STX",
	[ISA_FAMILY_ATOMIC] = "BPF_ATOMIC",
	[ISA_FAMILY_CMPXCHG] = "BPF_ATOMIC",
	[ISA_FAMILY_LOAD_ACQ] = "BPF_ATOMIC",
	[ISA_FAMILY_STORE_REL] = "BPF_ATOMIC",
	[ISA_FAMILY_LDDW] = "BPF_LD_IMM64",
	[ISA_FAMILY_CALL] = "BPF_CALL",
	[ISA_FAMILY_CALLX] = "BPF_CALL|X",
	[ISA_FAMILY_EXIT] = "BPF_EXIT",
	[ISA_FAMILY_LDABS] = "BPF_LD_[ABS|IND]",
	[ISA_FAMILY_LDIND] = "BPF_LD_[ABS|IND]",
};

static int reserved(const struct isa_info *info, const struct insn *i, struct isa_reason *reason)
{
	if (info->family == ISA_FAMILY_MAY_GOTO)
		return isa_reason_set(reason, 0, "invalid may_goto imm %d", i->imm);
	return isa_reason_set(reason, 0, "%s uses reserved fields", family_words[info->family]);
}

/* Why a word decodes to nothing: no row has its opcode byte, or none its selecting field. */
static int explain_invalid(const struct insn *i, struct isa_reason *reason)
{
	const struct isa_info *group = isa_info(isa_first_of_code(i->code));
	struct insn wide = *i;

	if (CLASS(i->code) == CLASS_LDX &&
	    ((MODE(i->code) != MODE_MEM && MODE(i->code) != MODE_MEMSX) || i->imm))
		return isa_reason_set(reason, 0, "BPF_LDX uses reserved fields");
	if (group->family == ISA_FAMILY_INVALID)
		return isa_reason_set(reason, 0, "unknown opcode %02x", i->code);
	if (group->family == ISA_FAMILY_LDDW)
		return isa_reason_set(reason, 0, "unrecognized bpf_ld_imm64 insn");
	if (group->family == ISA_FAMILY_ATOMIC || group->family == ISA_FAMILY_LOAD_ACQ) {
		wide.code = isa_info(ISA_ATOMIC64_ADD)->code;
		if (isa_decode(&wide) != ISA_INVALID)
			return isa_reason_set(reason, 0, "invalid atomic operand size");
		return isa_reason_set(reason, 0, "BPF_ATOMIC uses invalid atomic opcode %02x",
				      (u32)i->imm);
	}
	return reserved(group, i, reason);
}

static int check_reserved(const struct isa_info *info, const struct insn *i,
			  struct isa_reason *reason)
{
	if ((info->dst == ISA_REG_NONE && i->dst) || (info->src == ISA_REG_NONE && i->src) ||
	    (info->off == ISA_OFF_ZERO && i->off) || (info->imm == ISA_IMM_ZERO && i->imm))
		return reserved(info, i, reason);
	/* Only address spaces 0 and 1 exist: to << 16 | from. */
	if (info->imm == ISA_IMM_CAST && i->imm != 1 && i->imm != 1 << 16)
		return isa_reason_set(reason, 0, "addr_space_cast insn can only convert between "
						 "address space 1 and 0");
	return 0;
}

static int check_registers(const struct isa_info *info, const struct insn *i,
			   struct isa_reason *reason)
{
	/* The kernel looks at both of a condition's registers, dst first, before all else. */
	if ((info->src & ISA_REG_RW) && i->src >= INSN_REGS &&
	    !(info->family == ISA_FAMILY_JMP && i->dst >= INSN_REGS))
		return isa_reason_set(reason, 0, "R%u is invalid", i->src);
	if ((info->dst & ISA_REG_RW) && i->dst >= INSN_REGS)
		return isa_reason_set(reason, 0, "R%u is invalid", i->dst);
	return 0;
}

static int check_frame_pointer(const struct isa_info *info, const struct insn *i,
			       struct isa_reason *reason)
{
	if (((info->dst & ISA_REG_W) && i->dst == INSN_REG_FP) ||
	    ((info->src & ISA_REG_W) && i->src == INSN_REG_FP)) {
		(void)isa_reason_set(reason, 0, "frame pointer is read only");
		return -EACCES;
	}
	return 0;
}

static int check_imm(const struct isa_info *info, const struct insn *i, u32 flags,
		     struct isa_reason *reason)
{
	if (info->imm == ISA_IMM_SHIFT && (u32)i->imm >= info->width_bits &&
	    !(flags & ISA_CHECK_ANY_VALUE))
		return isa_reason_set(reason, 0, "invalid shift %d", i->imm);
	if (info->imm == ISA_IMM_DIVISOR && !i->imm && !(flags & ISA_CHECK_ANY_VALUE))
		return isa_reason_set(reason, 0, "div by zero");
	return 0;
}

/* The opcode byte exists, and Linux looks at what else is wrong where it arrives alone. */
static bool selects_nothing(const struct insn *i)
{
	const u8 family = isa_info(isa_first_of_code(i->code))->family;

	return family == ISA_FAMILY_ALU || family == ISA_FAMILY_MOV || family == ISA_FAMILY_END ||
	       family == ISA_FAMILY_ATOMIC || family == ISA_FAMILY_LOAD_ACQ ||
	       family == ISA_FAMILY_CALL;
}

/* Linux looks at these before it walks (resolve_pseudo_ldimm64). */
static bool is_load(const struct isa_info *info)
{
	return info->family == ISA_FAMILY_LDX || info->family == ISA_FAMILY_LDSX ||
	       info->family == ISA_FAMILY_LDDW;
}

int isa_check_insn(const struct insn *i, u32 flags, struct isa_reason *ret_reason)
{
	const enum isa_op op = isa_decode(i);
	const struct isa_info *info = isa_info(op);
	int err = 0;

	if (op == ISA_INVALID)
		return flags & ISA_CHECK_ANY_FIELD && selects_nothing(i) ? 0 :
			explain_invalid(i, ret_reason);
	if (!(flags & ISA_CHECK_ANY_OP) && (!info->since || info->since > REFERENCE))
		return isa_reason_set(ret_reason, 0, "unknown opcode %02x", i->code);
	if (info->family == ISA_FAMILY_JMP && i->dst >= INSN_REGS)
		return check_registers(info, i, ret_reason);
	if (info->family == ISA_FAMILY_LDDW && (i[1].code || i[1].dst || i[1].src || i[1].off))
		return isa_reason_set(ret_reason, 0, "invalid bpf_ld_imm64 insn");
	/* A register that is none is refused at once, behind what the kernel would say before. */
	if (!(flags & ISA_CHECK_ANY_FIELD) || is_load(info) ||
	    check_registers(info, i, ret_reason))
		err = check_reserved(info, i, ret_reason);
	/* Maps have no upper half. */
	if (!err && (op == ISA_LDDW_MAP_FD || op == ISA_LDDW_MAP_IDX) && i[1].imm)
		err = isa_reason_set(ret_reason, 0, "unrecognized bpf_ld_imm64 insn");
	if (!err)
		err = check_registers(info, i, ret_reason);
	if (!err)
		err = check_imm(info, i, flags, ret_reason);
	if (!err && !(flags & ISA_CHECK_ANY_WRITE))
		err = check_frame_pointer(info, i, ret_reason);
	return err;
}
