/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sites of the arm64 target: at the edges of what each form reaches, site_reaches() says yes or no
 * as it should, and the words that site_write() makes go where they are to go. The words are run
 * by the few lines below, which know only what such words do.
 */
#include <string.h>

#include "jit/arm64/regs.h"
#include "jit/target.h"
#include "tests/tap.h"

#define AT   0x5500001000ULL
#define COND A64_LO
#define CBZ  (0x80u | 0x40u | 3u) /* cbz x3 */
#define CBNZ (0x80u | 0x20u | 5u) /* cbnz w5 */

static u64 signed_field(u32 word, u32 low, u32 bits)
{
	return (u64)((s64)((u64)(word >> low) << (64 - bits)) >> (64 - bits));
}

struct cpu {
	u64 pc, x[32];
	u32 flag_cond; /* the condition that holds; its opposite does not */
	bool linked, bad;
};

/* b.cond, cbz, cbnz: whether the branch is taken. */
static bool taken(const struct cpu *c, u32 word)
{
	if (word >> 24 == 0x54)
		return (word & 15) == c->flag_cond;
	const u64 v = word >> 31 ? c->x[word & 31] : (u32)c->x[word & 31];

	return word >> 24 & 1 ? v != 0 : v == 0;
}

/* The address of @page and what lies @pages from it. */
static u64 page_of(u64 pc, u32 word)
{
	const u64 pages = signed_field(word, 5, 19) << 2 | (word >> 29 & 3);

	return (pc & ~0xfffULL) + (pages << 12);
}

static void step(struct cpu *c, u32 word)
{
	const u32 rd = word & 31, rn = word >> 5 & 31, half = word >> 21 & 3;
	u64 next = c->pc + 4;

	if (word >> 26 == 0x05 || word >> 26 == 0x25) { /* b, bl */
		next = c->pc + (signed_field(word, 0, 26) << 2);
		c->linked = word >> 31;
	} else if (word >> 24 == 0x54 || (word >> 25 & 0x3f) == 0x1a) {
		if (taken(c, word))
			next = c->pc + (signed_field(word, 5, 19) << 2);
	} else if ((word & 0x9f000000) == 0x90000000) {
		c->x[rd] = page_of(c->pc, word);
	} else if ((word & 0x9f000000) == 0x10000000) {
		c->x[rd] = c->pc + (signed_field(word, 5, 19) << 2 | (word >> 29 & 3));
	} else if ((word & 0xffc00000) == 0x91000000) {
		c->x[rd] = c->x[rn] + (word >> 10 & 0xfff);
	} else if ((word & 0xff800000) == 0xd2800000) {
		c->x[rd] = (u64)(word >> 5 & 0xffff) << 16 * half;
	} else if ((word & 0xff800000) == 0xf2800000) {
		c->x[rd] &= ~(0xffffULL << 16 * half);
		c->x[rd] |= (u64)(word >> 5 & 0xffff) << 16 * half;
	} else if ((word & 0xffdffc1f) == 0xd61f0000) { /* br, blr */
		next = c->x[rn];
		c->linked = word >> 21 & 1;
	} else {
		c->bad = true;
	}
	c->pc = next;
}

/* Runs the site's bytes until control leaves them. */
static struct cpu run(const u8 *p, u32 bytes, u32 holds, u64 x)
{
	struct cpu c = { .pc = AT, .flag_cond = holds };

	for (u32 r = 0; r < 16; r++)
		c.x[r] = x;
	while (!c.bad && c.pc >= AT && c.pc < AT + bytes) {
		const u8 *at = p + (c.pc - AT);

		step(&c, (u32)at[0] | (u32)at[1] << 8 | (u32)at[2] << 16 | (u32)at[3] << 24);
	}
	return c;
}

/* One site in one form to @disp behind its end: taken, and not taken. */
static bool site_ok(enum jit_site_kind kind, u32 cond, u32 form, s64 disp)
{
	const struct jit_target *t = &jit_target_arm64;
	const u32 bytes = t->site_bytes[kind][form];
	const struct jit_site site = { .kind = (u8)kind, .cond = (u8)cond, .form = (u8)form };
	const u64 to = AT + bytes + (u64)disp;
	struct cpu c;
	u8 p[32];

	memset(p, 0xee, sizeof(p));
	t->site_write(p, &site, AT, to);
	if (p[bytes] != 0xee)
		return false;
	if (kind == JIT_SITE_ADDR) {
		c = run(p, bytes, COND, 0);
		return !c.bad && c.pc == AT + bytes && c.x[cond] == to;
	}
	c = run(p, bytes, COND, cond == CBNZ);
	if (c.bad || c.pc != to || c.linked != (kind == JIT_SITE_CALL || kind == JIT_SITE_EXT))
		return false;
	if (kind != JIT_SITE_JCC)
		return true;
	c = run(p, bytes, COND ^ 1, 1ULL << 32); /* of 64 bits not 0, of 32 it is */
	return !c.bad && c.pc == AT + bytes;
}

static const char *const names[] = { "jump", "condition", "call", "call out", "address" };

/* Both edges of a form: the last distance that it reaches, and the first that it does not. */
static void test_edges(enum jit_site_kind kind, u32 cond, u32 form, s64 reach)
{
	const struct jit_target *t = &jit_target_arm64;
	const s64 first = -reach - 4, last = reach - 8; /* from the end, the branch is 4 before */
	const s64 inside[] = { first, last, first + 4, last - 4, -64, 64, 4096, -4096 };
	u32 bad = 0;

	for (u32 i = 0; i < ARRAY_SIZE(inside); i++) {
		bad += !t->site_reaches(kind, form, inside[i]);
		bad += !site_ok(kind, cond, form, inside[i]);
	}
	bad += t->site_reaches(kind, form, first - 4) || t->site_reaches(kind, form, last + 4);
	tap_eq(bad, 0, "%s (0x%x), form %u, to %lld bytes away", names[kind], cond, form,
	       (long long)reach);
}

/* A last form, which nobody asks whether it reaches. */
static void test_last(enum jit_site_kind kind, u32 cond, u32 form, s64 reach)
{
	u32 bad = 0;

	for (s64 far = 4096; far < reach; far *= 2) {
		for (s64 off = -8; off <= 8; off += 4) {
			bad += !site_ok(kind, cond, form, far + off);
			bad += !site_ok(kind, cond, form, -far + off);
		}
	}
	tap_eq(bad, 0, "%s (0x%x), form %u, the last", names[kind], cond, form);
}

int main(void)
{
	static const u32 conds[] = { COND, CBZ, CBNZ };

	test_edges(JIT_SITE_JMP, 0, 0, 1 << 27);
	test_last(JIT_SITE_JMP, 0, 1, 1LL << 32);
	for (u32 i = 0; i < ARRAY_SIZE(conds); i++) {
		test_edges(JIT_SITE_JCC, conds[i], 0, 1 << 20);
		test_edges(JIT_SITE_JCC, conds[i], 1, 1 << 27);
		test_last(JIT_SITE_JCC, conds[i], 2, 1LL << 32);
	}
	test_edges(JIT_SITE_CALL, 0, 0, 1 << 27);
	test_last(JIT_SITE_CALL, 0, 1, 1LL << 32);
	test_edges(JIT_SITE_EXT, 0, 0, 1 << 27);
	test_last(JIT_SITE_EXT, 0, 1, 1LL << 32);
	test_last(JIT_SITE_EXT, 0, 2, 1LL << 62);
	test_edges(JIT_SITE_ADDR, 9, 0, 1 << 20);
	test_last(JIT_SITE_ADDR, 9, 1, 1LL << 32);
	return tap_done();
}
