/* SPDX-License-Identifier: BSD-2-Clause */
/* A bijection between ids of two states, built as they are met (check_ids, check_scalar_ids). */
#include "verify/state/ids.h"

void idmap_reset(struct idmap *map, u32 id_gen)
{
	map->tmp_id_gen = id_gen;
	map->cnt = 0;
}

bool idmap_check(struct idmap *map, u32 old_id, u32 cur_id)
{
	if (!old_id != !cur_id)
		return false;
	if (!old_id)
		return true;
	for (u32 i = 0; i < map->cnt; i++) {
		if (map->map[i].old == old_id)
			return map->map[i].cur == cur_id;
		if (map->map[i].cur == cur_id)
			return false;
	}
	if (map->cnt == IDMAP_MAX)
		return false;
	map->map[map->cnt++] = (struct idpair){ old_id, cur_id };
	return true;
}

/* A scalar without an id is alone: it stands for a fresh one, so that two of them never pair. */
bool idmap_check_scalar(struct idmap *map, u32 old_id, u32 cur_id)
{
	u32 old = old_id ? old_id : ++map->tmp_id_gen;

	return idmap_check(map, old, cur_id ? cur_id : ++map->tmp_id_gen);
}
