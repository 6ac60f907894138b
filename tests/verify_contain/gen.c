/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * r6 is the context, r7..r9 and r0 hold numbers at every gadget's start, r1..r5 are a gadget's own.
 * Slots fp-8 … fp-32 are initialised; fp-40 is the key, fp-56 keeps a ring buffer record. Jumps
 * lead to a later gadget's start.
 */
#include "tests/verify_contain/gen.h"

#include "base/types.h"

enum { LOOKUP = 1, PRANDOM = 7, TAIL_CALL = 12, RESERVE = 131, FOR_EACH = 164, LOOP = 181 };
enum { GADGETS_MAX = 14, KEY_OFF = -40, RECORD_OFF = -56 };
enum func { FUNC_PLAIN, FUNC_LOOP, FUNC_ELEM };

u64 gen_rand(struct gen *g)
{
	u64 z = g->rand += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static u32 pick_of(struct gen *g, u32 n)
{
	return (u32)(gen_rand(g) >> 32) % n;
}

static struct insn *put(struct gen *g, u8 code, u32 dst, u32 src, s32 off, s32 imm)
{
	struct insn *i = &g->insns[g->cnt++];

	*i = insn_make(code, dst, src, (s16)off, imm);
	return i;
}

/* A register that holds a number. */
static u32 num(struct gen *g)
{
	static const u8 regs[] = {7, 8, 9, 0};

	return regs[pick_of(g, 4)];
}

static s32 imm_of(struct gen *g)
{
	switch (pick_of(g, 6)) {
	case 0:
	case 1:
		return (s32)pick_of(g, 20);
	case 2:
		return -(s32)pick_of(g, 20);
	case 3:
		return (s32)((1u << pick_of(g, 32)) - pick_of(g, 2));
	default:
		return (s32)pick_of(g, 300);
	}
}

static void alu(struct gen *g, u32 dst, u32 src)
{
	static const u8 ops[] = {0x00, 0x10, 0x20, 0x40, 0x50, 0x60, 0x70, 0xa0,
				 0xc0, 0x00, 0x10, 0x50, 0x50, 0x40, 0x30, 0x90};
	u8 op = ops[pick_of(g, sizeof(ops))], cls = pick_of(g, 3) ? 7 : 4;
	s32 imm = imm_of(g);

	if (op == 0x60 || op == 0x70 || op == 0xc0)
		imm = pick_of(g, 3) ? imm & (cls == 7 ? 63 : 31) : (cls == 7 ? 63 : 31);
	if (!imm && (op == 0x30 || op == 0x90))
		imm = 3;
	if (pick_of(g, 3))
		put(g, op | cls, dst, 0, 0, imm);
	else
		put(g, op | cls | 8, dst, src, 0, 0);
}

static void mov(struct gen *g)
{
	static const s16 offs[] = {0, 0, 0, 8, 16, 32};
	static const u8 ends[] = {0xd4, 0xdc, 0xd7};

	switch (pick_of(g, 8)) {
	case 0:
		put(g, pick_of(g, 2) ? 0xb7 : 0xb4, num(g), 0, 0, imm_of(g));
		break;
	case 1:
	case 2:
		put(g, 0xbc, num(g), num(g), offs[pick_of(g, 5)], 0);
		break;
	case 3:
		put(g, pick_of(g, 2) ? 0x87 : 0x84, num(g), 0, 0, 0);
		break;
	case 4:
		put(g, ends[pick_of(g, 3)], num(g), 0, 0, 16 << pick_of(g, 3));
		break;
	default:
		put(g, 0xbf, num(g), num(g), offs[pick_of(g, 6)], 0);
	}
}

static void jump(struct gen *g)
{
	static const u8 ops[] = {0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0};
	u8 op = ops[pick_of(g, sizeof(ops))], cls = pick_of(g, 3) ? 5 : 6;

	/* The offset is patched: it counts gadgets until then. */
	if (pick_of(g, 3))
		put(g, op | cls, num(g), 0, 1, imm_of(g));
	else
		put(g, op | cls | 8, num(g), num(g), 1, 0);
}

static void stack(struct gen *g)
{
	static const u8 sizes[] = {0x18, 0x18, 0x18, 0x00, 0x08, 0x10};
	static const s32 bytes[] = {8, 8, 8, 4, 2, 1};
	u32 n = pick_of(g, 6);
	s32 off = -8 * (s32)(1 + pick_of(g, 4));

	if (bytes[n] < 8)
		off += bytes[n] * (s32)pick_of(g, 8 / (u32)bytes[n]);
	switch (pick_of(g, 6)) {
	case 0:
		put(g, 0x62 | sizes[n], 10, 0, off, imm_of(g));
		break;
	case 1: /* atomic, with and without fetch */
		put(g, 0xdb, 10, num(g), -8 * (s32)(1 + pick_of(g, 4)), (s32)pick_of(g, 2));
		break;
	case 2:
	case 3:
		put(g, 0x63 | sizes[n], 10, num(g), off, 0);
		break;
	default:
		put(g, 0x61 | sizes[n], num(g), 10, off, 0);
	}
}

static void random_number(struct gen *g)
{
	u32 dst = 7 + pick_of(g, 3);

	put(g, 0x85, 0, 0, 0, PRANDOM);
	put(g, 0xbf, dst, 0, 0, 0);
	switch (pick_of(g, 5)) {
	case 0:
		put(g, 0x57, dst, 0, 0, (1 << pick_of(g, 10)) - 1);
		break;
	case 1:
		put(g, 0x67, dst, 0, 0, 32);
		put(g, 0xc7, dst, 0, 0, 63);
		break;
	case 2:
		put(g, 0xc4, dst, 0, 0, 31);
		break;
	default:
		put(g, 0x57, dst, 0, 0, 255);
	}
}

static void load_map(struct gen *g, u32 dst, enum gen_map map)
{
	u64 addr = ptr_to_u64(g->maps[map]);

	put(g, 0x18, dst, 1, 0, (s32)(u32)addr);
	put(g, 0, 0, 0, 0, (s32)(u32)(addr >> 32));
}

/* A callback, patched when its start is known: imm names it until then. */
static void load_func(struct gen *g, u32 dst, enum func func)
{
	put(g, 0x18, dst, 4, 0, (s32)func);
	put(g, 0, 0, 0, 0, 0);
	g->wants[func] = true;
}

static void lookup(struct gen *g)
{
	if (pick_of(g, 2))
		put(g, 0x62, 10, 0, KEY_OFF, (s32)pick_of(g, GEN_MAP_ENTRIES + 2));
	else
		put(g, 0x63, 10, 7 + pick_of(g, 3), KEY_OFF, 0);
	put(g, 0xbf, 2, 10, 0, 0);
	put(g, 0x07, 2, 0, 0, KEY_OFF);
	load_map(g, 1, GEN_ARRAY);
	put(g, 0x85, 0, 0, 0, LOOKUP);
}

/* An offset that is bounded one way or another, mostly well enough, in r1. */
static void bounded(struct gen *g, s32 max, u32 *ret_skip)
{
	u32 src = 7 + pick_of(g, 3);

	*ret_skip = 0;
	put(g, 0xbf, 1, src, 0, 0);
	switch (pick_of(g, 4)) {
	case 0:
		put(g, 0x57, 1, 0, 0, max);
		break;
	case 1: /* on the linked register: r1 learns it too */
		put(g, 0x25, src, 0, 0, max - (s32)pick_of(g, 3) + (s32)pick_of(g, 2));
		*ret_skip = g->cnt;
		break;
	case 2:
		put(g, 0x07, 1, 0, 0, (s32)pick_of(g, 5));
		put(g, pick_of(g, 2) ? 0x25 : 0x26, src, 0, 0, max - (s32)pick_of(g, 8));
		*ret_skip = g->cnt;
		break;
	default:
		put(g, 0x25, 1, 0, 0, max);
		*ret_skip = g->cnt;
	}
}

static void patch(struct gen *g, u32 jump_end)
{
	if (jump_end)
		g->insns[jump_end - 1].off = (s16)(g->cnt - jump_end);
}

/* Within @room bytes from @base on, up to the last one; now and then one beyond. */
static void access(struct gen *g, u32 base, s32 room)
{
	static const u8 sizes[] = {0x18, 0x00, 0x08, 0x10};
	static const u8 bytes[] = {8, 4, 2, 1};
	u32 n = pick_of(g, 4);
	u8 size;
	s32 off;

	while (bytes[n] > room && n < 3)
		n++;
	size = sizes[n];
	off = room - bytes[n];
	if (off > 0 && pick_of(g, 2))
		off -= (s32)pick_of(g, (u32)off + 1);
	off += !pick_of(g, 16);
	if (pick_of(g, 2))
		put(g, 0x61 | size, 7 + pick_of(g, 3), base, off, 0);
	else
		put(g, 0x62 | size, base, 0, off, imm_of(g));
}

static void map_value(struct gen *g)
{
	u32 null, skip = 0;

	lookup(g);
	put(g, 0x15, 0, 0, 0, 0);
	null = g->cnt;
	if (pick_of(g, 2)) {
		bounded(g, pick_of(g, 8) ? 31 : 63, &skip);
		put(g, 0x0f, 0, 1, 0, 0);
		access(g, 0, 33);
	} else {
		access(g, 0, GEN_VALUE_BYTES);
	}
	patch(g, skip);
	patch(g, null);
	put(g, 0xb7, 0, 0, 0, imm_of(g));
}

/* Two lookups, and a check of the wrong one now and then. */
static void map_two(struct gen *g)
{
	u32 null;

	lookup(g);
	put(g, 0x7b, 10, 0, -48, 0);
	lookup(g);
	put(g, 0xbf, 3, 0, 0, 0);
	put(g, 0x79, 4, 10, -48, 0);
	put(g, 0x15, 3, 0, 0, 0);
	null = g->cnt;
	access(g, pick_of(g, 8) ? 3 : 4, GEN_VALUE_BYTES);
	patch(g, null);
	put(g, 0xb7, 0, 0, 0, 1);
	put(g, 0xb7, 3, 0, 0, 0);
}

/* An index by way of the stack and an atomic; one of two ways may leave it too large. */
static void atomic_index(struct gen *g)
{
	u32 null;

	put(g, 0x7a, 10, 0, -16, pick_of(g, 3) ? (s32)pick_of(g, 50) : 500 + (s32)pick_of(g, 500));
	lookup(g);
	put(g, 0x15, 0, 0, 0, 0);
	null = g->cnt;
	put(g, 0x25, 7 + pick_of(g, 3), 0, 1, (s32)pick_of(g, 255));
	put(g, 0x7a, 10, 0, -16, (s32)pick_of(g, 50));
	put(g, 0xb7, 1, 0, 0, 0);
	put(g, 0xbf, 2, 1, 0, 0);
	put(g, 0xdb, 10, 1, -16, 1);
	put(g, 0x0f, 0, 1, 0, 0);
	access(g, 0, 14);
	patch(g, null);
	put(g, 0xb7, 0, 0, 0, 1);
}

static void packet(struct gen *g)
{
	s32 len = 1 + (s32)pick_of(g, 16);
	u32 out, skip = 0;

	put(g, 0x61, 2, 6, 0, 0);
	put(g, 0x61, 3, 6, 4, 0);
	if (pick_of(g, 2)) {
		put(g, 0xbf, 1, 7 + pick_of(g, 3), 0, 0);
		put(g, 0x57, 1, 0, 0, 31);
		put(g, 0x0f, 2, 1, 0, 0);
	}
	put(g, 0xbf, 4, 2, 0, 0);
	put(g, 0x07, 4, 0, 0, len);
	if (pick_of(g, 2))
		put(g, pick_of(g, 2) ? 0x2d : 0x3d, 4, 3, 0, 0);
	else
		put(g, pick_of(g, 2) ? 0xad : 0xbd, 3, 4, 0, 0);
	out = g->cnt;
	if (!pick_of(g, 6)) { /* moves after the check */
		bounded(g, 7, &skip);
		put(g, 0x0f, 2, 1, 0, 0);
	}
	access(g, 2, len);
	patch(g, skip);
	patch(g, out);
	put(g, 0xb7, 2, 0, 0, 0);
}

static void loop(struct gen *g)
{
	u32 start, n = 1 + pick_of(g, 3);

	put(g, 0xb7, 5, 0, 0, 0);
	start = g->cnt;
	for (u32 i = 0; i < n; i++)
		alu(g, num(g), num(g));
	put(g, 0x07, 5, 0, 0, 1);
	put(g, 0xa5, 5, 0, (s32)start - (s32)g->cnt - 1, 2 + (s32)pick_of(g, 4));
}

static void function_call(struct gen *g)
{
	put(g, 0xbf, 1, num(g), 0, 0);
	put(g, 0xbf, 2, num(g), 0, 0);
	put(g, 0x85, 0, 1, 0, FUNC_PLAIN);
	g->wants[FUNC_PLAIN] = true;
}

/* What a callback left in fp-16 as an index. */
static void index_by_slot(struct gen *g)
{
	u32 null, skip = 0;

	put(g, 0x79, 7, 10, -16, 0);
	if (pick_of(g, 2))
		return;
	lookup(g);
	put(g, 0x15, 0, 0, 0, 0);
	null = g->cnt;
	put(g, 0xbf, 1, 7, 0, 0);
	if (pick_of(g, 6)) {
		put(g, 0x25, 1, 0, 0, 31);
		skip = g->cnt;
	}
	put(g, 0x0f, 0, 1, 0, 0);
	access(g, 0, 33);
	patch(g, skip);
	patch(g, null);
	put(g, 0xb7, 0, 0, 0, 2);
}

/* bpf_loop over a callback that changes fp-16, few or unknown rounds. */
static void loop_callback(struct gen *g)
{
	if (pick_of(g, 2))
		put(g, 0x7a, 10, 0, -16, (s32)pick_of(g, 4));
	if (pick_of(g, 2)) {
		put(g, 0xb7, 1, 0, 0, (s32)pick_of(g, 8));
		put(g, 0x25, 7 + pick_of(g, 3), 0, 1, (s32)pick_of(g, 255));
		put(g, 0xb7, 1, 0, 0, (s32)pick_of(g, 4));
	} else {
		put(g, 0xbf, 1, num(g), 0, 0);
		put(g, 0x57, 1, 0, 0, (1 << pick_of(g, 4)) - 1);
		g->unbounded = true;
	}
	load_func(g, 2, FUNC_LOOP);
	put(g, 0xbf, 3, 10, 0, 0);
	put(g, 0x07, 3, 0, 0, -16);
	put(g, 0xb7, 4, 0, 0, 0);
	put(g, 0x85, 0, 0, 0, LOOP);
	index_by_slot(g);
}

static void for_each(struct gen *g)
{
	if (pick_of(g, 2))
		put(g, 0x7a, 10, 0, -16, (s32)pick_of(g, 4));
	g->unbounded = true;
	load_map(g, 1, GEN_ARRAY);
	load_func(g, 2, FUNC_ELEM);
	put(g, 0xbf, 3, 10, 0, 0);
	put(g, 0x07, 3, 0, 0, -16);
	put(g, 0xb7, 4, 0, 0, 0);
	put(g, 0x85, 0, 0, 0, FOR_EACH);
	index_by_slot(g);
}

/* A record of 8 to 32 bytes, written to and given back on every path. */
static void ring_record(struct gen *g)
{
	s32 bytes = 8 << pick_of(g, 3);
	u32 null, skip = 0;

	load_map(g, 1, GEN_RING);
	put(g, 0xb7, 2, 0, 0, bytes);
	put(g, 0xb7, 3, 0, 0, 0);
	put(g, 0x85, 0, 0, 0, RESERVE);
	put(g, 0x15, 0, 0, 0, 0);
	null = g->cnt;
	put(g, 0x7b, 10, 0, RECORD_OFF, 0);
	if (pick_of(g, 2)) {
		bounded(g, bytes / 2 - 1, &skip);
		put(g, 0x0f, 0, 1, 0, 0);
		access(g, 0, bytes / 2 + 1);
	} else {
		access(g, 0, bytes);
	}
	patch(g, skip);
	put(g, 0x79, 1, 10, RECORD_OFF, 0);
	put(g, 0xb7, 2, 0, 0, 0);
	put(g, 0x85, 0, 0, 0, RESERVE + 1 + (s32)pick_of(g, 2)); /* submit, discard */
	patch(g, null);
	put(g, 0xb7, 0, 0, 0, 3);
	g->rings = true;
}

/* Slot 0 holds the program itself; mostly it is another. */
static void tail_call(struct gen *g)
{
	put(g, 0xbf, 1, 6, 0, 0);
	load_map(g, 2, GEN_PROGS);
	put(g, 0xbf, 3, num(g), 0, 0);
	put(g, 0x57, 3, 0, 0, 7);
	put(g, 0x85, 0, 0, 0, TAIL_CALL);
	put(g, 0xb7, 0, 0, 0, imm_of(g)); /* nothing is returned */
}

static void number_alu(struct gen *g)
{
	alu(g, num(g), num(g));
}

/* In proportion to its weight each. */
static void gadget(struct gen *g)
{
	static const struct {
		void (*make)(struct gen *);
		u32 weight;
	} gadgets[] = {
		{number_alu, 16},   {mov, 16},        {stack, 12},       {jump, 16},
		{random_number, 4}, {map_value, 8},   {packet, 8},       {loop, 4},
		{function_call, 4}, {map_two, 4},     {atomic_index, 4}, {loop_callback, 2},
		{for_each, 1},      {ring_record, 3}, {tail_call, 2},
	};
	u32 sum = 0, n = 0, at;

	for (u32 i = 0; i < ARRAY_SIZE(gadgets); i++)
		sum += gadgets[i].weight;
	at = pick_of(g, sum);
	while (at >= gadgets[n].weight)
		at -= gadgets[n++].weight;
	gadgets[n].make(g);
}

/* (index, pointer to the caller's fp-16): the slot goes up, or becomes the index. */
static void loop_function(struct gen *g)
{
	put(g, 0xbf, 0, 1, 0, 0);
	put(g, 0x79, 3, 2, 0, 0);
	if (pick_of(g, 2))
		put(g, 0x07, 3, 0, 0, (s32)pick_of(g, 9));
	else
		alu(g, 3, 1);
	if (pick_of(g, 3))
		put(g, 0x57, 3, 0, 0, 63);
	put(g, 0x7b, 2, 3, 0, 0);
	put(g, 0x57, 0, 0, 0, (s32)pick_of(g, 2));
	put(g, 0x95, 0, 0, 0, 0);
}

/* (map, key, value, pointer to the caller's fp-16) */
static void elem_function(struct gen *g)
{
	put(g, 0x61, 5, 2, 0, 0);
	if (!pick_of(g, 8))
		put(g, 0x0f, 3, 5, 0, 0); /* a key may be anything, so refused */
	put(g, 0x61 | (pick_of(g, 2) ? 0x18 : 0), 0, 3, (s32)pick_of(g, 58), 0);
	put(g, 0x57, 0, 0, 0, pick_of(g, 3) ? 31 : 63);
	if (pick_of(g, 2)) {
		put(g, 0x79, 1, 4, 0, 0);
		put(g, 0x0f, 0, 1, 0, 0);
	}
	put(g, 0x7b, 4, 0, 0, 0);
	put(g, 0xb7, 0, 0, 0, 0);
	if (pick_of(g, 2))
		put(g, 0xa5, 5, 0, 1, 2);
	put(g, 0xb7, 0, 0, 0, (s32)!pick_of(g, 4));
	put(g, 0x95, 0, 0, 0, 0);
}

static void function(struct gen *g)
{
	put(g, 0xbf, 0, 1, 0, 0);
	put(g, 0x7b, 10, 2, -8, 0);
	alu(g, 0, 2);
	put(g, 0x25, 0, 0, 2, imm_of(g) & 0xff);
	put(g, 0x79, 3, 10, -8, 0);
	alu(g, 0, 3);
	put(g, 0x95, 0, 0, 0, 0);
}

static void start(struct gen *g)
{
	g->cnt = 0;
	g->rings = g->unbounded = false;
	for (u32 n = 0; n < GEN_FUNCS_MAX; n++)
		g->wants[n] = false;
	put(g, 0xbf, 6, 1, 0, 0);
	for (u32 r = 7; r < 10; r++) {
		put(g, 0x85, 0, 0, 0, PRANDOM);
		put(g, 0xbf, r, 0, 0, 0);
	}
	put(g, 0x57, 7, 0, 0, 255);
	for (s32 i = 1; i <= 4; i++)
		put(g, 0x7a, 10, 0, -8 * i, 0);
}

/* The functions that something refers to, and the references. */
static void functions(struct gen *g)
{
	static void (*const makers[GEN_FUNCS_MAX])(struct gen *) = {
		[FUNC_PLAIN] = function,
		[FUNC_LOOP] = loop_function,
		[FUNC_ELEM] = elem_function,
	};
	u32 end = g->cnt, at[GEN_FUNCS_MAX];

	g->func_cnt = 0;
	for (u32 n = 0; n < GEN_FUNCS_MAX; n++) {
		at[n] = g->cnt;
		if (!g->wants[n])
			continue;
		g->func_start[g->func_cnt++] = g->cnt;
		makers[n](g);
	}
	for (u32 i = 0; i < end; i++) {
		struct insn *insn = &g->insns[i];

		if ((insn->code == 0x85 && insn->src == 1) ||
		    (insn->code == 0x18 && insn->src == 4))
			insn->imm = (s32)(at[insn->imm] - i - 1);
	}
}

void gen_program(struct gen *g)
{
	u32 starts[GADGETS_MAX + 2], gadgets = 3 + pick_of(g, GADGETS_MAX - 3);
	bool is_jump[GADGETS_MAX + 1];

	start(g);
	for (u32 n = 0; n < gadgets; n++) {
		starts[n] = g->cnt;
		gadget(g);
		is_jump[n] = g->cnt == starts[n] + 1 && g->insns[starts[n]].off == 1 &&
			     ((g->insns[starts[n]].code & 7) == 5 ||
			      (g->insns[starts[n]].code & 7) == 6);
	}
	starts[gadgets] = g->cnt;
	put(g, 0xbf, 0, num(g), 0, 0);
	put(g, 0x57, 0, 0, 0, 3);
	put(g, 0x95, 0, 0, 0, 0);
	for (u32 n = 0; n < gadgets; n++) {
		u32 to = n + 1 + pick_of(g, MIN(gadgets - n, 5));

		if (is_jump[n])
			g->insns[starts[n]].off = (s16)(starts[MIN(to, gadgets)] - starts[n] - 1);
	}
	functions(g);
}
