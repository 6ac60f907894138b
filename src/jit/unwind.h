/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How to get from a frame of our code to its caller's: the front says in a few steps what the
 * prologues did, this makes an .eh_frame of it, for libgcc (backtrace(), exceptions) and gdb.
 *
 * CFA is DWARF's word: the stack pointer before the call, on x86-64 the address above the return
 * address. Registers have DWARF's numbers, which are not the machine's on x86-64.
 */
#ifndef SKEP_JIT_UNWIND_H
#define SKEP_JIT_UNWIND_H

#include "base/str.h"
#include "base/types.h"

enum jit_unwind_kind {
	JIT_UNWIND_CFA,   /* CFA = `reg` + `off` */
	JIT_UNWIND_SAVED, /* the caller's `reg` stands at CFA + `off` (a multiple of 8, < 0) */
	JIT_UNWIND_KEPT,  /* `reg` holds the caller's value again */
	JIT_UNWIND_PUSH,  /* remembers all of that, before an epilogue in the middle … */
	JIT_UNWIND_POP,   /* … and goes back to it behind */
};

/* True from code offset `at` on: the end of the instruction that did it. Ascending. */
struct jit_unwind_step {
	u32 at;
	u8 kind; /* enum jit_unwind_kind */
	u8 reg;
	s32 off;
};

/* What holds at the first instruction of every function. */
struct jit_unwind_isa {
	u8 sp, return_reg; /* DWARF numbers */
	u8 code_align;     /* bytes that all instructions are a multiple of */
	s8 cfa_off;        /* CFA = sp + this */
	s8 return_off;     /* the return address stands at CFA + this; 0: in return_reg */
};

extern const struct jit_unwind_isa jit_unwind_x86_64, jit_unwind_arm64;
/* DWARF's number of x86-64 register @native as instructions encode it. */
u8 jit_unwind_x86_64_reg(u32 native);

struct jit_debug_func {
	u32 start, end; /* in the code */
	const char *name;
	const struct jit_unwind_step *steps;
	u32 step_cnt;
};

/* Appends an .eh_frame for functions of code that runs at @base; out->failed when memory is short.
 */
void jit_unwind_build(const struct jit_unwind_isa *isa, u64 base,
		      const struct jit_debug_func *funcs, u32 func_cnt, struct str *out);

#endif
