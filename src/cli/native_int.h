/* SPDX-License-Identifier: BSD-2-Clause */
/* What cli/native_text.c tries in turn: each returns as native_text does. */
#ifndef SKEP_CLI_NATIVE_INT_H
#define SKEP_CLI_NATIVE_INT_H

#include "cli/native_text.h"

/* native_capstone.c, or native_no_capstone.c in a build without its header. */
int native_capstone(const struct native_code *code, native_text_fn fn, void *cookie) must_check;
int native_objdump(const struct native_code *code, native_text_fn fn, void *cookie) must_check;
/* Bytes [from, to) of the code as what they are. */
int native_hex(const struct native_code *code, size_t from, size_t to, native_text_fn fn,
	       void *cookie) must_check;

/* Instructions of arm64 have 4 bytes, those of x86-64 any number. */
static inline bool native_is_arm64(const struct native_code *code)
{
	return code->isa[0] == 'a';
}

#endif
