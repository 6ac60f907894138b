/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Atomics: one instruction where the CPU has FEAT_LSE, else a loop that tries until nobody came
 * between. Those that return the old value order everything, as in the kernel; the others nothing.
 */
#include "jit/arm64/a64_int.h"

struct atomic {
	u32 size; /* A64_32, A64_64 */
	bool w;
	u32 base, c;
};

static void one_instruction(struct jit_emit *e, const struct lop *l, const struct atomic *at)
{
	static const u32 ops[] = {
		[LOP_FN_ADD] = A64_LDADD, [LOP_FN_OR] = A64_LDSET, [LOP_FN_AND] = A64_LDCLR,
		[LOP_FN_XOR] = A64_LDEOR, [LOP_FN_XCHG] = A64_SWP,
	};
	const u32 op = ops[l->fn] | at->size;
	u32 c = at->c;

	if (l->fn == LOP_FN_AND) { /* the machine clears what is set */
		a64_emit(e, a64_mvn(at->w, T1, c));
		c = T1;
	}
	if (l->fetch)
		a64_emit(e, a64_lse(op | A64_ACQ | A64_REL, c, at->c, at->base));
	else
		a64_emit(e, a64_lse_st(op, c, at->base));
}

/* T2 = T1 fn c */
static void compute(struct jit_emit *e, u32 fn, bool w, u32 c)
{
	switch ((enum lop_fn)fn) {
	case LOP_FN_ADD:
		a64_emit(e, a64_add_rr(w, T2, T1, c));
		break;
	case LOP_FN_OR:
		a64_emit(e, a64_orr_rr(w, T2, T1, c));
		break;
	case LOP_FN_AND:
		a64_emit(e, a64_and_rr(w, T2, T1, c));
		break;
	case LOP_FN_XOR:
		a64_emit(e, a64_eor_rr(w, T2, T1, c));
		break;
	case LOP_FN_XCHG:
		break;
	}
}

static void try_again(struct jit_emit *e, u32 again)
{
	a64_emit(e, a64_cbnz(false, T3, (s64)again - (s64)e->code.len));
}

static void loop(struct jit_emit *e, const struct lop *l, const struct atomic *at)
{
	const u32 again = e->code.len, stored = l->fn == LOP_FN_XCHG ? at->c : T2;

	a64_emit(e, l->fetch ? a64_ldaxr(at->size, T1, at->base) :
			       a64_ldxr(at->size, T1, at->base));
	compute(e, l->fn, at->w, at->c);
	a64_emit(e, l->fetch ? a64_stlxr(at->size, T3, stored, at->base) :
			       a64_stxr(at->size, T3, stored, at->base));
	try_again(e, again);
	if (l->fetch) {
		a64_emit(e, A64_DMB_ISH);
		a64_emit(e, a64_mov_rr(at->w, at->c, T1));
	}
}

static void compare_exchange(struct jit_emit *e, const struct atomic *at)
{
	u32 again, differs;

	if (e->features & A64_HAS_LSE) {
		a64_emit(e, a64_cas(at->size, A64_ACQ | A64_REL, R0, at->c, at->base));
		return;
	}
	again = e->code.len;
	a64_emit(e, a64_ldaxr(at->size, T1, at->base));
	a64_emit(e, a64_cmp_rr(at->w, T1, R0));
	differs = a64_skip(e, A64_NE);
	a64_emit(e, a64_stlxr(at->size, T3, at->c, at->base));
	try_again(e, again);
	a64_land(e, differs);
	a64_emit(e, A64_DMB_ISH);
	a64_emit(e, a64_mov_rr(at->w, R0, T1));
}

void a64_lop_atomic(struct jit_emit *e, const struct lop *l)
{
	const bool w = l->bits == 64;
	const struct atomic at = {
		.size = w ? A64_64 : A64_32,
		.w = w,
		.base = a64_address(e, l),
		.c = a64_native(e, l->c),
	};

	if (l->op == LOP_CMPXCHG)
		compare_exchange(e, &at);
	else if (e->features & A64_HAS_LSE)
		one_instruction(e, l, &at);
	else
		loop(e, l, &at);
}
