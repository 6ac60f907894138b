/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verifier must judge any bytes: garbage words, well-formed random instructions, programs that
 * it accepts and mutations of all three, of several program types, at all levels of rights, with
 * every level of log. No crash, no leak, no `verifier bug`, an end by its own limits; and what it
 * rejects has a reason.
 *
 * An input is two bytes of choices and the program's words; map references name maps by number.
 */
#include <string.h>

#include "base/err.h"
#include "core/load.h"
#include "core/skep.h"
#include "core/verify.h"
#include "isa/isa.h"
#include "map/map.h"
#include "tests/fuzz/fuzz.h"
#include "tests/verify/gen.h"

#define INSNS_MAX   ((FUZZ_INPUT_BYTES_MAX - 2) / 8)
#define PROCESS_MAX 20000
#define LOG_BYTES   2048

struct world {
	struct skep *skep; /* NULL: not made yet */
	struct map *maps[GEN_MAP_CNT];
	struct verify_result result; /* too large for the stack */
	struct gen gen;
};

static struct world world;

static struct insn random_insn(u64 *rng)
{
	struct insn i = isa_template((enum isa_op)fuzz_below(rng, ISA_OP_CNT));
	const struct isa_info *info = isa_info(isa_decode(&i));

	i.dst = (u8)(fuzz_below(rng, 11) & 0xf);
	if (info->src != ISA_REG_SEL)
		i.src = (u8)(fuzz_below(rng, 11) & 0xf);
	if (info->off == ISA_OFF_JUMP)
		i.off = (s16)((s32)fuzz_below(rng, 12) - 3);
	else if (info->off != ISA_OFF_SEL)
		i.off = (s16)((s32)fuzz_below(rng, 80) - 64);
	if (info->imm == ISA_IMM_HELPER)
		i.imm = (s32)fuzz_below(rng, 215);
	else if (info->imm != ISA_IMM_SEL)
		i.imm = (s32)fuzz_below(rng, 16) - 4;
	return i;
}

static u32 make_random(u64 *rng, struct insn *insns)
{
	u32 cnt = 2 + fuzz_below(rng, 40), i = 0;

	while (i < cnt) {
		insns[i] = random_insn(rng);
		i += isa_words(isa_decode(&insns[i]));
	}
	insns[i++] = isa_template(ISA_EXIT);
	return i;
}

/* Bits, whole instructions, repetitions: what breaks a program in one place. */
static void mutate(u64 *rng, struct insn *insns, u32 cnt)
{
	for (u32 n = 1 + fuzz_below(rng, 4); n; n--) {
		u32 at = fuzz_below(rng, cnt), from = fuzz_below(rng, cnt);

		switch (fuzz_below(rng, 4)) {
		case 0:
			((u8 *)insns)[fuzz_below(rng, cnt * 8)] ^= (u8)(1u << fuzz_below(rng, 8));
			break;
		case 1:
			insns[at] = insns[from];
			break;
		case 2:
			insns[at].off = (s16)(insns[at].off + (s32)fuzz_below(rng, 17) - 8);
			break;
		default:
			insns[at] = random_insn(rng);
			break;
		}
	}
}

size_t fuzz_make(u64 *rng, u8 *buf)
{
	static struct insn insns[INSNS_MAX + 64];
	u32 kind = fuzz_below(rng, 8), cnt;

	memset(insns, 0, sizeof(insns));
	if (kind < 2) {
		cnt = make_random(rng, insns);
	} else {
		u64 seed = (u64)fuzz_below(rng, UINT32_MAX) << 20 | fuzz_below(rng, 1 << 20);

		gen_program(&world.gen, seed);
		cnt = MIN(world.gen.cnt, (u32)INSNS_MAX);
		memcpy(insns, world.gen.insns, cnt * sizeof(insns[0]));
	}
	if (kind == 0)
		for (u32 n = 0; n < cnt * 8; n += 1 + fuzz_below(rng, 3))
			((u8 *)insns)[n] = (u8)fuzz_below(rng, 256);
	if (kind & 1)
		mutate(rng, insns, cnt);
	buf[0] = (u8)(kind >= 2 ? world.gen.type : fuzz_below(rng, 33));
	buf[1] = (u8)fuzz_below(rng, 256);
	memcpy(buf + 2, insns, cnt * sizeof(insns[0]));
	return 2 + cnt * sizeof(insns[0]);
}

static void make_world(void)
{
	static const struct map_attr attrs[GEN_MAP_CNT] = {
		[GEN_ARRAY] = { MAP_TYPE_ARRAY, 4, 64, 1, 0, 0, 0, "array", NULL, 0, 0, NULL },
		[GEN_HASH] = { MAP_TYPE_HASH, 8, 64, 8, 0, 0, 0, "hash", NULL, 0, 0, NULL },
		[GEN_RO] = { MAP_TYPE_ARRAY, 4, 64, 1, MAP_F_RDONLY_PROG, 0, 0, "ro", NULL, 0, 0,
			     NULL },
		[GEN_RING] = { MAP_TYPE_RINGBUF, 0, 0, 4096, 0, 0, 0, "ring", NULL, 0, 0, NULL },
		[GEN_PERCPU] = { MAP_TYPE_PERCPU_ARRAY, 4, 64, 1, 0, 0, 0, "percpu", NULL, 0, 0,
				 NULL },
		[GEN_PROGS] = { MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0, 0, 0, "progs", NULL, 0, 0, NULL },
	};

	fuzz_assert(!skep_new(NULL, &world.skep));
	for (u32 i = 0; i < GEN_MAP_CNT; i++)
		fuzz_assert(!map_create(&attrs[i], &world.skep->map_env, &world.maps[i]));
}

static int map_of_fd(void *cookie, s32 fd, bool by_index, struct map **ret_map)
{
	(void)cookie;
	if (by_index || fd < 0 || fd >= GEN_MAP_CNT)
		return -EBADF;
	*ret_map = map_get(world.maps[fd]);
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	static struct insn insns[INSNS_MAX + 1];
	char buf[LOG_BYTES];
	struct vlog log;
	struct prog_load_attr attr = { .insns = insns, .map_of_fd = map_of_fd, .log = &log };
	struct verify_opts opts = { .log = &log, .insns_max = PROCESS_MAX, .cpu_cnt = 2 };
	u32 bytes;
	int err;

	if (len < 2 + sizeof(insns[0]) || len > FUZZ_INPUT_BYTES_MAX)
		return 0;
	if (!world.skep)
		make_world();
	attr.insn_cnt = (u32)((len - 2) / sizeof(insns[0]));
	memcpy(insns, data + 2, attr.insn_cnt * sizeof(insns[0]));
	attr.type = (enum prog_type)(data[0] % 33);
	attr.gpl_compatible = data[1] & 1;
	attr.flags = (data[1] & 2 ? PROG_FLAG_TEST_STATE_FREQ : 0u) |
		     (data[1] & 4 ? PROG_FLAG_STRICT_ALIGNMENT : 0u);
	opts.rights = (enum verify_rights)(data[1] >> 3 & 3);
	opts.values = data[1] & 32;
	vlog_init(&log, data[1] & 64 ? data[1] >> 7 ? 7 : 1 : 0, buf, sizeof(buf));
	err = core_prog_verify(world.skep, &attr, &opts, &world.result);
	if (err && strstr(world.result.reject.reason, "verifier bug"))
		(void)fprintf(stderr, "insn %u: %s\n", world.result.reject.insn_idx,
			      world.result.reject.reason);
	fuzz_assert(!err || !strstr(world.result.reject.reason, "verifier bug"));
	fuzz_assert(!err == (world.result.facts != NULL));
	/* Before the verifier is at work there may be no more than an errno. */
	fuzz_assert(!err || err == -EINVAL || world.result.reject.reason[0]);
	verify_result_fini(&world.result);
	memset(&world.result, 0, sizeof(world.result));
	if (vlog_finish(&log, &bytes))
		return 0;
	fuzz_assert(log.level == 0 || strlen(buf) < sizeof(buf));
	return 0;
}
