/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arithmetic that is more than one instruction: offsets masked so that a mispredicted path stays
 * inside the object (the alu_state part of do_misc_fixups), and, for dumps, what the kernel makes
 * of divisions so that machines do not trap.
 */
#include "xlate/xlate_int.h"

/* The operation with a register operand that adds where @op subtracts and the other way round. */
static enum isa_op opposite(enum isa_op op)
{
	return op == ISA_ADD64_X ? ISA_SUB64_X : ISA_ADD64_X;
}

void xl_alu_masked(struct xl *x, enum isa_op op)
{
	const struct insn *insn = &x->prog->insns[x->idx];
	const struct insn_facts *f = &x->facts->insns[x->idx];
	bool of_src = (f->alu_state & (FACT_ALU_SANITIZE_SRC | FACT_ALU_SANITIZE_DST)) ==
		      FACT_ALU_SANITIZE_SRC;
	bool negative = f->alu_state & FACT_ALU_NEG_VALUE;
	bool constant = f->alu_state & FACT_ALU_IMMEDIATE;
	u32 off_reg = of_src ? insn->src : insn->dst;

	if (constant) {
		xl_op(x, ISA_MOV32_K, XLATE_REG_AX, 0, (s32)f->alu_limit);
	} else {
		if (negative)
			xl_op(x, ISA_MUL64_K, off_reg, 0, -1);
		/* r11 = off if off <= limit, else 0: without a branch */
		xl_op(x, ISA_MOV32_K, XLATE_REG_AX, 0, (s32)f->alu_limit);
		xl_op(x, ISA_SUB64_X, XL_REGS(XLATE_REG_AX, off_reg), 0, 0);
		xl_op(x, ISA_OR64_X, XL_REGS(XLATE_REG_AX, off_reg), 0, 0);
		xl_op(x, ISA_NEG64, XLATE_REG_AX, 0, 0);
		xl_op(x, ISA_ARSH64_K, XLATE_REG_AX, 0, 63);
		xl_op(x, ISA_AND64_X, XL_REGS(XLATE_REG_AX, off_reg), 0, 0);
	}
	if (!of_src)
		xl_op(x, ISA_MOV64_X, XL_REGS(insn->dst, insn->src), 0, 0);
	xl_op(x, negative ? opposite(op) : op, XL_REGS(insn->dst, XLATE_REG_AX), 0, 0);
	if (of_src && negative && !constant)
		xl_op(x, ISA_MUL64_K, off_reg, 0, -1);
}

struct division {
	enum isa_op op;
	bool is64, is_signed, is_mod;
};

static const struct division divisions[] = {
	{ ISA_DIV64_X, true, false, false },  { ISA_MOD64_X, true, false, true },
	{ ISA_DIV32_X, false, false, false }, { ISA_MOD32_X, false, false, true },
	{ ISA_SDIV64_X, true, true, false },  { ISA_SMOD64_X, true, true, true },
	{ ISA_SDIV32_X, false, true, false }, { ISA_SMOD32_X, false, true, true },
};

static void div_unsigned(struct xl *x, const struct division *d, u32 dst, u32 src)
{
	if (!d->is_mod) {
		xl_op(x, d->is64 ? ISA_JNE64_K : ISA_JNE32_K, src, 2, 0);
		xl_op(x, ISA_XOR32_X, XL_REGS(dst, dst), 0, 0);
		xl_op(x, ISA_JA, 0, 1, 0);
		xl_copy(x);
		return;
	}
	xl_op(x, d->is64 ? ISA_JEQ64_K : ISA_JEQ32_K, src, d->is64 ? 1 : 2, 0);
	xl_copy(x);
	if (!d->is64) {
		xl_op(x, ISA_JA, 0, 1, 0);
		xl_op(x, ISA_MOV32_X, XL_REGS(dst, dst), 0, 0);
	}
}

/* Divisors 0 and -1 are told from the rest by one comparison: r11 = divisor + 1 is 1 or 0. */
static void div_signed(struct xl *x, const struct division *d, u32 dst, u32 src)
{
	enum isa_op add = d->is64 ? ISA_ADD64_K : ISA_ADD32_K;
	enum isa_op jgt = d->is64 ? ISA_JGT64_K : ISA_JGT32_K;
	enum isa_op jeq = d->is64 ? ISA_JEQ64_K : ISA_JEQ32_K;

	xl_op(x, ISA_MOV64_X, XL_REGS(XLATE_REG_AX, src), 0, 0);
	xl_op(x, add, XLATE_REG_AX, 0, 1);
	if (!d->is_mod) {
		xl_op(x, jgt, XLATE_REG_AX, 4, 1);
		xl_op(x, jeq, XLATE_REG_AX, 1, 0);
		xl_op(x, d->is64 ? ISA_MOV64_K : ISA_MOV32_K, dst, 0, 0);
		xl_op(x, d->is64 ? ISA_NEG64 : ISA_NEG32, dst, 0, 0);
		xl_op(x, ISA_JA, 0, 1, 0);
		xl_copy(x);
		return;
	}
	xl_op(x, jgt, XLATE_REG_AX, 3, 1);
	xl_op(x, jeq, XLATE_REG_AX, d->is64 ? 3 : 4, 1);
	xl_op(x, ISA_MOV32_K, dst, 0, 0);
	xl_op(x, ISA_JA, 0, 1, 0);
	xl_copy(x);
	if (!d->is64) {
		xl_op(x, ISA_JA, 0, 1, 0);
		xl_op(x, ISA_MOV32_X, XL_REGS(dst, dst), 0, 0);
	}
}

bool xl_div(struct xl *x, enum isa_op op)
{
	const struct insn *insn = &x->prog->insns[x->idx];

	if (insn->imm == -1 && (op == ISA_SDIV64_K || op == ISA_SDIV32_K)) {
		xl_op(x, op == ISA_SDIV64_K ? ISA_NEG64 : ISA_NEG32, insn->dst, 0, 0);
		return true;
	}
	if (insn->imm == -1 && (op == ISA_SMOD64_K || op == ISA_SMOD32_K)) {
		xl_op(x, ISA_MOV32_K, insn->dst, 0, 0);
		return true;
	}
	for (u32 i = 0; i < sizeof(divisions) / sizeof(divisions[0]); i++) {
		const struct division *d = &divisions[i];

		if (d->op != op)
			continue;
		if (d->is_signed)
			div_signed(x, d, insn->dst, insn->src);
		else
			div_unsigned(x, d, insn->dst, insn->src);
		return true;
	}
	return false;
}
