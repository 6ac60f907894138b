/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that end, whatever their input, and that touch nothing but a block of memory and their
 * own stack: what gen_program makes needs no verifier. The generator follows what each register
 * may hold (a number, a small number, a place in the block, a place on the stack) and lets no
 * address of the stack into numbers, so that all engines must agree on r0 and on the block.
 *
 * What is in them, by turns: long straight stretches of moves, sums, shifts and masks among few
 * registers (what the JIT leaves waiting, jit/pend.h) with jumps out of them; every operation of
 * the ISA; loops; functions; callbacks; calls of helpers, by number too; atomics; loads from the
 * packet; may_goto; gotox.
 */
#ifndef SKEP_TESTS_JIT_GEN_H
#define SKEP_TESTS_JIT_GEN_H

#include "base/types.h"
#include "isa/isa.h"

#define GEN_BLOCK_BYTES 1024 /* r1 points to it, r2 is its length; also extents[0] */
#define GEN_INSNS_MAX	4096

/* Helpers that programs call, and what they do with r1 .. r5 (tests/jit/diff_test.c). */
enum {
	GEN_HELPER_MIX = 100,	   /* a number made of all five */
	GEN_HELPER_HOST = 101,	   /* the same, bound as an embedder's own */
	GEN_HELPER_CALLBACK = 102, /* calls the function at r1 twice, with r2 .. r5 */
};

struct gen_program {
	struct insn insns[GEN_INSNS_MAX];
	u32 cnt;
};

/* The program with number @seed, for a block that will lie at @block. */
void gen_program(struct gen_program *p, u64 seed, u64 block);

#endif
