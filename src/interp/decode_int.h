/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decoded program that both interpreters start from: one row per instruction word, so that
 * indices stay the same, with everything looked up once. Decoding never refuses: what cannot run
 * is marked, and each engine decides.
 */
#ifndef SKEP_INTERP_DECODE_INT_H
#define SKEP_INTERP_DECODE_INT_H

#include "base/types.h"
#include "isa/isa.h"
#include "prog/prog.h"

#define INTERP_FRAMES_MAX   ((u32)LIMIT_FRAMES)
#define INTERP_STACK_BYTES  ((u32)LIMIT_STACK_BYTES)
#define INTERP_MAY_GOTO_MAX ((u32)LIMIT_LOOPS)
#define INTERP_NO_TARGET    UINT32_MAX /* outside the program, or into the middle of a pair */

struct decoded {
	u8 op; /* enum isa_op; ISA_INVALID for what cannot run, second words included */
	u8 dst, src;
	s16 off;
	u16 reads; /* registers that must hold a value; none for calls: their callee decides */
	u32 target; /* of jumps, calls, function pointers; or INTERP_NO_TARGET */
	u16 writes; /* registers that hold a value afterwards */
	u64 imm;    /* sign-extended; an lddw's constant; a helper call's index into bindings */
};

/* What prog->code points to in both engines: how a callback finds its engine's entry. */
struct interp_code {
	/* Calls the function at @idx; *ret_r0 on success, else -EFAULT and run->fault. */
	int (*call)(struct run *run, u32 idx, const u64 args[5], u64 *ret_r0);
	struct decoded *insns; /* and one row more, ISA_INVALID: where execution runs off the end */
	u32 insn_cnt;
	struct helper_binding *bindings; /* one per helper call; neither function: unknown */
	u32 binding_cnt;
	struct helper_resolver resolver; /* for callx */
};

/* Fills everything but `call`. 0 or -ENOMEM. */
int interp_decode(const struct prog *prog, const struct helper_resolver *resolver,
		  struct interp_code *code) must_check;
/* Frees what interp_decode allocated, not the struct. */
void interp_code_fini(struct interp_code *code);

/* True when register fields are at most @top and r10 is not written. */
bool interp_regs_ok(const struct insn *i, enum isa_op op, u32 top);

/* The index of the instruction whose address (function pointer) @value is. */
bool interp_code_index(const struct prog *prog, u64 value, u32 *ret_idx);

/* The program that a tail call with @map_value (r2) and @index (r3) goes to; or NULL and -errno. */
struct map;
struct prog *interp_tail_target(struct run *run, struct map *map, u32 index, s32 *ret_err);

/*
 * LD_ABS and LD_IND: @size_bytes at offset @off of the packet behind the context, in host order.
 * False when they lie outside.
 */
bool interp_load_packet(const struct run *run, s64 off, u32 size_bytes, u64 *ret_value);

#endif
