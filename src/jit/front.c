/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 1. `live` is a fixed point of the usual backward equations, or larger: where loops are nested so
 *    deeply that it does not settle within PASSES_MAX passes, everything counts as live.
 * 2. What ends a function keeps nothing alive but r0: r6..r9 and the frame pointer are restored.
 */
#include "jit/front.h"

#include "base/err.h"
#include "base/mem.h"
#include "prog/facts.h"
#include "spec/helper.h"
#include "spec/intrinsics.h"

#define PASSES_MAX 32u

const u8 front_kinds[ISA_OP_CNT] = {
	[ISA_INVALID] = FRONT_BAD,
#define ISA_OP(id, family, code, sel, selv, dst, src, off, imm, ...)                       \
	[ISA_##id] =                                                                       \
		((off) == ISA_OFF_JUMP || (imm) == ISA_IMM_JUMP ? FRONT_JUMPS : 0) |       \
		(ISA_IS(family, EXIT) || ISA_IS(family, JA) ? FRONT_ENDS : 0) |            \
		(ISA_IS(family, CALL) || ISA_IS(family, CALLX) ? FRONT_CALLS : 0) |        \
		(ISA_IS(family, LDABS) || ISA_IS(family, LDIND) ? FRONT_CALLS : 0) |       \
		(ISA_IS(family, GOTOX) ? FRONT_GOTOX | FRONT_ENDS | FRONT_CALLS : 0) |     \
		(ISA_IS(family, LDDW) ? FRONT_PAIR : 0) |                                  \
		(ISA_IS(family, EXIT) ? FRONT_EXIT : 0) |                                  \
		(ISA_IS(family, MAY_GOTO) ? FRONT_MAY_GOTO : 0),
#include "isa/ops.def"
};

bool front_keeps_args(const struct front *f, const struct decoded *d)
{
	return d->op == ISA_CALL_HELPER && intrinsic_keeps_args(front_helper(f, d));
}

/* What engines that look at each register leave to the callee. */
static void call_regs(const struct front *f, struct decoded *d)
{
	d->writes = FRONT_CALL_DEFS;
	/* All five: what follows the last that the prototype names may be read, too (printk). */
	d->reads = FRONT_CALL_ARGS;
	if (d->op == ISA_CALLX)
		d->reads |= (u16)(1u << d->dst);
	if (front_keeps_args(f, d)) {
		d->reads = 0;
		d->writes = 1;
	}
}

static void func_starts(struct front *f, u32 idx)
{
	f->func_cnt += !(f->flags[idx] & FRONT_FUNC);
	f->flags[idx] |= FRONT_FUNC;
	f->main_called |= !idx;
}

static bool is_known(const struct helper_binding *b)
{
	return b->fn || b->host || (b->info && b->info->props & HP_TAIL_CALL);
}

/* Calls and references, whose operations tell apart what is refused and what is looked at later. */
static int mark_call(struct front *f, struct decoded *d, bool *ret_calls_back)
{
	switch (d->op) {
	case ISA_CALL_KFUNC:
	case ISA_LDDW_BTF_ID:
		return -EOPNOTSUPP;
	case ISA_CALL_HELPER:
		/* Only of calls imm is an index of bindings. */
		if (!is_known(&f->bindings[d->imm]))
			return -EINVAL;
		*ret_calls_back = true;
		break;
	case ISA_CALLX:
		*ret_calls_back = true;
		break;
	case ISA_CALL_SUBPROG:
		if (d->target == ENGINE_NO_TARGET)
			return -EINVAL;
		f->flags[d->target] |= FRONT_LEADER | FRONT_MANY;
		func_starts(f, d->target);
		break;
	case ISA_LDDW_FUNC:
		if (d->target == ENGINE_NO_TARGET)
			return -EINVAL;
		f->flags[d->target] |= FRONT_LEADER | FRONT_MANY;
		return 0;
	default:
		return 0;
	}
	call_regs(f, d);
	return 0;
}

/* What all instructions of a function do together. */
struct sum {
	u32 writes, reads; /* registers */
	u32 kinds;	   /* enum front_kind */
};

struct marked {
	struct sum sum; /* of the whole program */
	bool takes_addr, calls_back;
};

/* An instruction that has any kind. */
static int mark_kind(struct front *f, u32 idx, u8 kind, struct marked *m)
{
	struct decoded *d = &f->insns[idx];

	if (kind & FRONT_BAD)
		return -EINVAL;
	if (kind & FRONT_JUMPS) {
		if (d->target == ENGINE_NO_TARGET)
			return -EINVAL;
		if (f->flags[d->target] & FRONT_LEADER)
			f->flags[d->target] |= FRONT_MANY;
		f->flags[d->target] |= d->target <= idx ? FRONT_LEADER | FRONT_LOOP : FRONT_LEADER;
		f->loops |= d->target <= idx;
	}
	if (kind & FRONT_EXIT)
		d->reads = 1;
	if (!(kind & (FRONT_CALLS | FRONT_PAIR)))
		return 0;
	f->gotox |= d->op == ISA_GOTOX;
	m->takes_addr |= d->op == ISA_LDDW_FUNC;
	return mark_call(f, d, &m->calls_back);
}

/* Where control arrives, which functions are called, what is no program. */
static int mark(struct front *f, struct marked *m)
{
	struct decoded *d = f->insns;
	struct sum sum = { 0 };

	func_starts(f, 0);
	f->main_called = false;
	f->flags[0] |= FRONT_LEADER;
	for (u32 i = 0, cnt = f->insn_cnt; i < cnt; i++, d++) {
		const u8 kind = front_kinds[d->op];
		int err;

		if (unlikely(kind) && !d->half) {
			err = mark_kind(f, i, kind, m);
			if (err)
				return err;
		}
		sum.writes |= d->writes;
		sum.reads |= d->reads;
		sum.kinds |= kind;
	}
	m->sum = sum;
	return 0;
}

/*
 * A gotox may arrive at any instruction of its function. Where nobody can be called back, the
 * addresses that a program takes are for gotox, and begin no functions.
 */
static void mark_addrs(struct front *f, const struct marked *m)
{
	for (u32 i = 0; m->takes_addr && (!f->gotox || m->calls_back) && i < f->insn_cnt; i++)
		if (f->insns[i].op == ISA_LDDW_FUNC)
			func_starts(f, f->insns[i].target);
	for (u32 i = 0; f->gotox && i < f->insn_cnt; i++)
		f->flags[i] |= f->insns[i].half ? 0 : FRONT_LEADER | FRONT_MANY;
}

/*
 * One pass from the end of @fn; true when something grew where a loop arrives. Second words read
 * and write nothing.
 */
static bool live_pass(struct front *f, const struct jit_func *fn)
{
	const struct decoded *insns = f->insns;
	const u8 *flags = f->flags;
	u16 *lives = f->live;
	u32 live = lives[fn->end], grew = 0;

	for (u32 i = fn->end, start = fn->start; i-- > start;) {
		const struct decoded *d = &insns[i];
		const u8 kind = front_kinds[d->op] & (FRONT_JUMPS | FRONT_ENDS | FRONT_GOTOX);

		if (unlikely(kind)) {
			live = kind & FRONT_ENDS ? 0 : live;
			live |= kind & FRONT_JUMPS ? lives[d->target] : 0;
			live |= kind & FRONT_GOTOX ? FRONT_REGS_ALL : 0;
		}
		live = (live & ~(u32)d->writes) | d->reads;
		if (unlikely(flags[i] & FRONT_LOOP))
			grew |= live & ~(u32)lives[i];
		lives[i] = (u16)live;
	}
	return grew;
}

static void live_find(struct front *f, struct jit_func *fn)
{
	u32 pass = 0;

	while (live_pass(f, fn))
		if (++pass == PASSES_MAX) {
			for (u32 i = fn->start; i < fn->end; i++)
				f->live[i] = FRONT_REGS_ALL;
			break;
		}
	fn->live_in = f->live[fn->start];
}

const struct jit_func *front_func_at(const struct front *f, u32 idx)
{
	u32 low = 0, high = f->func_cnt;

	while (low < high) {
		const u32 mid = low + (high - low) / 2;

		if (f->funcs[mid].start == idx)
			return &f->funcs[mid];
		if (f->funcs[mid].start < idx)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* How deep the verifier saw it; the rest is for programs that nobody looked at. */
static u32 stack_of(const struct front *f, const struct jit_func *fn)
{
	const struct facts *facts = f->prog->facts;
	const u32 orig = prog_orig_idx(f->prog, fn->start);

	for (u32 i = 0; facts && i < facts->subprog_cnt; i++)
		if (facts->subprogs[i].start == orig)
			return (facts->subprogs[i].stack_bytes + 7) / 8 * 8;
	return ENGINE_STACK_BYTES;
}

/* What the function does, and that its jumps stay in it. */
static int func_sum(const struct front *f, const struct jit_func *fn, struct sum *ret_sum)
{
	const u32 start = fn->start, end = fn->end;
	const struct decoded *d = &f->insns[start];
	struct sum sum = { 0 };

	for (u32 i = start; i < end; i++, d++) {
		const u8 kind = front_kinds[d->op];

		sum.writes |= d->writes;
		sum.reads |= d->reads;
		sum.kinds |= kind;
		if (kind & FRONT_JUMPS && (d->target < start || d->target >= end))
			return -EINVAL;
	}
	*ret_sum = sum;
	return 0;
}

static int func_set(struct front *f, struct jit_func *fn, const struct sum *sum)
{
	u32 last = fn->end - 1;

	last -= f->insns[last].half;
	/* What nobody reaches may end the program in any way: whoever gets there faults. */
	if (!front_ends(f->insns[last].op) && fn->end < f->insn_cnt)
		return -EINVAL;
	fn->calls = sum->kinds & FRONT_CALLS;
	fn->may_goto = sum->kinds & FRONT_MAY_GOTO;
	fn->regs_saved = (u16)(sum->writes & FRONT_KEPT);
	fn->uses_fp = sum->reads & 1u << INSN_REG_FP;
	f->calls |= fn->calls;
	fn->saves_fp = fn->uses_fp || fn->may_goto;
	fn->stack_bytes = fn->uses_fp ? stack_of(f, fn) : 0;
	f->regs_used |= (u16)(sum->writes | sum->reads);
	return 0;
}

/* @all: the sum of the whole program. */
static int funcs_find(struct front *f, struct arena *arena, const struct sum *all)
{
	const u32 cnt = f->func_cnt;
	int err = 0;

	f->funcs = arena_zalloc_array(arena, cnt, sizeof(*f->funcs));
	if (!f->funcs)
		return -ENOMEM;
	for (u32 i = 0, n = 0; n < cnt; i++) {
		if (!(f->flags[i] & FRONT_FUNC))
			continue;
		if (n)
			f->funcs[n - 1].end = i;
		f->funcs[n++].start = i;
	}
	f->funcs[cnt - 1].end = f->insn_cnt;
	f->funcs[0].main = !f->main_called;
	if (cnt == 1)
		return func_set(f, f->funcs, all);
	for (u32 n = 0; !err && n < cnt; n++) {
		struct sum sum;

		err = func_sum(f, &f->funcs[n], &sum);
		if (!err)
			err = func_set(f, &f->funcs[n], &sum);
	}
	return err;
}

/* Depth of calls below each function, by the same fixed point as anything recursive: 8 rounds. */
static bool recursion_possible(const struct front *f)
{
	bool deeper = true;
	u32 *depth = mem_zalloc_array(f->func_cnt, sizeof(*depth));
	u32 most = 0;

	if (!depth)
		return true;
	for (u32 round = 0; deeper && round <= ENGINE_FRAMES_MAX; round++) {
		u32 fn = 0;

		deeper = false;
		for (u32 i = 0; i < f->insn_cnt; i++) {
			const struct jit_func *callee;

			if (i == f->funcs[fn].end)
				fn++;
			if (f->insns[i].op != ISA_CALL_SUBPROG)
				continue;
			callee = front_func_at(f, f->insns[i].target);
			if (depth[fn] + 1 > depth[callee - f->funcs]) {
				depth[callee - f->funcs] = depth[fn] + 1;
				most = MAX(most, depth[fn] + 1);
				deeper = true;
			}
		}
		if (most >= ENGINE_FRAMES_MAX)
			break;
	}
	mem_free(depth);
	return most >= ENGINE_FRAMES_MAX;
}

/* What main must keep for the host, and how much of it functions keep for each other. */
static void main_keeps_all(struct front *f)
{
	struct jit_func *entry = &f->entry;
	const bool counts = !f->prog->facts && (f->func_cnt > 1 || f->main_called) &&
			    recursion_possible(f);

	for (u32 n = 0; n < f->func_cnt; n++)
		f->funcs[n].counts_depth = counts;
	*entry = f->funcs[0];
	entry->main = true;
	for (u32 n = 0; n < f->func_cnt; n++) {
		entry->regs_saved |= f->funcs[n].regs_saved;
		entry->saves_fp |= f->funcs[n].saves_fp;
	}
	if (!f->main_called)
		f->funcs[0] = *entry;
}

int front_init(struct front *f, struct arena *arena, const struct prog *prog,
	       const struct engine_code *code)
{
	struct marked m = { 0 };
	int err;

	*f = (struct front){ .prog = prog, .insns = code->insns, .bindings = code->bindings,
			     .insn_cnt = code->insn_cnt };
	f->flags = arena_zalloc_array(arena, (size_t)f->insn_cnt + 1, 1);
	f->live = arena_zalloc_array(arena, (size_t)f->insn_cnt + 1, sizeof(*f->live));
	if (!f->flags || !f->live)
		return -ENOMEM;
	err = mark(f, &m);
	if (err)
		return err;
	mark_addrs(f, &m);
	err = funcs_find(f, arena, &m.sum);
	if (err)
		return err;
	for (u32 n = 0; n < f->func_cnt; n++)
		live_find(f, &f->funcs[n]);
	main_keeps_all(f);
	return 0;
}
