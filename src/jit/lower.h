/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From instructions to lowered operations, straight into the target: each family of instructions
 * has its function; what they know of values is in jit/pend.h.
 */
#ifndef SKEP_JIT_LOWER_H
#define SKEP_JIT_LOWER_H

#include "jit/pend.h"

/*
 * All functions of the program, one after the other. @places has an entry for each instruction and
 * gets where its code starts. Errors: e->failed.
 */
void lower_program(struct lower *l, struct jit_place *places);

/* The families. Those that return a number dealt with so many instructions more. */
void lower_alu(struct lower *l, const struct decoded *d);
void lower_mov(struct lower *l, const struct decoded *d);
void lower_end(struct lower *l, const struct decoded *d);
u32 lower_load(struct lower *l, const struct decoded *d);
u32 lower_store(struct lower *l, const struct decoded *d);
void lower_atomic(struct lower *l, const struct decoded *d);
void lower_call(struct lower *l, const struct decoded *d);
void lower_packet(struct lower *l, const struct decoded *d);
u32 lower_jump(struct lower *l, const struct decoded *d);

/* An operation with registers that stand for nothing. */
static inline struct lop lower_op(enum lop_op op, u32 width)
{
	return (struct lop){ .op = (u8)op, .width = (u8)width, .dst = LOP_REG_NONE,
			     .a = LOP_REG_NONE, .b = LOP_REG_NONE, .c = LOP_REG_NONE };
}

#endif
