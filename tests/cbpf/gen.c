/* SPDX-License-Identifier: BSD-2-Clause */
#include "gen.h"

#include <string.h>

u64 gen_u64(struct gen *g)
{
	u64 z = g->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

u32 gen_below(struct gen *g, u32 n)
{
	return (u32)(gen_u64(g) >> 32) % n;
}

static u32 constant(struct gen *g)
{
	switch (gen_below(g, 8)) {
	case 0:
		return gen_below(g, 4);
	case 1:
		return 0u - gen_below(g, 300);
	case 2:
		return 0x80000000u + gen_below(g, 3) - 1;
	case 3:
		return 1u << gen_below(g, 32);
	case 4:
		return (u32)gen_u64(g);
	default:
		return gen_below(g, 256);
	}
}

/* @special: offsets below 0 and ancillary data too. */
static u32 packet_offset(struct gen *g, bool absolute, bool special)
{
	static const u32 ancillary[] = {
#define CBPF_ANC(id, off, text, how, field, member) CBPF_OFF_AD + (off),
#include "isa/cbpf/ancillary.def"
#undef CBPF_ANC
	};
	u32 k;

	if (!special)
		return gen_below(g, 12) ? gen_below(g, 70) : constant(g);
	switch (gen_below(g, 16)) {
	case 0:
		return CBPF_OFF_NET + gen_below(g, 80);
	case 1:
		return CBPF_OFF_LL + gen_below(g, 80);
	case 2:
	case 3:
	case 4:
		if (!absolute)
			return gen_below(g, 64);
		k = ancillary[gen_below(g, ARRAY_SIZE(ancillary))];
		return cbpf_anc_of(k) == CBPF_ANC_RANDOM ? 0 : k; /* differs by nature */
	case 5:
		return constant(g);
	default:
		return gen_below(g, 100);
	}
}

/* Everything that neither jumps nor returns. */
static struct cbpf_insn plain_insn(struct gen *g, enum gen_kind kind)
{
	struct cbpf_insn insn = { 0 };
	const struct cbpf_op_info *info;

	do {
		info = &cbpf_op_table[gen_below(g, CBPF_OP_CNT)];
	} while (info->rule == CBPF_RULE_JA || info->rule == CBPF_RULE_JCOND ||
		 info->rule == CBPF_RULE_RET || (kind == GEN_SECCOMP && !info->seccomp));
	insn.code = info->code;
	insn.k = constant(g);
	switch ((enum cbpf_rule)info->rule) {
	case CBPF_RULE_PACKET:
		insn.k = packet_offset(g, true, kind == GEN_SOCKET);
		if (kind == GEN_SECCOMP)
			insn.k = 4 * gen_below(g, 16);
		break;
	case CBPF_RULE_DIV:
		insn.k |= 1;
		break;
	case CBPF_RULE_SHIFT:
		insn.k %= 32;
		break;
	case CBPF_RULE_MEM_LD:
	case CBPF_RULE_MEM_ST:
		insn.k = gen_below(g, 4);
		break;
	case CBPF_RULE_NONE:
	case CBPF_RULE_JA:
	case CBPF_RULE_JCOND:
	case CBPF_RULE_RET:
		if (info->operand == CBPF_OPERAND_IND || info->operand == CBPF_OPERAND_MSH)
			insn.k = packet_offset(g, false, kind == GEN_SOCKET);
		break;
	}
	return insn;
}

/* Bytes 0 and 1 in some order: what half of the packets hold (gen_packet). */
static u32 byte_pattern(struct gen *g)
{
	return (u32)gen_u64(g) & (gen_below(g, 2) ? 0x0101u : 0x01010101u);
}

static struct cbpf_insn jump_insn(struct gen *g, u32 left)
{
	struct cbpf_insn insn = { .k = gen_below(g, 2) ? constant(g) : byte_pattern(g) };
	u32 op = CBPF_JEQ_K + gen_below(g, CBPF_JSET_X - CBPF_JEQ_K + 1);

	if (!gen_below(g, 6)) {
		insn.code = cbpf_op_table[CBPF_JA].code;
		insn.k = gen_below(g, MIN(left, 6));
		return insn;
	}
	insn.code = cbpf_op_table[op].code;
	insn.jt = (u8)gen_below(g, MIN(left, 6));
	insn.jf = gen_below(g, 3) ? (u8)gen_below(g, MIN(left, 6)) : 0;
	return insn;
}

static struct cbpf_insn make(enum cbpf_op op, u32 k)
{
	return (struct cbpf_insn){ .code = cbpf_op_table[op].code, .k = k };
}

/*
 * The result is seen only through the length to which it trims a packet, so the end brings some
 * byte of A, X or M[0] into that range; a third of the programs returns a constant instead.
 */
static u32 epilogue(struct gen *g, enum gen_kind kind, struct cbpf_insn *out)
{
	u32 n = 0;

	if (!gen_below(g, 8)) {
		out[n++] = make(CBPF_RET_K, constant(g));
		return n;
	}
	switch (gen_below(g, 4)) {
	case 0:
		out[n++] = make(CBPF_TXA, 0);
		break;
	case 1:
		out[n++] = make(CBPF_LD_MEM, gen_below(g, 4));
		break;
	}
	if (gen_below(g, 2))
		out[n++] = make(CBPF_RSH_K, 8 * gen_below(g, 4));
	if (kind == GEN_SECCOMP) /* the SECCOMP_RET_DATA of an ERRNO action */
		out[n++] = make(CBPF_AND_K, 0x1ff);
	else
		out[n++] = make(CBPF_AND_K, gen_below(g, 4) ? 0xff : 0xffff);
	if (kind == GEN_SECCOMP)
		out[n++] = make(CBPF_OR_K, 0x00050000);
	out[n++] = make(CBPF_RET_A, 0);
	return n;
}

u32 gen_program(struct gen *g, enum gen_kind kind, struct cbpf_insn *out, u32 max)
{
	u32 body = 1 + gen_below(g, max > 48 ? 40 : max - 7), n = 0, i;
	struct cbpf_insn end[5];
	u32 end_len = epilogue(g, kind, end);

	/* Four scratch words that are surely written, so that most programs are accepted. */
	if (gen_below(g, 8) && max > 16) {
		for (i = 0; i < 4; i++)
			out[n++] = make(i & 1 ? CBPF_STX : CBPF_ST, i);
		body += 4;
	}
	while (n < body && n + end_len < max) {
		u32 left = body - n - 1 + end_len;

		if (left > 1 && !gen_below(g, 5))
			out[n++] = jump_insn(g, left);
		else if (!gen_below(g, 40))
			out[n++] = make(CBPF_RET_A, 0);
		else
			out[n++] = plain_insn(g, kind);
	}
	memcpy(out + n, end, end_len * sizeof(*end));
	return n + end_len;
}

void gen_mutate(struct gen *g, struct cbpf_insn *insns, u32 len)
{
	struct cbpf_insn *insn = &insns[gen_below(g, len)];

	switch (gen_below(g, 5)) {
	case 0:
		insn->code ^= (u16)(1u << gen_below(g, 16));
		break;
	case 1:
		insn->jt = (u8)gen_u64(g);
		break;
	case 2:
		insn->jf = (u8)gen_u64(g);
		break;
	case 3:
		insn->k = constant(g);
		break;
	default:
		insn->code = (u16)gen_below(g, 256);
		break;
	}
}

void gen_packet(struct gen *g, u8 *out, u32 len)
{
	bool binary = gen_below(g, 2);
	u32 i;

	for (i = 0; i < len; i++) {
		u32 limit = binary ? 2 : gen_below(g, 3) ? 24 : 256;

		out[i] = (u8)gen_below(g, limit);
	}
	/* Runs of attributes: length 4..20, type 0..15, in host order. */
	for (i = gen_below(g, 32) & ~3u; i + 4 <= len;) {
		u16 attr[2] = { (u16)(4 + gen_below(g, 17)), (u16)gen_below(g, 16) };

		memcpy(out + i, attr, sizeof(attr));
		i += (attr[0] + 3u) & ~3u;
		if (!gen_below(g, 4))
			i += 4 * gen_below(g, 8);
	}
}
