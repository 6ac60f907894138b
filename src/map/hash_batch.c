/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Batches take whole homes, as the kernel's take whole buckets: the token is the home to go on
 * with. A home that does not fit ends the batch, with -ENOSPC when nothing was taken yet.
 */
#include "map/hash_batch.h"

#include "base/bytes.h"
#include "map/hash_iter.h"

struct batch_copy {
	struct map_hash *h;
	struct map_batch *batch;
	struct hash_bucket *home;
	u32 done, room;
	u32 value_bytes;
};

static void batch_count(void *cookie, const struct hash_at *at)
{
	u32 *cnt = cookie;

	(void)at;
	++*cnt;
}

static void batch_copy(void *cookie, const struct hash_at *at)
{
	struct batch_copy *c = cookie;
	struct map_hash *h = c->h;

	/*
	 * More than were counted: a program whose key was changed between hash and copy published
	 * it without this home's lock.
	 */
	if (c->done == c->room)
		return;
	elem_load((u8 *)c->batch->keys + (size_t)c->done * h->key_bytes,
		  hash_slot_key(h, at->bucket, at->slot), h->key_bytes);
	hash_copy_value(h, at, (u8 *)c->batch->values + (size_t)c->done * c->value_bytes);
	c->done++;
	if (c->batch->delete)
		hash_drop_locked(h, c->home, at);
}

/* False when the home's elements do not fit into what is left. */
static bool batch_take_home(struct batch_copy *c, u32 index)
{
	u32 cnt = 0;
	bool fits;

	c->home = hash_bucket_at(c->h, index);
	if (!atomic_load_explicit(&c->home->tags, memory_order_acquire))
		return true;
	lock_take(&c->home->lock);
	hash_home_visit_locked(c->h, index, batch_count, &cnt);
	fits = cnt <= c->room - c->done;
	if (fits)
		hash_home_visit_locked(c->h, index, batch_copy, c);
	lock_give(&c->home->lock);
	return fits;
}

int hash_user_lookup_batch(struct map *map, struct map_batch *batch)
{
	struct map_hash *h = as_hash(map);
	struct batch_copy c = { .h = h, .batch = batch, .value_bytes = map_user_value_bytes(map) };
	u32 index = batch->start ? 0 : load_u32(batch->token);
	int err = 0;

	c.room = batch->cnt;
	batch->cnt = 0;
	if (index >= h->bucket_cnt)
		return -ENOENT;
	while (!err) {
		if (!batch_take_home(&c, index)) {
			err = c.done ? 0 : -ENOSPC;
			break;
		}
		if (++index == h->bucket_cnt)
			err = -ENOENT;
	}
	batch->cnt = c.done;
	store_u32(batch->token, index);
	return err;
}
