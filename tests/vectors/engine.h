/* SPDX-License-Identifier: BSD-2-Clause */
/* The engines that vectors run on: a table, to which a JIT adds a row. */
#ifndef SKEP_TESTS_ENGINE_H
#define SKEP_TESTS_ENGINE_H

#include "base/extent.h"
#include "base/types.h"
#include "isa/isa.h"
#include "tests/vectors/vector.h"

/* A vector made runnable: map references hold addresses, memory is a copy of its own. */
struct engine_job {
	const struct insn *insns;
	u32 insn_cnt;
	u8 *mem;
	u32 mem_bytes;
	u8 *map; /* the value of the only element; NULL without maps */
	u32 map_bytes;
};

struct engine {
	const char *name;
	/* 0 with *@ret_r0, or -errno; *@ret_why is then a static text. */
	int (*run)(const struct engine_job *job, u64 *ret_r0, const char **ret_why);
	bool (*here)(void); /* false on machines without it; NULL: it is everywhere */
};

/* The reference comes first: it notes what was executed. */
extern const struct engine engines[];
extern const u32 engine_cnt;

/*
 * One engine on one vector, with fresh copies of all that it may change. True when r0 is the
 * vector's result, or the engine is not here; else a line of TAP says what it was.
 */
bool engine_run_vector(const struct vector *v, const struct engine *engine);

/* True when the verifier refuses the vector and its log says v->reject; else says why not. */
bool proof_refuses(const struct vector *v);

/* Which operations the reference engine has executed. */
extern bool engine_ref_seen[ISA_OP_CNT];

int engine_ref_run(const struct engine_job *job, u64 *ret_r0, const char **ret_why);

#endif
