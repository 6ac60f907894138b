/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads, stores, atomics: addresses take in the sums that registers are. */
#include "jit/lower.h"
#include "prog/prog.h"

/* @reg + @off into the address of @op. */
static void address(struct lower *l, u32 reg, s32 off, struct lop *op)
{
	struct lin lin = pend_lin(l, reg, 64);

	if (!fits_s32(lin.disp + off) || (lin.a == LOP_REG_NONE && lin.b == LOP_REG_NONE))
		lin = (struct lin){ (u8)pend_use(l, reg, 64), LOP_REG_NONE, 0, 0 };
	op->a = lin.a;
	op->b = lin.b;
	op->scale = lin.scale;
	op->disp = (s32)(lin.disp + off);
}

/* Atomics take a base and a displacement only. */
static void address_plain(struct lower *l, u32 reg, s32 off, struct lop *op)
{
	address(l, reg, off, op);
	if (op->b == LOP_REG_NONE)
		return;
	pend_force(l, reg);
	op->a = (u8)reg;
	op->b = LOP_REG_NONE;
	op->scale = 0;
	op->disp = off;
}

/* The instruction after @d turns what was loaded from big-endian: both can be one. */
static bool swap_follows(const struct lower *l, const struct decoded *d, u32 bits)
{
	const struct decoded *next = d + 1;
	const u8 *marks = l->f->prog->marks;
	enum isa_op op = next->op;

	if (marks && marks[l->idx + 1] & XLATE_NOSPEC)
		return false; /* a barrier is to stand between the two */
	if (bits < 16 || !l->e->target->load_be(l->e->features) ||
	    l->f->flags[l->idx + 1] & FRONT_LEADER || next->half || next->dst != d->dst)
		return false;
	return bits == 16 ? op == ISA_BE16 || op == ISA_BSWAP16 :
	       bits == 32 ? op == ISA_BE32 || op == ISA_BSWAP32 :
			    op == ISA_BE64 || op == ISA_BSWAP64;
}

u32 lower_load(struct lower *l, const struct decoded *d)
{
	const struct isa_info *info = isa_info(d->op);
	struct lop op = lower_op(LOP_LOAD, 64);
	u32 more = 0;

	if (info->family == ISA_FAMILY_LDSX) {
		op.op = LOP_LOAD_SX;
	} else if (info->family == ISA_FAMILY_LOAD_ACQ) {
		op.op = LOP_LOAD_ACQ;
	} else if (swap_follows(l, d, info->width_bits)) {
		op.op = LOP_LOAD_BE;
		more = 1;
	}
	op.bits = info->width_bits;
	op.dst = d->dst;
	if (d->src != d->dst)
		pend_share(l, d->src);
	address(l, d->src, d->off, &op);
	if (op.op == LOP_LOAD_ACQ && op.b != LOP_REG_NONE)
		address_plain(l, d->src, d->off, &op);
	pend_def(l, d->dst, op.bits < 64 && op.op != LOP_LOAD_SX);
	pend_emit(l, &op);
	return more;
}

/* A native whose low @bits are those of @reg. */
static u32 use_low(struct lower *l, u32 reg, u32 bits)
{
	const struct pend *p = &l->pend[reg];

	if (l->pending & 1u << reg && p->kind == PEND_AND && bits <= 16 &&
	    (p->imm & ((1u << bits) - 1)) == (1u << bits) - 1)
		return p->a;
	return pend_use(l, reg, bits <= 32 ? 32 : 64);
}

/* True when @d is one more store of a constant like @first, at @off. */
static bool continues(const struct lower *l, const struct decoded *first, const struct decoded *d,
		      s32 off)
{
	const struct front *f = l->f;
	const size_t idx = (size_t)(d - f->insns);

	return idx < f->insn_cnt && d->op == first->op && d->dst == first->dst &&
	       d->src == first->src && d->off == off &&
	       !(f->flags[idx] & FRONT_LEADER) && !d->half &&
	       !(f->prog->marks && f->prog->marks[idx] & XLATE_NOSPEC);
}

/*
 * Constants that are stored next to each other, as clang spells small memset()s: 2, 4 or 8 at
 * once, into @op, which holds the first. Registers hold the same one all the time. Returns how many
 * instructions more it took.
 */
static u32 store_together(const struct lower *l, const struct decoded *d, struct lop *op)
{
	const u32 bytes = op->bits / 8u;
	const bool down = continues(l, d, d + 1, d->off - (s32)bytes);
	const s32 step = down ? -(s32)bytes : (s32)bytes;
	const bool in_reg = isa_info(d->op)->family == ISA_FAMILY_STX;
	u32 cnt = 1;

	while (cnt * bytes < 8 && continues(l, d, d + cnt, d->off + (s32)cnt * step))
		cnt++;
	for (cnt = 1u << (31 - __builtin_clz(cnt)); cnt > 1; cnt /= 2) {
		u64 value = 0;

		for (u32 i = 0; i < cnt; i++) {
			const u32 at = down ? cnt - 1 - i : i;

			const u64 part = in_reg ? op->imm : d[i].imm;

			value |= (part & ((1ull << op->bits) - 1)) << at * op->bits;
		}
		if (cnt * bytes == 8 && !fits_s32((s64)value))
			continue;
		op->bits = (u8)(cnt * op->bits);
		op->imm = op->bits == 32 ? (u64)(s64)(s32)(u32)value : value;
		op->disp = down ? -(s32)((cnt - 1) * bytes) : 0;
		return cnt - 1;
	}
	return 0;
}

u32 lower_store(struct lower *l, const struct decoded *d)
{
	const struct isa_info *info = isa_info(d->op);
	const bool release = info->family == ISA_FAMILY_STORE_REL;
	struct lop op = lower_op(release ? LOP_STORE_REL : LOP_STORE, 64);
	bool constant = false;
	u32 more = 0;
	s32 off;

	op.bits = info->width_bits;
	if (info->family == ISA_FAMILY_ST) {
		op.imm = d->imm;
		constant = true;
	} else if (!release && pend_const(l, d->src, &op.imm)) {
		if (op.bits < 64)
			op.imm = (u64)(s64)(s32)(u32)op.imm;
		constant = fits_s32((s64)op.imm);
	}
	if (constant && op.bits < 64)
		more = store_together(l, d, &op);
	off = d->off + op.disp;
	if (constant) {
		address(l, d->dst, off, &op);
	} else {
		/* Either may move the other to its own register: twice, and nothing moves. */
		for (u32 i = 0; i < 2; i++) {
			op.c = (u8)use_low(l, d->src, op.bits);
			if (release)
				address_plain(l, d->dst, off, &op);
			else
				address(l, d->dst, off, &op);
		}
	}
	pend_emit(l, &op);
	return more;
}

struct atomic_row {
	u8 fn; /* enum lop_fn */
	bool fetch;
};

#define FN_add	     LOP_FN_ADD
#define FN_or	     LOP_FN_OR
#define FN_and	     LOP_FN_AND
#define FN_xor	     LOP_FN_XOR
#define FN_xchg	     LOP_FN_XCHG
#define FETCH_FETCH  true
#define FETCH_PLAIN  false

static const struct atomic_row atomic_rows[ISA_OP_CNT] = {
#define ISA_ATOMIC(id, code, op, fn, width, fetch, ...) [ISA_##id] = { FN_##fn, FETCH_##fetch },
#include "isa/ops.def"
};

void lower_atomic(struct lower *l, const struct decoded *d)
{
	const struct isa_info *info = isa_info(d->op);
	const bool cmpxchg = info->family == ISA_FAMILY_CMPXCHG;
	struct lop op = lower_op(cmpxchg ? LOP_CMPXCHG : LOP_ATOMIC, info->width_bits);

	op.bits = info->width_bits;
	op.fn = atomic_rows[d->op].fn;
	op.fetch = cmpxchg || atomic_rows[d->op].fetch;
	/* Everything by its own register: what is written is also read. */
	pend_force(l, d->src);
	if (cmpxchg)
		pend_force(l, 0);
	address_plain(l, d->dst, d->off, &op);
	op.c = d->src;
	if (cmpxchg)
		op.dst = 0;
	else if (op.fetch)
		op.dst = d->src;
	if (op.fetch)
		pend_def(l, op.dst, info->width_bits == 32);
	pend_emit(l, &op);
}
