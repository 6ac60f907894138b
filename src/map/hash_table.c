/* SPDX-License-Identifier: BSD-2-Clause */
/* Slots of the hash table: taken, published, freed; eviction; memory. See map/hash_int.h. */
#include "base/rand.h"
#include "map/hash_int.h"

#define BUCKET_ALIGN	    64u
#define BUCKET_ENTRIES	    4u /* planned: 4 of 7 slots in use when the map is full */
#define EVICT_TURNS_MAX	    4u
#define KEY_COPY_BYTES	    512u /* what programs can have on their stack */

/* Adds @by (1 or -1) to the count of elements that went past @b; once it stuck it stays. */
static void past_add(struct hash_bucket *b, int by)
{
	u64 tags = atomic_load_explicit(&b->tags, memory_order_relaxed), next;

	do {
		if (tags >> HASH_PAST_SHIFT == HASH_PAST_MAX)
			return;
		next = by > 0 ? tags + (1ull << HASH_PAST_SHIFT) : tags - (1ull << HASH_PAST_SHIFT);
	} while (!atomic_compare_exchange_weak_explicit(&b->tags, &tags, next,
							memory_order_acq_rel,
							memory_order_relaxed));
}

/* Takes a free slot of @b, if any. */
static bool bucket_take_slot(struct hash_bucket *b, u32 *ret_slot)
{
	u64 tags = atomic_load_explicit(&b->tags, memory_order_relaxed);

	for (;;) {
		u64 match = hash_match(tags, HASH_TAG_FREE);
		u32 slot;

		if (!match)
			return false;
		slot = hash_match_slot(match);
		if (atomic_compare_exchange_weak_explicit(&b->tags, &tags,
							  tags | (u64)HASH_TAG_TAKEN << slot * 8,
							  memory_order_acq_rel,
							  memory_order_relaxed)) {
			*ret_slot = slot;
			return true;
		}
	}
}

void hash_take_slot(struct map_hash *h, struct hash_bucket *home, struct hash_at *ret_at)
{
	struct hash_bucket *b = home;
	u32 dist = 0, slot;

	while (!bucket_take_slot(b, &slot)) {
		past_add(b, 1);
		b = hash_bucket_after(h, b);
		/*
		 * A whole turn without a free slot can only mean that others took and freed them
		 * behind our back: invariant 4 promises one. Counts of a turn would add up wrongly.
		 */
		if (++dist == h->bucket_cnt) {
			for (u32 i = 0; i < dist; i++, b = hash_bucket_after(h, b))
				past_add(b, -1);
			dist = 0;
			lock_relax();
		}
	}
	/* Between taking and filling (2.): the stores to the key are releases, so come after. */
	atomic_fetch_add_explicit(&b->ver, 1, memory_order_acq_rel);
	*ret_at = (struct hash_at){ .bucket = b, .slot = slot, .dist = dist };
}

void hash_publish(const struct hash_at *at, u32 tag)
{
	/* The byte is ours and holds HASH_TAG_TAKEN, so no carry leaves it. */
	atomic_fetch_add_explicit(&at->bucket->tags, (u64)(tag - HASH_TAG_TAKEN) << at->slot * 8,
				  memory_order_acq_rel);
}

/* Elements that went past buckets in order to reach @at do so no more. */
static void past_leave(struct map_hash *h, struct hash_bucket *home, const struct hash_at *at)
{
	struct hash_bucket *b = home;

	for (u32 i = 0; i < at->dist; i++, b = hash_bucket_after(h, b))
		past_add(b, -1);
}

void hash_free_slot(struct map_hash *h, struct hash_bucket *home, const struct hash_at *at)
{
	u64 tags = atomic_load_explicit(&at->bucket->tags, memory_order_relaxed);

	atomic_fetch_sub_explicit(&at->bucket->tags,
				  (u64)hash_slot_tag(tags, at->slot) << at->slot * 8,
				  memory_order_acq_rel);
	past_leave(h, home, at);
}

void hash_replace(struct map_hash *h, struct hash_bucket *home, const struct hash_at *from,
		  const struct hash_at *to, u32 tag)
{
	if (from->bucket == to->bucket) {
		atomic_fetch_add_explicit(&to->bucket->tags,
					  ((u64)(tag - HASH_TAG_TAKEN) << to->slot * 8) -
						  ((u64)tag << from->slot * 8),
					  memory_order_acq_rel);
		past_leave(h, home, from);
		return;
	}
	hash_publish(to, tag);
	atomic_fetch_add_explicit(&home->ver, 1, memory_order_acq_rel);
	hash_free_slot(h, home, from);
}

u64 hash_of_elem(const struct map_hash *h, const void *elem)
{
	u8 key[KEY_COPY_BYTES];

	/* Larger keys are read as they lie: whoever needs a whole one looks at `ver` afterwards. */
	if (h->key_bytes > sizeof(key))
		return hash_key(elem, h->key_bytes, h->seed);
	elem_load(key, elem, h->key_bytes);
	return hash_key(key, h->key_bytes, h->seed);
}

/*
 * Frees the element in slot @slot of @b if it is still there. Its home's lock is only tried: the
 * hand has other elements to offer.
 */
static bool evict_slot(struct map_hash *h, struct hash_bucket *b, u32 slot)
{
	u32 ver = atomic_load_explicit(&b->ver, memory_order_acquire);
	u32 tag = hash_slot_tag(atomic_load_explicit(&b->tags, memory_order_acquire), slot);
	u32 home_index, index = hash_bucket_index(h, b);
	struct hash_bucket *home;
	struct hash_at at = { .bucket = b, .slot = slot };
	bool there;

	if (tag <= HASH_TAG_TAKEN)
		return false;
	home_index = hash_home_index(h, hash_of_elem(h, hash_slot_key(h, b, slot)));
	if (atomic_load_explicit(&b->ver, memory_order_acquire) != ver)
		return false;
	home = hash_bucket_at(h, home_index);
	if (!lock_try(&home->lock))
		return false;
	/* Nobody else can free it now; with the same `ver` it is the one whose key we read. */
	there = hash_slot_tag(atomic_load_explicit(&b->tags, memory_order_acquire), slot) == tag &&
		atomic_load_explicit(&b->ver, memory_order_acquire) == ver;
	if (there) {
		at.dist = index >= home_index ? index - home_index :
						index + h->bucket_cnt - home_index;
		hash_free_slot(h, home, &at);
		atomic_fetch_sub_explicit(&h->ctl->cnt, 1, memory_order_relaxed);
	}
	lock_give(&home->lock);
	return there;
}

/* A clock: the hand takes away marks of use, and evicts the first element that has none. */
void hash_evict(struct map_hash *h)
{
	u64 steps = (u64)h->bucket_cnt * EVICT_TURNS_MAX;

	while (steps--) {
		u32 index = atomic_fetch_add_explicit(&h->ctl->hand, 1, memory_order_relaxed) %
			    h->bucket_cnt;
		struct hash_bucket *b = hash_bucket_at(h, index);
		u32 used = atomic_load_explicit(&h->ctl->used[index], memory_order_relaxed);

		for (u32 slot = 0; slot < HASH_SLOTS; slot++) {
			if (!(used >> slot & 1) && evict_slot(h, b, slot))
				return;
		}
		/* All that are left were used: their second chance begins. */
		atomic_store_explicit(&h->ctl->used[index], 0, memory_order_relaxed);
	}
}

static int table_size(struct map_hash *h, u64 *ret_table_bytes, u64 *ret_data_bytes)
{
	u64 planes_bytes;

	if (mul_overflow_u64(h->bucket_cnt, h->bucket_bytes, ret_table_bytes))
		return -ENOMEM;
	if (!h->plane_elem_bytes) {
		*ret_data_bytes = *ret_table_bytes;
		return 0;
	}
	h->plane_bytes = align_up((u64)h->bucket_cnt * HASH_SLOTS * h->plane_elem_bytes, 4096);
	*ret_table_bytes = align_up(*ret_table_bytes, 4096);
	if (mul_overflow_u64(h->plane_bytes, h->map.env->cpu_cnt, &planes_bytes) ||
	    add_overflow_u64(planes_bytes, *ret_table_bytes, ret_data_bytes))
		return -ENOMEM;
	return 0;
}

/* Modulo 2^64, of an odd number: right in 3 bits, and each step doubles them (Newton). */
static u64 inverse_of(u64 odd)
{
	u64 inverse = odd;

	for (u32 bits = 3; bits < 64; bits *= 2)
		inverse *= 2 - odd * inverse;
	return inverse;
}

int hash_table_init(struct map_hash *h)
{
	const struct map_attr *attr = &h->map.attr;
	u32 value_bytes = (u32)align_up(attr->value_size_bytes, 8);
	struct region_spec spec = { .at_once = !(attr->flags & MAP_F_NO_PREALLOC) };
	u64 table_bytes;
	int err;

	h->key_bytes = attr->key_size_bytes;
	h->key_room_bytes = (u32)align_up(attr->key_size_bytes, 8);
	h->plane_elem_bytes = h->map.ops->percpu ? value_bytes : 0;
	h->elem_bytes = h->key_room_bytes + (h->plane_elem_bytes ? 0 : value_bytes);
	h->bucket_cnt = attr->max_entries / BUCKET_ENTRIES + 1;
	h->bucket_bytes = (u32)align_up(sizeof(struct hash_bucket) +
						HASH_SLOTS * (u64)h->elem_bytes,
					BUCKET_ALIGN);
	h->bucket_shift = (u32)__builtin_ctz(h->bucket_bytes);
	h->bucket_inverse = inverse_of(h->bucket_bytes >> h->bucket_shift);
	err = table_size(h, &table_bytes, &spec.data_bytes);
	if (err)
		return err;
	spec.ctl_bytes = sizeof(struct hash_ctl) + (h->lru ? h->bucket_cnt : 0);
	err = region_init(&h->map.region, &spec);
	if (err)
		return err;
	map_region_stamp(&h->map);
	h->ctl = region_ctl(&h->map.region);
	h->ctl->seed = h->seed = attr->flags & MAP_F_ZERO_SEED ? 0 : rand_system_u64();
	h->buckets = h->map.region.data;
	h->planes = h->plane_elem_bytes ? h->map.region.data + table_bytes : NULL;
	return 0;
}

_Static_assert(sizeof(struct hash_bucket) == 16, "the layout is fixed");
