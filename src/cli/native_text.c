/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/native_text.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "cli/native_int.h"

int native_hex(const struct native_code *code, size_t from, size_t to, native_text_fn fn,
	       void *cookie)
{
	const u8 *p = code->code;
	int err = 0;

	while (from < to && !err) {
		struct native_insn insn = { .addr = code->addr + from,
					    .code = p + from,
					    .bytes = 1 };
		char text[32];

		if (native_is_arm64(code) && to - from >= 4) {
			insn.bytes = 4;
			snprintf(text, sizeof(text), ".inst 0x%08x", load_le32(p + from));
		} else {
			snprintf(text, sizeof(text), ".byte 0x%02x", p[from]);
		}
		insn.text = text;
		err = fn(cookie, &insn);
		from += insn.bytes;
	}
	return err;
}

int native_text(const struct native_code *code, native_text_fn fn, void *cookie)
{
	int err = -ENOTSUP;

	if (strcmp(code->isa, "x86_64") != 0 && strcmp(code->isa, "arm64") != 0)
		return -EINVAL;
	if (!code->bytes)
		return 0;
	if (code->how == NATIVE_BEST || code->how == NATIVE_CAPSTONE)
		err = native_capstone(code, fn, cookie);
	if (err == -ENOTSUP && (code->how == NATIVE_BEST || code->how == NATIVE_OBJDUMP))
		err = native_objdump(code, fn, cookie);
	if (err == -ENOTSUP && (code->how == NATIVE_BEST || code->how == NATIVE_HEX))
		err = native_hex(code, 0, code->bytes, fn, cookie);
	return err;
}
