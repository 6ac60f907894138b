/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads and stores: a base with a displacement, or with an index; more takes a sum before. */
#include "jit/arm64/a64_int.h"

static bool off_fits(u32 op, s64 off)
{
	return a64_off12_fits(op, off) || a64_off9_fits(off);
}

static void access_near(struct jit_emit *e, u32 op, u32 rt, u32 base, s64 off)
{
	a64_emit(e, a64_off12_fits(op, off) ? a64_mem(op, rt, base, off) :
					      a64_mem_unscaled(op, rt, base, off));
}

/* The same by way of @by when the displacement is long. */
static void access_by(struct jit_emit *e, u32 op, const u32 regs[3], s64 off)
{
	const u32 rt = regs[0], base = regs[1], by = regs[2];

	if (off_fits(op, off)) {
		access_near(e, op, rt, base, off);
		return;
	}
	a64_const(e, by, (u64)off);
	a64_emit(e, a64_mem_reg(op, rt, base, by, A64_IDX_LSL));
}

void a64_access(struct jit_emit *e, u32 op, u32 rt, u32 base, s64 off)
{
	access_by(e, op, (u32[]){ rt, base, T0 }, off);
}

u32 a64_address(struct jit_emit *e, const struct lop *l)
{
	const u32 a = a64_native(e, l->a);

	assert(l->b == LOP_REG_NONE);
	if (!l->disp)
		return a;
	a64_add_const(e, true, T0, a, l->disp);
	return T0;
}

/* rt from or to the address of @l; T0 and T1 are used. */
static void access_lop(struct jit_emit *e, const struct lop *l, u32 op, u32 rt)
{
	const u32 a = l->a == LOP_REG_NONE ? A64_ZR : a64_native(e, l->a);
	u32 b;

	if (l->b == LOP_REG_NONE) {
		a64_access(e, op, rt, a, l->disp);
		return;
	}
	b = a64_native(e, l->b);
	if (a != A64_ZR && !l->disp && (!l->scale || l->scale == op >> 30)) {
		a64_emit(e, a64_mem_reg(op, rt, a, b, l->scale ? A64_IDX_LSL_S : A64_IDX_LSL));
		return;
	}
	a64_emit(e, a64_add_sh(true, T0, a, b, A64_LSL(l->scale)));
	access_by(e, op, (u32[]){ rt, T0, T1 }, l->disp);
}

static u32 size_bits(u32 bits)
{
	return bits == 8 ? A64_8 : bits == 16 ? A64_16 : bits == 32 ? A64_32 : A64_64;
}

/* What is to be stored: a native, zero, or T2. */
static u32 stored(struct jit_emit *e, const struct lop *l)
{
	const u64 v = l->bits == 64 ? l->imm : l->imm & ((1ull << l->bits) - 1);

	if (l->c != LOP_REG_NONE)
		return a64_native(e, l->c);
	if (!v)
		return A64_ZR;
	a64_const(e, T2, v);
	return T2;
}

void a64_lop_memory(struct jit_emit *e, const struct lop *l)
{
	const u32 size = size_bits(l->bits);

	switch (l->op) {
	case LOP_LOAD:
		access_lop(e, l, size | A64_LDRB, a64_native(e, l->dst));
		break;
	case LOP_LOAD_SX:
		access_lop(e, l, size | A64_LDRSB, a64_native(e, l->dst));
		break;
	case LOP_LOAD_ACQ:
		a64_emit(e, a64_ldar(size, a64_native(e, l->dst), a64_address(e, l)));
		break;
	case LOP_STORE_REL:
		a64_emit(e, a64_stlr(size, a64_native(e, l->c), a64_address(e, l)));
		break;
	default: /* LOP_STORE */
		access_lop(e, l, size | A64_STRB, stored(e, l));
		break;
	}
}
