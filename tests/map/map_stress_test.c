/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Four threads on one map: readers that must never see a value that was not once written whole,
 * keys that must never vanish, programs replaced while others look them up. `make check-tsan` runs
 * this too.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/rand.h"
#include "map/ringbuf.h"
#include "prog/prog.h"
#include "tests/map/env.h"

#define THREADS	 4
#define ROUNDS	 30000u
#define KEYS	 96u
#define WORDS	 6u

struct stress {
	struct map_env env;
	struct map *map;
	struct prog *progs[2];
	_Atomic u32 next_thread, bad, evictions;
};

static void on_threads(struct stress *s, void *(*fn)(void *))
{
	pthread_t threads[THREADS];

	atomic_store(&s->next_thread, 0);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, fn, s);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* All words of a value are alike: any mix of two shows. */
static bool is_whole(const u64 *value, u64 key)
{
	for (u32 i = 1; i < WORDS; i++)
		if (value[i] != value[0])
			return false;
	return value[0] % KEYS == key;
}

static void fill(u64 *value, u64 key, u64 salt)
{
	for (u32 i = 0; i < WORDS; i++)
		value[i] = salt / KEYS * KEYS + key;
}

/* Keys below KEYS / 2 are never deleted: everybody must find them at any time. */
static void *hash_thread(void *arg)
{
	struct stress *s = arg;
	u64 rng[4], value[WORDS];
	bool lru = s->map->attr.type == MAP_TYPE_LRU_HASH;

	rand_seed(rng, atomic_fetch_add(&s->next_thread, 1) + 7);
	for (u32 i = 0; i < ROUNDS; i++) {
		u64 key = rand_below(rng, KEYS), n = rand_next(rng);
		int err;

		switch (n % 8) {
		case 0:
		case 1:
			fill(value, key, n >> 8);
			err = map_user_update(s->map, &key, value, ELEM_ANY);
			if (err && !(lru && err == -ENOMEM))
				atomic_fetch_add(&s->bad, 1);
			break;
		case 2:
			if (key >= KEYS / 2)
				err = map_user_delete(s->map, &key);
			break;
		case 3:
			if (!(n & 256 ? lookup_called(s->map, 0, &key) :
					s->map->ops->lookup(s->map, 0, &key)) &&
			    key < KEYS / 2 && !lru)
				atomic_fetch_add(&s->bad, 1);
			break;
		default:
			err = map_user_lookup(s->map, &key, value, 0);
			if (err ? key < KEYS / 2 && !lru : !is_whole(value, key))
				atomic_fetch_add(&s->bad, 1);
		}
	}
	return NULL;
}

static void test_hash(struct stress *s, enum map_type type, u32 max, const char *what)
{
	u64 value[WORDS];
	u32 cnt = 0;

	s->map = make(&s->env, type, 8, sizeof(value), max);
	for (u64 key = 0; key < KEYS / 2; key++) {
		fill(value, key, 0);
		if (map_user_update(s->map, &key, value, 0))
			atomic_fetch_add(&s->bad, 1);
	}
	on_threads(s, hash_thread);
	tap_eq(atomic_exchange(&s->bad, 0), 0, "%s: no torn value, no key lost", what);
	for (u64 key = 0; key < KEYS; key++)
		cnt += map_user_lookup(s->map, &key, value, 0) == 0;
	tap_ok(cnt <= max && cnt >= MIN(KEYS / 2, max / 2), "%u elements are left", cnt);
	for (u64 key = 0; key < KEYS; key++)
		cnt -= map_user_delete(s->map, &key) == 0;
	tap_eq(cnt, 0, "and all can be deleted");
	map_put(s->map);
}

/*
 * A key that is written again and again goes back and forth between two slots, each of which still
 * has the key in it while the next value is put in (fault: torn-copy-same-key).
 */
#define BIG_WORDS  4096u
#define BIG_ROUNDS 3000u

static void *rewrite_thread(void *arg)
{
	struct stress *s = arg;
	u64 *value = calloc(BIG_WORDS, sizeof(*value)), key = 1;
	bool writes = atomic_fetch_add(&s->next_thread, 1) == 0;

	for (u32 i = 0; i < BIG_ROUNDS && value; i++) {
		if (writes) {
			for (u32 w = 0; w < BIG_WORDS; w++)
				value[w] = i;
			if (map_user_update(s->map, &key, value, 0))
				atomic_fetch_add(&s->bad, 1);
			continue;
		}
		if (map_user_lookup(s->map, &key, value, 0))
			atomic_fetch_add(&s->bad, 1);
		for (u32 w = 1; w < BIG_WORDS; w++)
			if (value[w] != value[0]) {
				atomic_fetch_add(&s->bad, 1);
				break;
			}
	}
	free(value);
	return NULL;
}

static void test_rewrite(struct stress *s)
{
	u64 *value = calloc(BIG_WORDS, sizeof(*value)), key = 1;

	s->map = make(&s->env, MAP_TYPE_HASH, 8, BIG_WORDS * 8, 4);
	tap_ok(value && !map_user_update(s->map, &key, value, 0), "a key to be rewritten");
	on_threads(s, rewrite_thread);
	tap_eq(atomic_exchange(&s->bad, 0), 0, "torn-copy-same-key: copies are whole");
	map_put(s->map);
	free(value);
}

/* Values hold their own key's length; prefixes are replaced and removed under the readers. */
static void *lpm_thread(void *arg)
{
	struct stress *s = arg;
	u64 rng[4], value[WORDS];

	rand_seed(rng, atomic_fetch_add(&s->next_thread, 1) + 77);
	for (u32 i = 0; i < ROUNDS; i++) {
		u32 n = rand_below(rng, 8), key[2] = { rand_below(rng, 33), 0 };

		store_be32(&key[1], rand_below(rng, 4) << 30 | rand_below(rng, 4) << 12);
		if (n == 0) {
			fill(value, key[0], rand_next(rng) >> 8);
			if (map_user_update(s->map, key, value, 0) == -EINVAL)
				atomic_fetch_add(&s->bad, 1);
		} else if (n == 1 && key[0]) {
			(void)!map_user_delete(s->map, key);
		} else {
			key[0] = 32;
			/* The prefix of no bits is there from the start and never goes. */
			if (map_user_lookup(s->map, key, value, 0) ||
			    !is_whole(value, value[0] % KEYS) || value[0] % KEYS > 32)
				atomic_fetch_add(&s->bad, 1);
		}
	}
	return NULL;
}

/*
 * A program's key may lie in a map that others write: its length must not grow between the check
 * and the use (fault: lpm-key-changes).
 */
struct shared_key {
	_Atomic u32 bits;
	u32 data;
};

static struct shared_key shared_key = { .bits = 32 };
static _Atomic u32 shared_key_users = THREADS / 2;

static void *lpm_change_thread(void *arg)
{
	struct stress *s = arg;
	u32 me = atomic_fetch_add(&s->next_thread, 1);
	u64 value[WORDS];

	fill(value, 1, 0);
	if (me % 2) {
		while (atomic_load(&shared_key_users))
			for (u32 i = 0; i < 1000; i++)
				atomic_store(&shared_key.bits, i % 2 ? 32 : 4000);
		return NULL;
	}
	for (u32 i = 0; i < ROUNDS; i++) {
		if (i % 3)
			(void)!s->map->ops->update(s->map, 0, &shared_key, value, 0);
		else
			(void)!s->map->ops->delete(s->map, &shared_key);
	}
	atomic_fetch_sub(&shared_key_users, 1);
	return NULL;
}

static void test_lpm_changes(struct stress *s)
{
	struct map_attr attr = attr_of(MAP_TYPE_LPM_TRIE, 8, WORDS * 8, 200);
	u32 key[2], cnt = 0;

	attr.flags = MAP_F_NO_PREALLOC;
	if (map_create(&attr, &s->env, &s->map)) {
		tap_ok(false, "a trie");
		return;
	}
	on_threads(s, lpm_change_thread);
	for (bool more = !map_user_next_key(s->map, NULL, key); more && cnt < 3; cnt++) {
		if (key[0] != 32)
			atomic_fetch_add(&s->bad, 1);
		more = !map_user_next_key(s->map, key, key);
	}
	tap_ok(cnt <= 1 && !atomic_exchange(&s->bad, 0),
	       "lpm-key-changes: the length that was checked is the one that is used");
	map_put(s->map);
}

static void test_lpm(struct stress *s)
{
	struct map_attr attr = attr_of(MAP_TYPE_LPM_TRIE, 8, WORDS * 8, 200);
	u64 value[WORDS];
	u32 any[2] = { 0, 0 };
	int err;

	attr.flags = MAP_F_NO_PREALLOC;
	err = map_create(&attr, &s->env, &s->map);
	fill(value, 0, 0);
	tap_ok(!err && !map_user_update(s->map, any, value, 0), "a trie with a default");
	on_threads(s, lpm_thread);
	tap_eq(atomic_exchange(&s->bad, 0), 0, "trie: whole values, the default always found");
	map_put(s->map);
}

static void *prog_array_thread(void *arg)
{
	struct stress *s = arg;
	u32 me = atomic_fetch_add(&s->next_thread, 1);

	for (u32 i = 0; i < ROUNDS; i++) {
		u32 key = i % 4, token;
		struct prog *prog;

		if (me == 0) {
			if (map_user_update_obj(s->map, &key, &s->progs[i & 1]->obj, 0))
				atomic_fetch_add(&s->bad, 1);
			continue;
		}
		token = epoch_enter(s->env.epoch);
		prog = s->map->ops->lookup_obj(s->map, key);
		if (prog && prog->type != PROG_TYPE_XDP)
			atomic_fetch_add(&s->bad, 1);
		epoch_exit(s->env.epoch, token);
	}
	return NULL;
}

static void test_prog_array(struct stress *s)
{
	u32 key = 0;
	u32 id = 0;

	s->map = make(&s->env, MAP_TYPE_PROG_ARRAY, 4, 4, 4);
	for (u32 i = 0; i < 2; i++) {
		if (prog_new(&s->progs[i]))
			tap_ok(false, "no program");
		s->progs[i]->type = PROG_TYPE_XDP;
		s->progs[i]->obj.id = i + 10;
	}
	on_threads(s, prog_array_thread);
	tap_eq(atomic_exchange(&s->bad, 0), 0, "programs replaced under those who look them up");
	tap_ok(!map_user_lookup(s->map, &key, &id, 0) && (id == 10 || id == 11), "ids are read");
	s->progs[0]->obj.id = 0; /* they were in no table */
	s->progs[1]->obj.id = 0;
	map_release_uref(s->map);
	tap_eq(map_user_lookup(s->map, &key, &id, 0), -ENOENT, "release empties the array");
	epoch_drain(s->env.epoch);
	tap_eq(s->progs[0]->obj.refs, 1, "and its references are gone");
	prog_put(s->progs[0]);
	prog_put(s->progs[1]);
	map_put(s->map);
}

static void *ring_thread(void *arg)
{
	struct stress *s = arg;
	u32 me = atomic_fetch_add(&s->next_thread, 1);

	for (u32 i = 0; i < ROUNDS / 4; i++) {
		u32 words = 1 + i % 5;
		u32 *sample = map_ringbuf_reserve(s->map, words * 4, 0);

		if (!sample)
			continue;
		for (u32 w = 0; w < words; w++)
			sample[w] = me;
		if (map_ringbuf_commit(s->map, sample, 0, i % 7 == 0))
			atomic_fetch_add(&s->bad, 1);
	}
	return NULL;
}

static int ring_check(void *cookie, const void *data, u32 size_bytes)
{
	struct stress *s = cookie;
	const u32 *words = data;

	for (u32 w = 0; w < size_bytes / 4; w++)
		if (words[w] != words[0] || words[w] >= THREADS)
			atomic_fetch_add(&s->bad, 1);
	return 0;
}

static void *ring_or_consume_thread(void *arg)
{
	struct stress *s = arg;
	u64 got = 0;

	if (atomic_fetch_add(&s->next_thread, 1) < THREADS - 1) {
		atomic_fetch_sub(&s->next_thread, 1);
		return ring_thread(arg);
	}
	for (u32 i = 0; i < ROUNDS; i++)
		got += map_ringbuf_consume(s->map, ring_check, s);
	return got ? NULL : NULL;
}

static void test_ring(struct stress *s)
{
	s->map = make(&s->env, MAP_TYPE_RINGBUF, 0, 0, 4096);
	on_threads(s, ring_or_consume_thread);
	map_ringbuf_consume(s->map, ring_check, s);
	tap_eq(atomic_exchange(&s->bad, 0), 0, "ring: records are whole and each thread's own");
	tap_eq(map_ringbuf_query(s->map, RINGBUF_AVAIL_DATA), 0, "ring: all consumed");
	map_put(s->map);
}

int main(void)
{
	struct stress *s = calloc(1, sizeof(*s));

	env_init(&s->env, 2);
	test_hash(s, MAP_TYPE_HASH, KEYS, "hash, as full as its keys");
	test_hash(s, MAP_TYPE_HASH, KEYS * 8, "hash with room");
	test_hash(s, MAP_TYPE_LRU_HASH, KEYS / 2, "LRU hash, half of its keys");
	test_rewrite(s);
	test_lpm(s);
	test_lpm_changes(s);
	test_prog_array(s);
	test_ring(s);
	env_fini(&s->env);
	free(s);
	return tap_done();
}
