/* SPDX-License-Identifier: BSD-2-Clause */
/* From a decoded program to bytes with empty sites, for any target. */
#include "base/err.h"
#include "base/mem.h"
#include "base/pages.h"
#include "jit/jit_int.h"
#include "jit/lower.h"

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
static u8 *loop_depths(const struct front *f)
{
	s32 *step = mem_zalloc_array((size_t)f->insn_cnt + 1, sizeof(*step));
	u8 *depth = mem_zalloc((size_t)f->insn_cnt + 1);
	s32 now = 0;

	for (u32 i = 0; step && depth && i < f->insn_cnt; i++) {
		const struct isa_info *info = isa_info(f->insns[i].op);

		if (f->flags[i] & FRONT_HALF || f->insns[i].target > i ||
		    (info->off != ISA_OFF_JUMP && info->imm != ISA_IMM_JUMP))
			continue;
		step[f->insns[i].target]++;
		step[i + 1]--;
	}
	for (u32 i = 0; step && depth && i < f->insn_cnt; i++) {
		now += step[i];
		depth[i] = (u8)MIN((u32)now, DEPTH_MAX);
	}
	if (!step) {
		mem_free(depth);
		depth = NULL;
	}
	mem_free(step);
	return depth;
}

/* Long constants of loops go to registers that the program leaves free. Nothing is lost without. */
static void pick_constants(struct jit_emit *e, const struct front *f)
{
	struct candidate list[CANDIDATES] = { 0 };
	u8 *depth = loop_depths(f);
	u32 cnt = 0;

	for (u32 i = 0; depth && i < f->insn_cnt; i++) {
		const struct decoded *d = &f->insns[i];

		if (f->flags[i] & FRONT_HALF || !depth[i] || !is_long(d->imm))
			continue;
		if (isa_info(d->op)->family == ISA_FAMILY_LDDW)
			note(list, d->imm, 1ull << 3 * depth[i]);
	}
	mem_free(depth);
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

int jit_build_run(struct jit_build *b, const struct prog *prog, const struct engine_code *code,
		  const struct jit_target *target)
{
	struct lower lower = { .e = &b->emit, .f = &b->front };
	struct jit_emit *e = &b->emit;
	int err = front_init(&b->front, prog, code);

	if (err)
		return err;
	b->places_bytes = ((u64)prog->insn_cnt + 1) * sizeof(*b->places);
	b->places = pages_or_heap_new(b->places_bytes);
	e->target = target;
	e->prog = prog;
	e->main_func = &b->front.entry;
	jit_buf_room(&e->code);
	for (u32 stub = JIT_STUB_BASE; stub < JIT_STUB_FIXED_END; stub++)
		(void)jit_stub_new(e);
	if (!b->places || e->code.failed || e->failed)
		return -ENOMEM;
	pick_constants(e, &b->front);
	lower_program(&lower, b->places);
	jit_buf_room(&e->code);
	target->tail(e, &b->call);
	if (e->failed || e->code.failed)
		return -ENOMEM;
	b->shift = mem_zalloc_array((size_t)e->site_cnt + 1, sizeof(*b->shift));
	return b->shift ? 0 : -ENOMEM;
}

void jit_build_fini(struct jit_build *b)
{
	front_fini(&b->front);
	jit_buf_fini(&b->emit.code);
	mem_free(b->emit.sites);
	mem_free(b->emit.stubs);
	mem_free(b->emit.colds);
	mem_free(b->emit.steps);
	pages_or_heap_free(b->places, b->places_bytes);
	mem_free(b->shift);
}
