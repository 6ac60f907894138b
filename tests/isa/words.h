/* SPDX-License-Identifier: BSD-2-Clause */
/* Random words for the tests of this folder. */
#ifndef SKEP_TESTS_ISA_WORDS_H
#define SKEP_TESTS_ISA_WORDS_H

#include "isa/isa.h"

/* xorshift64; *rng is never 0. */
static inline u32 words_below(u64 *rng, u32 bound)
{
	*rng ^= *rng << 13;
	*rng ^= *rng >> 7;
	*rng ^= *rng << 17;
	return (u32)((*rng >> 32) % bound);
}

static inline s32 words_value(u64 *rng)
{
	static const s32 edges[] = { 0,	  1,	 -1,	 8,	 -8,	  127,	 128,
				     255, 256,	 0x7fff, -0x8000, 0xffff, 0x10000, -129,
				     10,  INT32_MAX, INT32_MIN, 0xe1, 0x100, 0x110 };

	if (words_below(rng, 2))
		return edges[words_below(rng, ARRAY_SIZE(edges))];
	return (s32)(words_below(rng, 65536) << 16 | words_below(rng, 65536));
}

/* An instruction of @op in which only the fields that it uses hold values; its words. */
static inline u32 words_make(u64 *rng, struct insn *w, enum isa_op op)
{
	const struct isa_info *info = isa_info(op);

	w[0] = isa_template(op);
	if (info->dst != ISA_REG_NONE)
		w[0].dst = words_below(rng, INSN_REGS) & 0xf;
	if (info->src & ISA_REG_RW)
		w[0].src = words_below(rng, INSN_REGS) & 0xf;
	if (info->off == ISA_OFF_MEM || info->off == ISA_OFF_JUMP)
		w[0].off = (s16)words_value(rng);
	if (info->imm != ISA_IMM_ZERO && info->imm != ISA_IMM_SEL)
		w[0].imm = words_value(rng);
	if (isa_words(op) == 1)
		return 1;
	w[1] = insn_make(0, 0, 0, 0, words_value(rng));
	return 2;
}

#endif
