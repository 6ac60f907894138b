/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Iteration over a hash table. Elements have a fixed order, by home bucket, hash and key, that does
 * not depend on where they lie: a client that updates what it iterates over meets each once.
 */
#ifndef SKEP_MAP_HASH_ITER_H
#define SKEP_MAP_HASH_ITER_H

#include "map/hash_int.h"

/*
 * The first element after @key (NULL: of all), -ENOENT at the end. A key that is not there starts
 * from the beginning, as htab_map_get_next_key does. Copies the key and nothing else.
 */
int hash_next_key(struct map *map, const void *key, void *ret_next_key);

/*
 * Calls @fn for each element whose home is bucket @home_index, in no order; @fn may free the
 * element it is given. The caller holds the home's lock.
 */
typedef void (*hash_home_fn)(void *cookie, const struct hash_at *at);
void hash_home_visit_locked(struct map_hash *h, u32 home_index, hash_home_fn fn, void *cookie);

#endif
