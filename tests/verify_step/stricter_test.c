/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs that 6.18.44 accepts although they break their proof: docs/parity/README.md has them. */
#include "base/err.h"
#include "base/mem.h"
#include "map/map.h"
#include "prog/prog.h"
#include "tests/tap.h"
#include "verify/verify.h"

static char text[1 << 16];

static int verify(const struct insn *insns, u32 cnt, struct map *map)
{
	const struct verify_opts opts = { .rights = VERIFY_PRIV, .log_level = VLOG_1 | VLOG_2,
					  .log_buf = text, .log_bytes = sizeof(text) };
	struct verify_result result = { 0 };
	struct prog *prog;
	int err = prog_new_raw(insns, cnt, "stricter", &prog);

	if (err)
		return err;
	prog->type = PROG_TYPE_SOCKET_FILTER;
	prog->gpl_compatible = true;
	prog->maps = mem_alloc(sizeof(struct map *));
	if (map && prog->maps)
		prog->maps[prog->map_cnt++] = map_get(map);
	err = verify_prog(prog, &opts, &result);
	verify_result_fini(&result);
	prog_put(prog);
	return err;
}

/* r1 = -8; r1 += r10 in a called function is that function's stack, not the caller's. */
static void frame_of_sum(void)
{
	const struct insn insns[] = {
		insn_make(0x85, 0, 1, 0, 2),  insn_make(0xb7, 0, 0, 0, 0),
		insn_make(0x95, 0, 0, 0, 0),  insn_make(0xb7, 1, 0, 0, -8),
		insn_make(0x0f, 1, 10, 0, 0), insn_make(0x7a, 1, 0, 0, 5),
		insn_make(0xb7, 0, 0, 0, 0),  insn_make(0x95, 0, 0, 0, 0),
	};

	tap_eq(verify(insns, 8, NULL), 0, "scalar += r10 in a called function is accepted");
	tap_ok(strstr(text, "frame1: R1=fp-8"), "and points into its own frame");
	tap_ok(!strstr(text, "fp[0]"), "not into its caller's");
}

/* A copy made by 0 + pointer dies with the reference. */
static void use_after_submit(void)
{
	const struct map_attr attr = { .type = MAP_TYPE_RINGBUF, .max_entries = 4096 };
	struct map_env env = { .cpu_cnt = 1 };
	struct map *map = NULL;
	int err = map_create(&attr, &env, &map);
	const u64 addr = ptr_to_u64(map);
	const struct insn insns[] = {
		insn_make(0x18, 1, 1, 0, (s32)(u32)addr),
		insn_make(0, 0, 0, 0, (s32)(u32)(addr >> 32)),
		insn_make(0xb7, 2, 0, 0, 16),  insn_make(0xb7, 3, 0, 0, 0),
		insn_make(0x85, 0, 0, 0, 131), insn_make(0x55, 0, 0, 2, 0),
		insn_make(0xb7, 0, 0, 0, 0),   insn_make(0x95, 0, 0, 0, 0),
		insn_make(0xb7, 7, 0, 0, 0),   insn_make(0x0f, 7, 0, 0, 0),
		insn_make(0xbf, 1, 0, 0, 0),   insn_make(0xb7, 2, 0, 0, 0),
		insn_make(0x85, 0, 0, 0, 132), insn_make(0x7a, 7, 0, 0, 1),
		insn_make(0xb7, 0, 0, 0, 0),   insn_make(0x95, 0, 0, 0, 0),
	};

	tap_eq(err, 0, "ring buffer");
	if (err)
		return;
	tap_eq(verify(insns, 16, map), -EACCES, "a sum with a record is gone after submit");
	tap_ok(strstr(text, "R7 invalid mem access 'scalar'"), "in the kernel's words");
	map_put(map);
}

/* A lookup of element 5 in an inner map, or (NULL) in @map itself, used without a look at r0. */
static int verify_lookup(struct map *map, bool inner)
{
	const u64 addr = ptr_to_u64(map);
	struct insn insns[24];
	u32 n = 0;

	insns[n++] = insn_make(0x62, 10, 0, -4, 0);
	insns[n++] = insn_make(0xb7, 3, 0, 0, 5);
	insns[n++] = insn_make(0x63, 10, 3, -16, 0);
	insns[n++] = insn_make(0x18, 1, 1, 0, (s32)(u32)addr);
	insns[n++] = insn_make(0, 0, 0, 0, (s32)(u32)(addr >> 32));
	if (inner) {
		insns[n++] = insn_make(0xbf, 2, 10, 0, 0);
		insns[n++] = insn_make(0x07, 2, 0, 0, -4);
		insns[n++] = insn_make(0x85, 0, 0, 0, 1);
		insns[n++] = insn_make(0x55, 0, 0, 1, 0);
		insns[n++] = insn_make(0x95, 0, 0, 0, 0);
		insns[n++] = insn_make(0xbf, 1, 0, 0, 0);
	}
	insns[n++] = insn_make(0xbf, 2, 10, 0, 0);
	insns[n++] = insn_make(0x07, 2, 0, 0, -16);
	insns[n++] = insn_make(0x85, 0, 0, 0, 1);
	insns[n++] = insn_make(0x79, 0, 0, 0, 0);
	insns[n++] = insn_make(0x95, 0, 0, 0, 0);
	return verify(insns, n, map);
}

/* An inner map may have fewer elements than the one that it was declared by. */
static void element_of_inner(void)
{
	static const struct {
		enum map_type type;
		u32 flags;
		int own, inner;
	} rows[] = {
		{ MAP_TYPE_ARRAY, 0, 0, 0 },
		{ MAP_TYPE_ARRAY, MAP_F_INNER_MAP, -EACCES, -EACCES },
		{ MAP_TYPE_PERCPU_ARRAY, 0, 0, -EACCES }, /* 6.18.44 accepts both */
	};
	struct map_env env = { .cpu_cnt = 1 };

	for (u32 i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct map_attr attr = { .type = rows[i].type, .key_size_bytes = 4,
					       .value_size_bytes = 8, .max_entries = 8,
					       .flags = rows[i].flags };
		struct map_attr outer_attr = { .type = MAP_TYPE_ARRAY_OF_MAPS, .key_size_bytes = 4,
					       .value_size_bytes = 4, .max_entries = 1 };
		struct map *map = NULL, *outer = NULL;
		int err = map_create(&attr, &env, &map);

		outer_attr.inner = map;
		if (!err)
			err = map_create(&outer_attr, &env, &outer);
		if (!tap_eq(err, 0, "maps"))
			return;
		tap_eq(verify_lookup(map, false), rows[i].own, "type %d, flags %x: the map itself",
		       rows[i].type, rows[i].flags);
		tap_eq(verify_lookup(outer, true), rows[i].inner, "as an inner map");
		map_put(outer);
		map_put(map);
	}
}

int main(void)
{
	element_of_inner();
	frame_of_sum();
	use_after_submit();
	return tap_done();
}
