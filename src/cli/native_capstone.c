/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libcapstone by dlopen(): its tables would cost every start of the command more than reading an
 * object does. The header says which version of the interface we were compiled for.
 */
#include <capstone/capstone.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "cli/native_int.h"

struct library {
	void *handle;
	__typeof__(cs_open) *open;
	__typeof__(cs_close) *close;
	__typeof__(cs_option) *option;
	__typeof__(cs_malloc) *insn_new;
	__typeof__(cs_free) *insn_free;
	__typeof__(cs_disasm_iter) *next;
};

static bool library_open(struct library *lib)
{
	char name[32];

	snprintf(name, sizeof(name), "libcapstone.so.%d", CS_API_MAJOR);
	lib->handle = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
	if (!lib->handle)
		return false;
	lib->open = (__typeof__(lib->open))(uintptr_t)dlsym(lib->handle, "cs_open");
	lib->close = (__typeof__(lib->close))(uintptr_t)dlsym(lib->handle, "cs_close");
	lib->option = (__typeof__(lib->option))(uintptr_t)dlsym(lib->handle, "cs_option");
	lib->insn_new = (__typeof__(lib->insn_new))(uintptr_t)dlsym(lib->handle, "cs_malloc");
	lib->insn_free = (__typeof__(lib->insn_free))(uintptr_t)dlsym(lib->handle, "cs_free");
	lib->next = (__typeof__(lib->next))(uintptr_t)dlsym(lib->handle, "cs_disasm_iter");
	return lib->open && lib->close && lib->option && lib->insn_new && lib->insn_free &&
	       lib->next;
}

static int report(const cs_insn *got, const u8 *at, native_text_fn fn, void *cookie)
{
	char text[sizeof(got->mnemonic) + sizeof(got->op_str) + 2];
	const struct native_insn insn = {
		.addr = got->address, .code = at, .bytes = got->size, .text = text
	};

	snprintf(text, sizeof(text), "%s%s%s", got->mnemonic, *got->op_str ? " " : "", got->op_str);
	return fn(cookie, &insn);
}

static int walk(const struct library *lib, csh cs, const struct native_code *code,
		native_text_fn fn, void *cookie)
{
	const u8 *p = code->code;
	size_t left = code->bytes;
	u64 addr = code->addr;
	cs_insn *insn = lib->insn_new(cs);
	int err = insn ? 0 : -ENOMEM;

	while (left && !err) {
		const u8 *at = p;

		if (lib->next(cs, &p, &left, &addr, insn)) {
			err = report(insn, at, fn, cookie);
		} else {
			/* No instruction: one unit as it is, and on. */
			size_t from = code->bytes - left;
			size_t unit = native_is_arm64(code) && left >= 4 ? 4 : 1;

			err = native_hex(code, from, from + unit, fn, cookie);
			p += unit;
			left -= unit;
			addr += unit;
		}
	}
	if (insn)
		lib->insn_free(insn, 1);
	return err;
}

int native_capstone(const struct native_code *code, native_text_fn fn, void *cookie)
{
	bool arm64 = native_is_arm64(code);
	struct library lib;
	int err = -ENOTSUP;
	csh cs;

	if (library_open(&lib) && lib.open(arm64 ? CS_ARCH_ARM64 : CS_ARCH_X86,
					   arm64 ? CS_MODE_ARM : CS_MODE_64, &cs) == CS_ERR_OK) {
		if (!arm64)
			lib.option(cs, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
		err = walk(&lib, cs, code, fn, cookie);
		lib.close(&cs);
	}
	if (lib.handle)
		dlclose(lib.handle);
	return err;
}
