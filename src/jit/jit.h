/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The JIT: programs become code of the machine. For what is proved, and for what the caller
 * declares trusted: no access to memory is checked. What it agrees on with the interpreters stands
 * in interp/interp.h; what differs:
 *   - Registers that nobody has written hold anything, and so does the stack.
 *   - A stack is as deep as the verifier found (512 bytes without it), frames of functions lie next
 *     to each other.
 *   - Misaligned atomics are left to the machine.
 *   - An access that the machine refuses ends the run with a fault that names the instruction.
 */
#ifndef SKEP_JIT_JIT_H
#define SKEP_JIT_JIT_H

#include "base/types.h"
#include "jit/insn_map.h"
#include "jit/target.h"
#include "prog/prog.h"

struct jit_opts {
	/*
	 * Where calls of functions and jumps backwards look whether the run is to end: nowhere (for
	 * programs that are known to end), at run->stop, or at run->insns_left too.
	 */
	enum jit_poll poll;
	bool random_start;   /* code begins at a random place within its page */
	bool no_fault_handler; /* no handler of signals for this code: see base/process_code.h */
	u32 debug;	     /* who is to be told: enum jit_debug_what (jit/debug.h) */
	u64 features_off;    /* of the CPU, not to be used (tests) */
};

/* True when this machine has a target. */
bool jit_here_is_target(void);

/*
 * Compiles prog->insns and sets prog->enter, code, code_free and engine, as the interpreters do. 0,
 * -ENOMEM; -EOPNOTSUPP on machines without a target and for kfuncs and BTF references; -EINVAL for
 * what isa_check would refuse and for an unknown helper.
 */
int jit_compile(struct prog *prog, const struct helper_resolver *resolver,
		const struct jit_opts *opts) must_check;

/* The code of a compiled program, to be shown; all of it is the program's. */
struct jit_view {
	const u8 *code;
	u32 code_bytes;
	u64 addr;
	const char *isa;	/* target's name */
	const struct jit_insn_map *map; /* where each instruction's code begins */
	u32 insn_cnt;
	const struct jit_func *funcs;
	/* func_cnt entries each; from func_cold on, what is rare, of all its instructions. */
	const u32 *func_off, *func_cold, *func_end;
	u32 func_cnt;
};

/* False when @prog is not the JIT's. */
bool jit_view(const struct prog *prog, struct jit_view *ret);

/* Code for a target that need not be this machine's, as it would stand beside the library. */
struct jit_text {
	const struct jit_target *target;
	u64 features;
	u8 *code; /* out: a block of base/mem.h that the caller frees */
	u32 bytes;
};

/* For tests and for showing. Errors as jit_compile. */
int jit_translate(const struct prog *prog, const struct helper_resolver *resolver,
		  struct jit_text *text) must_check;

#endif
