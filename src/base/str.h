/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A growing string. Appending never fails visibly: after an allocation failure the string keeps
 * what it had, ignores what follows, and `failed` is set, so that a caller checks once at the end.
 */
#ifndef SKEP_BASE_STR_H
#define SKEP_BASE_STR_H

#include <stdarg.h>

#include "base/types.h"

struct str {
	char *data; /* NUL-terminated once something was appended, else NULL */
	size_t len; /* bytes without the NUL */
	size_t cap;
	bool failed;
};

#define STR_INIT ((struct str){ 0 })

void str_fini(struct str *s);
/* Empties the string and keeps its memory. */
void str_reset(struct str *s);
void str_add(struct str *s, const char *text);
void str_add_bytes(struct str *s, const void *data, size_t len);
void str_add_char(struct str *s, char c);
void str_addf(struct str *s, const char *fmt, ...) printf_like(2, 3);
void str_vaddf(struct str *s, const char *fmt, va_list ap) printf_like(2, 0);
/* Pads with spaces until @col characters stand on the current line. */
void str_pad(struct str *s, size_t col);
/* @text quoted and escaped as a JSON string (RFC 8259; bytes that are no UTF-8 become U+FFFD). */
void str_add_json(struct str *s, const char *text);
/* Never NULL: "" when nothing was appended. Valid until the next change. */
const char *str_c(const struct str *s);

#endif
