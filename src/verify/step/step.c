/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walk over all paths (do_check, do_check_insn of Linux 6.18): one instruction after the other
 * on the current state; where a path ends well, the newest pending one is next.
 *
 * Invariants:
 *  1. Each instruction is counted once per processing, before anything else happens to it.
 *  2. A path ends at a state that past/ has proved, at the last exit, or, when it is speculative,
 *     at a barrier. An error on a speculative path that a barrier can keep from happening puts
 *     one before the instruction instead of rejecting the program.
 *  3. What an instruction does is decided by its family (isa/ops.def), never by its opcode.
 */
#include "isa/check.h"
#include "verify/call/call.h"
#include "verify/past/past.h"
#include "verify/state/print.h"
#include "verify/step/step_int.h"

#define LOG_PATHS (VLOG_1 | VLOG_2)

enum step {
	STEP_NEXT,  /* env->insn_idx is set */
	STEP_ENDED, /* the path has ended well */
};

typedef int (*step_fn)(struct env *env, const struct insn *insn, enum step *ret_step);

static int do_alu(struct env *env, const struct insn *insn, enum step *ret_step)
{
	int err = step_alu(env, insn);

	(void)ret_step;
	env->insn_idx++;
	return err;
}

static int do_load(struct env *env, const struct insn *insn, enum step *ret_step)
{
	int err = mem_load(env, insn, false, step_info(env)->family == ISA_FAMILY_LDSX, true);

	(void)ret_step;
	env->insn_idx++;
	return err;
}

static int do_store_reg(struct env *env, const struct insn *insn, enum step *ret_step)
{
	int err = mem_store_reg(env, insn, false);

	(void)ret_step;
	env->insn_idx++;
	return err;
}

static int do_store_imm(struct env *env, const struct insn *insn, enum step *ret_step)
{
	int err = mem_store_imm(env, insn);

	(void)ret_step;
	env->insn_idx++;
	return err;
}

static int do_atomic(struct env *env, const struct insn *insn, enum step *ret_step)
{
	int err = mem_atomic(env, insn);

	(void)ret_step;
	env->insn_idx++;
	return err;
}

static int do_ld_imm(struct env *env, const struct insn *insn, enum step *ret_step)
{
	int err = step_ld_imm(env, insn);

	(void)ret_step;
	env->insn_idx++;
	if (!env->cur->speculative)
		env->facts->insns[env->insn_idx].seen = env->pass;
	env->insn_idx++;
	return err;
}

static int do_ld_abs(struct env *env, const struct insn *insn, enum step *ret_step)
{
	bool moved = false;
	int err = step_ld_abs(env, insn, &moved);

	(void)ret_step;
	if (moved)
		live_stack_moved(env->flow);
	else
		env->insn_idx++;
	return err;
}

static int do_jump(struct env *env, const struct insn *insn, enum step *ret_step)
{
	u32 idx = env->insn_idx;
	int err;

	(void)ret_step;
	env->jmps_processed++;
	err = step_jump(env, insn, &idx);
	env->insn_idx = idx + 1;
	return err;
}

static int do_ja(struct env *env, const struct insn *insn, enum step *ret_step)
{
	const struct isa_info *info = step_info(env);

	(void)ret_step;
	env->jmps_processed++;
	env->insn_idx = (u32)((s64)env->insn_idx + 1 +
			      (info->imm == ISA_IMM_JUMP ? insn->imm : insn->off));
	return 0;
}

static int do_call(struct env *env, const struct insn *insn, enum step *ret_step)
{
	const u32 idx = env->insn_idx, frame = env->cur->curframe;
	const enum isa_op op = (enum isa_op)env->flow->info[idx].op;
	int err;

	(void)ret_step;
	env->jmps_processed++;
	if (op == ISA_CALL_SUBPROG)
		err = call_subprog(env, insn);
	else if (op == ISA_CALL_KFUNC)
		err = call_kfunc(env, insn);
	else
		err = call_helper(env, insn);
	if (err)
		return err;
	print_scratch_reg(env, 0);
	if (env->cur->curframe != frame)
		live_stack_moved(env->flow);
	else if (env->insn_idx == idx)
		env->insn_idx++;
	return 0;
}

static int do_exit(struct env *env, const struct insn *insn, enum step *ret_step)
{
	bool done = false;
	int err;

	(void)insn;
	env->jmps_processed++;
	err = call_exit(env, &done);
	if (!err && !done)
		live_stack_moved(env->flow);
	*ret_step = done ? STEP_ENDED : STEP_NEXT;
	return err;
}

static int do_unsupported(struct env *env, const struct insn *insn, enum step *ret_step)
{
	(void)insn;
	(void)ret_step;
	return reject(env, -EINVAL, "%s: not supported here", step_info(env)->text);
}

static const step_fn steps[] = {
	[ISA_FAMILY_INVALID] = do_unsupported,
	[ISA_FAMILY_ALU] = do_alu,
	[ISA_FAMILY_MOV] = do_alu,
	[ISA_FAMILY_CAST] = do_unsupported, /* arenas */
	[ISA_FAMILY_NEG] = do_alu,
	[ISA_FAMILY_END] = do_alu,
	[ISA_FAMILY_JMP] = do_jump,
	[ISA_FAMILY_JA] = do_ja,
	[ISA_FAMILY_MAY_GOTO] = do_jump,
	[ISA_FAMILY_GOTOX] = do_unsupported,
	[ISA_FAMILY_LDX] = do_load,
	[ISA_FAMILY_LDSX] = do_load,
	[ISA_FAMILY_ST] = do_store_imm,
	[ISA_FAMILY_STX] = do_store_reg,
	[ISA_FAMILY_ATOMIC] = do_atomic,
	[ISA_FAMILY_CMPXCHG] = do_atomic,
	[ISA_FAMILY_LOAD_ACQ] = do_atomic,
	[ISA_FAMILY_STORE_REL] = do_atomic,
	[ISA_FAMILY_LDDW] = do_ld_imm,
	[ISA_FAMILY_CALL] = do_call,
	[ISA_FAMILY_CALLX] = do_unsupported,
	[ISA_FAMILY_EXIT] = do_exit,
	[ISA_FAMILY_LDABS] = do_ld_abs,
	[ISA_FAMILY_LDIND] = do_ld_abs,
};

/* A barrier before the instruction keeps it from happening (error_recoverable_with_nospec). */
static bool recoverable(const struct env *env, int err)
{
	return !env->nomem && (err == -EPERM || err == -EACCES || err == -EINVAL);
}

/* Limits of the caller: how much, how long, and whether to go on at all. */
static int count(struct env *env)
{
	const u64 max = env->opts->insns_max;

	if (++env->stats->insns_processed > (max ? max : LIMIT_INSNS_PROCESSED))
		return reject(env, -E2BIG, "BPF program is too large. Processed %llu insn",
			      (unsigned long long)env->stats->insns_processed);
	return env_poll(env);
}

static const char *speculative_text(const struct env *env)
{
	return env->cur->speculative ? " (speculative execution)" : "";
}

/* "from 3 to 5: …" where another path was taken up; then the instruction. */
static void print_before(struct env *env, bool *from)
{
	if (*from && (env->log.level & VLOG_2)) {
		vlog_add(&env->log, "\nfrom %d to %u%s:", (s32)env->prev_insn_idx, env->insn_idx,
			 speculative_text(env));
		print_state(env, env->cur, env->cur->curframe, true);
		*from = false;
	}
	if (!(env->log.level & LOG_PATHS))
		return;
	if (env->scratched_regs || env->scratched_slots)
		print_insn_state(env, env->cur, env->cur->curframe);
	print_insn(env, env->insn_idx);
}

/* Kept states, history. *ret_step: STEP_ENDED when the current state is covered. */
static int arrive(struct env *env, bool from, enum step *ret_step)
{
	const struct verify_observer *observer = env->opts->observer;
	int err;

	env->cur->last_insn_idx = env->prev_insn_idx;
	env->cur->insn_idx = env->insn_idx;
	if (flow_has(env->flow, env->insn_idx, FLOW_PRUNE_POINT) &&
	    !(observer && observer->all_paths)) {
		err = past_state_visited(env, env->insn_idx);
		if (err < 0)
			return err;
		if (err) {
			if ((env->log.level & LOG_PATHS) && from)
				vlog_add(&env->log, "\nfrom %d to %u%s: safe\n",
					 (s32)env->prev_insn_idx, env->insn_idx,
					 speculative_text(env));
			else if (env->log.level & LOG_PATHS)
				vlog_add(&env->log, "%u: safe\n", env->insn_idx);
			*ret_step = STEP_ENDED;
			return 0;
		}
	}
	if (flow_has(env->flow, env->insn_idx, FLOW_JMP_POINT))
		return past_push_hist(env, env->cur, 0, 0);
	return 0;
}

/* What the encoding leaves to the walk; the same on every visit. */
static int check_fields(struct env *env)
{
	const u32 flags = ISA_CHECK_ANY_VALUE | ISA_CHECK_ANY_WRITE;
	struct insn_aux *aux = &env->aux[env->insn_idx];
	struct isa_reason reason;
	int err;

	/* Both words of an lddw hold an address by now. */
	if (aux->fields_ok || step_info(env)->family == ISA_FAMILY_LDDW)
		return 0;
	err = isa_check_insn(env_insn(env), flags, &reason);
	if (err)
		return reject(env, err, "%s", reason.text);
	aux->fields_ok = true;
	return 0;
}

/* The instruction itself with what surrounds it. */
static int carry_out(struct env *env, enum step *ret_step)
{
	const u32 idx = env->insn_idx;
	const struct verify_observer *observer = env->opts->observer;
	struct insn_facts *fact = env->fact;
	int err, live_err;

	if (env->cur->speculative && fact->nospec) {
		*ret_step = STEP_ENDED;
		return 0;
	}
	if (observer) {
		err = observer->visit(observer->cookie, idx, env->cur);
		if (err)
			return err;
	}
	err = live_stack_begin(env->flow, env->cur, idx);
	if (err)
		return err;
	err = check_fields(env);
	if (!err)
		err = steps[step_info(env)->family](env, &env->insns[idx], ret_step);
	if (!err || recoverable(env, err)) {
		live_err = live_stack_commit(env->flow);
		if (live_err)
			return live_err;
	}
	if (err && recoverable(env, err) && env->cur->speculative) {
		fact->nospec = true;
		fact->alu_state = 0;
		env_reject_forget(env);
		*ret_step = STEP_ENDED;
		return 0;
	}
	if (!err && env->cur->speculative && fact->nospec_result)
		*ret_step = STEP_ENDED;
	return err;
}

/* The path has ended; the newest pending one becomes current. -ENOENT: none. */
static int next_path(struct env *env)
{
	int err;

	env->scratched_regs = UINT32_MAX;
	env->scratched_slots = UINT64_MAX;
	err = live_stack_update(env->flow, env->cur);
	if (!err)
		err = past_path_ended(env, env->cur);
	if (!err)
		err = state_pop_branch(env, !(env->log.level & VLOG_2));
	if (!err)
		live_stack_moved(env->flow);
	return err;
}

int step_run(struct env *env)
{
	u32 frame, prev = UINT32_MAX;
	bool from = false;
	int err;

	for (;;) {
		enum step step = STEP_NEXT;
		u32 idx = env->insn_idx;

		env->prev_insn_idx = prev;

		if (idx >= env->insn_cnt)
			return env_bug(env, "invalid insn idx %u insn_cnt %u", idx, env->insn_cnt);
		env->fact = &env->facts->insns[idx];
		err = count(env);
		if (!err)
			err = arrive(env, from, &step);
		if (err)
			return err;
		if (step == STEP_NEXT) {
			print_before(env, &from);
			if (!env->cur->speculative)
				env->fact->seen = env->pass;
			prev = idx;
			frame = env->cur->curframe;
			err = carry_out(env, &step);
			if (err)
				return err;
			/* Another function: the log shows the whole state. */
			if (env->cur->curframe < frame)
				from = true;
		}
		if (step == STEP_NEXT)
			continue;
		err = next_path(env);
		if (err)
			return err == -ENOENT ? 0 : err;
		prev = env->prev_insn_idx;
		from = true;
	}
}
