/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of this target share. Registers of BPF on those of the machine: arguments of
 * helpers already stand where C wants them, and the frame pointer is the machine's, so that frame
 * records lie where unwinders look for them.
 *
 *	r0 x7   r1-r5 x0-x4   r6-r9 x19-x22   r10 x29   ax x9   run x26
 *	scratch: x10 (T0), x11 (T1), x12 (T2), x8 (T3); x16, x17 where code is far away
 *	constants: x13-x15 in programs that call nothing, x23-x25, x27, x28
 *
 * x5 is the sixth argument of helpers, whose result is in x0. Scratch registers hold nothing from
 * one operation to the next. The stack pointer is always a multiple of 16.
 */
#ifndef SKEP_JIT_ARM64_A64_INT_H
#define SKEP_JIT_ARM64_A64_INT_H

#include "jit/arm64/enc.h"
#include "jit/arm64/enc_jump.h"
#include "jit/arm64/enc_mem.h"
#include "jit/arm64/regs.h"
#include "jit/target.h"

#define R0  A64_X7
#define AX  A64_X9
#define RUN A64_X26
#define T0  A64_X10
#define T1  A64_X11
#define T2  A64_X12
#define T3  A64_X8
#define IP0 A64_X16

/* Site conditions (jit_site.cond) beyond those of b.cond: cbz and cbnz of a register. */
#define A64_SITE_CB    0x80u
#define A64_SITE_CB_W  0x40u /* 64 bits of it */
#define A64_SITE_CB_NZ 0x20u

static always_inline u32 a64_native(const struct jit_emit *e, u32 reg)
{
	static const u8 natives[] = { R0,      A64_X0,	A64_X1,	 A64_X2,  A64_X3, A64_X4,
				      A64_X19, A64_X20, A64_X21, A64_X22, A64_FP, AX };

	return reg < LOP_K0 ? natives[reg] : e->k_regs[reg - LOP_K0];
}

static always_inline void a64_emit(struct jit_emit *e, u32 word)
{
	a64_put(&e->code, word);
}

/* alu.c */
void a64_lop_alu(struct jit_emit *e, const struct lop *l);
void a64_lop_lea(struct jit_emit *e, const struct lop *l);
void a64_lop_narrow(struct jit_emit *e, const struct lop *l); /* ZEXT, SEXT, BSWAP, NEG */
void a64_lop_shift(struct jit_emit *e, const struct lop *l);
void a64_move(struct jit_emit *e, bool w, u32 dst, u32 src);
void a64_const(struct jit_emit *e, u32 dst, u64 v);
/* dst = a + v, modulo the width; by way of T0 when @v is long, so that @a is not T0 then. */
void a64_add_const(struct jit_emit *e, bool w, u32 dst, u32 a, s64 v);
/* div.c */
void a64_lop_div(struct jit_emit *e, const struct lop *l);
/* mem.c: rt from or to [base + off]; far away by way of T0. */
void a64_access(struct jit_emit *e, u32 op, u32 rt, u32 base, s64 off);
void a64_lop_memory(struct jit_emit *e, const struct lop *l);
/* The address of @l in one register: that of its base, or T0. */
u32 a64_address(struct jit_emit *e, const struct lop *l);
/* atomic.c */
void a64_lop_atomic(struct jit_emit *e, const struct lop *l);
/* jump.c */
void a64_lop_jcc(struct jit_emit *e, const struct lop *l);
void a64_lop_setcc(struct jit_emit *e, const struct lop *l);
void a64_lop_may_goto(struct jit_emit *e, const struct lop *l);
void a64_lop_gotox(struct jit_emit *e, const struct lop *l);
void a64_lop_poll(struct jit_emit *e, const struct lop *l);
void a64_lop_fence(struct jit_emit *e);
/* To @target if register @reg (64 or 32 bits) is 0, or is not. */
void a64_site_cbz(struct jit_emit *e, bool w, u32 reg, u32 target);
void a64_site_cbnz(struct jit_emit *e, bool w, u32 reg, u32 target);
/* call.c */
void a64_lop_call(struct jit_emit *e, const struct lop *l);
void a64_lop_tail_call(struct jit_emit *e, const struct lop *l);
void a64_lop_load_packet(struct jit_emit *e, const struct lop *l);
void a64_cold(struct jit_emit *e, const struct jit_cold *cold);
/* frame.c */
u32 a64_k_regs(u16 unused, bool calls, u32 max, u8 *ret);
void a64_prologue(struct jit_emit *e, const struct jit_func *f);
/* Returns what is in R0; of main: stores it and returns 0. */
void a64_epilogue(struct jit_emit *e);
/* Takes the frame of main down: run is in x0, where the result goes in x4. */
void a64_leave_main(struct jit_emit *e);
void a64_tail(struct jit_emit *e, struct jit_place *ret_call);
/* thunk.c */
void a64_thunk(struct jit_buf *b, const struct jit_thunk_want *want, u64 base);

/* A jump forward within one operation: returns where to patch, land does. */
static always_inline u32 a64_skip(struct jit_emit *e, u32 cond)
{
	a64_emit(e, a64_bcond(cond, 0));
	return e->code.len;
}

static always_inline void a64_land(struct jit_emit *e, u32 at)
{
	const struct jit_buf at_branch = { .p = e->code.p + at - 4 };
	const u32 cond = at_branch.p[0] & 15;
	struct jit_buf b = at_branch;

	a64_put(&b, a64_bcond(cond, (s64)(e->code.len - at) + 4));
}

#endif
