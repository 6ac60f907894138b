/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The style of llvm-objdump 19: hexadecimal numbers with a sign, spaces around the sign of an
 * address, targets as offsets. For 32-bit atomics it prints what `--mcpu=v3` gives, since the
 * default prints "<unknown>"; load-acquire and store-release as LLVM 20 does.
 */
#include "isa/isa_int.h"
#include "isa/text.h"

static void add_hex(struct str *out, s64 value)
{
	if (value < 0)
		str_addf(out, "-0x%llx", 0 - (unsigned long long)value);
	else
		str_addf(out, "0x%llx", (unsigned long long)value);
}

static void add_address(struct str *out, u32 reg, s16 off)
{
	str_addf(out, "r%u %c 0x%x", reg, off < 0 ? '-' : '+', (u32)(off < 0 ? -off : off));
}

static void add_operand(struct str *out, const struct insn *i, const struct isa_info *info)
{
	if (info->form == ISA_FORM_K)
		add_hex(out, i->imm);
	else
		str_addf(out, "%c%u", info->width_bits == 64 ? 'r' : 'w', i->src);
}

static void add_jump(struct str *out, const struct insn *i, enum isa_op op, u32 idx,
		     const struct isa_text_opts *opts)
{
	const struct isa_info *info = isa_info(op);
	const s32 off = info->imm == ISA_IMM_JUMP ? i->imm : i->off;

	if (info->family == ISA_FAMILY_JMP) {
		str_addf(out, "if %c%u %s ", info->width_bits == 64 ? 'r' : 'w', i->dst,
			 info->text);
		add_operand(out, i, info);
		str_add(out, " goto ");
	} else {
		str_addf(out, "%s ", info->text);
	}
	str_add(out, off < 0 ? "" : "+");
	add_hex(out, off);
	if (opts->target)
		opts->target(opts->cookie, out, (s64)idx + 1 + off);
}

static void add_exchange(struct str *out, const struct insn *i, const struct isa_info *info)
{
	const char *name = info->width_bits == 64 ? "_64" : "32_32";
	const char r = info->width_bits == 64 ? 'r' : 'w';

	if (info->family == ISA_FAMILY_CMPXCHG) {
		str_addf(out, "%c0 = cmpxchg%s(", r, name);
		add_address(out, i->dst, i->off);
		str_addf(out, ", %c0, %c%u)", r, r, i->src);
	} else {
		str_addf(out, "%c%u = xchg%s(", r, i->src, name);
		add_address(out, i->dst, i->off);
		str_addf(out, ", %c%u)", r, i->src);
	}
}

static void add_atomic(struct str *out, const struct insn *i, const struct isa_info *info)
{
	static const char *const operators[] = { "+=", "|=", "&=", "^=" };
	const u32 bits = info->width_bits;
	/* The plain addition is older than the 32-bit registers, and keeps its name. */
	const bool old = info->selv == 0 && info->family == ISA_FAMILY_ATOMIC;
	const char r = bits == 64 || old ? 'r' : 'w';

	if (info->family == ISA_FAMILY_CMPXCHG || isa_atomic_is_xchg(info)) {
		add_exchange(out, i, info);
	} else if (info->family == ISA_FAMILY_LOAD_ACQ) {
		str_addf(out, "%c%u = load_acquire((u%u *)(", r, i->dst, bits);
		add_address(out, i->src, i->off);
		str_add(out, "))");
	} else if (info->family == ISA_FAMILY_STORE_REL) {
		str_addf(out, "store_release((u%u *)(", bits);
		add_address(out, i->dst, i->off);
		str_addf(out, "), %c%u)", r, i->src);
	} else if (info->src == ISA_REG_RW) {
		str_addf(out, "%c%u = atomic_%s((u%u *)(", r, i->src, info->text, bits);
		add_address(out, i->dst, i->off);
		str_addf(out, "), %c%u)", r, i->src);
	} else {
		str_addf(out, "lock *(u%u *)(", bits);
		add_address(out, i->dst, i->off);
		str_addf(out, ") %s %c%u", operators[isa_atomic_index(info)], r, i->src);
	}
}

static void add_memory(struct str *out, const struct insn *i, const struct isa_info *info)
{
	if (info->family == ISA_FAMILY_ST || info->family == ISA_FAMILY_STX) {
		str_addf(out, "*(%s *)(", info->text);
		add_address(out, i->dst, i->off);
		str_add(out, ") = ");
		if (info->family == ISA_FAMILY_ST)
			add_hex(out, i->imm);
		else
			str_addf(out, "r%u", i->src);
		return;
	}
	str_addf(out, "r%u = *(%s *)(", i->dst, info->text);
	add_address(out, i->src, i->off);
	str_add_char(out, ')');
}

static void add_lddw(struct str *out, const struct insn *i, enum isa_op op)
{
	if (op != ISA_LDDW_IMM) {
		str_addf(out, "ld_pseudo\tr%u, 0x%x, 0x%x", i->dst, i->src, (u32)i->imm);
		return;
	}
	str_addf(out, "r%u = ", i->dst);
	add_hex(out, (s64)insn_imm64(i));
	str_add(out, " ll");
}

static void add_packet(struct str *out, const struct insn *i, const struct isa_info *info)
{
	str_addf(out, "r0 = *(%s *)skb[", info->text);
	if (info->family == ISA_FAMILY_LDABS)
		add_hex(out, i->imm);
	else
		str_addf(out, "r%u", i->src); /* the displacement is not shown there */
	str_add_char(out, ']');
}

static void add_plain(struct str *out, const struct insn *i, const struct isa_info *info)
{
	const char r = info->width_bits == 64 ? 'r' : 'w';

	if (info->family == ISA_FAMILY_NEG) {
		str_addf(out, "%c%u = -%c%u", r, i->dst, r, i->dst);
	} else if (info->family == ISA_FAMILY_END) {
		str_addf(out, "r%u = %s r%u", i->dst, info->text, i->dst);
	} else if (info->family == ISA_FAMILY_CAST) {
		str_addf(out, "r%u = addr_space_cast(r%u, 0x%x, 0x%x)", i->dst, i->src,
			 (u32)i->imm >> 16, (u32)i->imm & 0xffff);
	} else if (info->family == ISA_FAMILY_MOV && info->selv) {
		str_addf(out, "%c%u = %s%c%u", r, i->dst, info->text, r, i->src);
	} else {
		str_addf(out, "%c%u %s ", r, i->dst, info->text);
		add_operand(out, i, info);
	}
}

void isa_text_llvm(struct str *out, const struct insn *i, enum isa_op op, u32 idx,
		   const struct isa_text_opts *opts)
{
	const struct isa_info *info = isa_info(op);

	switch ((enum isa_family)info->family) {
	case ISA_FAMILY_INVALID:
		str_add(out, "<unknown>");
		break;
	case ISA_FAMILY_ALU:
	case ISA_FAMILY_MOV:
	case ISA_FAMILY_CAST:
	case ISA_FAMILY_NEG:
	case ISA_FAMILY_END:
		add_plain(out, i, info);
		break;
	case ISA_FAMILY_JMP:
	case ISA_FAMILY_JA:
	case ISA_FAMILY_MAY_GOTO:
		add_jump(out, i, op, idx, opts);
		break;
	case ISA_FAMILY_GOTOX:
	case ISA_FAMILY_CALLX:
		str_addf(out, "%s r%u", info->text, i->dst);
		break;
	case ISA_FAMILY_LDX:
	case ISA_FAMILY_LDSX:
	case ISA_FAMILY_ST:
	case ISA_FAMILY_STX:
		add_memory(out, i, info);
		break;
	case ISA_FAMILY_LDABS:
	case ISA_FAMILY_LDIND:
		add_packet(out, i, info);
		break;
	case ISA_FAMILY_ATOMIC:
	case ISA_FAMILY_CMPXCHG:
	case ISA_FAMILY_LOAD_ACQ:
	case ISA_FAMILY_STORE_REL:
		add_atomic(out, i, info);
		break;
	case ISA_FAMILY_LDDW:
		add_lddw(out, i, op);
		break;
	case ISA_FAMILY_CALL:
		str_add(out, "call ");
		add_hex(out, i->imm);
		break;
	case ISA_FAMILY_EXIT:
		str_add(out, "exit");
		break;
	}
}
