/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Assembles many programs in one go, for tools that generate them: standard input holds texts
 * (isa/asm.h), each ended by a line "%%"; a line of hex comes out for each, or "error LINE: why".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "isa/asm.h"

static void assemble(const char *text)
{
	struct isa_asm_error error;
	struct insn *insns = NULL;
	const unsigned char *b;
	u32 cnt = 0;

	if (isa_asm(text, &insns, &cnt, &error)) {
		printf("error %u: %s\n", error.line, error.text);
		return;
	}
	b = (const unsigned char *)insns;
	for (size_t i = 0; i < cnt * sizeof(*insns); i++)
		printf("%02x", b[i]);
	printf("\n");
	mem_free(insns);
}

int main(void)
{
	struct str text = STR_INIT;
	char *line = NULL;
	size_t cap = 0;

	while (getline(&line, &cap, stdin) > 0) {
		if (strcmp(line, "%%\n")) {
			str_add(&text, line);
			continue;
		}
		assemble(str_c(&text));
		str_reset(&text);
	}
	str_fini(&text);
	free(line);
	return 0;
}
