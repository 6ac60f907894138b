/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statements of the pseudo-C dialects: the kernel's, llvm-objdump's and GNU's. Operators and
 * sizes are looked up in isa/ops.def, so that what the disassembler prints is what is read here.
 */
#include <string.h>

#include "isa/asm_int.h"
#include "isa/isa_int.h"

/* In the order of matching: no operator is a prefix of a later one. */
static const char *const assign_operators[] = {
	"s>>=", "<<=", ">>=", "s/=", "s%=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=",
};

static const char *const conditions[] = {
	"s>=", "s<=", "s>", "s<", "==", "!=", ">=", "<=", ">", "<", "&",
};

static const char *const atomic_operators[] = { "+=", "|=", "&=", "^=" };

static const char *take_one_of(struct asm_line *l, const char *const *list, u32 cnt)
{
	u32 n;

	for (n = 0; n < cnt; n++)
		if (asm_take(l, list[n]))
			return list[n];
	return NULL;
}

/* "u8" … "u64", "s8" …, GNU's "uint8_t" … too. Width in bits, 0 when there is none. */
static u32 take_size(struct asm_line *l, bool *ret_signed)
{
	static const struct {
		const char *text;
		u32 bits;
		bool is_signed;
	} sizes[] = {
		{ "u8", 8, false },	  { "u16", 16, false },	     { "u32", 32, false },
		{ "u64", 64, false },	  { "s8", 8, true },	     { "s16", 16, true },
		{ "s32", 32, true },	  { "s64", 64, true },	     { "uint8_t", 8, false },
		{ "uint16_t", 16, false }, { "uint32_t", 32, false }, { "uint64_t", 64, false },
		{ "int8_t", 8, true },	  { "int16_t", 16, true },   { "int32_t", 32, true },
	};
	u32 n;

	for (n = 0; n < ARRAY_SIZE(sizes); n++) {
		if (asm_take(l, sizes[n].text)) {
			*ret_signed = sizes[n].is_signed;
			return sizes[n].bits;
		}
	}
	return 0;
}

/* "(u64 *)", of what an access is. */
static bool expect_cast(struct asm_line *l, u32 *ret_bits, bool *ret_signed)
{
	if (!asm_expect(l, "("))
		return false;
	*ret_bits = take_size(l, ret_signed);
	if (!*ret_bits)
		return asm_fail(l, "a size: u8, u16, u32, u64, s8, s16 or s32");
	return asm_expect(l, "*") && asm_expect(l, ")");
}

/* "r1 +8", "r1 - 0x8", "r1" */
static bool expect_bare_address(struct asm_line *l, struct asm_address *ret)
{
	s64 off = 0;

	if (!asm_expect_reg(l, &ret->reg))
		return false;
	if (asm_is_number_next(l) && !asm_expect_in(l, INT16_MIN, INT16_MAX, &off))
		return false;
	ret->off = (s16)off;
	return true;
}

static bool expect_address(struct asm_line *l, struct asm_address *ret)
{
	return asm_expect(l, "(") && expect_bare_address(l, ret) && asm_expect(l, ")");
}

/* The value of a store or of an arithmetic operation: sets form, and src or imm. */
static bool expect_operand(struct asm_line *l, enum isa_form *ret_form, u32 *ret_src, s32 *ret_imm)
{
	struct asm_reg reg;

	*ret_src = 0;
	*ret_imm = 0;
	if (asm_take_reg(l, &reg)) {
		*ret_form = ISA_FORM_X;
		*ret_src = reg.num;
		return true;
	}
	*ret_form = ISA_FORM_K;
	if (!asm_is_number_next(l))
		return asm_fail(l, "a register or a number");
	return asm_expect_imm32(l, ret_imm);
}

static bool emit_checked(struct asm_line *l, enum isa_op op, const char *at)
{
	if (op == ISA_INVALID)
		return asm_fail_at(l, at, "there is no such instruction");
	(void)asm_emit(l, op);
	return true;
}

/* *(u32 *)(r1 +8) = … */
static bool parse_store(struct asm_line *l, const char *at)
{
	struct asm_address address;
	enum isa_form form;
	bool is_signed;
	u32 bits, src;
	s32 imm;

	if (!expect_cast(l, &bits, &is_signed) || !expect_address(l, &address) ||
	    !asm_expect(l, "=") || !expect_operand(l, &form, &src, &imm))
		return false;
	if (is_signed ||
	    !emit_checked(l, asm_find(form == ISA_FORM_X ? ISA_FAMILY_STX : ISA_FAMILY_ST, bits,
				      form, NULL), at))
		return asm_fail_at(l, at, "stores have the sizes u8, u16, u32 and u64");
	l->words[0].dst = address.reg & 0xf;
	l->words[0].off = address.off;
	l->words[0].src = src & 0xf;
	l->words[0].imm = imm;
	return true;
}

/* lock *(u64 *)(r1 +8) += r2 */
static bool parse_lock(struct asm_line *l, const char *at)
{
	struct asm_address address;
	const char *operator;
	bool is_signed;
	u32 bits, src, n;
	enum isa_op op;

	if (!expect_cast(l, &bits, &is_signed) || !expect_address(l, &address))
		return false;
	operator = take_one_of(l, atomic_operators, ARRAY_SIZE(atomic_operators));
	if (!operator)
		return asm_fail(l, "+=, |=, &= or ^=");
	if (!asm_expect_reg(l, &src))
		return false;
	op = asm_find(ISA_FAMILY_ATOMIC, bits, ISA_FORM_X, NULL);
	for (n = 0; strcmp(atomic_operators[n], operator) != 0; n++)
		;
	if (op == ISA_INVALID)
		return asm_fail_at(l, at, "atomic operations are 32 or 64 bits wide");
	(void)asm_emit(l, (enum isa_op)(op + n));
	l->words[0].dst = address.reg & 0xf;
	l->words[0].off = address.off;
	l->words[0].src = src & 0xf;
	return true;
}

/* if r1 == 0x5 goto pc+1 */
static bool parse_if(struct asm_line *l)
{
	const char *condition, *at;
	enum isa_form form;
	struct asm_reg dst;
	enum isa_op op;
	u32 src;
	s32 imm;
	s64 off;

	if (!asm_take_reg(l, &dst))
		return asm_fail(l, "a register");
	asm_skip_blanks(l);
	at = l->at;
	condition = take_one_of(l, conditions, ARRAY_SIZE(conditions));
	if (!condition)
		return asm_fail(l, "a comparison: == != > >= < <= s> s>= s< s<= &");
	if (!expect_operand(l, &form, &src, &imm) || !asm_expect(l, "goto") ||
	    !asm_expect_target(l, &off))
		return false;
	op = asm_find(ISA_FAMILY_JMP, dst.half ? 32 : 64, form, condition);
	if (!emit_checked(l, op, at))
		return false;
	l->words[0].dst = dst.num & 0xf;
	l->words[0].src = src & 0xf;
	l->words[0].imm = imm;
	return asm_set_target(l, op, off);
}

static bool parse_goto(struct asm_line *l, enum isa_op op)
{
	s64 off;

	(void)asm_emit(l, op);
	return asm_expect_target(l, &off) && asm_set_target(l, op, off);
}

/* r0 = *(u32 *)(r1 +8), and of skb[…] */
static bool parse_load(struct asm_line *l, u32 dst, const char *at)
{
	struct asm_address address;
	bool is_signed;
	enum isa_op op;
	u32 bits, src;
	s64 imm = 0;

	if (!expect_cast(l, &bits, &is_signed))
		return false;
	if (!asm_take(l, "skb")) {
		if (!expect_address(l, &address))
			return false;
		op = asm_find(is_signed ? ISA_FAMILY_LDSX : ISA_FAMILY_LDX, bits, ISA_FORM_X, NULL);
		if (!emit_checked(l, op, at))
			return false;
		l->words[0].dst = dst & 0xf;
		l->words[0].src = address.reg & 0xf;
		l->words[0].off = address.off;
		return true;
	}
	if (dst || is_signed)
		return asm_fail_at(l, at, "packet loads go to r0, unsigned");
	if (!asm_expect(l, "["))
		return false;
	if (asm_is_number_next(l)) {
		op = asm_find(ISA_FAMILY_LDABS, bits, ISA_FORM_K, NULL);
		if (!emit_checked(l, op, at) || !asm_expect_imm32(l, &l->words[0].imm))
			return false;
	} else {
		op = asm_find(ISA_FAMILY_LDIND, bits, ISA_FORM_X, NULL);
		if (!emit_checked(l, op, at) || !asm_expect_reg(l, &src))
			return false;
		l->words[0].src = src & 0xf;
		if (asm_is_number_next(l) && !asm_expect_in(l, INT32_MIN, INT32_MAX, &imm))
			return false;
		l->words[0].imm = (s32)imm;
	}
	return asm_expect(l, "]");
}

/* Names of the forms that look like calls. */
struct call_form {
	const char *name; /* without "(" */
	u32 bits;	  /* 0: the cast inside says */
	bool cast;	  /* "(u64 *)(r1 +8)", else "r1 + 0x8" */
	const char *text; /* column of isa/ops.def */
};

static const struct call_form call_forms[] = {
	{ "atomic64_fetch_add", 64, true, "fetch_add" },
	{ "atomic64_fetch_or", 64, true, "fetch_or" },
	{ "atomic64_fetch_and", 64, true, "fetch_and" },
	{ "atomic64_fetch_xor", 64, true, "fetch_xor" },
	{ "atomic64_xchg", 64, true, "xchg" },
	{ "atomic64_cmpxchg", 64, true, "cmpxchg" },
	{ "atomic_fetch_add", 0, true, "fetch_add" },
	{ "atomic_fetch_or", 0, true, "fetch_or" },
	{ "atomic_fetch_and", 0, true, "fetch_and" },
	{ "atomic_fetch_xor", 0, true, "fetch_xor" },
	{ "atomic_xchg", 0, true, "xchg" },
	{ "atomic_cmpxchg", 0, true, "cmpxchg" },
	{ "xchg_64", 64, false, "xchg" },
	{ "xchg32_32", 32, false, "xchg" },
	{ "cmpxchg_64", 64, false, "cmpxchg" },
	{ "cmpxchg32_32", 32, false, "cmpxchg" },
};

/* r2 = atomic64_fetch_add((u64 *)(r1 +8), r2): the result goes where the operand came from */
static bool parse_atomic(struct asm_line *l, u32 result, const struct call_form *form)
{
	const char *at = l->at;
	struct asm_address address;
	u32 bits = form->bits, src, r0 = 0;
	bool is_signed, compares = !strcmp(form->text, "cmpxchg");
	enum isa_op op;

	if (!asm_expect(l, "("))
		return false;
	if (form->cast ? !expect_cast(l, &bits, &is_signed) || !expect_address(l, &address) :
			 !expect_bare_address(l, &address))
		return false;
	if (!asm_expect(l, ",") || (compares && (!asm_expect_reg(l, &r0) || !asm_expect(l, ","))))
		return false;
	if (!asm_expect_reg(l, &src) || !asm_expect(l, ")"))
		return false;
	if (result != (compares ? 0 : src) || r0)
		return asm_fail_at(l, at, compares ? "cmpxchg compares with r0 and leaves r0" :
						     "the result goes to the operand's register");
	op = asm_find(compares ? ISA_FAMILY_CMPXCHG : ISA_FAMILY_ATOMIC, bits, ISA_FORM_X,
		      form->text);
	if (!emit_checked(l, op, at))
		return false;
	l->words[0].dst = address.reg & 0xf;
	l->words[0].off = address.off;
	l->words[0].src = src & 0xf;
	return true;
}

/* load_acquire((u32 *)(r2 +8)), store_release((u32 *)(r1 +8), r2) */
static bool parse_ordered(struct asm_line *l, enum isa_family family, u32 dst)
{
	const char *at = l->at;
	struct asm_address address;
	bool is_signed;
	u32 bits, src = 0;

	if (!asm_expect(l, "(") || !expect_cast(l, &bits, &is_signed) ||
	    !expect_address(l, &address))
		return false;
	if (family == ISA_FAMILY_STORE_REL && (!asm_expect(l, ",") || !asm_expect_reg(l, &src)))
		return false;
	if (!asm_expect(l, ")") || !emit_checked(l, asm_find(family, bits, ISA_FORM_X, NULL), at))
		return false;
	l->words[0].off = address.off;
	l->words[0].dst = (family == ISA_FAMILY_LOAD_ACQ ? dst : address.reg) & 0xf;
	l->words[0].src = (family == ISA_FAMILY_LOAD_ACQ ? address.reg : src) & 0xf;
	return true;
}

/* addr_space_cast(r2, 0, 1) */
static bool parse_cast(struct asm_line *l, u32 dst)
{
	s64 to, from;
	u32 src;

	if (!asm_expect(l, "(") || !asm_expect_reg(l, &src) || !asm_expect(l, ",") ||
	    !asm_expect_in(l, 0, 0xffff, &to) || !asm_expect(l, ",") ||
	    !asm_expect_in(l, 0, 0xffff, &from) || !asm_expect(l, ")"))
		return false;
	(void)asm_emit(l, ISA_ADDR_CAST);
	l->words[0].dst = dst & 0xf;
	l->words[0].src = src & 0xf;
	l->words[0].imm = (s32)(u32)(to << 16 | from);
	return true;
}

/* r1 = 5 is a move; r1 = 5 ll, and the kernel's "(18) r1 = 0x5", are an lddw */
static bool parse_constant(struct asm_line *l, struct asm_reg dst)
{
	const char *at = l->at;
	const bool lddw = l->hint == isa_info(ISA_LDDW_IMM)->code;
	bool negative;
	u64 value;

	if (!asm_expect_number(l, &negative, &value))
		return false;
	if (lddw || asm_take(l, "ll"))
		return asm_emit_lddw(l, dst.num, negative ? 0 - value : value);
	l->at = at;
	(void)asm_emit(l, dst.half ? ISA_MOV32_K : ISA_MOV64_K);
	l->words[0].dst = dst.num & 0xf;
	return asm_expect_imm32(l, &l->words[0].imm);
}

/* One register operand whose name repeats dst: negation and byte swaps. */
static bool parse_unary(struct asm_line *l, struct asm_reg dst, enum isa_op op)
{
	struct asm_reg src;

	asm_skip_blanks(l);
	if (!asm_take_reg(l, &src))
		return asm_fail(l, "a register");
	if (src.num != dst.num)
		return asm_fail_at(l, l->at, "both registers must be the same");
	asm_emit(l, op)->dst = dst.num & 0xf;
	return true;
}

static bool parse_move(struct asm_line *l, struct asm_reg dst, enum isa_op op)
{
	struct asm_reg src;

	if (!asm_take_reg(l, &src))
		return asm_fail(l, "a register");
	(void)asm_emit(l, op);
	l->words[0].dst = dst.num & 0xf;
	l->words[0].src = src.num & 0xf;
	return true;
}

/* What may stand right of "rN =" and has no other start in common. */
static bool parse_value(struct asm_line *l, struct asm_reg dst)
{
	const u32 bits = dst.half ? 32 : 64;
	const char *at = l->at;
	enum isa_op op;
	u32 n;

	if (asm_take(l, "*"))
		return parse_load(l, dst.num, at);
	if (asm_is_number_next(l))
		return parse_constant(l, dst);
	if (asm_take(l, "-"))
		return parse_unary(l, dst, dst.half ? ISA_NEG32 : ISA_NEG64);
	for (n = ISA_MOVSX8_64; n <= ISA_MOVSX16_32; n++)
		if (isa_info((enum isa_op)n)->family == ISA_FAMILY_MOV &&
		    isa_info((enum isa_op)n)->width_bits == bits &&
		    isa_info((enum isa_op)n)->selv && asm_take(l, isa_info((enum isa_op)n)->text))
			return parse_move(l, dst, (enum isa_op)n);
	for (n = ISA_LE16; n <= ISA_BSWAP64; n++)
		if (asm_take(l, isa_info((enum isa_op)n)->text))
			return parse_unary(l, dst, (enum isa_op)n);
	for (n = 0; n < ARRAY_SIZE(call_forms); n++)
		if (asm_take(l, call_forms[n].name))
			return parse_atomic(l, dst.num, &call_forms[n]);
	if (asm_take(l, "load_acquire"))
		return parse_ordered(l, ISA_FAMILY_LOAD_ACQ, dst.num);
	if (asm_take(l, "addr_space_cast"))
		return parse_cast(l, dst.num);
	op = dst.half ? ISA_MOV32_X : ISA_MOV64_X;
	return parse_move(l, dst, op) || asm_fail(l, "a register, a number or a load");
}

static bool parse_assignment(struct asm_line *l, struct asm_reg dst)
{
	const char *operator, *at;
	enum isa_form form;
	u32 src;
	s32 imm;

	asm_skip_blanks(l);
	at = l->at;
	operator = take_one_of(l, assign_operators, ARRAY_SIZE(assign_operators));
	if (!operator) {
		if (!asm_expect(l, "="))
			return false;
		asm_skip_blanks(l);
		return parse_value(l, dst);
	}
	if (!expect_operand(l, &form, &src, &imm) ||
	    !emit_checked(l, asm_find(ISA_FAMILY_ALU, dst.half ? 32 : 64, form, operator), at))
		return false;
	l->words[0].dst = dst.num & 0xf;
	l->words[0].src = src & 0xf;
	l->words[0].imm = imm;
	return true;
}

/* ld_pseudo r1, 0x1, 0x7: llvm-objdump's lddw with a kind */
static bool parse_ld_pseudo(struct asm_line *l)
{
	s64 kind;
	s32 imm;
	u32 dst;

	if (!asm_expect_reg(l, &dst) || !asm_expect(l, ",") || !asm_expect_in(l, 0, 15, &kind) ||
	    !asm_expect(l, ",") || !asm_expect_imm32(l, &imm))
		return false;
	if (!asm_emit_lddw(l, dst, (u32)imm))
		return false;
	l->words[0].src = (u32)kind & 0xf;
	return true;
}

bool asm_pseudoc(struct asm_line *l)
{
	struct asm_reg reg;
	const char *at;
	u32 num;

	asm_skip_blanks(l);
	at = l->at;
	if (asm_take(l, "*"))
		return parse_store(l, at);
	if (asm_take(l, "if"))
		return parse_if(l);
	if (asm_take(l, "goto"))
		return parse_goto(l, ISA_JA);
	if (asm_take(l, "gotol"))
		return parse_goto(l, ISA_JA32);
	if (asm_take(l, "may_goto"))
		return parse_goto(l, ISA_MAY_GOTO);
	if (asm_take(l, "gotox")) {
		if (!asm_expect_reg(l, &num))
			return false;
		asm_emit(l, ISA_GOTOX)->dst = num & 0xf;
		return true;
	}
	if (asm_take(l, "store_release"))
		return parse_ordered(l, ISA_FAMILY_STORE_REL, 0);
	if (asm_take(l, "ld_pseudo"))
		return parse_ld_pseudo(l);
	if (asm_take(l, "lock")) {
		if (asm_take(l, "*"))
			return parse_lock(l, at);
		l->at = at; /* uBPF's: lock add [r1], r2 */
		return false;
	}
	if (asm_take_reg(l, &reg))
		return parse_assignment(l, reg);
	return false;
}
