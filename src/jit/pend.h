/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that are known but not computed yet. Within a stretch of code that is entered only at its
 * beginning, a register of BPF may hold a small expression over what registers of the machine hold
 * (a constant, a copy, a sum with a scaled index, a shift) instead of a value. It is computed when
 * somebody needs it as a value, and not at all when everybody could take the expression instead:
 * as an immediate, an address, half of a rotation, or because it is dead.
 *
 * "Native" below is the machine's register that belongs to a BPF register. While a BPF register is
 * pending, its native holds an older value, which other expressions may read.
 *
 *  1. When the pending value of x reads the native of y != x, then y is not pending, or its own
 *     value reads no native but y's. So computing y, which writes that native, needs nothing but
 *     that x is computed before: there are no circles.
 *  2. Before a native is written, every expression that reads it is computed, if it is live.
 */
#ifndef SKEP_JIT_PEND_H
#define SKEP_JIT_PEND_H

#include "jit/front.h"
#include "jit/lop.h"
#include "jit/target.h"

enum pend_kind {
	PEND_NONE,   /* the native has it */
	PEND_CONST,  /* imm */
	PEND_COPY,   /* a */
	PEND_ZEXT32, /* the low half of a */
	PEND_LEA,    /* width: a + (b << scale) + disp; a, b may be LOP_REG_NONE */
	PEND_LSH,    /* width: a << scale; for width 32 the low half of a, zero-extended result */
	PEND_RSH,    /* width: a >> scale */
	PEND_AND,    /* width 32: a & imm, imm is 0 .. UINT32_MAX */
};

struct pend {
	u8 kind; /* enum pend_kind */
	u8 width;
	u8 a, b; /* natives */
	u8 scale;
	u16 reads; /* natives that it reads, bit n */
	s32 disp;
	u64 imm;
};

struct lower {
	struct jit_emit *e;
	const struct front *f;
	struct pend pend[FRONT_REGS];
	u16 pending; /* bit n: pend[n].kind != PEND_NONE */
	u16 upper_zero; /* natives whose upper half is 0 */
	/*
	 * BPF registers that are live after the current instruction, and those that are before or
	 * after it: while its operands are looked up, they are needed although it may be their end.
	 */
	u16 live_after, live;
	u32 idx;	/* the current instruction */
	u32 joined; /* an instruction whose only jump has become a selection; 0: none */
};

/* The sum that a register is: a + (b << scale) + disp, or just a constant when both are NONE. */
struct lin {
	u8 a, b, scale;
	s64 disp;
};

/* Hands @op to the target, as made of the current instruction. */
void pend_emit(struct lower *l, struct lop *op);
/* Computes the value of @reg into its native. */
void pend_force(struct lower *l, u32 reg);
void pend_force_set(struct lower *l, u16 regs);
/* Forgets all, where control arrives from elsewhere. */
void pend_reset(struct lower *l);

/* A native that holds the value of @reg; @width 32: at least its low half. Computes if need be. */
u32 pend_use(struct lower *l, u32 reg, u32 width);
/* The constant that @reg is, if it is known. */
bool pend_const(const struct lower *l, u32 reg, u64 *ret);
/*
 * Makes the value of @reg something that another register's value or the address of an operation
 * that writes a register may repeat: 1. forbids that while it reads its own native and another.
 * Nothing to do when @reg is dead after the instruction.
 */
void pend_share(struct lower *l, u32 reg);
/*
 * @reg as a sum modulo 2^@width, without computing anything but what is no sum. To be used before
 * the next call of a function that computes.
 */
struct lin pend_lin(struct lower *l, u32 reg, u32 width);

/*
 * The two ends of an instruction: called when all of its operands are looked up.
 * pend_def: the native of @reg is about to be written by an operation that gives @reg its value.
 */
void pend_def(struct lower *l, u32 reg, bool upper_zero);
/* The value of @reg is about to be replaced by one that reads @reads. */
void pend_replace(struct lower *l, u32 reg, u16 reads);

/*
 * @reg gets the value @p: later. Inline, so that @p is written once, field by field: copies of
 * what was just written in smaller pieces wait for the memory.
 */
static always_inline void pend_set(struct lower *l, u32 reg, struct pend p)
{
	if (p.kind == PEND_COPY && p.a == reg) {
		l->pending &= (u16)~(1u << reg); /* an older value again, which is still there */
		return;
	}
	p.reads = 0;
	if (p.kind != PEND_CONST && p.a != LOP_REG_NONE)
		p.reads |= (u16)(1u << p.a);
	if (p.kind == PEND_LEA && p.b != LOP_REG_NONE)
		p.reads |= (u16)(1u << p.b);
	pend_replace(l, reg, p.reads);
	l->pend[reg] = p;
}

void pend_set_const(struct lower *l, u32 reg, u64 value);
void pend_set_copy(struct lower *l, u32 reg, u32 native);

#endif
