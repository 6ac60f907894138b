/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does a program keep the rules of encoding? What the kernel's verifier refuses before it looks
 * at values: unknown operations, reserved fields, register numbers, halves of lddw, jumps and
 * calls that leave their function, instructions that nothing reaches. Words and errno are those
 * of Linux 6.18. A program that passes decodes everywhere and its control flow stays inside.
 */
#ifndef SKEP_ISA_CHECK_H
#define SKEP_ISA_CHECK_H

#include "base/types.h"
#include "isa/insn.h"
#include "isa/isa.h"

enum isa_check_flag {
	/* Accept what Linux 6.18 does not have (gotox, callx). */
	ISA_CHECK_ANY_OP = 1,
	/* Accept shift counts out of range and constant zero divisors: both have a meaning. */
	ISA_CHECK_ANY_VALUE = 2,
	/* Accept instructions that nothing reaches. */
	ISA_CHECK_DEAD_CODE = 4,
	/* Accept writes of the frame pointer: a verifier looks at them where it arrives. */
	ISA_CHECK_ANY_WRITE = 8,
	/*
	 * Accept what stands in reserved fields of all but loads and lddw: a verifier looks at them
	 * where it arrives.
	 */
	ISA_CHECK_ANY_FIELD = 16,
};

struct isa_reason {
	u32 insn_idx;
	char text[96]; /* one line, without a newline */
};

/*
 * 0, or -EINVAL (-EACCES for a write to the frame pointer) with the first reason in *@ret_reason,
 * or -ENOMEM. @flags: enum isa_check_flag.
 */
int isa_check(const struct insn *insns, u32 insn_cnt, u32 flags,
	      struct isa_reason *ret_reason) must_check;

/* The rules of one instruction alone; @i has two words when it is an lddw. */
int isa_check_insn(const struct insn *i, u32 flags, struct isa_reason *ret_reason) must_check;

#endif
