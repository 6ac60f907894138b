/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks for special fields as the kernel does (btf_find_struct_field and below): by the member's
 * own type, without typedefs or qualifiers; in nested structs up to a depth; repeated for arrays.
 *
 * 1. Structs that hold no special field are looked into once: hostile BTF can nest structs so that
 *    walking every path would never end. What holds one fills the list, which is short.
 */
#include "btf/fields.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define FIELD_POINTERS ((u32)(FIELD_KPTR_UNREF | FIELD_KPTR_REF | FIELD_KPTR_PERCPU | FIELD_UPTR))
#define FIELD_ROOTS    ((u32)(FIELD_LIST_HEAD | FIELD_RB_ROOT))

struct level {
	const struct btf_type *t; /* struct, union or data section */
	u32 id, member;		  /* the next to look at */
	u32 seen;		  /* kinds that may stand once and did */
	u32 first;		  /* fields that were there before this level */
	u32 off, elems;		  /* where in the level above, and how often */
};

struct look {
	const struct btf *btf;
	u32 kinds;
	u8 *barren; /* by id: holds nothing */
	struct btf_fields *found;
	struct level levels[BTF_RESOLVE_DEPTH];
	u32 depth;
};

static bool is_struct(const struct btf_type *t)
{
	return btf_type_kind(t) == BTF_KIND_STRUCT || btf_type_kind(t) == BTF_KIND_UNION;
}

/* 0: an ordinary type. -E2BIG: the second of a kind that may stand once. */
static int struct_kind(const struct look *l, u32 *seen, const struct btf_type *t, u32 *ret_kind)
{
	const char *name = btf_type_name(l->btf, t);

	*ret_kind = 0;
	for (u32 bit = 0; bit < 32 && l->kinds >> bit; bit++) {
		const struct btf_field_info *info;

		if (!(l->kinds >> bit & 1))
			continue;
		info = btf_field_info((enum btf_field_kind)(1u << bit));
		if (info->tag || strcmp(info->name, name))
			continue;
		if (info->once && *seen >> bit & 1)
			return -E2BIG;
		*seen |= 1u << bit;
		*ret_kind = 1u << bit;
		return 0;
	}
	return 0;
}

/* btf_find_kptr: 1 when @t is a tagged pointer to a struct, 0 when it is none of these. */
static int pointer_kind(const struct look *l, const struct btf_type *t, struct btf_field *ret)
{
	const struct btf *btf = l->btf;
	const struct btf_type *tag;
	u32 id;

	if (t && btf_type_kind(t) == BTF_KIND_VOLATILE)
		t = btf_type_by_id(btf, t->size_or_type);
	if (!t || btf_type_kind(t) != BTF_KIND_PTR)
		return 0;
	tag = btf_type_by_id(btf, t->size_or_type);
	if (!tag || btf_type_kind(tag) != BTF_KIND_TYPE_TAG || btf_type_kflag(tag))
		return 0;
	id = tag->size_or_type;
	t = btf_type_by_id(btf, id);
	if (!t || btf_type_kind(t) == BTF_KIND_TYPE_TAG)
		return -EINVAL;
	for (u32 bit = 0; bit < 32 && FIELD_POINTERS >> bit; bit++) {
		enum btf_field_kind kind = (enum btf_field_kind)(1u << bit);

		if (!(FIELD_POINTERS >> bit & 1) ||
		    strcmp(btf_field_info(kind)->name, btf_type_name(btf, tag)))
			continue;
		if (!(l->kinds & kind))
			return 0;
		t = btf_type_skip_modifiers(btf, &id);
		if (!t || !is_struct(t))
			return -EINVAL;
		*ret = (struct btf_field){ .kind = kind, .size_bytes = 8, .type_id = id };
		return 1;
	}
	return -EINVAL;
}

/* btf_find_graph_root: a declaration tag must say what the list or tree holds. */
static int root_check(const struct look *l, u32 id, u32 member)
{
	static const char word[] = "contains:";

	for (u32 i = 1; i < btf_type_cnt(l->btf); i++) {
		const struct btf_type *t = btf_type_by_id(l->btf, i);
		const char *name, *node;
		char type[128];

		if (btf_type_kind(t) != BTF_KIND_DECL_TAG || t->size_or_type != id ||
		    *(const u32 *)btf_type_extra(t) != member)
			continue;
		name = btf_type_name(l->btf, t);
		if (strncmp(name, word, sizeof(word) - 1))
			continue;
		name += sizeof(word) - 1;
		node = strchr(name, ':');
		if (!node || !node[1] || (size_t)(node - name) >= sizeof(type))
			return -EINVAL;
		memcpy(type, name, (size_t)(node - name));
		type[node - name] = 0;
		return btf_find(l->btf, BTF_KIND_STRUCT, type) ? 0 : -ENOENT;
	}
	return -EINVAL;
}

/* btf_repeat_fields: the fields from @first on, @times over, @step bytes apart. */
static int repeat(struct btf_fields *found, u32 first, u32 times, u32 step)
{
	u32 cnt = found->cnt - first;

	for (u32 i = first; i < found->cnt; i++)
		if (!(found->fields[i].kind & (FIELD_POINTERS | FIELD_ROOTS)))
			return -EINVAL;
	if ((u64)cnt * times > BTF_FIELDS_MAX - first)
		return -E2BIG;
	for (u32 n = 1; n < times; n++) {
		for (u32 i = 0; i < cnt; i++) {
			struct btf_field f = found->fields[first + i];

			f.off += n * step;
			found->fields[found->cnt++] = f;
		}
	}
	return 0;
}

static int add(struct btf_fields *found, const struct btf_field *f, u32 elems)
{
	u32 first = found->cnt;

	if (first == BTF_FIELDS_MAX)
		return -E2BIG;
	found->fields[found->cnt++] = *f;
	return elems > 1 ? repeat(found, first, elems, f->size_bytes) : 0;
}

static int enter(struct look *l, const struct btf_type *t, const struct level *at)
{
	if (l->barren[at->id])
		return 0;
	if (l->depth == BTF_RESOLVE_DEPTH)
		return -E2BIG;
	l->levels[l->depth] = *at;
	l->levels[l->depth].t = t;
	l->levels[l->depth++].first = l->found->cnt;
	return 0;
}

/* btf_find_field_one. @room_bytes: of a data section's variable, else 0. */
static int look_at(struct look *l, u32 id, u32 off, u32 room_bytes)
{
	struct level *up = &l->levels[l->depth - 1];
	const u32 up_id = up->id, up_member = up->member - 1;
	const bool section = btf_type_kind(up->t) == BTF_KIND_DATASEC;
	const struct btf_type *t = btf_type_by_id(l->btf, id);
	struct btf_field f = { 0 };
	u32 elems = 1, kind, steps;
	int err;

	for (steps = 0; t && btf_type_kind(t) == BTF_KIND_ARRAY; steps++) {
		const struct btf_array_info *array = btf_type_extra(t);

		if (steps == BTF_RESOLVE_DEPTH)
			return -E2BIG;
		elems *= array->elem_cnt;
		id = array->elem_type;
		t = btf_type_by_id(l->btf, id);
	}
	if (!t || !elems)
		return 0;
	err = struct_kind(l, &up->seen, t, &kind);
	if (err)
		return err;
	if (!kind && is_struct(t)) {
		const struct level inner = { .id = id, .off = off, .elems = elems };

		if (room_bytes && room_bytes != t->size_or_type * elems)
			return 0;
		return enter(l, t, &inner);
	}
	if (kind) {
		const struct btf_field_info *info = btf_field_info((enum btf_field_kind)kind);

		if (!is_struct(t) || t->size_or_type != info->size_bytes ||
		    off % info->align_bytes)
			return 0;
		f = (struct btf_field){ .kind = (enum btf_field_kind)kind,
					.size_bytes = info->size_bytes };
		if (kind & FIELD_ROOTS && !section)
			err = root_check(l, up_id, up_member);
	} else {
		err = pointer_kind(l, t, &f);
		if (err <= 0 || off % 8)
			return MIN(err, 0);
		err = 0;
	}
	if (err || (room_bytes && room_bytes != f.size_bytes * elems))
		return err;
	f.off = off;
	return add(l->found, &f, elems);
}

/* The level is through: its fields' offsets count from the level above. */
static int leave(struct look *l)
{
	struct level *at = &l->levels[--l->depth];

	if (l->found->cnt == at->first)
		l->barren[at->id] = 1;
	for (u32 i = at->first; i < l->found->cnt; i++)
		l->found->fields[i].off += at->off;
	return at->elems > 1 && l->found->cnt > at->first ?
		       repeat(l->found, at->first, at->elems, at->t->size_or_type) :
		       0;
}

static int step(struct look *l)
{
	struct level *at = &l->levels[l->depth - 1];
	u32 i = at->member++;

	if (i == btf_type_vlen(at->t))
		return leave(l);
	if (btf_type_kind(at->t) == BTF_KIND_DATASEC) {
		const struct btf_secvar *var = (const struct btf_secvar *)btf_type_extra(at->t) + i;
		const struct btf_type *t = btf_type_by_id(l->btf, var->type);

		return t && btf_type_kind(t) == BTF_KIND_VAR ?
			       look_at(l, t->size_or_type, var->off, var->size_bytes) :
			       0;
	}
	const struct btf_member *m = (const struct btf_member *)btf_type_extra(at->t) + i;
	u32 off_bits = btf_member_off_bits(at->t, m);

	return off_bits % 8 ? -EINVAL : look_at(l, m->type, off_bits / 8, 0);
}

/* What must hold between fields (the rest of btf_parse_fields). */
static int check_all(struct btf_fields *found, u32 value_bytes)
{
	const u32 locks = (u32)(FIELD_SPIN_LOCK | FIELD_RES_SPIN_LOCK);
	u32 next = 0;

	for (u32 i = 0; i < found->cnt; i++) {
		const struct btf_field *f = &found->fields[i];

		if (f->off + f->size_bytes > value_bytes)
			return -EFAULT;
		if (f->off < next)
			return -EEXIST;
		next = f->off + f->size_bytes;
		found->mask |= f->kind;
	}
	if ((found->mask & locks) == locks)
		return -EINVAL;
	if (found->mask & FIELD_ROOTS && !(found->mask & locks))
		return -EINVAL;
	return 0;
}

static int find_all(struct look *l, u32 id)
{
	const struct btf_type *t;
	const struct level root = { .elems = 1 };
	u32 size_bytes;
	int err;

	t = btf_type_sized(l->btf, &id, &size_bytes);
	if (!t || (!is_struct(t) && btf_type_kind(t) != BTF_KIND_DATASEC))
		return -EINVAL;
	err = enter(l, t, &root);
	l->levels[0].id = id;
	while (!err && l->depth)
		err = step(l);
	return err ? err : check_all(l->found, size_bytes);
}

static void look_free(struct look *l)
{
	if (!l)
		return;
	mem_free(l->found);
	mem_free(l->barren);
	mem_free(l);
}

static struct look *look_new(const struct btf *btf, u32 kinds)
{
	struct look *l = mem_zalloc(sizeof(*l));

	if (!l)
		return NULL;
	l->btf = btf;
	l->kinds = kinds;
	l->barren = mem_zalloc(btf_type_cnt(btf));
	l->found = mem_zalloc(sizeof(*l->found));
	if (l->barren && l->found)
		return l;
	look_free(l);
	return NULL;
}

/* Fields of objects that programs may own (alloc_obj_fields of the kernel). */
static bool owned_field(const struct btf *btf, const struct btf_type *t)
{
	const u32 kinds = (u32)(FIELD_SPIN_LOCK | FIELD_LIST_HEAD | FIELD_LIST_NODE |
				FIELD_RB_ROOT | FIELD_RB_NODE | FIELD_REFCOUNT);
	const struct look l = { .btf = btf, .kinds = kinds };
	u32 seen = 0, kind = 0;

	return btf_type_kind(t) == BTF_KIND_STRUCT && !struct_kind(&l, &seen, t, &kind) && kind;
}

/* Kernel pointers of this BTF. */
static void mark_pointers(const struct btf *btf, u8 *marks)
{
	const struct look l = { .btf = btf, .kinds = FIELD_POINTERS & ~(u32)FIELD_UPTR };

	for (u32 id = 1; id < btf_type_cnt(btf); id++) {
		struct btf_field f;

		if (pointer_kind(&l, btf_type_by_id(btf, id), &f) == 1)
			marks[id] = 1;
	}
}

/* @l is one for all structs: what held nothing once never does. */
static int meta_check(struct look *l, u32 id, const u8 *marks)
{
	const struct btf_type *t = btf_type_by_id(l->btf, id);
	const struct btf_member *m = btf_type_extra(t);
	bool owns = false;
	int err;

	for (u32 i = 0; i < btf_type_vlen(t) && !owns; i++)
		owns = marks[m[i].type];
	if (!owns)
		return 0;
	memset(l->found, 0, sizeof(*l->found));
	l->depth = 0;
	err = find_all(l, id);
	return err || l->found->cnt ? err : -EFAULT;
}

int btf_metas_check(const struct btf *btf)
{
	const u32 not_owned = (u32)(FIELD_TIMER | FIELD_WORKQUEUE | FIELD_UPTR | FIELD_TASK_WORK);
	struct look *l = look_new(btf, ((1u << FIELD_KINDS) - 1) & ~not_owned);
	u8 *marks = mem_zalloc(btf_type_cnt(btf));
	bool any = false;
	int err = l && marks ? 0 : -ENOMEM;

	if (!err)
		mark_pointers(btf, marks);
	for (u32 id = 1; !err && id < btf_type_cnt(btf); id++) {
		marks[id] |= owned_field(btf, btf_type_by_id(btf, id));
		any |= marks[id];
	}
	for (u32 id = 1; any && !err && id < btf_type_cnt(btf); id++)
		if (is_struct(btf_type_by_id(btf, id)))
			err = meta_check(l, id, marks);
	mem_free(marks);
	look_free(l);
	return err;
}

int btf_parse_fields(const struct btf *btf, u32 id, u32 kinds, struct btf_fields **ret)
{
	struct look *l = look_new(btf, kinds);
	int err;

	*ret = NULL;
	if (!l)
		return -ENOMEM;
	err = find_all(l, id);
	if (!err && l->found->cnt) {
		*ret = l->found;
		l->found = NULL;
	}
	look_free(l);
	return err;
}

const struct btf_field *btf_field_at(const struct btf_fields *fields, u32 off, u32 kinds)
{
	for (u32 i = 0; fields && i < fields->cnt; i++)
		if (fields->fields[i].off == off && fields->fields[i].kind & kinds)
			return &fields->fields[i];
	return NULL;
}

const struct btf_field *btf_field_first(const struct btf_fields *fields, u32 kinds)
{
	const struct btf_field *found = NULL;

	for (u32 i = 0; fields && i < fields->cnt; i++) {
		const struct btf_field *f = &fields->fields[i];

		if (f->kind & kinds && (!found || btf_field_info(f->kind)->once))
			found = f;
	}
	return found;
}

bool btf_fields_equal(const struct btf_fields *a, const struct btf_fields *b)
{
	if (!a || !b)
		return a == b;
	if (a->cnt != b->cnt)
		return false;
	for (u32 i = 0; i < a->cnt; i++)
		if (a->fields[i].kind != b->fields[i].kind || a->fields[i].off != b->fields[i].off)
			return false;
	return true;
}
