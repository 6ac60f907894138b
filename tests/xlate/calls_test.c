/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands in for calls of map helpers: the code itself for each type and each thing that facts
 * may say, with facts made by hand; and that it finds what the type's own lookup finds, keys
 * outside included, on every CPU slot.
 */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "helper/table.h"
#include "interp/interp.h"
#include "isa/asm.h"
#include "isa/text.h"
#include "map/call.h"
#include "spec/intrinsics.h"
#include "tests/map/env.h"
#include "xlate/xlate.h"

#define CPUS 3

struct site {
	u32 key_state;
	u64 key;
	bool exists, untrusted, inner, no_inline, blind;
};

/* r2 = r1; r1 = @map; r0 = map_HELPER_elem(r1, r2). The call is instruction 3. */
static struct prog *prog_on(struct map *map, bool own, const char *call)
{
	struct isa_asm_error error;
	struct str text = STR_INIT;
	struct insn *insns;
	struct prog *prog;
	u32 cnt;

	str_addf(&text, "r2 = r1\nr1 = %llu ll\n%s\nexit\n", (unsigned long long)ptr_to_u64(map),
		 call);
	if (isa_asm(str_c(&text), &insns, &cnt, &error) || prog_new_raw(insns, cnt, "t", &prog))
		exit(1);
	mem_free(insns);
	str_fini(&text);
	if (own) {
		prog->maps = mem_zalloc_array(1, sizeof(*prog->maps));
		prog->maps[0] = map_get(map);
		prog->map_cnt = 1;
	}
	return prog;
}

static bool rewrite(struct prog *prog, const struct map *map, const struct site *s)
{
	const struct xlate_opts opts = {
		.form = XLATE_RUN, .no_inline = s->no_inline, .blind = s->blind
	};
	struct facts *facts = facts_new(prog->insn_cnt, 1);
	struct xlated x = { 0 };
	int err;

	if (!facts)
		exit(1);
	facts->bypass_spec_v1 = !s->untrusted;
	for (u32 i = 0; i < prog->insn_cnt; i++)
		facts->insns[i].seen = 1;
	facts->insns[3].map_state = FACT_MAP_ONE;
	facts->insns[3].map = map;
	facts->insns[3].key_state = (u8)s->key_state;
	facts->insns[3].key = s->key;
	facts->insns[3].ret_not_null = s->exists;
	err = xlate(prog, facts, &opts, &x);
	facts_free(facts);
	if (err)
		return false;
	mem_free(prog->insns);
	prog->insns = x.insns;
	prog->insn_cnt = x.insn_cnt;
	prog->orig_idx = x.orig_idx;
	prog->marks = x.marks;
	return true;
}

static u64 run_on(struct prog *prog, const void *key, u32 cpu, bool *ret_ok)
{
	struct helper_ask ask = { .type = PROG_TYPE_UNSPEC, .intrinsics = true };
	const struct helper_resolver resolver = { helper_resolve, &ask };
	struct run run = { .cpu = cpu, .insns_left = RUN_NO_BUDGET };
	u64 r0 = 0, key_addr = ptr_to_u64(key);

	*ret_ok = (prog->code || !interp_run_compile(prog, &resolver)) &&
		  !prog_run(&run, prog, u64_to_ptr(key_addr), &r0);
	return r0;
}

/* The lines between the loaded arguments and the exit. */
static void check_code(const char *name, struct map *map, const struct site *s, const char *call,
		       const char *want)
{
	const struct isa_text_opts opts = { .no_marks = true };
	struct prog *prog = prog_on(map, !s->inner, call);
	struct str got = STR_INIT;
	const char *text;
	u32 unmarked = 0;

	if (tap_ok(rewrite(prog, map, s), "%s: rewritten", name)) {
		for (u32 i = 3; i + 1 < prog->insn_cnt; i++) {
			enum isa_op op = isa_decode(&prog->insns[i]);

			if (op == ISA_CALL_HELPER)
				str_addf(&got, "call %x\n", (u32)prog->insns[i].imm);
			else
				isa_text_insn(&got, prog->insns, prog->insn_cnt, i, &opts);
			if (op != ISA_CALL_HELPER)
				str_add_char(&got, '\n');
			unmarked += !(prog->marks[i] & XLATE_ADDED) ||
				    prog->marks[i] & XLATE_NO_ZEXT;
			i += isa_words(op) - 1;
		}
		/* Blinding spells the arguments out. */
		text = str_c(&got);
		if (s->blind && strlen(text) > strlen(want))
			text += strlen(text) - strlen(want);
		if (!tap_ok(!strcmp(text, want), "%s", name))
			printf("# got:\n%s# want:\n%s", text, want);
		if (strcmp(want, "call 1\n") && strcmp(want, "call 3\n"))
			tap_eq(unmarked, 0, "%s: marked as not the program's own", name);
	}
	str_fini(&got);
	prog_put(prog);
}

#define LOOKUP "call 1"
#define UPDATE "call 2"
#define DELETE "call 3"

static void test_array_code(struct map_env *env)
{
	struct map *map = make(env, MAP_TYPE_ARRAY, 4, 12, 5); /* elements 16 bytes apart */
	struct map *odd = make(env, MAP_TYPE_ARRAY, 4, 20, 5);
	unsigned long long base = ptr_to_u64(map->region.data);
	char want[512];

	snprintf(want, sizeof(want),
		 "(61) r2 = *(u32 *)(r2 +0)\n(b4) w0 = 0\n(36) if w2 >= 0x5 goto pc+4\n"
		 "(18) r0 = 0x%llx\n(67) r2 <<= 4\n(0f) r0 += r2\n", base);
	check_code("array", map, &(struct site){ 0 }, LOOKUP, want);
	snprintf(want, sizeof(want),
		 "(61) r2 = *(u32 *)(r2 +0)\n(b4) w0 = 0\n"
		 "(18) r0 = 0x%llx\n(67) r2 <<= 4\n(0f) r0 += r2\n", base);
	check_code("array, key below its end", map, &(struct site){ .exists = true }, LOOKUP, want);
	snprintf(want, sizeof(want), "(18) r0 = 0x%llx\n", base + 3 * 16);
	check_code("array, constant key", map,
		   &(struct site){ FACT_KEY_CONST, 3, .exists = true }, LOOKUP, want);
	check_code("array, constant key: the low half counts", map,
		   &(struct site){ FACT_KEY_CONST, 3 | 7ull << 32 }, LOOKUP, want);
	check_code("array, constant key outside", map, &(struct site){ FACT_KEY_CONST, 5 }, LOOKUP,
		   "(18) r0 = 0x0\n");
	snprintf(want, sizeof(want),
		 "(61) r2 = *(u32 *)(r2 +0)\n(b4) w0 = 0\n(36) if w2 >= 0x5 goto pc+4\n"
		 "(18) r0 = 0x%llx\n(27) r2 *= 24\n(0f) r0 += r2\n",
		 (unsigned long long)ptr_to_u64(odd->region.data));
	check_code("array, size no power of two", odd, &(struct site){ 0 }, LOOKUP, want);
	snprintf(want, sizeof(want),
		 "(b4) w3 = 5\n(61) r2 = *(u32 *)(r2 +0)\n(b4) w0 = 0\n"
		 "(3d) if r2 >= r3 goto pc+8\n(bf) r4 = r2\n(1f) r4 -= r3\n(c7) r4 s>>= 63\n"
		 "(5f) r2 &= r4\n(18) r0 = 0x%llx\n(67) r2 <<= 4\n(0f) r0 += r2\n", base);
	check_code("array, untrusted: the index is masked", map,
		   &(struct site){ .untrusted = true }, LOOKUP, want);
	snprintf(want, sizeof(want),
		 "(61) r3 = *(u32 *)(r1 +%zu)\n(61) r2 = *(u32 *)(r2 +0)\n(b4) w0 = 0\n"
		 "(3d) if r2 >= r3 goto pc+3\n(79) r0 = *(u64 *)(r1 +%zu)\n(67) r2 <<= 4\n"
		 "(0f) r0 += r2\n",
		 offsetof(struct map, attr.max_entries), offsetof(struct map, region.data));
	check_code("array, an inner map's template", map,
		   &(struct site){ FACT_KEY_CONST, 3, .exists = true, .inner = true }, LOOKUP,
		   want);
	check_code("array update", map, &(struct site){ 0 }, UPDATE, "call 7f000120\n");
	check_code("array delete stays a call", map, &(struct site){ 0 }, DELETE, "call 3\n");
	check_code("no_inline", map, &(struct site){ .no_inline = true }, LOOKUP, "call 1\n");
	check_code("blinded", map, &(struct site){ .blind = true }, LOOKUP, "call 1\n");
	map_put(map);
	map_put(odd);
}

static void test_percpu_code(struct map_env *env)
{
	struct map *map = make(env, MAP_TYPE_PERCPU_ARRAY, 4, 8, 600); /* planes of 2 pages */
	struct map *odd = make(env, MAP_TYPE_PERCPU_ARRAY, 4, 8, 1500);
	unsigned long long base = ptr_to_u64(map->region.data);
	char want[512];

	snprintf(want, sizeof(want),
		 "(61) r2 = *(u32 *)(r2 +0)\n(b4) w0 = 0\n(36) if w2 >= 0x258 goto pc+7\n"
		 "call 7f000100\n(67) r0 <<= 13\n(18) r1 = 0x%llx\n(67) r2 <<= 3\n"
		 "(0f) r1 += r2\n(0f) r0 += r1\n", base);
	check_code("per-CPU array", map, &(struct site){ 0 }, LOOKUP, want);
	snprintf(want, sizeof(want),
		 "call 7f000100\n(67) r0 <<= 13\n(18) r1 = 0x%llx\n(0f) r0 += r1\n", base + 16);
	check_code("per-CPU array, constant key", map, &(struct site){ FACT_KEY_CONST, 2 }, LOOKUP,
		   want);
	check_code("per-CPU array, constant key outside", map,
		   &(struct site){ FACT_KEY_CONST, 600 }, LOOKUP, "(b4) w0 = 0\n");
	snprintf(want, sizeof(want), "call 7f000100\n(27) r0 *= 12288\n(18) r1 = 0x%llx\n"
		 "(0f) r0 += r1\n", (unsigned long long)ptr_to_u64(odd->region.data));
	check_code("per-CPU array, planes no power of two", odd,
		   &(struct site){ FACT_KEY_CONST, 0 }, LOOKUP, want);
	check_code("per-CPU array, inner: stays a call", map, &(struct site){ .inner = true },
		   LOOKUP, "call 1\n");
	check_code("CPU number", map, &(struct site){ 0 }, "call 8", "call 7f000100\n");
	tap_ok(intrinsic_keeps_args(INTRINSIC_CPU_SLOT) &&
		       !intrinsic_keeps_args(INTRINSIC_HASH_LOOKUP_8) && !intrinsic_keeps_args(1),
	       "the CPU's number alone leaves r1..r5 alone");
	map_put(map);
	map_put(odd);
}

static void check_calls(struct map_env *env, enum map_type type, u32 key_bytes, const u32 want[3])
{
	static const char *const calls[] = { LOOKUP, UPDATE, DELETE };
	struct map_attr attr = attr_of(type, key_bytes, 8, 10);
	struct map *map;
	char text[64], name[64];

	attr.flags = type == MAP_TYPE_LPM_TRIE ? MAP_F_NO_PREALLOC : 0;
	if (map_create(&attr, env, &map))
		exit(1);
	for (u32 i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "call %x\n", want[i]);
		snprintf(name, sizeof(name), "%s, keys of %u bytes, %s", map_type_name(type),
			 key_bytes, calls[i]);
		check_code(name, map, &(struct site){ 0 }, calls[i], text);
		check_code(name, map, &(struct site){ .inner = true }, calls[i], text);
	}
	map_put(map);
}

static void test_hash_code(struct map_env *env)
{
	static const enum map_type types[] = { MAP_TYPE_HASH, MAP_TYPE_PERCPU_HASH,
					       MAP_TYPE_LRU_HASH, MAP_TYPE_LRU_PERCPU_HASH };
	static const u32 rows[] = { INTRINSIC_HASH_LOOKUP_4, INTRINSIC_PERCPU_HASH_LOOKUP_4,
				    INTRINSIC_LRU_HASH_LOOKUP_4, INTRINSIC_LRU_HASH_LOOKUP_4 };
	static const u32 sizes[] = { 4, 8, 16, 12 };

	for (u32 t = 0; t < ARRAY_SIZE(types); t++)
		for (u32 i = 0; i < ARRAY_SIZE(sizes); i++)
			check_calls(env, types[t], sizes[i],
				    (u32[]){ rows[t] + i, INTRINSIC_HASH_UPDATE,
					     INTRINSIC_HASH_DELETE });
	check_calls(env, MAP_TYPE_LPM_TRIE, 8,
		    (u32[]){ INTRINSIC_LPM_LOOKUP, INTRINSIC_LPM_UPDATE, INTRINSIC_LPM_DELETE });
}

/* The code finds what ops->lookup finds, key by key and slot by slot. */
static void check_finds(const char *name, struct map *map, const struct site *s)
{
	struct prog *prog = prog_on(map, !s->inner, LOOKUP);
	u32 bad = 0, found = 0;
	bool ok = rewrite(prog, map, s);

	for (u32 n = 0; ok && n < 40; n++) {
		u8 key[16] = { 0 };

		/* Far outside too, and with high bits that must not be lost. */
		store_u32(key, n < 32 ? n : 1u << (n - 8) | (n & 1));
		for (u32 cpu = 0; ok && cpu < CPUS; cpu++) {
			u64 want = ptr_to_u64(map->ops->lookup(map, cpu, key));
			u64 got = run_on(prog, key, cpu, &ok);

			bad += got != want;
			found += want != 0;
		}
	}
	tap_ok(ok && !bad && found, "%s: finds what the map's lookup finds (%u of 120)", name,
	       found);
	prog_put(prog);
}

static void fill(struct map *map)
{
	u8 key[16] = { 0 }, value[64] = { 0 };

	for (u32 n = 0; n < 20; n++) {
		store_u32(key, n);
		(void)map->ops->update(map, 0, key, value, 0);
	}
}

static void test_finds(struct map_env *env)
{
	static const struct {
		enum map_type type;
		u32 key_bytes, value_bytes, max;
	} rows[] = {
		{ MAP_TYPE_ARRAY, 4, 8, 20 },	     { MAP_TYPE_ARRAY, 4, 1, 1 },
		{ MAP_TYPE_ARRAY, 4, 40, 33 },	     { MAP_TYPE_PERCPU_ARRAY, 4, 8, 20 },
		{ MAP_TYPE_PERCPU_ARRAY, 4, 24, 700 }, { MAP_TYPE_HASH, 4, 8, 30 },
		{ MAP_TYPE_HASH, 8, 8, 30 },	     { MAP_TYPE_HASH, 16, 3, 30 },
		{ MAP_TYPE_HASH, 12, 64, 30 },	     { MAP_TYPE_PERCPU_HASH, 4, 8, 30 },
		{ MAP_TYPE_PERCPU_HASH, 8, 24, 30 }, { MAP_TYPE_PERCPU_HASH, 16, 8, 30 },
		{ MAP_TYPE_PERCPU_HASH, 9, 8, 30 },  { MAP_TYPE_LRU_HASH, 4, 8, 30 },
		{ MAP_TYPE_LRU_HASH, 8, 8, 30 },     { MAP_TYPE_LRU_HASH, 16, 8, 30 },
		{ MAP_TYPE_LRU_HASH, 7, 8, 30 },     { MAP_TYPE_LRU_PERCPU_HASH, 8, 8, 30 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct map *map = make(env, rows[i].type, rows[i].key_bytes, rows[i].value_bytes,
				       rows[i].max);
		char name[96];

		fill(map);
		snprintf(name, sizeof(name), "%s, key %u, value %u, %u elements",
			 map_type_name(rows[i].type), rows[i].key_bytes, rows[i].value_bytes,
			 rows[i].max);
		check_finds(name, map, &(struct site){ 0 });
		check_finds(name, map, &(struct site){ .untrusted = true });
		check_finds(name, map, &(struct site){ .inner = true });
		check_finds(name, map, &(struct site){ .inner = true, .untrusted = true });
		map_put(map);
	}
}

static void test_maps_of_maps(struct map_env *env)
{
	static const enum map_type types[] = { MAP_TYPE_ARRAY_OF_MAPS, MAP_TYPE_HASH_OF_MAPS };
	struct map *inner = make(env, MAP_TYPE_ARRAY, 4, 8, 1);

	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		struct map_attr attr = attr_of(types[i], 4, 4, 30);
		struct map *map;

		attr.inner = inner;
		if (map_create(&attr, env, &map))
			exit(1);
		for (u32 n = 0; n < 20; n += 3)
			tap_eq(map->ops->update_obj(map, &n, &inner->obj, 0), 0, "put in");
		check_finds(map_type_name(types[i]), map, &(struct site){ 0 });
		check_finds(map_type_name(types[i]), map, &(struct site){ .untrusted = true });
		map_put(map);
	}
	map_put(inner);
}

/* No loader may call them, whatever its rights: they are found for what xlate wrote alone. */
static void test_private(void)
{
	struct helper_ask ask = { .type = PROG_TYPE_XDP, .rights = HELPER_ADMIN };
	struct helper_binding b = { 0 };
	u32 found = 0, hidden = 0, rows = 0;

#define CHECK(value)                                                    \
	do {                                                            \
		rows++;                                                 \
		ask.intrinsics = false;                                 \
		hidden += helper_resolve(&ask, value, &b) == -EINVAL;   \
		ask.intrinsics = true;                                  \
		found += !helper_resolve(&ask, value, &b) && b.fn != NULL && !b.info; \
	} while (0);
#define INTRINSIC(id, value, name, loses, what) CHECK(value)
#include "spec/intrinsics.def"
#undef INTRINSIC
	tap_eq(hidden, rows, "a loader finds none of %u intrinsics", rows);
	tap_eq(found, rows - 4, "xlate's code finds all but those of classic programs");
}

int main(void)
{
	struct map_env env;

	env_init(&env, CPUS);
	test_array_code(&env);
	test_percpu_code(&env);
	test_hash_code(&env);
	test_finds(&env);
	test_maps_of_maps(&env);
	test_private();
	env_fini(&env);
	return tap_done();
}
