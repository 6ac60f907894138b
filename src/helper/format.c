/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_bprintf_prepare and bstr_printf of the kernel in one pass: each conversion is checked, its
 * argument fetched and printed. Quirks are kept because programs can see them: arguments share 512
 * bytes in which strings are cut; letters and digits (Latin-1) after a %p… are swallowed; texts of
 * %pB, %pI4, %pks… are not counted once the buffer is full.
 *
 * Nothing is written when the format is bad: the checking pass comes first.
 */
#include "helper/format.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "helper/mem.h"

#define FMT_NEAR_BYTES	256u /* longer formats are copied to the heap */
#define ARG_SPACE_BYTES 512u /* MAX_BPRINTF_BIN_ARGS */
#define WIDTH_MAX	((1u << 23) - 1) /* FIELD_WIDTH_MAX */
#define NUMBER_CHARS	24u
#define ADDR_CHARS	(2 * (u32)sizeof(void *))

enum conv {
	CONV_SIGNED,
	CONV_UNSIGNED,
	CONV_HEX,
	CONV_HEX_UPPER,
	CONV_CHAR,
	CONV_STRING,
	CONV_ADDR,
	CONV_SYMBOL, /* no symbols here: the address as 0x… */
	CONV_IP4,
	CONV_IP6,
};

struct spec {
	enum conv conv;
	bool zero, plus, minus, space;
	bool preformatted; /* by the kernel's first pass, so without width */
	bool dotted; /* %pI4, %pI6: with separators as usual; %pi4, %pi6: without or padded */
	u32 width;
	u32 arg_bytes; /* 4 or 8 for numbers */
	u32 len;       /* characters of the conversion, '%' included */
};

struct out {
	char *data;
	u64 len, cap;
	bool measures; /* counts only */
};

static bool is_digit(u8 c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(u8 c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Letters above ASCII are the kernel's ctype table's, which is Latin-1. */
static bool is_swallowed(u8 c)
{
	return is_alnum(c) || (c >= 0xc0 && c != 0xd7 && c != 0xf7);
}

static bool is_space(u8 c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0;
}

static bool is_punct(u8 c)
{
	if (c < 0x80)
		return c > ' ' && c < 0x7f && !is_alnum(c);
	return (c > 0xa0 && c < 0xc0) || c == 0xd7 || c == 0xf7;
}

static bool ends_word(char c)
{
	return !c || is_space((u8)c) || is_punct((u8)c);
}

static int parse_pointer(const char *f, struct spec *s, u32 *at)
{
	const char *next = f + 1;

	s->arg_bytes = sizeof(u64);
	if (ends_word(*next)) {
		s->conv = CONV_ADDR;
		return 0;
	}
	if ((*next == 'k' || *next == 'u') && next[1] == 's') {
		s->conv = CONV_STRING;
		s->preformatted = true;
		*at += 2;
		return ends_word(next[2]) ? 0 : -EINVAL;
	}
	if (*next == 'i' || *next == 'I') {
		if (next[1] != '4' && next[1] != '6')
			return -EINVAL;
		s->conv = next[1] == '4' ? CONV_IP4 : CONV_IP6;
		s->dotted = *next == 'I';
		s->preformatted = true;
		*at += 2;
		return 0;
	}
	*at += 1;
	switch (*next) {
	case 'K':
	case 'x':
		s->conv = CONV_ADDR;
		return 0;
	case 's':
	case 'S':
		s->conv = CONV_SYMBOL;
		return 0;
	case 'B':
		s->conv = CONV_SYMBOL;
		s->preformatted = true;
		return 0;
	}
	return -EINVAL;
}

static int parse_number(const char *fmt, struct spec *s, u32 *at)
{
	u32 longs = 0;

	while (longs < 2 && fmt[*at] == 'l') {
		longs++;
		(*at)++;
	}
	s->arg_bytes = longs ? 8 : 4;
	switch (fmt[*at]) {
	case 'd':
	case 'i':
		s->conv = CONV_SIGNED;
		return 0;
	case 'u':
		s->conv = CONV_UNSIGNED;
		return 0;
	case 'x':
		s->conv = CONV_HEX;
		return 0;
	case 'X':
		s->conv = CONV_HEX_UPPER;
		return 0;
	}
	return -EINVAL;
}

/* @fmt points to '%' of a conversion that is not "%%". */
static int parse_spec(const char *fmt, struct spec *s)
{
	u32 at = 1;
	int err = 0;

	*s = (struct spec){ 0 };
	for (;; at++) {
		if (fmt[at] == '0')
			s->zero = true;
		else if (fmt[at] == '+')
			s->plus = true;
		else if (fmt[at] == '-')
			s->minus = true;
		else if (fmt[at] == ' ')
			s->space = true;
		else
			break;
	}
	for (; is_digit((u8)fmt[at]); at++)
		s->width = MIN(s->width * 10 + (u32)(fmt[at] - '0'), WIDTH_MAX);
	switch (fmt[at]) {
	case 'p':
		err = parse_pointer(fmt + at, s, &at);
		break;
	case 's':
		s->conv = CONV_STRING;
		err = ends_word(fmt[at + 1]) ? 0 : -EINVAL;
		break;
	case 'c':
		s->conv = CONV_CHAR;
		break;
	default:
		err = parse_number(fmt, s, &at);
	}
	s->len = at + 1;
	return err;
}

static void put(struct out *o, char c)
{
	if (!o->measures && o->len + 1 < o->cap)
		o->data[o->len] = c;
	o->len++;
}

static void put_repeated(struct out *o, char c, u64 cnt)
{
	for (; cnt && o->len + 1 < o->cap; cnt--)
		put(o, c);
	o->len += cnt;
}

/* The kernel formatted this text beforehand, and does not look at it when nothing fits. */
static bool skips_text(const struct out *o, const struct spec *s)
{
	return s->preformatted && !o->measures && o->len >= o->cap;
}

static void put_text(struct out *o, const struct spec *s, const char *text, u32 len)
{
	u32 width = s->preformatted ? 0 : s->width;
	u32 pad = width > len ? width - len : 0;
	u32 i;

	if (skips_text(o, s))
		return;
	if (!s->minus)
		put_repeated(o, ' ', pad);
	for (i = 0; i < len; i++)
		put(o, text[i]);
	if (s->minus)
		put_repeated(o, ' ', pad);
}

/* Digits of @v in @base to the end of @buf; returns their number. */
static u32 digits(char buf[NUMBER_CHARS], u64 v, u32 base, bool upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	u32 n = 0;

	do {
		buf[NUMBER_CHARS - ++n] = set[v % base];
		v /= base;
	} while (v);
	return n;
}

static void put_number(struct out *o, const struct spec *s, u64 v)
{
	bool hex = s->conv == CONV_HEX || s->conv == CONV_HEX_UPPER;
	char buf[NUMBER_CHARS], sign = 0;
	u32 n, len, pad;

	if (s->arg_bytes == 4)
		v = s->conv == CONV_SIGNED ? (u64)(s64)(s32)v : (u32)v;
	if (s->conv == CONV_SIGNED) {
		sign = (s64)v < 0 ? '-' : s->plus ? '+' : s->space ? ' ' : 0;
		if ((s64)v < 0)
			v = 0 - v;
	}
	n = digits(buf, v, hex ? 16 : 10, s->conv == CONV_HEX_UPPER);
	len = n + (sign != 0);
	pad = s->width > len ? s->width - len : 0;
	if (!s->minus && !s->zero)
		put_repeated(o, ' ', pad);
	if (sign)
		put(o, sign);
	if (!s->minus && s->zero)
		put_repeated(o, '0', pad);
	for (; n; n--)
		put(o, buf[NUMBER_CHARS - n]);
	if (s->minus)
		put_repeated(o, ' ', pad);
}

/* As wide as an address and zero-padded, unless the format has a width. */
static void put_addr(struct out *o, const struct spec *s, u64 v)
{
	struct spec number = *s;

	number.conv = CONV_HEX;
	if (!s->width) {
		number.width = ADDR_CHARS;
		number.zero = true;
	}
	put_number(o, &number, v);
}

static void put_symbol(struct out *o, const struct spec *s, u64 v)
{
	char buf[NUMBER_CHARS], text[NUMBER_CHARS + 2] = "0x";
	u32 n = digits(buf, v, 16, false);

	memcpy(text + 2, buf + NUMBER_CHARS - n, n);
	put_text(o, s, text, n + 2);
}

static void put_ip(struct out *o, const struct spec *s, const u8 *bytes)
{
	char buf[NUMBER_CHARS];
	u32 i, n, size = s->conv == CONV_IP4 ? 4 : 16;

	if (skips_text(o, s))
		return;
	for (i = 0; i < size; i++) {
		if (s->conv == CONV_IP6) {
			if (s->dotted && i && i % 2 == 0)
				put(o, ':');
			put(o, "0123456789abcdef"[bytes[i] >> 4]);
			put(o, "0123456789abcdef"[bytes[i] & 15]);
			continue;
		}
		if (i)
			put(o, '.');
		n = digits(buf, bytes[i], 10, false);
		if (!s->dotted)
			put_repeated(o, '0', 3 - n);
		for (; n; n--)
			put(o, buf[NUMBER_CHARS - n]);
	}
}

/* Text that the kernel renders into the argument space: how much of that it takes, with its NUL. */
static u32 ip_text_bytes(const struct spec *s, const u8 *bytes)
{
	struct out none = { .measures = true };

	put_ip(&none, s, bytes);
	return (u32)none.len + 1;
}

struct arg_space {
	u32 used_bytes;
};

static int take_number(struct arg_space *space, u32 bytes)
{
	u32 used = (space->used_bytes + 3) & ~3u;

	if (used > ARG_SPACE_BYTES || ARG_SPACE_BYTES - used < bytes)
		return -ENOSPC;
	space->used_bytes = used + bytes;
	return 0;
}

static int print_string(const struct run *run, const struct spec *s, u64 arg,
			struct arg_space *space, struct out *o)
{
	char text[ARG_SPACE_BYTES];
	u32 room = ARG_SPACE_BYTES - space->used_bytes;
	s64 len;

	if (!room)
		return -ENOSPC;
	len = helper_mem_read_str(run, text, arg, room);
	if (len < 0) {
		len = 1;
		text[0] = 0;
	}
	space->used_bytes += (u32)len;
	put_text(o, s, text, (u32)len - 1);
	return 0;
}

static int print_ip(const struct run *run, const struct spec *s, u64 arg, struct arg_space *space,
		    struct out *o)
{
	u32 size = s->conv == CONV_IP4 ? 4 : 16;
	u8 bytes[16] = { 0 };

	if (ARG_SPACE_BYTES - space->used_bytes < size)
		return -ENOSPC;
	if (helper_mem_read(run, bytes, arg, size))
		memset(bytes, 0, sizeof(bytes));
	space->used_bytes = MIN(space->used_bytes + ip_text_bytes(s, bytes), ARG_SPACE_BYTES);
	put_ip(o, s, bytes);
	return 0;
}

static int print_spec(const struct run *run, const struct spec *s, u64 arg,
		      struct arg_space *space, struct out *o)
{
	char c = (char)arg;
	int err;

	switch (s->conv) {
	case CONV_STRING:
		return print_string(run, s, arg, space, o);
	case CONV_IP4:
	case CONV_IP6:
		return print_ip(run, s, arg, space, o);
	case CONV_CHAR:
		if (space->used_bytes == ARG_SPACE_BYTES)
			return -ENOSPC;
		space->used_bytes++;
		put_text(o, s, &c, 1);
		return 0;
	case CONV_SIGNED:
	case CONV_UNSIGNED:
	case CONV_HEX:
	case CONV_HEX_UPPER:
	case CONV_ADDR:
	case CONV_SYMBOL:
		break;
	}
	err = take_number(space, s->arg_bytes);
	if (err)
		return err;
	if (s->conv == CONV_ADDR)
		put_addr(o, s, arg);
	else if (s->conv == CONV_SYMBOL)
		put_symbol(o, s, arg);
	else
		put_number(o, s, arg);
	return 0;
}

static bool is_pointer_conv(enum conv conv, const char *spec, u32 len)
{
	return conv >= CONV_ADDR || (conv == CONV_STRING && len >= 3 && spec[len - 3] == 'p');
}

/* One walk over the format: checks only when @o is NULL. */
static int walk(const struct run *run, const struct format_req *req, struct out *o)
{
	struct arg_space space = { 0 };
	const u8 *args = req->args;
	struct spec s;
	u32 i = 0, n = 0;
	int err;

	while (req->fmt[i]) {
		u8 c = (u8)req->fmt[i];

		if (c < ' ' ? !is_space(c) : c == 0x7f)
			return -EINVAL;
		if (c != '%' || req->fmt[i + 1] == '%') {
			i += c == '%' ? 2 : 1;
			if (o)
				put(o, (char)c);
			continue;
		}
		if (n >= req->arg_cnt)
			return -EINVAL;
		err = parse_spec(req->fmt + i, &s);
		if (!err && o)
			err = print_spec(run, &s, load_u64(args + (size_t)n * 8), &space, o);
		if (err)
			return err;
		n++;
		if (o && is_pointer_conv(s.conv, req->fmt + i, s.len))
			for (i += s.len; is_swallowed((u8)req->fmt[i]); i++)
				;
		else
			i += s.len;
	}
	return 0;
}

static s64 format_copied(const struct run *run, const struct format_req *req)
{
	struct out o = { .data = req->out, .cap = req->out_bytes };
	int err = walk(run, req, NULL);

	if (!err)
		err = walk(run, req, &o);
	if (err)
		return err;
	if (o.cap)
		o.data[MIN(o.len, o.cap - 1)] = 0;
	return (s64)o.len;
}

/*
 * The format may lie in a map, where another thread writes while it is read: what counts is a copy
 * whose last byte is NUL whatever happens.
 */
s64 helper_format(const struct run *run, const struct format_req *req)
{
	const char *nul = memchr(req->fmt, 0, req->fmt_bytes);
	struct format_req copied = *req;
	char near[FMT_NEAR_BYTES], *fmt = near;
	size_t len;
	s64 ret;

	if (!nul)
		return -EINVAL;
	len = (size_t)(nul - req->fmt);
	if (len >= sizeof(near)) {
		fmt = mem_alloc(len + 1);
		if (!fmt)
			return -ENOMEM;
	}
	memcpy(fmt, req->fmt, len);
	fmt[len] = 0;
	copied.fmt = fmt;
	ret = format_copied(run, &copied);
	if (fmt != near)
		mem_free(fmt);
	return ret;
}

s32 helper_format_arg_cnt(u64 args, u64 args_bytes)
{
	u32 bytes = (u32)args_bytes;

	if (bytes % 8 || bytes > FORMAT_ARGS_MAX * 8 || (bytes && !args))
		return -EINVAL;
	return (s32)(bytes / 8);
}
