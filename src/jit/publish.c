/* SPDX-License-Identifier: BSD-2-Clause */
#include "jit/publish.h"

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "jit/debug.h"

/* Functions of the program, and the way in for callbacks, which is the last. */
struct told {
	char (*names)[JIT_DEBUG_NAME_BYTES];
	struct jit_debug_func *funcs;
	u32 func_cnt;
	struct jit_unwind_step *steps;
	struct jit_debug_line *lines;
	u32 line_cnt;
};

static void told_fini(struct told *t)
{
	mem_free(t->names);
	mem_free(t->funcs);
	mem_free(t->steps);
	mem_free(t->lines);
}

static void name_func(struct told *t, const struct prog *prog, u32 n, u32 start)
{
	const struct prog_subprog *sub = prog_subprog_at(prog, prog_orig_idx(prog, start));
	char *name = t->names[n];

	jit_debug_name(prog, sub ? (u32)(sub - prog->subprogs) : UINT32_MAX, name);
	t->funcs[n].name = name;
}

static void find_funcs(struct told *t, const struct jit_code *c, const struct relax *r)
{
	const u32 stub = relax_at(r, &r->e->stubs[JIT_STUB_RAISE - JIT_STUB_BASE]);
	struct jit_debug_func *call = &t->funcs[c->func_cnt];

	for (u32 n = 0; n < c->func_cnt; n++) {
		t->funcs[n].start = c->func_off[n];
		t->funcs[n].end = c->func_end[n];
		name_func(t, c->prog, n, c->funcs[n].start);
	}
	call->start = (u32)((u64)(uintptr_t)c->call - ptr_to_u64(c->mem.exec));
	call->end = stub;
	snprintf(t->names[c->func_cnt], JIT_DEBUG_NAME_BYTES, "%.100s_callback",
		 t->funcs[0].name);
	call->name = t->names[c->func_cnt];
	t->func_cnt = c->func_cnt + 1;
}

/* Each function's share of the steps, which are in the order of the code. */
static void find_steps(struct told *t, const struct relax *r)
{
	u32 at = 0;

	for (u32 i = 0; i < r->e->step_cnt; i++) {
		const struct jit_step *s = &r->e->steps[i];

		t->steps[i] = (struct jit_unwind_step){ relax_at(r, &s->at), s->kind, s->reg,
							s->off };
	}
	for (u32 n = 0; n < t->func_cnt; n++) {
		struct jit_debug_func *f = &t->funcs[n];

		while (at < r->e->step_cnt && t->steps[at].at <= f->start)
			at++;
		f->steps = &t->steps[at];
		while (at < r->e->step_cnt && t->steps[at].at <= f->end)
			at++;
		f->step_cnt = (u32)(&t->steps[at] - f->steps);
	}
}

static void find_lines(struct told *t, const struct jit_code *c)
{
	const struct prog_line *last = NULL;

	for (u32 i = 0; i < c->insn_cnt; i++) {
		const struct prog_line *line = prog_line_at(c->prog, prog_orig_idx(c->prog, i));
		u32 at;

		if (!line || !line->file || line == last)
			continue;
		last = line;
		at = jit_insn_map_off(&c->map, i);
		/* What came before at the same place has no code. */
		if (t->line_cnt && t->lines[t->line_cnt - 1].at == at)
			t->line_cnt--;
		t->lines[t->line_cnt++] = (struct jit_debug_line){ at, line->line, line->file };
	}
}

int jit_publish(struct jit_code *c, const struct relax *r, u32 what)
{
	const u32 func_cnt = c->func_cnt + 1;
	struct told t = {
		.names = mem_zalloc_array(func_cnt, sizeof(*t.names)),
		.funcs = mem_zalloc_array(func_cnt, sizeof(*t.funcs)),
		.steps = mem_zalloc_array((size_t)r->e->step_cnt + 1, sizeof(*t.steps)),
		.lines = mem_zalloc_array((size_t)c->insn_cnt + 1, sizeof(*t.lines)),
	};
	int err = -ENOMEM;

	if (t.names && t.funcs && t.steps && t.lines) {
		struct jit_debug_info info = {
			.base = ptr_to_u64(c->mem.exec),
			.code_bytes = c->mem.bytes,
			.elf_machine = c->target->elf_machine,
			.isa = c->target->unwind,
		};

		find_funcs(&t, c, r);
		find_steps(&t, r);
		find_lines(&t, c);
		info.funcs = t.funcs;
		info.func_cnt = t.func_cnt;
		info.lines = t.lines;
		info.line_cnt = t.line_cnt;
		err = jit_debug_add(&info, what, &c->debug);
	}
	told_fini(&t);
	return err;
}
