/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The door of the instruction set: what each operation is (a table expanded from isa/ops.def),
 * which one a word holds, whether a program keeps the rules of encoding, and text in and out.
 * Pure functions over the caller's memory, safe from any thread.
 */
#ifndef SKEP_ISA_ISA_H
#define SKEP_ISA_ISA_H

#include "base/types.h"
#include "isa/insn.h"

enum isa_op {
	ISA_INVALID, /* a word that is no instruction */
#define ISA_OP(id, ...) ISA_##id,
#include "isa/ops.def"
	ISA_OP_CNT
};

enum isa_family {
	ISA_FAMILY_INVALID,
	ISA_FAMILY_ALU,
	ISA_FAMILY_MOV, /* sign-extending moves too */
	ISA_FAMILY_CAST,
	ISA_FAMILY_NEG,
	ISA_FAMILY_END,
	ISA_FAMILY_JMP, /* conditional */
	ISA_FAMILY_JA,
	ISA_FAMILY_MAY_GOTO,
	ISA_FAMILY_GOTOX,
	ISA_FAMILY_LDX,
	ISA_FAMILY_LDSX,
	ISA_FAMILY_ST,
	ISA_FAMILY_STX,
	ISA_FAMILY_ATOMIC,
	ISA_FAMILY_CMPXCHG,
	ISA_FAMILY_LOAD_ACQ,
	ISA_FAMILY_STORE_REL,
	ISA_FAMILY_LDDW,
	ISA_FAMILY_CALL,
	ISA_FAMILY_CALLX,
	ISA_FAMILY_EXIT,
	ISA_FAMILY_LDABS,
	ISA_FAMILY_LDIND,
};
/* In an expansion of isa/ops.def: the row's family is @what. */
#define ISA_IS(family, what) (ISA_FAMILY_##family == ISA_FAMILY_##what)

/* Which field tells operations with one opcode byte apart. */
enum isa_sel { ISA_SEL_NONE, ISA_SEL_OFF, ISA_SEL_IMM, ISA_SEL_SRC };

/* What an instruction does with a register field; NONE must hold 0, SEL selects the operation. */
enum isa_reg {
	ISA_REG_NONE = 0,
	ISA_REG_R = 1,
	ISA_REG_W = 2,
	ISA_REG_RW = 3,
	ISA_REG_SEL = 4,
};

enum isa_off {
	ISA_OFF_ZERO,
	ISA_OFF_SEL,
	ISA_OFF_MEM,   /* displacement of the address, bytes */
	ISA_OFF_JUMP,  /* instructions, counted from the next one */
	ISA_OFF_KFUNC, /* index of the kfunc's BTF in fd_array */
	ISA_OFF_ANY,   /* Linux does not look at it (exit) */
};

enum isa_imm {
	ISA_IMM_ZERO,
	ISA_IMM_SEL,
	ISA_IMM_VALUE,
	ISA_IMM_SHIFT,	 /* 0 .. width - 1 */
	ISA_IMM_DIVISOR, /* not 0 */
	ISA_IMM_JUMP,	 /* instructions, counted from the next one */
	ISA_IMM_LDDW,	 /* low half; the next word's imm is the high one */
	ISA_IMM_HELPER,	 /* helper number */
	ISA_IMM_SUBPROG, /* instructions, counted from the next one */
	ISA_IMM_KFUNC,	 /* BTF id of the function */
	ISA_IMM_PACKET,	 /* offset into the packet */
	ISA_IMM_CAST,	 /* address spaces: to << 16 | from */
};

/* Form of the second operand: in src, in imm, or none. */
enum isa_form { ISA_FORM_X, ISA_FORM_K, ISA_FORM_N };

#define ISA_SINCE(major, minor) ((major) << 8 | (minor))
#define ISA_CPU_LATER		5

/* One row of isa/ops.def; the columns are described there. */
struct isa_info {
	const char *name; /* "ADD64_X" */
	const char *fn;	  /* stem of the function in isa/sem.h: "add" */
	const char *text; /* operator in the kernel's log: "+=" */
	u8 code;
	u8 family; /* enum isa_family */
	u8 sel;	   /* enum isa_sel */
	u8 dst;	   /* enum isa_reg */
	u8 src;	   /* enum isa_reg */
	u8 off;	   /* enum isa_off */
	u8 imm;	   /* enum isa_imm */
	u8 form;   /* enum isa_form */
	u8 width_bits;
	u8 cpu;	   /* 1..4: -mcpu level; ISA_CPU_LATER */
	u16 since; /* ISA_SINCE(major, minor) of the first Linux; 0: none has it */
	u16 selv;  /* value of the selecting field */
	u16 use;   /* registers read beside the fields, bit n = rn */
	u16 def;   /* registers written or lost beside the fields */
};

extern const struct isa_info isa_infos[ISA_OP_CNT];

/* Never NULL: ISA_INVALID has a row too (name "INVALID", text ""). */
static inline const struct isa_info *isa_info(enum isa_op op)
{
	return (u32)op < ISA_OP_CNT ? &isa_infos[op] : &isa_infos[ISA_INVALID];
}

/* The only row of an opcode byte, or the first one of its group. */
extern const u8 isa_by_code[256];
/* The row of @i among those of its group, of which @first is the first. */
enum isa_op isa_decode_group(const struct insn *i, enum isa_op first);

/*
 * The operation that @i holds, by its opcode byte and the selecting field alone: fields that must
 * be zero are isa_check's business. The second word of an lddw is ISA_INVALID by itself.
 */
static inline enum isa_op isa_decode(const struct insn *i)
{
	const enum isa_op op = (enum isa_op)isa_by_code[i->code];

	return isa_infos[op].sel == ISA_SEL_NONE ? op : isa_decode_group(i, op);
}

/* The word in which only opcode byte and selecting field are set. ISA_INVALID gives zeros. */
struct insn isa_template(enum isa_op op);

/* Words that the instruction takes: 2 for every lddw, else 1. */
static inline u32 isa_words(enum isa_op op)
{
	return isa_info(op)->family == ISA_FAMILY_LDDW ? 2 : 1;
}

/* True when the instruction may go elsewhere than to the next one (calls come back, so not). */
bool isa_is_jump(enum isa_op op);
/*
 * Target of a jump (conditional, ja, gotol, may_goto) or of a call of a subprogram at @idx, as an
 * index that may lie outside the program. False when the instruction has no such target.
 */
bool isa_target(const struct insn *i, enum isa_op op, u32 idx, s64 *ret_idx);

/* Registers that the instruction reads or writes (or loses), implicit ones included. */
static inline u16 isa_regs_read(const struct insn *i, enum isa_op op)
{
	const struct isa_info *info = isa_info(op);

	return (u16)((u32)!!(info->dst & ISA_REG_R) << i->dst |
		     (u32)!!(info->src & ISA_REG_R) << i->src | info->use);
}

static inline u16 isa_regs_written(const struct insn *i, enum isa_op op)
{
	const struct isa_info *info = isa_info(op);

	return (u16)((u32)!!(info->dst & ISA_REG_W) << i->dst |
		     (u32)!!(info->src & ISA_REG_W) << i->src | info->def);
}

#endif
