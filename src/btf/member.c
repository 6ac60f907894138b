/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A struct's member against its type: alignment, bit-fields, and that it ends inside the struct.
 * The kernel's check_member and check_kflag_member operations; with kflag a bit-field's width is in
 * the member, without it in the integer type.
 */
#include "base/err.h"
#include "btf/btf_int.h"

struct member_env {
	struct btf *btf;
	u32 struct_id;
	u32 struct_bytes;
	u32 off_bits;
	u32 field_bits;
	bool kflag;
};

static int fail(const struct member_env *env, const char *why)
{
	return btf_fail(env->btf, env->struct_id, -EINVAL, "member at bit %u: %s", env->off_bits,
			why);
}

/* Bits [off, off + cnt), read from the byte that holds the first one, inside the struct. */
static int check_bits(const struct member_env *env, u32 off_bits, u32 cnt)
{
	u32 first_byte = off_bits / 8, copy_bits = cnt + off_bits % 8;

	if (copy_bits > 128)
		return fail(env, "nr_copy_bits exceeds 128");
	if (env->struct_bytes < first_byte ||
	    env->struct_bytes - first_byte < (copy_bits + 7) / 8)
		return fail(env, "Member exceeds struct_size");
	return 0;
}

static int check_int(const struct member_env *env, const struct btf_type *t)
{
	u32 bits = btf_int_bits(t), off;

	if (!env->kflag) {
		if (__builtin_add_overflow(env->off_bits, btf_int_off_bits(t), &off))
			return fail(env, "bits_offset exceeds U32_MAX");
		return check_bits(env, off, bits);
	}
	if (!btf_int_is_regular(t))
		return fail(env, "Invalid member base type");
	if (!env->field_bits) {
		if (env->off_bits % 8)
			return fail(env, "Invalid member offset");
		return check_bits(env, env->off_bits, bits);
	}
	if (env->field_bits > bits)
		return fail(env, "Invalid member bitfield_size");
	return check_bits(env, env->off_bits, env->field_bits);
}

/* Whole bytes: pointers, arrays, structs, and enumerations outside kflag structs. */
static int check_bytes(const struct member_env *env, u32 size_bytes)
{
	if (env->field_bits)
		return fail(env, "Invalid member bitfield_size");
	if (env->off_bits % 8)
		return fail(env, "Member is not byte aligned");
	if (env->struct_bytes - env->off_bits / 8 < size_bytes)
		return fail(env, "Member exceeds struct_size");
	return 0;
}

/* btf_enum_check_kflag_member() counts an enumeration as an int, whatever its size. */
static int check_enum(const struct member_env *env, u32 size_bytes)
{
	u32 bits = env->field_bits;

	if (!env->kflag)
		return check_bytes(env, size_bytes);
	if (bits > 32)
		return fail(env, "Invalid member bitfield_size");
	if (!bits) {
		if (env->off_bits % 8)
			return fail(env, "Invalid member offset");
		bits = 32;
	}
	if (env->struct_bytes < ((u64)env->off_bits + bits + 7) / 8)
		return fail(env, "Member exceeds struct_size");
	return 0;
}

/* Architectures align floats differently: only what all agree on is asked for. */
static int check_float(const struct member_env *env, u32 size_bytes)
{
	u32 align_bits = MIN(size_bytes, 8u) * 8;

	if (env->field_bits)
		return fail(env, "Invalid member bitfield_size");
	if (env->off_bits % align_bits)
		return fail(env, "Member is not properly aligned");
	if ((u64)env->off_bits / 8 + size_bytes > env->struct_bytes)
		return fail(env, "Member exceeds struct_size");
	return 0;
}

int btf_member_check(struct btf *btf, u32 struct_id, const struct btf_member *m)
{
	const struct btf_type *parent = btf_type_by_id(btf, struct_id), *t;
	struct member_env env = {
		.btf = btf,
		.struct_id = struct_id,
		.struct_bytes = parent->size_or_type,
		.off_bits = btf_member_off_bits(parent, m),
		.field_bits = btf_member_field_bits(parent, m),
		.kflag = btf_type_kflag(parent),
	};
	u32 id = m->type, size_bytes;

	t = btf_type_sized(btf, &id, &size_bytes);
	if (!t)
		return fail(&env, "Invalid member");
	switch (btf_type_kind(t)) {
	case BTF_KIND_INT:
		return check_int(&env, t);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return check_enum(&env, size_bytes);
	case BTF_KIND_FLOAT:
		return check_float(&env, size_bytes);
	case BTF_KIND_PTR:
	case BTF_KIND_ARRAY:
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return check_bytes(&env, size_bytes);
	case BTF_KIND_UNKN:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FUNC_PROTO:
	case BTF_KIND_VAR:
	case BTF_KIND_DATASEC:
	case BTF_KIND_DECL_TAG:
	case BTF_KIND_TYPE_TAG:
		break;
	}
	return fail(&env, "Unsupported check_member");
}
