/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The live kernel as the oracle: the same calls through bpf(2) and through our door must give the
 * same errors and the same contents. First a sweep over sizes and flags of BPF_MAP_CREATE, then
 * random sequences on every type. Skips where bpf(2) is refused.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/rand.h"
#include "spec/maptype.h"
#include "tests/map/env.h"

#define OPS	   1500u
#define BUF_BYTES  8192u
#define KEYS_MAX   4096u
#define BATCH_MAX  80u

struct create_attr {
	u32 type, key, value, max, flags, inner_fd, numa;
	char name[16];
	u32 rest[5];
	u64 extra;
};

struct batch_attr {
	u64 in, out, keys, values;
	u32 cnt, fd;
	u64 elem_flags, flags;
};

struct elem_attr {
	u32 fd, pad;
	u64 key, value, flags;
};

static int kernel(u32 cmd, void *attr, u32 size)
{
	long ret = syscall(SYS_bpf, cmd, attr, size);

	return ret < 0 ? -errno : (int)ret;
}

static int kernel_create(const struct map_attr *a, int inner_fd)
{
	struct create_attr c = { .type = a->type,
				 .key = a->key_size_bytes,
				 .value = a->value_size_bytes,
				 .max = a->max_entries,
				 .flags = a->flags,
				 .inner_fd = (u32)inner_fd,
				 .numa = a->numa_node,
				 .extra = a->map_extra };

	return kernel(0, &c, 72);
}

static int kernel_elem(u32 cmd, int fd, const void *key, void *value, u64 flags)
{
	struct elem_attr e = { .fd = (u32)fd,
			       .key = ptr_to_u64(key),
			       .value = ptr_to_u64(value),
			       .flags = flags };

	/* Commands that take no flags want zeros there. */
	return kernel(cmd, &e, 32);
}

enum {
	LOOKUP_BATCH = 24,
	LOOKUP_DELETE_BATCH = 25,
	UPDATE_BATCH = 26,
	DELETE_BATCH = 27,
};
enum { LOOKUP = 1, UPDATE = 2, DELETE = 3, NEXT_KEY = 4, LOOKUP_DELETE = 21, FREEZE = 22 };

static void sweep_one(struct map_env *env, const struct map_attr *a, u32 *bad)
{
	int fd = kernel_create(a, 0), ours;
	struct map *map = NULL;

	ours = map_create(a, env, &map);
	if ((fd < 0 ? fd : 0) != ours && (*bad)++ < 10)
		tap_diag("type %d key %u value %u max %u flags %#x extra %llu: kernel %d, we %d",
			 a->type, a->key_size_bytes, a->value_size_bytes, a->max_entries, a->flags,
			 (unsigned long long)a->map_extra, fd < 0 ? fd : 0, ours);
	if (fd >= 0)
		close(fd);
	map_put(map);
}

static const enum map_type plain_types[] = {
	MAP_TYPE_HASH,	   MAP_TYPE_ARRAY,	 MAP_TYPE_PROG_ARRAY,  MAP_TYPE_PERCPU_HASH,
	MAP_TYPE_LRU_HASH, MAP_TYPE_LPM_TRIE,	 MAP_TYPE_PERCPU_ARRAY, MAP_TYPE_LRU_PERCPU_HASH,
	MAP_TYPE_DEVMAP,   MAP_TYPE_DEVMAP_HASH, MAP_TYPE_QUEUE,       MAP_TYPE_STACK,
	MAP_TYPE_RINGBUF,  MAP_TYPE_BLOOM_FILTER, MAP_TYPE_PERF_EVENT_ARRAY,
	/* Declared only: */
	MAP_TYPE_STACK_TRACE, MAP_TYPE_CGROUP_ARRAY, MAP_TYPE_SOCKMAP, MAP_TYPE_SOCKHASH,
	MAP_TYPE_CPUMAP, MAP_TYPE_XSKMAP, MAP_TYPE_REUSEPORT_SOCKARRAY, MAP_TYPE_CGROUP_STORAGE,
	MAP_TYPE_PERCPU_CGROUP_STORAGE, MAP_TYPE_SK_STORAGE, MAP_TYPE_INODE_STORAGE,
	MAP_TYPE_TASK_STORAGE, MAP_TYPE_CGRP_STORAGE, MAP_TYPE_USER_RINGBUF, MAP_TYPE_ARENA,
};

/* More than a few pages, and no overflow. */
static bool a_lot(u32 size, u32 cnt)
{
	u64 bytes = (u64)size * cnt;

	return size < 1u << 31 && bytes > 32768 && !(cnt == 1 && size >> 20 == 3);
}

/* Sizes that no host would be short of memory for, and those that overflow. */
static void test_create_sweep(struct map_env *env)
{
	static const u32 sizes[] = { 0, 1, 4, 5, 8, 16, 260, 261, 512, 513, 1016, 1024, 32768,
				     32769,
				     (4u << 20) - 300, (4u << 20) - 53, (4u << 20) - 52,
				     1u << 31, UINT32_MAX };
	static const u32 maxes[] = { 0, 1, 3, 4096 };

	for (u32 t = 0; t < ARRAY_SIZE(plain_types); t++) {
		u32 bad = 0, cnt = 0;

		for (u32 k = 0; k < ARRAY_SIZE(sizes); k++) {
			for (u32 v = 0; v < ARRAY_SIZE(sizes); v++) {
				for (u32 m = 0; m < ARRAY_SIZE(maxes); m++) {
					struct map_attr a = attr_of(plain_types[t], sizes[k],
								    sizes[v], maxes[m]);

					/* A creation costs the kernel time by the page. */
					if (a_lot(sizes[k], maxes[m]) || a_lot(sizes[v], maxes[m]))
						continue;
					if (a.type == MAP_TYPE_LPM_TRIE)
						a.flags = MAP_F_NO_PREALLOC;
					/* As many as the kernel was built for. */
					if (a.type == MAP_TYPE_CPUMAP && a.max_entries > 256)
						continue;
					sweep_one(env, &a, &bad);
					cnt++;
				}
			}
		}
		tap_ok(!bad, "type %d: %u creations by size", plain_types[t], cnt);
	}
}

static struct map_attr usual(enum map_type type)
{
	struct map_attr a = attr_of(type, 4, 4, 64);

	if (type == MAP_TYPE_LPM_TRIE) {
		a.key_size_bytes = 8;
		a.flags = MAP_F_NO_PREALLOC;
	}
	if (type == MAP_TYPE_QUEUE || type == MAP_TYPE_STACK || type == MAP_TYPE_BLOOM_FILTER)
		a.key_size_bytes = 0;
	if (type == MAP_TYPE_STACK_TRACE)
		a.value_size_bytes = 32;
	if (type == MAP_TYPE_CGROUP_STORAGE || type == MAP_TYPE_PERCPU_CGROUP_STORAGE) {
		a.key_size_bytes = 8;
		a.max_entries = 0;
	}
	if (type == MAP_TYPE_ARENA) {
		a.key_size_bytes = a.value_size_bytes = 0;
		a.flags = MAP_F_MMAPABLE;
	}
	if (type == MAP_TYPE_RINGBUF || type == MAP_TYPE_USER_RINGBUF) {
		a.key_size_bytes = a.value_size_bytes = 0;
		a.max_entries = 4096;
	}
	return a;
}

static void test_flag_sweep(struct map_env *env)
{
	for (u32 t = 0; t < ARRAY_SIZE(plain_types); t++) {
		struct map_attr a = usual(plain_types[t]);
		u32 usual_flags = a.flags, bad = 0, cnt = 0;

		for (u32 one = 0; one < 20; one++) {
			for (u32 two = one; two < 20; two++) {
				/* Flags that mean other descriptors are sys's to look at. */
				u32 flags = 1u << one | 1u << two;

				if (flags & (MAP_F_VTYPE_BTF_OBJ_FD | MAP_F_TOKEN_FD))
					continue;
				a.flags = usual_flags | flags;
				sweep_one(env, &a, &bad);
				a.flags = flags;
				sweep_one(env, &a, &bad);
				cnt += 2;
			}
		}
		a.flags = MAP_F_NUMA_NODE;
		a.numa_node = 77;
		sweep_one(env, &a, &bad);
		a = usual(plain_types[t]);
		for (a.map_extra = 1; a.map_extra < 1ull << 40; a.map_extra *= 3)
			sweep_one(env, &a, &bad);
		tap_ok(!bad, "type %d: %u creations by flags", plain_types[t], cnt);
	}
}

/* Each type as the inner map of the two outer types, and which other maps may take its place. */
static void inner_one(struct map_env *env, enum map_type outer_type, enum map_type type, u32 *bad)
{
	struct map_attr outer = attr_of(outer_type, 4, 4, 3), a = usual(type), other;
	struct map *inner, *map = NULL, *second = NULL;
	int inner_fd = kernel_create(&a, 0), fd, theirs, ours, other_fd;
	u32 key = 1;

	ours = map_create(&a, env, &inner);
	if (inner_fd < 0 || ours) { /* local storage wants BTF */
		*bad += (inner_fd < 0) != (ours < 0);
		return;
	}
	outer.inner = inner;
	fd = kernel_create(&outer, inner_fd);
	ours = map_create(&outer, env, &map);
	if ((fd < 0 ? fd : 0) != ours && ++*bad)
		tap_diag("inner type %d: kernel %d, we %d", type, fd, ours);
	for (u32 what = 0; fd >= 0 && map && what < 4; what++) {
		other = a;
		other.max_entries *= what == 1 ? 2 : 1;
		other.value_size_bytes += what == 2 && type != MAP_TYPE_RINGBUF ? 4 : 0;
		other.flags |= what == 3 ? MAP_F_NUMA_NODE : 0;
		other_fd = kernel_create(&other, 0);
		if (other_fd < 0 || map_create(&other, env, &second)) {
			close(other_fd);
			continue;
		}
		theirs = kernel_elem(UPDATE, fd, &key, &other_fd, 0);
		ours = map_user_update_obj(map, &key, &second->obj, 0);
		if (theirs != ours && ++*bad)
			tap_diag("inner type %d, change %u: kernel %d, we %d", type, what, theirs,
				 ours);
		close(other_fd);
		map_put(second);
		second = NULL;
	}
	close(fd);
	close(inner_fd);
	map_put(map);
	map_put(inner);
}

static void test_inner(struct map_env *env, enum map_type outer_type)
{
	struct map_attr inner_attr = attr_of(MAP_TYPE_ARRAY, 4, 4, 1), a;
	int inner_fd = kernel_create(&inner_attr, 0);
	struct map *inner = make(env, MAP_TYPE_ARRAY, 4, 4, 1);
	u32 bad = 0;

	for (u32 t = 0; t < ARRAY_SIZE(plain_types); t++)
		inner_one(env, outer_type, plain_types[t], &bad);
	for (u32 bit = 0; bit < 20; bit++) {
		struct map *map = NULL;
		int fd, ours;

		a = attr_of(outer_type, bit % 3 ? 4 : 8, bit == 7 ? 8 : 4, bit == 8 ? 0 : 5);
		a.flags = 1u << bit;
		if (a.flags & (MAP_F_VTYPE_BTF_OBJ_FD | MAP_F_TOKEN_FD))
			continue;
		a.inner = inner;
		fd = kernel_create(&a, inner_fd);
		ours = map_create(&a, env, &map);
		if ((fd < 0 ? fd : 0) != ours && ++bad)
			tap_diag("flag %#x: kernel %d, we %d", a.flags, fd, ours);
		close(fd);
		map_put(map);
	}
	tap_ok(!bad, "type %d: templates, flags, what may be put in", outer_type);
	close(inner_fd);
	map_put(inner);
}

struct pair {
	struct map *map;
	int fd;
	u64 rng[4];
	u32 bad, value_bytes;
	const char *what;
};

static void differ(struct pair *p, const char *what, int theirs, int ours)
{
	if (p->bad++ < 5)
		tap_diag("%s: kernel %d, we %d", what, theirs, ours);
}

static void random_key(struct pair *p, u8 *key)
{
	u32 n = rand_below(p->rng, p->map->attr.max_entries + 3);

	memset(key, 0, p->map->attr.key_size_bytes);
	if (p->map->attr.type == MAP_TYPE_LPM_TRIE) {
		store_u32(key, rand_below(p->rng, 34));
		store_u32(key + 4, n * 0x01030105u);
	} else {
		memcpy(key, &n, MIN(4u, p->map->attr.key_size_bytes));
	}
}

static u64 random_flags(struct pair *p)
{
	u32 n = rand_below(p->rng, 40);

	return n < 30 ? ELEM_ANY : n < 38 ? n % 3 : n == 38 ? ELEM_F_LOCK : 9;
}

static void op_update(struct pair *p, const void *key)
{
	u8 value[BUF_BYTES];
	u64 flags = random_flags(p);
	int theirs, ours;

	for (u32 i = 0; i < p->value_bytes; i++)
		value[i] = (u8)rand_next(p->rng);
	if (p->map->attr.type == MAP_TYPE_DEVMAP || p->map->attr.type == MAP_TYPE_DEVMAP_HASH) {
		store_u32(value, rand_below(p->rng, 4) ? 1 : 0); /* "lo", or none */
		if (p->value_bytes == 8)
			store_u32(value + 4, 0);
	}
	theirs = kernel_elem(UPDATE, p->fd, key, value, flags);
	ours = map_user_update(p->map, key, value, flags);
	if (theirs != ours)
		differ(p, "update", theirs, ours);
}

static void op_lookup(struct pair *p, const void *key, bool delete)
{
	u8 a[BUF_BYTES] = { 0 }, b[BUF_BYTES] = { 0 };
	u64 flags = rand_below(p->rng, 20) ? 0 : random_flags(p);
	int theirs, ours;

	if (p->map->attr.type == MAP_TYPE_BLOOM_FILTER)
		return; /* what may be in it depends on the seed */
	theirs = kernel_elem(delete ? LOOKUP_DELETE : LOOKUP, p->fd, key, a, flags);
	ours = delete ? map_user_lookup_delete(p->map, key, b, flags) :
			map_user_lookup(p->map, key, b, flags);
	if (theirs != ours)
		differ(p, delete ? "lookup_and_delete" : "lookup", theirs, ours);
	else if (!theirs && memcmp(a, b, p->value_bytes))
		differ(p, "value", 0, 0);
}

static void op_delete(struct pair *p, const void *key)
{
	int theirs = kernel_elem(DELETE, p->fd, key, NULL, 0);
	int ours = map_user_delete(p->map, key);

	if (theirs != ours)
		differ(p, "delete", theirs, ours);
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, 8);
}

/* The keys in order (indexed ones, tries) or sorted. Returns how many, or the first error. */
static int all_keys(struct pair *p, bool theirs, u8 (*keys)[8])
{
	u8 key[64];
	bool ordered = p->map->attr.type == MAP_TYPE_LPM_TRIE;
	int err = 0, cnt = 0;

	memset(key, 0, sizeof(key));
	while (cnt < (int)KEYS_MAX) {
		u8 next[64] = { 0 };

		err = theirs ? kernel_elem(NEXT_KEY, p->fd, cnt ? key : NULL, next, 0) :
			       map_user_next_key(p->map, cnt ? key : NULL, next);
		if (err)
			break;
		memcpy(key, next, sizeof(key));
		memcpy(keys[cnt++], next, 8);
	}
	if (!ordered)
		qsort(keys, (size_t)cnt, 8, by_bytes);
	return err == -ENOENT ? cnt : err;
}

static void op_iterate(struct pair *p)
{
	static u8 a[KEYS_MAX][8], b[KEYS_MAX][8];
	int theirs = all_keys(p, true, a), ours = all_keys(p, false, b);

	if (theirs != ours)
		differ(p, "number of keys", theirs, ours);
	else if (theirs > 0 && memcmp(a, b, (size_t)theirs * 8))
		differ(p, "keys", 0, 0);
}

/* A batch as it came out: rows of key and value, sorted where the map has no order. */
struct dump {
	u8 keys[BATCH_MAX * 64], values[BATCH_MAX * 64], rows[BATCH_MAX][128];
	u8 token[64];
	u32 cnt;
};

static int by_row(const void *a, const void *b)
{
	return memcmp(a, b, 128);
}

static void dump_rows(const struct pair *p, struct dump *d)
{
	u32 key_bytes = p->map->attr.key_size_bytes;

	memset(d->rows, 0, sizeof(d->rows));
	for (u32 i = 0; i < d->cnt; i++) {
		memcpy(d->rows[i], d->keys + i * key_bytes, key_bytes);
		memcpy(d->rows[i] + 64, d->values + i * p->value_bytes, p->value_bytes);
	}
	qsort(d->rows, d->cnt, sizeof(d->rows[0]), by_row);
}

static int kernel_batch(u32 cmd, int fd, struct dump *d, const void *in, u64 elem_flags)
{
	struct batch_attr b = { .in = ptr_to_u64(in),
				.out = ptr_to_u64(d->token),
				.keys = ptr_to_u64(d->keys),
				.values = ptr_to_u64(d->values),
				.cnt = d->cnt,
				.fd = (u32)fd,
				.elem_flags = elem_flags };
	int err;

	if (cmd == UPDATE_BATCH || cmd == DELETE_BATCH)
		b.in = b.out = 0;
	if (cmd == DELETE_BATCH)
		b.values = 0;
	err = kernel(cmd, &b, sizeof(b));
	d->cnt = b.cnt;
	return err;
}

static int our_batch(u32 cmd, struct map *map, struct dump *d, bool start, u64 elem_flags)
{
	struct map_batch b = { .keys = d->keys,
			       .values = d->values,
			       .cnt = d->cnt,
			       .elem_flags = elem_flags,
			       .token = d->token,
			       .start = start,
			       .delete = cmd == LOOKUP_DELETE_BATCH };
	int err;

	if (cmd == UPDATE_BATCH)
		err = map_user_update_batch(map, &b);
	else if (cmd == DELETE_BATCH)
		err = map_user_delete_batch(map, &b);
	else
		err = map_user_lookup_batch(map, &b);
	d->cnt = b.cnt;
	return err;
}

/* All at once: hashes may part their elements elsewhere than the kernel does. */
static void op_batch_read(struct pair *p, struct dump *a, struct dump *b)
{
	u32 cmd = rand_below(p->rng, 4) ? LOOKUP_BATCH : LOOKUP_DELETE_BATCH;
	u64 flags = rand_below(p->rng, 9) ? 0 : random_flags(p);
	bool indexed = p->map->attr.type == MAP_TYPE_ARRAY ||
		       p->map->attr.type == MAP_TYPE_PERCPU_ARRAY;
	bool start = true;
	int theirs = 0, ours;

	while (!theirs) {
		a->cnt = b->cnt = indexed ? 1 + rand_below(p->rng, 30) : BATCH_MAX;
		theirs = kernel_batch(cmd, p->fd, a, start ? NULL : a->token, flags);
		ours = our_batch(cmd, p->map, b, start, flags);
		if (theirs != ours || a->cnt != b->cnt) {
			differ(p, "batch", theirs, ours);
			differ(p, "batch's count", (int)a->cnt, (int)b->cnt);
			return;
		}
		if (theirs && theirs != -ENOENT)
			return;
		dump_rows(p, a);
		dump_rows(p, b);
		if (memcmp(a->rows, b->rows, sizeof(a->rows)))
			differ(p, "batch's elements", 0, 0);
		start = false;
	}
}

static void op_batch_write(struct pair *p, struct dump *a, struct dump *b)
{
	u32 cmd = rand_below(p->rng, 2) ? UPDATE_BATCH : DELETE_BATCH, cnt;
	u64 flags = rand_below(p->rng, 9) ? 0 : random_flags(p);
	int theirs, ours;

	cnt = rand_below(p->rng, 6);
	for (u32 i = 0; i < cnt; i++) {
		random_key(p, a->keys + i * p->map->attr.key_size_bytes);
		for (u32 k = 0; k < p->value_bytes; k++)
			a->values[i * p->value_bytes + k] = (u8)rand_next(p->rng);
	}
	memcpy(b->keys, a->keys, sizeof(b->keys));
	memcpy(b->values, a->values, sizeof(b->values));
	a->cnt = b->cnt = cnt;
	theirs = kernel_batch(cmd, p->fd, a, NULL, flags);
	ours = our_batch(cmd, p->map, b, true, flags);
	if (theirs != ours || a->cnt != b->cnt) {
		differ(p, cmd == UPDATE_BATCH ? "update_batch" : "delete_batch", theirs, ours);
		differ(p, "its count", (int)a->cnt, (int)b->cnt);
	}
}

static void op_batch(struct pair *p)
{
	static struct dump a, b;

	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	if (p->map->attr.type == MAP_TYPE_PROG_ARRAY || p->value_bytes > 64)
		return;
	if (rand_below(p->rng, 2))
		op_batch_read(p, &a, &b);
	else
		op_batch_write(p, &a, &b);
}

static void run_pair(struct map_env *env, const struct map_attr *attr, u64 seed)
{
	struct pair p = { .fd = kernel_create(attr, 0) };
	bool keyless = !attr->key_size_bytes;
	u8 key[64];

	rand_seed(p.rng, seed);
	if (p.fd < 0 || map_create(attr, env, &p.map)) {
		tap_ok(false, "type %d: not created", attr->type);
		return;
	}
	p.value_bytes = map_user_value_bytes(p.map);
	for (u32 op = 0; op < OPS && !p.bad; op++) {
		u32 what = rand_below(p.rng, 100);
		void *k = keyless ? NULL : key;

		random_key(&p, key);
		if (what < 45)
			op_update(&p, k);
		else if (what < 70)
			op_lookup(&p, k, false);
		else if (what < 75)
			op_lookup(&p, k, true);
		else if (what < 92)
			op_delete(&p, k);
		else if (what < 97)
			op_batch(&p);
		else
			op_iterate(&p);
		if (op == OPS - 60) {
			int theirs = kernel_elem(FREEZE, p.fd, NULL, NULL, 0);
			u32 fd_only[1] = { (u32)p.fd };
			int ours = map_freeze(p.map);

			theirs = theirs == -EINVAL ? kernel(FREEZE, fd_only, 4) : theirs;
			if (theirs != ours)
				differ(&p, "freeze", theirs, ours);
		}
	}
	tap_ok(!p.bad, "type %d, key %u, value %u, max %u, flags %#x: %u operations", attr->type,
	       attr->key_size_bytes, attr->value_size_bytes, attr->max_entries, attr->flags, OPS);
	close(p.fd);
	map_put(p.map);
}

int main(void)
{
	struct map_attr array = attr_of(MAP_TYPE_ARRAY, 4, 4, 1);
	int fd = kernel_create(&array, 0);
	struct map_env env;
	u64 seed = 1;

	if (fd < 0)
		return tap_skip_all("bpf(2) is refused here");
	close(fd);
	env_init(&env, cpus_possible());
	test_create_sweep(&env);
	test_flag_sweep(&env);
	test_inner(&env, MAP_TYPE_ARRAY_OF_MAPS);
	test_inner(&env, MAP_TYPE_HASH_OF_MAPS);
	for (u32 t = 0; t < ARRAY_SIZE(plain_types); t++) {
		struct map_attr a = usual(plain_types[t]);

		if (map_type_info(a.type)->flags & MT_DECLARED)
			break;
		/* Which of an LRU's elements go is the kernel's secret: room for all there. */
		if (a.type == MAP_TYPE_LRU_HASH || a.type == MAP_TYPE_LRU_PERCPU_HASH)
			continue;
		if (a.type == MAP_TYPE_PERF_EVENT_ARRAY)
			continue;
		run_pair(&env, &a, seed++);
		if (a.type == MAP_TYPE_RINGBUF || a.type == MAP_TYPE_PROG_ARRAY)
			continue;
		a.value_size_bytes = 8;
		run_pair(&env, &a, seed++);
		if (a.type == MAP_TYPE_DEVMAP || a.type == MAP_TYPE_DEVMAP_HASH)
			continue;
		a.value_size_bytes = 13;
		a.max_entries = 5;
		run_pair(&env, &a, seed++);
	}
	env_fini(&env);
	return tap_done();
}
