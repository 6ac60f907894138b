/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One instruction backward: which registers and slots must have been precise before it so that
 * those asked for are precise behind it (backtrack_insn of kernel/bpf/verifier.c).
 *
 * One deliberate difference: an atomic that fetches writes a register (src, or r0 for cmpxchg)
 * from memory, as a load does. Linux 6.18 takes src for an input only, and prunes wrongly
 * (CVE-2026-43009).
 */
#include <assert.h>
#include <stdio.h>

#include "base/err.h"
#include "verify/state/print.h"
#include "verify/past/past_int.h"

#define ARG_REGS 0x3eu /* r1..r5 */

static bool has_reg(const struct backtrack *bt, u32 reg)
{
	return bt->regs[bt->frame] & 1u << reg;
}

static void set_reg(struct backtrack *bt, u32 reg)
{
	bt->regs[bt->frame] |= 1u << reg;
}

static void clear_reg(struct backtrack *bt, u32 reg)
{
	bt->regs[bt->frame] &= ~(1u << reg);
}

const char *past_regs_text(u32 mask, char buf[PAST_MASK_TEXT_BYTES])
{
	int n = 0;

	buf[0] = 0;
	for (u32 r = 0; r < INSN_REGS; r++)
		if (mask & 1u << r)
			n += snprintf(buf + n, PAST_MASK_TEXT_BYTES - (size_t)n, "%sr%u",
				      n ? "," : "", r);
	return buf;
}

const char *past_slots_text(u64 mask, char buf[PAST_MASK_TEXT_BYTES])
{
	int n = 0;

	buf[0] = 0;
	for (u32 spi = 0; spi < STACK_SLOTS_MAX; spi++)
		if (mask & 1ULL << spi)
			n += snprintf(buf + n, PAST_MASK_TEXT_BYTES - (size_t)n, "%s%d",
				      n ? "," : "", -(s32)(spi + 1) * STACK_SLOT_BYTES);
	return buf;
}

/* Linked registers got their range together: precision of one is precision of all. */
static void sync_linked(struct backtrack *bt, const struct hist_entry *hist)
{
	struct linked_regs regs;
	u32 asked = 0;

	past_linked_unpack(hist->linked_regs, &regs);
	for (u32 i = 0; i < regs.cnt; i++) {
		const struct linked_reg *e = &regs.entries[i];

		asked += (u32)((e->is_reg ? bt->regs[e->frameno] : bt->slots[e->frameno]) >>
				       e->spi & 1);
	}
	if (!asked || asked == regs.cnt)
		return;
	for (u32 i = 0; i < regs.cnt; i++) {
		const struct linked_reg *e = &regs.entries[i];

		if (e->is_reg)
			bt->regs[e->frameno] |= 1u << e->spi;
		else
			bt->slots[e->frameno] |= 1ULL << e->spi;
	}
}

static void log_step(struct env *env, u32 idx)
{
	const struct backtrack *bt = &env->past->bt;
	char regs[PAST_MASK_TEXT_BYTES], slots[PAST_MASK_TEXT_BYTES];

	str_reset(&env->text);
	print_insn_text(env, idx, &env->text);
	vlog_add(&env->log, "mark_precise: frame%u: regs=%s stack=%s before %u: %s\n", bt->frame,
		 past_regs_text(bt->regs[bt->frame], regs),
		 past_slots_text(bt->slots[bt->frame], slots), idx, str_c(&env->text));
}

static void back_alu(struct env *env, const struct insn *insn, const struct isa_info *info)
{
	struct backtrack *bt = &env->past->bt;
	const bool has_src = info->form == ISA_FORM_X && insn->src != INSN_REG_FP &&
			     env->opts->bug != VERIFY_BUG_PRECISE_SRC;

	assert(has_reg(bt, insn->dst)); /* QUICK_OF_ALU and the like */
	if (info->family == ISA_FAMILY_MOV || info->family == ISA_FAMILY_CAST)
		clear_reg(bt, insn->dst);
	if (has_src)
		set_reg(bt, insn->src);
}

/* @reg came from memory: if that was a slot of the stack, the slot is asked for instead. */
static void back_load(struct backtrack *bt, u32 reg, const struct hist_entry *hist)
{
	assert(has_reg(bt, reg)); /* QUICK_OF_LDX and the like */
	clear_reg(bt, reg);
	if (hist && hist->flags & HIST_STACK_ACCESS)
		bt->slots[hist->frameno] |= 1ULL << hist->spi;
}

static int back_store(struct backtrack *bt, const struct insn *insn, bool from_reg,
		      const struct hist_entry *hist)
{
	/* A scalar is no address: this was a subtraction of pointers. */
	if (has_reg(bt, insn->dst))
		return -ENOTSUPP;
	if (!hist || !(hist->flags & HIST_STACK_ACCESS) ||
	    !(bt->slots[hist->frameno] & 1ULL << hist->spi))
		return 0;
	bt->slots[hist->frameno] &= ~(1ULL << hist->spi);
	if (from_reg)
		set_reg(bt, insn->src);
	return 0;
}

/*
 * Memory and, with fetch, a register are written. What is left in memory is some number to
 * pruning, so the slot is asked for again only where the fetched value is.
 */
static int back_atomic(struct backtrack *bt, const struct insn *insn,
		       const struct isa_info *info, const struct hist_entry *hist)
{
	const u32 fetched = info->family == ISA_FAMILY_CMPXCHG ? 0 : insn->src;
	const bool fetches = info->family == ISA_FAMILY_CMPXCHG || info->src & ISA_REG_W;
	const bool wanted = fetches && has_reg(bt, fetched);
	int err;

	if (wanted)
		clear_reg(bt, fetched);
	err = back_store(bt, insn, true, hist);
	if (!err && wanted && hist && hist->flags & HIST_STACK_ACCESS)
		bt->slots[hist->frameno] |= 1ULL << hist->spi;
	return err;
}

static int leave_callee(struct env *env, struct backtrack *bt)
{
	if (!bt->frame)
		return env_bug(env, "subprog exit from frame 0");
	bt->frame--;
	return 0;
}

static int enter_callee(struct env *env, struct backtrack *bt)
{
	if (bt->frame + 1 >= LIMIT_FRAMES)
		return env_bug(env, "subprog enter to frame %u", bt->frame + 1);
	bt->frame++;
	return 0;
}

static int back_subprog(struct env *env, struct backtrack *bt, s32 idx)
{
	const s64 target = (s64)idx + 1 + env->insns[idx].imm;
	const u32 regs = bt->regs[bt->frame];
	const int callee = flow_subprog_at(env->flow, target);

	if (callee < 0)
		return env_bug(env, "callee not found at insn %lld", (long long)target);
	if (env->facts->subprogs[callee].is_global) {
		if (regs & ARG_REGS)
			return env_bug(env, "global subprog unexpected regs %x", regs);
		clear_reg(bt, 0);
		return 0;
	}
	if (regs & ~ARG_REGS)
		return env_bug(env, "static subprog unexpected regs %x", regs);
	if (bt->slots[bt->frame])
		return env_bug(env, "static subprog leftover stack slots %llx",
			       (unsigned long long)bt->slots[bt->frame]);
	bt->regs[bt->frame] = 0;
	if (leave_callee(env, bt))
		return -EFAULT;
	bt->regs[bt->frame] |= regs;
	return 0;
}

/* From a callback back to the call that runs it: its r1..r5 were made up by that. */
static int back_into_caller_of_callback(struct env *env, struct backtrack *bt)
{
	if (bt->regs[bt->frame] & ~ARG_REGS)
		return env_bug(env, "callback unexpected regs %x", bt->regs[bt->frame]);
	if (bt->slots[bt->frame])
		return env_bug(env, "callback leftover stack slots %llx",
			       (unsigned long long)bt->slots[bt->frame]);
	bt->regs[bt->frame] = 0;
	return leave_callee(env, bt);
}

static bool is_tail_call(const struct env *env, u32 idx)
{
	const struct helper_info *info;

	if (env->flow->info[idx].op != ISA_CALL_HELPER)
		return false;
	info = helper_info((u32)env->insns[idx].imm);
	return info && info->props & HP_TAIL_CALL;
}

static int back_call(struct env *env, struct backtrack *bt, s32 idx, s32 subseq_idx)
{
	const u8 op = env->flow->info[idx].op;

	if (op == ISA_CALL_SUBPROG)
		return back_subprog(env, bt, idx);
	if (flow_has(env->flow, (u32)idx, FLOW_CALLS_CALLBACK) && idx != subseq_idx - 1)
		return back_into_caller_of_callback(env, bt);
	if (op == ISA_CALL_KFUNC && !env->insns[idx].imm)
		return -ENOTSUPP;
	clear_reg(bt, 0);
	if (bt->regs[bt->frame] & ARG_REGS)
		return env_bug(env, "backtracking call unexpected regs %x", bt->regs[bt->frame]);
	/* A tail call that succeeded left the function. */
	if (is_tail_call(env, (u32)idx) && subseq_idx - idx != 1)
		return enter_callee(env, bt);
	return 0;
}

/*
 * From behind a call into the function that it called. The arguments of a call that runs a callback
 * are the same before and after the callback; 6.18 forgets here that the number of rounds decides
 * how often it runs, and lets a state of few rounds cover one of many (docs/parity).
 */
static int back_exit(struct env *env, struct backtrack *bt, s32 subseq_idx)
{
	u32 kept = 0;
	bool r0_precise;

	if (subseq_idx >= 0 && flow_has(env->flow, (u32)subseq_idx, FLOW_CALLS_CALLBACK)) {
		if (env->opts->bug != VERIFY_BUG_LOOP_ROUNDS)
			kept = 1u << 1;
		bt->regs[bt->frame] &= ~ARG_REGS | kept;
	}
	if (bt->regs[bt->frame] & ARG_REGS & ~kept)
		return env_bug(env, "backtracking exit unexpected regs %x", bt->regs[bt->frame]);
	/* A callback's result goes to the helper, a function's to its caller. */
	r0_precise = subseq_idx >= 1 && env->flow->info[subseq_idx - 1].op == ISA_CALL_SUBPROG &&
		     has_reg(bt, 0);
	clear_reg(bt, 0);
	if (enter_callee(env, bt))
		return -EFAULT;
	if (r0_precise)
		set_reg(bt, 0);
	return 0;
}

static void back_jump(struct backtrack *bt, const struct insn *insn, const struct isa_info *info,
		      const struct hist_entry *hist)
{
	const u32 flags = hist ? hist->flags : 0;

	assert(info->form == ISA_FORM_X); /* QUICK_OF_JMP */
	(void)info;
	if (!(flags & HIST_SRC_STACK))
		set_reg(bt, insn->src);
	if (!(flags & HIST_DST_STACK))
		set_reg(bt, insn->dst);
}

static int back_ld(struct backtrack *bt, const struct insn *insn, const struct isa_info *info)
{
	const u32 reg = info->family == ISA_FAMILY_LDDW ? insn->dst : 0;

	if (!has_reg(bt, reg))
		return 0;
	clear_reg(bt, reg);
	return info->family == ISA_FAMILY_LDDW ? 0 : -ENOTSUPP;
}

static int back_one(struct env *env, s32 idx, s32 subseq_idx, const struct hist_entry *hist)
{
	struct backtrack *bt = &env->past->bt;
	const struct insn *insn = &env->insns[idx];
	const struct isa_info *info = isa_info((enum isa_op)env->flow->info[idx].op);

	switch ((enum isa_family)info->family) {
	case ISA_FAMILY_ALU:
	case ISA_FAMILY_MOV:
	case ISA_FAMILY_CAST:
	case ISA_FAMILY_NEG:
	case ISA_FAMILY_END:
		back_alu(env, insn, info);
		return 0;
	case ISA_FAMILY_LDX:
	case ISA_FAMILY_LDSX:
	case ISA_FAMILY_LOAD_ACQ:
		back_load(bt, insn->dst, hist);
		return 0;
	case ISA_FAMILY_ST:
		return back_store(bt, insn, false, hist);
	case ISA_FAMILY_STX:
	case ISA_FAMILY_STORE_REL:
		return back_store(bt, insn, true, hist);
	case ISA_FAMILY_ATOMIC:
	case ISA_FAMILY_CMPXCHG:
		if (env->opts->bug == VERIFY_BUG_PRECISE_ATOMIC)
			return back_store(bt, insn, true, hist);
		return back_atomic(bt, insn, info, hist);
	case ISA_FAMILY_CALL:
		return back_call(env, bt, idx, subseq_idx);
	case ISA_FAMILY_EXIT:
		return back_exit(env, bt, subseq_idx);
	case ISA_FAMILY_JMP:
		back_jump(bt, insn, info, hist);
		return 0;
	case ISA_FAMILY_LDDW:
	case ISA_FAMILY_LDABS:
	case ISA_FAMILY_LDIND:
		return back_ld(bt, insn, info);
	case ISA_FAMILY_JA:
	case ISA_FAMILY_MAY_GOTO:
		return 0;
	case ISA_FAMILY_INVALID:
	case ISA_FAMILY_GOTOX:
	case ISA_FAMILY_CALLX:
		break;
	}
	return -ENOTSUPP;
}

/* Which registers must be asked for, for an instruction to matter at all. */
enum quick { QUICK_LOOK, QUICK_DST, QUICK_DST_SRC, QUICK_NEVER };

#define QUICK_OF_INVALID(form)	 QUICK_LOOK
/* With a constant the same register is asked for, before it as behind it. */
#define QUICK_OF_ALU(form)	 (ISA_FORM_##form == ISA_FORM_X ? QUICK_DST : QUICK_NEVER)
#define QUICK_OF_MOV(form)	 QUICK_DST
#define QUICK_OF_CAST(form)	 QUICK_DST
#define QUICK_OF_NEG(form)	 QUICK_NEVER
#define QUICK_OF_END(form)	 QUICK_NEVER
#define QUICK_OF_LDX(form)	 QUICK_DST
#define QUICK_OF_LDSX(form)	 QUICK_DST
#define QUICK_OF_LOAD_ACQ(form)	 QUICK_DST
#define QUICK_OF_LDDW(form)	 QUICK_DST
#define QUICK_OF_JMP(form)	 (ISA_FORM_##form == ISA_FORM_X ? QUICK_DST_SRC : QUICK_NEVER)
#define QUICK_OF_JA(form)	 QUICK_NEVER
#define QUICK_OF_MAY_GOTO(form)	 QUICK_NEVER
#define QUICK_OF_ST(form)	 QUICK_LOOK
#define QUICK_OF_STX(form)	 QUICK_LOOK
#define QUICK_OF_STORE_REL(form) QUICK_LOOK
#define QUICK_OF_ATOMIC(form)	 QUICK_LOOK
#define QUICK_OF_CMPXCHG(form)	 QUICK_LOOK
#define QUICK_OF_CALL(form)	 QUICK_LOOK
#define QUICK_OF_CALLX(form)	 QUICK_LOOK
#define QUICK_OF_EXIT(form)	 QUICK_LOOK
#define QUICK_OF_GOTOX(form)	 QUICK_LOOK
#define QUICK_OF_LDABS(form)	 QUICK_LOOK
#define QUICK_OF_LDIND(form)	 QUICK_LOOK

static const u8 quick_of[ISA_OP_CNT] = {
#define ISA_OP(id, family_, code_, sel_, selv_, dst_, src_, off_, imm_, fn_, width_, form_, ...)  \
	[ISA_##id] = QUICK_OF_##family_(form_),
#include "isa/ops.def"
};

void past_backtrack_init(struct env *env)
{
	for (u32 i = 0; i < env->insn_cnt; i++) {
		struct flow_insn *info = &env->flow->info[i];
		const struct insn *insn = &env->insns[i];

		switch ((enum quick)quick_of[info->op]) {
		case QUICK_LOOK:
			info->back_regs = info->flags & FLOW_HALF ? 0 : PAST_BACK_LOOK;
			break;
		case QUICK_DST:
			info->back_regs = (u16)(1u << insn->dst);
			break;
		case QUICK_DST_SRC:
			info->back_regs = (u16)(1u << insn->dst | 1u << insn->src);
			break;
		case QUICK_NEVER:
			info->back_regs = 0;
			break;
		}
	}
}

int past_backtrack_insn(struct env *env, s32 idx, s32 subseq_idx, const struct hist_entry *hist)
{
	struct backtrack *bt = &env->past->bt;
	const bool linked = hist && hist->linked_regs;
	int err;

	if (flow_has(env->flow, (u32)idx, FLOW_HALF))
		return 0;
	if (past_log2(env))
		log_step(env, (u32)idx);
	if (linked)
		sync_linked(bt, hist);
	/* Most often a jump that compares one of them with a constant: that was all. */
	if (!past_bt_concerns(env, (u32)idx))
		return 0;
	err = back_one(env, idx, subseq_idx, hist);
	if (!err && linked)
		sync_linked(bt, hist);
	return err;
}
