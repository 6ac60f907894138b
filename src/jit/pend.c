/* SPDX-License-Identifier: BSD-2-Clause */
#include "jit/pend.h"

#define BIT(n) ((u16)(1u << (n)))

void pend_emit(struct lower *l, struct lop *op)
{
	op->idx = l->idx;
	jit_buf_room(&l->e->code);
	l->e->target->lop(l->e, op);
}

static const u8 lop_of_kind[] = {
	[PEND_NONE] = LOP_MOV,	 [PEND_CONST] = LOP_CONST, [PEND_COPY] = LOP_MOV,
	[PEND_ZEXT32] = LOP_MOV, [PEND_LEA] = LOP_LEA,	   [PEND_LSH] = LOP_LSH,
	[PEND_RSH] = LOP_RSH,	 [PEND_AND] = LOP_AND,
};

/* Without a branch for each kind: which it is cannot be guessed. */
static struct lop lop_of(const struct pend *p, u32 reg)
{
	const u32 kind = p->kind;
	struct lop op = {
		.op = lop_of_kind[kind],
		.width = kind == PEND_COPY ? 64 : kind == PEND_ZEXT32 ? 32 : p->width,
		.dst = (u8)reg,
		.a = p->a,
		.b = kind == PEND_LEA ? p->b : LOP_REG_NONE,
		.c = LOP_REG_NONE,
		.scale = kind == PEND_LEA ? p->scale : 0,
		.disp = kind == PEND_LEA ? p->disp : 0,
		.imm = kind == PEND_LSH || kind == PEND_RSH ? p->scale : p->imm,
	};

	if (kind == PEND_AND && (p->imm == 0xff || p->imm == 0xffff)) {
		op.op = LOP_ZEXT;
		op.bits = p->imm == 0xff ? 8 : 16;
	}
	return op;
}

static bool upper_is_zero(const struct lower *l, const struct pend *p)
{
	switch ((enum pend_kind)p->kind) {
	case PEND_CONST:
		return !(p->imm >> 32);
	case PEND_COPY:
		return l->upper_zero & BIT(p->a);
	case PEND_ZEXT32:
		return true;
	case PEND_RSH:
		return p->width == 32 || p->scale >= 32;
	case PEND_AND:
		return true;
	case PEND_NONE:
	case PEND_LEA:
	case PEND_LSH:
		break;
	}
	return p->width == 32;
}

/* Computes what reads the native of @reg, which will be written (2.), and is @live. */
static void force_readers(struct lower *l, u32 reg, u16 live)
{
	u16 others = l->pending & (u16)~BIT(reg);

	while (others) {
		const u32 q = (u32)__builtin_ctz(others);

		others &= (u16)(others - 1);
		if (!(l->pend[q].reads & BIT(reg)) || !(l->pending & BIT(q)))
			continue;
		if (live & BIT(q))
			pend_force(l, q);
		else
			l->pending &= (u16)~BIT(q);
	}
}

static void set_upper(struct lower *l, u32 reg, bool zero)
{
	l->upper_zero = (u16)((l->upper_zero & ~BIT(reg)) | (zero ? BIT(reg) : 0));
}

void pend_force(struct lower *l, u32 reg)
{
	const struct pend p = l->pend[reg];
	struct lop op;
	bool zero;

	if (!(l->pending & BIT(reg)))
		return;
	l->pending &= (u16)~BIT(reg);
	zero = upper_is_zero(l, &p);
	force_readers(l, reg, l->live);
	op = lop_of(&p, reg);
	pend_emit(l, &op);
	set_upper(l, reg, zero);
}

void pend_force_set(struct lower *l, u16 regs)
{
	for (u16 left = l->pending & regs; left; left &= (u16)(left - 1))
		pend_force(l, (u32)__builtin_ctz(left));
}

void pend_reset(struct lower *l)
{
	l->pending = 0;
	l->upper_zero = 0;
}

bool pend_const(const struct lower *l, u32 reg, u64 *ret)
{
	if (!(l->pending & BIT(reg)) || l->pend[reg].kind != PEND_CONST)
		return false;
	*ret = l->pend[reg].imm;
	return true;
}

u32 pend_use(struct lower *l, u32 reg, u32 width)
{
	if (l->pending & BIT(reg)) {
		const struct pend *p = &l->pend[reg];

		if (p->kind == PEND_COPY || (p->kind == PEND_ZEXT32 && width <= 32))
			return p->a;
		/* Whoever else reads it finds the value in the native, so live or not. */
		pend_force(l, reg);
	}
	return reg;
}

void pend_share(struct lower *l, u32 reg)
{
	const u16 reads = l->pend[reg].reads;

	if (l->pending & l->live_after & BIT(reg) && reads & BIT(reg) && reads & ~BIT(reg))
		pend_force(l, reg);
}

/* A sum that is taken modulo 2^32 may be part of one of 64 bits only as a finished value. */
struct lin pend_lin(struct lower *l, u32 reg, u32 width)
{
	const struct pend *p = &l->pend[reg];
	struct lin lin = { .a = (u8)reg, .b = LOP_REG_NONE };

	if (!(l->pending & BIT(reg)))
		return lin;
	switch ((enum pend_kind)p->kind) {
	case PEND_CONST:
		lin.a = LOP_REG_NONE;
		lin.disp = width == 32 ? (s32)(u32)p->imm : (s64)p->imm;
		if (fits_s32(lin.disp))
			return lin;
		break;
	case PEND_COPY:
		lin.a = p->a;
		return lin;
	case PEND_ZEXT32:
		if (width == 32) {
			lin.a = p->a;
			return lin;
		}
		break;
	case PEND_LEA:
		if (width == 32 || p->width == 64)
			return (struct lin){ p->a, p->b, p->scale, p->disp };
		break;
	case PEND_LSH:
		if (p->scale <= 3 && (width == 32 || p->width == 64))
			return (struct lin){ LOP_REG_NONE, p->a, p->scale, 0 };
		break;
	case PEND_NONE:
	case PEND_RSH:
	case PEND_AND:
		break;
	}
	pend_force(l, reg);
	return (struct lin){ .a = (u8)reg, .b = LOP_REG_NONE };
}

void pend_def(struct lower *l, u32 reg, bool upper_zero)
{
	l->pending &= (u16)~BIT(reg);
	force_readers(l, reg, l->live_after);
	set_upper(l, reg, upper_zero);
}

void pend_replace(struct lower *l, u32 reg, u16 reads)
{
	l->pending &= (u16)~BIT(reg);
	if (reads & (u16)~BIT(reg) & 0x0fff)
		force_readers(l, reg, l->live_after); /* keeps 1. */
	l->pending |= BIT(reg);
}

void pend_set_const(struct lower *l, u32 reg, u64 value)
{
	for (u32 k = 0; k < l->e->k_cnt; k++)
		if (l->e->k_values[k] == value) {
			pend_set_copy(l, reg, LOP_K0 + k);
			return;
		}
	pend_set(l, reg, (struct pend){ .kind = PEND_CONST, .width = 64, .imm = value,
					.a = LOP_REG_NONE, .b = LOP_REG_NONE });
}

void pend_set_copy(struct lower *l, u32 reg, u32 native)
{
	pend_set(l, reg, (struct pend){ .kind = PEND_COPY, .width = 64, .a = (u8)native,
					.b = LOP_REG_NONE });
}
