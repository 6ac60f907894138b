/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of this target share. Registers of BPF on those of the machine, as in the kernel's
 * JIT: arguments of helpers already stand where C wants them.
 *
 *	r0 rax   r1 rdi   r2 rsi   r3 rdx   r4 rcx   r5 r8   r6 rbx   r7 r13   r8 r14   r9 r15
 *	r10 rbp  ax r11   run r12  scratch: r9 (T0), r10 (T1)
 *
 * r9 is the sixth argument of helpers. Scratch registers hold nothing from one operation to the
 * next. The stack pointer is a multiple of 16 within the body of every function that calls.
 */
#ifndef SKEP_JIT_X86_64_X86_INT_H
#define SKEP_JIT_X86_64_X86_INT_H

#include "jit/target.h"
#include "jit/x86_64/enc.h"
#include "jit/x86_64/regs.h"

#define RUN X86_R12
#define T0  X86_R9
#define T1  X86_R10

static always_inline u32 x86_native(const struct jit_emit *e, u32 reg)
{
	static const u8 natives[] = { X86_RAX, X86_RDI, X86_RSI, X86_RDX, X86_RCX, X86_R8,
				      X86_RBX, X86_R13, X86_R14, X86_R15, X86_RBP, X86_R11 };

	return reg < LOP_K0 ? natives[reg] : e->k_regs[reg - LOP_K0];
}

/* alu.c */
void x86_lop_alu(struct jit_emit *e, const struct lop *l);
void x86_lop_lea(struct jit_emit *e, const struct lop *l);
void x86_lop_narrow(struct jit_emit *e, const struct lop *l); /* ZEXT, SEXT, BSWAP, NEG */
void x86_lop_shift(struct jit_emit *e, const struct lop *l);
void x86_move(struct jit_emit *e, bool w, u32 dst, u32 src);
/* div.c */
void x86_lop_div(struct jit_emit *e, const struct lop *l);
/* mem.c */
void x86_lop_memory(struct jit_emit *e, const struct lop *l);
void x86_lop_atomic(struct jit_emit *e, const struct lop *l);
/* jump.c */
void x86_lop_jcc(struct jit_emit *e, const struct lop *l);
void x86_lop_setcc(struct jit_emit *e, const struct lop *l);
void x86_lop_may_goto(struct jit_emit *e, const struct lop *l);
void x86_lop_gotox(struct jit_emit *e, const struct lop *l);
void x86_lop_poll(struct jit_emit *e, const struct lop *l);
/* call.c */
void x86_lop_call(struct jit_emit *e, const struct lop *l);
void x86_lop_tail_call(struct jit_emit *e, const struct lop *l);
void x86_lop_load_packet(struct jit_emit *e, const struct lop *l);
void x86_cold(struct jit_emit *e, const struct jit_cold *cold);
/* frame.c */
u32 x86_k_regs(u16 unused, bool calls, u32 max, u8 *ret);
void x86_prologue(struct jit_emit *e, const struct jit_func *f);
/* Returns what is in rax; of main: stores it and returns 0. */
void x86_epilogue(struct jit_emit *e);
/* Takes the frame of main down but for where the result goes, which is in r8, and run in rdi. */
void x86_leave_main(struct jit_emit *e);
/* For unwinders: within the body, the stack pointer is @bytes lower than usual. */
void x86_stack_moved(struct jit_emit *e, u32 bytes);
void x86_tail(struct jit_emit *e, struct jit_place *ret_call);
/* thunk.c */
void x86_thunk(struct jit_buf *b, const struct jit_thunk_want *want, u64 base);
/* Where a function's may_goto budget lies. */
struct x86_mem x86_budget_slot(const struct jit_func *f);

/* A short jump forward within one operation: at returns where to patch, land does. */
static always_inline u32 x86_skip(struct jit_emit *e, u32 cc)
{
	x86_jcc8(&e->code, cc, 0);
	return e->code.len;
}

static always_inline u32 x86_skip_always(struct jit_emit *e)
{
	x86_jmp8(&e->code, 0);
	return e->code.len;
}

static always_inline void x86_land(struct jit_emit *e, u32 at)
{
	e->code.p[at - 1] = (u8)(e->code.len - at);
}

#endif
