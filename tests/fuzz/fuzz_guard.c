/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guard must survive any bytes: garbage words, well-formed random instructions and mutations of
 * both, run with a small budget on a piece of memory or on a packet, with real maps. Under ASan and
 * UBSan every touch outside shows. Each execution must end with a result, or with a fault that
 * prints as text and as JSON.
 *
 * An input is one byte of choices and the program's words.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine.h"
#include "interp/interp.h"
#include "isa/isa.h"
#include "map/map.h"
#include "pkt/pkt.h"
#include "spec/helper.h"
#include "tests/fuzz/fuzz.h"

#define INSNS_MAX    48
#define BUDGET	     400
#define PACKET_BYTES 60

enum choice { CHOICE_PACKET = 1, CHOICE_PRINT = 2, CHOICE_COMPILE_RUN = 4 };

/* What programs run on: made once, for the life of the process. */
struct world {
	bool made;
	struct map_env env;
	struct map *maps[2];
	struct pkt pkt;
	u8 memory[64];
};

static struct world world;

/* Numbers as programs and attackers like them. */
static s32 number(u64 *rng)
{
	static const s32 corners[] = { 0, 1, -1, 8, 16, 31, 32, 63, 64, 512, -8, -512, -520,
				       INT32_MAX, INT32_MIN, 255, 256, 65535 };

	switch (fuzz_below(rng, 4)) {
	case 0:
		return corners[fuzz_below(rng, ARRAY_SIZE(corners))];
	case 1:
		return (s32)fuzz_below(rng, 64) - 8;
	case 2:
		return (s32)fuzz_below(rng, UINT32_MAX);
	default:
		return (s32)fuzz_below(rng, 512) - 512;
	}
}

static u32 reg(u64 *rng)
{
	return fuzz_below(rng, 64) ? fuzz_below(rng, 11) : fuzz_below(rng, 16);
}

static struct insn random_insn(u64 *rng)
{
	struct insn i = isa_template((enum isa_op)fuzz_below(rng, ISA_OP_CNT));
	const struct isa_info *info = isa_info(isa_decode(&i));

	i.dst = (u8)(reg(rng) & 0xf);
	if (info->src != ISA_REG_SEL)
		i.src = (u8)(reg(rng) & 0xf);
	if (info->off == ISA_OFF_JUMP)
		i.off = (s16)((s32)fuzz_below(rng, 12) - 3);
	else if (info->off != ISA_OFF_SEL)
		i.off = (s16)number(rng);
	if (info->imm == ISA_IMM_SUBPROG || info->imm == ISA_IMM_JUMP)
		i.imm = (s32)fuzz_below(rng, 12) - 3;
	else if (info->imm == ISA_IMM_HELPER)
		i.imm = (s32)fuzz_below(rng, 4);
	else if (info->imm != ISA_IMM_SEL)
		i.imm = number(rng);
	return i;
}

size_t fuzz_make(u64 *rng, u8 *buf)
{
	struct insn insns[INSNS_MAX] = { 0 };
	const u32 kind = fuzz_below(rng, 8), cnt = 1 + fuzz_below(rng, INSNS_MAX);

	for (u32 i = 0; i < cnt; i++) {
		insns[i] = random_insn(rng);
		if (kind == 0)
			for (u32 n = 0; n < sizeof(insns[0]); n++)
				((u8 *)&insns[i])[n] = (u8)fuzz_below(rng, 256);
		else
			i += isa_words(isa_decode(&insns[i])) - 1;
	}
	/* Registers that hold something make programs live longer. */
	for (u32 i = 0; kind > 3 && i < 10 && i < cnt; i++)
		insns[i] = i == 1 || fuzz_below(rng, 3) == 0
				   ? insn_make(0xbf, i, i < 6 ? 10 : 1, 0, 0)
				   : insn_make(0xb7, i, 0, 0, number(rng));
	for (u32 n = kind == 7 ? 1 + fuzz_below(rng, 4) : 0; n; n--)
		((u8 *)insns)[fuzz_below(rng, cnt * 8)] ^= (u8)(1u << fuzz_below(rng, 8));
	if (kind != 0)
		insns[cnt - 1] = isa_template(ISA_EXIT);
	/* Printing costs more than running: one in 64. */
	buf[0] = (u8)(fuzz_below(rng, 2) | (fuzz_below(rng, 64) ? 0 : CHOICE_PRINT) |
		      (fuzz_below(rng, 8) ? 0 : CHOICE_COMPILE_RUN));
	memcpy(buf + 1, insns, cnt * sizeof(insns[0]));
	return 1 + cnt * sizeof(insns[0]);
}

static u64 call_back(u64 fn, u64 a, u64 b, u64 c, u64 d, struct run *run)
{
	const u64 args[5] = { a, b, c, d, 0 };

	return engine_callback(run, fn, args);
}

static u64 host(u64 a, u64 b, u64 c, u64 d, u64 e, void *cookie)
{
	(void)cookie;
	return a ^ b ^ c ^ d ^ e;
}

static u64 lookup(u64 map, u64 key, u64 c, u64 d, u64 e, struct run *run)
{
	struct map *m = u64_to_ptr(map);

	(void)c, (void)d, (void)e;
	return ptr_to_u64(m->ops->lookup(m, run->cpu, u64_to_ptr(key)));
}

/* Fills memory whose place and size the guard has checked. */
static u64 fill(u64 dst, u64 size, u64 c, u64 d, u64 e, struct run *run)
{
	(void)c, (void)d, (void)e, (void)run;
	if (size)
		memset(u64_to_ptr(dst), 0x5a, size);
	return 0;
}

static int resolve(void *cookie, s32 id, struct helper_binding *b)
{
	(void)cookie;
	*b = (struct helper_binding){ 0 };
	if (id == 0)
		b->host = host;
	else if (id == 1)
		*b = (struct helper_binding){ .fn = lookup,
					      .info = helper_info(HELPER_map_lookup_elem) };
	else if (id == 2)
		*b = (struct helper_binding){ .fn = fill, .info = helper_info(HELPER_probe_read) };
	else if (id == 3)
		*b = (struct helper_binding){ .fn = call_back };
	else
		return -EINVAL;
	return 0;
}

static int make_map(enum map_type type, u32 i)
{
	const struct map_attr attr = { .type = type, .key_size_bytes = 4, .value_size_bytes = 12,
				       .max_entries = 3 };
	const u32 key = 1;
	const u8 value[16] = { 1 };
	int err = map_create(&attr, &world.env, &world.maps[i]);

	return err ? err : map_user_update(world.maps[i], &key, value, 0);
}

static void make_world(void)
{
	static const u8 frame[PACKET_BYTES] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45 };

	world.env.cpu_cnt = 1;
	fuzz_assert(!make_map(MAP_TYPE_ARRAY, 0));
	fuzz_assert(!make_map(MAP_TYPE_HASH, 1));
	fuzz_assert(!pkt_init(&world.pkt, 256));
	fuzz_assert(!pkt_load(&world.pkt, frame, sizeof(frame), sizeof(frame)));
	pkt_parse_eth(&world.pkt);
	world.made = true;
}

/* What loading does: map references become addresses. */
static void resolve_maps(struct insn *insns, u32 cnt)
{
	for (u32 i = 0; i + 1 < cnt; i++) {
		u64 value = ptr_to_u64(world.maps[insns[i].imm & 1]);

		if (isa_decode(&insns[i]) != ISA_LDDW_MAP_FD)
			continue;
		insns[i].imm = (s32)(u32)value;
		insns[i + 1].imm = (s32)(u32)(value >> 32);
	}
}

static struct prog *make_prog(const struct insn *insns, u32 cnt, u8 choices)
{
	struct prog *prog;

	fuzz_assert(!prog_new_raw(insns, cnt, "fuzz", &prog));
	prog->maps = mem_dup(world.maps, sizeof(world.maps));
	fuzz_assert(prog->maps);
	for (prog->map_cnt = 0; prog->map_cnt < ARRAY_SIZE(world.maps); prog->map_cnt++)
		map_get(world.maps[prog->map_cnt]);
	if (choices & CHOICE_PACKET) {
		prog->type = PROG_TYPE_SCHED_CLS;
		prog->ctx_class = pkt_ctx_class(prog->type, 0);
	}
	return prog;
}

static void check_fault(const struct fault *fault, bool print)
{
	struct str text = STR_INIT, json = STR_INIT;

	fuzz_assert(fault->kind != FAULT_NONE && fault->prog);
	if (!print)
		return;
	fault_print(fault, &text);
	fault_print_json(fault, &json);
	fuzz_assert(!text.failed && text.len && text.data[text.len - 1] == '\n');
	fuzz_assert(!json.failed && json.len && json.data[json.len - 1] == '}');
	str_fini(&text);
	str_fini(&json);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	static const struct helper_resolver resolver = { resolve, NULL, true };
	const struct extent e = { ptr_to_u64(world.memory), sizeof(world.memory), EXTENT_MEM,
				  EXTENT_READ | EXTENT_WRITE, "memory", -1 };
	struct run run = { .insns_left = BUDGET };
	struct insn insns[INSNS_MAX];
	const u32 cnt = (u32)MIN((len - !!len) / sizeof(insns[0]), INSNS_MAX);
	struct prog *prog;
	u64 r0;

	if (!cnt)
		return 0;
	if (!world.made)
		make_world();
	memcpy(insns, data + 1, cnt * sizeof(insns[0]));
	resolve_maps(insns, cnt);
	prog = make_prog(insns, cnt, data[0]);
	/* The fast engine only compiles here: running untrusted bytes is not its promise. */
	if (data[0] & CHOICE_COMPILE_RUN && !interp_run_compile(prog, &resolver))
		prog->code_free(prog->code);
	prog->code = NULL;
	prog->code_free = NULL;
	fuzz_assert(!interp_guard_compile(prog, &resolver));
	fuzz_assert(data[0] & CHOICE_PACKET || !run_allow(&run, &e));
	if (prog_run(&run, prog, prog->ctx_class ? (void *)&world.pkt : world.memory, &r0))
		check_fault(&run.fault, data[0] & CHOICE_PRINT);
	prog_put(prog);
	return 0;
}
