/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statements that start with a mnemonic: uBPF's dialect, which bpf_conformance uses, and GNU's
 * normal syntax. A mnemonic is the row's `fn` with a width or a size behind it.
 */
#include <stdio.h>
#include <string.h>

#include "isa/asm_int.h"
#include "isa/isa_int.h"
#include "spec/helper.h"

static bool name_is(const struct asm_name *name, const char *text)
{
	return name->len == strlen(text) && !memcmp(name->text, text, name->len);
}

/* The part of @name behind @prefix, NULL when it starts otherwise. */
static const char *behind(const struct asm_name *name, const char *prefix, size_t *ret_len)
{
	const size_t len = strlen(prefix);

	if (name->len < len || memcmp(name->text, prefix, len) != 0)
		return NULL;
	*ret_len = name->len - len;
	return name->text + len;
}

static u32 size_bits(const char *suffix, size_t len)
{
	if (len == 2 && !memcmp(suffix, "dw", 2))
		return 64;
	if (len != 1)
		return 0;
	return *suffix == 'b' ? 8 : *suffix == 'h' ? 16 : *suffix == 'w' ? 32 : 0;
}

/* "" and "64" are 64 bits wide, "32" 32; others 0. */
static u32 width_bits(const char *suffix, size_t len)
{
	if (!len || (len == 2 && !memcmp(suffix, "64", 2)))
		return 64;
	return len == 2 && !memcmp(suffix, "32", 2) ? 32 : 0;
}

/* "[r1+8]" */
static bool expect_address(struct asm_line *l, struct asm_address *ret)
{
	s64 off = 0;

	if (!asm_expect(l, "[") || !asm_expect_reg(l, &ret->reg))
		return false;
	if (asm_is_number_next(l) || asm_take(l, "+")) {
		if (!asm_expect_in(l, INT16_MIN, INT16_MAX, &off))
			return false;
	}
	ret->off = (s16)off;
	return asm_expect(l, "]");
}

/* A 32-bit operation takes the low half of what is written, as bpf_conformance does. */
static bool expect_imm(struct asm_line *l, enum isa_op op)
{
	struct insn *i = asm_emit(l, op);

	return isa_info(op)->width_bits == 32 ? asm_expect_low32(l, &i->imm) :
						asm_expect_imm32(l, &i->imm);
}

static void put_address(struct asm_line *l, struct asm_address address, u32 src)
{
	l->words[0].dst = address.reg & 0xf;
	l->words[0].off = address.off;
	l->words[0].src = src & 0xf;
}

/* The row of a two-operand family whose fn with a width suffix is @name, in form @form. */
static enum isa_op find_by_fn(const struct asm_name *name, enum isa_family family,
			      enum isa_form form)
{
	const char *suffix;
	size_t len;
	u32 op;

	for (op = ISA_INVALID + 1; op < ISA_OP_CNT; op++) {
		const struct isa_info *info = isa_info((enum isa_op)op);

		if (info->family != family || info->form != form)
			continue;
		suffix = behind(name, info->fn, &len);
		if (suffix && width_bits(suffix, len) == info->width_bits)
			return (enum isa_op)op;
	}
	return ISA_INVALID;
}

/* add r1, r2 · mov32 r0, 1 · neg r1 */
static bool parse_alu(struct asm_line *l, const struct asm_name *name, bool *ret_known)
{
	static const enum isa_family families[] = { ISA_FAMILY_ALU, ISA_FAMILY_MOV };
	struct asm_reg src;
	enum isa_op op;
	u32 dst, n;

	op = find_by_fn(name, ISA_FAMILY_NEG, ISA_FORM_N);
	*ret_known = true;
	if (op != ISA_INVALID) {
		if (!asm_expect_reg(l, &dst))
			return false;
		asm_emit(l, op)->dst = dst & 0xf;
		return true;
	}
	for (n = 0; n < ARRAY_SIZE(families); n++) {
		op = find_by_fn(name, families[n], ISA_FORM_X);
		if (op == ISA_INVALID)
			continue;
		if (!asm_expect_reg(l, &dst) || !asm_expect(l, ","))
			return false;
		if (asm_take_reg(l, &src)) {
			asm_emit(l, op)->src = src.num & 0xf;
		} else {
			op = find_by_fn(name, families[n], ISA_FORM_K);
			if (op == ISA_INVALID || !asm_is_number_next(l))
				return asm_fail(l, "a register or a number");
			if (!expect_imm(l, op))
				return false;
		}
		l->words[0].dst = dst & 0xf;
		return true;
	}
	*ret_known = false;
	return false;
}

/* movsx832 r1, r2 (from 8 to 32 bits) · movs r1, r2, 8 · movs32 r1, r2, 8 */
static bool parse_movsx(struct asm_line *l, const struct asm_name *name, bool *ret_known)
{
	const bool gnu = name_is(name, "movs") || name_is(name, "movs32");
	const u32 gnu_width = name->len == 4 ? 64 : 32;
	char text[16];
	s64 from = 0;
	u32 dst, src, op;

	*ret_known = false;
	if (gnu) {
		*ret_known = true;
		if (!asm_expect_reg(l, &dst) || !asm_expect(l, ",") || !asm_expect_reg(l, &src) ||
		    !asm_expect(l, ",") || !asm_expect_in(l, 8, 32, &from))
			return false;
	}
	for (op = ISA_MOVSX8_64; op <= ISA_MOVSX16_32; op++) {
		const struct isa_info *info = isa_info((enum isa_op)op);

		if (info->family != ISA_FAMILY_MOV || !info->selv)
			continue;
		(void)snprintf(text, sizeof(text), "movsx%u%u", info->selv, info->width_bits);
		if (gnu ? from != info->selv || info->width_bits != gnu_width :
			  !name_is(name, text))
			continue;
		*ret_known = true;
		if (!gnu && (!asm_expect_reg(l, &dst) || !asm_expect(l, ",") ||
			     !asm_expect_reg(l, &src)))
			return false;
		(void)asm_emit(l, (enum isa_op)op);
		l->words[0].dst = dst & 0xf;
		l->words[0].src = src & 0xf;
		return true;
	}
	return gnu ? asm_fail_at(l, name->text, "there is no such sign extension") : false;
}

/* le16 r1 · swap32 r1 · endle r1, 16 · bswap r1, 16 */
static bool parse_swap(struct asm_line *l, const struct asm_name *name, bool *ret_known)
{
	static const struct {
		const char *name;
		enum isa_op first;
	} gnu[] = { { "endle", ISA_LE16 }, { "endbe", ISA_BE16 }, { "bswap", ISA_BSWAP16 } };
	const char *suffix;
	size_t len;
	s64 bits;
	u32 dst, n;

	*ret_known = true;
	for (n = ISA_LE16; n <= ISA_BSWAP64; n++) {
		suffix = behind(name, "swap", &len);
		if (!name_is(name, isa_info((enum isa_op)n)->text) &&
		    !(suffix && n >= ISA_BSWAP16 && len == 2 &&
		      !memcmp(suffix, isa_info((enum isa_op)n)->text + 5, 2)))
			continue;
		if (!asm_expect_reg(l, &dst))
			return false;
		asm_emit(l, (enum isa_op)n)->dst = dst & 0xf;
		return true;
	}
	for (n = 0; n < ARRAY_SIZE(gnu); n++) {
		if (!name_is(name, gnu[n].name))
			continue;
		if (!asm_expect_reg(l, &dst) || !asm_expect(l, ",") ||
		    !asm_expect_in(l, 16, 64, &bits))
			return false;
		if (bits != 16 && bits != 32 && bits != 64)
			return asm_fail_at(l, l->at, "the width must be 16, 32 or 64");
		n = (u32)gnu[n].first + (bits == 16 ? 0 : bits == 32 ? 1 : 2);
		asm_emit(l, (enum isa_op)n)->dst = dst & 0xf;
		return true;
	}
	*ret_known = false;
	return false;
}

/* jeq r1, 5, +3 · jeq32 r1, r2, label · ja label */
static bool parse_jump(struct asm_line *l, const struct asm_name *name, bool *ret_known)
{
	enum isa_op op = ISA_INVALID;
	struct asm_reg src;
	s64 off;
	u32 dst;

	*ret_known = true;
	if (name_is(name, "ja"))
		op = ISA_JA;
	else if (name_is(name, "jal") || name_is(name, "ja32"))
		op = ISA_JA32;
	if (op != ISA_INVALID) {
		(void)asm_emit(l, op);
		return asm_expect_target(l, &off) && asm_set_target(l, op, off);
	}
	op = find_by_fn(name, ISA_FAMILY_JMP, ISA_FORM_X);
	*ret_known = op != ISA_INVALID;
	if (op == ISA_INVALID)
		return false;
	if (!asm_expect_reg(l, &dst) || !asm_expect(l, ","))
		return false;
	if (asm_take_reg(l, &src)) {
		asm_emit(l, op)->src = src.num & 0xf;
	} else {
		op = find_by_fn(name, ISA_FAMILY_JMP, ISA_FORM_K);
		if (!asm_is_number_next(l))
			return asm_fail(l, "a register or a number");
		if (!expect_imm(l, op))
			return false;
	}
	l->words[0].dst = dst & 0xf;
	return asm_expect(l, ",") && asm_expect_target(l, &off) && asm_set_target(l, op, off);
}

static bool parse_lddw(struct asm_line *l)
{
	bool negative;
	u64 value;
	u32 dst;

	if (!asm_expect_reg(l, &dst) || !asm_expect(l, ",") ||
	    !asm_expect_number(l, &negative, &value))
		return false;
	return asm_emit_lddw(l, dst, negative ? 0 - value : value);
}

/* ldabsw 5 · ldindw r1, 5 */
static bool parse_packet(struct asm_line *l, enum isa_op op)
{
	u32 src = 0;

	if (isa_info(op)->family == ISA_FAMILY_LDIND &&
	    (!asm_expect_reg(l, &src) || !asm_expect(l, ",")))
		return false;
	asm_emit(l, op)->src = src & 0xf;
	return asm_expect_imm32(l, &l->words[0].imm);
}

/* ldxdw r2, [r1+0] · stxb [r1], r2 · stw [r1+4], 5 · ldxsb r1, [r2] */
static bool parse_memory(struct asm_line *l, const struct asm_name *name, bool *ret_known)
{
	static const enum isa_family families[] = { ISA_FAMILY_LDSX, ISA_FAMILY_LDX, ISA_FAMILY_STX,
						    ISA_FAMILY_ST, ISA_FAMILY_LDABS,
						    ISA_FAMILY_LDIND };
	static const char *const prefixes[] = { "ldxs", "ldx", "stx", "st", "ldabs", "ldind" };
	enum isa_op op = ISA_INVALID;
	struct asm_address address;
	const char *suffix;
	size_t len;
	u32 n, reg = 0;

	*ret_known = true;
	if (name_is(name, "lddw"))
		return parse_lddw(l);
	for (n = 0; n < ARRAY_SIZE(prefixes) && op == ISA_INVALID; n++) {
		suffix = behind(name, prefixes[n], &len);
		if (suffix && size_bits(suffix, len))
			op = asm_find(families[n], size_bits(suffix, len),
				      families[n] == ISA_FAMILY_ST ||
						      families[n] == ISA_FAMILY_LDABS ?
					      ISA_FORM_K :
					      ISA_FORM_X,
				      NULL);
	}
	*ret_known = op != ISA_INVALID;
	if (op == ISA_INVALID)
		return false;
	n = isa_info(op)->family;
	if (n == ISA_FAMILY_LDABS || n == ISA_FAMILY_LDIND)
		return parse_packet(l, op);
	(void)asm_emit(l, op);
	if (n == ISA_FAMILY_LDX || n == ISA_FAMILY_LDSX) {
		if (!asm_expect_reg(l, &reg) || !asm_expect(l, ",") || !expect_address(l, &address))
			return false;
		put_address(l, (struct asm_address){ reg, address.off }, address.reg);
		return true;
	}
	if (!expect_address(l, &address) || !asm_expect(l, ","))
		return false;
	if (n == ISA_FAMILY_STX ? !asm_expect_reg(l, &reg) :
				  !asm_expect_imm32(l, &l->words[0].imm))
		return false;
	put_address(l, address, reg);
	return true;
}

/* [r1+8], r2, with the operation found: also "acmp [r1+8], r0, r2", as some write it */
static bool parse_atomic_operands(struct asm_line *l, enum isa_op op, const char *at)
{
	struct asm_address address;
	u32 src;

	if (op == ISA_INVALID)
		return asm_fail_at(l, at, "there is no such atomic operation");
	(void)asm_emit(l, op);
	if (!expect_address(l, &address) || !asm_expect(l, ",") || !asm_expect_reg(l, &src))
		return false;
	if (isa_info(op)->family == ISA_FAMILY_CMPXCHG && !src && asm_take(l, ",") &&
	    !asm_expect_reg(l, &src))
		return false;
	put_address(l, address, src);
	return true;
}

static enum isa_op find_atomic(const char *stem, size_t len, u32 bits, bool fetch)
{
	char text[24];

	if (fetch)
		(void)snprintf(text, sizeof(text), "fetch_%.*s", (int)MIN(len, 12u), stem);
	else
		(void)snprintf(text, sizeof(text), "%.*s", (int)MIN(len, 12u), stem);
	if (!strcmp(text, "cmpxchg"))
		return asm_find(ISA_FAMILY_CMPXCHG, bits, ISA_FORM_X, text);
	return asm_find(ISA_FAMILY_ATOMIC, bits, ISA_FORM_X, text);
}

/* lock [fetch] add32 [r1], r2 · lock fetch_add [r1], r2 · lock cmpxchg [r1], r2 */
static bool parse_lock(struct asm_line *l)
{
	const char *at, *stem;
	struct asm_name name;
	u32 bits = 64;
	size_t len;
	bool fetch;

	asm_skip_blanks(l);
	at = l->at;
	fetch = asm_take(l, "fetch");
	name = asm_take_name(l);
	stem = name.text;
	len = name.len;

	if (len > 2 && !memcmp(stem + len - 2, "32", 2))
		bits = 32;
	if (len > 2 && (bits == 32 || !memcmp(stem + len - 2, "64", 2)))
		len -= 2;
	/* Exchanges always fetch, whether one says so or not. */
	if ((len == 4 && !memcmp(stem, "xchg", 4)) || (len == 7 && !memcmp(stem, "cmpxchg", 7)))
		fetch = false;
	return parse_atomic_operands(l, find_atomic(stem, len, bits, fetch), at);
}

/* GNU: xadddw, xaddw, aadd, aor32, afadd, axchg, acmp32 */
static bool parse_gnu_atomic(struct asm_line *l, const struct asm_name *name, bool *ret_known)
{
	static const struct {
		const char *gnu, *text;
	} names[] = {
		{ "afadd", "fetch_add" }, { "afor", "fetch_or" }, { "afand", "fetch_and" },
		{ "afxor", "fetch_xor" }, { "aadd", "add" },	  { "aor", "or" },
		{ "aand", "and" },	  { "axor", "xor" },	  { "axchg", "xchg" },
		{ "acmp", "cmpxchg" },
	};
	const char *suffix;
	size_t len;
	u32 n;

	*ret_known = true;
	if (name_is(name, "xadddw") || name_is(name, "xaddw"))
		return parse_atomic_operands(
			l, name->len == 6 ? ISA_ATOMIC64_ADD : ISA_ATOMIC32_ADD, name->text);
	for (n = 0; n < ARRAY_SIZE(names); n++) {
		suffix = behind(name, names[n].gnu, &len);
		if (suffix && width_bits(suffix, len))
			return parse_atomic_operands(
				l,
				find_atomic(names[n].text, strlen(names[n].text),
					    width_bits(suffix, len), false),
				name->text);
	}
	*ret_known = false;
	return false;
}

static s32 helper_id(const struct asm_name *name)
{
	const struct helper_info *helper;
	size_t len;
	const char *stem = behind(name, "bpf_", &len);
	u32 id;

	for (id = 1; stem && id < 1024; id++) {
		helper = helper_info(id);
		if (helper && strlen(helper->name) == len && !memcmp(helper->name, stem, len))
			return (s32)id;
	}
	return -1;
}

/* call NAME#ID: the number decides; "kernel-function" is what the kernel calls a kfunc */
static bool parse_named_call(struct asm_line *l)
{
	const char *at = l->at;
	struct asm_name name;

	if (asm_take(l, "kernel-function"))
		return asm_expect(l, "#") &&
		       asm_expect_imm32(l, &asm_emit(l, ISA_CALL_KFUNC)->imm);
	name = asm_take_name(l);
	if (!name.len)
		return asm_fail(l, "a function: a number, a name or a label");
	if (l->at < l->end && *l->at == '#') {
		l->at++;
		return asm_expect_imm32(l, &asm_emit(l, ISA_CALL_HELPER)->imm);
	}
	if (helper_id(&name) > 0) {
		asm_emit(l, ISA_CALL_HELPER)->imm = helper_id(&name);
		return true;
	}
	l->at = at;
	(void)asm_emit(l, ISA_CALL_SUBPROG);
	l->target = asm_take_name(l);
	return true;
}

bool asm_call(struct asm_line *l)
{
	struct asm_reg reg;
	s64 off;

	if (asm_take_reg(l, &reg)) {
		asm_emit(l, ISA_CALLX)->dst = reg.num & 0xf;
		return true;
	}
	if (asm_take(l, "local")) {
		(void)asm_emit(l, ISA_CALL_SUBPROG);
		return asm_expect_target(l, &off) && asm_set_target(l, ISA_CALL_SUBPROG, off);
	}
	if (asm_take(l, "pc")) {
		if (!asm_expect_in(l, INT32_MIN, INT32_MAX, &off))
			return false;
		asm_emit(l, ISA_CALL_SUBPROG)->imm = (s32)off;
		return true;
	}
	if (asm_take(l, "runtime"))
		return asm_expect_imm32(l, &asm_emit(l, ISA_CALL_KFUNC)->imm);
	(void)asm_take(l, "helper");
	if (asm_is_number_next(l))
		return asm_expect_imm32(l, &asm_emit(l, ISA_CALL_HELPER)->imm);
	return parse_named_call(l);
}

bool asm_mnemonic(struct asm_line *l)
{
	static bool (*const parsers[])(struct asm_line *, const struct asm_name *, bool *) = {
		parse_alu, parse_jump, parse_memory, parse_swap, parse_movsx, parse_gnu_atomic,
	};
	const char *at = l->at;
	const struct asm_name name = asm_take_name(l);
	bool known = false, ok;
	u32 n, reg;

	if (name_is(&name, "exit"))
		return asm_emit(l, ISA_EXIT) != NULL;
	if (name_is(&name, "call"))
		return asm_call(l);
	if (name_is(&name, "callx")) {
		if (!asm_expect_reg(l, &reg))
			return false;
		asm_emit(l, ISA_CALLX)->dst = reg & 0xf;
		return true;
	}
	if (name_is(&name, "lock"))
		return parse_lock(l);
	for (n = 0; n < ARRAY_SIZE(parsers) && name.len; n++) {
		ok = parsers[n](l, &name, &known);
		if (known)
			return ok;
	}
	l->at = at;
	return asm_fail(l, "an instruction");
}
