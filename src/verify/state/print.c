/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames, stacks and instructions as 6.18's log shows them (print_verifier_state,
 * print_insn_state, verbose_linfo). A line is built in env->text and goes to the log at once.
 */
#include <assert.h>

#include "verify/state/print.h"

#include <string.h>

#include "base/bits.h"
#include "btf/btf.h"
#include "isa/text.h"
#include "verify/state/print_int.h"
#include "verify/state/stack.h"

/* Behind the instruction, states stand at this column or the next multiple of eight after it. */
#define STATE_COLUMN	 40
#define STATE_COLUMN_STEP 8

static const char slot_chars[] = {
	[SLOT_INVALID] = '?', [SLOT_SPILL] = 'r', [SLOT_MISC] = 'm',	 [SLOT_ZERO] = '0',
	[SLOT_DYNPTR] = 'd',  [SLOT_ITER] = 'i',  [SLOT_IRQ_FLAG] = 'f',
};

static const char *iter_state_text(u32 state)
{
	static const char *const names[] = {
		[ITER_STATE_INVALID] = "<invalid>",
		[ITER_STATE_ACTIVE] = "active",
		[ITER_STATE_DRAINED] = "drained",
	};

	assert(state < ARRAY_SIZE(names));
	return names[state];
}

static void put_dynptr(struct str *out, u32 spi, const struct reg *reg)
{
	const char *sep = "";

	str_addf(out, " fp%d=dynptr_%s(", -(s32)(spi + 1) * STACK_SLOT_BYTES,
		 print_dynptr_type(reg->dynptr_type));
	if (reg->id) {
		str_addf(out, "id=%u", reg->id);
		sep = ",";
	}
	if (reg->ref_obj_id) {
		str_addf(out, "%sref_id=%u", sep, reg->ref_obj_id);
		sep = ",";
	}
	/* The kernel prints a member of a union here that is its first_slot. */
	if (reg->dynptr_first_slot)
		str_addf(out, "%sdynptr_id=1", sep);
	str_add_char(out, ')');
}

static void put_iter(struct str *out, u32 spi, const struct reg *reg)
{
	if (!reg->ref_obj_id) /* not the first slot */
		return;
	str_addf(out, " fp%d=iter_num(ref_id=%u,state=%s,depth=%u)",
		 -(s32)(spi + 1) * STACK_SLOT_BYTES, reg->ref_obj_id,
		 iter_state_text(reg->iter_state), reg->iter_depth);
}

static void put_slot_types(struct str *out, u32 spi, const struct slot *slot, bool spill)
{
	str_addf(out, " fp%d=", -(s32)(spi + 1) * STACK_SLOT_BYTES);
	for (u32 i = 0; i < STACK_SLOT_BYTES; i++) {
		if (spill && slot->type[i] == SLOT_SPILL)
			break;
		str_add_char(out, slot_chars[slot->type[i]]);
	}
}

static void put_stack(struct env *env, struct str *out, const struct frame *frame, bool all)
{
	for (u32 spi = 0; spi < frame->stack_bytes / STACK_SLOT_BYTES; spi++) {
		const struct slot *slot = stack_slot(frame, spi);

		if (!all && !(env->scratched_slots >> spi & 1))
			continue;
		if (slot_is_all(slot, SLOT_INVALID))
			continue;
		switch (slot->type[STACK_SLOT_BYTES - 1]) {
		case SLOT_SPILL:
			put_slot_types(out, spi, slot, true);
			print_reg(out, frame, &slot->spilled);
			break;
		case SLOT_DYNPTR: /* the main slot is the second one */
			spi++;
			put_dynptr(out, spi, &stack_slot(frame, spi)->spilled);
			break;
		case SLOT_ITER:
			put_iter(out, spi, &slot->spilled);
			break;
		default:
			put_slot_types(out, spi, slot, false);
		}
	}
}

static void put_refs(struct str *out, const struct vstate *st)
{
	const char *sep = " refs=";

	if (!st->ref_cnt || !st->refs[0].id)
		return;
	for (u32 i = 0; i < st->ref_cnt; i++) {
		str_addf(out, "%s%u", sep, st->refs[i].id);
		sep = ",";
	}
}

/* The log takes at most 1,023 bytes at once, as the kernel's does for one message. */
static void flush(struct env *env)
{
	const char *text = str_c(&env->text);

	for (size_t at = 0; at < env->text.len; at += 1000)
		vlog_add(&env->log, "%.1000s", text + at);
	str_reset(&env->text);
}

void print_state(struct env *env, const struct vstate *st, u32 frameno, bool all)
{
	const struct frame *frame = st->frame[frameno];
	struct str *out = &env->text;

	if (!vlog_on(&env->log))
		return;
	str_reset(out);
	if (frame->frameno)
		str_addf(out, " frame%u:", frame->frameno);
	for (u32 i = 0; i < INSN_REGS; i++) {
		if (frame->regs[i].type == REG_NOT_INIT)
			continue;
		if (!all && !(env->scratched_regs >> i & 1))
			continue;
		str_addf(out, " R%u=", i);
		print_reg(out, frame, &frame->regs[i]);
	}
	put_stack(env, out, frame, all);
	put_refs(out, st);
	if (frame->in_callback_fn)
		str_add(out, " cb");
	if (frame->in_async_callback_fn)
		str_add(out, " async_cb");
	str_add_char(out, '\n');
	flush(env);
	if (!all) {
		env->scratched_regs = 0;
		env->scratched_slots = 0;
	}
}

void print_insn_state(struct env *env, const struct vstate *st, u32 frameno)
{
	if (env->prev_log_pos && env->prev_log_pos == env->log.pos) {
		u32 pos = (u32)env->prev_insn_print_pos;
		u32 col = MAX(pos + STATE_COLUMN_STEP / 2, (u32)STATE_COLUMN);

		col = (u32)align_up(col, STATE_COLUMN_STEP);
		vlog_reset(&env->log, env->prev_log_pos - 1);
		vlog_add(&env->log, "%*c;", (int)(col - pos - 1), ' ');
	} else {
		vlog_add(&env->log, "%u:", env->insn_idx);
	}
	print_state(env, st, frameno, false);
}

void print_linfo(struct env *env, u32 insn_idx, const char *prefix)
{
	const struct prog_line *line, *prev = env->prev_line;
	const char *text, *file, *slash;

	if (!vlog_on(&env->log))
		return;
	line = prog_line_at(env->prog, insn_idx);
	if (!line || line == prev)
		return;
	/* Records that differ in their column only are one line of the source. */
	if (prev && line->line == prev->line && !strcmp(line->file, prev->file))
		return;
	text = line->text + strspn(line->text, " \t\n\v\f\r");
	slash = strrchr(line->file, '/');
	file = slash ? slash + 1 : line->file;
	vlog_add(&env->log, "%s%s", prefix ? prefix : "", text);
	vlog_add(&env->log, " @ %s:%u\n", file, line->line);
	env->prev_line = line;
}

void print_insn_text(const struct env *env, u32 insn_idx, struct str *out)
{
	static const struct isa_text_opts opts = { .style = ISA_STYLE_KERNEL, .no_marks = true };
	const struct insn *i = &env->insns[insn_idx];

	/* Whoever may not leak pointers does not get to see where maps are. */
	if (!env->allow_ptr_leaks && env->aux && env->aux[insn_idx].map) {
		struct insn hidden[2] = { i[0], i[1] };

		hidden[0].imm = hidden[1].imm = 0;
		isa_text_insn(out, hidden, 2, 0, &opts);
		return;
	}
	isa_text_insn(out, env->insns, env->insn_cnt, insn_idx, &opts);
}

void print_insn(struct env *env, u32 insn_idx)
{
	if (!(env->log.level & (VLOG_1 | VLOG_2)))
		return;
	print_linfo(env, insn_idx, "; ");
	env->prev_log_pos = env->log.pos;
	str_reset(&env->text);
	str_addf(&env->text, "%u: ", insn_idx);
	print_insn_text(env, insn_idx, &env->text);
	str_add_char(&env->text, '\n');
	flush(env);
	env->prev_insn_print_pos = env->log.pos - env->prev_log_pos;
	env->prev_log_pos = env->log.pos;
}
