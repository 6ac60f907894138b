/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See map/hash_iter.h. Under the lock of a home its elements stay where they are; those of other
 * homes in the same buckets may change, so a slot's hash counts only while `ver` is the same.
 */
#include "map/hash_iter.h"

#define NO_SLOT UINT32_MAX

/* True when slot @slot of @b holds an element of home @home_index; *ret_hash is then its hash. */
static bool slot_is_of_home(struct map_hash *h, struct hash_bucket *b, u32 slot, u32 home_index,
			    u64 *ret_hash)
{
	for (;;) {
		u32 ver = atomic_load_explicit(&b->ver, memory_order_acquire);
		u64 tags = atomic_load_explicit(&b->tags, memory_order_acquire);

		if (hash_slot_tag(tags, slot) <= HASH_TAG_TAKEN)
			return false;
		*ret_hash = hash_of_elem(h, hash_slot_key(h, b, slot));
		if (atomic_load_explicit(&b->ver, memory_order_acquire) == ver)
			return hash_home_index(h, *ret_hash) == home_index;
	}
}

void hash_home_visit_locked(struct map_hash *h, u32 home_index, hash_home_fn fn, void *cookie)
{
	struct hash_bucket *b = hash_bucket_at(h, home_index);
	struct hash_at at = { 0 };
	u64 hash;

	for (at.dist = 0; at.dist < h->bucket_cnt; at.dist++, b = hash_bucket_after(h, b)) {
		u64 tags = atomic_load_explicit(&b->tags, memory_order_acquire);

		at.bucket = b;
		for (at.slot = 0; at.slot < HASH_SLOTS; at.slot++) {
			if (slot_is_of_home(h, b, at.slot, home_index, &hash))
				fn(cookie, &at);
		}
		/* As it was before @fn freed anything: it may have freed what went past. */
		if (!(tags >> HASH_PAST_SHIFT))
			break;
	}
}

struct next_key {
	struct map_hash *h;
	const void *after; /* NULL: any element is after it */
	u64 after_hash;
	struct hash_at best; /* slot NO_SLOT: none yet */
	u64 best_hash;
	void *ret_key;
};

static bool next_key_is_after(const struct next_key *n, u64 hash, const void *key)
{
	if (!n->after)
		return true;
	if (hash != n->after_hash)
		return hash > n->after_hash;
	return memcmp(key, n->after, n->h->key_bytes) > 0;
}

static void next_key_visit(void *cookie, const struct hash_at *at)
{
	struct next_key *n = cookie;
	const void *key = hash_slot_key(n->h, at->bucket, at->slot);
	u64 hash = hash_of_elem(n->h, key);
	int order;

	if (!next_key_is_after(n, hash, key))
		return;
	if (n->best.slot != NO_SLOT) {
		const void *best = hash_slot_key(n->h, n->best.bucket, n->best.slot);

		order = hash == n->best_hash ? memcmp(key, best, n->h->key_bytes) :
					       (hash > n->best_hash) * 2 - 1;
		if (order >= 0)
			return;
	}
	n->best = *at;
	n->best_hash = hash;
	/* Here, while the lock keeps the element alive. */
	elem_load(n->ret_key, key, n->h->key_bytes);
}

int hash_next_key(struct map *map, const void *key, void *ret_next_key)
{
	struct map_hash *h = as_hash(map);
	struct next_key n = { .h = h, .best.slot = NO_SLOT, .ret_key = ret_next_key };
	struct hash_at at;
	u32 home = 0;

	if (key) {
		n.after_hash = hash_key(key, h->key_bytes, h->seed);
		if (hash_find(h, key, h->key_bytes, n.after_hash, &at)) {
			n.after = key;
			home = hash_home_index(h, n.after_hash);
		}
	}
	for (; home < h->bucket_cnt; home++) {
		struct hash_bucket *b = hash_bucket_at(h, home);

		/* Empty and nothing went past it: no need for its lock. */
		if (!atomic_load_explicit(&b->tags, memory_order_acquire))
			continue;
		lock_take(&b->lock);
		hash_home_visit_locked(h, home, next_key_visit, &n);
		lock_give(&b->lock);
		if (n.best.slot != NO_SLOT)
			return 0;
		n.after = NULL; /* all of later homes come after */
	}
	return -ENOENT;
}
