/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The context and the sockets behind it, by the rows of spec/ctx/ (check_ctx_access,
 * check_sock_access); and what needs the kernel's BTF to be looked into, which is refused.
 */
#include "map/map.h"
#include "spec/access.h"
#include "spec/maptype.h"
#include "verify/mem/mem_int.h"

static const u32 value_types[] = {
	[CTX_SCALAR] = REG_SCALAR,
	[CTX_PACKET] = REG_PACKET,
	[CTX_PACKET_END] = REG_PACKET_END,
	[CTX_PACKET_META] = REG_PACKET_META,
	[CTX_SOCK_COMMON_OR_NULL] = REG_SOCK_COMMON | REG_MAYBE_NULL,
	[CTX_SOCK_COMMON] = REG_SOCK_COMMON,
	[CTX_SOCKET_OR_NULL] = REG_SOCKET | REG_MAYBE_NULL,
	[CTX_SOCKET] = REG_SOCKET,
	[CTX_TCP_SOCK] = REG_TCP_SOCK,
	[CTX_XDP_SOCK] = REG_XDP_SOCK,
	[CTX_FLOW_KEYS] = REG_FLOW_KEYS,
	[CTX_TP_BUFFER] = REG_TP_BUFFER,
	[CTX_BTF_PTR] = REG_BTF_ID | REG_TRUSTED,
};

static void load_value(struct env *env, struct reg *dst, enum ctx_value value)
{
	u32 type = value_types[value];

	if (value == CTX_SCALAR) {
		reg_mark_unknown(env, dst);
		return;
	}
	reg_mark_ptr(dst, type);
	if (reg_may_be_null(type))
		dst->id = env_new_id(env);
	/* However wide the load seems: a pointer is whole. */
	dst->subreg_def = REG_NOT_SUBREG;
}

int mem_ctx_access(struct env *env, const struct mem_access *acc)
{
	const struct prog_kind kind = {
		.type = env->prog->type,
		.attach_type = env->prog->expected_attach_type,
		.bpf_capable = env->bpf_capable,
	};
	const struct ctx_access_query query = {
		.off = acc->off,
		.size_bytes = acc->size_bytes,
		.write = acc->kind == ACCESS_WRITE,
		.sext = acc->is_ldsx,
	};
	struct ctx_access_result res;
	int err;

	if (query.write && acc->value_regno >= 0 && mem_is_pointer(env, (u32)acc->value_regno))
		return reject_reg(env, -EACCES, acc->value_regno, "R%d leaks addr into ctx",
				  acc->value_regno);
	err = mem_ptr_off(env, env_reg(env, acc->regno), acc->regno, false);
	if (err)
		return err;
	err = prog_ctx_access(&kind, &query, &res);
	if (err == -EOPNOTSUPP) /* resolve.c refuses types that need the BTF of a kernel */
		return env_bug(env, "programs of type %s", prog_type_name(env->prog->type));
	if (err)
		return reject_reg(env, err, (s32)acc->regno,
				  "invalid bpf_context access off=%d size=%d", acc->off,
				  (int)acc->size_bytes);
	if (res.value == CTX_BTF_PTR)
		return reject_reg(env, -EOPNOTSUPP, (s32)acc->regno,
				  "a pointer to struct %s needs kernel BTF, which is not supported "
				  "yet",
				  res.btf_struct);
	env->facts->insns[acc->insn_idx].ctx_field_bytes = (u8)res.field_size_bytes;
	if (!query.write && acc->value_regno >= 0)
		load_value(env, env_reg(env, (u32)acc->value_regno), res.value);
	return 0;
}

static enum ctx_value sock_value(enum reg_base base)
{
	if (base == REG_SOCKET)
		return CTX_SOCKET;
	if (base == REG_TCP_SOCK)
		return CTX_TCP_SOCK;
	return base == REG_XDP_SOCK ? CTX_XDP_SOCK : CTX_SOCK_COMMON;
}

int mem_sock_access(struct env *env, const struct mem_access *acc)
{
	const struct reg *reg = env_reg(env, acc->regno);
	const struct ctx_access_query query = {
		.off = acc->off,
		.size_bytes = acc->size_bytes,
		.sext = acc->is_ldsx,
	};
	struct ctx_access_result res;
	char type[REG_TYPE_TEXT_BYTES];

	if (acc->kind == ACCESS_WRITE)
		return reject_reg(env, -EACCES, (s32)acc->regno, "R%d cannot write into %s",
				  (int)acc->regno, reg_type_text(reg->type, type));
	/* Arithmetic on sockets is refused (ptr_alu.c): the offset is the instruction's. */
	if (reg->s.smin < 0)
		return env_bug(env, "R%u: a socket with an offset", acc->regno);
	if (!scalar_is_const(&reg->s) || reg->s.var_off.value)
		return mem_ptr_off(env, reg, acc->regno, true);
	if (object_access(sock_value(reg_base(reg->type)), &query, &res))
		return reject_reg(env, -EACCES, (s32)acc->regno,
				  "R%d invalid %s access off=%d size=%d", (int)acc->regno,
				  reg_type_text(reg->type, type), acc->off, (int)acc->size_bytes);
	env->facts->insns[acc->insn_idx].ctx_field_bytes = (u8)res.field_size_bytes;
	if (acc->value_regno >= 0)
		reg_mark_unknown(env, env_reg(env, (u32)acc->value_regno));
	return 0;
}

int mem_btf_access(struct env *env, u32 regno)
{
	char type[REG_TYPE_TEXT_BYTES];

	return reject_reg(env, -EOPNOTSUPP, (s32)regno,
			  "R%d: access through %s needs kernel BTF, which is not supported yet",
			  (int)regno, reg_type_text(env_reg(env, regno)->type, type));
}

/* check_ptr_to_map_access: fields of the map itself, by the kernel's BTF. */
int mem_map_ptr_access(struct env *env, const struct mem_access *acc)
{
	const struct map *map = env_reg(env, acc->regno)->map;
	const char *name = map_type_info(map->attr.type)->kernel_struct;

	if (!env->allow_ptr_leaks)
		return reject_reg(env, -EPERM, (s32)acc->regno,
				  "'struct %s' access is allowed only to CAP_PERFMON and "
				  "CAP_SYS_ADMIN",
				  name);
	if (acc->off < 0)
		return reject_reg(env, -EACCES, (s32)acc->regno,
				  "R%d is %s invalid negative access: off=%d", (int)acc->regno,
				  name, acc->off);
	if (acc->kind != ACCESS_READ)
		return reject_reg(env, -EACCES, (s32)acc->regno, "only read from %s is supported",
				  name);
	return mem_btf_access(env, acc->regno);
}
