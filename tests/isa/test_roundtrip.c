/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes -> text -> bytes is exact in the default style: every operation with many values in the
 * fields it uses, random valid programs' worth of words, and random words of any kind.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "isa/asm.h"
#include "isa/text.h"
#include "tests/isa/words.h"
#include "tests/tap.h"

#define PROGRAMS   4000
#define WORDS_MAX  64
#define LAST_OP    (ISA_OP_CNT - 1)

static u64 rng = 0x5eed5eed;

static u32 make_any(struct insn *w)
{
	*w = insn_make((u8)words_below(&rng, 256), words_below(&rng, 16), words_below(&rng, 16),
		       words_below(&rng, 2) ? (s16)words_value(&rng) : 0,
		       words_below(&rng, 2) ? words_value(&rng) : 0);
	return 1;
}

static bool survives(const struct insn *w, u32 cnt)
{
	const struct isa_text_opts opts = { .style = ISA_STYLE_KERNEL };
	struct isa_asm_error error;
	struct str text = STR_INIT;
	struct insn *back = NULL;
	u32 back_cnt = 0;
	bool same;
	int err;

	isa_text_program(&text, w, cnt, &opts);
	err = isa_asm(str_c(&text), &back, &back_cnt, &error);
	same = !err && back_cnt == cnt && !memcmp(back, w, cnt * sizeof(*w));
	if (!same) {
		tap_diag("%s", str_c(&text));
		if (err)
			tap_diag("%d at %u:%u: %s", err, error.line, error.col, error.text);
	}
	str_fini(&text);
	mem_free(back);
	return same;
}

static void test_each_operation(void)
{
	struct insn w[2];
	u32 op, trial, wrong = 0;

	for (op = ISA_INVALID + 1; op < ISA_OP_CNT && wrong < 5; op++)
		for (trial = 0; trial < 50 && wrong < 5; trial++)
			wrong += !survives(w, words_make(&rng, w, (enum isa_op)op));
	tap_eq(wrong, 0, "each of %u operations", ISA_OP_CNT - 1);
}

static void test_programs(bool valid)
{
	struct insn w[WORDS_MAX + 2];
	u32 n, cnt, wrong = 0;

	for (n = 0; n < PROGRAMS && wrong < 5; n++) {
		const u32 wanted = 1 + words_below(&rng, WORDS_MAX);

		for (cnt = 0; cnt < wanted;)
			cnt += valid ? words_make(&rng, &w[cnt],
						  (enum isa_op)(1 + words_below(&rng, LAST_OP))) :
				       make_any(&w[cnt]);
		wrong += !survives(w, cnt);
	}
	tap_eq(wrong, 0, "%d random programs of %s words", PROGRAMS, valid ? "valid" : "any");
}

int main(void)
{
	test_each_operation();
	test_programs(true);
	test_programs(false);
	return tap_done();
}
