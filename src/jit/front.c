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
#include "spec/intrinsics.h"

#define PASSES_MAX 32u

static u8 family(const struct decoded *d)
{
	return isa_info(d->op)->family;
}

bool front_ends(enum isa_op op)
{
	const u8 fam = isa_info(op)->family;

	return fam == ISA_FAMILY_EXIT || fam == ISA_FAMILY_JA || fam == ISA_FAMILY_GOTOX;
}

static bool jumps(enum isa_op op)
{
	return isa_info(op)->off == ISA_OFF_JUMP || isa_info(op)->imm == ISA_IMM_JUMP;
}

/*
 * A gotox may arrive at any instruction of its function. Where nobody can be called back, the
 * addresses that a program takes are for gotox, and begin no functions.
 */
static void look_for_gotox(const struct front *f, bool *ret_gotox, bool *ret_labels)
{
	bool calls_back = false;

	for (u32 i = 0; i < f->insn_cnt; i += isa_words(f->insns[i].op)) {
		*ret_gotox |= f->insns[i].op == ISA_GOTOX;
		calls_back |= f->insns[i].op == ISA_CALL_HELPER || f->insns[i].op == ISA_CALLX;
	}
	*ret_labels = *ret_gotox && !calls_back;
}

static int mark(struct front *f)
{
	bool anywhere = false, labels = false;

	look_for_gotox(f, &anywhere, &labels);
	f->flags[0] = FRONT_FUNC | FRONT_LEADER;
	for (u32 i = 0; i < f->insn_cnt;) {
		const struct decoded *d = &f->insns[i];
		const u8 fam = family(d);

		if (d->op == ISA_INVALID)
			return -EINVAL;
		if (d->op == ISA_CALL_SUBPROG || d->op == ISA_LDDW_FUNC) {
			if (d->target == ENGINE_NO_TARGET)
				return -EINVAL;
			f->flags[d->target] |= FRONT_LEADER;
			if (!labels || d->op == ISA_CALL_SUBPROG) {
				f->flags[d->target] |= FRONT_FUNC;
				f->main_called |= !d->target;
			}
		} else if (jumps(d->op)) {
			if (d->target == ENGINE_NO_TARGET)
				return -EINVAL;
			f->flags[d->target] |= FRONT_LEADER;
		}
		if (fam == ISA_FAMILY_LDDW)
			f->flags[++i] |= FRONT_HALF;
		i++;
	}
	for (u32 i = 0; anywhere && i < f->insn_cnt; i++)
		f->flags[i] |= f->flags[i] & FRONT_HALF ? 0 : FRONT_LEADER;
	return 0;
}

bool front_keeps_args(const struct front *f, const struct decoded *d)
{
	return d->op == ISA_CALL_HELPER && intrinsic_keeps_args(front_helper(f, d));
}

static u16 reads_of(const struct front *f, const struct decoded *d)
{
	if (front_keeps_args(f, d))
		return 0;
	if (d->op == ISA_EXIT)
		return 1;
	/* All five: what follows the last that the prototype names may be read, too (printk). */
	if (d->op == ISA_CALL_HELPER)
		return FRONT_CALL_ARGS;
	if (d->op == ISA_CALLX)
		return (u16)(FRONT_CALL_ARGS | 1u << d->dst);
	return d->op == ISA_CALL_SUBPROG ? FRONT_CALL_ARGS : d->reads;
}

static u16 writes_of(const struct front *f, const struct decoded *d)
{
	const u8 fam = family(d);

	if (front_keeps_args(f, d))
		return 1;
	return fam == ISA_FAMILY_CALL || fam == ISA_FAMILY_CALLX ? FRONT_CALL_DEFS : d->writes;
}

u16 front_live_after(const struct front *f, u32 idx)
{
	const struct decoded *d = &f->insns[idx];
	u16 live = 0;

	if (d->op == ISA_GOTOX)
		return FRONT_REGS_ALL;
	if (jumps(d->op))
		live = f->live[d->target];
	if (!front_ends(d->op))
		live |= f->live[idx + isa_words(d->op)];
	return live;
}

/* One pass from the end of @fn; true when something grew where a loop arrives. */
static bool live_pass(struct front *f, const struct jit_func *fn)
{
	bool again = false;

	for (u32 i = fn->end; i-- > fn->start;) {
		const struct decoded *d = &f->insns[i];
		u16 live;

		if (f->flags[i] & FRONT_HALF)
			continue;
		live = (u16)((front_live_after(f, i) & ~writes_of(f, d)) | reads_of(f, d));
		again |= f->flags[i] & FRONT_LEADER && live & ~f->live[i];
		f->live[i] = live;
	}
	return again;
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

/* What the function does, and that control stays in it. */
static int func_look(struct front *f, struct jit_func *fn)
{
	u16 writes = 0, reads = 0;
	u32 last = fn->start;

	for (u32 i = fn->start; i < fn->end; i++) {
		const struct decoded *d = &f->insns[i];
		const u8 fam = family(d);

		if (f->flags[i] & FRONT_HALF)
			continue;
		last = i;
		writes |= writes_of(f, d);
		reads |= reads_of(f, d);
		fn->calls |= fam == ISA_FAMILY_CALL || fam == ISA_FAMILY_CALLX ||
			     fam == ISA_FAMILY_LDABS || fam == ISA_FAMILY_LDIND ||
			     fam == ISA_FAMILY_GOTOX;
		fn->may_goto |= fam == ISA_FAMILY_MAY_GOTO;
		if (jumps(d->op) && (d->target < fn->start || d->target >= fn->end))
			return -EINVAL;
	}
	/* What nobody reaches may end the program in any way: whoever gets there faults. */
	if (!front_ends(f->insns[last].op) && fn->end < f->insn_cnt)
		return -EINVAL;
	fn->regs_saved = writes & FRONT_KEPT;
	fn->uses_fp = reads & 1u << INSN_REG_FP;
	f->calls |= fn->calls;
	fn->saves_fp = fn->uses_fp || fn->may_goto;
	fn->stack_bytes = fn->uses_fp ? stack_of(f, fn) : 0;
	f->regs_used |= writes | reads;
	return 0;
}

static int funcs_find(struct front *f)
{
	u32 cnt = 0;
	int err = 0;

	for (u32 i = 0; i < f->insn_cnt; i++)
		cnt += !!(f->flags[i] & FRONT_FUNC);
	f->funcs = mem_zalloc_array(cnt, sizeof(*f->funcs));
	if (!f->funcs)
		return -ENOMEM;
	for (u32 i = 0; i < f->insn_cnt; i++) {
		if (!(f->flags[i] & FRONT_FUNC))
			continue;
		if (f->func_cnt)
			f->funcs[f->func_cnt - 1].end = i;
		f->funcs[f->func_cnt++].start = i;
	}
	f->funcs[cnt - 1].end = f->insn_cnt;
	f->funcs[0].main = !f->main_called;
	for (u32 n = 0; !err && n < cnt; n++)
		err = func_look(f, &f->funcs[n]);
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
			if (f->flags[i] & FRONT_HALF || f->insns[i].op != ISA_CALL_SUBPROG)
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

int front_init(struct front *f, const struct prog *prog, const struct engine_code *code)
{
	int err;

	*f = (struct front){ .prog = prog, .insns = code->insns, .bindings = code->bindings,
			     .insn_cnt = code->insn_cnt };
	f->flags = mem_zalloc((size_t)f->insn_cnt + 1);
	f->live = mem_zalloc_array((size_t)f->insn_cnt + 1, sizeof(*f->live));
	err = f->flags && f->live ? mark(f) : -ENOMEM;
	if (!err)
		err = funcs_find(f);
	for (u32 n = 0; !err && n < f->func_cnt; n++)
		live_find(f, &f->funcs[n]);
	if (!err)
		main_keeps_all(f);
	if (err)
		front_fini(f);
	return err;
}

void front_fini(struct front *f)
{
	mem_free(f->flags);
	mem_free(f->live);
	mem_free(f->funcs);
	*f = (struct front){ 0 };
}
