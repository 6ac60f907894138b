/* SPDX-License-Identifier: BSD-2-Clause */
/* From a decoded program to bytes with empty sites, for any target. */
#include "base/arena.h"
#include "base/bits.h"
#include "base/err.h"
#include "jit/jit_int.h"
#include "jit/lower.h"

/* What a compilation takes, roughly: too little costs a second chunk, too much nothing. */
#define ARENA_BYTES	     12288u
#define ARENA_BYTES_PER_INSN 64u
#define CODE_BYTES_PER_INSN  8u
#define INSNS_PER_SITE	     4u
#define CANDIDATES  16u
#define DEPTH_MAX   4u

/* A constant that stands in loops, and how much it would save. */
struct candidate {
	u64 value;
	u64 weight;
};

static bool is_long(u64 v)
{
	return (s64)v != (s32)v && v > UINT32_MAX;
}

static void note(struct candidate *list, u64 value, u64 weight)
{
	for (u32 i = 0; i < CANDIDATES; i++) {
		if (list[i].weight && list[i].value != value)
			continue;
		list[i].value = value;
		list[i].weight += weight;
		return;
	}
}

/* How often an instruction is in a loop: between a jump backwards and its target. */
static u8 *loop_depths(struct arena *arena, const struct front *f)
{
	s32 *step = arena_zalloc_array(arena, (size_t)f->insn_cnt + 1, sizeof(*step));
	u8 *depth = arena_alloc(arena, (size_t)f->insn_cnt + 1);
	s32 now = 0;

	for (u32 i = 0; step && depth && i < f->insn_cnt; i++) {
		if (!(front_kinds[f->insns[i].op] & FRONT_JUMPS) || f->insns[i].target > i)
			continue;
		step[f->insns[i].target]++;
		step[i + 1]--;
	}
	for (u32 i = 0; step && depth && i < f->insn_cnt; i++) {
		now += step[i];
		depth[i] = (u8)MIN((u32)now, DEPTH_MAX);
	}
	return step ? depth : NULL;
}

/* Long constants of loops go to registers that the program leaves free. Nothing is lost without. */
static void pick_constants(struct jit_emit *e, const struct front *f)
{
	struct candidate list[CANDIDATES] = { 0 };
	u8 *depth = f->loops ? loop_depths(&e->arena, f) : NULL;
	u32 cnt = 0;

	for (u32 i = 0; depth && i < f->insn_cnt; i++) {
		const struct decoded *d = &f->insns[i];

		if (front_kinds[d->op] & FRONT_PAIR && depth[i] && is_long(d->imm))
			note(list, d->imm, 1ull << 3 * depth[i]);
	}
	while (cnt < CANDIDATES && list[cnt].weight)
		cnt++;
	e->k_cnt = e->target->k_regs((u16)~f->regs_used & FRONT_REGS_ALL, f->calls,
				     MIN(cnt, LOP_K_MAX), e->k_regs);
	for (u32 k = 0; k < e->k_cnt; k++) {
		u32 best = 0;

		for (u32 i = 1; i < cnt; i++)
			if (list[i].weight > list[best].weight)
				best = i;
		e->k_values[k] = list[best].value;
		list[best].weight = 0;
	}
}

int jit_build_front(struct jit_build *b, const struct prog *prog,
		    const struct helper_resolver *resolver)
{
	struct arena *arena = &b->emit.arena;
	int err;

	/* Zeroing all of it would be most of what a small program costs. */
	arena->dirty = true;
	arena->first_bytes = ARENA_BYTES + (size_t)prog->insn_cnt * ARENA_BYTES_PER_INSN;
	b->emit.prog = prog;
	err = engine_decode(prog, resolver, arena, &b->code);
	return err ? err : front_init(&b->front, arena, prog, &b->code);
}

/* What targets append to, at once as large as it will probably be. */
static int room_for(struct jit_emit *e, u32 insn_cnt)
{
	const u32 code_bytes = 4 * JIT_BUF_ROOM + MIN(insn_cnt, 1u << 24) * CODE_BYTES_PER_INSN;
	const u32 site_cnt = 16 + insn_cnt / INSNS_PER_SITE;

	e->code.arena = &e->arena;
	e->code.p = arena_alloc(&e->arena, code_bytes);
	e->sites = arena_alloc_array(&e->arena, site_cnt, sizeof(*e->sites));
	if (!e->code.p || !e->sites)
		return -ENOMEM;
	e->code.cap = code_bytes;
	e->site_cap = site_cnt;
	return 0;
}

int jit_build_emit(struct jit_build *b, const struct jit_target *target)
{
	struct lower lower = { .e = &b->emit, .f = &b->front };
	struct jit_emit *e = &b->emit;
	const u32 insn_cnt = b->code.insn_cnt;

	b->places = arena_alloc_array(&e->arena, (size_t)insn_cnt + 1, sizeof(*b->places));
	if (!b->places || room_for(e, insn_cnt))
		return -ENOMEM;
	e->target = target;
	e->main_func = &b->front.entry;
	for (u32 stub = JIT_STUB_BASE; stub < JIT_STUB_FIXED_END; stub++)
		(void)jit_stub_new(e);
	if (e->failed)
		return -ENOMEM;
	pick_constants(e, &b->front);
	lower_program(&lower, b->places);
	jit_buf_room(&e->code);
	target->tail(e, &b->call);
	if (e->failed || e->code.failed)
		return -ENOMEM;
	b->shift = arena_alloc_array(&e->arena, (size_t)e->site_cnt + 1, sizeof(*b->shift));
	return b->shift ? 0 : -ENOMEM;
}

void jit_build_fini(struct jit_build *b)
{
	arena_fini(&b->emit.arena);
}
