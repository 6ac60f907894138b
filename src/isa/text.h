/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disassembler. Two styles:
 *  - kernel: the text of the verifier's log (print_bpf_insn), "(07) r1 += 5". Where that text
 *    loses bits (reserved fields that are not zero, kinds of lddw, words that are no
 *    instruction) a mark follows, which isa_asm reads back: "(18) r1 = 0x3 ; !src=1".
 *    Bytes -> text -> bytes is exact.
 *  - llvm: what llvm-objdump 19 prints, with its ambiguities (one `call` for three kinds); where
 *    it prints "<unknown>" or the wrong operation for an instruction that exists, the text that
 *    later versions print.
 */
#ifndef SKEP_ISA_TEXT_H
#define SKEP_ISA_TEXT_H

#include "base/str.h"
#include "base/types.h"
#include "isa/insn.h"
#include "isa/isa.h"

enum isa_style { ISA_STYLE_KERNEL, ISA_STYLE_LLVM };

struct isa_text_opts {
	enum isa_style style;
	bool no_marks; /* kernel style: exactly the kernel's text */
	/* llvm style: appends " <symbol+0x…>" for the instruction at @idx, or nothing; or NULL. */
	void (*target)(void *cookie, struct str *out, s64 idx);
	void *cookie;
};

/*
 * Appends the text of the instruction at @insns[@idx] without its index and without a newline.
 * Returns the number of words it took: 2 for an lddw that is whole, else 1.
 */
u32 isa_text_insn(struct str *out, const struct insn *insns, u32 insn_cnt, u32 idx,
		  const struct isa_text_opts *opts);

/* Lines "IDX: TEXT\n" of the whole program, as in the verifier's log. */
void isa_text_program(struct str *out, const struct insn *insns, u32 insn_cnt,
		      const struct isa_text_opts *opts);

#endif
