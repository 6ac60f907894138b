/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoding for all engines, and the parts of execution that they share because nothing in
 * them is about speed or safety: function pointers, tail-call targets, packet loads.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pages.h"
#include "engine/engine.h"
#include "map/map.h"
#include "spec/helper.h"

/* prog/prog.c puts the maps of a program as objects, without knowing struct map. */
_Static_assert(offsetof(struct map, obj) == 0, "a map begins with its object");

bool engine_regs_ok(const struct insn *i, enum isa_op op, u32 top)
{
	const struct isa_info *info = isa_info(op);
	bool src_is_reg = info->src != ISA_REG_NONE && info->src != ISA_REG_SEL;

	if (i->dst > top || (src_is_reg && i->src > top))
		return false;
	return !(isa_regs_written(i, op) & 1u << INSN_REG_FP);
}

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

/* Marks where instructions begin, so that no jump enters the second word of a pair. */
static u32 mark_starts(const struct prog *prog, u8 *starts)
{
	u32 calls = 0;

	for (u32 i = 0; i < prog->insn_cnt;) {
		enum isa_op op = isa_decode(&prog->insns[i]);

		starts[i] = 1;
		calls += op == ISA_CALL_HELPER;
		i += isa_words(op);
	}
	return calls;
}

static void decode_one(const struct prog *prog, u32 idx, const u8 *starts, struct decoded *d)
{
	const struct insn *i = &prog->insns[idx];
	enum isa_op op = isa_decode(i);
	s64 target = -1;

	if (op == ISA_LDDW_FUNC)
		target = (s64)idx + 1 + i->imm;
	else if (!isa_target(i, op, idx, &target))
		target = -1;
	*d = (struct decoded){
		.op = (u8)op,
		.dst = i->dst,
		.src = i->src,
		.off = i->off,
		.imm = (u64)(s64)i->imm,
		.target = ENGINE_NO_TARGET,
		.reads = isa_regs_read(i, op),
		.writes = isa_regs_written(i, op),
	};
	if (op == ISA_EXIT)
		d->reads = 0; /* only the outermost function must have set r0 */
	if (isa_info(op)->family == ISA_FAMILY_CALL || isa_info(op)->family == ISA_FAMILY_CALLX)
		d->reads = d->writes = 0;
	if (target >= 0 && target < prog->insn_cnt && starts[target])
		d->target = (u32)target;
	if (isa_words(op) == 2 && (idx + 1 >= prog->insn_cnt || prog->insns[idx + 1].code))
		d->op = ISA_INVALID; /* a constant cut in half */
	else if (op == ISA_LDDW_FUNC)
		d->imm = d->target == ENGINE_NO_TARGET ? 0 : ptr_to_u64(&prog->insns[d->target]);
	else if (isa_words(op) == 2)
		d->imm = insn_imm64(i);
	if (!engine_regs_ok(i, op, prog->marks ? INSN_REG_AX : INSN_REG_FP))
		d->op = ISA_INVALID;
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
		  struct engine_code *code)
{
	u8 *starts = mem_zalloc(prog->insn_cnt);
	u32 calls;
	int err = -ENOMEM;

	memset(code, 0, sizeof(*code));
	code->insn_cnt = prog->insn_cnt;
	if (resolver)
		code->resolver = *resolver;
	if (!starts)
		return err;
	calls = mark_starts(prog, starts);
	code->insns = pages_or_heap_new(rows_bytes(code));
	code->bindings = mem_zalloc_array(calls, sizeof(*code->bindings));
	if (!code->insns || !code->bindings)
		goto out;
	for (u32 i = 0; i < prog->insn_cnt; i++) {
		struct decoded *d = &code->insns[i];

		if (!starts[i])
			continue; /* the zeroed row is ISA_INVALID */
		decode_one(prog, i, starts, d);
		if (d->op == ISA_CALL_HELPER)
			d->imm = bind_helper(code, prog->insns[i].imm);
	}
	err = 0;
out:
	if (err)
		engine_code_fini(code);
	mem_free(starts);
	return err;
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
