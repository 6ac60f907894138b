/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files that step over instructions share. */
#ifndef SKEP_VERIFY_STEP_STEP_INT_H
#define SKEP_VERIFY_STEP_STEP_INT_H

#include "verify/domain/scalar.h"
#include "verify/flow/flow.h"
#include "verify/state/env.h"
#include "verify/past/past.h"
#include "verify/step/step.h"

/* An arithmetic instruction taken apart. */
struct alu {
	const struct insn *insn;
	enum scalar_op op;
	bool is32;
	bool is_reg; /* second operand is a register */
};

static inline const struct isa_info *step_info(const struct env *env)
{
	return isa_info((enum isa_op)env->flow->info[env->insn_idx].op);
}

/* A test has put this bug back. */
static inline bool step_bug(const struct env *env, enum verify_bug bug)
{
	return unlikely(env->opts->bug == (u32)bug);
}

/* The register holds an address that this program must not learn (is_pointer_value). */
static inline bool step_hides(const struct env *env, const struct reg *reg)
{
	return !env->allow_ptr_leaks && reg->type != REG_SCALAR;
}

/* A scalar that is no longer what others with its id are. */
static inline void step_drop_id(struct reg *reg)
{
	reg->id = 0;
	reg->off = 0;
}

/* step_sanity() after all, for the register @what. */
void step_unbound(struct env *env, struct reg *reg, const char *what);
/*
 * A path that cannot be taken has bounds that contradict each other: nothing is known there
 * (reg_bounds_sanity_check).
 */
static inline void step_sanity(struct env *env, struct reg *reg, const char *what)
{
	if (unlikely(!scalar_sane(&reg->s)))
		step_unbound(env, reg, what);
}

/* Operator as the log spells it: "+=" (bpf_alu_string). */
const char *alu_text(enum scalar_op op);

/* dst = ptr op off, dst being one of the two (adjust_ptr_min_max_vals). */
int step_ptr_alu(struct env *env, const struct alu *alu, const struct reg *ptr,
		 const struct reg *off) must_check;

/* Masks of pointer arithmetic against speculation (sanitize_ptr_alu, sanitize_val_alu). */
struct spectre {
	u8 alu_state; /* enum fact_alu */
	u32 alu_limit;
	bool mask_to_left;
};
static inline bool spectre_needed(enum scalar_op op) /* sanitize_needed */
{
	return op == SCALAR_ADD || op == SCALAR_SUB;
}
bool spectre_skip(const struct env *env, const struct alu *alu); /* can_skip_alu_sanitation */
int spectre_scalar(struct env *env, const struct alu *alu) must_check;
/*
 * Before the pointer moves, @ptr and @off being the operands as they were, and after, @ptr being
 * the result. 0, or -errno after reject().
 */
int spectre_before(struct env *env, const struct alu *alu, struct spectre *info,
		   const struct reg *ptr, const struct reg *off) must_check;
int spectre_after(struct env *env, const struct alu *alu, struct spectre *info,
		  const struct reg *ptr) must_check;
/*
 * The path that a mispredicted jump would take; the registers that @jump compares are unknown
 * there, NULL: none (sanitize_speculative_path).
 */
int spectre_push(struct env *env, const struct insn *jump, u32 next_idx) must_check;

/* Scalars linked by their id. */
void linked_before_mov(struct env *env, struct reg *src); /* assign_scalar_id_before_mov */
/* Adds what @st has of @id to @set; what does not fit is unlinked (collect_linked_regs). */
int linked_collect(struct env *env, struct vstate *st, u32 id, struct linked_regs *set) must_check;
/* Those of @set with @known's id learn what is known of it (sync_linked_regs). */
int linked_sync(struct env *env, struct vstate *st, const struct reg *known,
		const struct linked_regs *set) must_check;
/*
 * After dst op= @src: how dst relates to the others now. @umax_was: dst's before. @src is not
 * looked at where both are one register.
 */
void linked_after_alu(struct env *env, const struct alu *alu, struct reg *dst, u64 umax_was,
		      const struct scalar *src);

/* Conditional jumps with pointers (jump_ptr.c). */
struct jump {
	const struct insn *insn;
	enum scalar_cmp cmp;
	bool is32;
	bool is_reg;
};
bool jump_is_packet(const struct reg *reg); /* reg_is_pkt_pointer_any */
/* 1, 0, or -1 for unknown (the pointer part of is_branch_taken). */
int jump_ptr_taken(const struct jump *jump, const struct reg *dst, const struct reg *src);
/*
 * What both branches learn of pointers: the current state falls through, @other jumps. 0, or
 * -EACCES after reject() when this is no comparison that the program may make.
 */
int jump_ptr_learn(struct env *env, const struct jump *jump, struct vstate *other,
		   const struct reg *src) must_check;

#endif
