/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks for special fields over a list of types, each of which is looked into once: hostile BTF
 * can nest structs so that walking every path would never end.
 */
#include "btf/fields.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

static const char *const special_structs[] = {
#define SPECIAL_STRUCT(name) name,
#define SPECIAL_TAG(name)
#include "btf/fields.def"
#undef SPECIAL_STRUCT
#undef SPECIAL_TAG
};

static const char *const special_tags[] = {
#define SPECIAL_STRUCT(name)
#define SPECIAL_TAG(name) name,
#include "btf/fields.def"
#undef SPECIAL_STRUCT
#undef SPECIAL_TAG
};

/* Types with members to look into; `seen` by id. */
struct work {
	u32 *ids;
	u8 *seen;
	u32 cnt;
};

static const char *name_in(const char *const *names, u32 cnt, const char *name)
{
	for (u32 i = 0; i < cnt; i++) {
		if (!strcmp(names[i], name))
			return names[i];
	}
	return NULL;
}

/* The type tag on what a pointer points to. */
static const char *tag_of_pointer(const struct btf *btf, const struct btf_type *ptr)
{
	const struct btf_type *t = btf_type_by_id(btf, ptr->size_or_type);

	if (!t || btf_type_kind(t) != BTF_KIND_TYPE_TAG)
		return NULL;
	return name_in(special_tags, ARRAY_SIZE(special_tags), btf_type_name(btf, t));
}

/*
 * Through names, qualifiers, variables and arrays to what can have members. NULL for an array that
 * contains itself.
 */
static const struct btf_type *behind(const struct btf *btf, u32 *id)
{
	for (u32 steps = 0; steps < btf_type_cnt(btf); steps++) {
		const struct btf_type *t = btf_type_skip_modifiers(btf, id);

		if (!t)
			return NULL;
		if (btf_type_kind(t) == BTF_KIND_VAR) {
			*id = t->size_or_type;
		} else if (btf_type_kind(t) == BTF_KIND_ARRAY) {
			*id = ((const struct btf_array_info *)btf_type_extra(t))->elem_type;
		} else {
			return t;
		}
	}
	return NULL;
}

static u32 member_type(const struct btf_type *t, u32 i)
{
	if (btf_type_kind(t) == BTF_KIND_DATASEC)
		return ((const struct btf_secvar *)btf_type_extra(t))[i].type;
	return ((const struct btf_member *)btf_type_extra(t))[i].type;
}

static bool has_members(const struct btf_type *t)
{
	enum btf_kind kind = btf_type_kind(t);

	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION || kind == BTF_KIND_DATASEC;
}

static void work_add(struct work *w, const struct btf_type *t, u32 id)
{
	if (has_members(t) && !w->seen[id]) {
		w->seen[id] = 1;
		w->ids[w->cnt++] = id;
	}
}

static const char *special_member(const struct btf *btf, const struct btf_type *t)
{
	if (btf_type_kind(t) == BTF_KIND_STRUCT)
		return name_in(special_structs, ARRAY_SIZE(special_structs), btf_type_name(btf, t));
	return btf_type_kind(t) == BTF_KIND_PTR ? tag_of_pointer(btf, t) : NULL;
}

static const char *look(const struct btf *btf, struct work *w)
{
	for (u32 at = 0; at < w->cnt; at++) {
		const struct btf_type *outer = btf_type_by_id(btf, w->ids[at]);

		for (u32 i = 0; i < btf_type_vlen(outer); i++) {
			u32 id = member_type(outer, i);
			const struct btf_type *t = behind(btf, &id);
			const char *special = t ? special_member(btf, t) : NULL;

			if (special)
				return special;
			if (t)
				work_add(w, t, id);
		}
	}
	return NULL;
}

int btf_special_field(const struct btf *btf, u32 id, const char **ret_name)
{
	const struct btf_type *t = behind(btf, &id);
	struct work w = { 0 };
	int err = 0;

	*ret_name = NULL;
	if (!t || !has_members(t))
		return 0;
	w.ids = mem_zalloc_array(btf_type_cnt(btf), sizeof(u32));
	w.seen = mem_zalloc(btf_type_cnt(btf));
	if (w.ids && w.seen) {
		work_add(&w, t, id);
		*ret_name = look(btf, &w);
	} else {
		err = -ENOMEM;
	}
	mem_free(w.ids);
	mem_free(w.seen);
	return err;
}
