/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes -> text -> bytes is exact in the default style: every operation with many values in the
 * fields it uses, random valid programs' worth of words, and random words of any kind.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "isa/asm.h"
#include "isa/text.h"
#include "tests/tap.h"

#define PROGRAMS   4000
#define WORDS_MAX  64

static u64 rng = 0x5eed5eed;

static u32 random_below(u32 bound)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (u32)((rng >> 32) % bound);
}

static s32 random_value(void)
{
	static const s32 edges[] = { 0,	 1,	     -1,	8,	 -8,	 127,	 128,
				     255, 256,	     0x7fff,	-0x8000, 0xffff, 0x10000, -129,
				     10, INT32_MAX, INT32_MIN, 0xe1,	 0x100,	 0x110 };

	if (random_below(2))
		return edges[random_below(ARRAY_SIZE(edges))];
	return (s32)(random_below(65536) << 16 | random_below(65536));
}

/* Only the fields that the operation uses hold values. */
static u32 make_valid(struct insn *w, enum isa_op op)
{
	const struct isa_info *info = isa_info(op);

	w[0] = isa_template(op);
	if (info->dst != ISA_REG_NONE)
		w[0].dst = random_below(INSN_REGS) & 0xf;
	if (info->src & ISA_REG_RW)
		w[0].src = random_below(INSN_REGS) & 0xf;
	if (info->off == ISA_OFF_MEM || info->off == ISA_OFF_JUMP)
		w[0].off = (s16)random_value();
	if (info->imm != ISA_IMM_ZERO && info->imm != ISA_IMM_SEL)
		w[0].imm = random_value();
	if (isa_words(op) == 1)
		return 1;
	w[1] = insn_make(0, 0, 0, 0, random_value());
	return 2;
}

static u32 make_any(struct insn *w)
{
	*w = insn_make((u8)random_below(256), random_below(16), random_below(16),
		       random_below(2) ? (s16)random_value() : 0,
		       random_below(2) ? random_value() : 0);
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
			wrong += !survives(w, make_valid(w, (enum isa_op)op));
	tap_eq(wrong, 0, "each of %u operations", ISA_OP_CNT - 1);
}

static void test_programs(bool valid)
{
	struct insn w[WORDS_MAX + 2];
	u32 n, cnt, wrong = 0;

	for (n = 0; n < PROGRAMS && wrong < 5; n++) {
		const u32 wanted = 1 + random_below(WORDS_MAX);

		for (cnt = 0; cnt < wanted;)
			cnt += valid ? make_valid(&w[cnt],
						  (enum isa_op)(1 + random_below(ISA_OP_CNT - 1))) :
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
