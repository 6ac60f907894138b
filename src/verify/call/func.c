/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arguments of functions as BTF declares them: of global functions they are the contract between
 * callers and the function's own verification (btf_prepare_func_args, btf_check_func_arg_match of
 * the kernel); of static ones and of the main function, a hint that may be wrong.
 */
#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "btf/btf.h"
#include "spec/access.h"
#include "verify/call/call_int.h"

enum arg_tag { TAG_CTX = 1, TAG_NONNULL = 2, TAG_TRUSTED = 4, TAG_NULLABLE = 8, TAG_ARENA = 16,
	       TAG_UNTRUSTED = 32 };

static const struct {
	const char *name;
	u32 tag;
} arg_tags[] = {
	{ "ctx", TAG_CTX },	      { "trusted", TAG_TRUSTED }, { "untrusted", TAG_UNTRUSTED },
	{ "nonnull", TAG_NONNULL }, { "nullable", TAG_NULLABLE }, { "arena", TAG_ARENA },
};

/* One function while it is looked at. */
struct func_parse {
	struct env *env;
	const struct btf *btf;
	u32 func_id;
	const char *name;
	bool global;
	struct call_func *func;
};

struct call_func *func_of(struct env *env, u32 subprog)
{
	assert(env->call_funcs); /* the main function comes first: call_main_args() */
	return &env->call_funcs[subprog];
}

static u32 func_btf_id(const struct env *env, u32 subprog)
{
	const struct prog *prog = env->prog;

	if (!prog->btf)
		return 0;
	assert(subprog < prog->subprog_cnt); /* core/resolve_subprogs.c: func_info names all */
	return prog->subprogs[subprog].btf_id;
}

const char *func_name(const struct env *env, u32 subprog)
{
	u32 id = func_btf_id(env, subprog);

	return id ? btf_type_name(env->prog->btf, btf_type_by_id(env->prog->btf, id)) : "";
}

/* Never NULL: btf/check.c saw that ids of types name types. */
static const struct btf_type *skip(const struct btf *btf, u32 id)
{
	const struct btf_type *t = btf_type_skip_modifiers(btf, &id);

	assert(t);
	return t;
}

static bool is_number(const struct btf_type *t)
{
	enum btf_kind kind = btf_type_kind(t);

	return kind == BTF_KIND_INT || kind == BTF_KIND_ENUM || kind == BTF_KIND_ENUM64;
}

/* "arg:nonnull" and the like on parameter @n (btf_find_next_decl_tag). */
static int parse_tags(const struct func_parse *p, u32 n, u32 *ret_tags)
{
	static const char prefix[] = "arg:";
	const struct btf *btf = p->btf;

	*ret_tags = 0;
	for (u32 id = 1; id < btf_type_cnt(btf); id++) {
		const struct btf_type *t = btf_type_by_id(btf, id);
		const char *name;
		u32 i;

		if (btf_type_kind(t) != BTF_KIND_DECL_TAG || t->size_or_type != p->func_id ||
		    *(const s32 *)(t + 1) != (s32)n)
			continue;
		name = btf_type_name(btf, t);
		if (strncmp(name, prefix, sizeof(prefix) - 1))
			continue;
		if (!p->global)
			return reject(p->env, -EOPNOTSUPP,
				      "arg#%u type tag is not supported in static functions", n);
		for (i = 0; i < ARRAY_SIZE(arg_tags); i++)
			if (!strcmp(name + sizeof(prefix) - 1, arg_tags[i].name))
				break;
		if (i == ARRAY_SIZE(arg_tags))
			return reject(p->env, -EOPNOTSUPP,
				      "arg#%u has unsupported set of tags", n);
		*ret_tags |= arg_tags[i].tag;
	}
	return 0;
}

static bool one_of(const char *name, const char *const *names, u32 cnt)
{
	for (u32 i = 0; i < cnt && names[i]; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/*
 * Is the pointer one to this program's context: a struct of its name, or a typedef
 * (btf_is_prog_ctx_type)?
 */
static bool is_ctx(const struct func_parse *p, const struct btf_type *ptr, bool tagged)
{
	const struct prog *prog = p->env->prog;
	u32 id = ptr->size_or_type;
	const struct btf_type *t = btf_type_by_id(p->btf, id);
	struct prog_ctx_arg arg;

	assert(t);
	prog_ctx_arg(prog->type, prog->expected_attach_type, &arg);
	/* Qualifiers, then typedefs one by one: some of them are the name itself. */
	while (btf_type_kind(t) == BTF_KIND_CONST || btf_type_kind(t) == BTF_KIND_VOLATILE ||
	       btf_type_kind(t) == BTF_KIND_RESTRICT || btf_type_kind(t) == BTF_KIND_TYPE_TAG ||
	       btf_type_kind(t) == BTF_KIND_TYPEDEF) {
		if (btf_type_kind(t) == BTF_KIND_TYPEDEF && (tagged || arg.typedef_untagged) &&
		    one_of(btf_type_name(p->btf, t), arg.typedefs, ARRAY_SIZE(arg.typedefs)))
			return true;
		t = btf_type_by_id(p->btf, t->size_or_type);
		assert(t);
	}
	return (btf_type_kind(t) == BTF_KIND_STRUCT || btf_type_kind(t) == BTF_KIND_UNION) &&
	       one_of(btf_type_name(p->btf, t), tagged ? arg.structs : arg.untagged,
		      ARRAY_SIZE(arg.structs));
}

/* An argument tagged as context: may it point to this (btf_validate_prog_ctx_type)? */
static int check_ctx_tag(const struct func_parse *p, u32 n, const struct btf_type *ptr)
{
	const struct prog *prog = p->env->prog;
	const struct btf_type *t;
	struct prog_ctx_arg arg;

	if (!ptr->size_or_type)
		return 0;
	prog_ctx_arg(prog->type, prog->expected_attach_type, &arg);
	if (arg.anything || is_ctx(p, ptr, true))
		return 0;
	t = skip(p->btf, ptr->size_or_type);
	if (btf_type_kind(t) == BTF_KIND_UNKN)
		return 0;
	if (arg.u64_ok && btf_type_kind(t) == BTF_KIND_INT && t->size_or_type == 8)
		return 0;
	if (!arg.structs[0])
		return reject(p->env, -EINVAL, "arg#%u should be void pointer", n);
	return reject(p->env, -EINVAL, "arg#%u should be `struct %s *`", n, arg.structs[0]);
}

/* A struct of that name, or one that is only declared (btf_is_dynptr_ptr). */
static bool is_dynptr(const struct func_parse *p, const struct btf_type *ptr)
{
	const struct btf_type *t = skip(p->btf, ptr->size_or_type);

	if (btf_type_kind(t) != BTF_KIND_STRUCT &&
	    (btf_type_kind(t) != BTF_KIND_FWD || btf_type_kflag(t)))
		return false;
	return !strcmp(btf_type_name(p->btf, t), "bpf_dynptr");
}

static int bad_tags(const struct func_parse *p, u32 n)
{
	return reject(p->env, -EINVAL, "arg#%u has invalid combination of tags", n);
}

/* Memory of the caller's, as much as the type needs. */
static int parse_mem(const struct func_parse *p, u32 n, const struct btf_type *ptr, u32 tags)
{
	struct func_arg *arg = &p->func->args[n];
	u32 id = ptr->size_or_type;
	const struct btf_type *t;

	if (tags & TAG_NULLABLE)
		return bad_tags(p, n);
	t = btf_type_skip_modifiers(p->btf, &id);
	if (!btf_type_sized(p->btf, &id, &arg->mem_bytes))
		return reject(p->env, -EINVAL,
			      "arg#%u reference type('%s %s') size cannot be determined: %d", n,
			      btf_kind_name(btf_type_kind(t)), btf_type_name(p->btf, t), -EINVAL);
	arg->kind = PARAM_MEM;
	arg->flags = tags & TAG_NONNULL ? 0 : (u32)REG_MAYBE_NULL;
	return 0;
}

static int parse_untrusted(const struct func_parse *p, u32 n, const struct btf_type *ptr,
			   u32 tags)
{
	struct func_arg *arg = &p->func->args[n];
	const struct btf_type *t = skip(p->btf, ptr->size_or_type);

	if (tags & ~(u32)TAG_UNTRUSTED)
		return reject(p->env, -EINVAL,
			      "arg#%u untrusted cannot be combined with any other tags", n);
	if (btf_type_kind(t) != BTF_KIND_UNKN && !is_number(t))
		return reject(p->env, -EOPNOTSUPP,
			      "arg#%u: pointers typed by a kernel's BTF are not supported yet", n);
	arg->kind = PARAM_MEM;
	arg->flags = (u32)REG_RDONLY | (u32)REG_UNTRUSTED;
	arg->mem_bytes = 0;
	return 0;
}

static int parse_pointer(const struct func_parse *p, u32 n, const struct btf_type *ptr, u32 tags)
{
	struct func_arg *arg = &p->func->args[n];

	if (tags & TAG_CTX || is_ctx(p, ptr, false)) {
		if (tags & ~(u32)TAG_CTX)
			return bad_tags(p, n);
		arg->kind = PARAM_CTX;
		return tags & TAG_CTX ? check_ctx_tag(p, n, ptr) : 0;
	}
	if (is_dynptr(p, ptr)) {
		if (tags)
			return bad_tags(p, n);
		arg->kind = PARAM_DYNPTR;
		return 0;
	}
	if (tags & TAG_TRUSTED)
		return tags & TAG_NONNULL ?
			       bad_tags(p, n) :
			       reject(p->env, -EOPNOTSUPP,
				      "arg#%u: pointers typed by a kernel's BTF are not supported "
				      "yet", n);
	if (tags & TAG_UNTRUSTED)
		return parse_untrusted(p, n, ptr, tags);
	if (tags & TAG_ARENA) {
		if (tags & ~(u32)TAG_ARENA)
			return reject(p->env, -EINVAL,
				      "arg#%u arena cannot be combined with any other tags", n);
		arg->kind = PARAM_ARENA;
		return 0;
	}
	return p->global ? parse_mem(p, n, ptr, tags) : -EINVAL;
}

static int parse_arg(const struct func_parse *p, u32 n, u32 type_id)
{
	const struct btf_type *t = skip(p->btf, type_id);
	u32 tags;
	int err = parse_tags(p, n, &tags);

	if (err)
		return err;
	if (btf_type_kind(t) == BTF_KIND_PTR)
		return parse_pointer(p, n, t, tags);
	if (tags)
		return reject(p->env, -EINVAL,
			      "arg#%u has pointer tag, but is not a pointer type", n);
	if (is_number(t)) {
		p->func->args[n].kind = PARAM_SCALAR;
		return 0;
	}
	if (!p->global)
		return -EINVAL;
	return reject(p->env, -EINVAL, "Arg#%u type %s in %s() is not supported yet.", n,
		      btf_kind_name(btf_type_kind(t)), p->name);
}

static int parse_proto(const struct func_parse *p, const struct btf_type *proto)
{
	const struct btf_param *params = (const struct btf_param *)(proto + 1);
	const struct btf_type *ret = skip(p->btf, proto->size_or_type);
	u32 cnt = btf_type_vlen(proto);
	int err = 0;

	if (cnt > CALL_REGS)
		return !p->global ? -EINVAL :
				    reject(p->env, -EINVAL,
					   "Global function %s() with %u > %u args. Buggy "
					   "compiler.", p->name, cnt, CALL_REGS);
	if (!is_number(ret))
		return !p->global ? -EINVAL :
				    reject(p->env, -EINVAL,
					   "Global function %s() doesn't return scalar. Only "
					   "those are supported.", p->name);
	for (u32 i = 0; !err && i < cnt; i++)
		err = parse_arg(p, i, params[i].type);
	if (err)
		return err;
	p->func->arg_cnt = (u8)cnt;
	p->func->cached = true;
	return 0;
}

int func_args(struct env *env, u32 subprog, const struct call_func **ret_func)
{
	struct func_parse p = {
		.env = env,
		.btf = env->prog->btf,
		.func_id = func_btf_id(env, subprog),
		.name = func_name(env, subprog),
		.global = env->facts->subprogs[subprog].is_global,
		.func = func_of(env, subprog),
	};
	const struct btf_type *t;

	*ret_func = p.func;
	if (p.func->cached)
		return 0;
	if (!p.func_id)
		return env_bug(env, "no BTF for func#%u", subprog);
	t = btf_type_by_id(p.btf, btf_type_by_id(p.btf, p.func_id)->size_or_type);
	return parse_proto(&p, t);
}

/*
 * One deliberate difference: a constant NULL is none of the callee's non-NULL pointers. Linux
 * 6.18.44 takes it (check_mem_reg leaves NULL alone, and only maybe-NULL pointers are asked about),
 * and the callee, proved without NULL, reads through it.
 */
static int check_mem_arg(struct env *env, u32 n, const struct func_arg *arg)
{
	u32 regno = n + 1;
	int err = arg_offset_check(env, regno, 0, false);

	if (err)
		return err;
	if (mem_subprog_arg(env, regno, arg->mem_bytes))
		return -EINVAL;
	if (!(arg->flags & REG_MAYBE_NULL) && (reg_may_be_null(env_reg(env, regno)->type) ||
					       reg_is_null(env_reg(env, regno))))
		return reject_reg(env, -EINVAL, (s32)regno, "arg#%u is expected to be non-NULL",
				  n);
	return 0;
}

static int check_arg(struct env *env, u32 n, const struct func_arg *arg)
{
	u32 regno = n + 1;
	const struct reg *reg = env_reg(env, regno);
	int err;

	switch ((enum param_kind)arg->kind) {
	case PARAM_SCALAR:
		if (reg->type != REG_SCALAR)
			return reject_reg(env, -EINVAL, (s32)regno, "R%u is not a scalar", regno);
		return 0;
	case PARAM_CTX:
		err = arg_offset_check(env, regno, 0, false);
		if (!err && reg->type != REG_CTX)
			err = reject_reg(env, -EINVAL, (s32)regno,
					 "arg#%u expects pointer to ctx", n);
		return err;
	case PARAM_MEM:
		/* Reads through untrusted pointers are checked when they happen. */
		return arg->flags & REG_UNTRUSTED ? 0 : check_mem_arg(env, n, arg);
	case PARAM_ARENA:
		if (reg->type == REG_ARENA || reg->type == REG_SCALAR)
			return 0;
		return reject_reg(env, -EINVAL, (s32)regno,
				  "R%u is not a pointer to arena or scalar.", regno);
	case PARAM_DYNPTR:
		err = arg_offset_check(env, regno, 0, true);
		return err ? err : dynptr_arg(env, regno, env->insn_idx, AF_READ);
	}
	return 0;
}

int func_check_call(struct env *env, u32 subprog)
{
	struct call_func *own = func_of(env, subprog);
	const struct call_func *func;
	struct reject_record *rec = env->reject;
	bool clean = !rec->err;
	int err;

	if (!func_btf_id(env, subprog) || own->unreliable)
		return -EINVAL;
	err = func_args(env, subprog, &func);
	for (u32 n = 0; !err && n < func->arg_cnt; n++)
		err = check_arg(env, n, &func->args[n]);
	if (!err || err == -ENOMEM)
		return err;
	/* The compiler may have changed a static function's arguments: then BTF is no help. */
	own->unreliable = true;
	if (clean && err != -EFAULT && !env->facts->subprogs[subprog].is_global)
		env_reject_forget(env);
	return err;
}

/* Exceptions are typed by the kernel's BTF; a handler of theirs is named by a tag of main's. */
static bool has_handler(const struct env *env)
{
	static const char prefix[] = "exception_callback:";
	const struct btf *btf = env->prog->btf;
	u32 func = func_btf_id(env, 0);

	for (u32 id = 1; id < btf_type_cnt(btf); id++) {
		const struct btf_type *t = btf_type_by_id(btf, id);

		if (btf_type_kind(t) == BTF_KIND_DECL_TAG && t->size_or_type == func &&
		    !strncmp(btf_type_name(btf, t), prefix, sizeof(prefix) - 1))
			return true;
	}
	return false;
}

int call_main_args(struct env *env)
{
	const struct call_func *func;
	struct call_func *own;
	int err;

	env->call_funcs = env_alloc(env, env->facts->subprog_cnt * sizeof(*env->call_funcs));
	if (!env->call_funcs)
		return -ENOMEM;
	own = func_of(env, 0);
	if (!func_btf_id(env, 0))
		return 0;
	if (has_handler(env))
		return reject(env, -EOPNOTSUPP, "exception callbacks are not supported yet");
	err = func_args(env, 0, &func);
	own->unreliable = err || func->arg_cnt != 1 || func->args[0].kind != PARAM_CTX;
	env_reject_forget(env);
	return 0;
}

int call_prepare_args(struct env *env, u32 subprogno)
{
	const struct call_func *func;
	int err = func_args(env, subprogno, &func);

	if (err) /* its callers asked before */
		return env_bug(env, "no prototype of global func#%u", subprogno);
	for (u32 n = 0; n < func->arg_cnt; n++) {
		const struct func_arg *arg = &func->args[n];
		struct reg *reg = env_reg(env, n + 1);

		switch ((enum param_kind)arg->kind) {
		case PARAM_SCALAR:
		case PARAM_ARENA: /* a scalar may be passed, too */
			reg_mark_unknown(env, reg);
			break;
		case PARAM_CTX:
			reg_mark_ptr(reg, REG_CTX);
			break;
		case PARAM_MEM:
			reg_mark_ptr(reg, REG_MEM | arg->flags);
			reg->mem_size_bytes = arg->mem_bytes;
			if (reg_may_be_null(arg->flags))
				reg->id = env_new_id(env);
			break;
		case PARAM_DYNPTR:
			dynptr_mark_reg(reg, DYNPTR_LOCAL, true, env_new_id(env));
			break;
		}
	}
	return 0;
}
