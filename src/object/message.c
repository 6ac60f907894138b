/* SPDX-License-Identifier: BSD-2-Clause */
#include "object/message.h"

#include <string.h>

#include "base/process.h"

#define PREFIX "libbpf: "

static void hand_on(const struct object_messages *m, char *text, size_t len)
{
	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
	m->fn(m->cookie, text);
}

int object_message(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	struct object_messages *m = process_note();
	struct str line = STR_INIT;
	const char *text;

	if (!m || (level == LIBBPF_DEBUG && !m->fn))
		return 0;
	str_vaddf(&line, fmt, ap);
	text = str_c(&line);
	if (!strncmp(text, PREFIX, strlen(PREFIX)))
		text += strlen(PREFIX);
	if (level == LIBBPF_WARN)
		str_add(&m->warnings, text);
	if (m->fn && line.len)
		hand_on(m, line.data, line.len);
	str_fini(&line);
	return 0;
}

void object_messages_explain(const struct object_messages *m, int err, struct str *to)
{
	const char *text = str_c(&m->warnings);
	size_t len = m->warnings.len;

	if (!len) {
		str_add(to, strerror(err < 0 ? -err : err));
		return;
	}
	while (len && text[len - 1] == '\n')
		len--;
	/* One line stays one line; several stand below the file's name. */
	str_add(to, memchr(text, '\n', len) ? "\n  " : "");
	for (size_t i = 0; i < len; i++) {
		str_add_char(to, text[i]);
		if (text[i] == '\n')
			str_add(to, "  ");
	}
}

void object_messages_reset(struct object_messages *m)
{
	str_reset(&m->warnings);
}

void object_messages_fini(struct object_messages *m)
{
	str_fini(&m->warnings);
}
