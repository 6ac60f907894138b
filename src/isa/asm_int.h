/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the files of the assembler. A statement is read by a cursor over one line into at most
 * two words and one reference to a label; every reader returns false after it has set the error,
 * and the first error stays.
 */
#ifndef SKEP_ISA_ASM_INT_H
#define SKEP_ISA_ASM_INT_H

#include "base/types.h"
#include "isa/asm.h"
#include "isa/isa.h"

struct asm_name {
	const char *text; /* into the source */
	size_t len;
	u32 line, col;
};

struct asm_line {
	const char *start, *at, *end; /* end: of the line, or of what stands before a comment */
	u32 number;
	s32 hint; /* opcode byte in parentheses before the statement, -1 without */
	struct insn words[2];
	u32 word_cnt;
	struct asm_name target; /* len 0: none; goes to off, or to imm for gotol and calls */
	struct isa_asm_error *error;
	bool failed;
};

struct asm_reg {
	u32 num;
	bool half; /* w0, not r0 */
};

struct asm_address {
	u32 reg;
	s16 off;
};

/* asm_lex.c */
bool asm_fail(struct asm_line *l, const char *expected);
bool asm_fail_at(struct asm_line *l, const char *at, const char *fmt, ...) printf_like(3, 4);
void asm_skip_blanks(struct asm_line *l);
bool asm_at_end(struct asm_line *l);
/* Takes @text when it stands next (after blanks); a word must end there. */
bool asm_take(struct asm_line *l, const char *text);
bool asm_expect(struct asm_line *l, const char *text);
/* A name: letters, digits, '_', '.', '$', not starting with a digit. Length 0: none there. */
struct asm_name asm_take_name(struct asm_line *l);
bool asm_take_reg(struct asm_line *l, struct asm_reg *ret);
bool asm_expect_reg(struct asm_line *l, u32 *ret_num);
bool asm_is_number_next(struct asm_line *l);
/* A number with a sign; the magnitude may need all 64 bits. */
bool asm_expect_number(struct asm_line *l, bool *ret_negative, u64 *ret_magnitude);
/* In [min, max], or fails with @what. */
bool asm_expect_in(struct asm_line *l, s64 min, s64 max, s64 *ret_value);
/* 32 bits, signed or unsigned. */
bool asm_expect_imm32(struct asm_line *l, s32 *ret_value);
/* The low half of a number, for an operation that looks at no more ("mov32 r1, 0x876543210"). */
bool asm_expect_low32(struct asm_line *l, s32 *ret_value);
/* An offset or a label, with what llvm-objdump prints behind it. */
bool asm_expect_target(struct asm_line *l, s64 *ret_off);

/* asm_stmt.c: pseudo-C; false with nothing failed and nothing taken: not one of its statements */
bool asm_pseudoc(struct asm_line *l);
/* asm_mnemonic.c: everything else */
bool asm_mnemonic(struct asm_line *l);
bool asm_call(struct asm_line *l);

/* The row of @family with this width, form and operator text (NULL: any); ISA_INVALID: none. */
enum isa_op asm_find(enum isa_family family, u32 width_bits, enum isa_form form,
		     const char *text);
/* Starts the statement's only instruction. */
struct insn *asm_emit(struct asm_line *l, enum isa_op op);
/* Puts a jump's distance where the operation has it. */
bool asm_set_target(struct asm_line *l, enum isa_op op, s64 off);
bool asm_emit_lddw(struct asm_line *l, u32 dst, u64 value);

#endif
