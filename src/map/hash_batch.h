/* SPDX-License-Identifier: BSD-2-Clause */
/* BPF_MAP_LOOKUP_BATCH and BPF_MAP_LOOKUP_AND_DELETE_BATCH on hashes: home by home. */
#ifndef SKEP_MAP_HASH_BATCH_H
#define SKEP_MAP_HASH_BATCH_H

#include "map/hash_int.h"

int hash_user_lookup_batch(struct map *map, struct map_batch *batch);

/* map/hash.c: a value as user space gets it; removal under the home's lock. */
void hash_copy_value(struct map_hash *h, const struct hash_at *at, u8 *to);
void hash_drop_locked(struct map_hash *h, struct hash_bucket *home, const struct hash_at *at);

#endif
