/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads classic programs as tcpdump prints them: -d (assembly), -dd (C initialisers) and -ddd
 * (numbers). The first character tells: '(' or a letter, '{', a digit. Empty lines, and text
 * behind '#' or "//" at the start of a line, are skipped in all forms.
 *
 * Every number is read with its range; a line that is not wholly understood is an error that
 * names the line. Jump targets in assembly are absolute; they become relative here, and those
 * which do not fit a program are refused here, the rest by the checker.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "isa/cbpf/cbpf.h"

struct parser {
	const char *at, *end; /* the rest of the current line */
	u32 line;
	struct cbpf_insn *insns;
	u32 len, cap;
	struct cbpf_parse_error *error;
};

static int fail(struct parser *p, const char *what)
{
	if (p->error) {
		p->error->line = p->line;
		snprintf(p->error->text, sizeof(p->error->text), "%s", what);
	}
	return -EINVAL;
}

static void skip_space(struct parser *p)
{
	while (p->at < p->end && isspace((unsigned char)*p->at))
		p->at++;
}

/* Takes @text when the line continues with it, white space before it allowed. */
static bool take(struct parser *p, const char *text)
{
	size_t n = strlen(text);

	skip_space(p);
	if ((size_t)(p->end - p->at) < n || memcmp(p->at, text, n))
		return false;
	p->at += n;
	return true;
}

/* -2^31 .. 2^32 - 1, decimal or 0x; the low 32 bits come back. */
static bool take_number(struct parser *p, u32 *ret)
{
	bool negative = take(p, "-"), hex = take(p, "0x") || take(p, "0X");
	u64 value = 0;
	u32 digits = 0;

	for (; p->at < p->end && digits < 12; p->at++, digits++) {
		int c = tolower((unsigned char)*p->at);

		if (isdigit(c))
			value = value * (hex ? 16 : 10) + (u32)(c - '0');
		else if (hex && c >= 'a' && c <= 'f')
			value = value * 16 + (u32)(c - 'a' + 10);
		else
			break;
	}
	if (!digits || value > (negative ? 0x80000000ULL : 0xffffffffULL))
		return false;
	*ret = negative ? 0u - (u32)value : (u32)value;
	return true;
}

static bool take_u8(struct parser *p, u8 *ret)
{
	u32 value;

	if (!take_number(p, &value) || value > 255)
		return false;
	*ret = (u8)value;
	return true;
}

static bool at_end(struct parser *p)
{
	skip_space(p);
	return p->at == p->end;
}

static int insn_push(struct parser *p, struct cbpf_insn insn)
{
	if (p->len == CBPF_PCAP_INSNS_MAX)
		return fail(p, "the program is too long");
	if (p->len == p->cap) {
		u32 cap = p->cap ? p->cap * 2 : 64;
		struct cbpf_insn *more = mem_realloc(p->insns, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		p->insns = more;
		p->cap = cap;
	}
	p->insns[p->len++] = insn;
	return 0;
}

/* { 0x28, 0, 0, 0x0000000c }, */
static int parse_c_line(struct parser *p)
{
	struct cbpf_insn insn;
	u32 code;

	if (!take(p, "{") || !take_number(p, &code) || code > 0xffff || !take(p, ",") ||
	    !take_u8(p, &insn.jt) || !take(p, ",") || !take_u8(p, &insn.jf) || !take(p, ",") ||
	    !take_number(p, &insn.k) || !take(p, "}"))
		return fail(p, "expected { code, jt, jf, k },");
	take(p, ",");
	if (!at_end(p))
		return fail(p, "text behind the initialiser");
	insn.code = (u16)code;
	return insn_push(p, insn);
}

/* 40 0 0 12 */
static int parse_num_line(struct parser *p)
{
	struct cbpf_insn insn;
	u32 code;

	if (!take_number(p, &code) || code > 0xffff || !take_u8(p, &insn.jt) ||
	    !take_u8(p, &insn.jf) || !take_number(p, &insn.k) || !at_end(p))
		return fail(p, "expected four numbers: code jt jf k");
	insn.code = (u16)code;
	return insn_push(p, insn);
}

static bool take_anc(struct parser *p, u32 *ret_k)
{
	static const struct {
		const char *text;
		u32 off;
	} names[] = {
#define CBPF_ANC(id, off, text, how, field, member) { text "]", off },
#include "isa/cbpf/ancillary.def"
#undef CBPF_ANC
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (take(p, names[i].text)) {
			*ret_k = CBPF_OFF_AD + names[i].off;
			return true;
		}
	}
	return false;
}

/* True when the rest of the line starts with an operand of this form; fills insn->k. */
static bool take_operand(struct parser *p, enum cbpf_operand form, struct cbpf_insn *insn)
{
	u32 target;

	switch (form) {
	case CBPF_OPERAND_NONE:
		return true;
	case CBPF_OPERAND_ABS:
		return take(p, "[") &&
		       (take_anc(p, &insn->k) || (take_number(p, &insn->k) && take(p, "]")));
	case CBPF_OPERAND_IND:
		return take(p, "[") && take(p, "x") && take(p, "+") && take_number(p, &insn->k) &&
		       take(p, "]");
	case CBPF_OPERAND_LEN:
		return take(p, "#pktlen") || take(p, "#len");
	case CBPF_OPERAND_HEX:
	case CBPF_OPERAND_DEC:
		return take(p, "#") && take_number(p, &insn->k);
	case CBPF_OPERAND_X:
		return take(p, "x");
	case CBPF_OPERAND_MEM:
		return take(p, "M[") && take_number(p, &insn->k) && take(p, "]");
	case CBPF_OPERAND_MSH:
		return take(p, "4*([") && take_number(p, &insn->k) && take(p, "]&0xf)");
	case CBPF_OPERAND_JA:
		if (!take_number(p, &target))
			return false;
		insn->k = target - p->len - 1;
		return true;
	}
	return false;
}

/* An absolute target, at most 255 instructions behind the next one. */
static bool take_target(struct parser *p, const char *word, u8 *ret)
{
	u32 target;

	if (!take(p, word) || !take_number(p, &target) || target < p->len + 1 ||
	    target - p->len - 1 > 255)
		return false;
	*ret = (u8)(target - p->len - 1);
	return true;
}

/* The instruction of one row, when the rest of the line is exactly that. */
static bool try_op(struct parser *p, enum cbpf_op op, struct cbpf_insn *insn)
{
	const struct cbpf_op_info *info = &cbpf_op_table[op];
	const char *start = p->at;
	bool good;

	*insn = (struct cbpf_insn){ .code = info->code };
	good = take_operand(p, (enum cbpf_operand)info->operand, insn);
	if (good && info->rule == CBPF_RULE_JCOND)
		good = take_target(p, "jt", &insn->jt) && take_target(p, "jf", &insn->jf);
	if (good && at_end(p))
		return true;
	p->at = start;
	return false;
}

/* (000) ldh      [12] */
static int parse_text_line(struct parser *p)
{
	struct cbpf_insn insn;
	const char *word;
	bool known = false;
	size_t word_len;
	u32 idx, op;

	if (take(p, "(")) {
		if (!take_number(p, &idx) || !take(p, ")"))
			return fail(p, "expected (index)");
		if (idx != p->len)
			return fail(p, "instructions are not numbered one after the other from 0");
	}
	skip_space(p);
	word = p->at;
	while (p->at < p->end && !isspace((unsigned char)*p->at))
		p->at++;
	word_len = (size_t)(p->at - word);
	for (op = 0; op < CBPF_OP_CNT; op++) {
		const char *mnemonic = cbpf_op_table[op].mnemonic;

		if (strlen(mnemonic) != word_len || memcmp(mnemonic, word, word_len))
			continue;
		known = true;
		if (try_op(p, (enum cbpf_op)op, &insn))
			return insn_push(p, insn);
	}
	return fail(p, known ? "cannot read the operand" : "unknown instruction");
}

static bool line_is_blank(const struct parser *p)
{
	return p->at == p->end || *p->at == '#' ||
	       (p->end - p->at >= 2 && p->at[0] == '/' && p->at[1] == '/');
}

/* One line in the form that the first line set; @count is the first number of -ddd. */
static int parse_line(struct parser *p, enum cbpf_form *form, u32 *count)
{
	if (!*form && *p->at == '{')
		*form = CBPF_FORM_C;
	else if (!*form && isdigit((unsigned char)*p->at))
		*form = CBPF_FORM_NUM;
	else if (!*form)
		*form = CBPF_FORM_TEXT;
	else if (*form == CBPF_FORM_NUM)
		return parse_num_line(p);
	switch (*form) {
	case CBPF_FORM_TEXT:
		return parse_text_line(p);
	case CBPF_FORM_C:
		return parse_c_line(p);
	case CBPF_FORM_NUM:
		if (!take_number(p, count) || !at_end(p))
			return fail(p, "expected the number of instructions alone on its line");
		return 0;
	}
	return 0;
}

int cbpf_parse(const char *text, size_t len_bytes, struct cbpf_insn **ret_insns, u32 *ret_len,
	       struct cbpf_parse_error *error)
{
	const char *end = text + len_bytes, *next;
	struct parser p = { .error = error };
	enum cbpf_form form = (enum cbpf_form)0;
	u32 count = 0;
	int err = 0;

	for (; !err && text < end; text = next) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		p.end = newline ? newline : end;
		next = newline ? newline + 1 : end;
		p.at = text;
		p.line++;
		skip_space(&p);
		if (!line_is_blank(&p))
			err = parse_line(&p, &form, &count);
	}
	if (!err && !p.len)
		err = fail(&p, "no instruction");
	if (!err && form == CBPF_FORM_NUM && p.len != count)
		err = fail(&p, "the first line announces another number of instructions");
	if (err) {
		mem_free(p.insns);
		return err;
	}
	*ret_insns = p.insns;
	*ret_len = p.len;
	return 0;
}
