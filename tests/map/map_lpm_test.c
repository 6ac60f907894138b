/* SPDX-License-Identifier: BSD-2-Clause */
/* Random prefixes against a plain list: lookup, update, delete, and the order of iteration. */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/rand.h"
#include "tests/map/env.h"

#define PREFIXES_MAX 300u
#define OPS	     8000u

struct prefix {
	u8 key[4 + 256];
	u64 value;
	bool there;
};

struct model {
	struct prefix rows[PREFIXES_MAX];
	u32 cnt, data_bytes, max;
	u64 rng[4];
};

static bool bit_at(const u8 *data, u32 i)
{
	return data[i / 8] >> (7 - i % 8) & 1;
}

static bool covers(const u8 *a, const u8 *b)
{
	u32 bits = load_u32(a);

	if (bits > load_u32(b))
		return false;
	if (memcmp(a + 4, b + 4, bits / 8))
		return false;
	for (u32 i = bits / 8 * 8; i < bits; i++)
		if (bit_at(a + 4, i) != bit_at(b + 4, i))
			return false;
	return true;
}

/* Few distinct bytes, so that prefixes share long ways and part late. */
static void random_key(struct model *m, u8 *key)
{
	static const u8 bytes[] = { 0x00, 0x00, 0x80, 0xff, 0x0f, 0x01, 0xa5 };
	u32 bits = rand_below(m->rng, m->data_bytes * 8 + 1);

	store_u32(key, bits);
	for (u32 i = 0; i < m->data_bytes; i++)
		key[4 + i] = bytes[rand_below(m->rng, ARRAY_SIZE(bytes))];
}

static struct prefix *exact(struct model *m, const u8 *key)
{
	for (u32 i = 0; i < PREFIXES_MAX; i++)
		if (m->rows[i].there && load_u32(m->rows[i].key) == load_u32(key) &&
		    covers(m->rows[i].key, key))
			return &m->rows[i];
	return NULL;
}

static struct prefix *longest(struct model *m, const u8 *key)
{
	struct prefix *best = NULL;

	for (u32 i = 0; i < PREFIXES_MAX; i++)
		if (m->rows[i].there && covers(m->rows[i].key, key) &&
		    (!best || load_u32(m->rows[i].key) > load_u32(best->key)))
			best = &m->rows[i];
	return best;
}

static const char *op_update(struct model *m, struct map *map, const u8 *key)
{
	struct prefix *row = exact(m, key);
	u64 value = rand_next(m->rng), flags = rand_below(m->rng, 3);
	int want = 0;

	if (row && flags == ELEM_NOEXIST)
		want = -EEXIST;
	else if (!row && flags == ELEM_EXIST)
		want = -ENOENT;
	else if (!row && m->cnt == m->max)
		want = -ENOSPC;
	if (map_user_update(map, key, &value, flags) != want)
		return "update";
	if (want)
		return NULL;
	for (u32 i = 0; !row && i < PREFIXES_MAX; i++) {
		if (!m->rows[i].there) {
			row = &m->rows[i];
			m->cnt++;
		}
	}
	memcpy(row->key, key, 4 + m->data_bytes);
	row->value = value;
	row->there = true;
	return NULL;
}

static const char *op_lookup(struct model *m, struct map *map, const u8 *key)
{
	struct prefix *row = longest(m, key);
	u64 value = 0;

	if (map_user_lookup(map, key, &value, 0) != (row ? 0 : -ENOENT))
		return "lookup's result";
	return row && row->value != value ? "lookup's value" : NULL;
}

static const char *op_delete(struct model *m, struct map *map, const u8 *key)
{
	struct prefix *row = exact(m, key);

	if (map_user_delete(map, key) != (row ? 0 : -ENOENT))
		return "delete";
	if (row) {
		row->there = false;
		m->cnt--;
	}
	return NULL;
}

/* Left before right, and what is covered before what covers it. */
static bool in_order(const u8 *a, const u8 *b)
{
	u32 bits = MIN(load_u32(a), load_u32(b));

	for (u32 i = 0; i < bits; i++)
		if (bit_at(a + 4, i) != bit_at(b + 4, i))
			return bit_at(b + 4, i);
	return load_u32(a) > load_u32(b);
}

static const char *op_iterate(struct model *m, struct map *map)
{
	u8 key[260], next[260];
	u32 cnt = 0;

	while (map_user_next_key(map, cnt ? key : NULL, next) == 0) {
		if (!exact(m, next))
			return "iteration meets what is not there";
		if (cnt && !in_order(key, next))
			return "iteration's order";
		memcpy(key, next, sizeof(key));
		if (++cnt > m->cnt)
			return "iteration is too long";
	}
	return cnt == m->cnt ? NULL : "iteration misses something";
}

static void run_model(struct map_env *env, u32 data_bytes, u32 max, u64 seed)
{
	struct model *m = calloc(1, sizeof(*m));
	struct map_attr attr = attr_of(MAP_TYPE_LPM_TRIE, 4 + data_bytes, 8, max);
	const char *wrong = NULL;
	struct map *map;
	u8 key[260];
	u32 op;

	rand_seed(m->rng, seed);
	m->data_bytes = data_bytes;
	m->max = max;
	attr.flags = MAP_F_NO_PREALLOC;
	if (map_create(&attr, env, &map)) {
		tap_ok(false, "map_create");
		return;
	}
	for (op = 0; op < OPS && !wrong; op++) {
		u32 what = rand_below(m->rng, 1000), known = rand_below(m->rng, PREFIXES_MAX);

		random_key(m, key);
		if (what % 3 && m->rows[known].there)
			memcpy(key, m->rows[known].key, sizeof(key));
		if (what < 350)
			wrong = op_update(m, map, key);
		else if (what < 600)
			wrong = op_delete(m, map, key);
		else if (what < 995)
			wrong = op_lookup(m, map, key);
		else
			wrong = op_iterate(m, map);
	}
	tap_ok(!wrong, "keys of %u bytes, %u at most: %u operations", data_bytes, max, op);
	if (wrong)
		tap_diag("operation %u: %s is wrong", op, wrong);
	map_put(map);
	free(m);
}

int main(void)
{
	struct map_env env;

	env_init(&env, 2);
	run_model(&env, 1, 200, 1);
	run_model(&env, 2, 100, 2);
	run_model(&env, 4, 250, 3);
	run_model(&env, 8, 250, 4);
	run_model(&env, 16, 250, 5);
	run_model(&env, 40, 250, 6);
	run_model(&env, 256, 250, 7);
	run_model(&env, 4, 1, 8);
	env_fini(&env);
	return tap_done();
}
