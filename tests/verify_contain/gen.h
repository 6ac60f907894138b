/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random XDP programs that are mostly accepted: arithmetic, branches, loops, spills, atomics, map
 * values, packet bytes, functions, callbacks, ring buffer records, tail calls. Some gadgets now and
 * then lack a check, so that a verifier with a known bug accepts what must not run.
 */
#ifndef SKEP_TESTS_VERIFY_CONTAIN_GEN_H
#define SKEP_TESTS_VERIFY_CONTAIN_GEN_H

#include "isa/insn.h"

struct map;

enum { GEN_INSNS_MAX = 640, GEN_VALUE_BYTES = 64, GEN_MAP_ENTRIES = 4, GEN_FUNCS_MAX = 3 };

enum gen_map { GEN_ARRAY, GEN_RING, GEN_PROGS, GEN_MAP_CNT };

struct gen {
	struct insn insns[GEN_INSNS_MAX];
	u32 cnt;
	u64 rand;
	struct map *maps[GEN_MAP_CNT];
	u32 func_start[GEN_FUNCS_MAX], func_cnt; /* in the order of instructions */
	bool wants[GEN_FUNCS_MAX];               /* something refers to this function */
	bool rings;                              /* records may be reserved */
	bool unbounded;                          /* callbacks are called until nothing changes */
};

u64 gen_rand(struct gen *g);
/* Fills insns and cnt from g->rand and g->maps. */
void gen_program(struct gen *g);

#endif
