/* SPDX-License-Identifier: BSD-2-Clause */
/* Units: what programs are made of. */
#include "tests/jit/gen_int.h"

static void unit_alu(struct gen *g)
{
	enum isa_op op = one_in(g, 4) ? (enum isa_op)(ISA_ADD64_X + below(g, ISA_ARSH32_K -
									   ISA_ADD64_X + 1)) :
					dense_op(g);
	const struct isa_info *info = isa_info(op);
	const u32 src = info->form == ISA_FORM_X ? pick_num(g) : 0;
	const u32 dst = pick_both(g);
	const s32 imm = info->form == ISA_FORM_K ? alu_imm(g, info) : 0;

	/* picking dst may have written a constant over src, which is a number then, too */
	put(g, insn_of(op, dst, src, 0, imm));
	g->s.r[dst] = alu_val(op, g->s.r[dst], g->s.r[src], imm);
}

static void unit_mov(struct gen *g)
{
	static const u16 ops[] = { ISA_MOV64_X, ISA_MOV64_X, ISA_MOV64_X, ISA_MOV64_X,
				   ISA_MOV32_X, ISA_MOV32_X, ISA_MOVSX8_64, ISA_MOVSX16_64,
				   ISA_MOVSX32_64, ISA_MOVSX8_32, ISA_MOVSX16_32 };
	const enum isa_op op = (enum isa_op)ops[below(g, ARRAY_SIZE(ops))];
	u32 src, dst;

	if (one_in(g, 4)) {
		put_const(g, pick_dst(g));
		return;
	}
	src = pick_num(g);
	dst = pick_dst(g);
	put(g, insn_of(op, dst, src, 0, 0));
	if (op == ISA_MOV64_X || (op == ISA_MOV32_X && g->s.r[src].kind == SMALL))
		g->s.r[dst] = g->s.r[src];
	else
		g->s.r[dst] = num();
}

static void unit_end(struct gen *g)
{
	static const u16 ops[] = { ISA_NEG64,   ISA_NEG32,   ISA_LE16,    ISA_LE32,  ISA_LE64,
				   ISA_BE16,    ISA_BE32,    ISA_BE64,    ISA_BSWAP16,
				   ISA_BSWAP32, ISA_BSWAP64 };
	const u32 r = pick_both(g);

	put(g, insn_of((enum isa_op)ops[below(g, ARRAY_SIZE(ops))], r, 0, 0, 0));
	g->s.r[r] = num();
}

/* A register that holds an address, and what it may be moved by. */
struct place {
	u32 reg;
	s32 off_low, off_high; /* of an access of 8 bytes */
	u8 align;
};

static bool usable(const struct gen *g, u32 r, struct place *ret)
{
	const struct val *v = &g->s.r[r];

	*ret = (struct place){ .reg = r, .align = v->align };
	if (v->kind == BLOCK) {
		ret->off_low = MAX(-v->low, INT16_MIN);
		ret->off_high = MIN(GEN_BLOCK_BYTES - 8 - v->high, INT16_MAX);
	} else if (v->kind == STACK) {
		ret->off_low = -SLOT_BYTES - v->low;
		ret->off_high = -8 - v->low;
	} else {
		return false;
	}
	return ret->off_low <= ret->off_high;
}

static void put_block_addr(struct gen *g, u32 r)
{
	const u32 at = below(g, GEN_BLOCK_BYTES / 8) * 8;
	const u64 v = g->block + at;

	PUT(LDDW_IMM, r, 0, 0, (s32)(u32)v);
	put(g, insn_make(0, 0, 0, 0, (s32)(u32)(v >> 32)));
	g->s.r[r] = (struct val){ BLOCK, 8, (s32)at, (s32)at };
}

/* base + (number & mask) << scale, as compilers write indices. */
static void make_index(struct gen *g, u32 r)
{
	static const s32 masks[] = { 0xff, 0x3f, 0x38, 0xf8, 0x1f, 7 };
	const s32 mask = masks[below(g, ARRAY_SIZE(masks))];
	const u32 scale = below(g, 4);
	u32 base = below(g, REGS), src = pick_num(g), x;

	for (u32 n = 0; n < REGS && g->s.r[base].kind != BLOCK; n++)
		base = (base + 1) % REGS;
	if (g->s.r[base].kind != BLOCK || base == r) {
		do {
			base = pick_dst(g);
		} while (base == r);
		put_block_addr(g, base);
	}
	x = r;
	if (src == base && is_num(g, r))
		src = r;
	if (src == base) {
		PUT(MOV64_K, x, 0, 0, constant(g));
	} else if (src != x) {
		PUT(MOV64_X, x, src, 0, 0);
	}
	PUT(AND64_K, x, 0, 0, mask);
	g->s.r[x] = (struct val){ SMALL, align_of(mask), 0, mask };
	if (scale) {
		PUT(LSH64_K, x, 0, 0, (s32)scale);
		g->s.r[x] = alu_val(ISA_LSH64_K, g->s.r[x], g->s.r[x], (s32)scale);
	}
	PUT(ADD64_X, x, base, 0, 0);
	g->s.r[x] = sum(g->s.r[x], g->s.r[base], 1);
}

static struct place pick_place(struct gen *g)
{
	struct place p;
	u32 r;

	if (one_in(g, 4)) {
		p = (struct place){ 10, -SLOT_BYTES, -8, 8 };
		return p;
	}
	for (u32 n = 0; n < 12; n++)
		if (usable(g, below(g, REGS), &p))
			return p;
	r = pick_dst(g);
	if (one_in(g, 6)) {
		const s32 off = -8 * (s32)(1 + below(g, 8));

		PUT(MOV64_X, r, 10, 0, 0);
		PUT(ADD64_K, r, 0, 0, off);
		g->s.r[r] = (struct val){ STACK, 8, off, off };
	} else if (one_in(g, 2)) {
		make_index(g, r);
	} else {
		put_block_addr(g, r);
	}
	if (usable(g, r, &p))
		return p;
	return (struct place){ 10, -SLOT_BYTES, -8, 8 };
}

/* A displacement that keeps an access of up to 8 bytes inside, aligned if @align says so. */
static s32 pick_off(struct gen *g, const struct place *p, s32 align)
{
	const s32 low = p->off_low, high = p->off_high;
	s32 off = low + (s32)below(g, (u32)(high - low + 1));

	if (low <= 0 && high >= 0 && one_in(g, 3))
		off = 0;
	off = off & -align;
	return off < low ? off + align <= high ? off + align : low : off;
}

static void unit_load(struct gen *g)
{
	static const u16 ops[] = { ISA_LDX_B, ISA_LDX_H, ISA_LDX_W, ISA_LDX_DW, ISA_LDSX_B,
				   ISA_LDSX_H, ISA_LDSX_W, ISA_LDX_DW };
	static const u16 swaps[] = { ISA_BE16, ISA_BE32, ISA_BE64, ISA_BSWAP16, ISA_BSWAP32,
				     ISA_BSWAP64 };
	const enum isa_op op = (enum isa_op)ops[below(g, ARRAY_SIZE(ops))];
	const struct place p = pick_place(g);
	const u32 dst = pick_dst(g);

	put(g, insn_of(op, dst, p.reg, pick_off(g, &p, one_in(g, 4) ? 1 : 8), 0));
	g->s.r[dst] = op == ISA_LDX_B ? (struct val){ SMALL, 1, 0, 255 } : num();
	if (one_in(g, 3)) {
		put(g, insn_of((enum isa_op)swaps[below(g, ARRAY_SIZE(swaps))], dst, 0, 0, 0));
		g->s.r[dst] = num();
	}
}

static void unit_store(struct gen *g)
{
	static const u16 ops[] = { ISA_STX_B, ISA_STX_H, ISA_STX_W, ISA_STX_DW, ISA_ST_B,
				   ISA_ST_H, ISA_ST_W, ISA_ST_DW, ISA_STX_B, ISA_STX_DW };
	const enum isa_op op = (enum isa_op)ops[below(g, ARRAY_SIZE(ops))];
	const u32 src = isa_info(op)->form == ISA_FORM_X ? pick_num(g) : 0;
	const struct place p = pick_place(g);

	/* Making the place may have put an address of the stack where src was. */
	if (isa_info(op)->form == ISA_FORM_X && !is_num(g, src))
		return;
	put(g, insn_of(op, p.reg, src, pick_off(g, &p, one_in(g, 4) ? 1 : 8), constant(g)));
}

/* Atomics, aligned; load-acquire and store-release. */
static void unit_atomic(struct gen *g)
{
	const enum isa_op op = (enum isa_op)(ISA_ATOMIC64_ADD +
					     below(g, ISA_STORE_REL_B - ISA_ATOMIC64_ADD + 1));
	const struct isa_info *info = isa_info(op);
	const struct place p = pick_place(g);
	const s32 off = pick_off(g, &p, 8);
	struct place again;
	u32 other;

	if (p.align < info->width_bits / 8 || off % (info->width_bits / 8))
		return;
	if (info->family == ISA_FAMILY_LOAD_ACQ) {
		other = pick_dst(g);
		put(g, insn_of(op, other, p.reg, off, 0));
		g->s.r[other] = num();
		return;
	}
	other = info->src == ISA_REG_RW ? pick_both(g) : pick_num(g);
	if (p.reg != 10 && !usable(g, p.reg, &again))
		return; /* the other one was made where the address was */
	if (info->family == ISA_FAMILY_CMPXCHG && (!is_num(g, 0) || g->reserved & 1))
		return;
	put(g, insn_of(op, p.reg, other, off, 0));
	if (info->family == ISA_FAMILY_CMPXCHG)
		g->s.r[0] = num();
	else if (info->src == ISA_REG_RW)
		g->s.r[other] = num();
}

static void put_jcc(struct gen *g, s32 off)
{
	const u32 kinds = ISA_JSLE32_K - ISA_JEQ64_X + 1;
	const enum isa_op op = (enum isa_op)(ISA_JEQ64_X + below(g, kinds));
	const struct isa_info *info = isa_info(op);
	const u32 a = pick_num(g), b = info->form == ISA_FORM_X ? pick_num(g) : 0;

	put(g, insn_of(op, a, b, off, one_in(g, 3) ? 0 : constant(g)));
}

/* The same between instructions that belong together: on @r, which holds a number. */
static void put_jcc_on(struct gen *g, u32 r, s32 off)
{
	const u32 kinds = ISA_JSLE32_K - ISA_JEQ64_X + 1;
	const enum isa_op op = (enum isa_op)(ISA_JEQ64_X + below(g, kinds));
	u32 other = below(g, REGS);

	if (!is_num(g, other))
		other = r;
	put(g, insn_of(op, one_in(g, 2) ? other : r, one_in(g, 2) ? other : r, off, constant(g)));
}

static void unit_jump(struct gen *g)
{
	if (g->jump_cnt >= JUMPS_MAX)
		return;
	if (one_in(g, 24)) {
		PUT(MAY_GOTO, 0, 0, 0, 0);
		jump_later(g, g->f->cnt - 1, below(g, 10));
		return;
	}
	put_jcc(g, 0);
	jump_later(g, g->f->cnt - 1, below(g, 14));
	if (one_in(g, 12) && g->jump_cnt < JUMPS_MAX) {
		/* Over a few instructions that the condition leads to. */
		if (one_in(g, 2))
			PUT(JA, 0, 0, 0, 0);
		else
			PUT(JA32, 0, 0, 0, 0);
		jump_later(g, g->f->cnt - 1, 1 + below(g, 4));
		/* What follows is reached by the other jump only, which must arrive now. */
		for (u32 n = 0; n < g->jump_cnt; n++) {
			if (g->jumps[n].at != g->f->cnt - 2)
				continue;
			land(g, g->jumps[n].at);
			g->s = g->jumps[n].state;
			g->jumps[n] = g->jumps[--g->jump_cnt];
		}
	}
}

/* goto *a or goto *b: here and somewhat further on. The address itself is no number: forgotten. */
static void unit_gotox(struct gen *g)
{
	const u32 r = pick_dst(g);
	struct insn jump;

	if (g->jump_cnt + 1 >= JUMPS_MAX)
		return;
	g->s.r[r] = (struct val){ UNDEF, 1, 0, 0 };
	put_jcc(g, 2);
	if (g->s.r[r].kind != UNDEF) {
		g->f->insns[g->f->cnt - 1].off = 0;
		return; /* there was no number to compare, so it is one now */
	}
	jump = g->f->insns[--g->f->cnt];
	PUT(LDDW_FUNC, r, 0, 0, 0);
	put(g, insn_make(0, 0, 0, 0, 0));
	put(g, jump);
	PUT(LDDW_FUNC, r, 0, 0, 0);
	put(g, insn_make(0, 0, 0, 0, 0));
	PUT(GOTOX, r, 0, 0, 0);
	land(g, g->f->cnt - 6);
	jump_later(g, g->f->cnt - 3, 1 + below(g, 3));
}

static void lose_args(struct gen *g)
{
	for (u32 r = 1; r <= 5; r++)
		g->s.r[r] = (struct val){ UNDEF, 1, 0, 0 };
	g->s.r[0] = num();
}

static void make_args(struct gen *g, u32 from)
{
	for (u32 r = from; r <= 5; r++)
		if (!is_num(g, r) || one_in(g, 6)) {
			put_const(g, r);
		}
}

static void put_call(struct gen *g, u32 func, struct insn i)
{
	g->f->calls[g->f->call_cnt++] = (struct call){ g->f->cnt, func };
	put(g, i);
}

static u32 pick_callee(struct gen *g, u32 calls)
{
	u32 func;

	if (g->self + 1 >= g->func_cnt || g->f->call_cnt >= CALLS_MAX)
		return 0;
	func = g->self + 1 + below(g, g->func_cnt - g->self - 1);
	if (g->f->cost + g->times * calls * g->funcs[func].cost > COST_MAX)
		return 0;
	g->f->cost += g->times * calls * g->funcs[func].cost;
	return func;
}

static void unit_call(struct gen *g)
{
	u32 func;

	if (g->reserved & 0x3f)
		return; /* a loop counts in a register that calls lose */
	if (!g->helpers || one_in(g, 2)) {
		func = pick_callee(g, 1);
		if (!func)
			return;
		make_args(g, 1);
		put_call(g, func, insn_of(ISA_CALL_SUBPROG, 0, 0, 0, 0));
	} else if (one_in(g, 3)) {
		func = pick_callee(g, 2);
		if (!func)
			return;
		make_args(g, 2);
		put_call(g, func, insn_of(ISA_LDDW_FUNC, 1, 0, 0, 0));
		put(g, insn_make(0, 0, 0, 0, 0));
		PUT(CALL_HELPER, 0, 0, 0, GEN_HELPER_CALLBACK);
	} else if (one_in(g, 3)) {
		const u32 r = below(g, 2) ? 0 : 6 + below(g, 4);

		make_args(g, 1);
		if (g->reserved & 1u << r)
			return;
		PUT(MOV64_K, r, 0, 0, GEN_HELPER_MIX + (s32)below(g, 2));
		g->s.r[r] = num();
		PUT(CALLX, r, 0, 0, 0);
	} else {
		make_args(g, 1);
		PUT(CALL_HELPER, 0, 0, 0, GEN_HELPER_MIX + (s32)below(g, 2));
	}
	lose_args(g);
}

static void unit_packet(struct gen *g)
{
	static const u16 ops[] = { ISA_LDABS_B, ISA_LDABS_H, ISA_LDABS_W,
				   ISA_LDIND_B, ISA_LDIND_H, ISA_LDIND_W };
	const enum isa_op op = (enum isa_op)ops[below(g, ARRAY_SIZE(ops))];
	const s32 at = one_in(g, 40) ? GEN_BLOCK_BYTES - 2 : (s32)below(g, GEN_BLOCK_BYTES / 2);
	u32 src = 0;

	if (g->reserved & 0x3f || !is_num(g, 6))
		return;
	if (isa_info(op)->family == ISA_FAMILY_LDIND) {
		src = pick_both(g);
		if (!one_in(g, 20)) {
			PUT(AND64_K, src, 0, 0, 0xff);
			g->s.r[src] = num();
		}
		if (!is_num(g, 6))
			return;
	}
	put(g, insn_of(op, 0, src, 0, at));
	lose_args(g);
}

/* Shifts that a machine has one instruction for: rotations, parts of a register. */
static void unit_shifts(struct gen *g)
{
	const u32 src = pick_num(g), x = pick_dst(g), y = pick_dst(g);
	const bool w = one_in(g, 2), keep = one_in(g, 4);
	const u32 bits = w ? 64 : 32, k = one_in(g, 2) ? bits / 2 : 1 + below(g, bits - 1);
	const enum isa_op lsh = w || one_in(g, 8) ? ISA_LSH64_K : ISA_LSH32_K;
	const enum isa_op rsh = w || one_in(g, 8) ? ISA_RSH64_K : ISA_RSH32_K;
	static const u16 ors[] = { ISA_OR64_X, ISA_OR32_X, ISA_XOR64_X, ISA_ADD64_X, ISA_ADD32_X,
				   ISA_SUB64_X };
	u32 pair[2] = { x, y };

	if (one_in(g, 3)) {
		const s32 n = one_in(g, 3) ? 32 : one_in(g, 2) ? 48 : 56;

		PUT(MOV64_X, x, src, 0, 0);
		PUT(LSH64_K, x, 0, 0, n);
		put(g, insn_of(one_in(g, 2) ? ISA_RSH64_K : ISA_ARSH64_K, x, 0, 0,
			       one_in(g, 8) ? n - 1 : n));
		g->s.r[x] = num();
		return;
	}
	if (x == y || x == src)
		return;
	put(g, insn_of(w || one_in(g, 2) ? ISA_MOV64_X : ISA_MOV32_X, x, src, 0, 0));
	if (keep || g->reserved & 1u << src)
		PUT(MOV64_X, y, one_in(g, 6) ? pick_num(g) : src, 0, 0);
	else if (y != src)
		pair[1] = src;
	put(g, insn_of(lsh, pair[one_in(g, 2)], 0, 0, (s32)k));
	put(g, insn_of(rsh, pair[one_in(g, 2)], 0, 0, (s32)(one_in(g, 12) ? k : bits - k)));
	if (one_in(g, 6))
		PUT(ADD64_K, src, 0, 0, g->reserved & 1u << src ? 0 : 1);
	put(g, insn_of((enum isa_op)ors[below(g, ARRAY_SIZE(ors))], pair[0], pair[1], 0, 0));
	g->s.r[pair[0]] = num();
	g->s.r[pair[1]] = num();
	g->s.r[src] = num();
}

/* A comparison with 0 of what need not be computed for it. */
static void unit_test(struct gen *g)
{
	static const u16 jumps[] = { ISA_JEQ64_K, ISA_JNE64_K, ISA_JEQ32_K, ISA_JNE32_K,
				     ISA_JSGT64_K, ISA_JGT32_K };
	static const u16 ops[] = { ISA_AND64_K, ISA_AND32_K, ISA_RSH64_K, ISA_RSH32_K,
				   ISA_LSH64_K };
	const enum isa_op op = (enum isa_op)ops[below(g, ARRAY_SIZE(ops))];
	const u32 src = pick_num(g), x = pick_dst(g);

	if (g->jump_cnt >= JUMPS_MAX)
		return;
	put(g, insn_of(one_in(g, 4) ? ISA_MOV32_X : ISA_MOV64_X, x, src, 0, 0));
	put(g, insn_of(op, x, 0, 0, alu_imm(g, isa_info(op))));
	g->s.r[x] = num();
	put(g, insn_of((enum isa_op)jumps[below(g, ARRAY_SIZE(jumps))], x, 0, 0, 0));
	/* Often dead where the jump goes. */
	jump_later(g, g->f->cnt - 1, below(g, 6));
	if (one_in(g, 2))
		g->jumps[g->jump_cnt - 1].state.r[x] = (struct val){ UNDEF, 1, 0, 0 };
	if (one_in(g, 2))
		put_const(g, x);
}

/* One of two constants, as compilers write c ? a : b; jumps from elsewhere may arrive behind it. */
static void unit_choice(struct gen *g)
{
	const u32 x = pick_dst(g), y = pick_dst(g);
	const s32 a = one_in(g, 2) ? (s32)below(g, 3) : constant(g);
	const s32 b = one_in(g, 8) ? constant(g) : (s32)((u32)a + (1u << below(g, 4)));
	const bool back = one_in(g, 2), jump = one_in(g, 3);

	put(g, insn_of(one_in(g, 3) ? ISA_MOV32_K : ISA_MOV64_K, x, 0, 0, back ? b : a));
	g->s.r[x] = num();
	if (one_in(g, 4)) {
		PUT(MOV64_X, y, x, 0, 0);
		g->s.r[y] = num();
	}
	/* Or what looks like it, but is entered in the middle, or left to elsewhere. */
	if (one_in(g, 6))
		put_jcc_on(g, x, 1);
	put_jcc_on(g, x, jump ? 2 : 1);
	put(g, insn_of(one_in(g, 3) ? ISA_MOV32_K : ISA_MOV64_K, x, 0, 0, back ? a : b));
	if (jump) {
		const bool far = one_in(g, 4);

		PUT(JA, 0, 0, far, 0);
		if (far)
			PUT(XOR64_K, x, 0, 0, 0x5a);
	}
}

/* A jump over a jump; now and then the second is entered from elsewhere, too. */
static void unit_over(struct gen *g)
{
	const u32 x = pick_num(g);

	if (g->reserved & 1u << x)
		return;
	if (one_in(g, 4))
		put_jcc_on(g, x, 1);
	put_jcc_on(g, x, 1);
	PUT(JA, 0, 0, 1, 0);
	PUT(XOR64_K, x, 0, 0, 0x55);
	g->s.r[x] = num();
}

static void define_all(struct gen *g)
{
	for (u32 r = 0; r < REGS; r++)
		if (!is_num(g, r) && !(g->reserved & 1u << r) && g->allowed & 1u << r)
			put_const(g, r);
}

static void all_numbers(struct gen *g)
{
	for (u32 r = 0; r < REGS; r++)
		g->s.r[r] = (struct val){ g->allowed & 1u << r ? NUM : UNDEF, 1, 0, 0 };
}

static void units(struct gen *g, u32 cnt, u32 depth);

/*
 * Counts down in a register, or in a word of the stack below the slots: then the loop is left at
 * its head, and any place of it may jump back there.
 */
static void unit_loop(struct gen *g, u32 depth)
{
	const u32 rounds = 1 + below(g, 5), times = g->times;
	const u16 reserved = g->reserved;
	const bool in_reg = one_in(g, 2), further = one_in(g, 3);
	const u32 outer_jumps = g->jump_cnt;
	const s32 slot = -SLOT_BYTES - 8 * (s32)(depth + 1);
	u32 counter, head, out = 0;

	if (outer_jumps || g->times * rounds > 60)
		return;
	counter = pick_dst(g);
	if (in_reg && depth)
		counter = 6 + below(g, 4);
	if (g->reserved & 1u << counter || !(g->allowed & 1u << counter))
		return;
	PUT(MOV64_K, counter, 0, 0, (s32)rounds);
	g->s.r[counter] = num();
	if (!in_reg)
		PUT(STX_DW, 10, counter, slot, 0);
	define_all(g);
	if (in_reg && !(g->s.r[counter].kind == NUM))
		return;
	if (in_reg)
		g->reserved |= (u16)(1u << counter);
	all_numbers(g);
	head = g->f->cnt;
	g->times *= rounds;
	if (!in_reg) {
		counter = pick_dst(g);
		PUT(LDX_DW, counter, 10, slot, 0);
		PUT(JEQ64_K, counter, 0, 0, 0);
		out = g->f->cnt - 1;
		PUT(ADD64_K, counter, 0, 0, -1);
		PUT(STX_DW, 10, counter, slot, 0);
	}
	units(g, 3 + below(g, 12), depth + 1);
	arrive(g, true);
	define_all(g);
	if (in_reg) {
		PUT(ADD64_K, counter, 0, 0, -1);
		PUT(JNE64_K, counter, 0, (s32)head - (s32)g->f->cnt - 1, 0);
	} else {
		if (one_in(g, 2)) {
			put_jcc(g, 0);
			g->f->insns[g->f->cnt - 1].off = (s16)((s32)head - (s32)g->f->cnt);
		}
		/* Out of the loop by the jump before the one that closes it. */
		if (further || one_in(g, 3))
			put_jcc_on(g, counter, further ? 2 : 1);
		PUT(JA, 0, 0, (s32)head - (s32)g->f->cnt - 1, 0);
		land(g, out);
		if (further)
			PUT(ADD64_K, counter, 0, 0, 1);
	}
	all_numbers(g);
	g->times = times;
	g->reserved = reserved;
}

static void unit(struct gen *g, u32 depth)
{
	const u32 what = below(g, 100);

	if (one_in(g, 12))
		unit_shifts(g);
	else if (one_in(g, 16))
		unit_test(g);
	else if (one_in(g, 16))
		unit_choice(g);
	else if (one_in(g, 40))
		unit_over(g);
	else if (one_in(g, 30))
		unit_call(g);
	else if (g->dense ? what < 60 : what < 30)
		unit_alu(g);
	else if (g->dense ? what < 78 : what < 45)
		unit_mov(g);
	else if (what < 50 || what >= 98)
		unit_end(g);
	else if (what < (g->dense ? 84 : 62))
		unit_load(g);
	else if (what < (g->dense ? 90 : 74))
		unit_store(g);
	else if (what < (g->dense ? 92 : 82))
		unit_atomic(g);
	else if (what < 95)
		unit_jump(g);
	else if (what < 96 && g->gotox)
		unit_gotox(g);
	else if (what < 96 && g->packet)
		unit_packet(g);
	else if (what < 97 && depth < 2)
		unit_loop(g, depth);
	else if (one_in(g, 2))
		unit_call(g);
}

static void units(struct gen *g, u32 cnt, u32 depth)
{
	/* A loop's jumps stay in it: those from outside have arrived, see unit_loop. */
	while (cnt-- && g->f->cnt < FUNC_INSNS - 220 && g->f->cost < COST_MAX) {
		if (one_in(g, 16))
			g->dense = !g->dense;
		if (one_in(g, 30))
			g->few = (u16)(rand_next(g->rand) & rand_next(g->rand) & 0x3ff);
		if (!(g->few & ~g->reserved & g->allowed))
			g->few = 0x3ff;
		if (one_in(g, 14) && depth < 2)
			arrive(g, true);
		unit(g, depth);
		arrive(g, false);
	}
}

/* Folds registers, not all, so that some are dead; and writes some to the block. */
static void fold(struct gen *g)
{
	arrive(g, true);
	g->reserved = 0;
	if (!is_num(g, 0))
		put_const(g, 0);
	for (u32 r = 1; r < REGS; r++) {
		if (!is_num(g, r) || one_in(g, 3))
			continue;
		PUT(MUL64_K, 0, 0, 0, 31);
		PUT(ADD64_X, 0, r, 0, 0);
	}
	for (u32 w = 0; w < SLOT_BYTES / 8; w++) {
		if (one_in(g, 2))
			continue;
		PUT(LDX_DW, 1, 10, -8 - 8 * (s32)w, 0);
		PUT(MUL64_K, 0, 0, 0, 31);
		PUT(XOR64_X, 0, 1, 0, 0);
	}
	PUT(EXIT, 0, 0, 0, 0);
}

static void function(struct gen *g, u32 self)
{
	g->self = self;
	g->f = &g->funcs[self];
	g->times = 1;
	g->jump_cnt = 0;
	g->reserved = 0;
	g->few = (u16)(rand_next(g->rand) & rand_next(g->rand) & 0x3ff);
	g->few = g->few ? g->few : 0x3ff;
	g->dense = one_in(g, 2);
	g->s = (struct state){ 0 };
	for (u32 r = 1; r <= 5; r++)
		if (self || (r <= 2 && g->allowed & 1u << r))
			g->s.r[r] = num();
	for (u32 w = 0; w < SLOT_BYTES / 8; w++) {
		if (self || one_in(g, 2))
			PUT(STX_DW, 10, self ? 1 + below(g, 2) : 1, -8 - 8 * (s32)w, 0);
		else
			PUT(ST_DW, 10, 0, -8 - 8 * (s32)w, constant(g));
	}
	if (!self) {
		g->s.r[1] = (struct val){ BLOCK, 8, 0, 0 };
		for (u32 r = 0; r < REGS; r++) {
			if (r == 1 || one_in(g, 5) || !(g->allowed & 1u << r))
				continue;
			PUT(LDX_DW, r, 1, (s32)r * 8, 0);
			g->s.r[r] = num();
		}
	}
	units(g, 10 + below(g, self ? 40 : 120), 0);
	fold(g);
}

static void link_all(struct gen *g, struct gen_program *p)
{
	p->cnt = 0;
	for (u32 n = 0; n < g->func_cnt; n++) {
		struct func *f = &g->funcs[n];

		f->start = p->cnt;
		memcpy(&p->insns[p->cnt], f->insns, f->cnt * sizeof(f->insns[0]));
		p->cnt += f->cnt;
	}
	for (u32 n = 0; n < g->func_cnt; n++) {
		const struct func *f = &g->funcs[n];

		for (u32 c = 0; c < f->call_cnt; c++) {
			const u32 at = f->start + f->calls[c].at;

			p->insns[at].imm = (s32)(g->funcs[f->calls[c].func].start - at - 1);
		}
	}
}

void gen_program(struct gen_program *p, u64 seed, u64 block)
{
	static _Thread_local struct gen g;

	memset(&g, 0, sizeof(g));
	rand_seed(g.rand, seed);
	g.block = block;
	g.func_cnt = one_in(&g, 2) ? 1 : 1 + below(&g, FUNCS_MAX);
	g.helpers = one_in(&g, 3);
	g.gotox = !g.helpers && one_in(&g, 5);
	g.packet = one_in(&g, 5);
	g.allowed = 0x3ff;
	if (g.func_cnt == 1 && one_in(&g, 3)) {
		g.allowed = (u16)((rand_next(g.rand) & rand_next(g.rand) & 0x3ff) | 3 |
				  1u << (2 + below(&g, 8)) | 1u << (2 + below(&g, 8)));
		g.helpers = g.packet = false;
	}
	for (u32 n = g.func_cnt; n--;)
		function(&g, n);
	link_all(&g, p);
}
