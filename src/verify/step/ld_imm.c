/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Constants of 64 bits, addresses of maps, map values and functions (check_ld_imm). Which map a
 * reference means was resolved before the walk (env->aux).
 */
#include "map/map.h"
#include "verify/mem/mem.h"
#include "verify/step/step_int.h"

static int load_func(struct env *env, const struct insn *insn, struct reg *dst)
{
	int subprog = flow_subprog_at(env->flow, (s64)env->insn_idx + insn->imm + 1);

	if (subprog < 0)
		return env_bug(env, "address of no function");
	if (!env->prog->btf || !env->prog->subprogs[subprog].name)
		return reject(env, -EINVAL, "missing btf func_info");
	if (env->facts->subprogs[subprog].is_global)
		return reject(env, -EINVAL, "callback function not static");
	reg_mark_ptr(dst, REG_FUNC);
	dst->subprogno = (u32)subprog;
	return 0;
}

static int load_map(struct env *env, struct reg *dst, bool value)
{
	const struct insn_aux *aux = &env->aux[env->insn_idx];

	if (!aux->map)
		return env_bug(env, "reference to no map");
	reg_mark_ptr(dst, value ? REG_MAP_VALUE : REG_MAP_PTR);
	dst->map = aux->map;
	/* No id: all of them are the same value. */
	if (value)
		dst->off = (s32)aux->map_off;
	return 0;
}

int step_ld_imm(struct env *env, const struct insn *insn)
{
	const enum isa_op op = (enum isa_op)env->flow->info[env->insn_idx].op;
	struct reg *dst = env_reg(env, insn->dst);
	int err = mem_check_dst(env, insn->dst);

	if (err)
		return err;
	if (op == ISA_LDDW_IMM) {
		reg_mark_const(dst, insn_imm64(insn));
		return 0;
	}
	if (op == ISA_LDDW_FUNC)
		return load_func(env, insn, dst);
	if (op == ISA_LDDW_BTF_ID)
		return reject(env, -EINVAL,
			      "address of a kernel variable (BTF type id %d): not supported here",
			      insn->imm);
	return load_map(env, dst, op == ISA_LDDW_MAP_VALUE || op == ISA_LDDW_MAP_IDX_VALUE);
}
