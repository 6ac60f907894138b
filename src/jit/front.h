/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of a program before code is made: its functions, where control flow joins, which
 * registers are live. One pass over the instructions for each, several where loops need it.
 *
 * The decoded rows become the JIT's own here: `reads` and `writes` of calls and exits, which are
 * left empty for engines that look at each register, are what machine code reads and changes.
 */
#ifndef SKEP_JIT_FRONT_H
#define SKEP_JIT_FRONT_H

#include "base/arena.h"
#include "base/types.h"
#include "engine/engine.h"
#include "jit/target.h"
#include "prog/prog.h"

#define FRONT_REGS     12u /* 0 .. 11 */
#define FRONT_REGS_ALL 0x0fffu
#define FRONT_CALL_ARGS 0x003eu /* r1 .. r5 */
#define FRONT_CALL_DEFS 0x003fu /* r0 .. r5 */
#define FRONT_KEPT	0x03c0u /* r6 .. r9 */

enum front_flag {
	FRONT_LEADER = 1, /* jumps arrive here */
	FRONT_FUNC = 2,	  /* first instruction of a function */
	FRONT_LOOP = 4,	  /* jumps backwards arrive here */
	FRONT_MANY = 8,   /* more than one jump arrives here, or something else than a jump */
};

/* What most instructions are not, by operation. */
enum front_kind {
	FRONT_JUMPS = 1, /* to decoded.target */
	FRONT_ENDS = 2,	 /* execution cannot go on to the next instruction */
	FRONT_CALLS = 4,
	FRONT_PAIR = 8,
	FRONT_GOTOX = 16,
	FRONT_EXIT = 32,
	FRONT_MAY_GOTO = 64,
	FRONT_BAD = 128,
};

extern const u8 front_kinds[ISA_OP_CNT];

struct front {
	const struct prog *prog;
	struct decoded *insns;
	const struct helper_binding *bindings;
	u32 insn_cnt;
	u8 *flags;    /* enum front_flag, of each instruction */
	u16 *live;    /* registers that are live before each; one entry more than instructions: 0 */
	struct jit_func *funcs; /* ascending; [0] is main, unless it is called */
	/*
	 * What saves registers for the host: main. Where main is called as a function, or back, it
	 * is one of those, and the host comes in as callbacks do.
	 */
	struct jit_func entry;
	bool main_called;
	u32 func_cnt;
	u16 regs_used; /* by any function */
	bool calls;    /* any function calls anything */
	bool loops;    /* there are jumps backwards */
	bool gotox;    /* there are jumps to addresses */
};

/*
 * All memory is the arena's. 0, -ENOMEM, -EOPNOTSUPP for kfuncs and BTF references, -EINVAL for
 * an unknown helper and a program whose control flow leaves its functions.
 */
int front_init(struct front *f, struct arena *arena, const struct prog *prog,
	       const struct engine_code *code) must_check;

/* The number of the helper that a CALL_HELPER at @d calls. */
static inline s32 front_helper(const struct front *f, const struct decoded *d)
{
	return f->prog->insns[d - f->insns].imm;
}

/* True for a call that changes nothing but r0 and reads nothing (spec/intrinsics.def). */
bool front_keeps_args(const struct front *f, const struct decoded *d);
/* What is live after instruction @idx. */
static inline u16 front_live_after(const struct front *f, u32 idx)
{
	const struct decoded *d = &f->insns[idx];
	const u8 kind = front_kinds[d->op];
	u16 live = 0;

	if (likely(!kind))
		return f->live[idx + 1];
	if (kind & FRONT_GOTOX)
		return FRONT_REGS_ALL;
	if (kind & FRONT_JUMPS)
		live = f->live[d->target];
	if (!(kind & FRONT_ENDS))
		live |= f->live[idx + 1 + !!(kind & FRONT_PAIR)];
	return live;
}

/* True where execution cannot go on to the next instruction. */
static inline bool front_ends(enum isa_op op)
{
	return front_kinds[op] & FRONT_ENDS;
}

/* The function that starts at @idx; NULL when none does. */
const struct jit_func *front_func_at(const struct front *f, u32 idx);

#endif
