/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lookups in hashes as programs call them where the map's type is known: one function for each kind
 * of hash and size of key, with nothing left to be asked (htab_map_gen_lookup,
 * htab_lru_map_gen_lookup).
 */
#include "map/hash_int.h"

enum kind { KIND_PLAIN, KIND_PERCPU, KIND_LRU };

/* What @at holds, as its kind keeps it. */
static always_inline u64 value_of(struct map_hash *h, const struct hash_at *at, enum kind kind,
				  const struct run *run)
{
	if (kind == KIND_LRU)
		hash_mark_used(h, at);
	return ptr_to_u64(hash_slot_value(h, at, kind == KIND_PLAIN ? 0 : run->cpu));
}

/* Whatever is rare: elements that went past their home, equal tags, buckets that change. */
static noinline_fn u64 lookup_slowly(struct map_hash *h, const void *key, u64 hash, enum kind kind,
				     const struct run *run)
{
	struct hash_at at;

	return hash_find(h, key, h->key_bytes, hash, &at) ? value_of(h, &at, kind, run) : 0;
}

/*
 * One look at the home, by the rules of hash_find: the first element whose tag fits, or none where
 * none went past. Straight code in few registers, so that several lookups overlap.
 */
static always_inline u64 lookup(u64 map, u64 key_addr, u32 key_bytes, enum kind kind,
				const struct run *run)
{
	struct map_hash *h = as_hash(u64_to_ptr(map));
	const void *key = u64_to_ptr(key_addr);
	u32 size = key_bytes ? key_bytes : h->key_bytes, ver;
	u64 hash = hash_key(key, size, h->seed), tags, match;
	struct hash_at at = { .bucket = hash_bucket_at(h, hash_home_index(h, hash)) };

	__builtin_prefetch((const u8 *)at.bucket + HASH_LINE_BYTES);
	ver = atomic_load_explicit(&at.bucket->ver, memory_order_acquire);
	tags = atomic_load_explicit(&at.bucket->tags, memory_order_acquire);
	match = hash_match(tags, hash_tag(hash));
	if (match) {
		u8 *elem;

		at.slot = hash_match_slot(match);
		elem = hash_slot_key(h, at.bucket, at.slot);
		if (likely(hash_key_equal(elem, key, size)) &&
		    likely(atomic_load_explicit(&at.bucket->ver, memory_order_acquire) == ver)) {
			if (kind != KIND_PLAIN)
				return value_of(h, &at, kind, run);
			return ptr_to_u64(elem) +
			       (key_bytes ? align_up(key_bytes, 8) : h->key_room_bytes);
		}
	} else if (likely(!(tags >> HASH_PAST_SHIFT)) &&
		   likely(atomic_load_explicit(&at.bucket->ver, memory_order_acquire) == ver)) {
		return 0;
	}
	return lookup_slowly(h, key, hash, kind, run);
}

#define LOOKUPS(prefix, kind)                                 \
	MAP_INTRINSIC_FN(map_##prefix##_lookup_4)             \
	{                                                     \
		return lookup(r1, r2, 4, kind, run);          \
	}                                                     \
	MAP_INTRINSIC_FN(map_##prefix##_lookup_8)             \
	{                                                     \
		return lookup(r1, r2, 8, kind, run);          \
	}                                                     \
	MAP_INTRINSIC_FN(map_##prefix##_lookup_16)            \
	{                                                     \
		return lookup(r1, r2, 16, kind, run);         \
	}                                                     \
	MAP_INTRINSIC_FN(map_##prefix##_lookup_any)           \
	{                                                     \
		return lookup(r1, r2, 0, kind, run);          \
	}

LOOKUPS(hash, KIND_PLAIN)
LOOKUPS(percpu_hash, KIND_PERCPU)
LOOKUPS(lru_hash, KIND_LRU)

static enum intrinsic lookup_4_of(enum map_type type)
{
	if (type == MAP_TYPE_HASH)
		return INTRINSIC_HASH_LOOKUP_4;
	return type == MAP_TYPE_PERCPU_HASH ? INTRINSIC_PERCPU_HASH_LOOKUP_4
					    : INTRINSIC_LRU_HASH_LOOKUP_4;
}

void hash_call_insns(const struct map *map, const struct map_call *call, struct map_code *code)
{
	u32 key_bytes = map->attr.key_size_bytes;
	/* Rows stand in this order for each kind. */
	u32 size = key_bytes == 4 ? 0 : key_bytes == 8 ? 1 : key_bytes == 16 ? 2 : 3;

	switch (call->kind) {
	case MAP_CALL_LOOKUP:
		map_code_call(code, (enum intrinsic)(lookup_4_of(map->attr.type) + size));
		break;
	case MAP_CALL_UPDATE:
		map_code_call(code, INTRINSIC_HASH_UPDATE);
		break;
	case MAP_CALL_DELETE:
		map_code_call(code, INTRINSIC_HASH_DELETE);
		break;
	}
}

_Static_assert(INTRINSIC_HASH_LOOKUP_ANY == INTRINSIC_HASH_LOOKUP_4 + 3 &&
		       INTRINSIC_PERCPU_HASH_LOOKUP_ANY == INTRINSIC_PERCPU_HASH_LOOKUP_4 + 3 &&
		       INTRINSIC_LRU_HASH_LOOKUP_ANY == INTRINSIC_LRU_HASH_LOOKUP_4 + 3,
	       "4, 8, 16, any");
