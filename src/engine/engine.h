/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What interpreters and JIT share: the decoded program that all of them start from, one row per
 * instruction word, so that indices stay the same, with everything looked up once; and the parts
 * of execution in which they do not differ. Decoding never refuses: what cannot run is marked, and
 * each engine decides.
 */
#ifndef SKEP_ENGINE_ENGINE_H
#define SKEP_ENGINE_ENGINE_H

#include "base/types.h"
#include "isa/isa.h"
#include "prog/prog.h"

#define ENGINE_FRAMES_MAX   ((u32)LIMIT_FRAMES)
#define ENGINE_STACK_BYTES  ((u32)LIMIT_STACK_BYTES)
#define ENGINE_MAY_GOTO_MAX ((u32)LIMIT_LOOPS)
#define ENGINE_NO_TARGET    UINT32_MAX /* outside the program, or into the middle of a pair */

struct decoded {
	u8 op; /* enum isa_op; ISA_INVALID for what cannot run, second words included */
	u8 dst, src;
	bool half; /* the second word of a pair */
	s16 off;
	u16 reads; /* registers that must hold a value; none for calls: their callee decides */
	u32 target; /* of jumps, calls, function pointers; or ENGINE_NO_TARGET */
	u16 writes; /* registers that hold a value afterwards */
	u64 imm;    /* sign-extended; an lddw's constant; a helper call's index into bindings */
};

/* What prog->code points to in all engines: how a callback finds its engine's entry. */
struct engine_code {
	/* Calls the function at @idx; *ret_r0 on success, else -EFAULT and run->fault. */
	int (*call)(struct run *run, u32 idx, const u64 args[5], u64 *ret_r0);
	struct decoded *insns; /* and one row more, ISA_INVALID: where execution runs off the end */
	u32 insn_cnt;
	struct helper_binding *bindings; /* one per helper call; neither function: unknown */
	u32 binding_cnt;
	struct helper_resolver resolver; /* for callx */
};

_Static_assert(sizeof(struct decoded) == 24, "rows are most of the memory of a compilation");

/*
 * Fills everything but `call`. With an @arena rows and bindings are its; without, they are freed
 * by the two below. 0 or -ENOMEM.
 */
struct arena;
int engine_decode(const struct prog *prog, const struct helper_resolver *resolver,
		  struct arena *arena, struct engine_code *code) must_check;
/* Only the rows, which an engine that has made its own of them does not need. */
void engine_rows_free(struct engine_code *code);
/* Frees what engine_decode allocated, not the struct. */
void engine_code_fini(struct engine_code *code);

/* The index of the instruction whose address (function pointer) @value is. */
bool engine_code_index(const struct prog *prog, u64 value, u32 *ret_idx);

/* The program that a tail call with @map_value (r2) and @index (r3) goes to; or NULL and -errno. */
struct map;
struct prog *engine_tail_target(struct run *run, struct map *map, u32 index, s32 *ret_err);

/*
 * LD_ABS and LD_IND: @size_bytes at offset @off of the packet behind the context, in host order.
 * False when they lie outside.
 */
bool engine_load_packet(const struct run *run, s64 off, u32 size_bytes, u64 *ret_value);

/*
 * callx: calls the helper with @number, found while running, with r[1..5]; the result in r[0].
 * False when there is none, or nobody who could find it (resolver.lasting).
 */
bool engine_call_by_number(struct run *run, u64 number, u64 *r);

/*
 * For run_ops.callback, whichever engine runs: calls @fn, the value of a function pointer of the
 * running program. A fault inside, or run->stop, leaves run->fault set and returns 0: the helper
 * then returns at once, and so does the engine.
 */
u64 engine_callback(struct run *run, u64 fn, const u64 args[5]);

#endif
