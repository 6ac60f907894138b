/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads and stores of the stack at fixed offsets: spills and fills of registers, whole and narrow,
 * zeros and other data (check_stack_write_fixed_off, check_stack_read_fixed_off).
 *
 * 1. Accesses are aligned, so each stays inside one slot.
 * 2. A slot whose type[7] is SLOT_SPILL holds `spilled`, of which the bytes that are SLOT_SPILL,
 *    from the lowest address on (the least significant ones), are valid.
 * 3. Everything that restores a register, or a zero that came from one, enters the history, so that
 *    precision finds its way through the stack.
 */
#include "base/bytes.h"
#include "verify/flow/flow.h"
#include "verify/mem/mem_int.h"
#include "verify/past/past.h"
#include "verify/state/print.h"
#include "verify/state/stack.h"

int mem_stack_destroy(struct env *env, struct frame *frame, u32 spi)
{
	if (stack_slot(frame, spi)->type[0] != SLOT_DYNPTR)
		return 0;
	return env->up->destroy_dynptr(env, frame, spi);
}

void mem_stack_contract(struct env *env, const struct frame *frame, u32 insn_idx, s32 off)
{
	const struct vstate *st = env->cur;

	/* A caller's frame is that of the function which contains the call. */
	if (frame->frameno < st->curframe)
		insn_idx = st->frame[frame->frameno + 1]->callsite;
	flow_fastcall_contract(env->flow, insn_idx, off);
}

static u32 reg_width_bits(const struct reg *reg) /* get_reg_width */
{
	return reg->s.umax ? 64 - (u32)__builtin_clzll(reg->s.umax) : 0;
}

/* Copies of a scalar that is not constant share an id (assign_scalar_id_before_mov). */
static void give_id(struct env *env, struct reg *reg)
{
	if (reg->type != REG_SCALAR)
		return;
	if (reg->id & REG_ADD_CONST) {
		reg->id = 0;
		reg->off = 0;
	}
	if (!reg->id && !scalar_is_const(&reg->s))
		reg->id = env_new_id(env);
}

/* save_register_state */
static int save(struct env *env, const struct mem_access *acc, struct frame *frame, u32 spi,
		const struct reg *reg)
{
	struct slot *slot = stack_slot_mut(env, frame, spi);
	u32 i = STACK_SLOT_BYTES;

	if (!slot)
		return -ENOMEM;
	slot->spilled = *reg;
	for (; i > STACK_SLOT_BYTES - acc->size_bytes; i--)
		slot->type[i - 1] = SLOT_SPILL;
	for (; i; i--)
		slot_mark_misc(&slot->type[i - 1]);
	return past_push_hist_stack(env, env->cur, frame->frameno, spi);
}

static int save_scalar(struct env *env, const struct mem_access *acc, struct frame *frame, u32 spi)
{
	struct reg *reg = env_reg(env, (u32)acc->value_regno);
	bool fits = reg_width_bits(reg) <= acc->size_bytes * 8;
	int err;

	if (fits)
		give_id(env, reg);
	err = save(env, acc, frame, spi, reg);
	if (!err && !fits) {
		struct slot *slot = stack_slot_mut(env, frame, spi);

		if (!slot)
			return -ENOMEM;
		slot->spilled.id = 0; /* what lies there is another number */
	}
	return err;
}

static int save_imm(struct env *env, const struct mem_access *acc, struct frame *frame, u32 spi)
{
	struct reg *reg = &env->fake_reg[0];

	*reg = (struct reg){ .type = REG_SCALAR };
	reg->s = scalar_const((u64)(s64)env->insns[acc->insn_idx].imm);
	return save(env, acc, frame, spi, reg);
}

static int save_pointer(struct env *env, const struct mem_access *acc, struct frame *frame, u32 spi)
{
	struct reg *reg = env_reg(env, (u32)acc->value_regno);

	if (acc->size_bytes != STACK_SLOT_BYTES) {
		print_linfo(env, acc->insn_idx, "; ");
		return reject_reg(env, -EACCES, acc->value_regno, "invalid size of register spill");
	}
	if (frame != state_frame(env->cur) && reg->type == REG_STACK)
		return reject_reg(env, -EINVAL, acc->value_regno,
				  "cannot spill pointers to stack into stack frame of the caller");
	return save(env, acc, frame, spi, reg);
}

/* True when the stored value is known to be 0. */
static bool stores_zero(struct env *env, const struct mem_access *acc)
{
	if (acc->value_regno >= 0)
		return reg_is_null(env_reg(env, (u32)acc->value_regno));
	return mem_is_st(env, acc->insn_idx) && env->insns[acc->insn_idx].imm == 0;
}

/* Data that is tracked by bytes: a spill that was there is no more. */
static int write_data(struct env *env, const struct mem_access *acc, struct frame *frame, s32 off)
{
	enum slot_type type = SLOT_MISC;
	u32 spi = stack_spi(off), byte = stack_byte(off);
	struct slot *slot;
	int err;

	if (stores_zero(env, acc)) {
		/* Slots have no precision of their own: the zero must be one on all paths. */
		type = SLOT_ZERO;
		err = acc->value_regno < 0 ? 0 : past_mark_precise(env, (u32)acc->value_regno);
		if (err)
			return err;
	}
	slot = stack_slot_mut(env, frame, spi);
	if (!slot)
		return -ENOMEM;
	slot->spilled.type = REG_NOT_INIT;
	if (slot_is_spilled(slot) || slot_is_special(slot))
		for (u32 i = 0; i < STACK_SLOT_BYTES; i++)
			slot_scrub_byte(slot, i);
	for (u32 i = 0; i < acc->size_bytes; i++)
		slot->type[(byte - i) % STACK_SLOT_BYTES] = (u8)type;
	return 0;
}

/*
 * A load that overtakes the store in speculation could see what was there before: a pointer as a
 * number, or what was never written.
 */
static void harden_store(struct env *env, const struct mem_access *acc, const struct slot *slot,
			 s32 off)
{
	const u32 byte = stack_byte(off);
	bool sanitize = acc->value_regno >= 0 &&
			reg_type_flags(env_reg(env, (u32)acc->value_regno)->type) & RT_SPILLABLE;

	for (u32 i = 0; i < acc->size_bytes; i++) {
		const u8 type = slot->type[(byte - i) % STACK_SLOT_BYTES];

		sanitize |= type != SLOT_MISC && type != SLOT_ZERO;
	}
	if (sanitize)
		env->facts->insns[acc->insn_idx].nospec_result = true;
}

int mem_stack_write_fixed(struct env *env, const struct mem_access *acc, s32 off)
{
	struct frame *frame = state_frame_of(env->cur, env_reg(env, acc->regno));
	const u32 spi = stack_spi(off);
	const struct slot *slot = stack_slot(frame, spi);
	const bool aligned = off % STACK_SLOT_BYTES == 0;
	const struct reg *reg = NULL;
	int err;

	if (!env->allow_ptr_leaks && slot_is_spilled(slot) && !slot_is_spilled_scalar(slot) &&
	    acc->size_bytes != STACK_SLOT_BYTES)
		return reject(env, -EACCES, "attempt to corrupt spilled pointer on stack");
	if (acc->value_regno >= 0)
		reg = env_reg(env, (u32)acc->value_regno);
	if (!env->bypass_spec_v4)
		harden_store(env, acc, slot, off);
	err = mem_stack_destroy(env, frame, spi);
	if (err)
		return err;
	if (aligned && acc->size_bytes == STACK_SLOT_BYTES)
		live_stack_mark_write(env->flow, frame->frameno, 1ull << spi);
	mem_stack_contract(env, frame, acc->insn_idx, off);
	print_scratch_slot(env, spi);

	if (reg && aligned && reg->type == REG_SCALAR && env->bpf_capable)
		return save_scalar(env, acc, frame, spi);
	if (!reg && aligned && mem_is_st(env, acc->insn_idx) && env->bpf_capable)
		return save_imm(env, acc, frame, spi);
	if (reg && reg_type_flags(reg->type) & RT_SPILLABLE)
		return save_pointer(env, acc, frame, spi);
	return write_data(env, acc, frame, off);
}

/* How many bytes of the slot hold the spilled register, from the lowest address on. */
static u32 spill_bytes(const struct slot *slot)
{
	u32 i = STACK_SLOT_BYTES - 1;

	while (i > 0 && slot->type[i - 1] == SLOT_SPILL)
		i--;
	return STACK_SLOT_BYTES - i;
}

/* Do the loaded bytes begin with the least significant one of the spill? */
static bool narrow_fill_ok(s32 off, u32 fill_bytes, u32 spilled_bytes)
{
	if (HOST_BIG_ENDIAN)
		off -= (s32)(spilled_bytes - fill_bytes);
	return off % STACK_SLOT_BYTES == 0;
}

/* The register comes back, or its low part. */
static int fill_narrow(struct env *env, const struct mem_access *acc, struct frame *frame, s32 off)
{
	struct reg *dst = env_reg(env, (u32)acc->value_regno);
	s32 subreg_def = dst->subreg_def; /* what check_reg_arg decided for this load */
	u32 spi = stack_spi(off);
	const struct slot *slot = stack_slot(frame, spi);

	*dst = slot->spilled;
	dst->subreg_def = subreg_def;
	/* The caller cuts it to size: then it is another number. */
	if (reg_width_bits(&slot->spilled) > acc->size_bytes * 8)
		dst->id = 0;
	return past_push_hist_stack(env, env->cur, frame->frameno, spi);
}

static int refuse_read(struct env *env, const struct mem_access *acc, s32 off, u32 at)
{
	return reject(env, -EACCES, "invalid read from stack off %d+%d size %d", off, (int)at,
		      (int)acc->size_bytes);
}

/* Bytes of and around a spill that do not make a register. */
static int fill_bytes(struct env *env, const struct mem_access *acc, struct frame *frame, s32 off)
{
	struct reg *dst = env_reg(env, (u32)acc->value_regno);
	u32 spi = stack_spi(off), byte = stack_byte(off), spills = 0, zeros = 0;
	const struct slot *slot = stack_slot(frame, spi);

	for (u32 i = 0; i < acc->size_bytes; i++) {
		u8 type = slot->type[(byte - i) % STACK_SLOT_BYTES];

		spills += type == SLOT_SPILL;
		zeros += type == SLOT_ZERO;
		if (type == SLOT_SPILL || type == SLOT_ZERO || type == SLOT_MISC ||
		    (type == SLOT_INVALID && env->allow_uninit_stack))
			continue;
		return refuse_read(env, acc, off, i);
	}
	if (spills == acc->size_bytes && scalar_is_const(&slot->spilled.s) &&
	    slot->spilled.s.var_off.value == 0) {
		reg_mark_const_zero(env, dst);
		return past_push_hist_stack(env, env->cur, frame->frameno, spi);
	}
	if (zeros == acc->size_bytes)
		reg_mark_const_zero(env, dst);
	else
		reg_mark_unknown(env, dst);
	return 0;
}

/* A slot with a spill is read. */
static int read_spill(struct env *env, const struct mem_access *acc, struct frame *frame, s32 off)
{
	u32 spi = stack_spi(off);
	const struct slot *slot = stack_slot(frame, spi);
	u32 spilled_bytes = spill_bytes(slot);

	if (acc->size_bytes != STACK_SLOT_BYTES || spilled_bytes != STACK_SLOT_BYTES) {
		if (slot->spilled.type != REG_SCALAR) {
			print_linfo(env, env->insn_idx, "; ");
			return reject(env, -EACCES, "invalid size of register fill");
		}
		if (acc->value_regno < 0)
			return 0;
		if (acc->size_bytes <= spilled_bytes &&
		    narrow_fill_ok(off, acc->size_bytes, spilled_bytes))
			return fill_narrow(env, acc, frame, off);
		return fill_bytes(env, acc, frame, off);
	}
	if (acc->value_regno >= 0) {
		/* 6.18 links the two only if the spill was linked already. */
		*env_reg(env, (u32)acc->value_regno) = slot->spilled;
	} else if (!env->allow_ptr_leaks && slot->spilled.type != REG_SCALAR) {
		/* An atomic would use the pointer as a number. */
		return reject(env, -EACCES, "leaking pointer from stack off %d", off);
	}
	return past_push_hist_stack(env, env->cur, frame->frameno, spi);
}

int mem_stack_read_fixed(struct env *env, const struct mem_access *acc, s32 off)
{
	struct frame *frame = state_frame_of(env->cur, env_reg(env, acc->regno));
	u32 spi = stack_spi(off), byte = stack_byte(off);
	const struct slot *slot = stack_slot(frame, spi);
	int err;

	print_scratch_slot(env, spi);
	mem_stack_contract(env, frame, env->insn_idx, off);
	err = live_stack_mark_read(env->flow, env->cur, frame->frameno, 1ull << spi);
	if (err)
		return err;
	if (slot_is_spilled(slot))
		return read_spill(env, acc, frame, off);
	for (u32 i = 0; i < acc->size_bytes; i++) {
		u8 type = slot->type[(byte - i) % STACK_SLOT_BYTES];

		if (type == SLOT_MISC || type == SLOT_ZERO ||
		    (type == SLOT_INVALID && env->allow_uninit_stack))
			continue;
		return refuse_read(env, acc, off, i);
	}
	if (acc->value_regno >= 0)
		mem_stack_load(env, frame, off, off + (s32)acc->size_bytes,
			       env_reg(env, (u32)acc->value_regno));
	return 0;
}
