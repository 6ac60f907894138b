/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Machine code as text, AT&T syntax: by libcapstone where it is there (asked for at run time, so
 * that the command does not load it for anything else), else by objdump, else as bytes in hex.
 */
#ifndef SKEP_CLI_NATIVE_TEXT_H
#define SKEP_CLI_NATIVE_TEXT_H

#include "base/types.h"

enum native_how {
	NATIVE_BEST, /* the first of the others that works */
	NATIVE_CAPSTONE,
	NATIVE_OBJDUMP,
	NATIVE_HEX,
};

struct native_code {
	const void *code;
	size_t bytes;
	u64 addr;            /* where it runs */
	const char *isa;     /* "x86_64" or "arm64" */
	enum native_how how; /* 0: the best */
};

struct native_insn {
	u64 addr;
	const u8 *code;
	u32 bytes;
	const char *text; /* bytes that are no instruction: ".byte 0x…" */
};

/* Not 0: ends the walk and is what native_text returns. */
typedef int (*native_text_fn)(void *cookie, const struct native_insn *insn);

/*
 * Calls @fn for each instruction; together they cover all bytes. 0; -EINVAL for an unknown isa;
 * -ENOTSUP when @code->how asks for what is not here, before @fn is called; -ENOMEM.
 */
int native_text(const struct native_code *code, native_text_fn fn, void *cookie) must_check;

#endif
