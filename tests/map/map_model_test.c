/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random operations on every kind of hash, held against a plain table of what should be in it.
 * Small key spaces and full maps, so that collisions, overflow into later buckets and reuse happen
 * all the time.
 */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/rand.h"
#include "tests/map/env.h"

#define KEYS_MAX   700u
#define VALUE_MAX  64u
#define OPS	   40000u
#define CPUS	   2u

struct model {
	bool there[KEYS_MAX];
	u8 value[KEYS_MAX][VALUE_MAX * CPUS];
	u32 cnt, keys, max;
};

struct subject {
	struct map *map;
	struct model model;
	u64 rng[4];
	u32 bad;
};

static void key_of(const struct map *map, u32 number, u8 *ret_key)
{
	memset(ret_key, 0x5a, map->attr.key_size_bytes);
	if (map->attr.key_size_bytes == 1)
		*ret_key = (u8)number;
	else
		store_u32(ret_key, number);
}

static u32 number_of(const struct map *map, const u8 *key)
{
	return map->attr.key_size_bytes == 1 ? *key : load_u32(key);
}

static void expect(struct subject *s, bool ok, const char *what, u32 op)
{
	if (ok)
		return;
	if (s->bad++ < 5)
		tap_diag("operation %u: %s", op, what);
}

static void random_value(struct subject *s, u8 *value, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++)
		value[i] = (u8)rand_next(s->rng);
}

/* Bytes that padding may hold are not compared. */
static bool same_value(const struct subject *s, const u8 *a, const u8 *b)
{
	u32 stride = (s->map->attr.value_size_bytes + 7) / 8 * 8;
	u32 copies = s->map->ops->percpu ? CPUS : 1;

	for (u32 cpu = 0; cpu < copies; cpu++)
		if (memcmp(a + cpu * stride, b + cpu * stride, s->map->attr.value_size_bytes))
			return false;
	return true;
}

static void op_update(struct subject *s, u32 op, u32 n, const u8 *key)
{
	struct model *m = &s->model;
	u8 value[VALUE_MAX * CPUS];
	u64 flags = rand_below(s->rng, 4);
	int want = 0, got;

	random_value(s, value, sizeof(value));
	if (flags > ELEM_EXIST)
		want = -EINVAL;
	else if (flags == ELEM_NOEXIST && m->there[n])
		want = -EEXIST;
	else if (flags == ELEM_EXIST && !m->there[n])
		want = -ENOENT;
	else if (!m->there[n] && m->cnt == m->max)
		want = -E2BIG;
	got = map_user_update(s->map, key, value, flags);
	expect(s, got == want, "update's result", op);
	if (!want) {
		m->cnt += !m->there[n];
		m->there[n] = true;
		memcpy(m->value[n], value, sizeof(value));
	}
}

static void op_delete(struct subject *s, u32 op, u32 n, const u8 *key)
{
	struct model *m = &s->model;
	u8 value[VALUE_MAX * CPUS];
	int want = m->there[n] ? 0 : -ENOENT;

	if (rand_below(s->rng, 4) == 0) {
		expect(s, map_user_lookup_delete(s->map, key, value, 0) == want,
		       "lookup_and_delete's result", op);
		expect(s, want || same_value(s, value, m->value[n]), "its value", op);
	} else {
		expect(s, map_user_delete(s->map, key) == want, "delete's result", op);
	}
	m->cnt -= m->there[n];
	m->there[n] = false;
}

static void op_lookup(struct subject *s, u32 op, u32 n, const u8 *key)
{
	struct model *m = &s->model;
	u8 value[VALUE_MAX * CPUS];
	const void *p = s->map->ops->lookup(s->map, 1, key);
	u32 stride = (s->map->attr.value_size_bytes + 7) / 8 * 8;

	expect(s, map_user_lookup(s->map, key, value, 0) == (m->there[n] ? 0 : -ENOENT),
	       "lookup's result", op);
	expect(s, !m->there[n] || same_value(s, value, m->value[n]), "lookup's value", op);
	expect(s, (p != NULL) == m->there[n], "the program's lookup", op);
	expect(s, lookup_called(s->map, 1, key) == p, "the same without asking the map", op);
	expect(s, !p || !memcmp(p, m->value[n] + (s->map->ops->percpu ? stride : 0),
				s->map->attr.value_size_bytes),
	       "the program's value", op);
}

/* All keys once, updating each as it is met: that must not disturb the iteration. */
static void op_iterate(struct subject *s, u32 op)
{
	struct model *m = &s->model;
	bool seen[KEYS_MAX] = { false };
	u8 key[64], next[64];
	const u8 *after = NULL;
	u32 cnt = 0;

	while (map_user_next_key(s->map, after, next) == 0) {
		u32 n = number_of(s->map, next);

		if (n >= m->keys || !m->there[n] || seen[n] || ++cnt > m->cnt) {
			expect(s, false, "iteration meets a key twice or one that is not", op);
			return;
		}
		seen[n] = true;
		expect(s, !map_user_update(s->map, next, m->value[n], ELEM_EXIST), "update", op);
		memcpy(key, next, sizeof(key));
		after = key;
	}
	expect(s, cnt == m->cnt, "iteration meets all", op);
}

static void op_batch(struct subject *s, u32 op)
{
	struct model *m = &s->model;
	static u8 keys[KEYS_MAX * 64], values[KEYS_MAX * VALUE_MAX * CPUS];
	u8 token[4] = { 0 };
	struct map_batch b = { .keys = keys, .values = values, .token = token, .start = true };
	u32 value_bytes = map_user_value_bytes(s->map), total = 0;
	int err = 0;

	while (!err) {
		b.cnt = 30;
		err = map_user_lookup_batch(s->map, &b);
		for (u32 i = 0; i < b.cnt; i++) {
			u32 n = number_of(s->map, keys + i * s->map->attr.key_size_bytes);

			expect(s, n < m->keys && m->there[n] &&
				  same_value(s, values + i * value_bytes, m->value[n]),
			       "batch's element", op);
		}
		total += b.cnt;
		b.start = false;
	}
	expect(s, err == -ENOENT && total == m->cnt, "batch has all", op);
}

static void run_model(struct map_env *env, const struct map_attr *attr, u32 keys, u64 seed)
{
	struct subject *s = calloc(1, sizeof(*s));
	u8 key[64];

	rand_seed(s->rng, seed);
	s->model.keys = keys;
	s->model.max = attr->max_entries;
	if (map_create(attr, env, &s->map)) {
		tap_ok(false, "map_create");
		free(s);
		return;
	}
	for (u32 op = 0; op < OPS && !s->bad; op++) {
		u32 n = rand_below(s->rng, keys), what = rand_below(s->rng, 1000);

		key_of(s->map, n, key);
		if (what < 450)
			op_update(s, op, n, key);
		else if (what < 650)
			op_delete(s, op, n, key);
		else if (what < 996)
			op_lookup(s, op, n, key);
		else if (what < 998)
			op_iterate(s, op);
		else
			op_batch(s, op);
	}
	tap_ok(!s->bad, "type %d, key %u, value %u, %u of %u keys: %u operations", attr->type,
	       attr->key_size_bytes, attr->value_size_bytes, attr->max_entries, keys, OPS);
	map_put(s->map);
	free(s);
}

int main(void)
{
	static const u32 key_sizes[] = { 1, 4, 8, 13, 16, 40 }, maxes[] = { 1, 7, 64, 500 };
	struct map_env env;
	u64 seed = 1;

	env_init(&env, CPUS);
	for (u32 k = 0; k < ARRAY_SIZE(key_sizes); k++) {
		for (u32 m = 0; m < ARRAY_SIZE(maxes); m++) {
			u32 keys = key_sizes[k] == 1 ? MIN(maxes[m] * 2, 200u) :
						       maxes[m] + maxes[m] / 5 + 3;
			struct map_attr attr = attr_of(MAP_TYPE_HASH, key_sizes[k], 1 + 13 * m,
						       maxes[m]);

			run_model(&env, &attr, keys, seed++);
			attr.type = MAP_TYPE_PERCPU_HASH;
			run_model(&env, &attr, keys, seed++);
		}
	}
	env_fini(&env);
	return tap_done();
}
