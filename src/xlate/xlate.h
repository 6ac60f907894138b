/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a proven program to one that runs (convert_ctx_accesses, do_misc_fixups and the passes
 * around them): context accesses become plain loads and stores of the internal struct, what nothing
 * reaches goes, pointer arithmetic gets its masks. A pure function of program and facts.
 *
 * Register r11 is the rewriter's own; programs cannot name it. What is emitted for an instruction
 * keeps that instruction's index, so that lines, faults and samples still point to the source.
 */
#ifndef SKEP_XLATE_XLATE_H
#define SKEP_XLATE_XLATE_H

#include "base/types.h"
#include "prog/facts.h"
#include "prog/prog.h"

#define XLATE_REG_AX INSN_REG_AX

enum xlate_form {
	/*
	 * For our engines: divisions, may_goto, LD_ABS and bpf_loop keep their meaning there and
	 * stay as they are.
	 */
	XLATE_RUN,
	/* As Linux 6.18 on x86-64 shows it: those are spelled out, contexts stay as written. */
	XLATE_DUMP,
};

struct xlate_opts {
	enum xlate_form form;
	bool keep_dead; /* unprivileged: what nothing reaches becomes a jump onto itself */
	/*
	 * XLATE_RUN: constants do not stand in the code as the program gave them. Calls stay calls:
	 * sizes of maps and values would be such constants.
	 */
	bool blind;
	bool no_inline; /* XLATE_RUN: calls stay calls, to be compared with */
	u64 seed;	/* of blinding */
};

struct xlated {
	struct insn *insns;
	u32 *orig_idx; /* of each */
	u8 *marks;     /* enum xlate_mark */
	u32 insn_cnt;
};

/*
 * 0, -ENOMEM, -ERANGE when a jump became too far for its 16 bits, -EFAULT when @facts do not fit
 * @prog. The caller frees *@ret with xlate_fini, which works on a zeroed struct too.
 */
int xlate(const struct prog *prog, const struct facts *facts, const struct xlate_opts *opts,
	  struct xlated *ret) must_check;
void xlate_fini(struct xlated *x);

#endif
