/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which types of registers an argument takes, as tables by kind of argument (compatible_reg_types,
 * check_reg_type, check_func_arg_reg_off of kernel/bpf/verifier.c). The order is that in which the
 * log names them.
 */
#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "verify/call/call_int.h"

#define TYPES_MAX 10

static const u32 mem_types[TYPES_MAX] = {
	REG_STACK,
	REG_PACKET,
	REG_PACKET_META,
	REG_MAP_KEY,
	REG_MAP_VALUE,
	REG_MEM,
	REG_MEM | REG_RINGBUF,
	REG_BUF,
	REG_BTF_ID | REG_TRUSTED,
};
static const u32 sock_types[TYPES_MAX] = { REG_SOCK_COMMON, REG_SOCKET, REG_TCP_SOCK,
					   REG_XDP_SOCK };
static const u32 btf_sock_types[TYPES_MAX] = {
	REG_SOCK_COMMON, REG_SOCKET, REG_TCP_SOCK, REG_XDP_SOCK, REG_BTF_ID,
	REG_BTF_ID | REG_TRUSTED,
};
static const u32 fullsock_types[TYPES_MAX] = { REG_SOCKET };
static const u32 scalar_types[TYPES_MAX] = { REG_SCALAR };
static const u32 ctx_types[TYPES_MAX] = { REG_CTX };
static const u32 record_types[TYPES_MAX] = { REG_MEM | REG_RINGBUF };
static const u32 map_types[TYPES_MAX] = { REG_MAP_PTR };
static const u32 btf_types[TYPES_MAX] = { REG_BTF_ID, REG_BTF_ID | REG_TRUSTED,
					  REG_BTF_ID | REG_RCU };
static const u32 percpu_types[TYPES_MAX] = {
	REG_BTF_ID | REG_PERCPU,
	REG_BTF_ID | REG_PERCPU | REG_RCU,
	REG_BTF_ID | REG_PERCPU | REG_TRUSTED,
};
static const u32 func_types[TYPES_MAX] = { REG_FUNC };
static const u32 stack_types[TYPES_MAX] = { REG_STACK };
static const u32 value_types[TYPES_MAX] = { REG_MAP_VALUE };
static const u32 lock_types[TYPES_MAX] = { REG_MAP_VALUE, REG_BTF_ID | REG_ALLOC };
static const u32 kptr_types[TYPES_MAX] = { REG_MAP_VALUE, REG_BTF_ID | REG_ALLOC };
static const u32 dynptr_types[TYPES_MAX] = { REG_STACK, REG_DYNPTR };

/* NULL: every type will do. */
static const u32 *types_of(enum arg_kind kind)
{
	switch (kind) {
	case ARG_KIND_MAP_KEY:
	case ARG_KIND_MAP_VALUE:
	case ARG_KIND_MEM:
		return mem_types;
	case ARG_KIND_SIZE:
	case ARG_KIND_SIZE_OR_ZERO:
	case ARG_KIND_ALLOC_SIZE_OR_ZERO:
	case ARG_KIND_SCALAR:
		return scalar_types;
	case ARG_KIND_CONST_MAP_PTR:
		return map_types;
	case ARG_KIND_CTX:
		return ctx_types;
	case ARG_KIND_STACK:
		return stack_types;
	case ARG_KIND_FUNC:
		return func_types;
	case ARG_KIND_CONST_STR:
	case ARG_KIND_TIMER:
		return value_types;
	case ARG_KIND_SPIN_LOCK:
		return lock_types;
	case ARG_KIND_KPTR_DEST:
		return kptr_types;
	case ARG_KIND_DYNPTR:
		return dynptr_types;
	case ARG_KIND_RINGBUF_MEM:
		return record_types;
	case ARG_KIND_SOCK_COMMON:
		return sock_types;
	case ARG_KIND_SOCKET:
		return fullsock_types;
	case ARG_KIND_BTF_ID:
		return btf_types;
	case ARG_KIND_BTF_SOCK_COMMON:
		return btf_sock_types;
	case ARG_KIND_PERCPU_BTF_ID:
		return percpu_types;
	case ARG_KIND_NONE:
	case ARG_KIND_ANYTHING:
		break;
	}
	return NULL;
}

static int wrong_type(struct env *env, u32 regno, const u32 *types)
{
	char buf[REG_TYPE_TEXT_BYTES], text[REG_TYPE_TEXT_BYTES];
	struct str *list = &env->text;

	str_reset(list);
	for (u32 i = 0; i < TYPES_MAX && types[i]; i++)
		str_addf(list, "%s%s", i ? ", " : "", reg_type_text(types[i], buf));
	return reject_reg(env, -EACCES, (s32)regno, "R%u type=%s expected=%s", regno,
			  reg_type_text(env_reg(env, regno)->type, text), str_c(list));
}

int arg_type_check(struct env *env, u32 regno, const struct helper_arg *arg)
{
	const u32 *types = types_of((enum arg_kind)arg->kind);
	u32 type = env_reg(env, regno)->type;

	if (!types)
		return 0;
	/* Memory that is only read may be read-only; what may be NULL may be maybe-NULL. */
	if (arg->kind == ARG_KIND_MEM) {
		if ((arg->flags & (AF_READ | AF_WRITE)) == AF_READ)
			type &= ~(u32)REG_RDONLY;
		type &= ~(u32)(REG_DYNPTR_LOCAL | REG_DYNPTR_RINGBUF | REG_DYNPTR_SKB |
			       REG_DYNPTR_XDP);
	}
	if (arg->flags & AF_OR_NULL)
		type &= ~(u32)REG_MAYBE_NULL;
	for (u32 i = 0; i < TYPES_MAX && types[i]; i++) {
		if (type != types[i])
			continue;
		if (reg_base(type) != REG_BTF_ID)
			return 0;
		return env_bug(env, "R%u is typed by the BTF of a kernel: nothing makes those yet",
			       regno);
	}
	return wrong_type(env, regno, types);
}

int arg_offset_check(struct env *env, u32 regno, u32 flags, bool dynptr)
{
	const struct reg *reg = env_reg(env, regno);

	if (flags & AF_RELEASE) {
		/* A dynptr stands anywhere on the stack; what it refers to is at no offset. */
		if (dynptr && reg->type == REG_STACK)
			return 0;
		if (reg->off)
			return reject_reg(env, -EINVAL, (s32)regno,
					  "R%u must have zero offset when passed to release func "
					  "or trusted arg to kfunc", regno);
		return mem_ptr_off(env, reg, regno, false);
	}
	switch (reg->type) {
	case REG_STACK:
	case REG_PACKET:
	case REG_PACKET_META:
	case REG_MAP_KEY:
	case REG_MAP_VALUE:
	case REG_MEM:
	case (u32)REG_MEM | (u32)REG_RDONLY:
	case (u32)REG_MEM | (u32)REG_RINGBUF:
	case REG_BUF:
	case (u32)REG_BUF | (u32)REG_RDONLY:
	case REG_ARENA:
	case REG_SCALAR:
		return 0;
	default:
		break;
	}
	return mem_ptr_off(env, reg, regno, reg_base(reg->type) == REG_BTF_ID);
}
