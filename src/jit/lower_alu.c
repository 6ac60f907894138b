/* SPDX-License-Identifier: BSD-2-Clause */
/* Arithmetic: sums and shifts wait (jit/pend.h), the rest is emitted with what they have become. */
#include "jit/lower.h"

struct alu_row {
	u8 lop; /* enum lop_op */
	u8 width;
	u8 form; /* enum isa_form */
};

#define LOP_OF_add  LOP_ADD
#define LOP_OF_sub  LOP_SUB
#define LOP_OF_mul  LOP_MUL
#define LOP_OF_div  LOP_DIV
#define LOP_OF_sdiv LOP_SDIV
#define LOP_OF_mod  LOP_MOD
#define LOP_OF_smod LOP_SMOD
#define LOP_OF_or   LOP_OR
#define LOP_OF_and  LOP_AND
#define LOP_OF_xor  LOP_XOR
#define LOP_OF_lsh  LOP_LSH
#define LOP_OF_rsh  LOP_RSH
#define LOP_OF_arsh LOP_ARSH

static const struct alu_row alu_rows[ISA_OP_CNT] = {
#define ISA_ALU(id, code, sel, selv, fn, width, form, ...) \
	[ISA_##id] = { LOP_OF_##fn, width, ISA_FORM_##form },
#include "isa/ops.def"
};

/* dst = a op (b, or imm where b is LOP_REG_NONE), now. */
static void emit_binary(struct lower *l, enum lop_op lop, u32 width, const u32 regs[3], u64 imm)
{
	struct lop op = lower_op(lop, width);

	op.dst = (u8)regs[0];
	op.a = (u8)regs[1];
	op.b = (u8)regs[2];
	op.imm = imm;
	pend_def(l, regs[0], width == 32 || (lop == LOP_AND && regs[2] == LOP_REG_NONE &&
					     (s64)imm >= 0 && imm <= UINT32_MAX));
	pend_emit(l, &op);
}

/* As an operand of arithmetic: a constant that fits, or a native. */
struct operand {
	u32 reg; /* LOP_REG_NONE: imm */
	u64 imm;
};

static struct operand operand_of(struct lower *l, const struct decoded *d, u32 width, u32 form)
{
	struct operand o = { LOP_REG_NONE, d->imm };

	if (form == ISA_FORM_K)
		return o;
	if (pend_const(l, d->src, &o.imm)) {
		if (width == 32)
			o.imm = (u64)(s64)(s32)(u32)o.imm;
		if (fits_s32((s64)o.imm))
			return o;
	}
	o.reg = pend_use(l, d->src, width);
	return o;
}

/* x + y as one sum, if the two have no more than a base and an index together. */
static bool lin_add(const struct lin *x, const struct lin *y, u32 width, struct lin *ret)
{
	u8 bases[4], index = LOP_REG_NONE, scale = 0;
	u32 base_cnt = 0, index_cnt = 0;
	const struct lin *const parts[2] = { x, y };

	for (u32 i = 0; i < 2; i++) {
		if (parts[i]->a != LOP_REG_NONE)
			bases[base_cnt++] = parts[i]->a;
		if (parts[i]->b == LOP_REG_NONE)
			continue;
		if (!parts[i]->scale) {
			bases[base_cnt++] = parts[i]->b;
		} else {
			index = parts[i]->b;
			scale = parts[i]->scale;
			index_cnt++;
		}
	}
	if (base_cnt + index_cnt > 2 || index_cnt > 1)
		return false;
	*ret = (struct lin){ LOP_REG_NONE, index, scale, x->disp + y->disp };
	if (width == 32)
		ret->disp = (s32)(u32)(u64)ret->disp;
	if (base_cnt)
		ret->a = bases[0];
	if (base_cnt == 2)
		ret->b = bases[1];
	return fits_s32(ret->disp);
}

static void set_lin(struct lower *l, u32 dst, u32 width, const struct lin *lin)
{
	struct pend p = { .kind = PEND_LEA, .width = (u8)width, .a = lin->a, .b = lin->b,
			  .scale = lin->scale, .disp = (s32)lin->disp };

	if (p.a == LOP_REG_NONE && p.b == LOP_REG_NONE) {
		pend_set_const(l, dst, width == 32 ? (u32)p.disp : (u64)(s64)p.disp);
		return;
	}
	if (p.b == LOP_REG_NONE && !p.disp)
		p.kind = width == 64 || l->upper_zero & 1u << p.a ? PEND_COPY : PEND_ZEXT32;
	pend_set(l, dst, p);
}

static void lower_add(struct lower *l, const struct decoded *d, const struct alu_row *row)
{
	struct lin x = pend_lin(l, d->dst, row->width), y, sum;

	if (row->form == ISA_FORM_X && d->src != d->dst)
		pend_share(l, d->src);
	if (row->form == ISA_FORM_K) {
		y = (struct lin){ LOP_REG_NONE, LOP_REG_NONE, 0, (s64)d->imm };
	} else {
		y = pend_lin(l, d->src, row->width);
		/* Making a value of the one may have changed where the other lies. */
		x = pend_lin(l, d->dst, row->width);
	}
	if (lin_add(&x, &y, row->width, &sum)) {
		set_lin(l, d->dst, row->width, &sum);
		return;
	}
	x = (struct lin){ (u8)pend_use(l, d->dst, row->width), LOP_REG_NONE, 0, 0 };
	if (row->form == ISA_FORM_X)
		y = pend_lin(l, d->src, row->width);
	if (!lin_add(&x, &y, row->width, &sum)) {
		y = (struct lin){ (u8)pend_use(l, d->src, row->width), LOP_REG_NONE, 0, 0 };
		x.a = (u8)pend_use(l, d->dst, row->width);
		sum = (struct lin){ x.a, y.a, 0, 0 };
	}
	set_lin(l, d->dst, row->width, &sum);
}

/* A rotation spelled as two shifts: (a << k) op (a >> width - k), op being or, xor or add. */
static bool rotation(struct lower *l, const struct decoded *d, const struct alu_row *row)
{
	const struct pend *x = &l->pend[d->dst], *y = &l->pend[d->src], *left, *right;
	const u16 both = (u16)(1u << d->dst | 1u << d->src);
	u32 regs[3];

	if (row->form != ISA_FORM_X || (l->pending & both) != both || d->dst == d->src)
		return false;
	left = x->kind == PEND_LSH ? x : y;
	right = left == x ? y : x;
	if (left->kind != PEND_LSH || right->kind != PEND_RSH || left->a != right->a ||
	    left->width != right->width || left->scale + right->scale != left->width ||
	    (row->width == 32 && left->width == 64))
		return false;
	regs[0] = d->dst;
	regs[1] = left->a;
	regs[2] = LOP_REG_NONE;
	emit_binary(l, LOP_ROL, left->width, regs, left->scale);
	return true;
}

static void lower_shift_k(struct lower *l, const struct decoded *d, const struct alu_row *row)
{
	const u32 k = (u32)d->imm & (row->width - 1u), dst = d->dst;
	const struct pend *p = &l->pend[dst];
	const bool left_before = l->pending & 1u << dst && p->kind == PEND_LSH &&
				 p->width == row->width && p->scale == k && row->width == 64;
	struct lop op;
	u32 a;

	if (left_before && k >= 32 && row->lop != LOP_LSH && (k == 32 || k == 48 || k == 56)) {
		/* The low part of a register, zero- or sign-extended. */
		a = p->a;
		if (row->lop == LOP_RSH && k == 32) {
			pend_set(l, dst, (struct pend){ .kind = PEND_ZEXT32, .width = 32,
							.a = (u8)a, .b = LOP_REG_NONE });
			return;
		}
		op = lower_op(row->lop == LOP_RSH ? LOP_ZEXT : LOP_SEXT, 64);
		op.bits = (u8)(64 - k);
		op.dst = (u8)dst;
		op.a = (u8)a;
		pend_def(l, dst, row->lop == LOP_RSH);
		pend_emit(l, &op);
		return;
	}
	if (row->lop == LOP_RSH && l->pending & 1u << dst && p->kind == PEND_AND && k < 32 && k &&
	    p->imm >> k == UINT32_MAX >> k) {
		/* The upper part of the low half: what 32-bit programs do on 64 bits. */
		pend_set(l, dst, (struct pend){ .kind = PEND_RSH, .width = 32, .a = p->a,
						.b = LOP_REG_NONE, .scale = (u8)k });
		return;
	}
	a = pend_use(l, dst, row->width);
	if (row->lop == LOP_ARSH) {
		emit_binary(l, LOP_ARSH, row->width, (u32[]){ dst, a, LOP_REG_NONE }, k);
		return;
	}
	if (!k) {
		pend_set(l, dst, (struct pend){ .kind = row->width == 64 ? PEND_COPY : PEND_ZEXT32,
						.width = row->width, .a = (u8)a,
						.b = LOP_REG_NONE });
		return;
	}
	pend_set(l, dst, (struct pend){ .kind = row->lop == LOP_LSH ? PEND_LSH : PEND_RSH,
					.width = row->width, .a = (u8)a, .b = LOP_REG_NONE,
					.scale = (u8)k });
}

/* True when the multiplication was made of cheaper operations. */
static bool multiply(struct lower *l, const struct decoded *d, const struct alu_row *row,
		     u64 imm)
{
	const u64 m = row->width == 32 ? (u32)imm : imm;
	struct pend p = { .width = row->width, .b = LOP_REG_NONE };

	if (m == 0 || m == 1)
		return false;
	if (!(m & (m - 1))) {
		p.kind = PEND_LSH;
		p.scale = (u8)__builtin_ctzll(m);
	} else if (m == 3 || m == 5 || m == 9) {
		p.kind = PEND_LEA;
		p.scale = (u8)__builtin_ctzll(m - 1);
	} else {
		return false;
	}
	p.a = (u8)pend_use(l, d->dst, row->width);
	if (p.kind == PEND_LEA)
		p.b = p.a;
	pend_set(l, d->dst, p);
	return true;
}

/* Ands that leave a part of the register as it is. */
static bool mask(struct lower *l, const struct decoded *d, const struct alu_row *row, u64 imm)
{
	const u64 m = row->width == 32 ? (u32)imm : imm;
	struct pend p = { .kind = PEND_AND, .width = 32, .b = LOP_REG_NONE, .imm = m };

	if (m == UINT32_MAX)
		p.kind = PEND_ZEXT32;
	else if (m > UINT32_MAX)
		return false;
	p.a = (u8)pend_use(l, d->dst, 32);
	pend_set(l, d->dst, p);
	return true;
}

/* RFC 9669 section 4.1: the quotient is 0, the remainder what was to be divided. */
static void by_zero(struct lower *l, const struct decoded *d, const struct alu_row *row)
{
	if (row->lop == LOP_DIV || row->lop == LOP_SDIV)
		pend_set_const(l, d->dst, 0);
	else if (row->width == 32)
		pend_set(l, d->dst,
			 (struct pend){ .kind = PEND_ZEXT32, .width = 32, .b = LOP_REG_NONE,
					.a = (u8)pend_use(l, d->dst, 32) });
}

void lower_alu(struct lower *l, const struct decoded *d)
{
	const struct alu_row *row = &alu_rows[d->op];
	struct operand o;
	u64 imm;
	u32 a;

	if ((row->lop == LOP_OR || row->lop == LOP_XOR || row->lop == LOP_ADD) &&
	    rotation(l, d, row))
		return;
	if (row->lop == LOP_ADD) {
		lower_add(l, d, row);
		return;
	}
	if (row->lop == LOP_AND && row->form == ISA_FORM_X && pend_const(l, d->src, &imm) &&
	    mask(l, d, row, imm))
		return;
	o = operand_of(l, d, row->width, row->form);
	if (o.reg == LOP_REG_NONE) {
		switch (row->lop) {
		case LOP_DIV:
		case LOP_SDIV:
		case LOP_MOD:
		case LOP_SMOD:
			if (!o.imm) {
				by_zero(l, d, row);
				return;
			}
			break;
		case LOP_LSH:
		case LOP_RSH:
		case LOP_ARSH: {
			struct decoded shift = *d;

			shift.imm = o.imm;
			lower_shift_k(l, &shift, row);
			return;
		}
		case LOP_SUB: {
			const struct lin x = pend_lin(l, d->dst, row->width);
			const struct lin y = { LOP_REG_NONE, LOP_REG_NONE, 0, -(s64)o.imm };
			struct lin sum;

			if (!lin_add(&x, &y, row->width, &sum))
				break;
			set_lin(l, d->dst, row->width, &sum);
			return;
		}
		case LOP_MUL:
			if (multiply(l, d, row, o.imm))
				return;
			break;
		case LOP_AND:
			if (mask(l, d, row, o.imm))
				return;
			break;
		default:
			break;
		}
	}
	a = pend_use(l, d->dst, row->width);
	/* Looking up the first may have computed the second anew. */
	if (o.reg != LOP_REG_NONE)
		o.reg = pend_use(l, d->src, row->width);
	emit_binary(l, row->lop, row->width, (u32[]){ d->dst, a, o.reg },
		    row->width == 32 ? (u32)o.imm : o.imm);
}

struct mov_row {
	u8 from_bits; /* sign-extending moves; else 0 */
	u8 width;
	u8 form; /* enum isa_form */
};

#define FROM_mov      0
#define FROM_movsx8_  8
#define FROM_movsx16_ 16
#define FROM_movsx32_ 32

static const struct mov_row mov_rows[ISA_OP_CNT] = {
#define ISA_MOV(id, code, sel, selv, fn, width, form, ...) \
	[ISA_##id] = { FROM_##fn, width, ISA_FORM_##form },
/* Address spaces are the arena's; a host address is one already. */
#define ISA_CAST(id, ...) [ISA_##id] = { 0, 64, ISA_FORM_X },
#include "isa/ops.def"
};

static void move64(struct lower *l, u32 dst, u32 src)
{
	if (src != dst)
		pend_share(l, src);
	if (l->pending & 1u << src)
		pend_set(l, dst, l->pend[src]);
	else
		pend_set_copy(l, dst, src);
}

static void move32(struct lower *l, u32 dst, u32 src)
{
	struct pend p = { .kind = PEND_ZEXT32, .width = 32, .b = LOP_REG_NONE };
	u64 imm;

	if (pend_const(l, src, &imm)) {
		pend_set_const(l, dst, (u32)imm);
		return;
	}
	if (src != dst)
		pend_share(l, src);
	if (l->pending & 1u << src && l->pend[src].width == 32) {
		pend_set(l, dst, l->pend[src]);
		return;
	}
	p.a = (u8)pend_use(l, src, 32);
	if (l->upper_zero & 1u << p.a)
		p.kind = PEND_COPY;
	pend_set(l, dst, p);
}

void lower_mov(struct lower *l, const struct decoded *d)
{
	const struct mov_row *row = &mov_rows[d->op];
	struct lop op;

	if (row->form == ISA_FORM_K) {
		pend_set_const(l, d->dst, row->width == 32 ? (u32)d->imm : d->imm);
	} else if (row->from_bits) {
		op = lower_op(LOP_SEXT, row->width);
		op.bits = row->from_bits;
		op.dst = d->dst;
		op.a = (u8)pend_use(l, d->src, 32);
		pend_def(l, d->dst, row->width == 32);
		pend_emit(l, &op);
	} else if (row->width == 32) {
		move32(l, d->dst, d->src);
	} else {
		move64(l, d->dst, d->src);
	}
}

/* Negation, and the order of bytes. */
void lower_end(struct lower *l, const struct decoded *d)
{
	const struct isa_info *info = isa_info(d->op);
	const bool swaps = d->op != ISA_LE16 && d->op != ISA_LE32 && d->op != ISA_LE64;
	struct lop op;

	if (info->family == ISA_FAMILY_NEG) {
		op = lower_op(LOP_NEG, info->width_bits);
		op.a = (u8)pend_use(l, d->dst, info->width_bits);
	} else if (swaps) {
		op = lower_op(LOP_BSWAP, 64);
		op.a = (u8)pend_use(l, d->dst, info->width_bits);
		op.bits = info->width_bits;
	} else if (d->op == ISA_LE16) {
		op = lower_op(LOP_ZEXT, 64);
		op.a = (u8)pend_use(l, d->dst, 32);
		op.bits = 16;
	} else if (d->op == ISA_LE32) {
		move32(l, d->dst, d->dst);
		return;
	} else {
		return;
	}
	op.dst = d->dst;
	pend_def(l, d->dst, info->width_bits < 64);
	pend_emit(l, &op);
}
