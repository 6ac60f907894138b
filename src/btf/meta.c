/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one type record must look like by itself: lengths, names, flags. One function per kind, as
 * the kernel's btf_kind_operations.check_meta; ids are only checked for being possible, since what
 * they refer to may come later.
 */
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "btf/btf_int.h"

struct meta_env {
	struct btf *btf;
	u32 id;
	const struct btf_type *t;
};

static int meta_fail(const struct meta_env *env, const char *why)
{
	return btf_fail(env->btf, env->id, -EINVAL, "%s", why);
}

/* The kernel's character classes, which follow Latin-1. */
static bool name_char_ok(u8 c, bool first)
{
	bool digit = c >= '0' && c <= '9';
	bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		     (c >= 0xc0 && c != 0xd7 && c != 0xf7);

	return alpha || (digit && !first) || c == '_' || c == '.';
}

bool btf_name_is_identifier(const struct btf *btf, u32 off)
{
	const u8 *name = (const u8 *)btf_str(btf, off);
	u32 len = 0;

	if (!name)
		return false;
	do {
		if (!name_char_ok(name[len], !len))
			return false;
	} while (name[++len] && len < BTF_NAME_BYTES_MAX);
	return !name[len];
}

/* Sections may be called anything that can be printed (btf_name_valid_section). */
static bool name_is_section(const struct btf *btf, u32 off)
{
	const u8 *name = (const u8 *)btf_str(btf, off);
	u32 len = 0;

	if (!name || !name[0])
		return false;
	for (; name[len] && len < BTF_NAME_BYTES_MAX; len++) {
		if (name[len] < 0x20 || (name[len] > 0x7e && name[len] < 0xa0))
			return false;
	}
	return !name[len];
}

static bool id_possible(u32 id)
{
	return id && id <= BTF_TYPE_ID_MAX;
}

static bool name_required_bad(const struct meta_env *env)
{
	return !env->t->name_off || !btf_name_is_identifier(env->btf, env->t->name_off);
}

static bool name_optional_bad(const struct meta_env *env, u32 off)
{
	return off && !btf_name_is_identifier(env->btf, off);
}

static int no_vlen_no_kflag(const struct meta_env *env)
{
	if (btf_type_vlen(env->t))
		return meta_fail(env, "vlen != 0");
	if (btf_type_kflag(env->t))
		return meta_fail(env, "Invalid btf_info kind_flag");
	return 0;
}

static int meta_unkn(const struct meta_env *env)
{
	return meta_fail(env, "Invalid kind:0");
}

static int meta_int(const struct meta_env *env)
{
	u32 bits = btf_int_bits(env->t) + btf_int_off_bits(env->t);
	u32 enc = btf_int_encoding(env->t);
	int err = no_vlen_no_kflag(env);

	if (err)
		return err;
	if (btf_int_data(env->t) & ~BTF_INT_VALID_BITS)
		return meta_fail(env, "Invalid int_data");
	if (bits > 128)
		return meta_fail(env, "nr_bits exceeds 128");
	if ((bits + 7) / 8 > env->t->size_or_type)
		return meta_fail(env, "nr_bits exceeds type_size");
	if (enc && enc != BTF_ENC_SIGNED && enc != BTF_ENC_CHAR && enc != BTF_ENC_BOOL)
		return btf_fail(env->btf, env->id, -ENOTSUPP, "Unsupported encoding");
	return 0;
}

/* Pointers, qualifiers, type definitions and type tags (btf_ref_type_check_meta). */
static int meta_ref(const struct meta_env *env)
{
	enum btf_kind kind = btf_type_kind(env->t);

	if (btf_type_vlen(env->t))
		return meta_fail(env, "vlen != 0");
	if (btf_type_kflag(env->t) && kind != BTF_KIND_TYPE_TAG)
		return meta_fail(env, "Invalid btf_info kind_flag");
	if (env->t->size_or_type > BTF_TYPE_ID_MAX)
		return meta_fail(env, "Invalid type_id");
	if (kind == BTF_KIND_TYPEDEF)
		return name_required_bad(env) ? meta_fail(env, "Invalid name") : 0;
	if (kind == BTF_KIND_TYPE_TAG)
		return *btf_type_name(env->btf, env->t) ? 0 : meta_fail(env, "Invalid name");
	return env->t->name_off ? meta_fail(env, "Invalid name") : 0;
}

static int meta_array(const struct meta_env *env)
{
	const struct btf_array_info *a = btf_type_extra(env->t);
	int err;

	if (env->t->name_off)
		return meta_fail(env, "Invalid name");
	err = no_vlen_no_kflag(env);
	if (err)
		return err;
	if (env->t->size_or_type)
		return meta_fail(env, "size != 0");
	if (!id_possible(a->elem_type))
		return meta_fail(env, "Invalid elem");
	if (!id_possible(a->index_type))
		return meta_fail(env, "Invalid index");
	return 0;
}

static int meta_struct(const struct meta_env *env)
{
	const struct btf_member *m = btf_type_extra(env->t);
	bool is_union = btf_type_kind(env->t) == BTF_KIND_UNION;
	u32 last_off = 0;

	if (name_optional_bad(env, env->t->name_off))
		return meta_fail(env, "Invalid name");
	for (u32 i = 0; i < btf_type_vlen(env->t); i++, m++) {
		u32 off = btf_member_off_bits(env->t, m);

		if (!btf_str(env->btf, m->name_off) || name_optional_bad(env, m->name_off))
			return meta_fail(env, "Invalid member name");
		if (!id_possible(m->type))
			return meta_fail(env, "Invalid type_id");
		if ((is_union && off) || last_off > off)
			return meta_fail(env, "Invalid member bits_offset");
		if (((u64)off + 7) / 8 > env->t->size_or_type)
			return meta_fail(env, "Member bits_offset exceeds its struct size");
		last_off = off;
	}
	return 0;
}

static int meta_enum(const struct meta_env *env)
{
	bool wide = btf_type_kind(env->t) == BTF_KIND_ENUM64;
	const u8 *e = btf_type_extra(env->t);
	u32 step = wide ? sizeof(struct btf_enumerator64) : sizeof(struct btf_enumerator);

	if (env->t->size_or_type > 8 || !is_pow2(env->t->size_or_type))
		return meta_fail(env, "Unexpected size");
	if (name_optional_bad(env, env->t->name_off))
		return meta_fail(env, "Invalid name");
	for (u32 i = 0; i < btf_type_vlen(env->t); i++, e += step) {
		u32 name_off = *(const u32 *)(const void *)e;

		if (!name_off || !btf_name_is_identifier(env->btf, name_off))
			return meta_fail(env, "Invalid name");
	}
	return 0;
}

static int meta_fwd(const struct meta_env *env)
{
	if (btf_type_vlen(env->t))
		return meta_fail(env, "vlen != 0");
	if (env->t->size_or_type)
		return meta_fail(env, "type != 0");
	return name_required_bad(env) ? meta_fail(env, "Invalid name") : 0;
}

static int meta_func(const struct meta_env *env)
{
	if (name_required_bad(env))
		return meta_fail(env, "Invalid name");
	if (btf_type_vlen(env->t) > BTF_LINK_GLOBAL)
		return meta_fail(env, "Invalid func linkage");
	return btf_type_kflag(env->t) ? meta_fail(env, "Invalid btf_info kind_flag") : 0;
}

static int meta_proto(const struct meta_env *env)
{
	if (env->t->name_off)
		return meta_fail(env, "Invalid name");
	return btf_type_kflag(env->t) ? meta_fail(env, "Invalid btf_info kind_flag") : 0;
}

static int meta_var(const struct meta_env *env)
{
	u32 linkage = *(const u32 *)btf_type_extra(env->t);
	int err = no_vlen_no_kflag(env);

	if (err)
		return err;
	if (name_required_bad(env))
		return meta_fail(env, "Invalid name");
	if (!id_possible(env->t->size_or_type))
		return meta_fail(env, "Invalid type_id");
	return linkage > BTF_LINK_GLOBAL ? meta_fail(env, "Linkage not supported") : 0;
}

static int meta_datasec(const struct meta_env *env)
{
	const struct btf_secvar *v = btf_type_extra(env->t);
	u64 last_end = 0, sum = 0, size = env->t->size_or_type;

	if (!size)
		return meta_fail(env, "size == 0");
	if (btf_type_kflag(env->t))
		return meta_fail(env, "Invalid btf_info kind_flag");
	if (!env->t->name_off || !name_is_section(env->btf, env->t->name_off))
		return meta_fail(env, "Invalid name");
	for (u32 i = 0; i < btf_type_vlen(env->t); i++, v++) {
		if (!id_possible(v->type))
			return meta_fail(env, "Invalid type_id");
		if (v->off < last_end || v->off >= size)
			return meta_fail(env, "Invalid offset");
		if (!v->size_bytes || v->size_bytes > size)
			return meta_fail(env, "Invalid size");
		last_end = (u64)v->off + v->size_bytes;
		if (last_end > size)
			return meta_fail(env, "Invalid offset+size");
		sum += v->size_bytes;
	}
	return size < sum ? meta_fail(env, "Invalid btf_info size") : 0;
}

static int meta_float(const struct meta_env *env)
{
	u32 size = env->t->size_or_type;
	int err = no_vlen_no_kflag(env);

	if (err)
		return err;
	if (size != 2 && size != 4 && size != 8 && size != 12 && size != 16)
		return meta_fail(env, "Invalid type_size");
	return 0;
}

static int meta_decl_tag(const struct meta_env *env)
{
	s32 component = *(const s32 *)btf_type_extra(env->t);

	if (!*btf_type_name(env->btf, env->t))
		return meta_fail(env, "Invalid value");
	if (btf_type_vlen(env->t))
		return meta_fail(env, "vlen != 0");
	return component < -1 ? meta_fail(env, "Invalid component_idx") : 0;
}

struct meta_kind {
	u32 extra_bytes, per_vlen_bytes;
};

static const struct meta_kind meta_kinds[BTF_KIND_CNT] = {
#define BTF_KIND(id, value, name, sized, extra, per_vlen) [value] = { extra, per_vlen },
#include "btf/kinds.def"
#undef BTF_KIND
};

u32 btf_meta_bytes(const struct btf_type *t)
{
	const struct meta_kind *k = &meta_kinds[btf_type_kind(t)];

	return (u32)sizeof(*t) + k->extra_bytes + k->per_vlen_bytes * btf_type_vlen(t);
}

static int meta_by_kind(const struct meta_env *env)
{
	switch (btf_type_kind(env->t)) {
	case BTF_KIND_UNKN:
		return meta_unkn(env);
	case BTF_KIND_INT:
		return meta_int(env);
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		return meta_ref(env);
	case BTF_KIND_ARRAY:
		return meta_array(env);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return meta_struct(env);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return meta_enum(env);
	case BTF_KIND_FWD:
		return meta_fwd(env);
	case BTF_KIND_FUNC:
		return meta_func(env);
	case BTF_KIND_FUNC_PROTO:
		return meta_proto(env);
	case BTF_KIND_VAR:
		return meta_var(env);
	case BTF_KIND_DATASEC:
		return meta_datasec(env);
	case BTF_KIND_FLOAT:
		return meta_float(env);
	case BTF_KIND_DECL_TAG:
		return meta_decl_tag(env);
	}
	return meta_unkn(env);
}

int btf_meta_check(struct btf *btf, u32 id, const struct btf_type *t, u32 left_bytes)
{
	const struct meta_env env = { .btf = btf, .id = id, .t = t };
	u32 kind = (u32)btf_type_kind(t);

	if (t->info & ~BTF_INFO_VALID_BITS)
		return btf_fail(btf, 0, -EINVAL, "[%u] Invalid btf_info:%x", id, t->info);
	if (kind >= BTF_KIND_CNT || kind == BTF_KIND_UNKN)
		return btf_fail(btf, 0, -EINVAL, "[%u] Invalid kind:%u", id, kind);
	if (!btf_str(btf, t->name_off))
		return btf_fail(btf, 0, -EINVAL, "[%u] Invalid name_offset:%u", id, t->name_off);
	if (left_bytes < btf_meta_bytes(t))
		return btf_fail(btf, 0, -EINVAL, "[%u] meta_left:%u meta_needed:%u", id,
				left_bytes - (u32)sizeof(*t), btf_meta_bytes(t) - (u32)sizeof(*t));
	return meta_by_kind(&env);
}
