/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The objects that a guarded program may touch, and the reports of those it missed:
 *
 *   the stack frames of the running function and of its callers,
 *   the context, through the field tables of its class,
 *   what the context leads to (the packet), asked for anew after every call,
 *   values of the program's maps: one value each, so that none runs over into the next,
 *   the extents that the embedder gave the run.
 *
 * An access must lie in one of them whole. Pointers have no origin here: what counts is where an
 * access goes, so spilled or computed pointers need no bookkeeping.
 */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "interp/guard_int.h"

#define NEAR_BYTES   (1u << 16) /* farther than this no object was "missed" */
#define OBJECTS_MAX  4u		/* that one context may lead to */

static struct extent frame_extent(const struct guard *g, u32 depth)
{
	return (struct extent){
		.base = ptr_to_u64(g->stack[depth]),
		.size_bytes = ENGINE_STACK_BYTES,
		.kind = EXTENT_STACK,
		.perm = EXTENT_READ | EXTENT_WRITE,
		.name = "stack",
		.index = depth,
	};
}

static bool find_in_maps(struct map *const *maps, u32 cnt, u64 addr, u64 size_bytes,
			 struct extent *ret_extent)
{
	for (u32 i = 0; i < cnt; i++) {
		if (!maps[i]->ops->extent_at)
			continue;
		if (maps[i]->ops->extent_at(maps[i], addr, ret_extent) &&
		    extent_holds(ret_extent, addr, size_bytes))
			return true;
	}
	return false;
}

static u32 ctx_extents(const struct guard *g, struct extent *out)
{
	const struct ctx_class *cls = g->prog->ctx_class;

	return cls && cls->extents ? cls->extents(g->run->ctx, out, OBJECTS_MAX) : 0;
}

static bool find_slow(struct guard *g, u64 addr, u64 size_bytes, struct extent *ret_extent)
{
	struct extent objects[OBJECTS_MAX];
	u32 cnt = ctx_extents(g, objects);

	for (u32 i = 0; i < cnt; i++) {
		if (extent_holds(&objects[i], addr, size_bytes)) {
			*ret_extent = objects[i];
			return true;
		}
	}
	for (u32 i = 0; i < g->run->extent_cnt; i++) {
		if (extent_holds(&g->run->extents[i], addr, size_bytes)) {
			*ret_extent = g->run->extents[i];
			return true;
		}
	}
	return find_in_maps(g->prog->maps, g->prog->map_cnt, addr, size_bytes, ret_extent) ||
	       find_in_maps(g->inner, g->inner_cnt, addr, size_bytes, ret_extent);
}

bool guard_find(struct guard *g, u64 addr, u64 size_bytes, struct extent *ret_extent)
{
	u64 off = addr - ptr_to_u64(g->stack);

	if (off < sizeof(g->stack)) {
		u32 depth = (u32)(off / GUARD_FRAME_STRIDE);

		*ret_extent = frame_extent(g, depth);
		return depth <= g->depth && extent_holds(ret_extent, addr, size_bytes);
	}
	for (u32 i = 0; i < g->cache_cnt; i++) {
		if (extent_holds(&g->cache[i], addr, size_bytes)) {
			*ret_extent = g->cache[i];
			return true;
		}
	}
	if (!find_slow(g, addr, size_bytes, ret_extent))
		return false;
	g->cache[g->cache_next] = *ret_extent;
	g->cache_next = (g->cache_next + 1) % GUARD_CACHE;
	g->cache_cnt = MIN(g->cache_cnt + 1, GUARD_CACHE);
	return true;
}

u64 guard_stack_left(const struct run *run, u64 addr)
{
	const struct guard *g = run->engine;
	u64 off = addr - ptr_to_u64(g->stack), in_frame = off % GUARD_FRAME_STRIDE;

	if (off / GUARD_FRAME_STRIDE > g->depth || in_frame >= ENGINE_STACK_BYTES)
		return 0;
	return ENGINE_STACK_BYTES - in_frame;
}

bool guard_in_ctx(const struct guard *g, u64 addr)
{
	const struct ctx_class *cls = g->prog->ctx_class;

	return cls && addr - ptr_to_u64(g->run->ctx) < cls->size_bytes;
}

void *guard_memory(struct guard *g, u64 addr, u32 size_bytes, u32 perm)
{
	u64 off = addr - ptr_to_u64(g->stack[g->depth]);
	struct extent e;

	if (likely(off <= ENGINE_STACK_BYTES - size_bytes))
		return u64_to_ptr(addr);
	if (unlikely(!guard_find(g, addr, size_bytes, &e))) {
		guard_fault_access(g, perm & EXTENT_WRITE ? FAULT_WRITE : FAULT_READ, addr,
				   size_bytes);
		return NULL;
	}
	if (unlikely((e.perm & perm) != perm)) {
		guard_fault_access(g, FAULT_PERM, addr, size_bytes);
		snprintf(g->run->fault.detail, sizeof(g->run->fault.detail), "it is read-only");
		return NULL;
	}
	if (e.kind != EXTENT_STACK) {
		struct guard_hot hot = { e.base, e.size_bytes };

		if (e.perm & EXTENT_READ)
			g->hot_read = hot;
		if (e.perm & EXTENT_WRITE)
			g->hot_write = hot;
	}
	return u64_to_ptr(addr);
}

static bool ctx_fault(struct guard *g, u64 addr, u32 size_bytes, const char *verb)
{
	const struct ctx_class *cls = g->prog->ctx_class;
	u32 off = (u32)(addr - ptr_to_u64(g->run->ctx));
	const struct ctx_field *f = ctx_field_at(cls, off, 1);

	guard_fault_access(g, FAULT_CTX, addr, size_bytes);
	snprintf(g->run->fault.detail, sizeof(g->run->fault.detail),
		 "%s %u byte%s at offset %u of struct %s%s%s%s", verb, size_bytes,
		 size_bytes == 1 ? "" : "s", off, cls->name, f ? " (field " : "", f ? f->name : "",
		 f ? ")" : "");
	return false;
}

bool guard_load(struct guard *g, u64 addr, u32 size_bytes, u64 *ret_value)
{
	const void *p;

	if (unlikely(guard_in_ctx(g, addr))) {
		u32 off = (u32)(addr - ptr_to_u64(g->run->ctx));

		if (ctx_load(g->prog->ctx_class, g->run->ctx, off, size_bytes, ret_value))
			return ctx_fault(g, addr, size_bytes, "read");
		return true;
	}
	p = guard_memory(g, addr, size_bytes, EXTENT_READ);
	if (!p)
		return false;
	*ret_value = load_sized(p, size_bytes);
	return true;
}

/* A sign-extending load: no pointer of the context can be read that way. */
bool guard_load_sx(struct guard *g, u64 addr, u32 size_bytes, u64 *ret_value)
{
	const struct ctx_field *f;

	if (unlikely(guard_in_ctx(g, addr))) {
		f = ctx_field_at(g->prog->ctx_class, (u32)(addr - ptr_to_u64(g->run->ctx)),
				 size_bytes);
		if (f && f->value != CTX_SCALAR)
			return ctx_fault(g, addr, size_bytes, "sign-extend");
	}
	return guard_load(g, addr, size_bytes, ret_value);
}

bool guard_store(struct guard *g, u64 addr, u32 size_bytes, u64 value)
{
	void *p;

	if (unlikely(guard_in_ctx(g, addr))) {
		u32 off = (u32)(addr - ptr_to_u64(g->run->ctx));

		if (ctx_store(g->prog->ctx_class, g->run->ctx, off, size_bytes, value))
			return ctx_fault(g, addr, size_bytes, "write");
		return true;
	}
	p = guard_memory(g, addr, size_bytes, EXTENT_WRITE);
	if (!p)
		return false;
	store_sized(p, size_bytes, value);
	return true;
}

/* How many bytes lie between the access and the object; 0 when they touch or overlap. */
static u64 distance(const struct extent *e, u64 addr, u64 size_bytes)
{
	if (addr + size_bytes < e->base)
		return e->base - addr - size_bytes;
	return addr > e->base + e->size_bytes ? addr - e->base - e->size_bytes : 0;
}

struct nearest {
	u64 addr, size_bytes;
	u64 best;
	struct extent *out;
};

static void consider(struct nearest *n, const struct extent *e)
{
	u64 d = distance(e, n->addr, n->size_bytes);

	if (d < n->best) {
		n->best = d;
		*n->out = *e;
	}
}

static const char *map_name(const struct guard *g, u64 value)
{
	for (u32 i = 0; i < g->prog->map_cnt; i++)
		if (ptr_to_u64(g->prog->maps[i]) == value)
			return g->prog->maps[i]->attr.name;
	return NULL;
}

static void consider_maps(struct nearest *n, struct map *const *maps, u32 cnt)
{
	for (u32 i = 0; i < cnt; i++) {
		struct extent e = { 0 };

		if (maps[i]->ops->extent_at && maps[i]->ops->extent_at(maps[i], n->addr, &e) &&
		    e.kind != EXTENT_NONE)
			consider(n, &e);
	}
}

/* The object closest to the access, kind EXTENT_NONE when none is near. */
static void find_nearest(struct guard *g, u64 addr, u64 size_bytes, struct extent *ret_extent)
{
	struct nearest n = { addr, size_bytes, NEAR_BYTES, ret_extent };
	const struct ctx_class *cls = g->prog->ctx_class;
	struct extent objects[OBJECTS_MAX];
	u32 cnt = ctx_extents(g, objects);

	*ret_extent = (struct extent){ .kind = EXTENT_NONE };
	/* The innermost frame first: on equal distance the first one considered stays. */
	for (u32 i = g->depth + 1; i-- > 0;) {
		struct extent e = frame_extent(g, i);

		consider(&n, &e);
	}
	for (u32 i = 0; i < cnt; i++)
		consider(&n, &objects[i]);
	if (cls) {
		struct extent e = { .base = ptr_to_u64(g->run->ctx), .size_bytes = cls->size_bytes,
				    .kind = EXTENT_CTX, .perm = EXTENT_READ, .name = cls->name,
				    .index = -1 };

		consider(&n, &e);
	}
	for (u32 i = 0; i < g->run->extent_cnt; i++)
		consider(&n, &g->run->extents[i]);
	consider_maps(&n, g->prog->maps, g->prog->map_cnt);
	consider_maps(&n, g->inner, g->inner_cnt);
}

bool guard_fault_access(struct guard *g, enum fault_kind kind, u64 addr, u32 size_bytes)
{
	struct fault *f = &g->run->fault;

	guard_fault(g, kind, "%s", "");
	f->addr = addr;
	f->size_bytes = size_bytes;
	find_nearest(g, addr, size_bytes, &f->nearest);
	return false;
}

bool guard_fault(struct guard *g, enum fault_kind kind, const char *fmt, ...)
{
	struct fault *f = &g->run->fault;
	va_list ap;

	memset(f, 0, sizeof(*f));
	f->kind = kind;
	f->prog = g->prog;
	f->insn_idx = g->pc < g->prog->insn_cnt ? prog_orig_idx(g->prog, g->pc) : g->pc;
	f->regs_valid = g->valid;
	f->depth = g->depth;
	memcpy(f->regs, g->r, sizeof(f->regs));
	va_start(ap, fmt);
	vsnprintf(f->detail, sizeof(f->detail), fmt, ap);
	va_end(ap);
	for (u32 i = 0; i < INSN_REGS; i++) {
		struct extent e;

		if (!(g->valid & 1u << i))
			continue;
		find_nearest(g, g->r[i], 0, &e);
		if (e.kind != EXTENT_NONE && extent_holds(&e, g->r[i], 0))
			f->pointee[i] = e;
		else
			f->pointee[i].name = map_name(g, g->r[i]);
	}
	for (u32 d = g->depth; d-- > 0 && f->caller_cnt < FAULT_CALLERS_MAX;) {
		/* Callers in another program (before a tail call) have indices of their own. */
		if (g->frames[d].prog == g->prog)
			f->callers[f->caller_cnt++] = prog_orig_idx(g->prog, g->frames[d].pc);
	}
	return false;
}
