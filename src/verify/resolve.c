/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is looked up once, before any path is walked: the operation of each instruction, the map
 * that an lddw names (resolve_pseudo_ldimm64), whether this kind of program can be verified
 * (check_attach_btf_id).
 */
#include "base/err.h"
#include "map/map.h"
#include "spec/access.h"
#include "verify/call/call.h"
#include "verify/verify_int.h"

static u64 imm64(const struct insn *i)
{
	return (u32)i[0].imm | (u64)(u32)i[1].imm << 32;
}

/* Whoever resolved the program put the address of a value into @i: of which map? */
static const struct map *map_of_value(const struct env *env, const struct insn *i, u32 off)
{
	const struct prog *prog = env->prog;

	for (u32 m = 0; m < prog->map_cnt; m++) {
		struct map *map = prog->maps[m];
		u64 addr;

		if (map->ops->direct_value && !map->ops->direct_value(map, off, &addr) &&
		    addr == imm64(i))
			return map;
	}
	return NULL;
}

static int resolve_map(struct env *env, u32 idx)
{
	const struct prog *prog = env->prog;
	struct insn_aux *aux = &env->aux[idx];
	const struct insn *i = &env->insns[idx];

	switch (aux->op) {
	case ISA_LDDW_MAP_FD:
	case ISA_LDDW_MAP_IDX:
		aux->map = u64_to_ptr(imm64(i));
		return 0;
	case ISA_LDDW_MAP_VALUE:
	case ISA_LDDW_MAP_IDX_VALUE:
		/* The second word of what was loaded is the offset into the value. */
		aux->map_off = idx + 1 < prog->insns_loaded_cnt
				       ? (u32)prog->insns_loaded[idx + 1].imm
				       : 0;
		aux->map = map_of_value(env, i, aux->map_off);
		return aux->map ? 0 : env_bug(env, "no map has a value at instruction %u", idx);
	default:
		return 0;
	}
}

int resolve_insns(struct env *env)
{
	int err = 0;

	env->aux = env_alloc(env, (size_t)env->insn_cnt * sizeof(*env->aux));
	if (!env->aux)
		return -ENOMEM;
	for (u32 i = 0; !err && i < env->insn_cnt; i += isa_words(env->aux[i].op)) {
		env->insn_idx = i;
		env->aux[i].op = (u8)isa_decode(&env->insns[i]);
		err = resolve_map(env, i);
	}
	for (u32 i = 0; !err && i < env->prog->map_cnt; i++)
		err = call_check_map(env, env->prog->maps[i]);
	env->insn_idx = 0;
	return err;
}

int resolve_target(struct env *env)
{
	const struct prog *prog = env->prog;
	const struct prog_type_info *type = prog_type_info(prog->type);

	if (type->flags & PT_SLEEPABLE_ONLY) {
		if (env->sleepable)
			return 0;
		return reject(env, -EINVAL, "Syscall programs can only be sleepable");
	}
	if (env->sleepable && !prog_can_sleep(prog->type, prog->expected_attach_type))
		return reject(env, -EINVAL,
			      "Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops "
			      "programs can be sleepable");
	if (type->flags & PT_BTF_TARGET)
		return reject(env, -EOPNOTSUPP,
			      "programs of type %s are typed by the BTF of a kernel, which is not "
			      "supported yet", type->name);
	return 0;
}
