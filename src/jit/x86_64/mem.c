/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads, stores and atomics. The machine's memory order makes plain loads acquire and plain stores
 * release.
 */
#include "jit/x86_64/x86_int.h"

static struct x86_mem address(const struct jit_emit *e, const struct lop *l)
{
	const u32 a = l->a == LOP_REG_NONE ? X86_NO_REG : x86_native(e, l->a);

	if (l->b == LOP_REG_NONE)
		return x86_at(a, l->disp);
	return x86_at_index(a, x86_native(e, l->b), l->scale, l->disp);
}

void x86_lop_memory(struct jit_emit *e, const struct lop *l)
{
	const struct x86_mem m = address(e, l);

	switch (l->op) {
	case LOP_LOAD:
	case LOP_LOAD_ACQ:
		x86_load(&e->code, l->bits, x86_native(e, l->dst), m);
		break;
	case LOP_LOAD_SX:
		x86_load_sx(&e->code, l->bits, true, x86_native(e, l->dst), m);
		break;
	case LOP_LOAD_BE:
		x86_movbe_load(&e->code, l->bits, x86_native(e, l->dst), m);
		if (l->bits == 16)
			x86_movzx(&e->code, 16, x86_native(e, l->dst), x86_native(e, l->dst));
		break;
	default: /* LOP_STORE, LOP_STORE_REL */
		if (l->c == LOP_REG_NONE)
			x86_store_imm(&e->code, l->bits, m, (s32)(u32)l->imm);
		else
			x86_store(&e->code, l->bits, m, x86_native(e, l->c));
		break;
	}
}

static u32 alu_of(u32 fn)
{
	return fn == LOP_FN_ADD ? X86_ADD :
	       fn == LOP_FN_OR	? X86_OR :
	       fn == LOP_FN_AND ? X86_AND :
				  X86_XOR;
}

/* Or, and, xor that return what was there before: tried until nobody came between. */
static void fetch_loop(struct jit_emit *e, const struct lop *l)
{
	const bool w = l->bits == 64;
	const u32 c = x86_native(e, l->c);
	u32 base = x86_native(e, l->a), by = c, again;
	struct x86_mem m;

	/* rax is what cmpxchg compares with; whoever lives there moves. */
	x86_mov_rr(&e->code, true, T1, X86_RAX);
	base = base == X86_RAX ? T1 : base;
	by = by == X86_RAX ? T1 : by;
	m = x86_at(base, l->disp);
	x86_load(&e->code, l->bits, X86_RAX, m);
	again = e->code.len;
	x86_mov_rr(&e->code, w, T0, X86_RAX);
	x86_alu_rr(&e->code, alu_of(l->fn), w, T0, by);
	x86_lock(&e->code);
	x86_cmpxchg(&e->code, l->bits, m, T0);
	x86_jcc8(&e->code, X86_NE, (s8)(again - (e->code.len + 2)));
	if (c == X86_RAX) {
		if (!w)
			x86_mov_rr(&e->code, false, X86_RAX, X86_RAX);
		return;
	}
	x86_mov_rr(&e->code, w, c, X86_RAX);
	x86_mov_rr(&e->code, true, X86_RAX, T1);
}

void x86_lop_atomic(struct jit_emit *e, const struct lop *l)
{
	const struct x86_mem m = address(e, l);
	const u32 c = x86_native(e, l->c);

	if (l->op == LOP_CMPXCHG) {
		x86_lock(&e->code);
		x86_cmpxchg(&e->code, l->bits, m, c);
		/* A comparison that succeeds leaves the upper half of rax as it was. */
		if (l->bits == 32)
			x86_mov_rr(&e->code, false, X86_RAX, X86_RAX);
		return;
	}
	if (!l->fetch) {
		x86_lock(&e->code);
		x86_alu_mr(&e->code, alu_of(l->fn), l->bits, m, c);
	} else if (l->fn == LOP_FN_XCHG) {
		x86_xchg_m(&e->code, l->bits, m, c);
	} else if (l->fn == LOP_FN_ADD) {
		x86_lock(&e->code);
		x86_xadd(&e->code, l->bits, m, c);
	} else {
		fetch_loop(e, l);
	}
}
