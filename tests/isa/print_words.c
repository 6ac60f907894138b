/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For test_llvm.py: COUNT random instructions of each operation, one a line:
 * name, bytes in hex, the llvm style's text, separated by tabs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "isa/text.h"
#include "tests/isa/words.h"

int main(int argc, char **argv)
{
	const struct isa_text_opts opts = { .style = ISA_STYLE_LLVM };
	const u32 count = argc > 1 ? (u32)strtoul(argv[1], NULL, 10) : 1;
	u64 rng = 19;
	u32 op, n, b;

	for (op = ISA_INVALID + 1; op < ISA_OP_CNT; op++) {
		for (n = 0; n < count; n++) {
			struct str text = STR_INIT;
			struct insn w[2];
			const u32 cnt = words_make(&rng, w, (enum isa_op)op);

			(void)isa_text_insn(&text, w, cnt, 0, &opts);
			printf("%s\t", isa_info((enum isa_op)op)->name);
			for (b = 0; b < cnt * 8; b++)
				printf("%02x", ((const u8 *)w)[b]);
			printf("\t%s\n", str_c(&text));
			str_fini(&text);
		}
	}
	return 0;
}
