/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel style: the forms of print_bpf_insn in kernel/bpf/disasm.c of Linux 6.18, as a log
 * shows them, and the marks. What a mark must say is read off the columns of isa/ops.def: the
 * text shows a field exactly when the operation uses it, except for the few cases in add_mark.
 */
#include "isa/text.h"

#include "isa/isa_int.h"
#include "spec/helper.h"

static void add_helper_call(struct str *out, s32 id)
{
	const struct helper_info *helper = id > 0 ? helper_info((u32)id) : NULL;

	if (helper)
		str_addf(out, "call bpf_%s#%d", helper->name, id);
	else
		str_addf(out, "call %s#%d", id ? "unknown" : "bpf_unspec", id);
}

static void add_call(struct str *out, const struct insn *i, enum isa_op op)
{
	if (op == ISA_CALL_HELPER)
		add_helper_call(out, i->imm);
	else if (op == ISA_CALL_SUBPROG)
		str_addf(out, "call pc%+d", i->imm);
	else
		str_addf(out, "call kernel-function#%d", i->imm);
}

/* Moves, arithmetic, conditions: the operand is a register or a number. */
static void add_alu(struct str *out, const struct insn *i, const struct isa_info *info)
{
	const char r = info->width_bits == 64 ? 'r' : 'w';

	if (info->form == ISA_FORM_K)
		str_addf(out, "%c%u %s %d", r, i->dst, info->text, i->imm);
	else if (info->selv && info->family == ISA_FAMILY_MOV)
		str_addf(out, "%c%u = %s%c%u", r, i->dst, info->text, r, i->src);
	else
		str_addf(out, "%c%u %s %c%u", r, i->dst, info->text, r, i->src);
}

static void add_condition(struct str *out, const struct insn *i, const struct isa_info *info)
{
	const char r = info->width_bits == 64 ? 'r' : 'w';

	if (info->form == ISA_FORM_K)
		str_addf(out, "if %c%u %s 0x%x goto pc%+d", r, i->dst, info->text, (u32)i->imm,
			 i->off);
	else
		str_addf(out, "if %c%u %s %c%u goto pc%+d", r, i->dst, info->text, r, i->src,
			 i->off);
}

static void add_jump(struct str *out, const struct insn *i, const struct isa_info *info)
{
	if (info->family == ISA_FAMILY_JMP)
		add_condition(out, i, info);
	else
		str_addf(out, "%s pc%+d", info->text,
			 info->imm == ISA_IMM_JUMP ? i->imm : i->off);
}

static void add_atomic(struct str *out, const struct insn *i, const struct isa_info *info)
{
	static const char *const operators[] = { "+=", "|=", "&=", "^=" };
	const u32 bits = info->width_bits;
	const char *wide = bits == 64 ? "64" : "";

	if (info->family == ISA_FAMILY_LOAD_ACQ)
		str_addf(out, "r%u = load_acquire((u%u *)(r%u %+d))", i->dst, bits, i->src, i->off);
	else if (info->family == ISA_FAMILY_STORE_REL)
		str_addf(out, "store_release((u%u *)(r%u %+d), r%u)", bits, i->dst, i->off, i->src);
	else if (info->family == ISA_FAMILY_CMPXCHG)
		str_addf(out, "r0 = atomic%s_cmpxchg((u%u *)(r%u %+d), r0, r%u)", wide, bits,
			 i->dst, i->off, i->src);
	else if (info->src == ISA_REG_RW)
		str_addf(out, "r%u = atomic%s_%s((u%u *)(r%u %+d), r%u)", i->src, wide, info->text,
			 bits, i->dst, i->off, i->src);
	else
		str_addf(out, "lock *(u%u *)(r%u %+d) %s r%u", bits, i->dst, i->off,
			 operators[isa_atomic_index(info)], i->src);
}

static void add_memory(struct str *out, const struct insn *i, const struct isa_info *info)
{
	if (info->family == ISA_FAMILY_ST)
		str_addf(out, "*(%s *)(r%u %+d) = %d", info->text, i->dst, i->off, i->imm);
	else if (info->family == ISA_FAMILY_STX)
		str_addf(out, "*(%s *)(r%u %+d) = r%u", info->text, i->dst, i->off, i->src);
	else if (info->family == ISA_FAMILY_LDABS)
		str_addf(out, "r0 = *(%s *)skb[%d]", info->text, i->imm);
	else if (info->family == ISA_FAMILY_LDIND)
		str_addf(out, "r0 = *(%s *)skb[r%u + %d]", info->text, i->src, i->imm);
	else
		str_addf(out, "r%u = *(%s *)(r%u %+d)", i->dst, info->text, i->src, i->off);
}

static void add_kernel_text(struct str *out, const struct insn *i, enum isa_op op)
{
	const struct isa_info *info = isa_info(op);
	const char r = info->width_bits == 64 ? 'r' : 'w';

	str_addf(out, "(%02x) ", i->code);
	switch ((enum isa_family)info->family) {
	case ISA_FAMILY_INVALID:
		str_addf(out, "BUG_%02x", i->code);
		break;
	case ISA_FAMILY_ALU:
	case ISA_FAMILY_MOV:
		add_alu(out, i, info);
		break;
	case ISA_FAMILY_CAST:
		str_addf(out, "r%u = addr_space_cast(r%u, %u, %u)", i->dst, i->src,
			 (u32)i->imm >> 16, (u32)i->imm & 0xffff);
		break;
	case ISA_FAMILY_NEG:
		str_addf(out, "%c%u = -%c%u", r, i->dst, r, i->dst);
		break;
	case ISA_FAMILY_END: /* 64-bit names whatever the width */
		str_addf(out, "r%u = %s r%u", i->dst, info->text, i->dst);
		break;
	case ISA_FAMILY_JMP:
	case ISA_FAMILY_JA:
	case ISA_FAMILY_MAY_GOTO:
		add_jump(out, i, info);
		break;
	case ISA_FAMILY_GOTOX:
	case ISA_FAMILY_CALLX:
		str_addf(out, "%s r%u", info->text, i->dst);
		break;
	case ISA_FAMILY_LDX:
	case ISA_FAMILY_LDSX:
	case ISA_FAMILY_ST:
	case ISA_FAMILY_STX:
	case ISA_FAMILY_LDABS:
	case ISA_FAMILY_LDIND:
		add_memory(out, i, info);
		break;
	case ISA_FAMILY_ATOMIC:
	case ISA_FAMILY_CMPXCHG:
	case ISA_FAMILY_LOAD_ACQ:
	case ISA_FAMILY_STORE_REL:
		add_atomic(out, i, info);
		break;
	case ISA_FAMILY_LDDW:
		str_addf(out, "r%u = 0x%llx", i->dst, (unsigned long long)insn_imm64(i));
		break;
	case ISA_FAMILY_CALL:
		add_call(out, i, op);
		break;
	case ISA_FAMILY_EXIT:
		str_add(out, "exit");
		break;
	}
}

/* Separates the parts of one mark: the first opens it. */
static void add_part(struct str *out, bool *open, const char *field, s64 value)
{
	str_addf(out, "%s%s=%lld", *open ? " " : " ; !", field, (long long)value);
	*open = true;
}

/* What the text does not show and the word has. */
static void add_mark(struct str *out, const struct insn *i, enum isa_op op)
{
	const struct isa_info *info = isa_info(op);
	const bool invalid = op == ISA_INVALID;
	bool open = false;

	if (i->dst && (invalid || info->dst == ISA_REG_NONE))
		add_part(out, &open, "dst", i->dst);
	/* The kinds of lddw look alike; those of call do not. */
	if (i->src && (invalid || info->src == ISA_REG_NONE || info->family == ISA_FAMILY_LDDW))
		add_part(out, &open, "src", i->src);
	if (i->off && (invalid || info->off == ISA_OFF_ZERO || info->off == ISA_OFF_ANY ||
		       info->off == ISA_OFF_KFUNC))
		add_part(out, &open, "off", i->off);
	if (i->imm && (invalid || info->imm == ISA_IMM_ZERO))
		add_part(out, &open, "imm", i->imm);
	if (info->family != ISA_FAMILY_LDDW)
		return;
	if (i[1].code)
		add_part(out, &open, "code2", i[1].code);
	if (i[1].dst)
		add_part(out, &open, "dst2", i[1].dst);
	if (i[1].src)
		add_part(out, &open, "src2", i[1].src);
	if (i[1].off)
		add_part(out, &open, "off2", i[1].off);
}

/* LLVM decodes no word with something in a field that must be zero. */
static bool has_reserved(const struct insn *i, const struct isa_info *info)
{
	return (i->dst && info->dst == ISA_REG_NONE) || (i->src && info->src == ISA_REG_NONE) ||
	       (i->off && (info->off == ISA_OFF_ZERO || info->off == ISA_OFF_ANY)) ||
	       (i->imm && info->imm == ISA_IMM_ZERO);
}

u32 isa_text_insn(struct str *out, const struct insn *insns, u32 insn_cnt, u32 idx,
		  const struct isa_text_opts *opts)
{
	const struct insn *i = &insns[idx];
	enum isa_op op = isa_decode(i);

	if (isa_words(op) > insn_cnt - idx)
		op = ISA_INVALID;
	if (opts->style == ISA_STYLE_LLVM) {
		if (has_reserved(i, isa_info(op)))
			op = ISA_INVALID;
		isa_text_llvm(out, i, op, idx, opts);
	} else {
		add_kernel_text(out, i, op);
		if (!opts->no_marks)
			add_mark(out, i, op);
	}
	return isa_words(op);
}

void isa_text_program(struct str *out, const struct insn *insns, u32 insn_cnt,
		      const struct isa_text_opts *opts)
{
	u32 i;

	for (i = 0; i < insn_cnt;) {
		str_addf(out, "%u: ", i);
		i += isa_text_insn(out, insns, insn_cnt, i, opts);
		str_add_char(out, '\n');
	}
}
