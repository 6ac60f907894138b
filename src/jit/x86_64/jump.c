/* SPDX-License-Identifier: BSD-2-Clause */
/* Branches inside the program. */
#include "jit/x86_64/x86_int.h"
#include "prog/prog.h"

static u32 cc_of(u32 cond)
{
	static const u8 ccs[] = {
		[LOP_EQ] = X86_E,   [LOP_NE] = X86_NE,	[LOP_GT] = X86_A,   [LOP_LE] = X86_BE,
		[LOP_GE] = X86_AE,  [LOP_LT] = X86_B,	[LOP_SGT] = X86_G,  [LOP_SLE] = X86_LE,
		[LOP_SGE] = X86_GE, [LOP_SLT] = X86_L,	[LOP_SET] = X86_NE, [LOP_NSET] = X86_E,
	};

	return ccs[cond];
}

/* The flags that the condition of @l looks at. */
static void compare(struct jit_emit *e, const struct lop *l)
{
	const bool test = l->cond == LOP_SET || l->cond == LOP_NSET;
	const u32 a = x86_native(e, l->a);
	bool w = l->width == 64;

	if (l->b != LOP_REG_NONE) {
		if (test)
			x86_test_rr(&e->code, w, a, x86_native(e, l->b));
		else
			x86_alu_rr(&e->code, X86_CMP, w, a, x86_native(e, l->b));
	} else if (test) {
		if (l->imm <= INT32_MAX)
			w = false; /* nothing of the upper half is looked at */
		x86_test_ri(&e->code, w, a, (s32)(u32)l->imm);
	} else if (!(u32)l->imm) {
		x86_test_rr(&e->code, w, a, a);
	} else {
		x86_alu_ri(&e->code, X86_CMP, w, a, (s32)(u32)l->imm);
	}
}

void x86_lop_jcc(struct jit_emit *e, const struct lop *l)
{
	compare(e, l);
	jit_site_local(e, JIT_SITE_JCC, cc_of(l->cond), l->target);
}

void x86_lop_setcc(struct jit_emit *e, const struct lop *l)
{
	const u32 dst = x86_native(e, l->dst);
	const bool operand = l->dst == l->a || l->dst == l->b;

	if (!operand)
		x86_zero(&e->code, dst);
	compare(e, l);
	x86_setcc(&e->code, cc_of(l->cond), dst);
	if (operand)
		x86_movzx(&e->code, 8, dst, dst);
}

void x86_lop_may_goto(struct jit_emit *e, const struct lop *l)
{
	const struct x86_mem slot = x86_budget_slot(e->func);

	x86_load(&e->code, 64, T0, slot);
	x86_alu_ri(&e->code, X86_SUB, true, T0, 1);
	jit_site_local(e, JIT_SITE_JCC, X86_B, l->target);
	x86_store(&e->code, 64, slot, T0);
}

/* By table: the value is the address of an instruction in prog->insns, of this function. */
void x86_lop_gotox(struct jit_emit *e, const struct lop *l)
{
	const u32 bad = jit_cold(e, l->idx, FAULT_INSN);
	const u64 bytes = (u64)(e->func->end - e->func->start) * sizeof(struct insn);

	_Static_assert(sizeof(struct insn) == sizeof(u64), "one table entry for each instruction");
	x86_mov_ri(&e->code, T0, ptr_to_u64(e->prog->insns + e->func->start));
	x86_mov_rr(&e->code, true, T1, x86_native(e, l->a));
	x86_alu_rr(&e->code, X86_SUB, true, T1, T0);
	x86_alu_ri(&e->code, X86_CMP, true, T1, (s32)bytes);
	jit_site_local(e, JIT_SITE_JCC, X86_AE, bad);
	x86_test_ri(&e->code, false, T1, 7);
	jit_site_local(e, JIT_SITE_JCC, X86_NE, bad);
	x86_mov_ri(&e->code, T0, ptr_to_u64(e->gotox + e->func->start));
	x86_load(&e->code, 64, T0, x86_at_index(T0, T1, 0, 0));
	x86_test_rr(&e->code, true, T0, T0);
	jit_site_local(e, JIT_SITE_JCC, X86_E, bad);
	x86_jmp_r(&e->code, T0);
}

void x86_lop_poll(struct jit_emit *e, const struct lop *l)
{
	const u32 out = jit_cold(e, l->idx, FAULT_BUDGET);

	x86_alu_mi(&e->code, X86_CMP, 8, x86_at(RUN, offsetof(struct run, stop)), 0);
	jit_site_local(e, JIT_SITE_JCC, X86_NE, out);
	if (e->poll != JIT_POLL_COUNT)
		return;
	x86_alu_mi(&e->code, X86_SUB, 64, x86_at(RUN, offsetof(struct run, insns_left)), 1);
	jit_site_local(e, JIT_SITE_JCC, X86_B, out);
}
