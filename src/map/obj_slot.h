/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A reference to a program or map that a map holds. It is made before the map is touched and freed
 * by epoch, so that putting in and taking out cannot fail half-way, and who found the object
 * without a lock may go on using it.
 */
#ifndef SKEP_MAP_OBJ_SLOT_H
#define SKEP_MAP_OBJ_SLOT_H

#include "base/epoch.h"
#include "map/map_int.h"

struct obj_slot {
	struct epoch_work work;
	struct obj *obj; /* referenced */
};

/* NULL when memory is short. Takes a reference of its own. */
struct obj_slot *obj_slot_new(struct obj *obj) must_check;
/* Nobody has seen it. NULL is allowed. */
void obj_slot_free(struct obj_slot *slot);
/* Others may be looking at it. NULL is allowed. */
void obj_slot_retire(const struct map_env *env, struct obj_slot *slot);

/* bpf_map_meta_alloc's checks of a template (0 or -errno), and bpf_map_meta_equal. */
int map_inner_check(const struct map *inner) must_check;
bool map_inner_equal(const struct map *outer, const struct map *inner);

#endif
