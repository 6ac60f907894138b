/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conditional jumps: which way they go, or both, and what each way learns (check_cond_jmp_op,
 * reg_set_min_max of Linux 6.18); may_goto.
 *
 * A jump that is decided makes what decided it precise. The state that jumps is pushed, the
 * current one falls through. Scalars linked to those compared go into the history before the
 * branch is pushed, so that both paths share the entry.
 */
#include "verify/mem/mem.h"
#include "verify/past/past.h"
#include "verify/state/print.h"
#include "verify/step/step_int.h"

/* The stem of an operation's function in isa/sem.h → the comparison. */
enum {
	CMP_OF_jeq = SCALAR_JEQ,
	CMP_OF_jne = SCALAR_JNE,
	CMP_OF_jset = SCALAR_JSET,
	CMP_OF_jgt = SCALAR_JGT,
	CMP_OF_jge = SCALAR_JGE,
	CMP_OF_jlt = SCALAR_JLT,
	CMP_OF_jle = SCALAR_JLE,
	CMP_OF_jsgt = SCALAR_JSGT,
	CMP_OF_jsge = SCALAR_JSGE,
	CMP_OF_jslt = SCALAR_JSLT,
	CMP_OF_jsle = SCALAR_JSLE,
};

static const u8 comparisons[ISA_OP_CNT] = {
#define ISA_JMP(id, code, fn, ...) [ISA_##id] = CMP_OF_##fn,
#include "isa/ops.def"
};

static u32 jump_target(const struct insn *insn, u32 idx)
{
	return (u32)((s64)idx + 1 + insn->off);
}

/*
 * Each time control comes here it either goes on (a budget is counted at run time) or leaves: both
 * are walked, and what differs from the last round is widened, so that the loop converges.
 */
static int may_goto(struct env *env, const struct insn *insn, u32 *insn_idx)
{
	struct vstate *prev = past_prev_entry(env, env->cur->parent, *insn_idx);
	struct vstate *queued;
	int err;

	queued = state_push_branch(env, *insn_idx + 1, *insn_idx, false, &err);
	if (!queued)
		return err;
	queued->may_goto_depth++;
	if (prev) {
		err = past_widen_imprecise(env, prev, queued);
		if (err)
			return err;
	}
	*insn_idx = jump_target(insn, *insn_idx) - 1;
	return 0;
}

/* The operands may be read and compared; *ret_src is the second one. */
static int operands(struct env *env, const struct jump *jump, struct reg **ret_src)
{
	const struct insn *insn = jump->insn;
	const struct reg *dst = env_reg(env, insn->dst);
	struct reg *src = &env->fake_reg[0];
	u32 flags = 0;
	int err = mem_check_src(env, insn->dst);

	if (err)
		return err;
	if (jump->is_reg) {
		err = mem_check_src(env, insn->src);
		if (err)
			return err;
		src = env_reg(env, insn->src);
		if (!(jump_is_packet(dst) && jump_is_packet(src)) && step_hides(env, src))
			return reject_reg(env, -EACCES, insn->src,
					  "R%d pointer comparison prohibited", insn->src);
		if (src->type == REG_STACK)
			flags |= HIST_SRC_STACK;
	} else {
		*src = (struct reg){ .type = REG_SCALAR };
		reg_mark_const(src, (u64)(s64)insn->imm);
	}
	if (dst->type == REG_STACK)
		flags |= HIST_DST_STACK;
	*ret_src = src;
	return flags ? past_push_hist(env, env->cur, flags, 0) : 0;
}

static int taken(const struct jump *jump, const struct reg *dst, const struct reg *src)
{
	if (dst->type != REG_SCALAR || src->type != REG_SCALAR)
		return jump_ptr_taken(jump, dst, src);
	return scalar_branch(jump->cmp, jump->is32, &dst->s, &src->s);
}

/* The other way is walked as speculation only. */
static int decided(struct env *env, const struct jump *jump, bool jumps, u32 *insn_idx)
{
	const struct insn *insn = jump->insn;
	int err = 0;

	if (env_reg(env, insn->dst)->type == REG_SCALAR)
		err = past_mark_precise(env, insn->dst);
	if (!err && jump->is_reg && env_reg(env, insn->src)->type == REG_SCALAR)
		err = past_mark_precise(env, insn->src);
	if (!err && !env->bypass_spec_v1)
		err = spectre_push(env, insn,
				   jumps ? *insn_idx + 1 : jump_target(insn, *insn_idx));
	if (err)
		return err;
	if (env->log.level & (VLOG_1 | VLOG_2))
		print_insn_state(env, env->cur, env->cur->curframe);
	if (jumps)
		*insn_idx = jump_target(insn, *insn_idx) - 1;
	return 0;
}

static int collect(struct env *env, const struct jump *jump, const struct reg *src,
		   struct linked_regs *set)
{
	const struct reg *dst = env_reg(env, jump->insn->dst);
	int err = 0;

	set->cnt = 0;
	if (jump->is_reg && src->type == REG_SCALAR && src->id)
		err = linked_collect(env, env->cur, src->id, set);
	if (!err && dst->type == REG_SCALAR && dst->id)
		err = linked_collect(env, env->cur, dst->id, set);
	if (!err && set->cnt > 1)
		err = past_push_hist(env, env->cur, HIST_LINKED_REGS, past_linked_pack(set));
	return err;
}

/* reg_set_min_max() */
static void refine(struct env *env, const struct jump *jump, struct vstate *other, struct reg *src)
{
	struct reg *dst = env_reg(env, jump->insn->dst), *there = state_frame(other)->regs;
	struct reg *true_dst = &there[jump->insn->dst], *true_src = &env->fake_reg[1];
	const bool is32 = jump->is32 && !step_bug(env, VERIFY_BUG_JMP32_AS_64);

	if (jump->is_reg)
		true_src = &there[jump->insn->src];
	else
		*true_src = *src;
	scalar_refine(scalar_cmp_negate(jump->cmp), is32, &dst->s, &src->s);
	scalar_refine(jump->cmp, is32, &true_dst->s, &true_src->s);
	step_sanity(env, true_dst, "true_reg1");
	step_sanity(env, true_src, "true_reg2");
	step_sanity(env, dst, "false_reg1");
	step_sanity(env, src, "false_reg2");
}

static int sync(struct env *env, struct vstate *st, u32 regno, const struct linked_regs *set)
{
	const struct reg *reg = &state_frame(st)->regs[regno];

	return reg->type == REG_SCALAR && reg->id ? linked_sync(env, st, reg, set) : 0;
}

static int learn(struct env *env, const struct jump *jump, struct vstate *other, struct reg *src,
		 const struct linked_regs *set)
{
	const struct insn *insn = jump->insn;
	int err = 0;

	if (env_reg(env, insn->dst)->type == REG_SCALAR && src->type == REG_SCALAR)
		refine(env, jump, other, src);
	if (!set->cnt)
		return 0;
	if (jump->is_reg) {
		err = sync(env, env->cur, insn->src, set);
		if (!err)
			err = sync(env, other, insn->src, set);
	}
	if (!err)
		err = sync(env, env->cur, insn->dst, set);
	if (!err)
		err = sync(env, other, insn->dst, set);
	return err;
}

int step_jump(struct env *env, const struct insn *insn, u32 *insn_idx)
{
	const struct isa_info *info = step_info(env);
	const struct jump jump = {
		.insn = insn,
		.cmp = (enum scalar_cmp)comparisons[env->flow->info[env->insn_idx].op],
		.is32 = info->width_bits == 32,
		.is_reg = info->form == ISA_FORM_X,
	};
	struct linked_regs set;
	struct vstate *other;
	struct reg *src = NULL;
	int err, way;

	if (info->family == ISA_FAMILY_MAY_GOTO)
		return may_goto(env, insn, insn_idx);
	err = operands(env, &jump, &src);
	if (err)
		return err;
	way = taken(&jump, env_reg(env, insn->dst), src);
	if (way >= 0)
		return decided(env, &jump, way, insn_idx);
	err = collect(env, &jump, src, &set);
	if (err)
		return err;
	other = state_push_branch(env, jump_target(insn, *insn_idx), *insn_idx, false, &err);
	if (!other)
		return env->nomem ? err : -EFAULT; /* too many: the kernel's errno */
	err = learn(env, &jump, other, src, &set);
	if (!err)
		err = jump_ptr_learn(env, &jump, other, src);
	if (!err && (env->log.level & (VLOG_1 | VLOG_2)))
		print_insn_state(env, env->cur, env->cur->curframe);
	return err;
}
