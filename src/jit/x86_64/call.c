/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls out of the program, and what leaves it early. */
#include "jit/support.h"
#include "jit/x86_64/x86_int.h"
#include "prog/prog.h"

static void check_fault(struct jit_emit *e)
{
	const struct x86_mem kind = x86_at(RUN, offsetof(struct run, fault.kind));

	x86_alu_mi(&e->code, X86_CMP, 32, kind, FAULT_NONE);
	jit_site_local(e, JIT_SITE_JCC, X86_NE, JIT_STUB_ABORT);
}

/* The registers of the call become an array: the helper is not known yet. */
static void call_by_number(struct jit_emit *e, const struct lop *l)
{
	static const u8 args[] = { X86_RDI, X86_RSI, X86_RDX, X86_RCX, X86_R8 };

	x86_alu_ri(&e->code, X86_SUB, true, X86_RSP, 48);
	x86_stack_moved(e, 48);
	for (u32 i = 0; i < 5; i++)
		x86_store(&e->code, 64, x86_at(X86_RSP, (s32)i * 8), args[i]);
	x86_mov_rr(&e->code, true, T0, x86_native(e, l->a));
	x86_mov_rr(&e->code, true, X86_RDI, RUN);
	x86_mov_rr(&e->code, true, X86_RSI, T0);
	x86_mov_rr(&e->code, true, X86_RDX, X86_RSP);
	jit_site_ext(e, JIT_CODE_OF(jit_callx));
	x86_alu_ri(&e->code, X86_ADD, true, X86_RSP, 48);
	x86_stack_moved(e, 0);
}

void x86_lop_call(struct jit_emit *e, const struct lop *l)
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
		x86_mov_ri(&e->code, T0, ptr_to_u64(b->cookie));
		jit_site_ext(e, (u64)(uintptr_t)b->host);
		break;
	default:
		x86_mov_rr(&e->code, true, T0, RUN);
		jit_site_ext(e, l->imm);
		break;
	}
	if (l->may_fault)
		check_fault(e);
}

/*
 * From a function: the other program returns to us, and we to our caller. On the stack: where the
 * result goes, what the other main function changes of the run.
 */
static void tail_call_below(struct jit_emit *e)
{
	const struct x86_mem depth = x86_at(RUN, offsetof(struct run, jit_depth));

	x86_alu_ri(&e->code, X86_SUB, true, X86_RSP, 32);
	x86_stack_moved(e, 32);
	x86_mov_rr(&e->code, true, X86_RDI, RUN);
	x86_mov_rr(&e->code, true, X86_RSI, X86_RAX);
	x86_zero(&e->code, X86_RCX);
	x86_mov_rr(&e->code, true, X86_R8, X86_RSP);
	x86_load(&e->code, 64, T0, x86_at(RUN, offsetof(struct run, jit_frame)));
	x86_store(&e->code, 64, x86_at(X86_RSP, 8), T0);
	x86_load(&e->code, 32, T0, depth);
	x86_store(&e->code, 32, x86_at(X86_RSP, 16), T0);
	x86_call_m(&e->code, x86_at(X86_RSI, offsetof(struct prog, enter)));
	x86_load(&e->code, 64, T0, x86_at(X86_RSP, 8));
	x86_store(&e->code, 64, x86_at(RUN, offsetof(struct run, jit_frame)), T0);
	x86_load(&e->code, 32, T0, x86_at(X86_RSP, 16));
	x86_store(&e->code, 32, depth, T0);
	x86_mov_ri(&e->code, T0, ptr_to_u64(e->prog));
	x86_store(&e->code, 64, x86_at(RUN, offsetof(struct run, prog)), T0);
	x86_test_rr(&e->code, false, X86_RAX, X86_RAX);
	jit_site_local(e, JIT_SITE_JCC, X86_NE, JIT_STUB_ABORT);
	x86_load(&e->code, 64, X86_RAX, x86_at(X86_RSP, 0));
	x86_alu_ri(&e->code, X86_ADD, true, X86_RSP, 32);
	x86_stack_moved(e, 0);
	x86_epilogue(e);
}

void x86_lop_tail_call(struct jit_emit *e, const struct lop *l)
{
	const u32 none = jit_stub_new(e);

	(void)l;
	/* It returns the other program in rax, and r1 where that wants it: in rdx. */
	x86_mov_rr(&e->code, true, X86_RCX, X86_RDI);
	x86_mov_rr(&e->code, true, X86_RDI, RUN);
	jit_site_ext(e, JIT_CODE_OF(jit_tail_call));
	x86_test_rr(&e->code, true, X86_RAX, X86_RAX);
	jit_site_local(e, JIT_SITE_JCC, X86_S, none);
	if (e->func->main) {
		x86_leave_main(e);
		x86_mov_rr(&e->code, true, X86_RSI, X86_RAX);
		x86_zero(&e->code, X86_RCX);
		x86_jmp_m(&e->code, x86_at(X86_RSI, offsetof(struct prog, enter)));
		jit_step(e, JIT_UNWIND_POP, 0, 0);
	} else {
		tail_call_below(e);
	}
	jit_stub_place(e, none);
}

void x86_lop_load_packet(struct jit_emit *e, const struct lop *l)
{
	if (l->a == LOP_REG_NONE)
		x86_mov_ri32(&e->code, X86_RSI, (u32)l->imm);
	else
		x86_lea(&e->code, false, X86_RSI, x86_at(x86_native(e, l->a), (s32)(u32)l->imm));
	x86_mov_rr(&e->code, true, X86_RDI, RUN);
	x86_mov_ri32(&e->code, X86_RDX, l->bits / 8u);
	jit_site_ext(e, JIT_CODE_OF(jit_load_packet));
	x86_test_rr(&e->code, true, X86_RAX, X86_RAX);
	jit_site_local(e, JIT_SITE_JCC, X86_S, jit_cold(e, l->idx, FAULT_NONE));
}

void x86_cold(struct jit_emit *e, const struct jit_cold *cold)
{
	if (cold->kind == FAULT_NONE) {
		x86_zero(&e->code, X86_RAX);
		x86_epilogue(e);
		return;
	}
	x86_mov_ri32(&e->code, X86_RSI, cold->idx);
	x86_mov_ri32(&e->code, X86_RDX, cold->kind);
	jit_site_local(e, JIT_SITE_JMP, 0, JIT_STUB_RAISE);
}
