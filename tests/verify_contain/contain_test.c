/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Containment: generated programs that the verifier accepts are run by the guard, and before each
 * instruction every register and stack slot must lie inside what the verifier knew there, on one
 * of its visits; nothing faults, and nothing runs that was not seen.
 *
 *	contain_test [PROGRAMS [SEED [BUG]]]	BUG: enum verify_bug, put back; -1: each in turn
 *
 * A program is verified twice. With all paths walked, every scalar of every visit is a claim about
 * an execution, so the states are compared whole. As usual, with pruning, what is accepted must run
 * without a fault and stay on instructions that were seen: imprecise scalars claim nothing there.
 */
#include <stdlib.h>
#include <time.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "helper/table.h"
#include "interp/interp.h"
#include "map/map.h"
#include "pkt/pkt.h"
#include "prog/prog.h"
#include "tests/tap.h"
#include "tests/verify_contain/gen.h"
#include "verify/state/stack.h"
#include "verify/verify.h"

enum { RECORDS_MAX = 4096, SLOTS = 8, RUNS = 4, INSNS_MAX = 3000 };

#define BUG_SECONDS 60.0

/* What was known of the current frame at one visit. */
struct record {
	struct record *next; /* of the same instruction */
	struct reg regs[INSN_REGS];
	struct slot slots[SLOTS];
	u32 slot_cnt, depth;
};

struct test {
	struct gen gen;
	struct map *map;
	struct pkt pkt;
	struct prog *prog;
	const struct facts *facts; /* of the usual verification */
	struct record *records, *by_insn[GEN_INSNS_MAX];
	u32 record_cnt;
	bool exact; /* records are complete */
	bool show;  /* the log of what went wrong (CONTAIN_SHOW) */
	const char *wrong;
	u32 wrong_insn, wrong_reg;
	u64 wrong_value;
	u64 checked;
};

static int visit(void *cookie, u32 idx, const struct vstate *st)
{
	struct test *t = cookie;
	const struct frame *frame = state_frame(st);
	struct record *r;

	if (t->record_cnt == RECORDS_MAX)
		return -E2BIG;
	r = &t->records[t->record_cnt++];
	memcpy(r->regs, frame->regs, sizeof(r->regs));
	r->depth = st->curframe;
	r->slot_cnt = MIN(frame->stack_bytes / STACK_SLOT_BYTES, SLOTS);
	for (u32 i = 0; i < r->slot_cnt; i++)
		r->slots[i] = *stack_slot(frame, i);
	r->next = t->by_insn[idx];
	t->by_insn[idx] = r;
	return 0;
}

static bool element_holds(const struct test *t, const struct reg *reg, u64 value)
{
	for (u32 key = 0; key < GEN_MAP_ENTRIES; key++) {
		u64 base = ptr_to_u64(t->map->ops->lookup(t->map, 0, &key));

		if (scalar_contains(&reg->s, value - base - (u64)(s64)reg->off))
			return true;
	}
	return false;
}

static bool reg_holds(const struct test *t, const struct run_place *at, const struct reg *reg,
		      u64 value)
{
	const u64 off = (u64)(s64)reg->off;

	if (reg_may_be_null(reg->type) && !value)
		return true;
	switch ((u32)reg_base(reg->type)) {
	case REG_SCALAR:
		return scalar_contains(&reg->s, value);
	case REG_CTX:
		return scalar_contains(&reg->s, value - ptr_to_u64(&t->pkt) - off);
	case REG_STACK:
		return scalar_contains(&reg->s, value - off - at->frame0_top -
						reg->frameno * at->frame_stride);
	case REG_MAP_PTR:
		return value == ptr_to_u64(t->map);
	case REG_MAP_VALUE:
		return element_holds(t, reg, value);
	case REG_PACKET:
		/* And the bytes that were proved are there, counted from without the offset. */
		return scalar_contains(&reg->s, value - ptr_to_u64(t->pkt.data) - off) &&
		       (reg->range <= 0 ||
			value - off + (u64)reg->range <= ptr_to_u64(t->pkt.data_end));
	case REG_PACKET_END:
		return value == ptr_to_u64(t->pkt.data_end);
	}
	return true;
}

/* Scalars of one id are equal but for their distances. */
static bool links_hold(const struct record *r, const u64 *regs)
{
	for (u32 i = 0; i < INSN_REGS; i++) {
		for (u32 j = i + 1; j < INSN_REGS; j++) {
			const struct reg *a = &r->regs[i], *b = &r->regs[j];
			u64 d;

			if (a->type != REG_SCALAR || b->type != REG_SCALAR || !a->id ||
			    (a->id & ~REG_ADD_CONST) != (b->id & ~REG_ADD_CONST) ||
			    ((a->id | b->id) & REG_ADD_CONST) == REG_ADD_CONST)
				continue;
			d = (u64)((s64)(a->id & REG_ADD_CONST ? a->off : 0) -
				  (s64)(b->id & REG_ADD_CONST ? b->off : 0));
			d = regs[i] - regs[j] - d;
			if ((a->id | b->id) & REG_ADD_CONST32 ? (u32)d : d)
				return false;
		}
	}
	return true;
}

static bool slot_holds(const struct test *t, const struct run_place *at, const struct slot *slot,
		       const u8 *bytes)
{
	u32 n = 0;
	u64 value;

	for (u32 i = 0; i < STACK_SLOT_BYTES; i++) {
		if (slot->type[i] == SLOT_ZERO && bytes[STACK_SLOT_BYTES - 1 - i])
			return false;
		n += slot->type[i] == SLOT_SPILL;
	}
	if (slot->type[STACK_SLOT_BYTES - 1] != SLOT_SPILL)
		return true;
	if (n != 8 && n != 4 && n != 2 && n != 1)
		return true; /* a part was overwritten */
	value = load_sized(bytes, n);
	if (n < STACK_SLOT_BYTES && slot->spilled.type == REG_SCALAR) {
		struct scalar low = slot->spilled.s; /* kept whole, cut where it is filled */

		scalar_zext(&low, n);
		return scalar_contains(&low, value);
	}
	return reg_holds(t, at, &slot->spilled, value);
}

/* The first register that is outside, or a number beyond them for a link or a slot; -1: inside. */
static int outside(struct test *t, const struct run_place *at, const struct record *r)
{
	const u64 top = at->frame0_top + at->depth * at->frame_stride;

	if (r->depth != at->depth)
		return 98;
	for (u32 i = 0; i < INSN_REGS; i++)
		if (r->regs[i].type != REG_NOT_INIT &&
		    (!(at->valid >> i & 1) || !reg_holds(t, at, &r->regs[i], at->regs[i])))
			return (int)i;
	if (!links_hold(r, at->regs))
		return 50;
	for (u32 i = 0; i < r->slot_cnt; i++)
		if (!slot_holds(t, at, &r->slots[i],
				u64_to_ptr(top - STACK_SLOT_BYTES * (u64)(i + 1))))
			return 60 + (int)i;
	return -1;
}

static bool watch(void *cookie, const struct run_place *at)
{
	struct test *t = cookie;
	int where = 99;

	t->checked++;
	if (!t->facts->insns[at->insn_idx].seen) {
		t->wrong = "runs, but was never seen";
		t->wrong_insn = at->insn_idx;
		return false;
	}
	if (!t->exact)
		return true;
	for (const struct record *r = t->by_insn[at->insn_idx]; r; r = r->next) {
		int n = outside(t, at, r);

		if (n < 0)
			return true;
		where = where == 99 || n > where ? n : where;
	}
	t->wrong = "outside of every visit's state";
	t->wrong_insn = at->insn_idx;
	t->wrong_reg = (u32)where;
	t->wrong_value = where < INSN_REGS ? at->regs[where] : 0;
	return false;
}

static int verify(struct test *t, u32 bug, bool all_paths, struct verify_result *ret)
{
	const struct verify_observer observer = { .visit = visit, .cookie = t,
						  .all_paths = true };
	const struct verify_opts opts = { .rights = VERIFY_PRIV, .bug = bug,
					  .insns_max = INSNS_MAX,
					  .observer = all_paths ? &observer : NULL };

	memset(ret, 0, sizeof(*ret));
	return verify_prog(t->prog, &opts, ret);
}

static int make_prog(struct test *t)
{
	int err = prog_new_raw(t->gen.insns, t->gen.cnt, "contain", &t->prog);

	if (err)
		return err;
	t->prog->type = PROG_TYPE_XDP;
	t->prog->gpl_compatible = true;
	t->prog->flags = gen_rand(&t->gen) & 1 ? PROG_FLAG_TEST_STATE_FREQ : 0;
	t->prog->ctx_class = pkt_ctx_class(PROG_TYPE_XDP, 0);
	t->prog->maps = mem_alloc(sizeof(struct map *));
	if (!t->prog->maps)
		return -ENOMEM;
	t->prog->maps[t->prog->map_cnt++] = map_get(t->map);
	return 0;
}

static void execute(struct test *t)
{
	u8 bytes[64];
	struct run run;
	u64 r0;

	if (run_begin(&run, NULL)) {
		t->wrong = "no run";
		return;
	}
	run.watch = watch;
	run.watch_cookie = t;
	for (u32 n = 0; n < RUNS && !t->wrong; n++) {
		u32 len = 14 + (u32)(gen_rand(&t->gen) % 50);

		for (u32 i = 0; i < sizeof(bytes); i++)
			bytes[i] = (u8)gen_rand(&t->gen);
		for (u32 i = 0; i < 4; i++)
			run.rand_state[i] = gen_rand(&t->gen);
		if (pkt_load(&t->pkt, bytes, len, len))
			continue;
		run.insns_left = 1 << 20;
		if (prog_run(&run, t->prog, &t->pkt, &r0) && !t->wrong) {
			t->wrong = fault_kind_name(run.fault.kind);
			t->wrong_insn = run.fault.insn_idx;
		}
	}
	run_end(&run);
}

/* The log of the program that went wrong. */
static void show(struct test *t, u32 bug)
{
	static char log[1 << 20];
	const struct verify_opts opts = { .rights = VERIFY_PRIV, .bug = bug, .log_level = 3,
					  .log_buf = log, .log_bytes = sizeof(log) };
	struct verify_result result = { 0 };

	if (verify_prog(t->prog, &opts, &result))
		printf("# refused now\n");
	verify_result_fini(&result);
	printf("%s", log);
}

/* One program: 1 accepted and run, 0 refused; t->wrong says what was found. */
static int one(struct test *t, u32 bug)
{
	static struct helper_ask ask = { .type = PROG_TYPE_XDP, .rights = HELPER_ADMIN,
					 .gpl_compatible = true };
	const struct helper_resolver resolver = { .resolve = helper_resolve, .cookie = &ask };
	struct verify_result usual = { 0 }, whole = { 0 };
	int ret = 0;

	t->wrong = NULL;
	t->wrong_reg = 0;
	t->record_cnt = 0;
	gen_program(&t->gen);
	memset(t->by_insn, 0, t->gen.cnt * sizeof(t->by_insn[0]));
	if (make_prog(t))
		return 0;
	if (!verify(t, bug, false, &usual)) {
		t->facts = usual.facts;
		t->exact = !verify(t, bug, true, &whole);
		if (!interp_guard_compile(t->prog, &resolver))
			execute(t);
		ret = 1;
	}
	verify_result_fini(&usual);
	verify_result_fini(&whole);
	if (t->wrong && t->show)
		show(t, bug);
	prog_put(t->prog);
	return ret;
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Programs until something is wrong, the count is reached, or time is up: how many were run. */
static u64 sweep(struct test *t, u64 programs, u64 seed, u32 bug, double limit)
{
	double start = seconds();
	u64 ran = 0, exact = 0, n;

	t->checked = 0;
	for (n = 0; n < programs; n++) {
		t->gen.rand = seed + n * 0x632be59bd9b4e019ULL;
		if (one(t, bug)) {
			ran++;
			exact += t->exact;
		}
		if (t->wrong || (!(n & 255) && seconds() - start > limit))
			break;
	}
	printf("# bug %u: %llu programs, %llu run, %llu with all paths, ", bug,
	       (unsigned long long)n, (unsigned long long)ran, (unsigned long long)exact);
	printf("%llu instructions checked, ", (unsigned long long)t->checked);
	printf("seed %llu, %.2f s%s%s\n", (unsigned long long)seed, seconds() - start,
	       t->wrong ? ": " : "", t->wrong ? t->wrong : "");
	if (t->wrong)
		printf("# program %llu, instruction %u, register %u, value %#llx\n",
		       (unsigned long long)n, t->wrong_insn, t->wrong_reg,
		       (unsigned long long)t->wrong_value);
	fflush(stdout);
	return ran;
}

int main(int argc, char **argv)
{
	static const struct map_attr attr = { .type = MAP_TYPE_ARRAY, .key_size_bytes = 4,
					      .value_size_bytes = GEN_VALUE_BYTES,
					      .max_entries = GEN_MAP_ENTRIES };
	const u64 programs = argc > 1 ? strtoull(argv[1], NULL, 0) : 20000;
	const u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	const long bug = argc > 3 ? strtol(argv[3], NULL, 0) : 0;
	struct map_env map_env = { .cpu_cnt = 1 };
	struct test *t = mem_zalloc(sizeof(*t));
	u32 bugs = bug < 0 ? VERIFY_BUG_CNT : (u32)bug + 1;

	t->records = mem_alloc(RECORDS_MAX * sizeof(*t->records));
	if (!t->records || pkt_init(&t->pkt, 256) || map_create(&attr, &map_env, &t->map))
		return 1;
	t->gen.map = t->map;
	t->show = getenv("CONTAIN_SHOW");
	for (u32 b = bug < 0 ? 0 : (u32)bug; b < bugs; b++) {
		tap_ok(sweep(t, programs, seed, b, b ? BUG_SECONDS : 1e9) > 0, "programs ran");
		if (b)
			tap_ok(t->wrong != NULL, "bug %u put back is found", b);
		else
			tap_ok(!t->wrong, "every state lies inside what was proved");
	}
	map_put(t->map);
	pkt_fini(&t->pkt);
	mem_free(t->records);
	mem_free(t);
	return tap_done();
}
