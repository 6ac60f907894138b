/* SPDX-License-Identifier: BSD-2-Clause */
/* Each type by itself: extents, mappings, rings, inner maps, memory that runs out. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "map/ringbuf.h"
#include "prog/prog.h"
#include "tests/map/env.h"
#include "tests/oom.h"

static void test_extents(struct map_env *env)
{
	static const enum map_type types[] = { MAP_TYPE_ARRAY, MAP_TYPE_PERCPU_ARRAY,
					       MAP_TYPE_HASH, MAP_TYPE_PERCPU_HASH,
					       MAP_TYPE_LRU_HASH, MAP_TYPE_LRU_PERCPU_HASH };
	struct extent e;

	for (u32 t = 0; t < ARRAY_SIZE(types); t++) {
		struct map *map = make(env, types[t], 4, 13, 300);
		u8 value[2 * 16] = { 0 };
		bool exact = true;

		for (u32 key = 0; key < 300; key += 7) {
			u64 addr;

			if (map_user_update(map, &key, value, 0))
				exact = false;
			addr = ptr_to_u64(map->ops->lookup(map, 1, &key));
			for (u32 off = 0; off < 13; off++)
				exact = exact && map->ops->extent_at(map, addr + off, &e) &&
					e.base == addr && e.size_bytes == 13;
			exact = exact && map->ops->extent_at(map, addr + 13, &e) &&
				!extent_holds(&e, addr + 13, 1);
		}
		tap_ok(exact, "type %d: values end where they end", types[t]);
		tap_ok(!map->ops->extent_at(map, 4096, &e) && !map->ops->extent_at(map, ~0ull, &e),
		       "addresses far from the map are nobody's");
		map_put(map);
	}
}

static void test_mmapable(struct map_env *env)
{
	struct map_attr attr = attr_of(MAP_TYPE_ARRAY, 4, 8, 600);
	struct map *map;
	u32 key = 599;
	u64 value = 42, addr;
	u64 *client;
	int fd;

	attr.flags = MAP_F_MMAPABLE | MAP_F_RDONLY_PROG;
	if (map_create(&attr, env, &map))
		return;
	fd = map_mmap_fd(map);
	client = mmap(NULL, 4800, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	tap_ok(client != MAP_FAILED, "a client maps the array");
	tap_ok(!map_user_update(map, &key, &value, 0) && client[599] == 42, "and sees updates");
	client[0] = 7;
	tap_ok(load_u64(map->ops->lookup(map, 0, &(u32){ 0 })) == 7, "programs see its writes");
	munmap(client, 4800);
	tap_eq(map_direct_value(map, 0, &addr), -ENOTSUPP, "no direct values of 600 elements");
	tap_eq(map_freeze(map), 0, "frozen");
	tap_eq(map_freeze(map), -EBUSY, "once only");
	tap_eq(map_user_update(map, &key, &value, 0), -EPERM, "no update of a frozen map");
	client = mmap(NULL, 4800, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	tap_ok(client == MAP_FAILED, "no writable mapping of a frozen map");
	client = mmap(NULL, 4800, PROT_READ, MAP_SHARED, fd, 0);
	tap_ok(client != MAP_FAILED && client[599] == 42, "a readable one");
	map_put(map);
	attr.max_entries = 1;
	if (map_create(&attr, env, &map))
		return;
	tap_ok(!map_direct_value(map, 7, &addr), "direct value of the only element");
	tap_eq(map_direct_value(map, 8, &addr), -EINVAL, "not behind it");
	map_put(map);
}

static int count_records(void *cookie, const void *data, u32 size_bytes)
{
	u64 *sum = cookie;

	*sum += size_bytes + *(const u8 *)data;
	return 0;
}

/* CVE-2021-3489, CVE-2024-41009 and the protocol that libbpf's consumer relies on. */
static void test_ring(struct map_env *env)
{
	struct map *map = make(env, MAP_TYPE_RINGBUF, 0, 0, 4096);
	_Atomic u64 *cons = (_Atomic u64 *)(void *)map->region.data;
	u8 *data = map->region.data + 2 * 4096, *a, *b;
	struct extent e;
	u64 sum = 0;

	tap_ok(!map_ringbuf_reserve(map, 0x3fffffff, 0), "a record larger than any ring");
	tap_ok(!map_ringbuf_reserve(map, 4089, 0), "a record larger than this ring");
	tap_ok(!map_ringbuf_reserve(map, 8, 1), "reserve knows no flags");
	a = map_ringbuf_reserve(map, 100, 0);
	b = map_ringbuf_reserve(map, 3000, 0);
	tap_ok(a && b && load_u32(a - 8) == (100u | 1u << 31), "records with busy headers");
	tap_ok(map->ops->extent_at(map, ptr_to_u64(a) + 99, &e) && e.base == ptr_to_u64(a) &&
		       e.size_bytes == 100,
	       "a reserved record is the program's");
	tap_ok(map->ops->extent_at(map, ptr_to_u64(b) + 2999, &e) && e.base == ptr_to_u64(b),
	       "and the next one");
	*cons = 1u << 20; /* a hostile client */
	tap_ok(!map_ringbuf_reserve(map, 2000, 0), "a wrong consumer position makes no room");
	*cons = 3000;
	store_u32(a - 8, 0);
	tap_ok(!map_ringbuf_reserve(map, 2000, 0), "nor does a forged header");
	*cons = 0;
	a[0] = b[0] = 1;
	tap_eq(map_ringbuf_commit(map, a + 8, 0, false), -EINVAL, "not from its middle");
	tap_eq(map_ringbuf_commit(map, b, 0, true), 0, "discarded");
	tap_eq(map_ringbuf_consume(map, count_records, &sum), 0, "the first is not done yet");
	tap_eq(map_ringbuf_commit(map, a, 0, false), 0, "submitted");
	tap_eq(map_ringbuf_commit(map, a, 0, false), -EINVAL, "not twice");
	tap_ok(!map->ops->extent_at(map, ptr_to_u64(a), &e), "once submitted it is not");
	tap_eq(map_ringbuf_consume(map, count_records, &sum), 1, "one record, one discarded");
	tap_eq(sum, 101, "with its length and bytes");
	tap_eq(map_ringbuf_output(map, "xyz", 3, 4), -EINVAL, "output knows its flags");
	a = map_ringbuf_reserve(map, 2000, 0);
	tap_ok(a && a + 2000 > data + 4096 && map->ops->extent_at(map, ptr_to_u64(a) + 1999, &e) &&
		       e.base == ptr_to_u64(a),
	       "one that runs over the end is in one piece");
	tap_eq(map_ringbuf_commit(map, a, 0, false), 0, "and can be submitted");
	tap_eq(map_ringbuf_query(map, RINGBUF_RING_SIZE), 4096, "query: size");
	tap_eq(map_ringbuf_query(map, RINGBUF_AVAIL_DATA), 2008, "query: data to read");
	map_put(map);
}

static void test_inner_maps(struct map_env *env, enum map_type type)
{
	struct map *inner = make(env, MAP_TYPE_ARRAY, 4, 8, 3), *other, *outer;
	struct map_attr attr = attr_of(type, 4, 4, 5);
	u32 key = 1, id, next;

	tap_eq(map_create(&attr, env, &outer), -EBADF, "type %d: a template is needed", type);
	attr.inner = inner;
	if (map_create(&attr, env, &outer))
		return;
	inner->obj.id = 42;
	other = make(env, MAP_TYPE_ARRAY, 4, 8, 4);
	tap_eq(map_user_update_obj(outer, &key, &other->obj, 0), -EINVAL, "other size: refused");
	tap_eq(map_user_update_obj(outer, &key, &inner->obj, 0), 0, "put in");
	tap_ok(outer->ops->lookup(outer, 0, &key) == inner, "programs find the map");
	tap_ok(!map_user_lookup(outer, &key, &id, 0) && id == 42, "user space its id");
	tap_eq(map_user_update_obj(outer, &key, &inner->obj, 0), 0, "replaced by itself");
	key = 2;
	tap_eq(map_user_lookup(outer, &key, &id, 0), -ENOENT, "others are empty");
	tap_eq(map_user_delete(outer, &(u32){ 1 }), 0, "deleted");
	tap_eq(map_user_update_obj(outer, &key, &inner->obj, 0), 0, "put in elsewhere");
	tap_ok(!map_user_next_key(outer, NULL, &next), "keys can be read");
	attr.inner = outer;
	tap_eq(map_create(&attr, env, &(struct map *){ NULL }), -EINVAL, "one level only");
	map_put(outer);
	epoch_drain(env->epoch);
	tap_eq(inner->obj.refs, 1, "nothing holds the inner map any more");
	inner->obj.id = 0;
	map_put(inner);
	map_put(other);
}

static void test_prog_kinds(struct map_env *env)
{
	struct map *map = make(env, MAP_TYPE_PROG_ARRAY, 4, 4, 2);
	struct prog *a, *b;
	u32 key = 0;

	if (prog_new(&a) || prog_new(&b))
		return;
	a->type = PROG_TYPE_XDP;
	b->type = PROG_TYPE_SCHED_CLS;
	tap_eq(map_prog_array_compatible(map, a), 0, "the first to ask decides");
	tap_eq(map_user_update_obj(map, &key, &b->obj, 0), -EINVAL, "progarray-type-mix");
	tap_eq(map_user_update_obj(map, &key, &a->obj, 1), -EINVAL, "no flags");
	tap_eq(map_user_update_obj(map, &key, &a->obj, 0), 0, "the same type");
	b->type = PROG_TYPE_XDP;
	b->expected_attach_type = 1;
	tap_eq(map_user_update_obj(map, &key, &b->obj, 0), -EINVAL, "other attach type");
	tap_ok(map->ops->lookup_obj(map, 0) == a && !map->ops->lookup_obj(map, 1) &&
		       !map->ops->lookup_obj(map, 2),
	       "tail calls find it, and nothing elsewhere");
	map_put(map);
	prog_put(a);
	prog_put(b);
}

/* The LRU keeps what is used: old, unused elements go first. */
static void test_lru(struct map_env *env)
{
	struct map *map = make(env, MAP_TYPE_LRU_HASH, 4, 8, 100);
	u32 kept = 0, hot = 0;
	u64 value = 0;

	for (u32 key = 0; key < 5000; key++) {
		if (map_user_update(map, &key, &value, 0))
			tap_ok(false, "an LRU map is never full");
		for (hot = 0; hot < 10; hot++)
			map->ops->lookup(map, 0, &hot);
	}
	for (u32 key = 0; key < 10; key++)
		kept += map_user_lookup(map, &key, &value, 0) == 0;
	tap_ok(kept >= 9, "%u of 10 elements in steady use were kept", kept);
	kept = 0;
	for (u32 key = 0; key < 5000; key++)
		kept += map_user_lookup(map, &key, &value, 0) == 0;
	tap_ok(kept <= 100 && kept >= 90, "%u elements of 100", kept);
	map_put(map);
}

struct oom_round {
	struct map_env *env;
	enum map_type type;
	struct map *inner;
	struct prog *prog;
};

static int oom_round(void *arg)
{
	struct oom_round *o = arg;
	struct map_attr attr = attr_of(o->type, 8, 8, 40);
	u8 key[8] = { 0 }, value[64] = { 0 };
	struct map *map;
	int err;

	if (o->type == MAP_TYPE_LPM_TRIE)
		attr.flags = MAP_F_NO_PREALLOC;
	if (o->type == MAP_TYPE_ARRAY || o->type == MAP_TYPE_PERCPU_ARRAY ||
	    o->type == MAP_TYPE_DEVMAP || o->type == MAP_TYPE_DEVMAP_HASH)
		attr.key_size_bytes = 4;
	if (o->type == MAP_TYPE_PROG_ARRAY || o->inner)
		attr.key_size_bytes = attr.value_size_bytes = 4;
	if (o->type == MAP_TYPE_QUEUE || o->type == MAP_TYPE_BLOOM_FILTER)
		attr.key_size_bytes = 0;
	if (o->type == MAP_TYPE_RINGBUF)
		attr = attr_of(o->type, 0, 0, 4096);
	attr.inner = o->inner;
	value[0] = 1;
	err = map_create(&attr, o->env, &map);
	if (err)
		return err;
	if (o->prog || o->inner)
		err = map_user_update_obj(map, key, o->prog ? &o->prog->obj : &o->inner->obj, 0);
	else if (o->type != MAP_TYPE_RINGBUF)
		err = map_user_update(map, key, value, 0);
	map_put(map);
	return err;
}

static void test_oom(struct map_env *env)
{
	static const enum map_type types[] = {
		MAP_TYPE_ARRAY,	   MAP_TYPE_PERCPU_ARRAY, MAP_TYPE_HASH,   MAP_TYPE_PERCPU_HASH,
		MAP_TYPE_LRU_HASH, MAP_TYPE_LPM_TRIE,	  MAP_TYPE_DEVMAP, MAP_TYPE_DEVMAP_HASH,
		MAP_TYPE_QUEUE,	   MAP_TYPE_BLOOM_FILTER, MAP_TYPE_RINGBUF,
	};
	struct oom_round o = { .env = env };

	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		o.type = types[i];
		oom_sweep(oom_round, &o, "a map with an element");
	}
	o.type = MAP_TYPE_PROG_ARRAY;
	if (prog_new(&o.prog))
		return;
	oom_sweep(oom_round, &o, "a program array");
	prog_put(o.prog);
	o.prog = NULL;
	o.inner = make(env, MAP_TYPE_ARRAY, 4, 4, 1);
	o.type = MAP_TYPE_ARRAY_OF_MAPS;
	oom_sweep(oom_round, &o, "an array of maps");
	o.type = MAP_TYPE_HASH_OF_MAPS;
	oom_sweep(oom_round, &o, "a hash of maps");
	map_put(o.inner);
}

int main(void)
{
	struct map_env env;

	env_init(&env, 2);
	test_extents(&env);
	test_mmapable(&env);
	test_ring(&env);
	test_inner_maps(&env, MAP_TYPE_ARRAY_OF_MAPS);
	test_inner_maps(&env, MAP_TYPE_HASH_OF_MAPS);
	test_prog_kinds(&env);
	test_lru(&env);
	test_oom(&env);
	env_fini(&env);
	return tap_done();
}
