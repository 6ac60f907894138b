/* SPDX-License-Identifier: BSD-2-Clause */
/* Pairs of ids of two states that stand for one another (struct bpf_idmap). */
#ifndef SKEP_VERIFY_STATE_IDS_H
#define SKEP_VERIFY_STATE_IDS_H

#include "verify/state/state.h"

#define IDMAP_MAX (LIMIT_FRAMES * (INSN_REGS + STACK_SLOTS_MAX) * 2)

struct idmap {
	u32 tmp_id_gen;
	u32 cnt;
	struct idpair {
		u32 old, cur;
	} map[IDMAP_MAX];
};

void idmap_reset(struct idmap *map, u32 id_gen);
bool idmap_check(struct idmap *map, u32 old_id, u32 cur_id);	    /* check_ids */
bool idmap_check_scalar(struct idmap *map, u32 old_id, u32 cur_id); /* check_scalar_ids */

#endif
