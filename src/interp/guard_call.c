/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of helpers from guarded programs: each argument is checked against the helper's row before
 * the call, so that a helper never sees memory that the program may not touch. What an embedder
 * registered itself has no row: it must check what it is given.
 */
#include <stdio.h>

#include "base/err.h"
#include "interp/guard_int.h"
#include "spec/helper.h"

struct call {
	const struct helper_info *info;
	const struct helper_arg *args;
	u64 map_types;	 /* that the helper works on */
	struct map *map; /* the map argument, NULL without */
};

/* One word before the reason, so that all refusals read alike. */
static bool refuse(struct guard *g, const struct call *c, u32 n, const char *why)
{
	guard_fault(g, FAULT_ARG, HELPER_PREFIX "%s wants %s in r%u, but %s",
		    c->info->name, arg_kind_text(c->args[n].kind), n + 1, why);
	g->run->fault.arg = n + 1;
	return false;
}

static bool check_map(struct guard *g, struct call *c, u32 n)
{
	u64 value = g->r[n + 1];
	struct map *map = NULL;

	for (u32 i = 0; i < g->prog->map_cnt && !map; i++)
		if (ptr_to_u64(g->prog->maps[i]) == value)
			map = g->prog->maps[i];
	for (u32 i = 0; i < g->inner_cnt && !map; i++)
		if (ptr_to_u64(g->inner[i]) == value)
			map = g->inner[i];
	if (!map)
		return refuse(g, c, n, "this is no map of the program");
	if (!(c->map_types >> map->attr.type & 1))
		return refuse(g, c, n, "the helper does not work on maps of this type");
	c->map = map;
	return true;
}

static bool check_memory(struct guard *g, const struct call *c, u32 n)
{
	const struct helper_arg *arg = &c->args[n];
	struct helper_arg_sizes sizes = { .size_arg = n + 2 < INSN_REGS ? g->r[n + 2] : 0 };
	u64 addr = g->r[n + 1], bytes;
	u32 perm = (arg->flags & AF_WRITE ? EXTENT_WRITE : 0) |
		   (arg->flags & AF_READ ? EXTENT_READ : 0);
	bool null_ok;
	struct extent e;

	if (c->map) {
		sizes.key_bytes = c->map->attr.key_size_bytes;
		sizes.value_bytes = c->map->attr.value_size_bytes;
	}
	if (n + 1 < HELPER_ARGS && arg_kind_class(c->args[n + 1].kind) == ARG_CLASS_SIZE &&
	    !(g->valid & 1u << (n + 2)))
		return refuse(g, c, n + 1, "the register was never written");
	if (helper_arg_memory(c->args, n, &sizes, &bytes, &null_ok))
		return refuse(g, c, n, "its size is 0, negative or too big");
	if (bytes == 0 || (addr == 0 && null_ok))
		return true;
	if (addr == 0)
		return refuse(g, c, n, "this is NULL");
	if (guard_in_ctx(g, addr))
		return refuse(g, c, n, "the context is no plain memory");
	if (!guard_find(g, addr, bytes, &e)) {
		guard_fault_access(g, perm & EXTENT_WRITE ? FAULT_WRITE : FAULT_READ, addr,
				   bytes > UINT32_MAX ? UINT32_MAX : (u32)bytes);
		snprintf(g->run->fault.detail, sizeof(g->run->fault.detail), HELPER_PREFIX "%s",
			 c->info->name);
		g->run->fault.arg = n + 1;
		return false;
	}
	if ((e.perm & perm) != perm)
		return refuse(g, c, n, "this memory is read-only");
	if (e.kind == EXTENT_PACKET && !(c->info->props & HP_PKT_ACCESS))
		return refuse(g, c, n, "the helper does not take packet memory");
	if (arg->flags & AF_ALIGNED && bytes <= 8 && addr % bytes)
		return refuse(g, c, n, "this address is not aligned");
	return true;
}

/*
 * bpf_map_is_rdonly: read-only for programs is not enough, since helpers read the text twice; only
 * in a frozen map can nobody change it in between.
 */
static bool string_may_change(const struct guard *g, u64 addr)
{
	for (u32 i = 0; i < g->prog->map_cnt; i++) {
		struct map *map = g->prog->maps[i];
		struct extent e;

		if (map->ops->extent_at && map->ops->extent_at(map, addr, &e) &&
		    extent_holds(&e, addr, 1))
			return !atomic_load_explicit(&map->frozen, memory_order_acquire);
	}
	return false; /* an embedder's own read-only memory, or an inner map's */
}

static bool check_string(struct guard *g, const struct call *c, u32 n)
{
	u64 addr = g->r[n + 1];
	struct extent e;

	if (!guard_find(g, addr, 1, &e))
		return refuse(g, c, n, "this is outside of every object");
	if (e.perm & EXTENT_WRITE)
		return refuse(g, c, n, "this memory is not read-only");
	if (string_may_change(g, addr))
		return refuse(g, c, n, "its map is not frozen, so it may change meanwhile");
	for (u64 end = e.base + e.size_bytes; addr < end; addr++)
		if (*(const char *)u64_to_ptr(addr) == '\0')
			return true;
	return refuse(g, c, n, "no NUL before the end of the object");
}

/* An object of its own while it is reserved, so it must be where one starts (CVE-2021-4204). */
static bool check_record(struct guard *g, const struct call *c, u32 n)
{
	struct extent e;

	if (!guard_find(g, g->r[n + 1], 1, &e) || e.base != g->r[n + 1])
		return refuse(g, c, n, "no record starts here");
	return true;
}

static bool check_arg(struct guard *g, struct call *c, u32 n)
{
	u32 idx;

	switch (arg_kind_class(c->args[n].kind)) {
	case ARG_CLASS_ANY:
	case ARG_CLASS_SIZE:
		return true;
	case ARG_CLASS_MAP:
		return check_map(g, c, n);
	case ARG_CLASS_MEMORY:
		return check_memory(g, c, n);
	case ARG_CLASS_CTX:
		if (g->r[n + 1] != ptr_to_u64(g->run->ctx) &&
		    !(c->args[n].flags & AF_OR_NULL && !g->r[n + 1]))
			return refuse(g, c, n, "this is not what r1 held at entry");
		return true;
	case ARG_CLASS_CODE:
		if (!engine_code_index(g->prog, g->r[n + 1], &idx))
			return refuse(g, c, n, "this is no function of the program");
		return true;
	case ARG_CLASS_STRING:
		return check_string(g, c, n);
	case ARG_CLASS_RECORD:
		return check_record(g, c, n);
	case ARG_CLASS_OBJECT:
		return refuse(g, c, n, "nothing of the kind exists here");
	}
	return false;
}

static bool check_args(struct guard *g, struct call *c)
{
	for (u32 n = 0; n < HELPER_ARGS; n++) {
		if (c->args[n].kind == ARG_KIND_NONE)
			break;
		if (!(g->valid & 1u << (n + 1))) {
			guard_fault(g, FAULT_UNINIT,
				    "r%u, an argument of " HELPER_PREFIX "%s, was never written",
				    n + 1, c->info->name);
			g->run->fault.arg = n + 1;
			return false;
		}
		if (!check_arg(g, c, n))
			return false;
	}
	return true;
}

/* What a lookup in a map of maps returns may be used as a map from now on. */
static bool keep_inner(struct guard *g, const struct call *c)
{
	struct map *inner = u64_to_ptr(g->r[0]);

	if (!inner || !c->map || c->info->ret.kind != RET_KIND_MAP_VALUE ||
	    c->map->ops->holds != OBJ_MAP)
		return true;
	for (u32 i = 0; i < g->inner_cnt; i++)
		if (g->inner[i] == inner)
			return true;
	if (g->inner_cnt == GUARD_INNER_MAPS)
		return guard_fault(g, FAULT_CALL, "more than %u inner maps in one execution",
				   GUARD_INNER_MAPS);
	g->inner[g->inner_cnt++] = inner;
	return true;
}

/* Records that the call reserved or committed. */
static bool keep_records(struct guard *g, const struct call *c)
{
	for (u32 n = 0; c->info->props & HP_RELEASES && n < HELPER_ARGS; n++)
		if (c->args[n].flags & AF_RELEASE)
			guard_record_released(g, g->r[n + 1]);
	if (c->info->ret.kind != RET_KIND_RINGBUF_MEM)
		return true;
	return guard_record_reserved(g, c->map, g->r[0]);
}

/* True when this program goes on, at the next instruction or in the program called. */
static bool tail_call(struct guard *g, const struct call *c)
{
	s32 err = 0;
	struct prog *next = engine_tail_target(g->run, c->map, (u32)g->r[3], &err);

	g->valid &= (u16)~0x3fu;
	g->valid |= 1;
	if (!next) {
		g->r[0] = (u64)(s64)err;
		return true;
	}
	if (next->ctx_class != g->prog->ctx_class)
		return guard_fault(g, FAULT_CALL, "tail call to '%s', whose context is another one",
				   next->name);
	g->tail = next;
	return true;
}

/* A fault that the helper found itself does not know its place. */
static bool fault_of_helper(struct guard *g, const struct call *c)
{
	struct fault found = g->run->fault;

	if (found.prog || !c->info)
		return false;
	guard_fault(g, found.kind, HELPER_PREFIX "%s: %s", c->info->name, found.detail);
	g->run->fault.arg = found.arg;
	return false;
}

bool guard_call_helper(struct guard *g, const struct helper_binding *b)
{
	struct call c = { .info = b->info, .map_types = b->map_types };
	u64 *r = g->r;

	if (!b->fn && !b->host && !(b->info && b->info->props & HP_TAIL_CALL))
		return guard_fault(g, FAULT_CALL, "there is no helper %d here",
				   g->prog->insns[g->pc].imm);
	if (c.info) {
		c.args = helper_args(c.info, g->prog->type);
		if (!check_args(g, &c))
			return false;
		if (c.info->props & HP_TAIL_CALL)
			return tail_call(g, &c);
	}
	if (b->host)
		r[0] = b->host(r[1], r[2], r[3], r[4], r[5], b->cookie);
	else
		r[0] = b->fn(r[1], r[2], r[3], r[4], r[5], g->run);
	guard_forget(g);
	g->valid &= (u16)~0x3fu;
	if (!c.info || c.info->ret.kind != RET_KIND_VOID)
		g->valid |= 1;
	if (g->run->fault.kind != FAULT_NONE)
		return fault_of_helper(g, &c);
	return !c.info || (keep_inner(g, &c) && keep_records(g, &c));
}
