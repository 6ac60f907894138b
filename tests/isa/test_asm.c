/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the assembler reads, dialect by dialect: each row's bytes are what GNU's bpf-as, llvm-mc
 * or bpf_conformance's assembler give for the same line (or the RFC's tables, where none does).
 */
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "isa/asm.h"
#include "tests/tap.h"

struct row {
	const char *text;
	const char *bytes; /* code dst src off imm per instruction */
};

static const struct row rows[] = {
	/* the kernel's, and GNU's pseudo-C */
	{ "r1 += 5", "07 1 0 0 5" },
	{ "  12: (07) r1 += 5   ; R1=5", "07 1 0 0 5" },
	{ "w1 += w2", "0c 1 2 0 0" },
	{ "r1 s>>= 3", "c7 1 0 0 3" },
	{ "r1 s/= r2", "3f 1 2 1 0" },
	{ "w1 s%= -2", "94 1 0 1 -2" },
	{ "r1 = (s8)r2", "bf 1 2 8 0" },
	{ "w1 = (s16)w2", "bc 1 2 16 0" },
	{ "r1 = -r1", "87 1 0 0 0" },
	{ "r1 = -1", "b7 1 0 0 -1" },
	{ "w1 = 0xffffffff", "b4 1 0 0 -1" },
	{ "r1 = be16 r1", "dc 1 0 0 16" },
	{ "r1 = bswap32 r1", "d7 1 0 0 32" },
	{ "r1 = *(u32 *)(r2 +8)", "61 1 2 8 0" },
	{ "r1 = *(s16 *)(r2 - 0x8)", "89 1 2 -8 0" },
	{ "*(u64 *)(r10 -8) = r1", "7b 10 1 -8 0" },
	{ "*(uint8_t *) (%fp + 4) = 7", "72 10 0 4 7" },
	{ "if r1 s<= 0x5 goto pc-2", "d5 1 0 -2 5" },
	{ "if w1 & w2 goto +0x3 <prog+0x20>", "4e 1 2 3 0" },
	{ "goto pc+3", "05 0 0 3 0" },
	{ "gotol pc-70000", "06 0 0 0 -70000" },
	{ "may_goto pc+2", "e5 0 0 2 0" },
	{ "gotox r3", "0d 3 0 0 0" },
	{ "call bpf_map_lookup_elem#1", "85 0 0 0 1" },
	{ "call bpf_map_lookup_elem", "85 0 0 0 1" },
	{ "call unknown#-5", "85 0 0 0 -5" },
	{ "call pc+5", "85 0 1 0 5" },
	{ "call kernel-function#77 ; !off=2", "85 0 2 2 77" },
	{ "(18) r1 = 0x5 ; !src=1", "18 1 1 0 5|00 0 0 0 0" },
	{ "r1 = 0x1122334455667788 ll", "18 1 0 0 1432778632|00 0 0 0 287454020" },
	{ "lock *(u32 *)(r1 +8) ^= r2", "c3 1 2 8 160" },
	{ "r2 = atomic64_fetch_add((u64 *)(r1 +8), r2)", "db 1 2 8 1" },
	{ "r0 = atomic_cmpxchg((u32 *)(r1 -4), r0, r2)", "c3 1 2 -4 241" },
	{ "r1 = load_acquire((u8 *)(r2 +8))", "d3 1 2 8 256" },
	{ "store_release((u64 *)(r1 +8), r2)", "db 1 2 8 272" },
	{ "r1 = addr_space_cast(r2, 0x0, 0x1)", "bf 1 2 1 1" },
	{ "r0 = *(u16 *)skb[12]", "28 0 0 0 12" },
	{ "r0 = *(u8 *)skb[r3 + -4]", "50 0 3 0 -4" },
	{ "(8f) BUG_8f ; !dst=1 imm=3", "8f 1 0 0 3" },
	/* llvm-objdump's listings */
	{ "prog.o:\tfile format elf64-bpf\n\nDisassembly of section xdp:\n\n"
	  "0000000000000000 <prog>:\n"
	  "       0:\tb7 00 00 00 02 00 00 00\tr0 = 0x2\n"
	  "       1:\t18 01 00 00 05 00 00 00 00 00 00 00 00 00 00 00\tr1 = 0x5 ll\n"
	  "       3:\t95 00 00 00 00 00 00 00\texit\n",
	  "b7 0 0 0 2|18 1 0 0 5|00 0 0 0 0|95 0 0 0 0" },
	{ "r2 = xchg_64(r1 + 0x8, r2)", "db 1 2 8 225" },
	{ "w0 = cmpxchg32_32(r1 - 0x4, w0, w2)", "c3 1 2 -4 241" },
	{ "ld_pseudo\tr1, 0x2, 0xfffffffb", "18 1 2 0 -5|00 0 0 0 0" },
	{ "call 0x5", "85 0 0 0 5" },
	/* uBPF's and bpf_conformance's */
	{ "mov32 r0, 1", "b4 0 0 0 1" },
	{ "mov32 r1, 0x876543210", "b4 1 0 0 1985229328" },
	{ "jne32 r1, 0x1ffffffff, +1", "56 1 0 1 -1" },
	{ "mov %r0, -1", "b7 0 0 0 -1" },
	{ "add64 r1, r2", "0f 1 2 0 0" },
	{ "sdiv32 r1, -1", "34 1 0 1 -1" },
	{ "neg32 r3", "84 3 0 0 0" },
	{ "le32 r1", "d4 1 0 0 32" },
	{ "swap64 r1", "d7 1 0 0 64" },
	{ "movsx832 r1, r2", "bc 1 2 8 0" },
	{ "movsx3264 r1, r2", "bf 1 2 32 0" },
	{ "lddw r0, 0x123456789abcdef0", "18 0 0 0 -1698898192|00 0 0 0 305419896" },
	{ "ldxdw r2, [r1+0]", "79 2 1 0 0" },
	{ "ldxb r2, [r1-1]", "71 2 1 -1 0" },
	{ "ldxsh r2, [r1]", "89 2 1 0 0" },
	{ "stw [r10-4], 0xCCBBAA99", "62 10 0 -4 -860116327" },
	{ "stxb [r1+2], r3", "73 1 3 2 0" },
	{ "jeq r1, 0x10, +4", "15 1 0 4 16" },
	{ "jsgt32 r1, r2, -3", "6e 1 2 -3 0" },
	{ "ja +1", "05 0 0 1 0" },
	{ "lock add [r10-8], r1", "db 10 1 -8 0" },
	{ "lock fetch add32 [r10-8], r1", "c3 10 1 -8 1" },
	{ "lock fetch_or [r10-8], r1", "db 10 1 -8 65" },
	{ "lock cmpxchg32 [r10-8], r1", "c3 10 1 -8 241" },
	{ "call helper 5", "85 0 0 0 5" },
	{ "call runtime 6", "85 0 2 0 6" },
	{ "callx r3", "8d 3 0 0 0" },
	{ "call %r3", "8d 3 0 0 0" },
	{ "mov r0, 0\njne r0, 1, exit\nmov r0, 2\nexit\nexit",
	  "b7 0 0 0 0|55 0 0 1 1|b7 0 0 0 2|95 0 0 0 0|95 0 0 0 0" },
	{ "call local f\nexit\nf:\nexit # comment", "85 0 1 0 1|95 0 0 0 0|95 0 0 0 0" },
	{ "again: ja again", "05 0 0 -1 0" },
	/* GNU's normal syntax */
	{ "add %r1,%r2", "0f 1 2 0 0" },
	{ "movs %r1,%r2,8", "bf 1 2 8 0" },
	{ "movs32 %r1,%r2,16", "bc 1 2 16 0" },
	{ "endbe %r1,64", "dc 1 0 0 64" },
	{ "bswap %r1,32", "d7 1 0 0 32" },
	{ "ldxdw %r1,[%r2+-8]", "79 1 2 -8 0" },
	{ "stdw [%r1+8],5", "7a 1 0 8 5" },
	{ "xaddw [%r1+8],%r2", "c3 1 2 8 0" },
	{ "afadd32 [%r1+8],%r2", "c3 1 2 8 1" },
	{ "acmp [%r1+8],%r2", "db 1 2 8 241" },
	{ "ldabsw 5", "20 0 0 0 5" },
	{ "ldindb %r1,5", "50 0 1 0 5" },
	{ "jal -2", "06 0 0 0 -2" },
	{ "/* two\nlines */ exit // end", "95 0 0 0 0" },
	{ "", "" },
	{ " ; only a comment", "" },
};

struct bad_row {
	const char *text;
	u32 line, col;
	const char *what;
};

static const struct bad_row bad_rows[] = {
	{ "r1 +=", 1, 6, "expected a register or a number, but the line ends" },
	{ "r1 += foo", 1, 7, "expected a register or a number, not 'foo'" },
	{ "exit\n  frob r1, r2", 2, 3, "expected an instruction, not 'frob'" },
	{ "r1 = 5 6", 1, 8, "expected the end of the line, not '6'" },
	{ "r16 = 5", 1, 1, "expected an instruction, not 'r16'" },
	{ "r1 += 0x100000000", 1, 7, "the number must fit in 32 bits" },
	{ "mov r1, 0x876543210", 1, 9, "the number must fit in 32 bits" },
	{ "r1 = *(u32 *)(r2 +40000)", 1, 18, "the number must be in -32768..32767" },
	{ "r1 = *(u33 *)(r2 +4)", 1, 8,
	  "expected a size: u8, u16, u32, u64, s8, s16 or s32, not 'u33'" },
	{ "goto nowhere", 1, 6, "there is no label 'nowhere'" },
	{ "a: exit\n a: exit", 2, 2, "label 'a' stands on line 1 too" },
	{ "(07) r1 -= 5", 1, 6, "the instruction's opcode is 17, not 07" },
	{ "exit ; !foo=1", 1, 9,
	  "expected a field of a mark: dst, src, off, imm, code2, …, not 'foo=1'" },
	{ "exit ; !code2=1", 1, 14, "only an lddw has a second word" },
	{ "exit ; !dst=16", 1, 13, "the number must be in 0..15" },
	{ "r1 = -r2", 1, 9, "both registers must be the same" },
	{ "if r1 = 5 goto pc+1", 1, 7,
	  "expected a comparison: == != > >= < <= s> s>= s< s<= &, not '='" },
	{ "lddw r1, 0x11111111111111111", 1, 10, "the number does not fit in 64 bits" },
	{ "goto pc+40000", 1, 14, "the target is 40000 away: more than 16 bits hold" },
	{ "lock add16 [r1], r2", 1, 6, "there is no such atomic operation" },
	{ "r1 = 12ab", 1, 8, "expected the end of the number, not 'ab'" },
};

static void add_words(struct str *out, const struct insn *insns, u32 cnt)
{
	u32 n;

	for (n = 0; n < cnt; n++)
		str_addf(out, "%s%02x %u %u %d %d", n ? "|" : "", insns[n].code, insns[n].dst,
			 insns[n].src, insns[n].off, insns[n].imm);
}

static void test_rows(void)
{
	u32 n;

	for (n = 0; n < ARRAY_SIZE(rows); n++) {
		struct isa_asm_error error;
		struct insn *insns = NULL;
		struct str got = STR_INIT;
		u32 cnt = 0;
		int err = isa_asm(rows[n].text, &insns, &cnt, &error);

		if (err)
			str_addf(&got, "%d %u:%u %s", err, error.line, error.col, error.text);
		else
			add_words(&got, insns, cnt);
		tap_str(str_c(&got), rows[n].bytes, "row %u", n);
		str_fini(&got);
		mem_free(insns);
	}
}

static void test_bad_rows(void)
{
	u32 n;

	for (n = 0; n < ARRAY_SIZE(bad_rows); n++) {
		struct isa_asm_error error;
		struct insn *insns = NULL;
		u32 cnt = 0;
		int err = isa_asm(bad_rows[n].text, &insns, &cnt, &error);

		tap_ok(err == -EINVAL && error.line == bad_rows[n].line &&
			       error.col == bad_rows[n].col,
		       "bad row %u: at %u:%u", n, error.line, error.col);
		tap_str(error.text, bad_rows[n].what, "bad row %u: its text", n);
		mem_free(insns);
	}
}

static void test_oom(void)
{
	struct isa_asm_error error;
	struct insn *insns;
	u32 cnt, nth;
	int err = -ENOMEM;

	for (nth = 1; nth < 20 && err == -ENOMEM; nth++) {
		insns = NULL;
		mem_fail_nth(nth);
		err = isa_asm("a: r0 = 0\ngoto a", &insns, &cnt, &error);
		mem_fail_nth(0);
		mem_free(insns);
	}
	tap_ok(!err && nth == 6, "each of four allocations may fail");
}

int main(void)
{
	test_rows();
	test_bad_rows();
	test_oom();
	return tap_done();
}
