/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table behind all hash-like maps, and how it is searched.
 *
 * The table is an array of buckets of one or more cache lines: a header, then HASH_SLOTS elements
 * (key, then value, each rounded up to 8). An element lives in its home bucket (chosen by its
 * hash) or, where that is full, in the next one that has room. Elements never move while they
 * live, so programs may hold pointers to values.
 *
 * The header's `tags` is one word: byte i < 7 says what slot i is (0 free, 1 taken and not yet
 * filled, else eight bits of the hash of the key in it); byte 7 counts the elements that went past
 * this bucket because it was full. At 255 it sticks. A search ends at a bucket that none went past.
 *
 * 1. All writers of keys with the same home hold the home's lock; slots elsewhere are taken by
 *    compare-and-exchange of `tags`. So one key is never twice in the table for those who hold the
 *    lock, and at most one slot for each bucket is taken and not yet filled.
 * 2. `ver` grows after a slot of the bucket is taken and before it is filled. A reader that read
 *    `ver`, then found a key, then reads the same `ver` again, compared with a whole key.
 * 3. An update publishes a new element before it frees the old one: whole values for those who
 *    copy. When both are in one bucket, one store to `tags` does both; else `ver` of the home
 *    grows in between, and a reader that found nothing looks again when it has grown.
 * 4. There are at least max_entries + buckets slots, so an element that the count allows finds one.
 */
#ifndef SKEP_MAP_HASH_INT_H
#define SKEP_MAP_HASH_INT_H

#include "base/hash.h"
#include "base/lock.h"
#include "map/call_int.h"

#define HASH_SLOTS	   7u
#define HASH_LINE_BYTES	   64u
#define HASH_TAG_FREE	   0u
#define HASH_TAG_TAKEN	   1u
#define HASH_PAST_SHIFT	   56
#define HASH_PAST_MAX	   255u
#define HASH_BYTES_ONE	   0x0001010101010101ull /* one in each slot's byte */

struct hash_bucket {
	_Atomic u64 tags; /* acquire to read, release (or stronger) to publish */
	_Atomic u32 ver;  /* acquire to read */
	struct lock lock;
	/* elements follow */
};

/* Behind the region's head. */
struct hash_ctl {
	u64 seed;
	_Atomic u32 cnt; /* relaxed: an upper bound that is checked when it grows */
	_Atomic u32 hand; /* of eviction: bucket that is looked at next; relaxed */
	/* LRU: one byte for each bucket, bit i: slot i was used since the hand passed; relaxed */
	_Atomic u8 used[];
};

struct map_hash {
	struct map map;
	struct hash_ctl *ctl;
	u64 seed;
	u8 *buckets;
	u32 bucket_cnt, bucket_bytes;
	/* bucket_bytes as 2^shift times a number with this inverse: for exact divisions. */
	u32 bucket_shift;
	u64 bucket_inverse;
	u32 key_bytes, key_room_bytes; /* as asked; rounded up to 8 */
	u32 elem_bytes;		       /* key and value as they lie in a slot */
	/* Per-CPU types: values are no part of elements but lie at their number in each plane. */
	u8 *planes;
	u64 plane_bytes;
	u32 plane_elem_bytes;
	bool lru;
};

/* Where an element is. */
struct hash_at {
	struct hash_bucket *bucket;
	u32 slot;
	u32 dist; /* buckets from its home */
};

static always_inline struct map_hash *as_hash(struct map *map)
{
	return container_of(map, struct map_hash, map);
}

static always_inline struct hash_bucket *hash_bucket_at(const struct map_hash *h, u32 index)
{
	return (struct hash_bucket *)(void *)(h->buckets + (u64)index * h->bucket_bytes);
}

static always_inline u32 hash_bucket_index(const struct map_hash *h,
					   const struct hash_bucket *bucket)
{
	u64 off = (u64)((const u8 *)bucket - h->buckets);

	/* A multiple of bucket_bytes: its quotient modulo 2^64 is the quotient. */
	return (u32)((off >> h->bucket_shift) * h->bucket_inverse);
}

static always_inline struct hash_bucket *hash_bucket_after(const struct map_hash *h,
							   struct hash_bucket *bucket)
{
	u8 *next = (u8 *)bucket + h->bucket_bytes;

	return (struct hash_bucket *)(void *)(next == h->buckets + (u64)h->bucket_cnt *
							   h->bucket_bytes ?
						      h->buckets :
						      next);
}

static always_inline u32 hash_home_index(const struct map_hash *h, u64 hash)
{
	return (u32)(((hash & UINT32_MAX) * h->bucket_cnt) >> 32);
}

/* 2 to 255: 0 and 1 mean something else. */
static always_inline u32 hash_tag(u64 hash)
{
	u32 tag = (u32)(hash >> 56);

	return tag < 2 ? tag + 2 : tag;
}

static always_inline void *hash_slot_key(const struct map_hash *h, struct hash_bucket *bucket,
					 u32 slot)
{
	return (u8 *)(bucket + 1) + slot * h->elem_bytes;
}

static always_inline u64 hash_slot_number(const struct map_hash *h, const struct hash_at *at)
{
	return (u64)hash_bucket_index(h, at->bucket) * HASH_SLOTS + at->slot;
}

static always_inline void *hash_slot_value(const struct map_hash *h, const struct hash_at *at,
					   u32 cpu)
{
	if (h->planes)
		return h->planes + cpu * h->plane_bytes +
		       hash_slot_number(h, at) * h->plane_elem_bytes;
	return (u8 *)hash_slot_key(h, at->bucket, at->slot) + h->key_room_bytes;
}

/* 0x80 in the byte of each slot whose tag is @tag; exact, no borrow runs between bytes. */
static always_inline u64 hash_match(u64 tags, u32 tag)
{
	const u64 low7 = 0x7f * HASH_BYTES_ONE;
	u64 x = tags ^ tag * HASH_BYTES_ONE;

	return ~(((x & low7) + low7) | x) & 0x80 * HASH_BYTES_ONE;
}

static always_inline u32 hash_match_slot(u64 match)
{
	return (u32)__builtin_ctzll(match) >> 3;
}

static always_inline u32 hash_slot_tag(u64 tags, u32 slot)
{
	return (u32)(tags >> slot * 8) & 0xff;
}

static always_inline bool hash_key_equal(const void *elem, const void *key, u32 key_bytes)
{
	const _Atomic u64 *words = elem;
	const u8 *k = key;

	for (; key_bytes >= 8; key_bytes -= 8, k += 8)
		if (atomic_load_explicit(words++, memory_order_acquire) != load_u64(k))
			return false;
	if (key_bytes) {
		u64 word = 0;

		memcpy(&word, k, key_bytes);
		return atomic_load_explicit(words, memory_order_acquire) == word;
	}
	return true;
}

/*
 * The search without a lock; @key_bytes is h->key_bytes, a constant where the caller knows it.
 * False: no such key at some moment during the call.
 */
static always_inline bool hash_find(const struct map_hash *h, const void *key, u32 key_bytes,
				    u64 hash, struct hash_at *ret_at)
{
	struct hash_bucket *home = hash_bucket_at(h, hash_home_index(h, hash)), *b = home;
	u32 tag = hash_tag(hash), ver, home_ver, dist = 0;
	u64 tags, match;

	/* Elements behind the first line: not to be waited for one after the other. */
	__builtin_prefetch((const u8 *)home + HASH_LINE_BYTES);
	ver = home_ver = atomic_load_explicit(&home->ver, memory_order_acquire);
	for (;;) {
		tags = atomic_load_explicit(&b->tags, memory_order_acquire);
		for (match = hash_match(tags, tag); match; match &= match - 1) {
			u32 slot = hash_match_slot(match);

			if (!hash_key_equal(hash_slot_key(h, b, slot), key, key_bytes))
				continue;
			if (unlikely(atomic_load_explicit(&b->ver, memory_order_acquire) != ver))
				break; /* perhaps refilled meanwhile: this bucket again */
			*ret_at = (struct hash_at){ .bucket = b, .slot = slot, .dist = dist };
			return true;
		}
		if (likely(!match)) {
			if (unlikely(tags >> HASH_PAST_SHIFT) && ++dist < h->bucket_cnt) {
				b = hash_bucket_after(h, b);
			} else {
				ver = atomic_load_explicit(&home->ver, memory_order_acquire);
				if (likely(ver == home_ver))
					return false;
				home_ver = ver;
				b = home;
				dist = 0;
				continue;
			}
		}
		ver = atomic_load_explicit(&b->ver, memory_order_acquire);
	}
}

static always_inline bool hash_find_key(const struct map_hash *h, const void *key, u32 key_bytes,
					struct hash_at *ret_at)
{
	return hash_find(h, key, key_bytes, hash_key(key, key_bytes, h->seed), ret_at);
}

/* Bit of use: written only when it changes, so that hot elements cost no cache line. */
static always_inline void hash_mark_used(struct map_hash *h, const struct hash_at *at)
{
	_Atomic u8 *used = &h->ctl->used[hash_bucket_index(h, at->bucket)];
	u8 bit = (u8)(1u << at->slot);

	if (!(atomic_load_explicit(used, memory_order_relaxed) & bit))
		atomic_fetch_or_explicit(used, bit, memory_order_relaxed);
}

/* map/hash_table.c: the caller holds the lock of the home of @hash. */
/* A slot is always found (4.); it is taken, and what lies on the way is counted. */
void hash_take_slot(struct map_hash *h, struct hash_bucket *home, struct hash_at *ret_at);
void hash_publish(const struct hash_at *at, u32 tag);
void hash_free_slot(struct map_hash *h, struct hash_bucket *home, const struct hash_at *at);
/* @to becomes visible and @from free; readers find one of them at any time. */
void hash_replace(struct map_hash *h, struct hash_bucket *home, const struct hash_at *from,
		  const struct hash_at *to, u32 tag);
/* The hash of the key that lies at @elem, which may be changing. */
u64 hash_of_elem(const struct map_hash *h, const void *elem);
/* LRU: frees one element, not one that was used lately if there is another. No lock held. */
void hash_evict(struct map_hash *h);

/* map/hash_call.c: code and functions in the place of calls. */
void hash_call_insns(const struct map *map, const struct map_call *call, struct map_code *code);

/* Memory of all kinds for the sizes in @h->map.attr; h is then ready to use. 0 or -ENOMEM. */
int hash_table_init(struct map_hash *h) must_check;

#endif
