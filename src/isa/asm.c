/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The assembler's frame: lines, comments, what stands before a statement (index, bytes, opcode,
 * label), marks behind it, and labels in the end.
 *
 * Comments are found before a line is read, so that the readers see statements only. The mark
 * ("; !src=1") is a comment too, and sets fields of the words that the statement gave.
 */
#include "isa/asm.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "isa/asm_int.h"
#include "isa/isa_int.h"

#define INSNS_MAX (1u << 24)

struct label {
	struct asm_name name;
	u32 idx;
};

struct reference {
	struct asm_name name;
	u32 idx; /* of the instruction that refers to it */
};

struct assembly {
	struct insn *insns;
	struct label *labels;
	struct reference *refs;
	u32 insn_cnt, insn_cap, label_cnt, label_cap, ref_cnt, ref_cap;
	u32 first_exit; /* UINT32_MAX: none yet */
	struct isa_asm_error *error;
};

static int grow(void **array, u32 cnt, u32 *cap, size_t item_bytes)
{
	const u32 wanted = *cap ? *cap * 2 : 64;
	void *bigger;

	if (cnt < *cap)
		return 0;
	if (cnt >= INSNS_MAX)
		return -E2BIG;
	bigger = mem_realloc(*array, wanted * item_bytes);
	if (!bigger)
		return -ENOMEM;
	*array = bigger;
	*cap = wanted;
	return 0;
}

enum isa_op asm_find(enum isa_family family, u32 width_bits, enum isa_form form, const char *text)
{
	u32 op;

	for (op = ISA_INVALID + 1; op < ISA_OP_CNT; op++) {
		const struct isa_info *info = isa_info((enum isa_op)op);

		if (info->family == family && info->width_bits == width_bits &&
		    info->form == form && (!text || !strcmp(info->text, text)))
			return (enum isa_op)op;
	}
	return ISA_INVALID;
}

struct insn *asm_emit(struct asm_line *l, enum isa_op op)
{
	l->words[0] = isa_template(op);
	l->word_cnt = 1;
	return &l->words[0];
}

bool asm_emit_lddw(struct asm_line *l, u32 dst, u64 value)
{
	asm_emit(l, ISA_LDDW_IMM)->dst = dst & 0xf;
	l->words[0].imm = (s32)(u32)value;
	l->words[1] = insn_make(0, 0, 0, 0, (s32)(u32)(value >> 32));
	l->word_cnt = 2;
	return true;
}

bool asm_set_target(struct asm_line *l, enum isa_op op, s64 off)
{
	const bool wide = isa_info(op)->off != ISA_OFF_JUMP;

	if (wide ? off != (s32)off : off != (s16)off)
		return asm_fail_at(l, l->at, "the target is %lld away: more than %d bits hold",
				   (long long)off, wide ? 32 : 16);
	if (wide)
		l->words[0].imm = (s32)off;
	else
		l->words[0].off = (s16)off;
	return true;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static u32 hex_pair(const char *p)
{
	const char text[3] = { p[0], p[1], 0 };

	return (u32)strtoul(text, NULL, 16);
}

/* "12:" and then "(07)" or eight bytes in hex: what a log, a dump and a listing put before. */
static void skip_index(struct asm_line *l)
{
	const char *p = l->at, *bytes;
	u32 pairs;

	while (p < l->end && *p >= '0' && *p <= '9')
		p++;
	if (p > l->at && p < l->end && *p == ':')
		l->at = p + 1;
	asm_skip_blanks(l);
	bytes = l->at;
	for (pairs = 0; l->end - bytes >= 3 && is_hex(bytes[0]) && is_hex(bytes[1]) &&
			(bytes[2] == ' ' || bytes[2] == '\t');
	     pairs++)
		bytes += 3;
	if (pairs == 8 || pairs == 16)
		l->at = bytes;
	asm_skip_blanks(l);
	if (l->end - l->at >= 4 && l->at[0] == '(' && is_hex(l->at[1]) && is_hex(l->at[2]) &&
	    l->at[3] == ')') {
		l->hint = (s32)hex_pair(l->at + 1);
		l->at += 4;
	}
}

/* Lines of a listing that hold no instruction, and directives without an effect here. */
static bool is_noise(struct asm_line *l)
{
	static const char *const directives[] = {
		".text", ".globl",   ".global", ".section", ".type",	".size",
		".file", ".p2align", ".align",	".ident",   ".addrsig", ".bpf",
	};
	const size_t len = (size_t)(l->end - l->at);
	u32 n;

	for (n = 0; n < ARRAY_SIZE(directives); n++)
		if (asm_take(l, directives[n]))
			return true;
	if (len > 23 && !memcmp(l->at, "Disassembly of section ", 23))
		return true;
	if (len > 13 && memmem(l->at, len, ":\tfile format ", 14))
		return true;
	/* 0000000000000000 <prog>: */
	for (n = 0; n < 16 && n < len && is_hex(l->at[n]); n++)
		;
	return n == 16 && len > 19 && l->at[16] == ' ' && l->at[17] == '<' && l->end[-1] == ':';
}

static int take_labels(struct assembly *a, struct asm_line *l)
{
	for (;;) {
		const char *at = l->at;
		const struct asm_name name = asm_take_name(l);
		int err;

		asm_skip_blanks(l);
		if (!name.len || l->at == l->end || *l->at != ':') {
			l->at = at;
			return 0;
		}
		l->at++;
		err = grow((void **)&a->labels, a->label_cnt, &a->label_cap, sizeof(*a->labels));
		if (err)
			return err;
		a->labels[a->label_cnt++] = (struct label){ name, a->insn_cnt };
		asm_skip_blanks(l);
	}
}

static const struct {
	const char *name;
	s64 min, max;
} mark_fields[] = {
	{ "dst", 0, 15 },   { "src", 0, 15 },  { "off", INT16_MIN, INT16_MAX },
	{ "imm", INT32_MIN, INT32_MAX },
	{ "code2", 0, 255 }, { "dst2", 0, 15 }, { "src2", 0, 15 },
	{ "off2", INT16_MIN, INT16_MAX },
};

#define FIRST_OF_WORD_2 4 /* in mark_fields */

static void set_field(struct insn *w, u32 field, s64 value)
{
	switch (field) {
	case 0:
		w[0].dst = (u32)value & 0xf;
		break;
	case 1:
		w[0].src = (u32)value & 0xf;
		break;
	case 2:
		w[0].off = (s16)value;
		break;
	case 3:
		w[0].imm = (s32)value;
		break;
	case 4:
		w[1].code = (u8)value;
		break;
	case 5:
		w[1].dst = (u32)value & 0xf;
		break;
	case 6:
		w[1].src = (u32)value & 0xf;
		break;
	default:
		w[1].off = (s16)value;
	}
}

/* "!dst=1 src=2 …" behind a statement: fields that its text does not show. */
static bool apply_mark(struct asm_line *l)
{
	s64 value;
	u32 n;

	while (!asm_at_end(l)) {
		for (n = 0; n < ARRAY_SIZE(mark_fields) && !asm_take(l, mark_fields[n].name); n++)
			;
		if (n == ARRAY_SIZE(mark_fields))
			return asm_fail(l, "a field of a mark: dst, src, off, imm, code2, …");
		if (n >= FIRST_OF_WORD_2 && l->word_cnt < 2)
			return asm_fail_at(l, l->at, "only an lddw has a second word");
		if (!asm_expect(l, "=") ||
		    !asm_expect_in(l, mark_fields[n].min, mark_fields[n].max, &value))
			return false;
		set_field(l->words, n, value);
	}
	return true;
}

static bool read_statement(struct asm_line *l)
{
	const char *at;

	asm_skip_blanks(l);
	at = l->at;
	/* What is no instruction: "(8f) BUG_8f", all fields in the mark. */
	if (l->hint >= 0 && l->end - l->at >= 6 && !memcmp(l->at, "BUG_", 4)) {
		l->at += 6;
		l->words[0] = insn_make((u8)l->hint, 0, 0, 0, 0);
		l->word_cnt = 1;
	} else if (!asm_pseudoc(l)) {
		if (l->failed || !asm_mnemonic(l))
			return false;
	}
	if (!asm_at_end(l))
		return asm_fail(l, "the end of the line");
	if (l->hint >= 0 && l->hint != l->words[0].code)
		return asm_fail_at(l, at, "the instruction's opcode is %02x, not %02x",
				   l->words[0].code, (u32)l->hint);
	return true;
}

static int add_words(struct assembly *a, const struct asm_line *l)
{
	u32 n;
	int err;

	for (n = 0; n < l->word_cnt; n++) {
		err = grow((void **)&a->insns, a->insn_cnt, &a->insn_cap, sizeof(*a->insns));
		if (err)
			return err;
		a->insns[a->insn_cnt++] = l->words[n];
	}
	if (l->target.len) {
		err = grow((void **)&a->refs, a->ref_cnt, &a->ref_cap, sizeof(*a->refs));
		if (err)
			return err;
		a->refs[a->ref_cnt++] = (struct reference){ l->target, a->insn_cnt - 1 };
	}
	if (a->first_exit == UINT32_MAX && isa_decode(&l->words[0]) == ISA_EXIT)
		a->first_exit = a->insn_cnt - 1;
	return 0;
}

/*
 * The end of the statement on a line: where a comment starts. A '#' right behind a name belongs
 * to "call bpf_map_lookup_elem#1". *@ret_mark is what follows "; !", or NULL.
 */
static const char *find_comment(const char *start, const char *end, const char **ret_mark)
{
	const char *p;

	*ret_mark = NULL;
	for (p = start; p < end; p++) {
		if (*p == ';') {
			const char *q = p + 1;

			while (q < end && *q == ' ')
				q++;
			if (q < end && *q == '!')
				*ret_mark = q + 1;
			return p;
		}
		if (*p == '/' && end - p > 1 && p[1] == '/')
			return p;
		if (*p == '#' && (p == start || p[-1] == ' ' || p[-1] == '\t' || p[-1] == ','))
			return p;
	}
	return end;
}

static int read_line(struct assembly *a, const char *start, const char *end, u32 number)
{
	struct asm_line l = { .start = start, .at = start, .number = number, .hint = -1 };
	const char *mark;
	int err;

	l.error = a->error;
	l.end = find_comment(start, end, &mark);
	asm_skip_blanks(&l);
	if (asm_at_end(&l) || is_noise(&l))
		return 0;
	skip_index(&l);
	err = take_labels(a, &l);
	if (err || asm_at_end(&l))
		return err;
	if (!read_statement(&l))
		return -EINVAL;
	if (mark) {
		l.at = mark;
		l.end = end;
		if (!apply_mark(&l))
			return -EINVAL;
	}
	return add_words(a, &l);
}

static int compare_names(const struct asm_name *a, const struct asm_name *b)
{
	const int order = memcmp(a->text, b->text, MIN(a->len, b->len));

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int compare_labels(const void *a, const void *b)
{
	const struct label *x = a, *y = b;
	const int order = compare_names(&x->name, &y->name);

	return order ? order : (x->name.line > y->name.line) - (x->name.line < y->name.line);
}

static bool fail_name(struct assembly *a, const struct asm_name *name, const char *what, u32 line)
{
	struct asm_line l = { .start = name->text, .number = name->line, .error = a->error };

	(void)asm_fail_at(&l, name->text, what, (int)MIN(name->len, 40u), name->text, line);
	a->error->col = name->col;
	return false;
}

static bool find_label(const struct assembly *a, const struct asm_name *name, u32 *ret_idx)
{
	u32 low = 0, high = a->label_cnt;

	while (low < high) {
		const u32 mid = low + (high - low) / 2;
		const int order = compare_names(&a->labels[mid].name, name);

		if (!order) {
			*ret_idx = a->labels[mid].idx;
			return true;
		}
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	/* bpf_conformance: "exit" is the first exit without anybody saying so. */
	*ret_idx = a->first_exit;
	return name->len == 4 && !memcmp(name->text, "exit", 4) && a->first_exit != UINT32_MAX;
}

static bool resolve(struct assembly *a)
{
	u32 n, idx;

	if (a->label_cnt)
		qsort(a->labels, a->label_cnt, sizeof(*a->labels), compare_labels);
	for (n = 1; n < a->label_cnt; n++)
		if (!compare_names(&a->labels[n - 1].name, &a->labels[n].name))
			return fail_name(a, &a->labels[n].name,
					 "label '%.*s' stands on line %u too",
					 a->labels[n - 1].name.line);
	for (n = 0; n < a->ref_cnt; n++) {
		const struct asm_name *name = &a->refs[n].name;
		struct insn *i = &a->insns[a->refs[n].idx];
		struct asm_line l = { .start = name->text, .at = name->text, .number = name->line,
				      .error = a->error };

		if (!find_label(a, name, &idx))
			return fail_name(a, name, "there is no label '%.*s'", 0);
		l.words[0] = *i;
		if (!asm_set_target(&l, isa_decode(i), (s64)idx - a->refs[n].idx - 1)) {
			a->error->col = name->col;
			return false;
		}
		*i = l.words[0];
	}
	return true;
}

/* Blanks out slash-star comments, which may span lines, keeping all positions. */
static void blank_comments(char *text)
{
	bool inside = false;
	char *p;

	for (p = text; *p; p++) {
		if (!inside && p[0] == '/' && p[1] == '*') {
			inside = true;
			p[0] = p[1] = ' ';
			p++;
		} else if (inside && p[0] == '*' && p[1] == '/') {
			inside = false;
			p[0] = p[1] = ' ';
			p++;
		} else if (inside && *p != '\n') {
			*p = ' ';
		}
	}
}

int isa_asm(const char *text, struct insn **ret_insns, u32 *ret_cnt,
	    struct isa_asm_error *ret_error)
{
	struct assembly a = { .first_exit = UINT32_MAX, .error = ret_error };
	char *copy = mem_strdup(text), *line, *end;
	u32 number = 1;
	int err = copy ? 0 : -ENOMEM;

	*ret_error = (struct isa_asm_error){ 0 };
	if (copy)
		blank_comments(copy);
	for (line = copy; !err && line && *line; line = *end ? end + 1 : end, number++) {
		end = strchrnul(line, '\n');
		err = read_line(&a, line, end, number);
	}
	if (!err && !resolve(&a))
		err = -EINVAL;
	mem_free(copy);
	mem_free(a.labels);
	mem_free(a.refs);
	if (err) {
		mem_free(a.insns);
		return err;
	}
	*ret_insns = a.insns;
	*ret_cnt = a.insn_cnt;
	return 0;
}
