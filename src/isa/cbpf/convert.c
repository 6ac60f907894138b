/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The converter's frame: prologue, the instructions that are no loads, jumps, layout.
 *
 * Invariants:
 * 1. Both passes emit the same instructions, so that `start` of the first is right in the second.
 * 2. Classic jumps go forward only, except `ja` in pcap mode, which brings a may_goto along;
 *    "return 0" stands behind everything.
 * 3. Jumps within one classic instruction are counted by hand, next to what they jump over.
 */
#include "isa/cbpf/convert.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "isa/cbpf/convert_int.h"
#include "isa/cbpf/view.h"

void conv_emit(struct conv *c, enum isa_op op, u32 regs, s32 off, s32 imm)
{
	if (c->out) {
		struct insn insn = isa_template(op);

		/* An operation that a field selects (be16) brings its value along. */
		insn = insn_make(insn.code, regs & 0xf, regs >> 4, (s16)(off | insn.off),
				 imm | insn.imm);
		c->out[c->out_len] = insn;
		c->classic_idx[c->out_len] = c->idx;
	}
	c->out_len++;
}

/* Jump offset from the next instruction to emit, plus @skip more. 0 while not known. */
static s32 distance(const struct conv *c, u32 target, u32 skip)
{
	return c->out ? (s32)(c->start[target] - c->out_len - skip - 1) : 0;
}

void conv_jump(struct conv *c, enum isa_op op, u32 regs, s32 imm, u32 target)
{
	c->return_0_used |= target == CONV_RETURN_0(c);
	if (!c->far) {
		conv_emit(c, op, regs, distance(c, target, 0), imm);
		return;
	}
	if (op != ISA_JA) {
		conv_emit(c, op, regs, 1, imm);
		conv_emit(c, ISA_JA, 0, 1, 0);
	}
	conv_emit(c, ISA_JA32, 0, 0, distance(c, target, 0));
}

/* How one classic comparison is written: the operation, and its opposite where there is one. */
struct compare {
	enum isa_op k, k32, x, inverse_k, inverse_k32, inverse_x;
};

static const struct compare compare_eq = { ISA_JEQ64_K, ISA_JEQ32_K, ISA_JEQ64_X,
					   ISA_JNE64_K, ISA_JNE32_K, ISA_JNE64_X };
static const struct compare compare_gt = { ISA_JGT64_K, ISA_JGT32_K, ISA_JGT64_X,
					   ISA_JLE64_K, ISA_JLE32_K, ISA_JLE64_X };
static const struct compare compare_ge = { ISA_JGE64_K, ISA_JGE32_K, ISA_JGE64_X,
					   ISA_JLT64_K, ISA_JLT32_K, ISA_JLT64_X };
static const struct compare compare_set = { ISA_JSET64_K, ISA_JSET32_K, ISA_JSET64_X,
					    ISA_INVALID, ISA_INVALID, ISA_INVALID };

/* The constant that a comparison or mask of A needs: swapped as A is (conv->raw_bytes). */
static u32 constant_for_a(const struct conv *c)
{
	u32 k = c->prog->insns[c->idx].k;

	if (c->raw_bytes[c->idx] == 4)
		return be_to_host32(k);
	if (c->raw_bytes[c->idx] != 2)
		return k;
	if (cbpf_op_of(c->prog->insns[c->idx].code) != CBPF_JEQ_K)
		k &= 0xffff; /* of a mask only the bits that A can have matter */
	return k > 0xffff ? k : be_to_host16((u16)k);
}

/*
 * Immediates are sign-extended in 64-bit comparisons, so constants from 2^31 on take the 32-bit
 * ones; both registers never hold more than 32 bits.
 */
static void convert_branch(struct conv *c, const struct compare *cmp, bool is_x)
{
	const struct cbpf_insn *insn = &c->prog->insns[c->idx];
	u32 k = constant_for_a(c);
	bool wide = k > INT32_MAX;
	enum isa_op op = is_x ? cmp->x : wide ? cmp->k32 : cmp->k;
	enum isa_op inverse = is_x ? cmp->inverse_x : wide ? cmp->inverse_k32 : cmp->inverse_k;
	u32 src = is_x ? REG_X : 0, next = c->idx + 1;
	s32 imm = is_x ? 0 : (s32)k;

	if (insn->jt == insn->jf) {
		if (insn->jt)
			conv_jump(c, ISA_JA, 0, 0, next + insn->jt);
		return;
	}
	if (!insn->jt && inverse != ISA_INVALID) {
		conv_jump(c, inverse, REGS(REG_A, src), imm, next + insn->jf);
		return;
	}
	conv_jump(c, op, REGS(REG_A, src), imm, next + insn->jt);
	if (insn->jf)
		conv_jump(c, ISA_JA, 0, 0, next + insn->jf);
}

static void convert_alu_k(struct conv *c, enum isa_op op)
{
	conv_emit(c, op, REG_A, 0, (s32)constant_for_a(c));
}

static void convert_alu_x(struct conv *c, enum isa_op op)
{
	conv_emit(c, op, REGS(REG_A, REG_X), 0, 0);
}

static void convert_divide_x(struct conv *c, enum isa_op op)
{
	conv_jump(c, ISA_JEQ64_K, REG_X, 0, CONV_RETURN_0(c));
	convert_alu_x(c, op);
}

/* libpcap shifts everything out from 32 on, where Linux and eBPF take the low five bits. */
static void convert_shift_k(struct conv *c, enum isa_op op)
{
	if (c->prog->insns[c->idx].k >= 32)
		conv_emit(c, ISA_MOV32_K, REG_A, 0, 0);
	else
		convert_alu_k(c, op);
}

static void convert_shift_x(struct conv *c, enum isa_op op)
{
	if (c->prog->mode == CBPF_PCAP) {
		conv_emit(c, ISA_JLT64_K, REG_X, 1, 32);
		conv_emit(c, ISA_MOV32_K, REG_A, 0, 0);
	}
	convert_alu_x(c, op);
}

static s32 scratch_off(u32 word)
{
	return -4 * (s32)(CBPF_MEM_WORDS - word);
}

static void convert_ja(struct conv *c, u32 target)
{
	if (target <= c->idx)
		conv_jump(c, ISA_MAY_GOTO, 0, 0, CONV_RETURN_0(c));
	if (target != c->idx + 1)
		conv_jump(c, ISA_JA, 0, 0, target);
}

static void convert_return(struct conv *c)
{
	conv_emit(c, ISA_EXIT, 0, 0, 0);
}

static void convert_insn(struct conv *c)
{
	const struct cbpf_insn *insn = &c->prog->insns[c->idx];
	u32 k = insn->k;

	if (conv_always_outside(c, insn)) {
		conv_jump(c, ISA_JA, 0, 0, CONV_RETURN_0(c));
		return;
	}
	switch (cbpf_op_of(insn->code)) {
	case CBPF_LD_W_ABS: conv_load_abs(c, k, 4); break;
	case CBPF_LD_H_ABS: conv_load_abs(c, k, 2); break;
	case CBPF_LD_B_ABS: conv_load_abs(c, k, 1); break;
	case CBPF_LD_W_IND: conv_load_ind(c, k, 4); break;
	case CBPF_LD_H_IND: conv_load_ind(c, k, 2); break;
	case CBPF_LD_B_IND: conv_load_ind(c, k, 1); break;
	case CBPF_LD_IMM: conv_emit(c, ISA_MOV32_K, REG_A, 0, (s32)k); break;
	case CBPF_LD_MEM:
		conv_emit(c, ISA_LDX_W, REGS(REG_A, INSN_REG_FP), scratch_off(k), 0);
		break;
	case CBPF_LD_LEN: conv_load_len(c, REG_A); break;
	case CBPF_LDX_IMM: conv_emit(c, ISA_MOV32_K, REG_X, 0, (s32)k); break;
	case CBPF_LDX_MEM:
		conv_emit(c, ISA_LDX_W, REGS(REG_X, INSN_REG_FP), scratch_off(k), 0);
		break;
	case CBPF_LDX_LEN: conv_load_len(c, REG_X); break;
	case CBPF_LDX_MSH: conv_load_msh(c, k); break;
	case CBPF_ST: conv_emit(c, ISA_STX_W, REGS(INSN_REG_FP, REG_A), scratch_off(k), 0); break;
	case CBPF_STX: conv_emit(c, ISA_STX_W, REGS(INSN_REG_FP, REG_X), scratch_off(k), 0); break;
#define ALU(name)                                                                                  \
	case CBPF_##name##_K: convert_alu_k(c, ISA_##name##32_K); break;                           \
	case CBPF_##name##_X: convert_alu_x(c, ISA_##name##32_X); break;
	ALU(ADD)
	ALU(SUB)
	ALU(MUL)
	ALU(OR)
	ALU(AND)
	ALU(XOR)
#undef ALU
	case CBPF_DIV_K: convert_alu_k(c, ISA_DIV32_K); break;
	case CBPF_DIV_X: convert_divide_x(c, ISA_DIV32_X); break;
	case CBPF_MOD_K: convert_alu_k(c, ISA_MOD32_K); break;
	case CBPF_MOD_X: convert_divide_x(c, ISA_MOD32_X); break;
	case CBPF_LSH_K: convert_shift_k(c, ISA_LSH32_K); break;
	case CBPF_LSH_X: convert_shift_x(c, ISA_LSH32_X); break;
	case CBPF_RSH_K: convert_shift_k(c, ISA_RSH32_K); break;
	case CBPF_RSH_X: convert_shift_x(c, ISA_RSH32_X); break;
	case CBPF_NEG: conv_emit(c, ISA_NEG32, REG_A, 0, 0); break;
	case CBPF_JA:
		convert_ja(c, cbpf_ja_target(insn, c->idx));
		break;
	case CBPF_JEQ_K: convert_branch(c, &compare_eq, false); break;
	case CBPF_JEQ_X: convert_branch(c, &compare_eq, true); break;
	case CBPF_JGT_K: convert_branch(c, &compare_gt, false); break;
	case CBPF_JGT_X: convert_branch(c, &compare_gt, true); break;
	case CBPF_JGE_K: convert_branch(c, &compare_ge, false); break;
	case CBPF_JGE_X: convert_branch(c, &compare_ge, true); break;
	case CBPF_JSET_K: convert_branch(c, &compare_set, false); break;
	case CBPF_JSET_X: convert_branch(c, &compare_set, true); break;
	case CBPF_RET_K:
		conv_emit(c, ISA_MOV32_K, REG_A, 0, (s32)k);
		convert_return(c);
		break;
	case CBPF_RET_A: convert_return(c); break;
	case CBPF_TAX: conv_emit(c, ISA_MOV64_X, REGS(REG_X, REG_A), 0, 0); break;
	case CBPF_TXA: conv_emit(c, ISA_MOV64_X, REGS(REG_A, REG_X), 0, 0); break;
	case CBPF_OP_BAD: break; /* cannot happen: check.c, invariant 1 */
	}
}

static void emit_prologue(struct conv *c)
{
	u32 word;

	if (c->ctx_used)
		conv_emit(c, ISA_MOV64_X, REGS(REG_CTX, REG_ARG1), 0, 0);
	if (c->zero_regs & CBPF_REG_A)
		conv_emit(c, ISA_MOV32_K, REG_A, 0, 0);
	if (c->zero_regs & CBPF_REG_X)
		conv_emit(c, ISA_MOV32_K, REG_X, 0, 0);
	for (word = 0; word < CBPF_MEM_WORDS; word++) {
		if (c->prog->zero_words & 1u << word)
			conv_emit(c, ISA_ST_W, INSN_REG_FP, scratch_off(word), 0);
	}
	if (c->target != CBPF_TO_RUN || !conv_reads_packet(c->prog))
		return;
	conv_emit(c, ISA_LDX_DW, REGS(REG_DATA, REG_ARG1), offsetof(struct cbpf_view, data), 0);
	conv_emit(c, ISA_LDX_W, REGS(REG_LEN, REG_ARG1),
		  offsetof(struct cbpf_view, captured_bytes), 0);
}

static void emit_all(struct conv *c)
{
	u32 len = c->prog->len;

	c->out_len = 0;
	c->idx = 0;
	emit_prologue(c);
	for (; c->idx < len; c->idx++) {
		c->start[c->idx] = c->out_len;
		if (c->known_len[c->idx] != CONV_DEAD)
			convert_insn(c);
	}
	c->start[len] = c->out_len;
	if (!c->return_0_used)
		return;
	c->idx = len - 1;
	conv_emit(c, ISA_MOV32_K, REG_A, 0, 0);
	conv_emit(c, ISA_EXIT, 0, 0, 0);
}

static int convert_passes(struct conv *c, struct cbpf_converted *ret)
{
	u32 len = c->prog->len;

	int err;

	c->start = mem_zalloc_array(len + 1, sizeof(*c->start));
	if (!c->start)
		return -ENOMEM;
	err = conv_flow(c);
	if (err)
		return err;
	emit_all(c);
	if (c->refused)
		return -EOPNOTSUPP;
	if (c->out_len > INT16_MAX) {
		c->far = true;
		emit_all(c);
	}
	c->out = mem_zalloc_array(c->out_len, sizeof(*c->out));
	c->classic_idx = mem_zalloc_array(c->out_len, sizeof(*c->classic_idx));
	if (!c->out || !c->classic_idx)
		return -ENOMEM;
	emit_all(c);
	*ret = (struct cbpf_converted){ c->out, c->classic_idx, c->out_len };
	c->out = NULL;
	c->classic_idx = NULL;
	return 0;
}

int cbpf_convert(const struct cbpf_prog *prog, enum cbpf_target target,
		 struct cbpf_refusal *refusal, struct cbpf_converted *ret)
{
	struct conv c = { .prog = prog, .target = target };
	int err = convert_passes(&c, ret);

	if (err == -EOPNOTSUPP && refusal)
		*refusal = (struct cbpf_refusal){ c.refused_idx, c.refused };
	mem_free(c.out);
	mem_free(c.classic_idx);
	mem_free(c.start);
	mem_free(c.known_len);
	mem_free(c.raw_bytes);
	return err;
}

void cbpf_converted_fini(struct cbpf_converted *converted)
{
	mem_free(converted->insns);
	mem_free(converted->classic_idx);
	*converted = (struct cbpf_converted){ 0 };
}
