/* SPDX-License-Identifier: BSD-2-Clause */
/* Control: jumps, calls, exits. What is live where control goes must have been computed before. */
#include "jit/lower.h"
#include "prog/prog.h"
#include "spec/helper.h"
#include "spec/intrinsics.h"

#define COND_jeq  LOP_EQ
#define COND_jne  LOP_NE
#define COND_jgt  LOP_GT
#define COND_jge  LOP_GE
#define COND_jlt  LOP_LT
#define COND_jle  LOP_LE
#define COND_jset LOP_SET
#define COND_jsgt LOP_SGT
#define COND_jsge LOP_SGE
#define COND_jslt LOP_SLT
#define COND_jsle LOP_SLE

struct jump_row {
	u8 cond; /* enum lop_cond */
	u8 width;
	u8 form; /* enum isa_form */
};

static const struct jump_row jump_rows[ISA_OP_CNT] = {
#define ISA_JMP(id, code, fn, width, form, ...) [ISA_##id] = { COND_##fn, width, ISA_FORM_##form },
#include "isa/ops.def"
};

static void poll(struct lower *l, u32 target)
{
	struct lop op = lower_op(LOP_POLL, 64);

	if (l->e->poll != JIT_POLL_NONE && target <= l->idx)
		pend_emit(l, &op);
}

/*
 * A comparison of an expression with 0 that needs no value: a & imm, and a >> k, which is 0 when a
 * is less than 1 << k.
 */
static bool test_pending(struct lower *l, const struct decoded *d, struct lop *op)
{
	const struct pend *p = &l->pend[d->dst];

	if (!(l->pending & 1u << d->dst) || op->imm || (op->cond != LOP_EQ && op->cond != LOP_NE))
		return false;
	if (p->kind == PEND_AND) {
		op->cond = op->cond == LOP_EQ ? LOP_NSET : LOP_SET;
		op->width = 32;
		op->imm = (u64)(s64)(s32)(u32)p->imm;
	} else if (p->kind == PEND_RSH && p->scale < 31 && p->width == op->width) {
		op->cond = op->cond == LOP_EQ ? LOP_LE : LOP_GT;
		op->imm = (1u << p->scale) - 1;
	} else {
		return false;
	}
	op->a = p->a;
	return true;
}

/* The operands of a comparison; true when both are known. */
static void compare(struct lower *l, const struct decoded *d, const struct jump_row *row,
		    struct lop *op)
{
	u64 imm = d->imm;
	bool k = row->form == ISA_FORM_K;

	if (!k && pend_const(l, d->src, &imm)) {
		if (row->width == 32)
			imm = (u64)(s64)(s32)(u32)imm;
		k = fits_s32((s64)imm);
	}
	if (k) {
		op->imm = imm;
		if (!test_pending(l, d, op))
			op->a = (u8)pend_use(l, d->dst, row->width);
		return;
	}
	/* A constant on the left: the other way round. */
	if (pend_const(l, d->dst, &imm)) {
		if (row->width == 32)
			imm = (u64)(s64)(s32)(u32)imm;
		if (fits_s32((s64)imm)) {
			op->cond = (u8)lop_cond_swap(row->cond);
			op->imm = imm;
			op->a = (u8)pend_use(l, d->src, row->width);
			return;
		}
	}
	op->b = (u8)pend_use(l, d->src, row->width);
	op->a = (u8)pend_use(l, d->dst, row->width);
	op->b = (u8)pend_use(l, d->src, row->width);
}

/* True when the instruction @ahead of the current one is reached from above only, unfenced. */
static bool follows(const struct lower *l, u32 ahead)
{
	const u8 *marks = l->f->prog->marks;
	const u32 idx = l->idx + ahead;

	return idx < l->e->func->end && !(l->f->flags[idx] & FRONT_LEADER) &&
	       !l->f->insns[idx].half &&
	       !(marks && marks[idx] & XLATE_NOSPEC);
}

/*
 * The move of a constant that the jump @d skips, if it skips nothing else: both ways meet behind
 * it, or go to the same place from there. NULL: something else.
 */
static const struct decoded *skipped_move(const struct lower *l, const struct decoded *d)
{
	const struct decoded *move = d + 1;

	if (!follows(l, 1) || (move->op != ISA_MOV64_K && move->op != ISA_MOV32_K))
		return NULL;
	if (d->target == l->idx + 2)
		return move;
	return follows(l, 2) && d[2].op == ISA_JA && d[2].target == d->target ? move : NULL;
}

/*
 * A jump over a move of a constant into a register that holds another one: 0 or 1, whichever way
 * the condition goes, times a scale plus an offset. No processor predicts that wrongly. (Selecting
 * one of two registers is no gain: where the jump is predicted nothing waits for the condition.)
 * True when the jump and the move were dealt with.
 */
static bool select_const(struct lower *l, const struct decoded *d)
{
	const struct decoded *move = skipped_move(l, d);
	const struct jump_row *row = &jump_rows[d->op];
	struct lop op = lower_op(LOP_SETCC, row->width);
	struct pend p = { .kind = PEND_LEA, .width = 64, .a = LOP_REG_NONE, .b = LOP_REG_NONE };
	u64 kept, other, diff;

	if (!move || !pend_const(l, move->dst, &kept))
		return false;
	other = move->op == ISA_MOV32_K ? (u32)move->imm : move->imm;
	diff = kept > other ? kept - other : other - kept;
	if (!fits_s32((s64)kept) || !fits_s32((s64)other) || !diff || diff & (diff - 1) || diff > 8)
		return false;
	op.dst = move->dst;
	op.cond = row->cond;
	compare(l, d, row, &op);
	if (kept < other)
		op.cond = (u8)lop_cond_not(op.cond);
	pend_def(l, op.dst, true);
	pend_emit(l, &op);
	p.scale = (u8)__builtin_ctzll(diff);
	p.disp = (s32)(u32)MIN(kept, other);
	if (p.scale)
		p.b = op.dst;
	else
		p.a = op.dst;
	if (p.scale || p.disp)
		pend_set(l, op.dst, p);
	return true;
}

/*
 * A jump over a jump: the opposite of the first goes where the second goes. The same where the
 * first leaves a loop that the second closes: most rounds then take one of them.
 */
static bool jump_inverted(struct lower *l, const struct decoded *d)
{
	const struct jump_row *row = &jump_rows[d->op];
	struct lop op = lower_op(LOP_JCC, row->width), jmp = lower_op(LOP_JMP, 64);
	const u32 there = d[1].target, next = l->idx + 2;

	if (!follows(l, 1) || d[1].op != ISA_JA ||
	    !(d->target == next || (there <= l->idx && d->target > next)) ||
	    (there <= l->idx && l->e->poll != JIT_POLL_NONE))
		return false;
	pend_force_set(l, l->f->live[d->target] | l->f->live[there]);
	op.cond = row->cond;
	compare(l, d, row, &op);
	op.cond = (u8)lop_cond_not(op.cond);
	op.target = there;
	pend_emit(l, &op);
	jmp.target = d->target;
	if (d->target != next)
		pend_emit(l, &jmp);
	l->pending = 0; /* what is live anywhere was computed */
	return true;
}

/*
 * What is live at the target must be there before the comparison, since computing changes flags.
 * Natives that the comparison reads as expressions may be written by that, so operands are looked
 * up afterwards; what is dead at the target may go on waiting.
 */
static u32 lower_jcc(struct lower *l, const struct decoded *d)
{
	const struct jump_row *row = &jump_rows[d->op];
	struct lop op = lower_op(LOP_JCC, row->width);

	if (select_const(l, d)) {
		if (!(l->f->flags[d->target] & FRONT_MANY) && d->target == l->idx + 2)
			l->joined = d->target;
		return 1;
	}
	if (jump_inverted(l, d))
		return 1;
	poll(l, d->target);
	pend_force_set(l, l->f->live[d->target]);
	op.cond = row->cond;
	op.target = d->target;
	compare(l, d, row, &op);
	pend_emit(l, &op);
	return 0;
}

static void lower_may_goto(struct lower *l, const struct decoded *d)
{
	struct lop op = lower_op(LOP_MAY_GOTO, 64);

	if (l->e->poll != JIT_POLL_NONE) {
		struct lop stop = lower_op(LOP_POLL, 64);

		pend_emit(l, &stop);
	}
	pend_force_set(l, l->f->live[d->target]);
	op.target = d->target;
	pend_emit(l, &op);
}

/* Returns how many instructions more were dealt with. */
u32 lower_jump(struct lower *l, const struct decoded *d)
{
	struct lop op = lower_op(LOP_JMP, 64);

	switch (isa_info(d->op)->family) {
	case ISA_FAMILY_JMP:
		return lower_jcc(l, d);
	case ISA_FAMILY_MAY_GOTO:
		lower_may_goto(l, d);
		return 0;
	case ISA_FAMILY_GOTOX:
		poll(l, 0); /* it may go backwards */
		pend_force_set(l, FRONT_REGS_ALL);
		op.op = LOP_GOTOX;
		op.a = d->dst;
		break;
	case ISA_FAMILY_EXIT:
		pend_force(l, 0);
		op.op = LOP_EXIT;
		break;
	default:
		poll(l, d->target);
		pend_force_set(l, l->f->live[d->target]);
		op.target = d->target;
		/* To the next instruction: nothing to do. */
		if (d->target == l->idx + 1)
			return 0;
	}
	pend_emit(l, &op);
	return 0;
}

/* Natives r0 .. r5 do not survive: what is computed from them is needed now, if at all. */
static void before_call(struct lower *l, u16 args)
{
	pend_force_set(l, args);
	for (u16 left = l->pending; left; left &= (u16)(left - 1)) {
		const u32 q = (u32)__builtin_ctz(left);

		if (l->pend[q].reads & FRONT_CALL_DEFS && l->live_after & 1u << q &&
		    !(FRONT_CALL_DEFS & 1u << q))
			pend_force(l, q);
	}
	l->pending &= (u16)~FRONT_CALL_DEFS;
	l->upper_zero &= (u16)~FRONT_CALL_DEFS;
}

#define KEEPS_R0   1
#define KEEPS_CALL 0
#define INTRINSIC(id, value, name, loses, what) +KEEPS_##loses
_Static_assert(0
#include "spec/intrinsics.def"
	       == 1, "lower_cpu() takes every call that keeps registers for this one");
#undef INTRINSIC

/* INTRINSIC_CPU_SLOT: r0 = the slot, a field of the run. */
static void lower_cpu(struct lower *l)
{
	struct lop op = lower_op(LOP_CPU, 64);

	op.dst = 0;
	pend_def(l, 0, true);
	pend_emit(l, &op);
}

static void lower_helper(struct lower *l, const struct decoded *d)
{
	const struct helper_binding *b = &l->f->bindings[d->imm];
	struct lop op = lower_op(LOP_CALL, 64);

	if (front_keeps_args(l->f, d)) {
		lower_cpu(l);
		return;
	}
	if (b->info && b->info->props & HP_TAIL_CALL) {
		op.op = LOP_TAIL_CALL;
	} else if (b->host) {
		op.op = LOP_CALL_HOST;
		op.imm = ptr_to_u64(b);
		op.may_fault = true;
	} else {
		op.imm = (u64)(uintptr_t)b->fn;
		op.may_fault = b->info ? b->info->props & HP_CALLS_SYNC :
				       front_helper(l->f, d) < INTRINSIC_FIRST;
	}
	before_call(l, l->f->live[l->idx] & FRONT_CALL_DEFS);
	pend_emit(l, &op);
}

void lower_call(struct lower *l, const struct decoded *d)
{
	struct lop op = lower_op(LOP_CALL_SUB, 64);

	if (d->op == ISA_CALL_HELPER) {
		lower_helper(l, d);
		return;
	}
	if (d->op == ISA_CALLX) {
		op.op = LOP_CALLX;
		op.may_fault = true;
		pend_force(l, d->dst);
		op.a = d->dst;
	} else if (l->e->poll != JIT_POLL_NONE) {
		struct lop stop = lower_op(LOP_POLL, 64);

		pend_emit(l, &stop);
	}
	op.target = d->target;
	before_call(l, FRONT_CALL_ARGS);
	pend_emit(l, &op);
}

/* LD_ABS and LD_IND: a call in all but name. */
void lower_packet(struct lower *l, const struct decoded *d)
{
	const struct isa_info *info = isa_info(d->op);
	struct lop op = lower_op(LOP_LOAD_PACKET, 64);

	op.bits = info->width_bits;
	op.imm = d->imm;
	if (info->family == ISA_FAMILY_LDIND) {
		pend_force(l, d->src);
		op.a = d->src;
	}
	before_call(l, 0);
	pend_emit(l, &op);
	l->upper_zero |= 1;
}
