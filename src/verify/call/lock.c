/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arguments that are special fields of a map's value: spin locks and timers (process_spin_lock,
 * process_timer_func of kernel/bpf/verifier.c). Where they lie is known from the map's BTF.
 */
#include "base/err.h"
#include "btf/fields.h"
#include "map/map.h"
#include "verify/call/call_int.h"

/* The register points to the field of @kind; @verb: what needs it ("bpf_spin_lock"). */
static int check_field(struct env *env, u32 regno, enum btf_field_kind kind, const char *verb)
{
	const struct reg *reg = env_reg(env, regno);
	const struct map *map = reg->map;
	const struct btf_field *field;
	s64 off;

	if (!scalar_is_const(&reg->s))
		return reject_reg(env, -EINVAL, (s32)regno,
				  "R%u doesn't have constant offset. %s has to be at the constant "
				  "offset", regno, verb);
	if (!map->attr.btf)
		return reject_reg(env, -EINVAL, (s32)regno,
				  "map '%s' has to have BTF in order to use %s", map->attr.name,
				  verb);
	field = btf_field_first(map->fields, kind);
	if (!field)
		return reject_reg(env, -EINVAL, (s32)regno, "map '%s' has no valid %s",
				  map->attr.name, verb);
	off = (s64)reg_const_value(reg) + reg->off;
	if (off != field->off)
		return reject_reg(env, -EINVAL, (s32)regno,
				  "off %lld doesn't point to 'struct %s' that is at %u",
				  (long long)off, verb, field->off);
	return 0;
}

static int lock_take(struct env *env, const struct reg *reg)
{
	/* While a lock is held no function may be called but bpf_spin_unlock (helper.c). */
	if (env->cur->active_locks)
		return env_bug(env, "a second lock");
	return refs_acquire_lock(env, env->insn_idx, REF_LOCK, reg->id, reg->map);
}

static int lock_give(struct env *env, const struct reg *reg)
{
	struct vstate *st = env->cur;

	if (!st->active_locks)
		return reject(env, -EINVAL, "bpf_spin_unlock without taking a lock");
	if (!refs_find_lock(st, REF_LOCK, reg->id, reg->map))
		return reject(env, -EINVAL, "bpf_spin_unlock of different lock");
	/* One lock is held at a time, so that the one found is the last taken. */
	if (reg->id != st->active_lock_id || reg->map != st->active_lock_ptr)
		return env_bug(env, "a lock held under another");
	return refs_release_lock(st, REF_LOCK, reg->id, reg->map);
}

int lock_arg(struct env *env, u32 regno, bool lock)
{
	const struct reg *reg = env_reg(env, regno);
	int err = check_field(env, regno, FIELD_SPIN_LOCK, "bpf_spin_lock");

	if (err)
		return err;
	return lock ? lock_take(env, reg) : lock_give(env, reg);
}

int timer_arg(struct env *env, u32 regno, struct call_mem *mem)
{
	const struct reg *reg = env_reg(env, regno);
	int err = check_field(env, regno, FIELD_TIMER, "bpf_timer");

	if (err)
		return err;
	if (mem->map)
		return env_bug(env, "Two map pointers in a timer helper");
	mem->map = reg->map;
	mem->map_uid = reg->map_uid;
	return 0;
}
