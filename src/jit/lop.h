/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lowered operations: what targets emit. Between the instruction set, where an operation works on
 * its destination, and machines, which have three operands, addresses with an index and rotations:
 * the front turns instructions into as few of these as it can (jit/lower.h), once for all targets,
 * and a target has one case for each.
 *
 * Registers are those of BPF: 0..10, 11 is xlate's own (INSN_REG_AX), and LOP_K0.. hold constants
 * that the front keeps in registers of the machine which the program leaves free.
 */
#ifndef SKEP_JIT_LOP_H
#define SKEP_JIT_LOP_H

#include "base/types.h"

#define LOP_REGS    16u   /* 0 .. 11, and LOP_K0 .. LOP_K3 */
#define LOP_K0	    12u
#define LOP_K_MAX   4u
#define LOP_REG_NONE 0xffu

enum lop_op {
	LOP_MOV,   /* dst = a; width 32: the low half, zero-extended */
	LOP_CONST, /* dst = imm, 64 bits */
	/* dst = a op b, or op imm where b is LOP_REG_NONE (fits s32; for width 32 any u32) */
	LOP_ADD,
	LOP_SUB,
	LOP_MUL,
	LOP_AND,
	LOP_OR,
	LOP_XOR,
	LOP_LSH, /* count masked to the width */
	LOP_RSH,
	LOP_ARSH,
	LOP_ROL, /* b is LOP_REG_NONE, imm 1 .. width - 1 */
	LOP_DIV, /* RFC 9669 4.1: by zero gives 0; imm is not 0 */
	LOP_MOD, /* by zero gives a */
	LOP_SDIV,
	LOP_SMOD,
	LOP_NEG,   /* dst = -a */
	LOP_LEA,   /* dst = a + (b << scale) + disp, modulo 2^width; a or b may be LOP_REG_NONE */
	LOP_ZEXT,  /* dst = the low `bits` (8, 16) of a */
	LOP_SEXT,  /* dst = the low `bits` (8, 16, 32) of a, sign-extended to width, upper half 0 */
	LOP_BSWAP, /* dst = the low `bits` (16, 32, 64) of a, bytes reversed, zero-extended */
	LOP_SETCC, /* dst = 1 where cond holds, else 0; cond, width, a, b, imm as for LOP_JCC */
	/* Memory at a + (b << scale) + disp, a access of `bits` bits. */
	LOP_LOAD,      /* dst = zero-extended */
	LOP_LOAD_SX,   /* dst = sign-extended to 64 */
	LOP_LOAD_BE,   /* dst = big-endian bytes, zero-extended; only if the target says so */
	LOP_STORE,     /* = c, or imm where c is LOP_REG_NONE (fits s32) */
	LOP_LOAD_ACQ,  /* dst = zero-extended, acquire */
	LOP_STORE_REL, /* = c, release */
	LOP_ATOMIC,    /* *m = *m fn c; with fetch: dst (== c) = old, zero-extended; no index */
	LOP_CMPXCHG,   /* if *m == r0: *m = c; r0 = old, zero-extended; no index */
	/* Control. `target` is the index of an instruction. */
	LOP_JMP,
	LOP_JCC,      /* cond, width: a against b, or imm where b is LOP_REG_NONE (fits s32) */
	LOP_CALL,     /* r0 = ((helper_fn)imm)(r1 .. r5, run) */
	LOP_CALL_HOST, /* imm is a struct helper_binding: r0 = host(r1 .. r5, cookie) */
	LOP_CALL_SUB, /* r0 = function at target(r1 .. r5) */
	LOP_CALLX,    /* r0 = the helper whose number a holds(r1 .. r5) */
	LOP_TAIL_CALL, /* goes to a program of map r2 at index r3, or r0 = -errno */
	LOP_EXIT,     /* returns r0 */
	LOP_LOAD_PACKET, /* r0 = bits of the packet at imm (+ a); outside: returns 0 */
	LOP_MAY_GOTO, /* to target when the function's budget of loops is used up */
	LOP_GOTOX,    /* to the instruction whose address a holds */
	LOP_POLL,     /* ends the run when it was stopped, or (opts) when its budget is used up */
	LOP_FENCE,    /* no speculation goes past this */
	LOP_CPU,      /* r0 = run->cpu */
	LOP_OP_CNT
};

/* Conditions; lop_cond_not() below. */
enum lop_cond {
	LOP_EQ,
	LOP_NE,
	LOP_GT, /* unsigned */
	LOP_LE,
	LOP_GE,
	LOP_LT,
	LOP_SGT,
	LOP_SLE,
	LOP_SGE,
	LOP_SLT,
	LOP_SET,  /* (a & b) != 0 */
	LOP_NSET, /* (a & b) == 0 */
};

enum lop_fn { LOP_FN_ADD, LOP_FN_OR, LOP_FN_AND, LOP_FN_XOR, LOP_FN_XCHG };

struct lop {
	u8 op; /* enum lop_op */
	u8 width; /* 32 or 64: of the operation */
	u8 bits;  /* of a memory access or of a narrow operand */
	u8 dst, a, b, c;
	u8 scale;
	s32 disp;
	u8 cond;  /* enum lop_cond */
	u8 fn;	  /* enum lop_fn */
	bool fetch;
	bool may_fault; /* of calls: run->fault is to be looked at afterwards */
	u64 imm;
	u32 target;
	u32 idx; /* the instruction that it was made of, in prog->insns */
};

/* What an immediate of a lowered operation may be. */
static inline bool fits_s32(s64 v)
{
	return v == (s32)v;
}

/* The condition that holds exactly when @cond does not: pairs differ in the last bit. */
static inline enum lop_cond lop_cond_not(enum lop_cond cond)
{
	return cond ^ 1;
}

/* The condition for exchanged operands. */
static inline enum lop_cond lop_cond_swap(enum lop_cond cond)
{
	static const u8 swapped[] = {
		[LOP_EQ] = LOP_EQ,   [LOP_NE] = LOP_NE,
		[LOP_GT] = LOP_LT,   [LOP_LE] = LOP_GE,
		[LOP_GE] = LOP_LE,   [LOP_LT] = LOP_GT,
		[LOP_SGT] = LOP_SLT, [LOP_SLE] = LOP_SGE,
		[LOP_SGE] = LOP_SLE, [LOP_SLT] = LOP_SGT,
		[LOP_SET] = LOP_SET, [LOP_NSET] = LOP_NSET,
	};

	return swapped[cond];
}

#endif
