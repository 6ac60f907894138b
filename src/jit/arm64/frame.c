/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames. From the caller's stack pointer down:
 *
 *	main and the way in for callbacks       functions
 *	  constants' registers                    those of r6..r9 that it changes
 *	  those of r6..r9 that any                frame record, if it calls or has a stack
 *	  function changes                      stack of the program, then the budget of may_goto
 *	  where the result goes
 *	  x26, of the host
 *	  frame record (x29, x30)               <- x29, run->jit_frame
 *	stack of the program, may_goto
 *
 * So r10 of a program is the machine's frame pointer, and whoever walks records sees all frames.
 */
#include "base/bits.h"
#include "base/err.h"
#include "jit/arm64/a64_int.h"
#include "jit/support.h"
#include "prog/prog.h"

#define FRAMES_BELOW ((u32)LIMIT_FRAMES - 1)
#define RESULT	     A64_X4 /* where the result goes, at entry and at exit */

static bool callee_saved(u32 native)
{
	return native >= A64_X19 && native <= A64_X28;
}

/* Registers that hold something of the caller's. */
static bool is_callers(u32 native)
{
	return callee_saved(native) || native == A64_FP || native == A64_LR;
}

/* What the target has left first: those that nobody saves, then the program's. */
u32 a64_k_regs(u16 unused, bool calls, u32 max, u8 *ret)
{
	static const u8 order[] = { A64_X13, A64_X14, A64_X15, A64_X23, A64_X24, A64_X25, A64_X27 };
	u32 cnt = 0;

	(void)unused; /* there are enough */
	for (u32 i = 0; i < ARRAY_SIZE(order) && cnt < max; i++)
		if (!calls || callee_saved(order[i]))
			ret[cnt++] = order[i];
	return cnt;
}

static bool has_stack(const struct jit_func *f)
{
	return f->uses_fp || f->may_goto;
}

/* What a function saves, from the lowest address up; a record comes first. */
static u32 saved_regs(const struct jit_emit *e, const struct jit_func *f, u8 regs[16])
{
	u32 cnt = 0;

	if (f->main || f->calls || has_stack(f)) {
		regs[cnt++] = A64_FP;
		regs[cnt++] = A64_LR;
	}
	if (f->main) {
		regs[cnt++] = RUN;
		regs[cnt++] = RESULT;
	}
	for (u32 r = 6; r <= 9; r++)
		if (f->regs_saved & 1u << r)
			regs[cnt++] = (u8)a64_native(e, r);
	for (u32 k = 0; f->main && k < e->k_cnt; k++)
		if (callee_saved(e->k_regs[k]))
			regs[cnt++] = e->k_regs[k];
	return cnt;
}

static s32 saved_bytes(u32 saved)
{
	return (s32)align_up(saved, 2) * 8;
}

static void save(struct jit_emit *e, const u8 *regs, u32 saved)
{
	const s32 bytes = saved_bytes(saved);

	for (u32 i = 0; i < saved; i += 2) {
		const u32 mode = i ? A64_PAIR_OFF : A64_PAIR_PRE;
		const s32 off = i ? (s32)i * 8 : -bytes;

		if (i + 1 < saved)
			a64_emit(e, a64_pair(A64_STPX | mode, regs[i], regs[i + 1], A64_SP, off));
		else if (i)
			a64_emit(e, a64_mem(A64_STRX, regs[i], A64_SP, off));
		else
			a64_emit(e, a64_mem_pre(A64_STRX, regs[i], A64_SP, off));
		if (!i)
			jit_step(e, JIT_UNWIND_CFA, A64_SP, bytes);
		for (u32 k = i; k < MIN(i + 2, saved); k++)
			if (is_callers(regs[k]))
				jit_step(e, JIT_UNWIND_SAVED, regs[k], (s64)k * 8 - bytes);
	}
}

static void restore(struct jit_emit *e, const u8 *regs, u32 saved)
{
	const s32 bytes = saved_bytes(saved);

	for (u32 i = (u32)align_up(saved, 2); i;) {
		const u32 mode = (i -= 2) ? A64_PAIR_OFF : A64_PAIR_POST;
		const s32 off = i ? (s32)i * 8 : bytes;

		if (i + 1 < saved)
			a64_emit(e, a64_pair(A64_LDPX | mode, regs[i], regs[i + 1], A64_SP, off));
		else if (i)
			a64_emit(e, a64_mem(A64_LDRX, regs[i], A64_SP, off));
		else
			a64_emit(e, a64_mem_post(A64_LDRX, regs[i], A64_SP, off));
	}
	jit_step(e, JIT_UNWIND_CFA, A64_SP, 0);
	for (u32 i = 0; i < saved; i++)
		if (is_callers(regs[i]))
			jit_step(e, JIT_UNWIND_KEPT, regs[i], 0);
}

/* What follows is the body again, for unwinders. */
static void ret(struct jit_emit *e)
{
	a64_emit(e, a64_ret(A64_LR));
	jit_step(e, JIT_UNWIND_POP, 0, 0);
}

static u32 body_bytes(const struct jit_func *f)
{
	return (u32)align_up(has_stack(f) ? f->stack_bytes + (f->may_goto ? 8u : 0u) : 0, 16);
}

static void constants_load(struct jit_emit *e)
{
	for (u32 k = 0; k < e->k_cnt; k++)
		a64_const(e, e->k_regs[k], e->k_values[k]);
}

static void count_depth(struct jit_emit *e, const struct jit_func *f)
{
	a64_access(e, A64_LDRW, T1, RUN, offsetof(struct run, jit_depth));
	a64_emit(e, a64_cmp_imm(false, T1, FRAMES_BELOW));
	jit_site_local(e, JIT_SITE_JCC, A64_HS, jit_cold(e, f->start, FAULT_DEPTH));
	a64_emit(e, a64_add_imm(false, T1, T1, 1));
	a64_access(e, A64_STRW, T1, RUN, offsetof(struct run, jit_depth));
}

static void body_begin(struct jit_emit *e, const struct jit_func *f, const u8 *regs, u32 saved)
{
	const bool record = saved && regs[0] == A64_FP;

	if (record) {
		a64_emit(e, a64_mov_sp(A64_FP, A64_SP));
		jit_step(e, JIT_UNWIND_CFA, A64_FP, saved_bytes(saved));
	}
	if (body_bytes(f)) {
		a64_add_const(e, true, A64_SP, A64_SP, -(s64)body_bytes(f));
		if (!record)
			jit_step(e, JIT_UNWIND_CFA, A64_SP,
				 saved_bytes(saved) + (s64)body_bytes(f));
	}
	if (f->may_goto) {
		a64_const(e, T1, LIMIT_LOOPS);
		a64_emit(e, a64_mem(A64_STRX, T1, A64_SP, 0));
	}
}

static void body_end(struct jit_emit *e, const struct jit_func *f, u32 saved)
{
	jit_step(e, JIT_UNWIND_PUSH, 0, 0);
	if (body_bytes(f))
		a64_add_const(e, true, A64_SP, A64_SP, body_bytes(f));
	jit_step(e, JIT_UNWIND_CFA, A64_SP, saved_bytes(saved));
}

/* The run into its register and the place where aborts go on into the run. */
static void run_begins(struct jit_emit *e)
{
	a64_emit(e, a64_mov_rr(true, RUN, A64_X0));
	a64_emit(e, a64_mov_sp(T1, A64_SP));
	a64_access(e, A64_STRX, T1, RUN, offsetof(struct run, jit_frame));
}

void a64_prologue(struct jit_emit *e, const struct jit_func *f)
{
	u8 regs[16];
	const u32 saved = saved_regs(e, f, regs);

	a64_emit(e, A64_BTI_C); /* functions are called by address, too: callbacks */
	if (f->counts_depth && !f->main)
		count_depth(e, f);
	save(e, regs, saved);
	if (f->main)
		run_begins(e);
	if (f->main && f->counts_depth)
		a64_access(e, A64_STRW, A64_ZR, RUN, offsetof(struct run, jit_depth));
	body_begin(e, f, regs, saved);
	if (!f->main)
		return;
	if (f->live_in & 1u << 1)
		a64_emit(e, a64_mov_rr(true, A64_X0, A64_X2));
	if (f->live_in & 1u << 2)
		a64_emit(e, a64_mov_rr(true, A64_X1, A64_X3));
	constants_load(e);
}

static void return_from_main(struct jit_emit *e, const u8 *regs, u32 saved)
{
	restore(e, regs, saved);
	a64_emit(e, a64_mem(A64_STRX, R0, RESULT, 0));
	a64_const(e, A64_X0, 0);
	ret(e);
}

void a64_epilogue(struct jit_emit *e)
{
	const struct jit_func *f = e->func;
	u8 regs[16];
	const u32 saved = saved_regs(e, f, regs);

	body_end(e, f, saved);
	if (f->main) {
		return_from_main(e, regs, saved);
		return;
	}
	restore(e, regs, saved);
	if (f->counts_depth) {
		a64_access(e, A64_LDRW, T1, RUN, offsetof(struct run, jit_depth));
		a64_emit(e, a64_sub_imm(false, T1, T1, 1));
		a64_access(e, A64_STRW, T1, RUN, offsetof(struct run, jit_depth));
	}
	ret(e);
}

void a64_leave_main(struct jit_emit *e)
{
	u8 regs[16];
	const u32 saved = saved_regs(e, e->func, regs);

	body_end(e, e->func, saved);
	a64_emit(e, a64_mov_rr(true, A64_X0, RUN));
	restore(e, regs, saved);
}

/* int call(run, code, args, ret): see jit_call_fn. */
static void call_in(struct jit_emit *e, const u8 *regs, u32 saved)
{
	a64_emit(e, A64_BTI_C);
	a64_emit(e, a64_mov_rr(true, RESULT, A64_X3));
	save(e, regs, saved);
	run_begins(e);
	a64_emit(e, a64_mov_sp(A64_FP, A64_SP));
	jit_step(e, JIT_UNWIND_CFA, A64_FP, saved_bytes(saved));
	constants_load(e);
	a64_emit(e, a64_mov_rr(true, IP0, A64_X1));
	a64_emit(e, a64_mov_rr(true, T1, A64_X2));
	a64_emit(e, a64_pair(A64_LDPX | A64_PAIR_OFF, A64_X0, A64_X1, T1, 0));
	a64_emit(e, a64_pair(A64_LDPX | A64_PAIR_OFF, A64_X2, A64_X3, T1, 16));
	a64_emit(e, a64_mem(A64_LDRX, A64_X4, T1, 32));
	a64_emit(e, a64_blr(IP0));
	jit_step(e, JIT_UNWIND_PUSH, 0, 0);
	jit_step(e, JIT_UNWIND_CFA, A64_SP, saved_bytes(saved));
	return_from_main(e, regs, saved);
}

static void stack_of_main(struct jit_emit *e)
{
	a64_access(e, A64_LDRX, T1, RUN, offsetof(struct run, jit_frame));
	a64_emit(e, a64_mov_sp(A64_SP, T1));
}

void a64_tail(struct jit_emit *e, struct jit_place *ret_call)
{
	u8 regs[16];
	const u32 saved = saved_regs(e, e->main_func, regs);

	*ret_call = jit_here(e);
	call_in(e, regs, saved);
	/* Below, the stack may be in any state: what comes has no frame and needs one. */
	jit_stub_place(e, JIT_STUB_RAISE);
	stack_of_main(e);
	a64_emit(e, a64_mov_sp(A64_FP, A64_SP));
	a64_emit(e, a64_mov_rr(true, A64_X0, RUN));
	a64_const(e, A64_X3, ptr_to_u64(e->prog));
	jit_site_ext(e, (u64)(uintptr_t)jit_raise);
	jit_stub_place(e, JIT_STUB_ABORT);
	stack_of_main(e);
	restore(e, regs, saved);
	a64_const(e, A64_X0, (u64)(s64)-EFAULT);
	a64_emit(e, a64_ret(A64_LR));
}
