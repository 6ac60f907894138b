/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classic programs as text, the three forms of tcpdump -d, -dd and -ddd (bpf_dump and bpf_image
 * of libpcap), byte for byte. parse.c reads the same forms back.
 */
#include "isa/cbpf/cbpf.h"

/* The operand as bpf_image writes it: k is a signed decimal except where bits matter. */
static void operand_add(struct str *out, const struct cbpf_insn *insn, u32 idx)
{
	enum cbpf_op op = cbpf_op_of(insn->code);
	enum cbpf_anc anc;

	switch ((enum cbpf_operand)cbpf_op_table[op].operand) {
	case CBPF_OPERAND_NONE:
		break;
	case CBPF_OPERAND_ABS:
		anc = cbpf_anc_of(insn->k);
		if (anc != CBPF_ANC_NONE)
			str_addf(out, "[%s]", cbpf_anc_text(anc));
		else
			str_addf(out, "[%d]", (s32)insn->k);
		break;
	case CBPF_OPERAND_IND:
		str_addf(out, "[x + %d]", (s32)insn->k);
		break;
	case CBPF_OPERAND_LEN:
		str_add(out, "#pktlen");
		break;
	case CBPF_OPERAND_HEX:
		str_addf(out, "#0x%x", insn->k);
		break;
	case CBPF_OPERAND_DEC:
		str_addf(out, "#%d", (s32)insn->k);
		break;
	case CBPF_OPERAND_X:
		str_add(out, "x");
		break;
	case CBPF_OPERAND_MEM:
		str_addf(out, "M[%d]", (s32)insn->k);
		break;
	case CBPF_OPERAND_MSH:
		str_addf(out, "4*([%d]&0xf)", (s32)insn->k);
		break;
	case CBPF_OPERAND_JA:
		str_addf(out, "%d", (s32)(idx + 1 + insn->k));
		break;
	}
}

static void line_add(struct str *out, const struct cbpf_insn *insn, u32 idx)
{
	enum cbpf_op op = cbpf_op_of(insn->code);
	struct str operand = STR_INIT;

	if (op == CBPF_OP_BAD) {
		str_addf(out, "(%03u) %-8s 0x%x\n", idx, "unimp", insn->code);
		return;
	}
	operand_add(&operand, insn, idx);
	out->failed |= operand.failed;
	if (cbpf_op_table[op].rule == CBPF_RULE_JCOND)
		str_addf(out, "(%03u) %-8s %-16s jt %u\tjf %u\n", idx, cbpf_op_table[op].mnemonic,
			 str_c(&operand), idx + 1 + insn->jt, idx + 1 + insn->jf);
	else
		str_addf(out, "(%03u) %-8s %s\n", idx, cbpf_op_table[op].mnemonic,
			 str_c(&operand));
	str_fini(&operand);
}

void cbpf_print(struct str *out, const struct cbpf_insn *insns, u32 len, enum cbpf_form form)
{
	u32 i;

	if (form == CBPF_FORM_NUM)
		str_addf(out, "%u\n", len);
	for (i = 0; i < len; i++) {
		const struct cbpf_insn *insn = &insns[i];

		switch (form) {
		case CBPF_FORM_TEXT:
			line_add(out, insn, i);
			break;
		case CBPF_FORM_C:
			str_addf(out, "{ 0x%x, %u, %u, 0x%08x },\n", insn->code, insn->jt, insn->jf,
				 insn->k);
			break;
		case CBPF_FORM_NUM:
			str_addf(out, "%u %u %u %u\n", insn->code, insn->jt, insn->jf, insn->k);
			break;
		}
	}
}
