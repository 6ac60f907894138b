/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

void str_fini(struct str *s)
{
	mem_free(s->data);
	*s = STR_INIT;
}

void str_reset(struct str *s)
{
	s->len = 0;
	s->failed = false;
	if (s->data)
		s->data[0] = '\0';
}

static bool str_reserve(struct str *s, size_t extra)
{
	size_t need = s->len + extra + 1;
	size_t cap = s->cap ? s->cap : 64;
	char *data;

	if (s->failed || need < extra)
		return false;
	if (need <= s->cap)
		return true;
	while (cap < need)
		cap *= 2;
	data = mem_realloc(s->data, cap);
	if (!data) {
		s->failed = true;
		return false;
	}
	s->data = data;
	s->cap = cap;
	return true;
}

void str_add_bytes(struct str *s, const void *data, size_t len)
{
	if (!str_reserve(s, len))
		return;
	if (len)
		memcpy(s->data + s->len, data, len);
	s->len += len;
	s->data[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_add_bytes(s, text, strlen(text));
}

void str_add_char(struct str *s, char c)
{
	str_add_bytes(s, &c, 1);
}

void str_vaddf(struct str *s, const char *fmt, va_list ap)
{
	va_list again;
	int len;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	if (len >= 0 && str_reserve(s, (size_t)len)) {
		vsnprintf(s->data + s->len, (size_t)len + 1, fmt, again);
		s->len += (size_t)len;
	}
	va_end(again);
}

void str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(s, fmt, ap);
	va_end(ap);
}

void str_pad(struct str *s, size_t col)
{
	size_t start = s->len;

	while (start > 0 && s->data[start - 1] != '\n')
		start--;
	while (s->len - start < col && !s->failed)
		str_add_char(s, ' ');
}

/* Length of the valid UTF-8 sequence at @p, 0 when there is none. */
static size_t utf8_len(const unsigned char *p)
{
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3
		     : p[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if (len == 3 && ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f)))
		return 0;
	if (len == 4 && ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)))
		return 0;
	return len;
}

void str_add_json(struct str *s, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	str_add_char(s, '"');
	while (*p) {
		size_t len = utf8_len(p);

		if (*p == '"' || *p == '\\')
			str_addf(s, "\\%c", *p);
		else if (*p == '\n')
			str_add(s, "\\n");
		else if (*p == '\t')
			str_add(s, "\\t");
		else if (*p < 0x20)
			str_addf(s, "\\u%04x", *p);
		else if (!len)
			str_add(s, "\\ufffd");
		else
			str_add_bytes(s, p, len);
		p += len ? len : 1;
	}
	str_add_char(s, '"');
}

const char *str_c(const struct str *s)
{
	return s->data ? s->data : "";
}
