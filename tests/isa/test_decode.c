/* SPDX-License-Identifier: BSD-2-Clause */
/* The table and the decoder against each other, and against what the rows must not contradict. */
#include "isa/isa.h"
#include "tests/tap.h"

/* An operation's template decodes to it, so no two rows claim one word. */
static void test_templates(void)
{
	u32 wrong = 0, op;

	for (op = ISA_INVALID + 1; op < ISA_OP_CNT; op++) {
		struct insn i = isa_template((enum isa_op)op);

		if (isa_decode(&i) != op) {
			tap_diag("%s decodes as %s", isa_info(op)->name,
				 isa_info(isa_decode(&i))->name);
			wrong++;
		}
	}
	tap_eq(wrong, 0, "every template decodes to its operation");
}

/* The opcode bytes of the RFC's table and of what Linux added, counted. */
static void test_opcode_bytes(void)
{
	bool seen[256] = { false };
	u32 op, cnt = 0;

	for (op = ISA_INVALID + 1; op < ISA_OP_CNT; op++) {
		cnt += !seen[isa_info(op)->code];
		seen[isa_info(op)->code] = true;
	}
	/* 90 of v1, 8 of v2, 22 of v3, 5 of v4; may_goto, gotox, atomics of 1 and 2 bytes; callx */
	tap_eq(cnt, 90 + 8 + 22 + 5 + 4 + 1, "opcode bytes");
}

static void test_columns(void)
{
	u32 op, wrong = 0;

	for (op = ISA_INVALID + 1; op < ISA_OP_CNT; op++) {
		const struct isa_info *info = isa_info(op);
		bool x = info->code & 8;

		wrong += (info->sel == ISA_SEL_OFF) != (info->off == ISA_OFF_SEL);
		wrong += (info->sel == ISA_SEL_IMM) != (info->imm == ISA_IMM_SEL);
		wrong += (info->sel == ISA_SEL_SRC) != (info->src == ISA_REG_SEL);
		if (info->family == ISA_FAMILY_ALU || info->family == ISA_FAMILY_MOV ||
		    info->family == ISA_FAMILY_JMP)
			wrong += x != (info->form == ISA_FORM_X) || x != (info->src == ISA_REG_R);
	}
	tap_eq(wrong, 0, "columns agree with each other");
}

static void test_registers(void)
{
	struct insn add = insn_make(0x0f, 1, 2, 0, 0);
	struct insn fetch = insn_make(0xdb, 3, 4, 8, 1);
	struct insn cmpxchg = insn_make(0xdb, 3, 4, 8, 0xf1);
	struct insn call = insn_make(0x85, 0, 0, 0, 1);

	tap_eq(isa_regs_read(&add, isa_decode(&add)), 1 << 1 | 1 << 2, "add reads both");
	tap_eq(isa_regs_written(&add, isa_decode(&add)), 1 << 1, "add writes dst");
	tap_eq(isa_regs_written(&fetch, isa_decode(&fetch)), 1 << 4, "fetch writes src");
	tap_eq(isa_regs_read(&cmpxchg, isa_decode(&cmpxchg)), 1 | 1 << 3 | 1 << 4,
	       "cmpxchg reads r0");
	tap_eq(isa_regs_written(&cmpxchg, isa_decode(&cmpxchg)), 1, "cmpxchg writes r0");
	tap_eq(isa_regs_written(&call, isa_decode(&call)), 0x3f, "a call loses r0 to r5");
}

static void test_targets(void)
{
	struct insn jeq = insn_make(0x15, 1, 0, -32768, 0);
	struct insn gotol = insn_make(0x06, 0, 0, 0, INT32_MIN);
	struct insn add = insn_make(0x0f, 1, 2, 0, 0);
	s64 at = 7;

	tap_ok(isa_target(&jeq, isa_decode(&jeq), 10, &at) && at == 11 - 32768,
	       "the furthest jump back");
	tap_ok(isa_target(&gotol, isa_decode(&gotol), 0, &at) && at == 1 + (s64)INT32_MIN,
	       "the furthest gotol back does not wrap");
	tap_ok(!isa_target(&add, isa_decode(&add), 0, &at), "add has no target");
}

int main(void)
{
	test_templates();
	test_opcode_bytes();
	test_columns();
	test_registers();
	test_targets();
	return tap_done();
}
