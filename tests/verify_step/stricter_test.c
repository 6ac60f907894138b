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

int main(void)
{
	frame_of_sum();
	use_after_submit();
	return tap_done();
}
