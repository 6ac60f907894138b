/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of assembly text: blanks, names, registers, numbers, targets; and the errors. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "isa/asm_int.h"

bool asm_fail_at(struct asm_line *l, const char *at, const char *fmt, ...)
{
	va_list ap;

	if (l->failed)
		return false;
	l->failed = true;
	l->error->line = l->number;
	l->error->col = (u32)(at - l->start) + 1;
	va_start(ap, fmt);
	(void)vsnprintf(l->error->text, sizeof(l->error->text), fmt, ap);
	va_end(ap);
	return false;
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '$';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

void asm_skip_blanks(struct asm_line *l)
{
	while (l->at < l->end && (*l->at == ' ' || *l->at == '\t' || *l->at == '\r'))
		l->at++;
}

bool asm_at_end(struct asm_line *l)
{
	asm_skip_blanks(l);
	return l->at == l->end;
}

bool asm_fail(struct asm_line *l, const char *expected)
{
	const char *p;
	int len = 0;

	if (asm_at_end(l))
		return asm_fail_at(l, l->at, "expected %s, but the line ends", expected);
	for (p = l->at; p < l->end && len < 24 && *p != ' ' && *p != '\t'; p++)
		len++;
	return asm_fail_at(l, l->at, "expected %s, not '%.*s'", expected, len, l->at);
}

bool asm_take(struct asm_line *l, const char *text)
{
	const size_t len = strlen(text);

	asm_skip_blanks(l);
	if ((size_t)(l->end - l->at) < len || memcmp(l->at, text, len) != 0)
		return false;
	if (is_name_char(text[len - 1]) && l->at + len < l->end && is_name_char(l->at[len]))
		return false;
	l->at += len;
	return true;
}

bool asm_expect(struct asm_line *l, const char *text)
{
	char quoted[32];

	if (asm_take(l, text))
		return true;
	(void)snprintf(quoted, sizeof(quoted), "'%s'", text);
	return asm_fail(l, quoted);
}

struct asm_name asm_take_name(struct asm_line *l)
{
	struct asm_name name = { .line = l->number };

	asm_skip_blanks(l);
	name.text = l->at;
	name.col = (u32)(l->at - l->start) + 1;
	if (l->at == l->end || is_digit(*l->at))
		return name;
	while (l->at < l->end && is_name_char(*l->at))
		l->at++;
	name.len = (size_t)(l->at - name.text);
	return name;
}

/* r0..r15, w0..w15, fp; a '%' may stand before. Beyond r10 is the checker's business. */
bool asm_take_reg(struct asm_line *l, struct asm_reg *ret)
{
	const char *p;
	u32 num = 0, digits = 0;

	if (asm_take(l, "%fp") || asm_take(l, "fp")) {
		*ret = (struct asm_reg){ .num = INSN_REG_FP };
		return true;
	}
	asm_skip_blanks(l);
	p = l->at;
	if (p < l->end && *p == '%')
		p++;
	if (p == l->end || (*p != 'r' && *p != 'w'))
		return false;
	ret->half = *p++ == 'w';
	for (; p < l->end && is_digit(*p) && digits < 3; p++, digits++)
		num = num * 10 + (u32)(*p - '0');
	if (!digits || num > 15 || (p < l->end && is_name_char(*p)))
		return false;
	ret->num = num;
	l->at = p;
	return true;
}

bool asm_expect_reg(struct asm_line *l, u32 *ret_num)
{
	struct asm_reg reg;

	if (!asm_take_reg(l, &reg))
		return asm_fail(l, "a register");
	*ret_num = reg.num;
	return true;
}

bool asm_is_number_next(struct asm_line *l)
{
	const char *p;

	asm_skip_blanks(l);
	p = l->at;
	if (p < l->end && *p == '+')
		p++;
	while (p < l->end && (*p == ' ' || *p == '\t'))
		p++;
	if (p < l->end && *p == '-')
		p++;
	while (p < l->end && (*p == ' ' || *p == '\t'))
		p++;
	return p < l->end && is_digit(*p);
}

static u32 digit_value(char c)
{
	if (is_digit(c))
		return (u32)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (u32)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (u32)(c - 'A') + 10;
	return 99;
}

bool asm_expect_number(struct asm_line *l, bool *ret_negative, u64 *ret_magnitude)
{
	const char *start;
	u64 value = 0;
	u32 base = 10;

	*ret_negative = false;
	asm_skip_blanks(l);
	start = l->at;
	/* "+-8": GNU writes a negative offset so. */
	if (l->at < l->end && *l->at == '+')
		l->at++;
	asm_skip_blanks(l);
	if (l->at < l->end && *l->at == '-') {
		*ret_negative = true;
		l->at++;
	}
	asm_skip_blanks(l);
	if (l->at == l->end || !is_digit(*l->at)) {
		l->at = start;
		return asm_fail(l, "a number");
	}
	if (l->end - l->at > 2 && l->at[0] == '0' && (l->at[1] == 'x' || l->at[1] == 'X')) {
		base = 16;
		l->at += 2;
	}
	if (digit_value(*l->at) >= base)
		return asm_fail(l, "a digit");
	for (; l->at < l->end && digit_value(*l->at) < base; l->at++)
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit_value(*l->at), &value))
			return asm_fail_at(l, start, "the number does not fit in 64 bits");
	if (l->at < l->end && is_name_char(*l->at))
		return asm_fail(l, "the end of the number");
	*ret_magnitude = value;
	return true;
}

bool asm_expect_in(struct asm_line *l, s64 min, s64 max, s64 *ret_value)
{
	const char *start;
	bool negative;
	u64 magnitude;

	asm_skip_blanks(l);
	start = l->at;
	if (!asm_expect_number(l, &negative, &magnitude))
		return false;
	if (magnitude > INT64_MAX || (negative ? -(s64)magnitude : (s64)magnitude) < min ||
	    (negative ? -(s64)magnitude : (s64)magnitude) > max)
		return asm_fail_at(l, start, "the number must be in %lld..%lld", (long long)min,
				   (long long)max);
	*ret_value = negative ? -(s64)magnitude : (s64)magnitude;
	return true;
}

bool asm_expect_imm32(struct asm_line *l, s32 *ret_value)
{
	const char *start;
	bool negative;
	u64 magnitude;

	asm_skip_blanks(l);
	start = l->at;
	if (!asm_expect_number(l, &negative, &magnitude))
		return false;
	/* 64-bit spellings of what 32 bits sign-extend to are meant so: 0xffffffffffffff80. */
	if (!negative && magnitude >= 0xffffffff80000000) {
		*ret_value = (s32)(u32)magnitude;
		return true;
	}
	if (magnitude > (negative ? 0x80000000ULL : 0xffffffffULL))
		return asm_fail_at(l, start, "the number must fit in 32 bits");
	*ret_value = (s32)(u32)(negative ? 0 - magnitude : magnitude);
	return true;
}

bool asm_expect_low32(struct asm_line *l, s32 *ret_value)
{
	bool negative;
	u64 magnitude;

	if (!asm_expect_number(l, &negative, &magnitude))
		return false;
	*ret_value = (s32)(u32)(negative ? 0 - magnitude : magnitude);
	return true;
}

bool asm_expect_target(struct asm_line *l, s64 *ret_off)
{
	bool ok = true;

	*ret_off = 0;
	asm_take(l, "pc");
	if (asm_is_number_next(l))
		ok = asm_expect_in(l, INT32_MIN, INT32_MAX, ret_off);
	else
		l->target = asm_take_name(l);
	if (ok && !l->target.len && l->target.text)
		return asm_fail(l, "a jump target: an offset or a label");
	if (ok && asm_take(l, "<")) {
		while (l->at < l->end && *l->at != '>')
			l->at++;
		return asm_expect(l, ">");
	}
	return ok;
}
