/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "cli/native_int.h"

int native_capstone(const struct native_code *code, native_text_fn fn, void *cookie)
{
	(void)code;
	(void)fn;
	(void)cookie;
	return -ENOTSUP;
}
