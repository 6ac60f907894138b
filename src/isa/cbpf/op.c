/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of classic instructions and ancillary data, expanded from their .def files. */
#include "isa/cbpf/cbpf.h"

const struct cbpf_op_info cbpf_op_table[CBPF_OP_CNT + 1] = {
#define CBPF_OP(id, code, rule, operand, mnemonic, seccomp, use, def)                              \
	[CBPF_##id] = { code, CBPF_RULE_##rule, CBPF_OPERAND_##operand, seccomp,                   \
			CBPF_REG_##use, CBPF_REG_##def, mnemonic },
#include "isa/cbpf/ops.def"
#undef CBPF_OP
};

const u8 cbpf_op_plus1_by_code[256] = {
#define CBPF_OP(id, code, rule, operand, mnemonic, seccomp, use, def) [code] = CBPF_##id + 1,
#include "isa/cbpf/ops.def"
#undef CBPF_OP
};

enum cbpf_anc cbpf_anc_of(u32 k)
{
	switch (k) {
#define CBPF_ANC(id, off, text, how, field, member)                                                \
	case CBPF_OFF_AD + (off):                                                                  \
		return CBPF_ANC_##id;
#include "isa/cbpf/ancillary.def"
#undef CBPF_ANC
	}
	return CBPF_ANC_NONE;
}

const char *cbpf_anc_text(enum cbpf_anc anc)
{
	static const char *const texts[CBPF_ANC_CNT] = {
#define CBPF_ANC(id, off, text, how, field, member) [CBPF_ANC_##id] = text,
#include "isa/cbpf/ancillary.def"
#undef CBPF_ANC
	};

	return anc < CBPF_ANC_CNT ? texts[anc] : NULL;
}
