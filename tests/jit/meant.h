/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a test of encoders leaves behind: the bytes, and for each instruction a line "OFFSET TEXT"
 * that says what was meant, in the words of the disassembler. disasm.py compares them.
 *
 *	x86_push(meant(&m, "push %s", name), reg);
 */
#ifndef SKEP_TESTS_JIT_MEANT_H
#define SKEP_TESTS_JIT_MEANT_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/types.h"
#include "jit/buf.h"

struct meant {
	struct jit_buf buf;
	FILE *code, *text;
	u32 forms;
};

static inline FILE *meant_open(const char *path)
{
	FILE *f = fopen(path, "wb");

	if (!f) {
		perror(path);
		exit(2);
	}
	return f;
}

static inline void meant_init(struct meant *m, const char *code, const char *text)
{
	*m = (struct meant){ .code = meant_open(code), .text = meant_open(text) };
}

/* Says what the next instruction is and returns where to put it, with room for it. */
__attribute__((format(printf, 2, 3))) static inline struct jit_buf *meant(struct meant *m,
									  const char *fmt, ...)
{
	va_list ap;

	jit_buf_room(&m->buf);
	if (m->buf.failed) {
		fprintf(stderr, "out of memory\n");
		exit(2);
	}
	fprintf(m->text, "%x ", m->buf.len);
	va_start(ap, fmt);
	vfprintf(m->text, fmt, ap);
	va_end(ap);
	putc('\n', m->text);
	m->forms++;
	return &m->buf;
}

/* Main's value. */
static inline int meant_done(struct meant *m)
{
	bool ok = fwrite(m->buf.p, 1, m->buf.len, m->code) == m->buf.len;

	ok = !fclose(m->code) && ok;
	ok = !fclose(m->text) && ok;
	jit_buf_fini(&m->buf);
	printf("%u\n", m->forms);
	return ok ? 0 : 1;
}

#endif
