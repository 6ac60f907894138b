/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trie of map/lpm.c. It takes four bits of the key at each node and skips up to 16 times four
 * where all keys below agree.
 *
 * 1. A node at depth D (in nibbles, its own skip included) holds the prefixes of 4D+1 to 4D+4
 *    bits; slots[] has them by length and bits. The prefix of 0 bits is the trie's `any`.
 * 2. entries[x].best is the longest prefix of this node that covers nibble x: a search follows
 *    `kid` down and remembers the last `best`. Readers look at nothing else, without a lock.
 * 3. A node's skip never changes: it is replaced by a copy. Each node but the root's chain has a
 *    prefix or two kids, or a skip that could not be longer.
 */
#ifndef SKEP_MAP_LPM_INT_H
#define SKEP_MAP_LPM_INT_H

#include "base/bytes.h"
#include "map/call_int.h"
#include "map/pool.h"

#define LPM_SKIP_MAX 16u
#define LPM_SLOTS    30u /* 2 + 4 + 8 + 16: prefixes of 1, 2, 3, 4 bits */

struct lpm_entry {
	_Atomic u32 kid, best; /* release to publish, acquire to read */
};

struct lpm_node {
	u64 skip; /* nibbles, the first one highest of skip_cnt */
	u32 skip_cnt;
	u32 pad;
	struct lpm_entry entries[16];
	u32 slots[LPM_SLOTS]; /* under the lock */
};

struct lpm_ctl {
	_Atomic u32 root, any; /* release, acquire */
	u32 cnt;	       /* under the lock */
	u32 pad;
	_Atomic u32 links[]; /* of nodes, then of leaves */
};

struct map_lpm {
	struct map map;
	struct lpm_ctl *ctl;
	struct lock lock; /* of writers and iteration */
	struct map_pool nodes, leaves;
	u32 data_bytes;	    /* of a key behind its length */
	u32 key_room_bytes; /* a leaf: key as user space gave it, then the value */
};

/* A key: its length in bits and its data. */
struct lpm_key {
	const u8 *data;
	u32 bits;
};

static inline u32 lpm_nibble(const u8 *data, u32 at)
{
	return at & 1 ? data[at / 2] & 15u : data[at / 2] >> 4;
}

static inline struct lpm_node *lpm_node_at(const struct map_lpm *t, u32 number)
{
	return map_pool_at(&t->nodes, number);
}

static inline struct lpm_key lpm_leaf_key(const struct map_lpm *t, u32 number)
{
	const u8 *leaf = map_pool_at(&t->leaves, number);

	return (struct lpm_key){ leaf + 4, load_u32(leaf) };
}

static inline u8 *lpm_leaf_value(const struct map_lpm *t, u32 number)
{
	return (u8 *)map_pool_at(&t->leaves, number) + t->key_room_bytes;
}

/* The number of the longest prefix of @key, 0: none. Without a lock. */
u32 lpm_find(const struct map_lpm *t, struct lpm_key key);

/* All below under the lock. The number of exactly this prefix, 0: not there. */
u32 lpm_exact_locked(const struct map_lpm *t, struct lpm_key key);
/* Puts @leaf, whose key is @key; *ret_old is what it replaced (retired) or 0. 0 or -ENOMEM. */
int lpm_insert_locked(struct map_lpm *t, struct lpm_key key, u32 leaf, u32 *ret_old) must_check;
/* The leaf that was there (retired), or 0. */
u32 lpm_remove_locked(struct map_lpm *t, struct lpm_key key);
/*
 * In the order of the kernel's iteration: longer prefixes before those that cover them, smaller
 * bits first. The prefix after @key, which must be there; data NULL: the first. 0 at the end.
 */
u32 lpm_next_locked(const struct map_lpm *t, struct lpm_key key);

_Static_assert(sizeof(struct lpm_node) == 264, "the layout is fixed");

#endif
