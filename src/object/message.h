/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libbpf speaks through one callback per process, without a cookie. Messages go to the object that
 * the thread is working on, and are kept so that a failure can be explained by them.
 */
#ifndef SKEP_OBJECT_MESSAGE_H
#define SKEP_OBJECT_MESSAGE_H

#include <bpf/libbpf.h>
#include <stdarg.h>

#include "base/str.h"

struct object_messages {
	void (*fn)(void *cookie, const char *text); /* NULL: nobody listens */
	void *cookie;
	struct str warnings; /* lines, without libbpf's prefix */
};

/* For libbpf_set_print. */
int object_message(enum libbpf_print_level level, const char *fmt, va_list ap);

/* What went wrong, in the loader's words, for a person; @err when it said nothing. */
void object_messages_explain(const struct object_messages *m, int err, struct str *to);
void object_messages_reset(struct object_messages *m);
void object_messages_fini(struct object_messages *m);

#endif
