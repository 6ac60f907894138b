/* SPDX-License-Identifier: BSD-2-Clause */
/* Compiling a .bpf.c with the newest clang found, so that `skep run prog.bpf.c` just works. */
#ifndef SKEP_CLI_COMPILE_H
#define SKEP_CLI_COMPILE_H

#include "base/types.h"

struct compile_opts {
	const char *clang; /* NULL: the newest clang on PATH, or $CLANG */
	const char *cpu;   /* -mcpu, NULL: v3 */
	char *const *extra; /* more arguments for clang, NULL-terminated; may be NULL */
};

/* True for names that end in ".c". */
bool compile_is_source(const char *path);

/*
 * Compiles @path into a temporary object whose name goes to *ret_object (compile_remove it).
 * Clang's messages go to stderr as they are. 0, or -errno after saying why: -ENOENT no clang,
 * -EINVAL clang refused.
 */
int compile_object(const char *path, const struct compile_opts *opts,
		   char **ret_object) must_check;
/* Removes what compile_object made, and frees its name. NULL is allowed. */
void compile_remove(char *object);

#endif
