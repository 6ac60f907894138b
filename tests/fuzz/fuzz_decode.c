/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoder, checker and both disassemblers on any words. A program that the checker accepts
 * decodes everywhere, and its jumps stay inside; text of the default style reassembles to it.
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "isa/asm.h"
#include "isa/check.h"
#include "isa/text.h"
#include "tests/fuzz/fuzz.h"

#define WORDS_MAX 64

static void check_accepted(const struct insn *insns, u32 cnt)
{
	s64 target;
	u32 i;

	for (i = 0; i < cnt; i += isa_words(isa_decode(&insns[i]))) {
		const enum isa_op op = isa_decode(&insns[i]);

		fuzz_assert(op != ISA_INVALID && isa_words(op) <= cnt - i);
		fuzz_assert(!isa_target(&insns[i], op, i, &target) ||
			    (target >= 0 && target < cnt));
		fuzz_assert(isa_regs_written(&insns[i], op) < 1 << INSN_REG_FP);
		fuzz_assert(isa_regs_read(&insns[i], op) < 1 << INSN_REGS);
	}
	fuzz_assert(i == cnt);
}

static void check_round_trip(const struct insn *insns, u32 cnt, const char *text)
{
	struct isa_asm_error error;
	struct insn *back = NULL;
	u32 back_cnt = 0;

	fuzz_assert(!isa_asm(text, &back, &back_cnt, &error));
	fuzz_assert(back_cnt == cnt && !memcmp(back, insns, cnt * sizeof(*insns)));
	mem_free(back);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct isa_text_opts opts = { .style = ISA_STYLE_KERNEL };
	struct insn insns[WORDS_MAX];
	struct isa_reason reason;
	struct str text = STR_INIT;
	const u32 cnt = (u32)MIN(len / 8, WORDS_MAX);

	memcpy(insns, data, cnt * sizeof(*insns));
	if (!isa_check(insns, cnt, ISA_CHECK_DEAD_CODE | ISA_CHECK_ANY_OP, &reason))
		check_accepted(insns, cnt);
	/* Text is a hundred times slower than the rest: an eighth of the inputs gets it. */
	if (cnt && (insns[0].dst * 7u + insns[cnt - 1].code + cnt) % 8 == 0) {
		isa_text_program(&text, insns, cnt, &opts);
		check_round_trip(insns, cnt, str_c(&text));
		opts.style = ISA_STYLE_LLVM;
		isa_text_program(&text, insns, cnt, &opts);
	}
	str_fini(&text);
	return 0;
}

/* Half of the words start as an operation; some fields hold what is at home in them. */
size_t fuzz_make(u64 *rng, u8 *buf)
{
	struct insn insns[12];
	const u32 cnt = 1 + fuzz_below(rng, ARRAY_SIZE(insns));
	u32 n;

	for (n = 0; n < cnt; n++) {
		struct insn i = insn_make((u8)fuzz_below(rng, 256), 0, 0, 0, 0);
		const u32 how = fuzz_below(rng, 16);

		if (how < 12)
			i = isa_template((enum isa_op)fuzz_below(rng, ISA_OP_CNT));
		i.dst = fuzz_below(rng, how & 1 ? 11 : 16) & 0xf;
		if (how & 2)
			i.src = fuzz_below(rng, 12) & 0xf;
		if (how & 4)
			i.off = (s16)(fuzz_below(rng, 8) - 4);
		if (how & 8)
			i.imm = (s32)fuzz_below(rng, UINT32_MAX);
		insns[n] = i;
	}
	if (fuzz_below(rng, 2))
		insns[cnt - 1] = isa_template(ISA_EXIT);
	memcpy(buf, insns, cnt * sizeof(*insns));
	return cnt * sizeof(*insns);
}
