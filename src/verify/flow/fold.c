/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The analysis behind fold.h. One state of ten scalars is kept where control flow joins (heads);
 * between heads a running state is carried along. Heads are taken lowest index first until none is
 * waiting.
 *
 * Invariants:
 *  1. A head's state includes every state that ever arrived there; it only grows.
 *  2. What is not a number is unknown, which is any 64 bits: arithmetic on addresses is covered.
 *  3. A register that still grows after WIDEN_AFTER arrivals is widened, after GIVE_UP_AFTER it is
 *     unknown, so each head is taken a bounded number of times.
 */
#include "verify/flow/fold.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "isa/isa.h"
#include "verify/domain/scalar.h"

#define REGS	      INSN_REG_FP /* r0..r9 */
#define WIDEN_AFTER   4
#define GIVE_UP_AFTER 24
#define NO_HEAD	      UINT32_MAX

struct values {
	struct scalar r[REGS];
};

struct head {
	u32 insn_idx, arrivals;
	bool waiting, reached;
	struct values in;
};

struct fold {
	const struct flow *flow;
	struct facts *facts;
	u32 *head_of; /* by instruction; NO_HEAD */
	struct head *heads;
	u32 head_cnt;
	u32 lowest; /* no head below it waits */
	struct value_fact *out;
	u32 out_cnt, out_cap;
};

/* Operation of the domain for each row of ops.def that is one. */
#define FN_add	SCALAR_ADD
#define FN_sub	SCALAR_SUB
#define FN_mul	SCALAR_MUL
#define FN_div	SCALAR_DIV
#define FN_sdiv SCALAR_SDIV
#define FN_mod	SCALAR_MOD
#define FN_smod SCALAR_SMOD
#define FN_and	SCALAR_AND
#define FN_or	SCALAR_OR
#define FN_xor	SCALAR_XOR
#define FN_lsh	SCALAR_LSH
#define FN_rsh	SCALAR_RSH
#define FN_arsh SCALAR_ARSH
#define FN_neg	SCALAR_NEG
static const u8 alu_ops[ISA_OP_CNT] = {
#define ISA_ALU(id, code, sel, selv, fn, ...) [ISA_##id] = FN_##fn,
#define ISA_NEG(id, code, fn, ...)	      [ISA_##id] = FN_##fn,
#include "isa/ops.def"
};

#define FN_jeq	SCALAR_JEQ
#define FN_jne	SCALAR_JNE
#define FN_jset SCALAR_JSET
#define FN_jgt	SCALAR_JGT
#define FN_jge	SCALAR_JGE
#define FN_jlt	SCALAR_JLT
#define FN_jle	SCALAR_JLE
#define FN_jsgt SCALAR_JSGT
#define FN_jsge SCALAR_JSGE
#define FN_jslt SCALAR_JSLT
#define FN_jsle SCALAR_JSLE
static const u8 cmp_ops[ISA_OP_CNT] = {
#define ISA_JMP(id, code, fn, ...) [ISA_##id] = FN_##fn,
#include "isa/ops.def"
};

static void forget(struct values *v, u32 reg)
{
	if (reg < REGS)
		v->r[reg] = scalar_unknown();
}

static void forget_mask(struct values *v, u32 mask)
{
	for (u32 reg = 0; reg < REGS; reg++)
		if (mask >> reg & 1)
			forget(v, reg);
}

static struct scalar operand(const struct values *v, const struct insn *insn, u8 form)
{
	if (form != ISA_FORM_X)
		return scalar_const((u64)(s64)insn->imm);
	return insn->src < REGS ? v->r[insn->src] : scalar_unknown();
}

static void step_alu(struct values *v, const struct insn *insn, enum isa_op op)
{
	const struct isa_info *info = isa_info(op);
	struct scalar src = operand(v, insn, info->form), *dst = &v->r[insn->dst];

	if (info->width_bits == 32)
		scalar_alu32((enum scalar_op)alu_ops[op], dst, &src);
	else
		scalar_alu64((enum scalar_op)alu_ops[op], dst, &src);
	if (!scalar_sane(dst))
		forget(v, insn->dst);
}

static void step_mov(struct values *v, const struct insn *insn, enum isa_op op)
{
	const struct isa_info *info = isa_info(op);
	struct scalar value = operand(v, insn, info->form);

	switch ((u32)op) {
	case ISA_MOV64_X:
	case ISA_MOV64_K:
		break;
	case ISA_MOV32_X:
	case ISA_MOV32_K:
		scalar_zext(&value, 4);
		break;
	case ISA_MOVSX8_64:
	case ISA_MOVSX16_64:
	case ISA_MOVSX32_64:
		scalar_sext(&value, op == ISA_MOVSX8_64 ? 1 : op == ISA_MOVSX16_64 ? 2 : 4);
		break;
	case ISA_MOVSX8_32:
	case ISA_MOVSX16_32:
		scalar_sext32(&value, op == ISA_MOVSX8_32 ? 1 : 2);
		break;
	}
	v->r[insn->dst] = value;
}

/* Plain memory gives a number of its width; a field of a context may be a whole pointer. */
static void step_load(const struct fold *f, struct values *v, u32 idx, enum isa_op op)
{
	const struct insn *insn = &f->flow->insns[idx];
	const struct isa_info *info = isa_info(op);
	u32 size_bytes = info->width_bits / 8u;

	forget(v, insn->dst);
	if (f->facts->insns[idx].mem == FACT_MEM_CTX || size_bytes == 8 || insn->dst >= REGS)
		return;
	if (info->family == ISA_FAMILY_LDSX)
		scalar_sext(&v->r[insn->dst], size_bytes);
	else
		scalar_zext(&v->r[insn->dst], size_bytes);
}

/* The state behind instruction @idx, jumps aside. */
static void step(const struct fold *f, struct values *v, u32 idx)
{
	const struct insn *insn = &f->flow->insns[idx];
	enum isa_op op = (enum isa_op)f->flow->info[idx].op;

	switch ((u32)isa_info(op)->family) {
	case ISA_FAMILY_ALU:
	case ISA_FAMILY_NEG:
		step_alu(v, insn, op);
		break;
	case ISA_FAMILY_MOV:
		step_mov(v, insn, op);
		break;
	case ISA_FAMILY_LDX:
	case ISA_FAMILY_LDSX:
	case ISA_FAMILY_LOAD_ACQ:
		step_load(f, v, idx, op);
		break;
	case ISA_FAMILY_LDDW:
		forget(v, insn->dst);
		if (op == ISA_LDDW_IMM)
			v->r[insn->dst] = scalar_const(insn_imm64(insn));
		break;
	case ISA_FAMILY_CALL:
	case ISA_FAMILY_CALLX:
	case ISA_FAMILY_LDABS:
	case ISA_FAMILY_LDIND:
		forget_mask(v, 0x3f); /* r0..r5 */
		break;
	default:
		forget_mask(v, isa_regs_written(insn, op));
		break;
	}
}

static void arrive(struct fold *f, u32 idx, const struct values *v)
{
	struct head *h = &f->heads[f->head_of[idx]];
	bool grew = !h->reached;

	if (!h->reached)
		h->in = *v;
	h->arrivals++;
	for (u32 reg = 0; h->reached && reg < REGS; reg++) {
		struct scalar joined = h->in.r[reg];

		if (scalar_includes(&joined, &v->r[reg]))
			continue;
		scalar_union(&joined, &v->r[reg]);
		if (h->arrivals > WIDEN_AFTER)
			scalar_widen(&joined, &v->r[reg]);
		if (h->arrivals > GIVE_UP_AFTER)
			joined = scalar_unknown();
		grew |= !scalar_equal(&joined, &h->in.r[reg]);
		h->in.r[reg] = joined;
	}
	h->reached = true;
	if (!grew)
		return;
	h->waiting = true;
	f->lowest = MIN(f->lowest, f->head_of[idx]);
}

/* Both ways of a conditional jump; a way that no value takes is not taken. */
static void branch(struct fold *f, const struct values *v, u32 idx, u32 to)
{
	const struct insn *insn = &f->flow->insns[idx];
	enum isa_op op = (enum isa_op)f->flow->info[idx].op;
	const struct isa_info *info = isa_info(op);
	enum scalar_cmp cmp = (enum scalar_cmp)cmp_ops[op];
	u32 ways[2] = { idx + 1, to };

	for (u32 taken = 0; taken < 2; taken++) {
		struct values out = *v;
		struct scalar dst = insn->dst < REGS ? v->r[insn->dst] : scalar_unknown();
		struct scalar src = operand(v, insn, info->form);

		if (!f->facts->insns[ways[taken]].seen)
			continue;
		scalar_refine(taken ? cmp : scalar_cmp_negate(cmp), info->width_bits == 32, &dst,
			      &src);
		if (!scalar_sane(&dst) || !scalar_sane(&src))
			continue;
		if (info->form == ISA_FORM_X && insn->src < REGS && insn->src != insn->dst)
			out.r[insn->src] = src;
		if (insn->dst < REGS && (info->form != ISA_FORM_X || insn->src != insn->dst))
			out.r[insn->dst] = dst;
		arrive(f, ways[taken], &out);
	}
}

/* From a head to where control flow parts or joins again. */
static void walk(struct fold *f, u32 idx, struct values *v)
{
	for (;;) {
		u32 succ[2], cnt = flow_successors(f->flow, idx, succ);

		if (isa_info(f->flow->info[idx].op)->family == ISA_FAMILY_JMP && cnt == 2) {
			branch(f, v, idx, succ[1]);
			return;
		}
		step(f, v, idx);
		if (cnt == 0)
			return;
		if (cnt == 2 && f->facts->insns[succ[1]].seen)
			arrive(f, succ[1], v);
		if (!f->facts->insns[succ[0]].seen)
			return;
		if (f->head_of[succ[0]] != NO_HEAD) {
			arrive(f, succ[0], v);
			return;
		}
		idx = succ[0];
	}
}

static void emit(struct fold *f, u32 idx, u32 reg, const struct scalar *s)
{
	struct value_fact *fact;

	if (scalar_is_unknown(s))
		return;
	if (f->out_cnt == f->out_cap) {
		u32 cap = f->out_cap ? f->out_cap * 2 : 256;

		fact = mem_realloc(f->out, cap * sizeof(*fact));
		if (!fact)
			return; /* facts are a gift: fewer are right, too */
		f->out = fact;
		f->out_cap = cap;
	}
	fact = &f->out[f->out_cnt++];
	*fact = (struct value_fact){
		.insn_idx = idx,
		.regno = (u8)reg,
		.smin = s->smin,
		.smax = s->smax,
		.umin = s->umin,
		.umax = s->umax,
		.known_value = s->var_off.value,
		.known_mask = ~s->var_off.mask,
	};
}

/* With all heads settled: what each instruction reads, once, in order. */
static void collect(struct fold *f)
{
	const struct flow *flow = f->flow;
	struct values v;
	bool known = false;

	for (u32 idx = 0; idx < flow->insn_cnt; idx++) {
		enum isa_op op = (enum isa_op)flow->info[idx].op;
		u32 succ[2], cnt;
		u16 reads;

		if (flow_has(flow, idx, FLOW_HALF) || !f->facts->insns[idx].seen) {
			known = known && flow_has(flow, idx, FLOW_HALF);
			continue;
		}
		if (f->head_of[idx] != NO_HEAD) {
			known = f->heads[f->head_of[idx]].reached;
			v = f->heads[f->head_of[idx]].in;
		}
		if (!known)
			continue;
		reads = isa_regs_read(&flow->insns[idx], op);
		for (u32 reg = 0; reg < REGS; reg++)
			if (reads >> reg & 1)
				emit(f, idx, reg, &v.r[reg]);
		step(f, &v, idx);
		cnt = flow_successors(flow, idx, succ);
		known = cnt > 0 && isa_info(op)->family != ISA_FAMILY_JMP &&
			succ[0] == idx + isa_words(op);
	}
}

/* Heads: functions, targets of jumps, and what stands behind conditional ones. */
static int find_heads(struct fold *f)
{
	const struct flow *flow = f->flow;

	for (u32 i = 0; i < flow->insn_cnt; i++)
		f->head_of[i] = NO_HEAD;
	for (u32 s = 0; s < flow->subprog_cnt; s++)
		f->head_of[flow->subprogs[s].start] = 0;
	for (u32 i = 0; i < flow->insn_cnt; i++) {
		enum isa_op op = (enum isa_op)flow->info[i].op;
		u32 succ[2], cnt;

		if (flow_has(flow, i, FLOW_HALF) || !isa_is_jump(op))
			continue;
		cnt = flow_successors(flow, i, succ);
		for (u32 n = 0; n < cnt; n++)
			f->head_of[succ[n]] = 0;
	}
	for (u32 i = 0; i < flow->insn_cnt; i++)
		f->head_cnt += f->head_of[i] != NO_HEAD;
	f->heads = mem_zalloc_array(f->head_cnt, sizeof(*f->heads));
	if (!f->heads)
		return -ENOMEM;
	f->head_cnt = 0;
	for (u32 i = 0; i < flow->insn_cnt; i++) {
		if (f->head_of[i] == NO_HEAD)
			continue;
		f->head_of[i] = f->head_cnt;
		f->heads[f->head_cnt++].insn_idx = i;
	}
	return 0;
}

static void settle(struct fold *f)
{
	struct values unknown;

	forget_mask(&unknown, UINT32_MAX);
	for (u32 s = 0; s < f->flow->subprog_cnt; s++)
		if (f->facts->insns[f->flow->subprogs[s].start].seen)
			arrive(f, f->flow->subprogs[s].start, &unknown);
	f->lowest = 0;
	while (f->lowest < f->head_cnt) {
		struct head *h = &f->heads[f->lowest];
		struct values v = h->in;

		if (!h->waiting) {
			f->lowest++;
			continue;
		}
		h->waiting = false;
		walk(f, h->insn_idx, &v);
	}
}

int fold_values(const struct flow *flow, struct facts *facts)
{
	struct fold f = { .flow = flow, .facts = facts };
	int err = -ENOMEM;

	f.head_of = mem_zalloc_array(flow->insn_cnt, sizeof(*f.head_of));
	if (f.head_of)
		err = find_heads(&f);
	if (!err) {
		settle(&f);
		collect(&f);
		facts->values = f.out;
		facts->value_cnt = f.out_cnt;
	}
	mem_free(f.head_of);
	mem_free(f.heads);
	return err;
}
