/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random programs that a verifier accepts or nearly accepts: arithmetic, bounds, map values,
 * packets, stack, spills, branches, loops, calls, callbacks, atomics, ring buffer records, linked
 * scalars. The generator keeps a rough idea of what each register holds, so that most operations
 * make sense; then it breaks some programs in one place.
 */
#ifndef SKEP_TESTS_VERIFY_GEN_H
#define SKEP_TESTS_VERIFY_GEN_H

#include "isa/insn.h"
#include "tests/verify/record.h"

#define GEN_INSNS_MAX 512
#define GEN_FUNCS_MAX 6

enum gen_map { GEN_ARRAY, GEN_HASH, GEN_RO, GEN_RING, GEN_PERCPU, GEN_PROGS, GEN_MAP_CNT };

enum gen_kind {
	GEN_NONE, /* not readable */
	GEN_SCALAR,
	GEN_VALUE, /* of a map, 64 bytes */
	GEN_PACKET, /* 32 bytes of it are checked */
	GEN_OTHER, /* some pointer */
};

struct gen {
	u64 rand[4];
	struct insn insns[GEN_INSNS_MAX];
	u32 cnt;
	enum gen_kind kind[INSN_REGS];
	enum gen_kind slot[8]; /* 8-byte slots from r10 -8 down */
	u32 exits[64], exit_cnt; /* jumps that are to reach the end */
	u32 calls[16], call_target[16], call_cnt; /* calls, and which function */
	u32 func_cnt, func_start[GEN_FUNCS_MAX + 1];
	u32 keep; /* bit n: register n is not to be written (counters) */
	u32 depth, loops;
	u32 type; /* program type */
};

/* The same @seed gives the same program. */
void gen_program(struct gen *g, u64 seed);

/*
 * What the programs need, once: maps, and BTF whose types GEN_BTF_FUNC + n are static functions
 * (for func_info). gen_record points @r to @g's instructions; free nothing of it but with
 * gen_record_fini.
 */
void gen_world(struct record_file *file, struct record *r);
void gen_record(const struct gen *g, struct record *r);
/* The same from a changed program: map references, function starts are found again. */
void gen_record_of(const struct insn *insns, u32 cnt, u32 type, struct record *r);
void gen_world_fini(struct record_file *file, struct record *r);

#endif
