/* SPDX-License-Identifier: BSD-2-Clause */
/* Branches inside the program. */
#include "jit/arm64/a64_int.h"
#include "prog/prog.h"

void a64_site_cbz(struct jit_emit *e, bool w, u32 reg, u32 target)
{
	jit_site_local(e, JIT_SITE_JCC, A64_SITE_CB | (w ? A64_SITE_CB_W : 0) | reg, target);
}

void a64_site_cbnz(struct jit_emit *e, bool w, u32 reg, u32 target)
{
	jit_site_local(e, JIT_SITE_JCC,
		       A64_SITE_CB | A64_SITE_CB_NZ | (w ? A64_SITE_CB_W : 0) | reg, target);
}

static u32 cond_of(u32 cond)
{
	static const u8 conds[] = {
		[LOP_EQ] = A64_EQ,  [LOP_NE] = A64_NE,	[LOP_GT] = A64_HI,  [LOP_LE] = A64_LS,
		[LOP_GE] = A64_HS,  [LOP_LT] = A64_LO,	[LOP_SGT] = A64_GT, [LOP_SLE] = A64_LE,
		[LOP_SGE] = A64_GE, [LOP_SLT] = A64_LT, [LOP_SET] = A64_NE, [LOP_NSET] = A64_EQ,
	};

	return conds[cond];
}

/* The flags of a - v or, with @test, of a & v. */
static void compare_const(struct jit_emit *e, bool test, bool w, u32 a, s64 v)
{
	u32 mask;

	if (!w)
		v = (s32)(u32)(u64)v;
	if (test && a64_mask_fits(w, (u64)v, &mask)) {
		a64_emit(e, a64_tst_imm(w, a, mask));
	} else if (!test && v >= 0 && a64_add_imm_fits((u64)v)) {
		a64_emit(e, a64_cmp_imm(w, a, (u32)v));
	} else if (!test && v < 0 && a64_add_imm_fits(-(u64)v)) {
		a64_emit(e, a64_cmn_imm(w, a, (u32)-v));
	} else {
		a64_const(e, T0, w ? (u64)v : (u32)(u64)v);
		a64_emit(e, test ? a64_tst_rr(w, a, T0) : a64_cmp_rr(w, a, T0));
	}
}

/* The flags that the condition of @l looks at. */
static void compare(struct jit_emit *e, const struct lop *l)
{
	const bool test = l->cond == LOP_SET || l->cond == LOP_NSET, w = l->width == 64;
	const u32 a = a64_native(e, l->a);

	if (l->b != LOP_REG_NONE) {
		const u32 b = a64_native(e, l->b);

		a64_emit(e, test ? a64_tst_rr(w, a, b) : a64_cmp_rr(w, a, b));
	} else {
		compare_const(e, test, w, a, (s64)l->imm);
	}
}

void a64_lop_jcc(struct jit_emit *e, const struct lop *l)
{
	const bool zero = l->b == LOP_REG_NONE && !(u32)l->imm;

	if (zero && l->cond == LOP_EQ) {
		a64_site_cbz(e, l->width == 64, a64_native(e, l->a), l->target);
		return;
	}
	if (zero && l->cond == LOP_NE) {
		a64_site_cbnz(e, l->width == 64, a64_native(e, l->a), l->target);
		return;
	}
	compare(e, l);
	jit_site_local(e, JIT_SITE_JCC, cond_of(l->cond), l->target);
}

void a64_lop_setcc(struct jit_emit *e, const struct lop *l)
{
	compare(e, l);
	a64_emit(e, a64_cset(true, a64_native(e, l->dst), cond_of(l->cond)));
}

/* The budget lies at the bottom of the frame. */
void a64_lop_may_goto(struct jit_emit *e, const struct lop *l)
{
	a64_emit(e, a64_mem(A64_LDRX, T0, A64_SP, 0));
	a64_emit(e, a64_subs_imm(true, T0, T0, 1));
	jit_site_local(e, JIT_SITE_JCC, A64_LO, l->target);
	a64_emit(e, a64_mem(A64_STRX, T0, A64_SP, 0));
}

/* By table: the value is the address of an instruction in prog->insns, of this function. */
void a64_lop_gotox(struct jit_emit *e, const struct lop *l)
{
	const u32 bad = jit_cold(e, l->idx, FAULT_INSN);
	const u64 bytes = (u64)(e->func->end - e->func->start) * sizeof(struct insn);
	u32 low_bits;

	_Static_assert(sizeof(struct insn) == sizeof(u64), "one table entry for each instruction");
	a64_const(e, T0, ptr_to_u64(e->prog->insns + e->func->start));
	a64_emit(e, a64_sub_rr(true, T1, a64_native(e, l->a), T0));
	a64_const(e, T2, bytes);
	a64_emit(e, a64_cmp_rr(true, T1, T2));
	jit_site_local(e, JIT_SITE_JCC, A64_HS, bad);
	if (!a64_mask_fits(true, sizeof(struct insn) - 1, &low_bits))
		return;
	a64_emit(e, a64_tst_imm(true, T1, low_bits));
	jit_site_local(e, JIT_SITE_JCC, A64_NE, bad);
	a64_const(e, T0, ptr_to_u64(e->gotox + e->func->start));
	a64_emit(e, a64_mem_reg(A64_LDRX, T0, T0, T1, A64_IDX_LSL));
	a64_site_cbz(e, true, T0, bad);
	a64_emit(e, a64_br(T0));
}

void a64_lop_poll(struct jit_emit *e, const struct lop *l)
{
	const u32 out = jit_cold(e, l->idx, FAULT_BUDGET);

	a64_access(e, A64_LDRB, T0, RUN, offsetof(struct run, stop));
	a64_site_cbnz(e, false, T0, out);
	if (e->poll != JIT_POLL_COUNT)
		return;
	a64_access(e, A64_LDRX, T1, RUN, offsetof(struct run, insns_left));
	a64_emit(e, a64_subs_imm(true, T1, T1, 1));
	jit_site_local(e, JIT_SITE_JCC, A64_LO, out);
	a64_access(e, A64_STRX, T1, RUN, offsetof(struct run, insns_left));
}

void a64_lop_fence(struct jit_emit *e)
{
	if (e->features & A64_HAS_SB) {
		a64_emit(e, A64_SB);
		return;
	}
	a64_emit(e, A64_DSB_ISH);
	a64_emit(e, A64_ISB);
}
