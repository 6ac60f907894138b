/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine that we write code for: one table per ISA, one folder each. A target sees lowered
 * operations, never instructions of BPF, and puts bytes into emit->code. Whatever goes elsewhere in
 * the code, or outside of it, is not written but noted as a *site* (jit_site): an empty place, in
 * which jit/relax.c later puts the shortest form that reaches.
 *
 * How a program is built, on every target:
 *   - prog->enter is the code of its main function, called as a C function: the target's prologue
 *     moves context and arg2 to r1 and r2 and keeps `run` in a callee-saved register throughout.
 *   - Functions of the program keep r6..r9 and the frame pointer for their callers.
 *   - Whatever ends a run early (budget, faults, a helper that faulted) goes to the code at `abort`
 *     of the program: it takes the stack pointer from run->jit_frame, which the prologue of the
 *     main function set, restores what that prologue saved and returns -EFAULT. So the main
 *     function saves all callee-saved registers that any function of the program uses.
 */
#ifndef SKEP_JIT_TARGET_H
#define SKEP_JIT_TARGET_H

#include "base/arena.h"
#include "base/types.h"
#include "jit/buf.h"
#include "jit/lop.h"
#include "jit/unwind.h"

struct prog;
struct run;
struct jit_target;
struct jit_thunk_want;

/* What a site is filled with. */
enum jit_site_kind {
	JIT_SITE_JMP,	/* to an instruction or a stub */
	JIT_SITE_JCC,	/* the same, on the machine's condition `cond` */
	JIT_SITE_CALL,	/* of a function of the program */
	JIT_SITE_EXT,	/* call of code at an absolute address */
	JIT_SITE_ADDR,	/* absolute address of a stub or instruction into register `cond` */
};

/* Targets that are no instructions: the front numbers stubs from here. */
#define JIT_STUB_BASE 0x40000000u

struct jit_site {
	u32 at;	    /* offset in emit->code where its bytes will be inserted */
	u32 target; /* instruction index, or JIT_STUB_BASE + stub */
	u64 ext;    /* JIT_SITE_EXT */
	u8 kind;    /* enum jit_site_kind */
	u8 cond;    /* the target's own number: condition, register */
	u8 form;    /* 0, 1, …: the forms of target->site_bytes, each reaches further */
};

/* A place in the code: offset without sites, and how many sites lie before it. */
struct jit_place {
	u32 off, site;
};

/* A function of the program. */
struct jit_func {
	u32 start, end;	  /* instructions */
	u32 stack_bytes;  /* as deep as it is used, a multiple of 8 */
	u16 regs_saved;	  /* callee-saved registers of BPF (r6..r9) that it changes; of main: all */
	u16 live_in;	  /* registers that are read before they are written */
	bool main;
	bool uses_fp;	  /* r10 is read */
	bool saves_fp;	  /* it or, for main, any function changes the machine's frame pointer */
	bool calls;	  /* anything: helpers, functions, support code */
	bool may_goto;
	bool counts_depth; /* recursion is possible: run->jit_depth is to be kept */
	struct jit_place code_start, cold_start, code_end;
	u32 body_bytes; /* of the frame, set by the target: for whoever unwinds */
};

/* Stubs that each program has, placed by target->tail; cold places get the numbers behind. */
enum jit_stub {
	JIT_STUB_ABORT = (int)JIT_STUB_BASE, /* run->fault is set: leave */
	JIT_STUB_RAISE, /* the same, after jit_raise() with what the target passes it */
	JIT_STUB_FIXED_END,
};

enum jit_poll { JIT_POLL_NONE, JIT_POLL_STOP, JIT_POLL_COUNT };

/* Code off the hot path, emitted behind its function. */
struct jit_cold {
	u32 stub;  /* its number */
	u32 idx;   /* instruction */
	u8 kind;   /* enum fault_kind to raise; FAULT_NONE: return 0 */
};

/* What unwinders are told (jit/unwind.h), noted while code is made. */
struct jit_step {
	struct jit_place at; /* the end of the instruction that did it */
	u8 kind, reg;	     /* enum jit_unwind_kind; DWARF's number */
	s32 off;
};

struct jit_emit {
	struct arena arena; /* of all memory that a compilation needs for itself */
	struct jit_buf code;
	const struct jit_target *target;
	u64 features; /* of the CPU, the target's own bits */
	const struct prog *prog;
	const struct jit_func *func; /* that is being emitted */
	enum jit_poll poll;
	u8 k_regs[LOP_K_MAX]; /* machine registers of LOP_K0 .., and what they hold */
	u64 k_values[LOP_K_MAX];
	u32 k_cnt;
	const struct jit_func *main_func;
	/* For LOP_GOTOX: the code's address for each instruction, 0 where none may go. */
	const u64 *gotox;
	struct jit_site *sites;
	u32 site_cnt, site_cap;
	struct jit_place *stubs; /* by number */
	u32 stub_cnt, stub_cap;
	struct jit_cold *colds; /* of the function that is being emitted */
	u32 cold_cnt, cold_cap;
	struct jit_step *steps; /* NULL unless want_steps */
	u32 step_cnt, step_cap;
	bool want_steps;
	bool failed; /* memory was short */
};

/* What a target may use as constants' registers and for free, in an order of preference. */
struct jit_target {
	const char *name; /* "x86_64": as --jited and tests say it */
	u16 elf_machine;
	u32 trap_word; /* fills what is no code */
	const struct jit_unwind_isa *unwind;
	u64 reach_bytes; /* how near to the library its code should lie */
	u8 regs[11];  /* the machine's numbers of r0 .. r10 … */
	u8 run_reg;   /* … and of the register that holds the run */
	/* Bytes of each form of a site by kind, 0: no such form; and how far a form reaches. */
	u8 site_bytes[5][3];
	bool (*site_reaches)(enum jit_site_kind kind, u32 form, s64 disp);
	/* Writes the site at @p, where it will run at @addr, to go to @to. */
	void (*site_write)(u8 *p, const struct jit_site *site, u64 addr, u64 to);
	bool (*load_be)(u64 features); /* is there LOP_LOAD_BE? */
	/*
	 * Picks machine registers for constants: those of BPF registers that the program does not
	 * use (@unused, bit n) and what the target has left. @calls: only such as survive calls.
	 * Returns how many of @ret it filled, at most @max. The prologue loads and saves them.
	 */
	u32 (*k_regs)(u16 unused, bool calls, u32 max, u8 *ret);
	void (*prologue)(struct jit_emit *e, const struct jit_func *f);
	void (*lop)(struct jit_emit *e, const struct lop *l);
	/* A cold place: raises the fault, or (FAULT_NONE) returns 0 from the function. */
	void (*cold)(struct jit_emit *e, const struct jit_cold *cold);
	/* The fixed stubs, and the way in for callbacks (jit_call_fn), behind all functions. */
	void (*tail)(struct jit_emit *e, struct jit_place *ret_call);
	/* A whole function by itself (jit/thunk.h), which will stand at @base. */
	void (*thunk)(struct jit_buf *b, const struct jit_thunk_want *want, u64 base);
};

/*
 * The way in for callbacks: @code is a function of the program. It saves what the main function
 * saves, in the same order, so that an abort need not know which of the two it ends.
 */
typedef int (*jit_call_fn)(struct run *run, const void *code, const u64 args[5], u64 *ret_r0);

extern const struct jit_target jit_target_x86_64;
extern const struct jit_target jit_target_arm64;

/* Addresses of functions of ours, which sites take. */
static inline u64 jit_code_of(void (*fn)(void))
{
	return (u64)(uintptr_t)fn;
}

#define JIT_CODE_OF(fn) jit_code_of((void (*)(void))(fn))

/* For targets (jit/emit.c). Each notes a site at the end of the code. */
void jit_site_local(struct jit_emit *e, enum jit_site_kind kind, u32 cond, u32 target);
void jit_site_ext(struct jit_emit *e, u64 addr);
/* A cold place that raises @kind for @idx: returns the target to jump to. */
u32 jit_cold(struct jit_emit *e, u32 idx, u32 kind);
/* A new stub to be placed later, and the end of the code as its place. */
u32 jit_stub_new(struct jit_emit *e);
void jit_stub_place(struct jit_emit *e, u32 target);
/* For unwinders, if somebody wants to know. */
void jit_step(struct jit_emit *e, enum jit_unwind_kind kind, u32 reg, s64 off);

static inline struct jit_place jit_here(const struct jit_emit *e)
{
	return (struct jit_place){ e->code.len, e->site_cnt };
}

#endif
