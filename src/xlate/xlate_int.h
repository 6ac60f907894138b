/* SPDX-License-Identifier: BSD-2-Clause */
/* What the rewriter's files share: the program under construction. Private to xlate/. */
#ifndef SKEP_XLATE_XLATE_INT_H
#define SKEP_XLATE_XLATE_INT_H

#include "base/rand.h"
#include "isa/isa.h"
#include "xlate/xlate.h"

#define XL_NO_TARGET UINT32_MAX

struct xl {
	const struct prog *prog;
	const struct facts *facts;
	const struct xlate_opts *opts;
	struct xlated out;
	u32 cap;
	/* Of each emitted instruction: where it goes, as an index of the original; or none. */
	u32 *target;
	u32 *start; /* where the code of each original instruction begins; [insn_cnt]: the end */
	u32 *kept; /* the first original instruction from here on that is not removed */
	u32 *alive; /* the first that anything reaches */
	u32 idx;  /* original instruction being rewritten */
	u8 marks; /* for the next that is emitted */
	u64 rand[4]; /* of blinding */
	int err;  /* the first; emitting goes on without effect */
};

/* Operand pair of xl_op: register numbers. */
#define XL_REGS(dst, src) ((u32)(dst) | (u32)(src) << 4)

/* Appends @insn. @target: original index that its jump field shall lead to, or XL_NO_TARGET. */
void xl_emit(struct xl *x, struct insn insn, u32 target);
/* Appends operation @op with its register fields, @off and @imm; relative jumps stay relative. */
void xl_op(struct xl *x, enum isa_op op, u32 regs, s16 off, s32 imm);
/* The current instruction as it is, jump target included; two words of an lddw. */
void xl_copy(struct xl *x);

/* The same, but constants are blinded (bpf_jit_blind_insn). */
void xl_emit_blinded(struct xl *x, struct insn insn, u32 target);
void xl_lddw_blinded(struct xl *x, const struct insn *insn);

/* Rewrites a load or store of the context. -EFAULT when no field is there: facts are wrong. */
int xl_ctx(struct xl *x, enum isa_op op) must_check;
/* Pointer arithmetic under speculation (alu_state). */
void xl_alu_masked(struct xl *x, enum isa_op op);
/* A call of a helper: what stands in its place. False: nothing, copy it. */
bool xl_call(struct xl *x);
/* XLATE_DUMP: what the kernel makes of divisions and may_goto. False: nothing, copy it. */
bool xl_div(struct xl *x, enum isa_op op);

#endif
