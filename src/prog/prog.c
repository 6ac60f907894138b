/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program object: made empty, filled in by whoever loads, freed with all that it owns. Also
 * the two questions that reports ask: which source line, which subprogram.
 */
#include "prog/prog.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "btf/btf.h"
#include "isa/cbpf/cbpf.h"
#include "prog/facts.h"

static void bound_maps_free(struct prog *prog)
{
	struct prog_bound_map *bound;

	bound = atomic_load_explicit(&prog->bound_maps, memory_order_acquire);
	while (bound) {
		struct prog_bound_map *next = bound->next;

		obj_put(bound->map);
		mem_free(bound);
		bound = next;
	}
}

static void prog_free(struct prog *prog)
{
	if (prog->code_free)
		prog->code_free(prog->code);
	mem_free((void *)(uintptr_t)prog->insns_loaded);
	mem_free(prog->insns);
	mem_free(prog->orig_idx);
	mem_free(prog->marks);
	mem_free(prog->insns_shown);
	mem_free(prog->shown_orig_idx);
	facts_free(prog->facts);
	mem_free(prog->subprogs);
	mem_free(prog->lines);
	/* Maps live above this floor, but each begins with its struct obj (asserted in interp/). */
	for (u32 i = 0; i < prog->map_cnt; i++)
		obj_put((struct obj *)prog->maps[i]);
	mem_free(prog->maps);
	bound_maps_free(prog);
	btf_put(prog->btf);
	cbpf_prog_free(prog->classic);
	mem_free(prog);
}

static void prog_destroy(struct obj *obj)
{
	prog_free(container_of(obj, struct prog, obj));
}

int prog_new(struct prog **ret_prog)
{
	struct prog *prog = mem_zalloc(sizeof(*prog));

	if (!prog)
		return -ENOMEM;
	obj_init(&prog->obj, OBJ_PROG, prog_destroy);
	*ret_prog = prog;
	return 0;
}

struct prog *prog_get(struct prog *prog)
{
	obj_get(&prog->obj);
	return prog;
}

void prog_put(struct prog *prog)
{
	if (prog)
		obj_put(&prog->obj);
}

int prog_bind_map(struct prog *prog, struct obj *map)
{
	struct prog_bound_map *bound;

	for (u32 i = 0; i < prog->map_cnt; i++) {
		if ((struct obj *)prog->maps[i] == map)
			return 0;
	}
	bound = mem_alloc(sizeof(*bound));
	if (!bound)
		return -ENOMEM;
	bound->map = obj_get(map);
	bound->next = atomic_load_explicit(&prog->bound_maps, memory_order_relaxed);
	/* Release: who sees the entry sees what is in it. */
	while (!atomic_compare_exchange_weak_explicit(&prog->bound_maps, &bound->next, bound,
						      memory_order_release, memory_order_relaxed))
		;
	return 0;
}

int prog_new_raw(const struct insn *insns, u32 insn_cnt, const char *name, struct prog **ret_prog)
{
	struct prog *prog;
	int err = prog_new(&prog);

	if (err)
		return err;
	prog->insns_loaded = mem_dup(insns, insn_cnt * sizeof(*insns));
	prog->insns = mem_dup(insns, insn_cnt * sizeof(*insns));
	if (!prog->insns || !prog->insns_loaded) {
		prog_put(prog);
		return -ENOMEM;
	}
	prog->insns_loaded_cnt = insn_cnt;
	prog->insn_cnt = insn_cnt;
	for (u32 i = 0; name && name[i] && i < PROG_NAME_BYTES - 1; i++)
		prog->name[i] = name[i];
	*ret_prog = prog;
	return 0;
}

const struct prog_line *prog_line_at(const struct prog *prog, u32 idx)
{
	u32 lo = 0, hi = prog->line_cnt;

	/* The last row that starts at or before the instruction. */
	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (prog->lines[mid].insn_idx <= idx)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? &prog->lines[lo - 1] : NULL;
}

const struct prog_subprog *prog_subprog_at(const struct prog *prog, u32 idx)
{
	for (u32 i = 0; i < prog->subprog_cnt; i++)
		if (idx >= prog->subprogs[i].start && idx < prog->subprogs[i].end)
			return &prog->subprogs[i];
	return NULL;
}
