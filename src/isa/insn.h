/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One 64-bit instruction word in host order: the layout of the kernel's struct bpf_insn
 * (RFC 9669 section 3.1). The two register nibbles swap on big-endian hosts, as bit-fields do.
 */
#ifndef SKEP_ISA_INSN_H
#define SKEP_ISA_INSN_H

#include "base/types.h"

struct insn {
	u8 code;
	u8 dst : 4;
	u8 src : 4;
	s16 off;
	s32 imm;
};

_Static_assert(sizeof(struct insn) == 8, "an instruction is one 64-bit word");

#define INSN_REGS      11 /* r0..r10, as programs see them */
#define INSN_REG_FP    10
#define INSN_REG_AX    11 /* of xlate/ and JITs: no program can name it */

/* -Wconversion dislikes bit-field initialisers: this is the one place that narrows. */
static inline struct insn insn_make(u8 code, u32 dst, u32 src, s16 off, s32 imm)
{
	struct insn i = { .code = code, .off = off, .imm = imm };

	i.dst = (u8)(dst & 0xf);
	i.src = (u8)(src & 0xf);
	return i;
}

/* The constant of a two-word lddw whose first word is @i. */
static inline u64 insn_imm64(const struct insn *i)
{
	return (u64)(u32)i[0].imm | (u64)(u32)i[1].imm << 32;
}

#endif
