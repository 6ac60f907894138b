/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * r6 is the context, r7..r9 and r0 hold numbers at every gadget's start, r1..r5 are a gadget's own.
 * Slots fp-8 … fp-32 are initialised; fp-40 is the key. Jumps lead to a later gadget's start.
 */
#include "tests/verify_contain/gen.h"

#include "base/types.h"

enum { PRANDOM = 7, LOOKUP = 1, GADGETS_MAX = 24, KEY_OFF = -40 };

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
	static const u8 regs[] = { 7, 8, 9, 0 };

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
	static const u8 ops[] = { 0x00, 0x10, 0x20, 0x40, 0x50, 0x60, 0x70, 0xa0,
				  0xc0, 0x00, 0x10, 0x50, 0x50, 0x40, 0x30, 0x90 };
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
	static const s16 offs[] = { 0, 0, 0, 8, 16, 32 };
	static const u8 ends[] = { 0xd4, 0xdc, 0xd7 };

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
	static const u8 ops[] = { 0x10, 0x20, 0x30, 0x40, 0x50, 0x60,
				  0x70, 0xa0, 0xb0, 0xc0, 0xd0 };
	u8 op = ops[pick_of(g, sizeof(ops))], cls = pick_of(g, 3) ? 5 : 6;

	/* The offset is patched: it counts gadgets until then. */
	if (pick_of(g, 3))
		put(g, op | cls, num(g), 0, 1, imm_of(g));
	else
		put(g, op | cls | 8, num(g), num(g), 1, 0);
}

static void stack(struct gen *g)
{
	static const u8 sizes[] = { 0x18, 0x18, 0x18, 0x00, 0x08, 0x10 };
	static const s32 bytes[] = { 8, 8, 8, 4, 2, 1 };
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

static void lookup(struct gen *g)
{
	struct insn *ld;

	if (pick_of(g, 2))
		put(g, 0x62, 10, 0, KEY_OFF, (s32)pick_of(g, GEN_MAP_ENTRIES + 2));
	else
		put(g, 0x63, 10, 7 + pick_of(g, 3), KEY_OFF, 0);
	put(g, 0xbf, 2, 10, 0, 0);
	put(g, 0x07, 2, 0, 0, KEY_OFF);
	ld = put(g, 0x18, 1, 1, 0, (s32)(u32)ptr_to_u64(g->map));
	put(g, 0, 0, 0, 0, (s32)(u32)(ptr_to_u64(g->map) >> 32));
	(void)ld;
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

static void access(struct gen *g, u32 base, s32 off)
{
	static const u8 sizes[] = { 0x18, 0x00, 0x08, 0x10 };
	u8 size = sizes[pick_of(g, 4)];

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
		bounded(g, pick_of(g, 3) ? 31 : 63, &skip);
		put(g, 0x0f, 0, 1, 0, 0);
	}
	access(g, 0, (s32)pick_of(g, 58));
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
	access(g, pick_of(g, 4) ? 3 : 4, (s32)pick_of(g, 56));
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
	access(g, 0, (s32)pick_of(g, 6));
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
	if (!pick_of(g, 3)) { /* moves after the check */
		bounded(g, 7, &skip);
		put(g, 0x0f, 2, 1, 0, 0);
	}
	access(g, 2, len - 1 - (s32)pick_of(g, (u32)len) + (s32)!pick_of(g, 3));
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
	put(g, 0x85, 0, 1, 0, 0); /* patched */
}

static void gadget(struct gen *g)
{
	switch (pick_of(g, 24)) {
	case 0:
	case 1:
	case 2:
	case 3:
		mov(g);
		break;
	case 4:
	case 5:
	case 6:
		stack(g);
		break;
	case 7:
	case 8:
	case 9:
	case 10:
		jump(g);
		break;
	case 11:
		random_number(g);
		break;
	case 12:
	case 13:
		map_value(g);
		break;
	case 14:
	case 15:
		packet(g);
		break;
	case 16:
		loop(g);
		break;
	case 17:
		function_call(g);
		break;
	case 18:
		map_two(g);
		break;
	case 19:
		atomic_index(g);
		break;
	default:
		alu(g, num(g), num(g));
	}
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

void gen_program(struct gen *g)
{
	u32 starts[GADGETS_MAX + 2], gadgets = 3 + pick_of(g, GADGETS_MAX - 3), calls = 0;
	bool is_jump[GADGETS_MAX + 1];

	g->cnt = 0;
	put(g, 0xbf, 6, 1, 0, 0);
	for (u32 r = 7; r < 10; r++) {
		put(g, 0x85, 0, 0, 0, PRANDOM);
		put(g, 0xbf, r, 0, 0, 0);
	}
	put(g, 0x57, 7, 0, 0, 255);
	for (s32 i = 1; i <= 4; i++)
		put(g, 0x7a, 10, 0, -8 * i, 0);
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
	for (u32 i = 0; i < starts[gadgets]; i++) {
		if (g->insns[i].code != 0x85 || g->insns[i].src != 1)
			continue;
		g->insns[i].imm = (s32)(g->cnt - i - 1);
		calls++;
	}
	if (calls)
		function(g);
}
