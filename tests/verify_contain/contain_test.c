/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Containment: generated programs that the verifier accepts are run by the guard, and before each
 * instruction every register and stack slot must lie inside what the verifier knew there, on one
 * of its visits; nothing faults, and nothing runs that was not seen.
 *
 *	contain_test [PROGRAMS [SEED [BUG]]]	BUG: enum verify_bug, put back; -1: each in turn
 *
 * Programs are verified in one of two ways, by turns. With all paths walked, every scalar of every
 * visit is a claim about an execution, so the states are compared whole. As usual, with pruning,
 * imprecise scalars claim nothing; but what is accepted must run without a fault and stay on
 * instructions that were seen, with addresses and stored pointers as on some visit. So are programs
 * judged whose paths are too many, or that have callbacks called until nothing changes.
 *
 * Slot 0 of the program array is the program itself, so that tail calls come back to its start.
 */
#include <stdlib.h>
#include <time.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "btf/btf.h"
#include "btf/format.h"
#include "engine/engine.h"
#include "helper/table.h"
#include "interp/interp.h"
#include "map/map.h"
#include "map/ringbuf.h"
#include "pkt/pkt.h"
#include "prog/prog.h"
#include "tests/tap.h"
#include "tests/verify_contain/gen.h"
#include "verify/state/stack.h"
#include "verify/verify.h"

enum {
	RECORD_BYTES_MAX = 4 << 20,
	SLOTS = 8,
	RUNS = 2,
	INSNS_MAX = 1500,
	WHOLE_MAX = 300,
	FUNC_TYPE = 3
};

#define BUG_SECONDS 60.0

/* What was known of the current frame at one visit. */
struct record {
	struct record *next; /* of the same instruction */
	u32 depth;
	u16 reg_mask; /* bit n: one of regs is n's */
	u16 slot_cnt; /* of those that say something, behind regs */
	struct reg regs[];
};

struct record_slot {
	struct slot slot;
	u32 spi;
};

/* A program array whose one slot holds what runs. */
struct self_map {
	struct map map;
	struct prog *prog;
};

struct test {
	struct gen gen;
	struct self_map self;
	struct btf *btf; /* type FUNC_TYPE: a static function */
	struct run run;
	struct pkt pkt;
	struct prog *prog;
	const struct facts *facts; /* of the usual verification */
	u8 *records;
	u32 record_bytes;
	struct record *by_insn[GEN_INSNS_MAX];
	bool all_paths; /* is being verified so */
	bool exact;     /* records are of all paths, not of those that pruning left */
	bool show;      /* the log of what went wrong (CONTAIN_SHOW) */
	const char *wrong;
	u32 wrong_insn, wrong_reg;
	u64 wrong_value;
	u64 checked;
};

/* Misc and unwritten bytes claim nothing. */
static bool slot_says(const struct slot *slot)
{
	u32 n = 0;

	for (u32 i = 0; i < STACK_SLOT_BYTES; i++)
		n += slot->type[i] == SLOT_ZERO || slot->type[i] == SLOT_SPILL;
	return n;
}

static struct record_slot *record_slots(const struct record *r)
{
	return u64_to_ptr(ptr_to_u64(&r->regs[__builtin_popcount(r->reg_mask)]));
}

/* The registers whose pointers a load or store reads. */
static u32 addresses(const struct insn *insn)
{
	switch (insn->code & 7) {
	case 1:
		return 1u << insn->src;
	case 2:
		return 1u << insn->dst;
	case 3:
		return 1u << insn->dst | 1u << insn->src;
	}
	return 0;
}

static int visit(void *cookie, u32 idx, const struct vstate *st)
{
	struct test *t = cookie;
	const u32 wanted = t->all_paths ? UINT32_MAX : addresses(&t->gen.insns[idx]);
	const struct frame *frame = state_frame(st);
	u32 slots = MIN(frame->stack_bytes / STACK_SLOT_BYTES, SLOTS), n = 0;
	struct record *r = (struct record *)(void *)(t->records + t->record_bytes);

	if (!wanted)
		return 0;
	if (RECORD_BYTES_MAX - t->record_bytes <
	    sizeof(*r) + INSN_REGS * sizeof(struct reg) + SLOTS * sizeof(struct record_slot))
		return -E2BIG;
	r->reg_mask = 0;
	for (u32 i = 0; i < INSN_REGS; i++) {
		if (frame->regs[i].type == REG_NOT_INIT || !(wanted >> i & 1))
			continue;
		r->regs[n++] = frame->regs[i];
		r->reg_mask |= (u16)(1u << i);
	}
	r->depth = st->curframe;
	r->slot_cnt = 0;
	for (u32 i = 0; t->all_paths && i < slots; i++) {
		if (!slot_says(stack_slot(frame, i)))
			continue;
		record_slots(r)[r->slot_cnt].spi = i;
		record_slots(r)[r->slot_cnt++].slot = *stack_slot(frame, i);
	}
	r->next = t->by_insn[idx];
	t->by_insn[idx] = r;
	t->record_bytes += (u32)((u8 *)(record_slots(r) + r->slot_cnt) - (u8 *)r);
	return 0;
}

static bool element_holds(const struct reg *reg, u64 value)
{
	struct map *map = u64_to_ptr(ptr_to_u64(reg->map));

	for (u32 key = 0; key < GEN_MAP_ENTRIES; key++) {
		u64 base = ptr_to_u64(map->ops->lookup(map, 0, &key));

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
		return value == ptr_to_u64(reg->map);
	case REG_MAP_VALUE:
		return element_holds(reg, value);
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

static bool link_holds(const struct reg *a, u64 a_value, const struct reg *b, u64 b_value)
{
	u64 d;

	if (a->type != REG_SCALAR || b->type != REG_SCALAR || !a->id ||
	    (a->id & ~REG_ADD_CONST) != (b->id & ~REG_ADD_CONST) ||
	    ((a->id | b->id) & REG_ADD_CONST) == REG_ADD_CONST)
		return true;
	d = (u64)((s64)(a->id & REG_ADD_CONST ? a->off : 0) -
		  (s64)(b->id & REG_ADD_CONST ? b->off : 0));
	d = a_value - b_value - d;
	return !((a->id | b->id) & REG_ADD_CONST32 ? (u32)d : d);
}

/* Scalars of one id are equal but for their distances. */
static bool links_hold(const struct record *r, const u64 *regs)
{
	u8 number[INSN_REGS];
	u32 cnt = 0;

	for (u32 i = 0; i < INSN_REGS; i++)
		if (r->reg_mask >> i & 1)
			number[cnt++] = (u8)i;
	for (u32 i = 0; i < cnt; i++)
		for (u32 j = i + 1; r->regs[i].id && j < cnt; j++)
			if (!link_holds(&r->regs[i], regs[number[i]], &r->regs[j], regs[number[j]]))
				return false;
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
	const struct record_slot *slots = record_slots(r);
	const struct reg *reg = r->regs;

	if (r->depth != at->depth)
		return 98;
	for (u32 i = 0; i < INSN_REGS; i++) {
		if (!(r->reg_mask >> i & 1))
			continue;
		if (!(at->valid >> i & 1) || !reg_holds(t, at, reg, at->regs[i]))
			return (int)i;
		reg++;
	}
	if (!links_hold(r, at->regs))
		return 50;
	for (u32 i = 0; i < r->slot_cnt; i++)
		if (!slot_holds(t, at, &slots[i].slot,
				u64_to_ptr(top - STACK_SLOT_BYTES * (u64)(slots[i].spi + 1))))
			return 60 + (int)slots[i].spi;
	return -1;
}

/* Of what loads and stores read, the pointers: pruning compares those, too. */
static int outside_pruned(struct test *t, const struct run_place *at, const struct record *r)
{
	const struct reg *reg = r->regs;

	if (r->depth != at->depth)
		return 98;
	for (u32 i = 0; i < INSN_REGS; i++) {
		if (!(r->reg_mask >> i & 1))
			continue;
		if (reg->type != REG_SCALAR &&
		    (!(at->valid >> i & 1) || !reg_holds(t, at, reg, at->regs[i])))
			return (int)i;
		reg++;
	}
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
	if (!t->exact && !addresses(&t->gen.insns[at->insn_idx]))
		return true;
	for (const struct record *r = t->by_insn[at->insn_idx]; r; r = r->next) {
		int n = t->exact ? outside(t, at, r) : outside_pruned(t, at, r);

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

enum record_what { RECORD_PRUNED, RECORD_ALL_PATHS };

static int verify(struct test *t, u32 bug, enum record_what what, struct verify_result *ret)
{
	const struct verify_observer observer = {
		.visit = visit, .cookie = t, .all_paths = what == RECORD_ALL_PATHS};
	const struct verify_opts opts = {.rights = VERIFY_PRIV,
					 .bug = bug,
					 .insns_max =
						 what == RECORD_ALL_PATHS ? WHOLE_MAX : INSNS_MAX,
					 .observer = &observer};

	memset(ret, 0, sizeof(*ret));
	t->record_bytes = 0;
	t->all_paths = what == RECORD_ALL_PATHS;
	memset(t->by_insn, 0, t->gen.cnt * sizeof(t->by_insn[0]));
	return verify_prog(t->prog, &opts, ret);
}

/* Callbacks must be functions by BTF. */
static int name_functions(struct test *t)
{
	struct prog *prog = t->prog;
	u32 cnt = t->gen.func_cnt + 1;

	prog->subprogs = mem_zalloc_array(cnt, sizeof(*prog->subprogs));
	if (!prog->subprogs)
		return -ENOMEM;
	for (u32 i = 0; i < cnt; i++) {
		prog->subprogs[i].start = i ? t->gen.func_start[i - 1] : 0;
		prog->subprogs[i].end = i < cnt - 1 ? t->gen.func_start[i] : t->gen.cnt;
		prog->subprogs[i].btf_id = FUNC_TYPE;
		prog->subprogs[i].name = "f";
	}
	prog->subprog_cnt = cnt;
	prog->btf = btf_get(t->btf);
	return 0;
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
	t->prog->maps = mem_alloc(GEN_MAP_CNT * sizeof(struct map *));
	if (!t->prog->maps)
		return -ENOMEM;
	for (u32 i = 0; i < GEN_MAP_CNT; i++)
		t->prog->maps[t->prog->map_cnt++] = map_get(t->gen.maps[i]);
	t->self.prog = t->prog;
	return t->gen.func_cnt ? name_functions(t) : 0;
}

static int drop(void *cookie, const void *data, u32 size_bytes)
{
	(void)cookie;
	(void)data;
	(void)size_bytes;
	return 0;
}

static void execute(struct test *t)
{
	struct run *run = &t->run;
	u64 bytes[8], r0;

	for (u32 n = 0; n < RUNS && !t->wrong; n++) {
		u32 len = 14 + (u32)(gen_rand(&t->gen) % 50);

		for (u32 i = 0; i < ARRAY_SIZE(bytes); i++)
			bytes[i] = gen_rand(&t->gen);
		for (u32 i = 0; i < 4; i++)
			run->rand_state[i] = gen_rand(&t->gen);
		if (pkt_load(&t->pkt, (const u8 *)bytes, len, len))
			continue;
		run->insns_left = 1 << 20;
		if (prog_run(run, t->prog, &t->pkt, &r0) && !t->wrong) {
			t->wrong = fault_kind_name(run->fault.kind);
			t->wrong_insn = run->fault.insn_idx;
		}
	}
	if (t->gen.rings)
		map_ringbuf_consume(t->gen.maps[GEN_RING], drop, NULL);
}

/* The log of the program that went wrong. */
static void show(struct test *t, u32 bug)
{
	static char log[1 << 20];
	const struct verify_opts opts = {.rights = VERIFY_PRIV,
					 .bug = bug,
					 .log_level = 3,
					 .log_buf = log,
					 .log_bytes = sizeof(log)};
	struct verify_result result = {0};

	if (verify_prog(t->prog, &opts, &result))
		printf("# refused now\n");
	verify_result_fini(&result);
	printf("%s", log);
}

/* One program: 1 accepted and run, 0 refused; t->wrong says what was found. */
static int one(struct test *t, u32 bug)
{
	static struct helper_ask ask = {
		.type = PROG_TYPE_XDP, .rights = HELPER_ADMIN, .gpl_compatible = true};
	const struct helper_resolver resolver = {.resolve = helper_resolve, .cookie = &ask};
	struct verify_result result = {0};
	bool ok = false;

	t->wrong = NULL;
	t->wrong_reg = 0;
	t->exact = false;
	gen_program(&t->gen);
	if (make_prog(t))
		return 0;
	if (!t->gen.unbounded && gen_rand(&t->gen) & 1) {
		ok = t->exact = !verify(t, bug, RECORD_ALL_PATHS, &result);
		if (!ok && result.reject.err != -E2BIG) {
			prog_put(t->prog);
			return 0;
		}
	}
	if (!ok)
		ok = !verify(t, bug, RECORD_PRUNED, &result);
	t->facts = result.facts;
	if (ok && !interp_guard_compile(t->prog, &resolver))
		execute(t);
	verify_result_fini(&result);
	if (t->wrong && t->show)
		show(t, bug);
	prog_put(t->prog);
	return ok;
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
	printf("# bug %u: %llu programs, %llu run, %llu compared on all paths, %llu with pruning; ",
	       bug, (unsigned long long)n, (unsigned long long)ran, (unsigned long long)exact,
	       (unsigned long long)(ran - exact));
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

static void *self_lookup(struct map *map, u32 index)
{
	return index ? NULL : container_of(map, struct self_map, map)->prog;
}

static const struct map_ops self_ops = {.lookup_obj = self_lookup, .holds = OBJ_PROG};

static void self_destroy(struct obj *obj)
{
	(void)obj; /* lives in struct test */
}

static int make_maps(struct test *t)
{
	static const struct map_env env = {.cpu_cnt = 1};
	static const struct map_attr attrs[] = {
		[GEN_ARRAY] = {.type = MAP_TYPE_ARRAY,
			       .key_size_bytes = 4,
			       .value_size_bytes = GEN_VALUE_BYTES,
			       .max_entries = GEN_MAP_ENTRIES},
		[GEN_RING] = {.type = MAP_TYPE_RINGBUF, .max_entries = 1 << 16},
		[GEN_PROGS] = {.type = MAP_TYPE_PROG_ARRAY,
			       .key_size_bytes = 4,
			       .value_size_bytes = 4,
			       .max_entries = 4},
	};
	int err = map_create(&attrs[GEN_ARRAY], &env, &t->gen.maps[GEN_ARRAY]);

	if (!err)
		err = map_create(&attrs[GEN_RING], &env, &t->gen.maps[GEN_RING]);
	t->self.map.ops = &self_ops;
	t->self.map.attr = attrs[GEN_PROGS];
	obj_init(&t->self.map.obj, OBJ_MAP, self_destroy);
	t->gen.maps[GEN_PROGS] = &t->self.map;
	return err;
}

static int make_btf(struct btf **ret_btf)
{
	static const struct {
		struct btf_header hdr;
		u32 types[10];
		char strs[7];
	} raw = {
		.hdr = {.magic = BTF_MAGIC_NUMBER,
			.version = 1,
			.hdr_len = sizeof(struct btf_header),
			.type_len = sizeof(raw.types),
			.str_off = sizeof(raw.types),
			.str_len = sizeof(raw.strs)},
		.types = {1, BTF_KIND_INT << 24, 4, BTF_ENC_SIGNED << 24 | 32, 0,
			  BTF_KIND_FUNC_PROTO << 24, 1, 5, BTF_KIND_FUNC << 24, 2},
		.strs = "\0int\0f",
	};

	return btf_parse(&raw, offsetof(typeof(raw), strs) + sizeof(raw.strs), NULL, ret_btf);
}

static int test_init(struct test *t)
{
	static const struct run_ops ops = {.callback = engine_callback};
	int err = pkt_init(&t->pkt, 256);

	if (!err)
		err = make_maps(t);
	if (!err)
		err = make_btf(&t->btf);
	if (!err)
		err = run_begin(&t->run, NULL);
	t->run.ops = &ops;
	t->run.watch = watch;
	t->run.watch_cookie = t;
	t->show = getenv("CONTAIN_SHOW");
	t->records = mem_alloc(RECORD_BYTES_MAX);
	return t->records ? err : -ENOMEM;
}

static void test_fini(struct test *t)
{
	run_end(&t->run);
	map_put(t->gen.maps[GEN_ARRAY]);
	map_put(t->gen.maps[GEN_RING]);
	btf_put(t->btf);
	pkt_fini(&t->pkt);
	mem_free(t->records);
}

int main(int argc, char **argv)
{
	const u64 programs = argc > 1 ? strtoull(argv[1], NULL, 0) : 20000;
	const u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	const long bug = argc > 3 ? strtol(argv[3], NULL, 0) : 0;
	struct test *t = mem_zalloc(sizeof(*t));
	u32 bugs = bug < 0 ? VERIFY_BUG_CNT : (u32)bug + 1;

	if (!t || test_init(t))
		return 1;
	for (u32 b = bug < 0 ? 0 : (u32)bug; b < bugs; b++) {
		tap_ok(sweep(t, programs, seed, b, b || bug ? BUG_SECONDS : 1e9) > 0,
		       "programs ran");
		if (b)
			tap_ok(t->wrong != NULL, "bug %u put back is found", b);
		else
			tap_ok(!t->wrong, "every state lies inside what was proved");
	}
	test_fini(t);
	mem_free(t);
	return tap_done();
}
