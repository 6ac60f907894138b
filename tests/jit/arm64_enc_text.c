/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AArch64 operands as GNU objdump writes them, and the lines that it writes. Of the encoders
 * nothing is used here: this is the other opinion.
 *
 *	%d %n %m %a    registers, x or w by the width, 31 is xzr or wzr
 *	%Xd %Wd %Sd    x; w; by the width with 31 the stack pointer
 *	%Bn            a base address: x, or sp
 *	%i %x          i as decimal, as hexadecimal number; %j %y the same for j
 *	%v %h %s       i shifted by 12 if large; half j of movz; shift of kind i by j
 *	%e %f          m with extension i, j; the same where rd cannot be the stack pointer
 *	%o %k          offset in brackets, nothing for 0; index register m with i, j
 *	%c %z %q       condition; b, h by size i; a, l, al by order j
 *	%t %p          address at distance i from here, from this page
 */
#include "tests/jit/arm64_enc_form.h"

#include <stdlib.h>
#include <string.h>

struct out {
	char *p;
	size_t len, size;
};

static void put_char(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->p[o->len++] = c;
	o->p[o->len] = 0;
}

static void put_str(struct out *o, const char *s)
{
	while (*s)
		put_char(o, *s++);
}

static void put_u64(struct out *o, u64 v, u32 base)
{
	char digits[24];
	u32 cnt = 0;

	do
		digits[cnt++] = "0123456789abcdef"[v % base];
	while (v /= base);
	while (cnt)
		put_char(o, digits[--cnt]);
}

static void put_dec(struct out *o, u64 v)
{
	put_char(o, '#');
	if ((s64)v < 0)
		put_char(o, '-');
	put_u64(o, (s64)v < 0 ? -v : v, 10);
}

static void put_hex(struct out *o, u64 v)
{
	put_str(o, "0x");
	put_u64(o, v, 16);
}

static void put_reg(struct out *o, bool x, u32 reg, bool sp)
{
	if (reg == 31 && sp) {
		put_str(o, x ? "sp" : "wsp");
	} else {
		put_char(o, x ? 'x' : 'w');
		if (reg == 31)
			put_str(o, "zr");
		else
			put_u64(o, reg, 10);
	}
}

static u32 reg_of(char letter, const struct enc_args *args)
{
	switch (letter) {
	case 'd':
		return args->d;
	case 'n':
		return args->n;
	case 'm':
		return args->m;
	default:
		return args->a;
	}
}

/* ", lsl #3"; nothing for lsl by 0. */
static void put_shift(struct out *o, const char *name, u32 amount, bool always)
{
	if (!amount && !always)
		return;
	put_str(o, ", ");
	put_str(o, name);
	put_char(o, ' ');
	put_dec(o, amount);
}

/* Beside the stack pointer, the extension that changes nothing is written lsl, or not at all. */
static void put_extended(struct out *o, const struct enc_args *args, bool with_sp)
{
	static const char *const names[] = { "uxtb", "uxth", "uxtw", "uxtx",
					     "sxtb", "sxth", "sxtw", "sxtx" };

	put_reg(o, args->w && args->i % 4 == 3, args->m, false);
	if (with_sp && args->i == (args->w ? 3 : 2)) {
		put_shift(o, "lsl", args->j, false);
		return;
	}
	put_str(o, ", ");
	put_str(o, names[args->i]);
	if (args->j) {
		put_char(o, ' ');
		put_dec(o, args->j);
	}
}

static void put_index(struct out *o, const struct enc_args *args)
{
	static const char *const names[] = { [2] = ", uxtw", ", lsl", [6] = ", sxtw", ", sxtx" };
	const bool scaled = args->j != 16;

	put_reg(o, args->i & 1, args->m, false);
	if (args->i == 3 && !scaled)
		return;
	put_str(o, names[args->i]);
	if (scaled) {
		put_char(o, ' ');
		put_dec(o, args->j);
	}
}

static void put_number(struct out *o, char what, const struct enc_args *args)
{
	static const char *const conds[] = { "eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc",
					     "hi", "ls", "ge", "lt", "gt", "le", "al", "nv" };
	static const char *const shifts[] = { "lsl", "lsr", "asr", "ror" };
	static const char *const orders[] = { "", "a", "l", "al" };

	switch (what) {
	case 'i':
		put_dec(o, args->i);
		break;
	case 'j':
		put_dec(o, args->j);
		break;
	case 'x':
	case 'y':
		put_char(o, '#');
		put_hex(o, what == 'x' ? args->i : args->j);
		break;
	case 'v':
		put_char(o, '#');
		put_hex(o, args->i > 4095 ? args->i / 4096 : args->i);
		put_shift(o, "lsl", args->i > 4095 ? 12 : 0, false);
		break;
	case 'h':
		put_shift(o, "lsl", args->j * 16, false);
		break;
	case 's':
		put_shift(o, shifts[args->i], args->j, args->i > 0);
		break;
	case 'o':
		if (args->i) {
			put_str(o, ", ");
			put_dec(o, args->i);
		}
		break;
	case 'c':
		put_str(o, conds[args->c]);
		break;
	case 'z':
		put_str(o, args->i == 0 ? "b" : args->i == 1 ? "h" : "");
		break;
	case 'q':
		put_str(o, orders[args->j]);
		break;
	case 't':
		put_hex(o, args->pc + args->i);
		break;
	case 'p':
		put_hex(o, args->pc / 4096 * 4096 + args->i);
		break;
	default:
		put_str(o, "(unknown directive)");
	}
}

size_t enc_text(const char *text, const struct enc_args *args, char *out, size_t size)
{
	struct out o = { .p = out, .size = size };

	for (; *text; text++) {
		if (*text != '%') {
			put_char(&o, *text);
			continue;
		}
		text++;
		if (strchr("dnma", *text))
			put_reg(&o, args->w, reg_of(*text, args), false);
		else if (strchr("XWS", *text)) {
			const bool x = *text == 'X' || (*text == 'S' && args->w), sp = *text == 'S';

			put_reg(&o, x, reg_of(*++text, args), sp);
		} else if (*text == 'B')
			put_reg(&o, true, reg_of(*++text, args), true);
		else if (*text == 'e' || *text == 'f')
			put_extended(&o, args, args->n == 31 || (*text == 'e' && args->d == 31));
		else if (*text == 'k')
			put_index(&o, args);
		else
			put_number(&o, *text, args);
	}
	return o.len;
}

bool enc_objdump_there(void)
{
	FILE *p = popen("aarch64-linux-gnu-objdump --version 2>&1", "r");

	while (p && fgetc(p) != EOF)
		;
	return p && pclose(p) == 0;
}

bool enc_objdump_open(struct enc_objdump *o, const char *path, bool aliases)
{
	char cmd[512];

	snprintf(cmd, sizeof(cmd),
		 "aarch64-linux-gnu-objdump -D -z -b binary -m aarch64 %s --adjust-vma=%#llx %s",
		 aliases ? "" : "-M no-aliases", ENC_BASE, path);
	o->pipe = popen(cmd, "r");
	return o->pipe;
}

char *enc_objdump_next(struct enc_objdump *o)
{
	char *text, *end;

	while (fgets(o->line, sizeof(o->line), o->pipe)) {
		text = strchr(o->line, '\t');
		text = text ? strchr(text + 1, '\t') : NULL;
		if (!text)
			continue; /* a headline */
		text++;
		end = strstr(text, "//");
		end = end ? end : text + strlen(text);
		while (end > text && strchr(" \t\n", end[-1]))
			end--;
		*end = 0;
		return text;
	}
	return NULL;
}

bool enc_objdump_close(struct enc_objdump *o)
{
	return pclose(o->pipe) == 0;
}
