/* SPDX-License-Identifier: BSD-2-Clause */
/* What targets note beside bytes: sites, stubs, cold places. */
#include <string.h>

#include "base/arena.h"
#include "jit/target.h"

/* Room for one more of @size bytes; false: memory is short, and the program lost. */
static bool grow(struct jit_emit *e, void **list, u32 cnt, u32 *cap, size_t size)
{
	u32 more = *cap ? *cap * 2 : 64;
	void *bigger;

	if (likely(cnt < *cap))
		return true;
	bigger = arena_alloc_array(&e->arena, more, size);
	if (!bigger) {
		e->failed = true;
		return false;
	}
	if (cnt)
		memcpy(bigger, *list, cnt * size);
	*list = bigger;
	*cap = more;
	return true;
}

/* A site at the end of the code, to be filled in; NULL: memory is short. */
static struct jit_site *site_new(struct jit_emit *e)
{
	void *list = e->sites;
	struct jit_site *site;

	if (!grow(e, &list, e->site_cnt, &e->site_cap, sizeof(*e->sites)))
		return NULL;
	e->sites = list;
	site = &e->sites[e->site_cnt++];
	site->at = e->code.len;
	site->form = 0;
	return site;
}

void jit_site_local(struct jit_emit *e, enum jit_site_kind kind, u32 cond, u32 target)
{
	struct jit_site *site = site_new(e);

	if (!site)
		return;
	site->target = target;
	site->ext = 0;
	site->kind = (u8)kind;
	site->cond = (u8)cond;
}

void jit_site_ext(struct jit_emit *e, u64 addr)
{
	struct jit_site *site = site_new(e);

	if (!site)
		return;
	site->target = 0;
	site->ext = addr;
	site->kind = JIT_SITE_EXT;
	site->cond = 0;
}

u32 jit_stub_new(struct jit_emit *e)
{
	void *list = e->stubs;

	if (!grow(e, &list, e->stub_cnt, &e->stub_cap, sizeof(*e->stubs)))
		return JIT_STUB_BASE;
	e->stubs = list;
	e->stubs[e->stub_cnt] = (struct jit_place){ 0 };
	return JIT_STUB_BASE + e->stub_cnt++;
}

void jit_stub_place(struct jit_emit *e, u32 target)
{
	if (e->stub_cnt)
		e->stubs[target - JIT_STUB_BASE] = jit_here(e);
}

void jit_step(struct jit_emit *e, enum jit_unwind_kind kind, u32 reg, s64 off)
{
	void *list = e->steps;

	if (likely(!e->want_steps) || !grow(e, &list, e->step_cnt, &e->step_cap,
					    sizeof(*e->steps)))
		return;
	e->steps = list;
	e->steps[e->step_cnt++] =
		(struct jit_step){ jit_here(e), (u8)kind, (u8)reg, (s32)off };
}

u32 jit_cold(struct jit_emit *e, u32 idx, u32 kind)
{
	void *list = e->colds;
	u32 stub = jit_stub_new(e);

	if (grow(e, &list, e->cold_cnt, &e->cold_cap, sizeof(*e->colds))) {
		e->colds = list;
		e->colds[e->cold_cnt++] = (struct jit_cold){ stub, idx, (u8)kind };
	}
	return stub;
}
