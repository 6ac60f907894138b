/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random XDP programs that are mostly accepted: arithmetic, branches, loops, spills, atomics, map
 * values, packet bytes, functions. Some gadgets now and then lack a check, so that a verifier with
 * a known bug accepts what must not run.
 */
#ifndef SKEP_TESTS_VERIFY_CONTAIN_GEN_H
#define SKEP_TESTS_VERIFY_CONTAIN_GEN_H

#include "isa/insn.h"

struct map;

enum { GEN_INSNS_MAX = 512, GEN_VALUE_BYTES = 64, GEN_MAP_ENTRIES = 4 };

struct gen {
	struct insn insns[GEN_INSNS_MAX];
	u32 cnt;
	u64 rand;
	const struct map *map;
};

u64 gen_rand(struct gen *g);
/* Fills insns and cnt from g->rand and g->map. */
void gen_program(struct gen *g);

#endif
