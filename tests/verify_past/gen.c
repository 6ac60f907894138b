/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/verify_past/gen.h"

#include <string.h>

#include "isa/isa.h"

#define SLOTS	  8
#define FUNCS_MAX 3
#define DEPTH_MAX 2

struct gen {
	struct gen_prog *p;
	u64 rng;
	u32 call_at[16], call_to[16], call_cnt;
	u32 func, func_cnt;
	u32 depth; /* of loops */
	u32 loop_regs; /* counters that the body must leave alone */
};

static u32 below(struct gen *g, u32 bound)
{
	g->rng ^= g->rng << 13;
	g->rng ^= g->rng >> 7;
	g->rng ^= g->rng << 17;
	return (u32)(g->rng >> 33) % bound;
}

static struct insn *emit(struct gen *g, enum isa_op op, u32 dst)
{
	struct insn *i = &g->p->insns[g->p->cnt++];

	*i = isa_template(op);
	i->dst = dst & 0xf;
	return i;
}

static bool room(const struct gen *g, u32 need)
{
	return g->p->cnt + need + 64 < GEN_INSNS_MAX;
}

/* A register that may be written: no loop counter. */
static u32 pick(struct gen *g)
{
	u32 r;

	do {
		r = below(g, 10);
	} while (g->loop_regs & 1u << r);
	return r;
}

static void gen_alu(struct gen *g)
{
	static const enum isa_op reg_ops[] = { ISA_MOV64_X, ISA_ADD64_X, ISA_MOV32_X, ISA_AND64_X,
					       ISA_SUB64_X, ISA_OR64_X,	 ISA_XOR32_X, ISA_MOV64_X };
	static const enum isa_op imm_ops[] = { ISA_MOV64_K, ISA_ADD64_K, ISA_AND64_K, ISA_MOV32_K,
					       ISA_MUL64_K, ISA_LSH64_K, ISA_RSH32_K, ISA_MOV64_K };
	const u32 dst = pick(g);

	if (below(g, 2))
		emit(g, reg_ops[below(g, 8)], dst)->src = below(g, 10) & 0xf;
	else
		emit(g, imm_ops[below(g, 8)], dst)->imm = (s32)(1 + below(g, 15));
}

static void gen_stack(struct gen *g)
{
	const s16 off = (s16)(-8 * (s32)(1 + below(g, SLOTS)));
	static const enum isa_op loads[] = { ISA_LDX_DW, ISA_LDX_W, ISA_LDX_B, ISA_LDX_DW };
	static const enum isa_op stores[] = { ISA_STX_DW, ISA_STX_DW, ISA_STX_W, ISA_ST_DW,
					      ISA_ATOMIC64_ADD, ISA_ATOMIC64_FETCH_ADD,
					      ISA_ATOMIC64_XCHG, ISA_STX_DW };
	const u32 reg = pick(g);
	struct insn *i;

	if (below(g, 2)) {
		i = emit(g, loads[below(g, 4)], reg);
		i->src = INSN_REG_FP;
		i->off = off;
		return;
	}
	i = emit(g, stores[below(g, 8)], INSN_REG_FP);
	if (i->code != isa_template(ISA_ST_DW).code)
		i->src = reg & 0xf;
	else
		i->imm = (s32)below(g, 3);
	i->off = off;
}

/* *(u8 *)(r10 - 64 + (rX & 7)): rX's value must be known precisely. */
static void gen_var_stack(struct gen *g)
{
	const u32 x = pick(g);
	u32 y = pick(g);
	struct insn *i;

	if (y == x)
		return;
	emit(g, ISA_AND64_K, x)->imm = 7;
	emit(g, ISA_MOV64_X, y)->src = INSN_REG_FP;
	emit(g, ISA_ADD64_X, y)->src = x & 0xf;
	i = emit(g, ISA_LDX_B, y);
	i->src = y & 0xf;
	i->off = -64;
}

static void gen_block(struct gen *g, u32 len);

static enum isa_op pick_jump(struct gen *g)
{
	static const enum isa_op ops[] = { ISA_JEQ64_K, ISA_JNE64_K,  ISA_JGT64_K, ISA_JLT64_K,
					   ISA_JSGT64_K, ISA_JLE32_K, ISA_JSET64_K, ISA_JEQ32_K,
					   ISA_JEQ64_X, ISA_JGT64_X,  ISA_JSLE64_X, ISA_JLT32_X };

	return ops[below(g, 12)];
}

/* if … { … } or if … { … } else { … } */
static void gen_if(struct gen *g)
{
	const enum isa_op op = pick_jump(g);
	const u32 at = g->p->cnt;
	struct insn *i = emit(g, op, below(g, 10));
	u32 over;

	if (isa_info(op)->form == ISA_FORM_X)
		i->src = below(g, 10) & 0xf;
	else
		i->imm = (s32)below(g, 12);
	gen_block(g, 1 + below(g, 4));
	if (below(g, 3) == 0) {
		over = g->p->cnt;
		emit(g, ISA_JA, 0);
		g->p->insns[at].off = (s16)(g->p->cnt - at - 1);
		gen_block(g, 1 + below(g, 3));
		g->p->insns[over].off = (s16)(g->p->cnt - over - 1);
	} else {
		g->p->insns[at].off = (s16)(g->p->cnt - at - 1);
	}
}

/* rN = 0; do { … } while (++rN < K) */
static void gen_loop(struct gen *g)
{
	const u32 r = 6 + below(g, 4);
	u32 head;
	struct insn *i;

	if (g->loop_regs & 1u << r || g->depth >= DEPTH_MAX)
		return;
	emit(g, ISA_MOV64_K, r);
	g->loop_regs |= 1u << r;
	g->depth++;
	head = g->p->cnt;
	gen_block(g, 1 + below(g, 5));
	emit(g, ISA_ADD64_K, r)->imm = 1;
	i = emit(g, below(g, 2) ? ISA_JLT64_K : ISA_JNE64_K, r);
	i->imm = (s32)(2 + below(g, g->depth > 1 ? 2 : 6));
	i->off = (s16)((s32)head - (s32)g->p->cnt);
	g->depth--;
	g->loop_regs &= ~(1u << r);
}

/* A helper without arguments; r1..r5 are lost and set again. */
static void gen_random(struct gen *g)
{
	emit(g, ISA_CALL_HELPER, 0)->imm = 7;
	for (u32 r = 1; r <= 5; r++) {
		if (below(g, 2))
			emit(g, ISA_MOV64_X, r)->src = 0;
		else
			emit(g, ISA_MOV64_K, r)->imm = (s32)below(g, 4);
	}
}

static void gen_call(struct gen *g)
{
	if (g->func + 1 >= g->func_cnt || g->call_cnt >= 16)
		return;
	g->call_at[g->call_cnt] = g->p->cnt;
	g->call_to[g->call_cnt++] = g->func + 1 + below(g, g->func_cnt - g->func - 1);
	emit(g, ISA_CALL_SUBPROG, 0);
	for (u32 r = 1; r <= 5; r++)
		emit(g, ISA_MOV64_K, r)->imm = (s32)below(g, 8);
}

static void gen_may_goto(struct gen *g)
{
	const u32 at = g->p->cnt;
	struct insn *i;

	if (g->depth >= DEPTH_MAX)
		return;
	g->depth++;
	emit(g, ISA_MAY_GOTO, 0);
	gen_block(g, 1 + below(g, 4));
	i = emit(g, ISA_JA, 0);
	i->off = (s16)((s32)at - (s32)g->p->cnt);
	g->p->insns[at].off = (s16)(g->p->cnt - at - 1);
	g->depth--;
}

static void gen_block(struct gen *g, u32 len)
{
	for (u32 i = 0; i < len && room(g, 24); i++) {
		const u32 what = below(g, 36);

		if (what < 11)
			gen_alu(g);
		else if (what < 18)
			gen_stack(g);
		else if (what < 25)
			gen_if(g);
		else if (what < 26)
			gen_loop(g);
		else if (what < 28)
			gen_var_stack(g);
		else if (what < 29)
			gen_random(g);
		else if (what < 30)
			gen_may_goto(g);
		else if (what < 32)
			gen_call(g);
		else
			gen_alu(g);
	}
}

static void gen_func(struct gen *g)
{
	struct insn *i;

	if (!g->func) /* r1 is the context: it may be spilled, moved and lost */
		for (u32 r = 2; r <= 5; r++)
			emit(g, ISA_MOV64_K, r)->imm = (s32)r;
	emit(g, ISA_CALL_HELPER, 0)->imm = 7;
	for (u32 r = 1; r < 10; r++) {
		if (below(g, 2))
			emit(g, ISA_MOV64_X, r)->src = 0;
		else
			emit(g, ISA_MOV64_K, r)->imm = (s32)below(g, 6);
	}
	for (u32 s = 1; s <= SLOTS; s++) {
		i = emit(g, ISA_STX_DW, INSN_REG_FP);
		i->src = below(g, 10) & 0xf;
		i->off = (s16)(-8 * (s32)s);
	}
	gen_block(g, 3 + below(g, 8));
	emit(g, ISA_EXIT, 0);
}

void gen_prog(struct gen_prog *p, u64 seed)
{
	struct gen g = { .p = p, .rng = seed * 0x9e3779b97f4a7c15ULL + 88172645463325252ULL };
	u32 starts[FUNCS_MAX];

	memset(p, 0, sizeof(*p));
	for (u32 i = 0; i < 8; i++)
		below(&g, 2);
	g.func_cnt = 1 + below(&g, FUNCS_MAX);
	for (; g.func < g.func_cnt; g.func++) {
		/* Calls of what does not follow any more fall away below. */
		starts[g.func] = p->cnt;
		gen_func(&g);
	}
	/* Every function is called, or it would be unreachable. */
	for (u32 f = 1; f < g.func_cnt; f++) {
		bool called = false;

		for (u32 c = 0; c < g.call_cnt; c++)
			called |= g.call_to[c] == f;
		if (!called && g.call_cnt)
			g.call_to[below(&g, g.call_cnt)] = f;
	}
	for (u32 c = 0; c < g.call_cnt; c++)
		p->insns[g.call_at[c]].imm = (s32)starts[g.call_to[c]] - (s32)g.call_at[c] - 1;
}
