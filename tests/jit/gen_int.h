/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Of the generator: what registers may hold, how operations change it, which register comes next.
 * A function is made of units. Between two units the state of all registers is known; a jump
 * forward takes a copy of it along, and where it arrives both are joined. Functions are made last
 * one first, so that whoever calls knows what a call costs and that no call goes backwards.
 */
#ifndef SKEP_TESTS_JIT_GEN_INT_H
#define SKEP_TESTS_JIT_GEN_INT_H

#include <string.h>

#include "base/rand.h"
#include "tests/jit/gen.h"

#define REGS	   10 /* r10 is never written */
#define FUNCS_MAX  5
#define FUNC_INSNS 700
#define JUMPS_MAX  24
#define CALLS_MAX  24
#define COST_MAX   6000
#define SLOT_BYTES 64 /* of stack that a function fills at its beginning and uses */

enum kind {
	UNDEF,
	NUM,   /* anything, the block's addresses included */
	SMALL, /* 0 .. high */
	BLOCK, /* block + low .. block + high */
	STACK, /* r10 + low */
};

struct val {
	u8 kind;
	u8 align; /* a power of two, at most 8, that divides the number or the distance */
	s32 low, high;
};

struct state {
	struct val r[REGS];
};

struct jump {
	u32 at;
	u32 in; /* units until it arrives */
	struct state state;
};

struct call {
	u32 at, func;
};

struct func {
	struct insn insns[FUNC_INSNS];
	u32 cnt, cost;
	struct call calls[CALLS_MAX]; /* and function pointers */
	u32 call_cnt;
	u32 start;
};

struct gen {
	u64 rand[4];
	u64 block;
	struct func funcs[FUNCS_MAX];
	u32 func_cnt;
	/* The function that is being made. */
	struct func *f;
	u32 self;
	struct state s;
	struct jump jumps[JUMPS_MAX];
	u32 jump_cnt;
	u16 reserved; /* registers that hold loops' counters */
	u16 few;      /* registers of dense stretches */
	u16 allowed;  /* registers of the whole program: others are the JIT's, for constants */
	u32 times;    /* how often the code that is being made may run */
	bool gotox, helpers, dense, packet;
};

static inline u32 below(struct gen *g, u32 n)
{
	return rand_below(g->rand, n);
}

static inline bool one_in(struct gen *g, u32 n)
{
	return below(g, n) == 0;
}

static inline s32 constant(struct gen *g)
{
	static const s32 corners[] = { 0,    1,	     -1,     2,	     8,	     INT32_MAX, INT32_MIN,
				       0x7f, 0x80,   0xff,   0x100,  -128,   -129,	0x7fff,
				       0x8000, 0xffff, 0x10000, 3,   5,	     9,		10,
				       7,    0x7ffffff8, 64, 16 };

	return one_in(g, 3) ? (s32)rand_next(g->rand) : corners[below(g, ARRAY_SIZE(corners))];
}

static inline void put(struct gen *g, struct insn i)
{
	if (g->f->cnt < FUNC_INSNS)
		g->f->insns[g->f->cnt++] = i;
	g->f->cost += g->times;
}

/* tidy: allow params: the fields of an instruction */
static inline struct insn insn_of(enum isa_op op, u32 dst, u32 src, s32 off, s32 imm)
{
	struct insn i = isa_template(op);
	const struct isa_info *info = isa_info(op);

	if (info->dst != ISA_REG_NONE)
		i.dst = (u8)(dst & 0xf);
	if (info->src != ISA_REG_SEL && info->src != ISA_REG_NONE)
		i.src = (u8)(src & 0xf);
	if (info->off != ISA_OFF_SEL && info->off != ISA_OFF_ZERO)
		i.off = (s16)off;
	if (info->imm != ISA_IMM_SEL && info->imm != ISA_IMM_ZERO)
		i.imm = imm;
	return i;
}

#define PUT(id, dst, src, off, imm) put(g, insn_of(ISA_##id, dst, src, off, imm))

static inline u8 align_of(s64 v)
{
	return v & 7 ? (u8)(v & -v & 7) : 8;
}

static inline struct val num(void)
{
	return (struct val){ NUM, 1, 0, 0 };
}

static inline struct val known(s64 v)
{
	if (v < 0 || v > INT16_MAX)
		return (struct val){ NUM, align_of(v), 0, 0 };
	return (struct val){ SMALL, align_of(v), (s32)v, (s32)v };
}

static inline bool is_num(const struct gen *g, u32 r)
{
	return g->s.r[r].kind == NUM || g->s.r[r].kind == SMALL || g->s.r[r].kind == BLOCK;
}

/* Any register that may be written. */
static inline u32 pick_dst(struct gen *g)
{
	u32 r;

	do {
		r = below(g, REGS);
	} while (g->reserved & 1u << r || !(g->allowed & 1u << r) ||
		 (g->dense && !(g->few & 1u << r) && !one_in(g, 8)));
	return r;
}

static inline void put_const(struct gen *g, u32 r)
{
	if (one_in(g, 5)) {
		const u64 v = one_in(g, 3) ? rand_next(g->rand) :
					     0x0123456789abcdefull * (1 + 2 * below(g, 6));

		PUT(LDDW_IMM, r, 0, 0, (s32)(u32)v);
		put(g, insn_make(0, 0, 0, 0, (s32)(u32)(v >> 32)));
		g->s.r[r] = num();
	} else {
		const s32 v = constant(g);

		PUT(MOV64_K, r, 0, 0, v);
		g->s.r[r] = known(v);
	}
}

/* A register that holds a number, reserved ones included; makes one if need be. */
static inline u32 pick_num(struct gen *g)
{
	u32 r = 0;

	for (u32 n = 0; n < 20; n++) {
		r = below(g, REGS);
		if (is_num(g, r) && (!g->dense || g->few & 1u << r || one_in(g, 8)))
			return r;
	}
	r = pick_dst(g);
	put_const(g, r);
	return r;
}

/* A number that may also be written: an operand that is changed. */
static inline u32 pick_both(struct gen *g)
{
	for (u32 n = 0; n < 20; n++) {
		const u32 r = pick_dst(g);

		if (is_num(g, r))
			return r;
	}
	const u32 r = pick_dst(g);

	put_const(g, r);
	return r;
}

static inline struct val joined(struct val x, struct val y)
{
	struct val v = x;

	if (x.kind == UNDEF || y.kind == UNDEF)
		return (struct val){ UNDEF, 1, 0, 0 };
	v.align = MIN(x.align, y.align);
	if (x.kind == STACK || y.kind == STACK) {
		if (x.kind != y.kind || x.low != y.low)
			v.kind = UNDEF;
		return v;
	}
	if (x.kind != y.kind)
		return num();
	v.low = MIN(x.low, y.low);
	v.high = MAX(x.high, y.high);
	return v;
}

static inline void join(struct gen *g, const struct state *from)
{
	for (u32 r = 0; r < REGS; r++)
		g->s.r[r] = joined(g->s.r[r], from->r[r]);
}

static inline void land(struct gen *g, u32 at)
{
	struct insn *i = &g->f->insns[at];

	if (isa_decode(i) == ISA_JA32)
		i->imm = (s32)(g->f->cnt - at - 1);
	else if (isa_decode(i) == ISA_LDDW_FUNC)
		i->imm = (s32)(g->f->cnt - at - 1);
	else
		i->off = (s16)(g->f->cnt - at - 1);
}

/* Between two units: jumps that arrive here. */
static inline void arrive(struct gen *g, bool all)
{
	for (u32 n = 0; n < g->jump_cnt;) {
		struct jump *j = &g->jumps[n];

		if (j->in && !all) {
			j->in--;
			n++;
			continue;
		}
		land(g, j->at);
		join(g, &j->state);
		*j = g->jumps[--g->jump_cnt];
	}
}

static inline void jump_later(struct gen *g, u32 at, u32 in)
{
	g->jumps[g->jump_cnt++] = (struct jump){ at, in, g->s };
}

/* What an operation on numbers leaves. */
static inline struct val sum(struct val x, struct val y, s64 sign)
{
	const u8 align = MIN(x.align, y.align);
	const s64 low = x.low + sign * (sign < 0 ? y.high : y.low);
	const s64 high = x.high + sign * (sign < 0 ? y.low : y.high);

	if (x.kind == SMALL && y.kind == BLOCK && sign > 0)
		return sum(y, x, 1);
	if (y.kind == SMALL && (x.kind == SMALL || x.kind == BLOCK) && high <= INT16_MAX &&
	    low >= (x.kind == SMALL ? 0 : -INT16_MAX))
		return (struct val){ x.kind, align, (s32)low, (s32)high };
	return (struct val){ NUM, 1, 0, 0 };
}

static inline struct val of_const(s64 imm)
{
	return (struct val){ SMALL, align_of(imm), (s32)MAX(MIN(imm, 100000), -100000),
			     (s32)MAX(MIN(imm, 100000), -100000) };
}

static inline struct val alu_val(enum isa_op op, struct val x, struct val y, s32 imm)
{
	switch ((int)op) {
	case ISA_ADD64_X:
		return sum(x, y, 1);
	case ISA_SUB64_X:
		return sum(x, y, -1);
	case ISA_ADD64_K:
		return sum(x, of_const(imm), 1);
	case ISA_SUB64_K:
		return sum(x, of_const(imm), -1);
	case ISA_AND64_K:
	case ISA_AND32_K:
		if (imm >= 0 && imm <= INT16_MAX)
			return (struct val){ SMALL, align_of(imm), 0, imm };
		return num();
	case ISA_LSH64_K:
		if (x.kind == SMALL && imm < 8 && x.high << imm <= INT16_MAX)
			return (struct val){ SMALL,
					     (u8)MIN(8, x.align << imm), x.low << imm,
					     x.high << imm };
		return num();
	case ISA_RSH64_K:
		if (imm >= 50)
			return (struct val){ SMALL, 1, 0, (s32)(1u << (64 - imm)) - 1 };
		return num();
	default:
		return num();
	}
}

static inline s32 alu_imm(struct gen *g, const struct isa_info *info)
{
	static const u8 shifts[] = { 1, 2, 3, 8, 16, 24, 32, 48, 56, 0, 31, 63 };
	static const s32 masks[] = { 0xff, 0xffff, 0xf8, 0x1f8, 0x38, 7, 0xfff, 0x7fffffff, -8 };
	const bool mask = !strcmp(info->fn, "and");

	if (info->imm == ISA_IMM_SHIFT)
		return (one_in(g, 3) ? (s32)below(g, 64) :
				       shifts[below(g, ARRAY_SIZE(shifts))]) &
		       (info->width_bits - 1);
	if (mask && !one_in(g, 4))
		return masks[below(g, ARRAY_SIZE(masks))];
	if (info->imm == ISA_IMM_DIVISOR) {
		const s32 by = constant(g);

		return by ? by : 7;
	}
	return constant(g);
}

/* What jit/pend.h lets wait, most of the time. */
static inline enum isa_op dense_op(struct gen *g)
{
	static const u16 ops[] = {
		ISA_ADD64_X, ISA_ADD64_X, ISA_ADD64_K, ISA_ADD32_X, ISA_ADD32_K, ISA_SUB64_K,
		ISA_SUB32_K, ISA_SUB64_X, ISA_LSH64_K, ISA_LSH64_K, ISA_LSH32_K, ISA_RSH64_K,
		ISA_RSH32_K, ISA_ARSH64_K, ISA_ARSH32_K, ISA_AND64_K, ISA_AND64_K, ISA_AND32_K,
		ISA_AND64_X, ISA_OR64_X, ISA_OR32_X, ISA_XOR64_X, ISA_MUL64_K, ISA_MUL32_K,
		ISA_LSH64_X, ISA_RSH32_X, ISA_DIV32_K, ISA_MOD64_K, ISA_MOD64_X, ISA_SDIV32_X,
	};

	return (enum isa_op)ops[below(g, ARRAY_SIZE(ops))];
}

#endif
