/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps in calls: does the helper work on this type of map, is it always the same map and the same
 * key, may the program use the map at all (record_func_map, record_func_key, get_constant_map_key,
 * check_map_func_compatibility, check_map_prog_compatibility of kernel/bpf/verifier.c)?
 */
#include "base/err.h"
#include "btf/fields.h"
#include "map/map.h"
#include "spec/access.h"
#include "verify/call/call_int.h"

/*
 * A key that decides something was marked precise, so every execution that reaches the call has one
 * of the keys seen here.
 */
static void record_key(struct insn_facts *fact, bool known, u64 key)
{
	if (!known || (fact->key_state == FACT_KEY_CONST && fact->key != key)) {
		fact->key_state = FACT_KEY_MANY;
	} else if (fact->key_state == FACT_KEY_NONE) {
		fact->key_state = FACT_KEY_CONST;
		fact->key = key;
	}
}

int map_record(struct env *env, const struct helper_call *call)
{
	struct insn_facts *fact = env->fact;
	const struct map *map = call->mem.map;
	u32 props = call->info->props;

	if (!(props & HP_MAP_KNOWN))
		return 0;
	if (!map)
		return env_bug(env, "expected map for helper call");
	if (props & HP_MAP_WRITES && map->attr.flags & MAP_F_RDONLY_PROG)
		return reject(env, -EACCES, "write into map forbidden");
	if (fact->map_state == FACT_MAP_NONE) {
		fact->map_state = FACT_MAP_ONE;
		fact->map = map;
	} else if (fact->map != map) {
		fact->map_state = FACT_MAP_MANY;
		fact->map = NULL;
	}
	fact->map_unpriv |= !env->bypass_spec_v1;
	return 0;
}

/* The index of a tail call: one constant allows a direct jump. */
int map_record_index(struct env *env, const struct helper_call *call)
{
	const struct map *map = call->mem.map;
	const struct reg *index = env_reg(env, 3);

	if (!(call->info->props & HP_TAIL_CALL))
		return 0;
	if (!(map_type_info(map->attr.type)->flags & MT_PROGS))
		return reject(env, -EINVAL, "expected prog array map for tail call");
	if (!reg_is_const(index) || reg_const_value(index) >= map->attr.max_entries) {
		record_key(env->fact, false, 0);
		return 0;
	}
	record_key(env->fact, true, reg_const_value(index));
	return past_mark_precise(env, 3);
}

int map_const_key(struct env *env, u32 regno, u32 key_bytes, struct call_mem *mem,
		  u64 *ret_key)
{
	const struct reg *reg = env_reg(env, regno);
	const struct frame *frame;
	const struct slot *slot;
	u32 zeros = 0, spilled = 0, byte;
	s32 off;
	int err;

	mem->has_const_map_key = mem->exact_map_key = false;
	if (!env->bpf_capable || reg->type != REG_STACK || !scalar_is_const(&reg->s))
		return 0;
	frame = state_frame_of(env->cur, reg);
	off = reg->off + (s32)reg_const_value(reg);
	slot = stack_slot(frame, stack_spi(off));
	byte = stack_byte(off);
	for (u32 i = byte + 1; i-- && slot->type[i] == SLOT_ZERO;)
		zeros++;
	if (zeros >= key_bytes) {
		mem->has_const_map_key = mem->exact_map_key = true;
		*ret_key = 0;
		return 0;
	}
	if (!slot_is_spilled_scalar(slot))
		return 0;
	for (u32 i = byte + 1; i-- && slot->type[i] == SLOT_SPILL;)
		spilled++;
	if (spilled != key_bytes || !scalar_is_const(&slot->spilled.s))
		return 0;
	*ret_key = reg_const_value(&slot->spilled);
	err = past_mark_precise_slot(env, reg->frameno, stack_spi(off));
	mem->has_const_map_key = !err;
	/*
	 * The kernel takes the upper half of an 8-byte spill for the whole of it. As a bound that
	 * is no harm: what is below max_entries has an upper half of 0. The key it is not.
	 */
	mem->exact_map_key = !err && byte == STACK_SLOT_BYTES - 1;
	return err;
}

/* What a lookup in a map whose keys may be constants learns of its key. */
void map_record_lookup(struct env *env, const struct helper_call *call, bool not_null)
{
	struct insn_facts *fact = env->fact;

	fact->ret_not_null = fact->key_state == FACT_KEY_NONE ? not_null
							      : fact->ret_not_null && not_null;
	record_key(fact, call->mem.exact_map_key, (u64)call->mem.const_map_key);
}

int map_helper_fits(struct env *env, const struct helper_call *call)
{
	const struct map *map = call->mem.map;
	const struct prog *prog = env->prog;
	bool deletes;

	if (!map)
		return 0;
	if (helper_map_ok((enum helper_id)call->info->id, map->attr.type)) {
		/* Sockets may be put in and taken out where they cannot be locked by others. */
		if (!(map_type_info(map->attr.type)->flags & MT_VALUE_SOCKET) ||
		    !(call->info->props & HP_MAP_WRITES))
			return 0;
		deletes = call->args[2].kind == ARG_KIND_NONE;
		if (prog_may_update_sockets(prog->type, prog->expected_attach_type, deletes))
			return 0;
		vlog_add(&env->log, "cannot update sockmap in this context\n");
	}
	return reject(env, -EINVAL, "cannot pass map_type %u into func %s", (u32)map->attr.type,
		      call->name);
}

/* The program has another map of the type already, of which there may be one alone. */
static bool second_of_type(const struct prog *prog, const struct map *map)
{
	for (u32 i = 0; i < prog->map_cnt && prog->maps[i] != map; i++)
		if (prog->maps[i]->attr.type == map->attr.type)
			return true;
	return false;
}

int call_check_map(struct env *env, const struct map *map)
{
	const struct prog *prog = env->prog;
	u32 fields = map->fields ? map->fields->mask : 0;
	const char *why;
	int err;

	why = prog_map_refused(prog->type, env->sleepable, map->attr.type, fields, &err);
	if (why)
		return reject(env, err, "%s", why);
	if (map_type_info(map->attr.type)->flags & MT_CGROUP_STORAGE && second_of_type(prog, map))
		return reject(env, -EBUSY, "only one cgroup storage of each type is allowed");
	if (map_type_info(map->attr.type)->flags & MT_ARENA)
		return reject(env, -EOPNOTSUPP, "maps of type %s are not supported yet",
			      map_type_name(map->attr.type));
	return 0;
}
