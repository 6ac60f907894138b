/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the program's BTF says of its functions (check_btf_func): names, linkage, whether they
 * return a number. Without BTF all functions are static and without a name.
 */
#include <assert.h>

#include "base/err.h"
#include "btf/btf.h"
#include "btf/format.h"
#include "verify/verify_int.h"

static const struct btf_type *func_of(const struct env *env, u32 subprog)
{
	const struct prog *prog = env->prog;

	if (!prog->btf)
		return NULL;
	assert(subprog < prog->subprog_cnt); /* core/resolve_subprogs.c */
	if (!prog->subprogs[subprog].btf_id)
		return NULL;
	return btf_type_by_id(prog->btf, prog->subprogs[subprog].btf_id);
}

/* The kernel keeps linkage for programs with func_info alone; static is 0, global 1. */
void btf_info_linkage(struct env *env)
{
	for (u32 i = 0; i < env->facts->subprog_cnt; i++) {
		const struct btf_type *func = func_of(env, i);

		env->facts->subprogs[i].is_global = func && btf_type_vlen(func) == BTF_LINK_GLOBAL;
	}
}

/* btf_type_is_scalar() of what it returns: integers and enums, behind typedefs and qualifiers. */
static bool returns_scalar(const struct env *env, const struct btf_type *func)
{
	u32 id = func->size_or_type;
	const struct btf_type *t = btf_type_by_id(env->prog->btf, id);
	enum btf_kind kind;

	assert(t); /* btf/check.c */
	id = t->size_or_type; /* of the prototype: what it returns */
	t = btf_type_skip_modifiers(env->prog->btf, &id);
	assert(t);
	kind = btf_type_kind(t);
	return kind == BTF_KIND_INT || kind == BTF_KIND_ENUM || kind == BTF_KIND_ENUM64;
}

const bool *btf_info_scalar_return(struct env *env, u32 subprog_cnt, int *ret_err)
{
	bool *scalar;

	*ret_err = 0;
	if (!func_of(env, 0))
		return NULL;
	scalar = env_alloc(env, subprog_cnt * sizeof(*scalar));
	if (!scalar) {
		*ret_err = -ENOMEM;
		return NULL;
	}
	for (u32 i = 0; i < subprog_cnt; i++) {
		const struct btf_type *func = func_of(env, i);

		assert(func); /* func_info names all functions or none */
		scalar[i] = returns_scalar(env, func);
	}
	return scalar;
}

const char *btf_info_name(const struct env *env, u32 subprog)
{
	const struct btf_type *func = func_of(env, subprog);

	assert(func); /* a global function */
	return btf_type_name(env->prog->btf, func);
}
