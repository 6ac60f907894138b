/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From code with empty sites to code: each site gets the shortest form that reaches. A form only
 * ever grows, so it is found in as many rounds as forms can grow, two or three in practice. Where
 * each jump that grows makes another one too short, it would be a round for each: after a few
 * rounds all that is left takes the form that reaches furthest.
 */
#ifndef SKEP_JIT_RELAX_H
#define SKEP_JIT_RELAX_H

#include "jit/front.h"
#include "jit/target.h"

struct relax {
	struct jit_emit *e;
	const struct front *f;
	const struct jit_place *places; /* of instructions */
	u32 *shift; /* bytes of the sites before each, site_cnt + 1 of them; relax_sizes fills it */
};

/* The most bytes that the code can come to. */
u64 relax_bytes_max(const struct jit_emit *e);
/* Chooses forms for code that will run at @base. Returns its length in bytes. */
u32 relax_sizes(struct relax *r, u64 base);
/*
 * Writes the code to @to, which has room for the length and RELAX_SLACK bytes: encoders store more
 * than they keep.
 */
#define RELAX_SLACK 16u
void relax_write(const struct relax *r, u8 *to, u64 base);
/* Where @place came to lie, in bytes from the start. */
u32 relax_at(const struct relax *r, const struct jit_place *place);

#endif
