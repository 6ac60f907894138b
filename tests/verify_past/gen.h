/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that make the verifier prune: branches that join, bounded loops, spills and fills,
 * subprograms, constants that decide later branches, variable offsets into the stack.
 */
#ifndef SKEP_TESTS_VERIFY_PAST_GEN_H
#define SKEP_TESTS_VERIFY_PAST_GEN_H

#include "isa/insn.h"

#define GEN_INSNS_MAX 512

struct gen_prog {
	struct insn insns[GEN_INSNS_MAX];
	u32 cnt;
};

/* The same program for the same @seed. */
void gen_prog(struct gen_prog *p, u64 seed);

#endif
