/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames. From the caller's return address down:
 *
 *	main and the way in for callbacks       functions
 *	  r12, of the host                        rbp, if the function uses it
 *	  where the result goes                   those of rbx r13 r14 r15 that it changes
 *	  rbp, if any function uses it          stack of the program, then the budget of may_goto
 *	  those of rbx r13 r14 r15 that any
 *	  function changes, and constants'
 *	  registers                             <- run->jit_frame
 *	stack of the program, may_goto
 *
 * A function without a stack of its own that calls nothing has no frame but what it saves.
 */
#include "base/err.h"
#include "jit/support.h"
#include "jit/x86_64/x86_int.h"
#include "prog/prog.h"

#define DWARF_RSP 7
#define DWARF_RBP 6

#define FRAMES_BELOW ((u32)LIMIT_FRAMES - 1)

static bool callee_saved(u32 native)
{
	return native == X86_RBX || native == X86_RBP || native >= X86_R12;
}

u32 x86_k_regs(u16 unused, bool calls, u32 max, u8 *ret)
{
	static const u8 order[] = { INSN_REG_AX, 5, 4, 3, 2, 1, 9, 8, 7, 6 };
	const struct jit_emit none = { .k_cnt = 0 };
	u32 cnt = 0;

	for (u32 i = 0; i < ARRAY_SIZE(order) && cnt < max; i++) {
		const u32 native = x86_native(&none, order[i]);

		if (unused & 1u << order[i] && (!calls || callee_saved(native)))
			ret[cnt++] = (u8)native;
	}
	return cnt;
}

/* What a function pushes, in this order. */
static u32 saved_regs(const struct jit_emit *e, const struct jit_func *f, u8 regs[16])
{
	u32 cnt = 0;

	if (f->main) {
		regs[cnt++] = X86_R12;
		regs[cnt++] = X86_R8;
	}
	if (f->saves_fp)
		regs[cnt++] = X86_RBP;
	for (u32 r = 6; r <= 9; r++)
		if (f->regs_saved & 1u << r)
			regs[cnt++] = (u8)x86_native(e, r);
	for (u32 k = 0; f->main && k < e->k_cnt; k++)
		if (callee_saved(e->k_regs[k]))
			regs[cnt++] = e->k_regs[k];
	return cnt;
}

static bool has_frame(const struct jit_func *f)
{
	return f->uses_fp || f->may_goto;
}

/* Bytes below the saved registers, so that rsp is a multiple of 16 where something is called. */
static u32 body_bytes(const struct jit_func *f, u32 saved)
{
	u32 bytes = has_frame(f) ? f->stack_bytes + (f->may_goto ? 8u : 0u) : 0;

	if ((bytes + 8 * (saved + 1)) % 16 && (bytes || f->calls))
		bytes += 8;
	return bytes;
}

struct x86_mem x86_budget_slot(const struct jit_func *f)
{
	return x86_at(X86_RBP, -(s32)f->stack_bytes - 8);
}

/* Where the caller's stack ends: @pushed registers and @bytes above the stack pointer. */
static void step_stack(struct jit_emit *e, u32 pushed, u32 bytes)
{
	jit_step(e, JIT_UNWIND_CFA, DWARF_RSP, 8 * (pushed + 1) + bytes);
}

static void push_saved(struct jit_emit *e, const u8 *regs, u32 saved)
{
	for (u32 i = 0; i < saved; i++) {
		x86_push(&e->code, regs[i]);
		step_stack(e, i + 1, 0);
		if (callee_saved(regs[i]))
			jit_step(e, JIT_UNWIND_SAVED, jit_unwind_x86_64_reg(regs[i]),
				 -8 * ((s64)i + 2));
	}
}

void x86_stack_moved(struct jit_emit *e, u32 bytes)
{
	u8 regs[16];
	const u32 saved = saved_regs(e, e->func, regs);

	if (!has_frame(e->func))
		step_stack(e, saved, body_bytes(e->func, saved) + bytes);
}

static void constants_load(struct jit_emit *e)
{
	for (u32 k = 0; k < e->k_cnt; k++)
		x86_mov_ri(&e->code, e->k_regs[k], e->k_values[k]);
}

static void count_depth(struct jit_emit *e, const struct jit_func *f)
{
	const struct x86_mem depth = x86_at(RUN, offsetof(struct run, jit_depth));

	if (f->main) {
		x86_store_imm(&e->code, 32, depth, 0);
		return;
	}
	x86_alu_mi(&e->code, X86_CMP, 32, depth, (s32)FRAMES_BELOW);
	jit_site_local(e, JIT_SITE_JCC, X86_AE, jit_cold(e, f->start, FAULT_DEPTH));
	x86_alu_mi(&e->code, X86_ADD, 32, depth, 1);
}

static void body_begin(struct jit_emit *e, const struct jit_func *f, u32 saved)
{
	const u32 bytes = body_bytes(f, saved);

	if (has_frame(f)) {
		x86_mov_rr(&e->code, true, X86_RBP, X86_RSP);
		jit_step(e, JIT_UNWIND_CFA, DWARF_RBP, 8 * (saved + 1));
	}
	if (bytes) {
		x86_alu_ri(&e->code, X86_SUB, true, X86_RSP, (s32)bytes);
		if (!has_frame(f))
			step_stack(e, saved, bytes);
	}
	if (f->may_goto)
		x86_store_imm(&e->code, 64, x86_budget_slot(f), LIMIT_LOOPS);
}

void x86_prologue(struct jit_emit *e, const struct jit_func *f)
{
	u8 regs[16];
	const u32 saved = saved_regs(e, f, regs);

	if (f->main)
		x86_endbr64(&e->code);
	if (f->counts_depth && !f->main)
		count_depth(e, f);
	push_saved(e, regs, saved);
	if (f->main) {
		x86_mov_rr(&e->code, true, RUN, X86_RDI);
		x86_store(&e->code, 64, x86_at(RUN, offsetof(struct run, jit_frame)), X86_RSP);
		if (f->counts_depth)
			count_depth(e, f);
	}
	body_begin(e, f, saved);
	if (f->main) {
		if (f->live_in & 1u << 1)
			x86_mov_rr(&e->code, true, X86_RDI, X86_RDX);
		if (f->live_in & 1u << 2)
			x86_mov_rr(&e->code, true, X86_RSI, X86_RCX);
		constants_load(e);
	}
}

static void body_end(struct jit_emit *e, const struct jit_func *f, u32 saved)
{
	const u32 bytes = body_bytes(f, saved);

	jit_step(e, JIT_UNWIND_PUSH, 0, 0);
	if (bytes)
		x86_alu_ri(&e->code, X86_ADD, true, X86_RSP, (s32)bytes);
	step_stack(e, saved, 0);
}

/* What follows is the body again, for unwinders. */
static void ret(struct jit_emit *e)
{
	x86_ret(&e->code);
	jit_step(e, JIT_UNWIND_POP, 0, 0);
}

/* From the last pushed register on; of main: down to r12, so that r8 is where the result goes. */
static void pop_saved(struct jit_emit *e, const u8 *regs, u32 saved, u32 down_to)
{
	while (saved > down_to) {
		x86_pop(&e->code, regs[--saved]);
		step_stack(e, saved, 0);
		if (callee_saved(regs[saved]))
			jit_step(e, JIT_UNWIND_KEPT, jit_unwind_x86_64_reg(regs[saved]), 0);
	}
}

static void return_from_main(struct jit_emit *e, const u8 *regs, u32 saved)
{
	pop_saved(e, regs, saved, 1);
	x86_store(&e->code, 64, x86_at(X86_R8, 0), X86_RAX);
	x86_zero(&e->code, X86_RAX);
	pop_saved(e, regs, 1, 0);
	ret(e);
}

void x86_epilogue(struct jit_emit *e)
{
	const struct jit_func *f = e->func;
	u8 regs[16];
	const u32 saved = saved_regs(e, f, regs);

	body_end(e, f, saved);
	if (f->main) {
		return_from_main(e, regs, saved);
		return;
	}
	pop_saved(e, regs, saved, 0);
	if (f->counts_depth)
		x86_alu_mi(&e->code, X86_SUB, 32, x86_at(RUN, offsetof(struct run, jit_depth)), 1);
	ret(e);
}

void x86_leave_main(struct jit_emit *e)
{
	u8 regs[16];
	const u32 saved = saved_regs(e, e->func, regs);

	body_end(e, e->func, saved);
	x86_mov_rr(&e->code, true, X86_RDI, RUN);
	pop_saved(e, regs, saved, 0);
}

/* int call(run, code, args, ret): see jit_call_fn. */
static void call_in(struct jit_emit *e, const u8 *regs, u32 saved)
{
	const bool pad = (8 * (saved + 1)) % 16;

	x86_endbr64(&e->code);
	x86_mov_rr(&e->code, true, X86_R8, X86_RCX);
	push_saved(e, regs, saved);
	x86_mov_rr(&e->code, true, RUN, X86_RDI);
	x86_store(&e->code, 64, x86_at(RUN, offsetof(struct run, jit_frame)), X86_RSP);
	if (pad) {
		x86_alu_ri(&e->code, X86_SUB, true, X86_RSP, 8);
		step_stack(e, saved, 8);
	}
	constants_load(e);
	x86_mov_rr(&e->code, true, X86_RAX, X86_RSI);
	x86_load(&e->code, 64, X86_RDI, x86_at(X86_RDX, 0));
	x86_load(&e->code, 64, X86_RSI, x86_at(X86_RDX, 8));
	x86_load(&e->code, 64, X86_RCX, x86_at(X86_RDX, 24));
	x86_load(&e->code, 64, X86_R8, x86_at(X86_RDX, 32));
	x86_load(&e->code, 64, X86_RDX, x86_at(X86_RDX, 16));
	x86_call_r(&e->code, X86_RAX);
	jit_step(e, JIT_UNWIND_PUSH, 0, 0);
	if (pad)
		x86_alu_ri(&e->code, X86_ADD, true, X86_RSP, 8);
	step_stack(e, saved, 0);
	return_from_main(e, regs, saved);
}

void x86_tail(struct jit_emit *e, struct jit_place *ret_call)
{
	u8 regs[16];
	const u32 saved = saved_regs(e, e->main_func, regs);

	*ret_call = jit_here(e);
	call_in(e, regs, saved);
	/* Below, the stack may be in any state: what comes has no frame and needs one. */
	jit_stub_place(e, JIT_STUB_RAISE);
	x86_load(&e->code, 64, X86_RSP, x86_at(RUN, offsetof(struct run, jit_frame)));
	x86_alu_ri(&e->code, X86_AND, true, X86_RSP, -16);
	x86_mov_rr(&e->code, true, X86_RDI, RUN);
	x86_mov_ri(&e->code, X86_RCX, ptr_to_u64(e->prog));
	jit_site_ext(e, (u64)(uintptr_t)jit_raise);
	jit_stub_place(e, JIT_STUB_ABORT);
	x86_load(&e->code, 64, X86_RSP, x86_at(RUN, offsetof(struct run, jit_frame)));
	pop_saved(e, regs, saved, 0);
	x86_mov_ri(&e->code, X86_RAX, (u64)(s64)-EFAULT);
	x86_ret(&e->code);
}
