/* SPDX-License-Identifier: BSD-2-Clause */
/* What readers ask a parsed struct btf: references, names, types by id, sizes. */
#include <string.h>

#include "base/bits.h"
#include "btf/btf_int.h"

struct btf *btf_get(struct btf *btf)
{
	obj_get(&btf->obj);
	return btf;
}

void btf_put(struct btf *btf)
{
	if (btf)
		obj_put(&btf->obj);
}

struct obj *btf_obj(struct btf *btf)
{
	return &btf->obj;
}

struct btf *btf_of_obj(struct obj *obj)
{
	return container_of(obj, struct btf, obj);
}

const void *btf_raw(const struct btf *btf, u32 *ret_size_bytes)
{
	*ret_size_bytes = btf->raw_bytes;
	return btf->raw;
}

u32 btf_type_cnt(const struct btf *btf)
{
	return btf->type_cnt;
}

const struct btf_type *btf_type_by_id(const struct btf *btf, u32 id)
{
	return id < btf->type_cnt ? btf->by_id[id] : NULL;
}

const char *btf_str(const struct btf *btf, u32 off)
{
	return off < btf->hdr.str_len ? btf->strings + off : NULL;
}

const char *btf_type_name(const struct btf *btf, const struct btf_type *t)
{
	const char *name = btf_str(btf, t->name_off);

	return name ? name : "";
}

u32 btf_find(const struct btf *btf, enum btf_kind kind, const char *name)
{
	for (u32 id = 1; id < btf->type_cnt; id++) {
		if (btf_type_kind(btf->by_id[id]) == kind &&
		    !strcmp(btf_type_name(btf, btf->by_id[id]), name))
			return id;
	}
	return 0;
}

bool btf_kind_is_modifier(enum btf_kind kind)
{
	return kind == BTF_KIND_TYPEDEF || kind == BTF_KIND_VOLATILE || kind == BTF_KIND_CONST ||
	       kind == BTF_KIND_RESTRICT || kind == BTF_KIND_TYPE_TAG;
}

bool btf_type_is_sizeless(const struct btf_type *t)
{
	enum btf_kind kind = btf_type_kind(t);

	return kind == BTF_KIND_UNKN || kind == BTF_KIND_FWD || kind == BTF_KIND_FUNC ||
	       kind == BTF_KIND_FUNC_PROTO || kind == BTF_KIND_DECL_TAG;
}

bool btf_int_is_regular(const struct btf_type *t)
{
	u32 bits = btf_int_bits(t);

	return !btf_int_off_bits(t) && bits >= 8 && bits <= 128 && is_pow2(bits);
}

/* False for kinds whose size is not in their own record. */
static bool kind_has_size(enum btf_kind kind)
{
	static const bool has_size[BTF_KIND_CNT] = {
#define BTF_KIND(id, value, name, sized, extra, per_vlen) [value] = sized,
#include "btf/kinds.def"
#undef BTF_KIND
	};

	return has_size[kind];
}

const struct btf_type *btf_type_sized(const struct btf *btf, u32 *id, u32 *ret_size_bytes)
{
	const struct btf_type *t = btf_type_by_id(btf, *id);
	u32 at = *id, size;

	if (!t || btf_type_is_sizeless(t))
		return NULL;
	if (btf_kind_is_modifier(btf_type_kind(t)) || btf_type_kind(t) == BTF_KIND_VAR) {
		at = btf->resolved_id[at];
		t = btf_type_by_id(btf, at);
		if (!t || btf_type_is_sizeless(t))
			return NULL;
	}
	if (kind_has_size(btf_type_kind(t)))
		size = t->size_or_type;
	else if (btf_type_kind(t) == BTF_KIND_ARRAY)
		size = btf->resolved_bytes[at];
	else if (btf_type_kind(t) == BTF_KIND_PTR)
		size = 8;
	else
		return NULL;
	*id = at;
	if (ret_size_bytes)
		*ret_size_bytes = size;
	return t;
}

const struct btf_type *btf_type_skip_modifiers(const struct btf *btf, u32 *id)
{
	const struct btf_type *t = btf_type_by_id(btf, *id);

	while (t && btf_kind_is_modifier(btf_type_kind(t))) {
		*id = t->size_or_type;
		t = btf_type_by_id(btf, *id);
	}
	return t;
}
