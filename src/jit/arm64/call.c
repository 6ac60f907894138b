/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls out of the program, and what leaves it early. */
#include "jit/arm64/a64_int.h"
#include "jit/support.h"
#include "prog/prog.h"

static void check_fault(struct jit_emit *e)
{
	_Static_assert(!FAULT_NONE && sizeof(enum fault_kind) == 4, "what cbnz looks at");
	a64_access(e, A64_LDRW, T0, RUN, offsetof(struct run, fault.kind));
	a64_site_cbnz(e, false, T0, JIT_STUB_ABORT);
}

/* Calls C: the result is where the program expects it. */
static void call_c(struct jit_emit *e, u64 addr)
{
	jit_site_ext(e, addr);
	a64_emit(e, a64_mov_rr(true, R0, A64_X0));
}

#define ARGS_BYTES 48

/* The registers of the call become an array: the helper is not known yet. */
static void call_by_number(struct jit_emit *e, const struct lop *l)
{
	const u32 off = A64_STPX | A64_PAIR_OFF;

	a64_emit(e, a64_pair(A64_STPX | A64_PAIR_PRE, A64_X0, A64_X1, A64_SP, -ARGS_BYTES));
	a64_emit(e, a64_pair(off, A64_X2, A64_X3, A64_SP, 16));
	a64_emit(e, a64_mem(A64_STRX, A64_X4, A64_SP, 32));
	a64_move(e, true, A64_X1, a64_native(e, l->a));
	a64_emit(e, a64_mov_rr(true, A64_X0, RUN));
	a64_emit(e, a64_mov_sp(A64_X2, A64_SP));
	call_c(e, JIT_CODE_OF(jit_callx));
	a64_emit(e, a64_add_imm(true, A64_SP, A64_SP, ARGS_BYTES));
}

void a64_lop_call(struct jit_emit *e, const struct lop *l)
{
	const struct helper_binding *b = u64_to_ptr(l->imm);

	switch (l->op) {
	case LOP_CALL_SUB:
		jit_site_local(e, JIT_SITE_CALL, 0, l->target);
		return;
	case LOP_CALLX:
		call_by_number(e, l);
		break;
	case LOP_CALL_HOST:
		a64_const(e, A64_X5, ptr_to_u64(b->cookie));
		call_c(e, (u64)(uintptr_t)b->host);
		break;
	default:
		a64_emit(e, a64_mov_rr(true, A64_X5, RUN));
		call_c(e, l->imm);
		break;
	}
	if (l->may_fault)
		check_fault(e);
}

/* enter(run, next, r1, 0, …) of the program in x1, to be jumped to in IP0. */
static void enter_args(struct jit_emit *e)
{
	a64_const(e, A64_X3, 0);
	a64_access(e, A64_LDRX, IP0, A64_X1, offsetof(struct prog, enter));
}

/*
 * From a function: the other program returns to us, and we to our caller. Below the stack pointer
 * of the body: where the result goes, what the other main function changes of the run.
 */
static void tail_call_below(struct jit_emit *e)
{
	a64_emit(e, a64_sub_imm(true, A64_SP, A64_SP, 32));
	a64_access(e, A64_LDRX, T1, RUN, offsetof(struct run, jit_frame));
	a64_access(e, A64_LDRW, T2, RUN, offsetof(struct run, jit_depth));
	a64_emit(e, a64_pair(A64_STPX | A64_PAIR_OFF, T1, T2, A64_SP, 16));
	a64_emit(e, a64_mov_rr(true, A64_X2, A64_X1));
	a64_emit(e, a64_mov_rr(true, A64_X1, A64_X0));
	a64_emit(e, a64_mov_rr(true, A64_X0, RUN));
	a64_emit(e, a64_mov_sp(A64_X4, A64_SP));
	enter_args(e);
	a64_emit(e, a64_blr(IP0));
	a64_emit(e, a64_pair(A64_LDPX | A64_PAIR_OFF, T1, T2, A64_SP, 16));
	a64_access(e, A64_STRX, T1, RUN, offsetof(struct run, jit_frame));
	a64_access(e, A64_STRW, T2, RUN, offsetof(struct run, jit_depth));
	a64_const(e, T1, ptr_to_u64(e->prog));
	a64_access(e, A64_STRX, T1, RUN, offsetof(struct run, prog));
	a64_site_cbnz(e, false, A64_X0, JIT_STUB_ABORT);
	a64_emit(e, a64_mem(A64_LDRX, R0, A64_SP, 0));
	a64_emit(e, a64_add_imm(true, A64_SP, A64_SP, 32));
	a64_epilogue(e);
}

void a64_lop_tail_call(struct jit_emit *e, const struct lop *l)
{
	const u32 none = jit_stub_new(e);

	(void)l;
	/* Map and index stand where they belong. */
	a64_emit(e, a64_mov_rr(true, A64_X3, A64_X0));
	a64_emit(e, a64_mov_rr(true, A64_X0, RUN));
	jit_site_ext(e, JIT_CODE_OF(jit_tail_call));
	a64_emit(e, a64_cmp_imm(true, A64_X0, 0));
	jit_site_local(e, JIT_SITE_JCC, A64_MI, none);
	if (e->func->main) {
		a64_emit(e, a64_mov_rr(true, A64_X2, A64_X1));
		a64_emit(e, a64_mov_rr(true, A64_X1, A64_X0));
		a64_leave_main(e);
		enter_args(e);
		a64_emit(e, a64_br(IP0));
		jit_step(e, JIT_UNWIND_POP, 0, 0);
	} else {
		tail_call_below(e);
	}
	jit_stub_place(e, none);
	a64_emit(e, a64_mov_rr(true, R0, A64_X0));
}

void a64_lop_load_packet(struct jit_emit *e, const struct lop *l)
{
	if (l->a == LOP_REG_NONE)
		a64_const(e, A64_X1, (u32)l->imm);
	else
		a64_add_const(e, false, A64_X1, a64_native(e, l->a), (s64)l->imm);
	a64_emit(e, a64_mov_rr(true, A64_X0, RUN));
	a64_const(e, A64_X2, l->bits / 8u);
	call_c(e, JIT_CODE_OF(jit_load_packet));
	a64_emit(e, a64_cmp_imm(true, R0, 0));
	jit_site_local(e, JIT_SITE_JCC, A64_MI, jit_cold(e, l->idx, FAULT_NONE));
}

void a64_cold(struct jit_emit *e, const struct jit_cold *cold)
{
	if (cold->kind == FAULT_NONE) {
		a64_const(e, R0, 0);
		a64_epilogue(e);
		return;
	}
	a64_const(e, A64_X1, cold->idx);
	a64_const(e, A64_X2, cold->kind);
	jit_site_local(e, JIT_SITE_JMP, 0, JIT_STUB_RAISE);
}
