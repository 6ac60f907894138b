/* SPDX-License-Identifier: BSD-2-Clause */
/* States as the kernel's log prints them (print_verifier_state, print_insn_state). */
#ifndef SKEP_VERIFY_STATE_PRINT_H
#define SKEP_VERIFY_STATE_PRINT_H

#include "verify/state/env.h"

/*
 * "R0=… R10=fp0 fp-8=…" of frame @frameno; all registers or only what changed since the last
 * print.
 */
void print_state(struct env *env, const struct vstate *st, u32 frameno, bool all);
/* "; R1=…" at column 40 behind the instruction just printed. */
void print_insn_state(struct env *env, const struct vstate *st, u32 frameno);
/* "4: (18) r1 = …" and the source line before it when it is another than before. */
void print_insn(struct env *env, u32 insn_idx);
/* Appends "(18) r1 = …" alone. */
void print_insn_text(const struct env *env, u32 insn_idx, struct str *out);
void print_linfo(struct env *env, u32 insn_idx, const char *prefix);
/* The register alone, into the reject record: "R1=scalar(umax=100)". */
void print_reg_text(struct env *env, const struct reg *reg, char *buf, size_t size_bytes);
/* Marks what the next print_insn_state shows (mark_reg_scratched, mark_stack_slot_scratched). */
static inline void print_scratch_reg(struct env *env, u32 regno)
{
	env->scratched_regs |= 1u << regno;
}
static inline void print_scratch_slot(struct env *env, u32 spi)
{
	env->scratched_slots |= 1ull << spi;
}

#endif
