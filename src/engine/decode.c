/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoding for all engines, and the parts of execution that they share because nothing in
 * them is about speed or safety: function pointers, tail-call targets, packet loads.
 */
#include <string.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pages.h"
#include "engine/engine.h"
#include "map/map.h"
#include "spec/helper.h"

/* prog/prog.c puts the maps of a program as objects, without knowing struct map. */
_Static_assert(offsetof(struct map, obj) == 0, "a map begins with its object");

/* One binding per call: searching for equal ones would cost more than it saves. */
static u64 bind_helper(struct engine_code *code, s32 id)
{
	struct helper_binding *binding = &code->bindings[code->binding_cnt];

	if (!code->resolver.resolve ||
	    code->resolver.resolve(code->resolver.cookie, id, binding) < 0)
		*binding = (struct helper_binding){ 0 };
	if (binding->info)
		binding->map_types = helper_map_types(binding->info->id);
	return code->binding_cnt++;
}

/*
 * Marks second words, so that no jump enters one. Returns the most helpers that can be called.
 */
static u32 mark_halves(const struct prog *prog, struct decoded *rows)
{
	const u8 pair = isa_info(ISA_LDDW_IMM)->code, call = isa_info(ISA_CALL_HELPER)->code;
	const struct insn *insns = prog->insns;
	const u32 cnt = prog->insn_cnt;
	u32 calls = 0;

	for (u32 i = 0; i < cnt; i++) {
		calls += insns[i].code == call;
		if (insns[i].code == pair && isa_words(isa_decode(&insns[i])) == 2 && i + 1 < cnt)
			rows[++i].half = true;
	}
	return calls;
}

enum shape_rare { RARE_JUMP_OFF = 1, RARE_JUMP_IMM = 2, RARE_PAIR = 4, RARE_CALL = 8 };

/* Of each operation, what its row is made of: a small table, which stays in the cache. */
struct shape {
	u8 dst_read, dst_written, src_read, src_written; /* 1 or 0 */
	u8 rare; /* enum shape_rare: what most operations have none of */
	u8 src_is_reg;
	u16 use, def;
};

static const struct shape shapes[ISA_OP_CNT] = {
#define ISA_OP(id, family, code, sel, selv, dst_, src_, off, imm, fn, width, form, text, use_,\
	       def_, cpu, since)                                                           \
	[ISA_##id] = {                                                                     \
		.dst_read = !!((dst_) & ISA_REG_R),                                        \
		.dst_written = !!((dst_) & ISA_REG_W),                                     \
		.src_read = !!((src_) & ISA_REG_R),                                        \
		.src_written = !!((src_) & ISA_REG_W),                                     \
		.src_is_reg = (src_) != ISA_REG_NONE && (src_) != ISA_REG_SEL,             \
		.rare = ((off) == ISA_OFF_JUMP ? RARE_JUMP_OFF : 0) |                      \
			((imm) == ISA_IMM_JUMP ? RARE_JUMP_IMM : 0) |                      \
			((imm) == ISA_IMM_SUBPROG ? RARE_JUMP_IMM : 0) |                   \
			(ISA_IS(family, LDDW) ? RARE_PAIR : 0) |                           \
			(ISA_IS(family, CALL) || ISA_IS(family, CALLX) ? RARE_CALL : 0) |  \
			(ISA_IS(family, EXIT) ? RARE_CALL : 0),                            \
		.use = use_,                                                               \
		.def = def_,                                                               \
	},
#include "isa/ops.def"
};

static void target_set(const struct engine_code *code, struct decoded *d, s64 target)
{
	if (target >= 0 && target < code->insn_cnt && !code->insns[target].half)
		d->target = (u32)target;
}

static void pair_set(const struct prog *prog, const struct engine_code *code, u32 idx,
		     struct decoded *d)
{
	const struct insn *i = &prog->insns[idx];

	if (d->op == ISA_LDDW_FUNC)
		target_set(code, d, (s64)idx + 1 + i->imm);
	if (idx + 1 >= prog->insn_cnt || i[1].code)
		d->op = ISA_INVALID; /* a constant cut in half */
	else if (d->op == ISA_LDDW_FUNC)
		d->imm = d->target == ENGINE_NO_TARGET ? 0 : ptr_to_u64(&prog->insns[d->target]);
	else
		d->imm = insn_imm64(i);
}

static void rare_set(const struct prog *prog, struct engine_code *code, u32 idx, u8 rare)
{
	const struct insn *i = &prog->insns[idx];
	struct decoded *d = &code->insns[idx];

	if (rare & RARE_JUMP_OFF)
		target_set(code, d, (s64)idx + 1 + i->off);
	else if (rare & RARE_JUMP_IMM)
		target_set(code, d, (s64)idx + 1 + i->imm);
	/* Of exit: only the outermost function must have set r0. */
	if (rare & RARE_CALL)
		d->reads = d->writes = 0;
	if (rare & RARE_PAIR)
		pair_set(prog, code, idx, d);
	if (d->op == ISA_CALL_HELPER)
		d->imm = bind_helper(code, i->imm);
}

static void rows_fill(const struct prog *prog, struct engine_code *code)
{
	const u32 top = prog->marks ? INSN_REG_AX : INSN_REG_FP;
	const struct insn *i = prog->insns;
	struct decoded *d = code->insns;

	for (const struct insn *end = i + prog->insn_cnt; i < end; i++, d++) {
		const enum isa_op op = isa_decode(i);
		const struct shape *shape = &shapes[op];
		const u32 dst = i->dst, src = i->src;
		const u32 reads = (u32)shape->dst_read << dst | (u32)shape->src_read << src;
		const u32 writes = (u32)shape->dst_written << dst |
				   (u32)shape->src_written << src | shape->def;
		/* There are so many registers, and nobody writes the frame pointer. */
		const u32 bad = (dst > top) | (shape->src_is_reg & (src > top)) |
				(writes >> INSN_REG_FP & 1);

		if (unlikely(d->half))
			continue; /* the zeroed row is ISA_INVALID */
		d->op = bad ? ISA_INVALID : (u8)op;
		d->dst = (u8)dst;
		d->src = (u8)src;
		d->off = i->off;
		d->reads = (u16)(reads | shape->use);
		d->target = ENGINE_NO_TARGET;
		d->writes = (u16)writes;
		d->imm = (u64)(s64)i->imm;
		if (unlikely(shape->rare))
			rare_set(prog, code, (u32)(d - code->insns), shape->rare);
	}
}

static u64 rows_bytes(const struct engine_code *code)
{
	return ((u64)code->insn_cnt + 1) * sizeof(*code->insns);
}

void engine_rows_free(struct engine_code *code)
{
	pages_or_heap_free(code->insns, rows_bytes(code));
	code->insns = NULL;
}

int engine_decode(const struct prog *prog, const struct helper_resolver *resolver,
		  struct arena *arena, struct engine_code *code)
{
	u32 calls;

	memset(code, 0, sizeof(*code));
	code->insn_cnt = prog->insn_cnt;
	if (resolver)
		code->resolver = *resolver;
	code->insns = arena ? arena_zalloc_array(arena, 1, (size_t)rows_bytes(code)) :
			      pages_or_heap_new(rows_bytes(code));
	if (!code->insns)
		return -ENOMEM;
	calls = mark_halves(prog, code->insns);
	code->bindings = arena ? arena_zalloc_array(arena, calls, sizeof(*code->bindings)) :
				 mem_zalloc_array(calls, sizeof(*code->bindings));
	if (!code->bindings) {
		if (!arena)
			engine_code_fini(code);
		return -ENOMEM;
	}
	rows_fill(prog, code);
	return 0;
}

void engine_code_fini(struct engine_code *code)
{
	engine_rows_free(code);
	mem_free(code->bindings);
	code->bindings = NULL;
}

bool engine_code_index(const struct prog *prog, u64 value, u32 *ret_idx)
{
	u64 base = ptr_to_u64(prog->insns);

	if (value < base || (value - base) % sizeof(struct insn) ||
	    (value - base) / sizeof(struct insn) >= prog->insn_cnt)
		return false;
	*ret_idx = (u32)((value - base) / sizeof(struct insn));
	return true;
}

/* bpf_tail_call: the order of its checks is that of the kernel's JITs. */
struct prog *engine_tail_target(struct run *run, struct map *map, u32 index, s32 *ret_err)
{
	struct prog *prog;

	if (index >= map->attr.max_entries) {
		*ret_err = -E2BIG;
		return NULL;
	}
	if (run->tail_calls >= RUN_TAIL_CALLS_MAX) {
		*ret_err = -ELOOP;
		return NULL;
	}
	prog = map->ops->lookup_obj ? map->ops->lookup_obj(map, index) : NULL;
	if (!prog) {
		*ret_err = -ENOENT;
		return NULL;
	}
	run->tail_calls++;
	return prog;
}

bool engine_load_packet(const struct run *run, s64 off, u32 size_bytes, u64 *ret_value)
{
	const struct ctx_class *cls = run->prog->ctx_class;
	const struct extent *e = &run->extents[0];
	const u8 *p;

	if (cls) {
		if (!cls->packet_at || off < INT32_MIN || off > INT32_MAX)
			return false;
		p = cls->packet_at(run->ctx, (s32)off, size_bytes);
		if (!p)
			return false;
	} else {
		if (!run->extent_cnt || off < 0 || !(e->perm & EXTENT_READ) ||
		    (u64)off > e->size_bytes || size_bytes > e->size_bytes - (u64)off)
			return false;
		p = u64_to_ptr(e->base + (u64)off);
	}
	*ret_value = size_bytes == 1 ? *p : size_bytes == 2 ? load_be16(p) : load_be32(p);
	return true;
}

bool engine_call_by_number(struct run *run, u64 number, u64 *r)
{
	const struct engine_code *code = run->prog->code;
	struct helper_binding b = { 0 };

	if (!code->resolver.lasting || number > INT32_MAX ||
	    code->resolver.resolve(code->resolver.cookie, (s32)number, &b) < 0)
		return false;
	if (b.host)
		r[0] = b.host(r[1], r[2], r[3], r[4], r[5], b.cookie);
	else if (b.fn && !(b.info && b.info->props & HP_TAIL_CALL))
		r[0] = b.fn(r[1], r[2], r[3], r[4], r[5], run);
	else
		return false;
	return true;
}

u64 engine_callback(struct run *run, u64 fn, const u64 args[5])
{
	const struct engine_code *code = run->prog->code;
	u64 r0 = 0;
	u32 idx;

	if (!engine_code_index(run->prog, fn, &idx)) {
		run->fault = (struct fault){ .kind = FAULT_CALL, .prog = run->prog };
		return 0;
	}
	/* Helpers that loop come by here: a program that is proved to end looks nowhere else. */
	if (atomic_load_explicit(&run->stop, memory_order_relaxed)) {
		run->fault = (struct fault){
			.kind = FAULT_BUDGET,
			.prog = run->prog,
			.insn_idx = prog_orig_idx(run->prog, idx),
		};
		return 0;
	}
	return code->call(run, idx, args, &r0) ? 0 : r0;
}
