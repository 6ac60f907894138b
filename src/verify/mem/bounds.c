/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is a range of bytes inside its object, whatever the variable part of the offset is?
 *
 * 1. Sums of a fixed and a variable offset are taken in 64 bits: no wrap can hide.
 * 2. An object of n bytes is accessed at [0, n) only.
 */
#include "map/map.h"
#include "verify/mem/mem_int.h"

/* Offsets as the kernel prints them: the low 32 bits. */
static int refuse_range(struct env *env, const struct mem_range *range, s64 off)
{
	const struct reg *reg = env_reg(env, range->regno);
	int regno = (int)range->regno, at = (int)off, size = range->size_bytes;
	int max = (int)range->object_bytes;

	if (reg->type == REG_MAP_KEY)
		return reject_reg(env, -EACCES, regno,
				  "invalid access to map key, key_size=%d off=%d size=%d", max, at,
				  size);
	if (reg->type == REG_MAP_VALUE)
		return reject_reg(env, -EACCES, regno,
				  "invalid access to map value, value_size=%d off=%d size=%d", max,
				  at, size);
	if (reg->type == REG_PACKET || reg->type == REG_PACKET_META || reg->type == REG_PACKET_END)
		return reject_reg(env, -EACCES, regno,
				  "invalid access to packet, off=%d size=%d, "
				  "R%d(id=%d,off=%d,r=%d)", at, size, regno, (int)reg->id, at, max);
	return reject_reg(env, -EACCES, regno,
			  "invalid access to memory, mem_size=%u off=%d size=%d",
			  range->object_bytes, at, size);
}

static int range_at(struct env *env, const struct mem_range *range, s64 off)
{
	bool size_ok = range->size_bytes > 0 || (range->size_bytes == 0 && range->zero_ok);

	if (off >= 0 && size_ok && off + range->size_bytes <= (s64)range->object_bytes)
		return 0;
	return refuse_range(env, range, off);
}

int mem_fixed_range(struct env *env, const struct mem_range *range)
{
	return range_at(env, range, range->off);
}

int mem_var_range(struct env *env, const struct mem_range *range)
{
	const struct scalar *s = &env_reg(env, range->regno)->s;
	int regno = (int)range->regno, err;

	if (s->smin < 0 && (s->smin < INT32_MIN || s->smin + range->off < 0))
		return reject_reg(env, -EACCES, regno,
				  "R%d min value is negative, either use unsigned index or do a "
				  "if (index >=0) check.",
				  regno);
	/* A floor beyond 32 bits shows its low half here and is unbounded below. */
	err = range_at(env, range, (s32)(u32)((u64)s->smin + (u64)(s64)range->off));
	if (err) {
		(void)reject_reg(env, err, regno,
				 "R%d min value is outside of the allowed memory range", regno);
		return err;
	}
	if (s->umax >= LIMIT_VAR_OFF)
		return reject_reg(env, -EACCES, regno,
				  "R%d unbounded memory access, make sure to bounds check any such "
				  "access",
				  regno);
	err = range_at(env, range, (s64)s->umax + range->off);
	if (err)
		(void)reject_reg(env, err, regno,
				 "R%d max value is outside of the allowed memory range", regno);
	return err;
}

/* check_buffer_access: the end is compared with the buffer's when the program is attached. */
int mem_buffer(struct env *env, u32 regno, s32 off, s32 size_bytes, const char *what)
{
	const struct reg *reg = env_reg(env, regno);
	char text[TNUM_TEXT_BYTES];

	if (off < 0)
		return reject_reg(env, -EACCES, (s32)regno,
				  "R%d invalid %s buffer access: off=%d, size=%d", (int)regno, what,
				  off, size_bytes);
	if (!scalar_is_const(&reg->s) || reg->s.var_off.value)
		return reject_reg(env, -EACCES, (s32)regno,
				  "R%d invalid variable buffer offset: off=%d, var_off=%s",
				  (int)regno, off, tnum_text(text, reg->s.var_off));
	return 0;
}

static noinline_fn int refuse_ptr_off(struct env *env, const struct reg *reg, u32 regno,
				       bool fixed_off_ok)
{
	char type[REG_TYPE_TEXT_BYTES], text[TNUM_TEXT_BYTES];

	reg_type_text(reg->type, type);
	if (reg->off < 0)
		return reject_reg(env, -EACCES, (s32)regno,
				  "negative offset %s ptr R%d off=%d disallowed", type, (int)regno,
				  reg->off);
	if (!fixed_off_ok && reg->off)
		return reject_reg(env, -EACCES, (s32)regno,
				  "dereference of modified %s ptr R%d off=%d disallowed", type,
				  (int)regno, reg->off);
	return reject_reg(env, -EACCES, (s32)regno, "variable %s access var_off=%s disallowed",
			  type, tnum_text(text, reg->s.var_off));
}

int mem_ptr_off(struct env *env, const struct reg *reg, u32 regno, bool fixed_off_ok)
{
	if (reg->off < 0 || (!fixed_off_ok && reg->off) || !scalar_is_const(&reg->s) ||
	    reg->s.var_off.value)
		return refuse_ptr_off(env, reg, regno, fixed_off_ok);
	return 0;
}

static noinline_fn int refuse_offset(struct env *env, const struct reg *reg, u32 type)
{
	char text[REG_TYPE_TEXT_BYTES];
	s64 max = LIMIT_VAR_OFF, val = (s64)reg->s.var_off.value, smin = reg->s.smin;

	/* Nearly always fine: the text is made only where it is not. */
	if (!(scalar_is_const(&reg->s) && (val >= max || val <= -max)) && reg->off < max &&
	    reg->off > -max && smin < max && smin > -max)
		return 0;
	reg_type_text(type, text);
	if (scalar_is_const(&reg->s) && (val >= max || val <= -max))
		return reject(env, -EINVAL, "math between %s pointer and %lld is not allowed", text,
			      (long long)val);
	if (reg->off >= max || reg->off <= -max)
		return reject(env, -EINVAL, "%s pointer offset %d is not allowed", text, reg->off);
	if (smin == INT64_MIN)
		return reject(env, -EINVAL,
			      "math between %s pointer and register with unbounded min value is "
			      "not allowed",
			      text);
	return reject(env, -EINVAL, "value %lld makes %s pointer be out of bounds",
		      (long long)smin, text);
}

int mem_sane_offset(struct env *env, const struct reg *reg, u32 type)
{
	const s64 max = LIMIT_VAR_OFF;

	/* The least value of a constant is the constant. */
	if (reg->s.smin < max && reg->s.smin > -max && reg->off < max && reg->off > -max)
		return 0;
	return refuse_offset(env, reg, type);
}

/* check_stack_access_for_ptr_arithmetic */
static int stack_arith(struct env *env, u32 regno, const struct reg *reg)
{
	s32 off = (s32)(reg->off + (s64)reg->s.var_off.value);
	char text[TNUM_TEXT_BYTES];

	if (!scalar_is_const(&reg->s))
		return reject_reg(env, -EACCES, (s32)regno,
				  "R%d variable stack access prohibited for !root, "
				  "var_off=%s off=%d",
				  (int)regno, tnum_text(text, reg->s.var_off), off);
	if (off >= 0 || off < -LIMIT_STACK_BYTES)
		return reject_reg(env, -EACCES, (s32)regno,
				  "R%d stack pointer arithmetic goes out of range, prohibited for "
				  "!root; off=%d",
				  (int)regno, off);
	return 0;
}

int mem_check_bounds_arith(struct env *env, const struct insn *insn, const struct reg *dst)
{
	struct mem_range range = { .regno = insn->dst, .off = dst->off, .size_bytes = 1 };

	if (env->bypass_spec_v1)
		return 0;
	if (dst->type == REG_STACK)
		return stack_arith(env, insn->dst, dst);
	if (dst->type != REG_MAP_VALUE)
		return -EOPNOTSUPP;
	range.object_bytes = dst->map->attr.value_size_bytes;
	if (!mem_map_range(env, &range, false))
		return 0;
	return reject_reg(env, -EACCES, insn->dst,
			  "R%d pointer arithmetic of map value goes out of range, prohibited for "
			  "!root",
			  (int)insn->dst);
}
