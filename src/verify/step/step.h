/* SPDX-License-Identifier: BSD-2-Clause */
/* One instruction on the current state, and the loop that walks all paths (do_check). */
#ifndef SKEP_VERIFY_STEP_STEP_H
#define SKEP_VERIFY_STEP_STEP_H

#include "verify/state/env.h"

/* Walks every path from env->cur on until none is pending. 0: all are safe. */
int step_run(struct env *env) must_check;

int step_alu(struct env *env, const struct insn *insn) must_check;	/* check_alu_op */
/* check_cond_jmp_op */
int step_jump(struct env *env, const struct insn *insn, u32 *insn_idx) must_check;
int step_ld_imm(struct env *env, const struct insn *insn) must_check;
/* *ret_moved: insn_idx is set, the caller of this function goes on. */
int step_ld_abs(struct env *env, const struct insn *insn, bool *ret_moved) must_check;

#endif
