/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Assembler. One reader for four dialects, told apart statement by statement:
 *  - the kernel's ("r1 += 5", "if r1 == 0x0 goto pc+1"), with or without "IDX: (07)" before it,
 *    and the marks of isa/text.h;
 *  - llvm-objdump's, whole listings included, and GNU's pseudo-C;
 *  - uBPF's and bpf_conformance's ("ldxdw r2, [r1+0]", "lock fetch add [r1], r2");
 *  - GNU's normal syntax ("add %r1,%r2", "xadddw [%r1+8],%r2", "movs %r1,%r2,8").
 * Jump and call targets are offsets or labels; "exit" is the first exit unless it is a label.
 * Comments run from ';', '#' or "//" to the end of the line, or stand between slash-star pairs.
 */
#ifndef SKEP_ISA_ASM_H
#define SKEP_ISA_ASM_H

#include "base/types.h"
#include "isa/insn.h"

struct isa_asm_error {
	u32 line, col;	/* from 1; col counts bytes */
	char text[120]; /* what was expected and what stands there */
};

/*
 * Assembles @text. 0 with *@ret_insns (the caller's, mem_free; NULL when there are none) and
 * their number; -EINVAL with *@ret_error; -E2BIG beyond 2^24 instructions; -ENOMEM. Nothing is
 * checked that isa_check checks.
 */
int isa_asm(const char *text, struct insn **ret_insns, u32 *ret_cnt,
	    struct isa_asm_error *ret_error) must_check;

#endif
