/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules of encoding that need more than one word (the "encoding" rows of the list of past
 * bugs), with the kernel's verdicts, and for each the nearest program that must pass.
 */
#include "base/err.h"
#include "base/mem.h"
#include "isa/check.h"
#include "tests/tap.h"

#define I(code, dst, src, off, imm) { code, dst, src, off, imm }
#define MOV0  I(0xb7, 0, 0, 0, 0)
#define EXIT  I(0x95, 0, 0, 0, 0)
#define WORDS(...) (const struct insn[]){ __VA_ARGS__ }, \
		   sizeof((struct insn[]){ __VA_ARGS__ }) / sizeof(struct insn)

struct row {
	const char *name;
	const struct insn *insns;
	size_t cnt;
	u32 flags;
	int err;
	const char *reason;
};

static const struct row rows[] = {
	{ "smallest program", WORDS(MOV0, EXIT), 0, 0, "" },
	{ "empty", NULL, 0, 0, -EINVAL, "no instructions" },
	{ "div-by-neg-off", WORDS(MOV0, I(0x37, 0, 0, -1, 5), EXIT), 0, -EINVAL,
	  "BPF_ALU uses reserved fields" },
	{ "div by constant", WORDS(MOV0, I(0x37, 0, 0, 0, 5), EXIT), 0, 0, "" },
	{ "jump-oob", WORDS(MOV0, I(0x05, 0, 0, 5, 0), EXIT), 0, -EINVAL,
	  "jump out of range from insn 1 to 7" },
	{ "jump to the last", WORDS(MOV0, I(0x05, 0, 0, 0, 0), EXIT), 0, 0, "" },
	{ "jump-into-lddw",
	  WORDS(MOV0, I(0x15, 0, 0, 1, 0), I(0x18, 1, 0, 0, 1), I(0, 0, 0, 0, 0), EXIT), 0,
	  -EINVAL, "jump into the middle of ldimm64 insn 2" },
	{ "jump over lddw",
	  WORDS(MOV0, I(0x15, 0, 0, 2, 0), I(0x18, 1, 0, 0, 1), I(0, 0, 0, 0, 0), EXIT), 0, 0,
	  "" },
	{ "fallthrough-end", WORDS(MOV0), 0, -EINVAL, "last insn is not an exit or jmp" },
	{ "unreachable", WORDS(MOV0, EXIT, MOV0, EXIT), 0, -EINVAL, "unreachable insn 2" },
	{ "unreachable, allowed", WORDS(MOV0, EXIT, MOV0, EXIT), ISA_CHECK_DEAD_CODE, 0, "" },
	{ "lddw-half", WORDS(I(0x18, 0, 0, 0, 1), I(0xb7, 0, 0, 0, 0), EXIT), 0, -EINVAL,
	  "invalid bpf_ld_imm64 insn" },
	{ "lddw-half-regs", WORDS(I(0x18, 0, 0, 0, 1), I(0, 1, 0, 0, 0), EXIT), 0, -EINVAL,
	  "invalid bpf_ld_imm64 insn" },
	{ "lddw-last", WORDS(MOV0, I(0x18, 0, 0, 0, 1)), 0, -EINVAL,
	  "last insn is not an exit or jmp" },
	{ "lddw", WORDS(I(0x18, 0, 0, 0, 1), I(0, 0, 0, 0, 0), EXIT), 0, 0, "" },
	{ "resv-off-alu", WORDS(MOV0, I(0x07, 0, 0, 1, 1), EXIT), 0, -EINVAL,
	  "BPF_ALU uses reserved fields" },
	{ "resv-src-exit", WORDS(MOV0, I(0x95, 0, 1, 0, 0)), 0, -EINVAL,
	  "BPF_EXIT uses reserved fields" },
	{ "offset of exit is not looked at", WORDS(MOV0, I(0x95, 0, 0, 1, 0)), 0, 0, "" },
	{ "reg-11", WORDS(MOV0, I(0xb7, 11, 0, 0, 0), EXIT), 0, -EINVAL, "R11 is invalid" },
	{ "write-r10", WORDS(MOV0, I(0xb7, 10, 0, 0, 0), EXIT), 0, -EACCES,
	  "frame pointer is read only" },
	{ "bad-opcode", WORDS(MOV0, I(0xff, 0, 0, 0, 0), EXIT), 0, -EINVAL, "unknown opcode ff" },
	{ "div0-imm", WORDS(MOV0, I(0x37, 0, 0, 0, 0), EXIT), 0, -EINVAL, "div by zero" },
	{ "div-imm0-jit", WORDS(MOV0, I(0x94, 0, 0, 0, 0), EXIT), 0, -EINVAL, "div by zero" },
	{ "div0-imm, allowed", WORDS(MOV0, I(0x37, 0, 0, 0, 0), EXIT), ISA_CHECK_ANY_VALUE, 0, "" },
	{ "shift64-imm", WORDS(MOV0, I(0x67, 0, 0, 0, 64), EXIT), 0, -EINVAL, "invalid shift 64" },
	{ "shift32-imm", WORDS(MOV0, I(0x64, 0, 0, 0, 32), EXIT), 0, -EINVAL, "invalid shift 32" },
	{ "endian-24", WORDS(MOV0, I(0xdc, 0, 0, 0, 24), EXIT), 0, -EINVAL,
	  "BPF_END uses reserved fields" },
	{ "neg-src-bit", WORDS(MOV0, I(0x8f, 0, 0, 0, 0), EXIT), 0, -EINVAL, "unknown opcode 8f" },
	{ "call-imm-wrap", WORDS(MOV0, I(0x85, 0, 1, 0, INT32_MIN), EXIT), 0, -EINVAL,
	  "call to invalid destination" },
	{ "jump-int16-min", WORDS(MOV0, I(0x15, 0, 0, INT16_MIN, 0), EXIT), 0, -EINVAL,
	  "jump out of range from insn 1 to -32766" },
	{ "callx-reg", WORDS(MOV0, I(0x8d, 1, 0, 0, 0), EXIT), 0, -EINVAL, "unknown opcode 8d" },
	{ "callx-reg, allowed", WORDS(MOV0, I(0x8d, 1, 0, 0, 0), EXIT), ISA_CHECK_ANY_OP, 0, "" },
	{ "gotox", WORDS(MOV0, I(0x0d, 1, 0, 0, 0), EXIT), 0, -EINVAL, "unknown opcode 0d" },
	{ "gotox, allowed", WORDS(MOV0, I(0x0d, 1, 0, 0, 0), EXIT), ISA_CHECK_ANY_OP, 0, "" },
	{ "xchg-no-fetch", WORDS(MOV0, I(0xdb, 10, 0, -8, 0xe0), EXIT), 0, -EINVAL,
	  "BPF_ATOMIC uses invalid atomic opcode e0" },
	{ "atomic-u16", WORDS(MOV0, I(0xcb, 10, 0, -8, 0), EXIT), 0, -EINVAL,
	  "invalid atomic operand size" },
	{ "call", WORDS(I(0x85, 0, 1, 0, 1), EXIT, MOV0, EXIT), 0, 0, "" },
	{ "jump from one function into another",
	  WORDS(I(0x85, 0, 1, 0, 2), I(0x05, 0, 0, 1, 0), EXIT, MOV0, EXIT), 0, -EINVAL,
	  "jump out of range from insn 1 to 3" },
	{ "function that runs into the next",
	  WORDS(I(0x85, 0, 1, 0, 0), MOV0, EXIT), 0, -EINVAL, "last insn is not an exit or jmp" },
	{ "function address beyond the end",
	  WORDS(I(0x18, 0, 4, 0, 7), I(0, 0, 0, 0, 0), EXIT), 0, -EINVAL,
	  "call to invalid destination" },
	{ "call into an lddw",
	  WORDS(I(0x85, 0, 1, 0, 2), EXIT, I(0x18, 0, 0, 0, 7), I(0, 0, 0, 0, 0), EXIT), 0,
	  -EINVAL, "last insn is not an exit or jmp" },
	{ "fp write, left to the walk", WORDS(I(0xb7, 10, 0, 0, 1), MOV0, EXIT),
	  ISA_CHECK_ANY_WRITE, 0, "" },
	{ "reserved field, left to the walk", WORDS(MOV0, I(0x07, 0, 0, 1, 1), EXIT),
	  ISA_CHECK_ANY_FIELD, 0, "" },
	{ "atomic of no kind, left to the walk", WORDS(MOV0, I(0xdb, 10, 0, -8, 0x33), EXIT),
	  ISA_CHECK_ANY_FIELD, 0, "" },
	{ "reserved field of a load", WORDS(MOV0, I(0x79, 0, 10, -8, 1), EXIT),
	  ISA_CHECK_ANY_FIELD, -EINVAL, "BPF_LDX uses reserved fields" },
	{ "no register behind a reserved field", WORDS(MOV0, I(0x07, 12, 0, 1, 1), EXIT),
	  ISA_CHECK_ANY_FIELD, -EINVAL, "BPF_ALU uses reserved fields" },
	{ "map fd with an upper half",
	  WORDS(I(0x18, 0, 1, 0, 7), I(0, 0, 0, 0, 1), EXIT), 0, -EINVAL,
	  "unrecognized bpf_ld_imm64 insn" },
};

static void test_oom(void)
{
	const struct row *row = &rows[0];
	struct isa_reason reason;
	u32 nth, failed = 0;

	for (nth = 1; nth <= 3; nth++) {
		mem_fail_nth(nth);
		failed += isa_check(row->insns, (u32)row->cnt, 0, &reason) == -ENOMEM;
	}
	mem_fail_nth(0);
	tap_eq(failed, 3, "each allocation may fail");
}

int main(void)
{
	u32 n;

	for (n = 0; n < ARRAY_SIZE(rows); n++) {
		struct isa_reason reason = { 0 };
		int err = isa_check(rows[n].insns, (u32)rows[n].cnt, rows[n].flags, &reason);

		if (tap_eq(err, rows[n].err, "%s", rows[n].name) && err)
			tap_str(reason.text, rows[n].reason, "%s: its reason", rows[n].name);
	}
	test_oom();
	return tap_done();
}
