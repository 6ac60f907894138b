/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Follows the references between types: finds loops, what may not refer to what, and sizes. The
 * walk is the kernel's btf_resolve(): a stack of at most 32 types in place of recursion, and a mode
 * that says where a chain may stop. Which chains are too deep depends on the order of the walk, so
 * the order is the same too.
 *
 * 1. A type on the stack is VISITED; meeting it again is a loop (-EEXIST).
 * 2. When a type is popped, resolved_id is what lies behind it and resolved_bytes an array's size.
 * 3. A chain that ends in a pointer while a struct is being resolved stops there: a pointer has a
 *    size, and a struct may well contain a pointer to itself.
 */
#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "btf/btf_int.h"

enum resolve_mode { MODE_ANY, MODE_PTR, MODE_STRUCT_OR_ARRAY };

struct resolve_frame {
	u32 id;
	u32 next; /* member or variable to go on with */
};

struct resolver {
	struct btf *btf;
	struct resolve_frame stack[BTF_RESOLVE_DEPTH];
	u32 depth;
	enum resolve_mode mode;
	u32 log_id; /* the type that messages are about */
};

static int fail(const struct resolver *r, const char *why)
{
	return btf_fail(r->btf, r->log_id, -EINVAL, "%s", why);
}

static bool kind_is_struct(enum btf_kind kind)
{
	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION;
}

static bool needs_resolve(const struct btf_type *t)
{
	enum btf_kind kind = btf_type_kind(t);

	return btf_kind_is_modifier(kind) || kind_is_struct(kind) || kind == BTF_KIND_PTR ||
	       kind == BTF_KIND_ARRAY || kind == BTF_KIND_VAR || kind == BTF_KIND_FUNC ||
	       kind == BTF_KIND_DECL_TAG || kind == BTF_KIND_DATASEC;
}

/* Kinds that may refer to others but that no type may refer to. */
static bool source_only(const struct btf_type *t)
{
	enum btf_kind kind = btf_type_kind(t);

	return kind == BTF_KIND_VAR || kind == BTF_KIND_DECL_TAG || kind == BTF_KIND_DATASEC;
}

static bool is_resolved(const struct resolver *r, u32 id)
{
	return r->btf->visit[id] == BTF_RESOLVED;
}

/* True when a chain may stop at @t without looking behind it. */
static bool is_sink(const struct resolver *r, const struct btf_type *t)
{
	enum btf_kind kind = btf_type_kind(t);

	switch (r->mode) {
	case MODE_ANY:
		return !needs_resolve(t);
	case MODE_PTR:
		return !btf_kind_is_modifier(kind) && kind != BTF_KIND_PTR;
	case MODE_STRUCT_OR_ARRAY:
		return !btf_kind_is_modifier(kind) && kind != BTF_KIND_ARRAY &&
		       !kind_is_struct(kind);
	}
	return false;
}

static int stack_push(struct resolver *r, u32 id)
{
	enum btf_kind kind = btf_type_kind(r->btf->by_id[id]);

	if (r->depth == BTF_RESOLVE_DEPTH)
		return -E2BIG;
	if (r->btf->visit[id] != BTF_NOT_VISITED)
		return -EEXIST;
	r->btf->visit[id] = BTF_VISITED;
	r->stack[r->depth++] = (struct resolve_frame){ .id = id };
	if (r->mode == MODE_ANY) {
		if (kind == BTF_KIND_PTR)
			r->mode = MODE_PTR;
		else if (kind_is_struct(kind) || kind == BTF_KIND_ARRAY)
			r->mode = MODE_STRUCT_OR_ARRAY;
	}
	return 0;
}

static int stack_pop(struct resolver *r, u32 resolved_id, u32 resolved_bytes)
{
	u32 id = r->stack[--r->depth].id;

	r->btf->resolved_id[id] = resolved_id;
	r->btf->resolved_bytes[id] = resolved_bytes;
	r->btf->visit[id] = BTF_RESOLVED;
	return 0;
}

/* True when @id has to be resolved first: it is then pushed, and *ret_err tells how that went. */
static bool push_first(struct resolver *r, u32 id, int *ret_err)
{
	if (is_sink(r, r->btf->by_id[id]) || is_resolved(r, id))
		return false;
	*ret_err = stack_push(r, id);
	return true;
}

/*
 * A qualifier that was resolved on behalf of a struct may have stopped at a pointer (invariant 3),
 * which a pointer or variable must look behind.
 */
static bool push_stopped_ptr(struct resolver *r, u32 id, int *ret_err)
{
	const struct btf_type *t = r->btf->by_id[id];
	u32 behind;

	if (!btf_kind_is_modifier(btf_type_kind(t)))
		return false;
	behind = r->btf->resolved_id[id];
	if (btf_type_kind(r->btf->by_id[behind]) != BTF_KIND_PTR)
		return false;
	return push_first(r, behind, ret_err);
}

/* What a reference may lead to although it has no size. */
static bool sizeless_target_ok(const struct resolver *r, u32 *id)
{
	enum btf_kind kind;

	if (is_resolved(r, *id))
		*id = r->btf->resolved_id[*id];
	kind = btf_type_kind(r->btf->by_id[*id]);
	return kind == BTF_KIND_UNKN || kind == BTF_KIND_FWD || kind == BTF_KIND_FUNC_PROTO;
}

static int resolve_ref(struct resolver *r, const struct btf_type *t)
{
	const struct btf_type *next = btf_type_by_id(r->btf, t->size_or_type);
	u32 next_id = t->size_or_type;
	int err;

	if (!next || source_only(next))
		return fail(r, "Invalid type_id");
	if (push_first(r, next_id, &err))
		return err;
	if (btf_type_kind(t) == BTF_KIND_PTR && push_stopped_ptr(r, next_id, &err))
		return err;
	if (!btf_type_sized(r->btf, &next_id, NULL) && !sizeless_target_ok(r, &next_id))
		return fail(r, "Invalid type_id");
	return stack_pop(r, next_id, 0);
}

static int resolve_var(struct resolver *r, const struct btf_type *t)
{
	const struct btf_type *next = btf_type_by_id(r->btf, t->size_or_type);
	u32 next_id = t->size_or_type;
	int err;

	if (!next || source_only(next))
		return fail(r, "Invalid type_id");
	if (push_first(r, next_id, &err) || push_stopped_ptr(r, next_id, &err))
		return err;
	if (!btf_type_sized(r->btf, &next_id, NULL))
		return fail(r, "Invalid type_id");
	return stack_pop(r, next_id, 0);
}

static int resolve_array(struct resolver *r, const struct btf_type *t)
{
	const struct btf_array_info *a = btf_type_extra(t);
	const struct btf_type *index = btf_type_by_id(r->btf, a->index_type);
	const struct btf_type *elem = btf_type_by_id(r->btf, a->elem_type);
	u32 index_id = a->index_type, elem_id = a->elem_type, elem_bytes;
	u64 total;
	int err;

	if (!index || btf_type_is_sizeless(index) || source_only(index))
		return fail(r, "Invalid index");
	if (push_first(r, index_id, &err))
		return err;
	index = btf_type_sized(r->btf, &index_id, NULL);
	if (!index || btf_type_kind(index) != BTF_KIND_INT || !btf_int_is_regular(index))
		return fail(r, "Invalid index");
	if (!elem || btf_type_is_sizeless(elem) || source_only(elem))
		return fail(r, "Invalid elem");
	if (push_first(r, elem_id, &err))
		return err;
	elem = btf_type_sized(r->btf, &elem_id, &elem_bytes);
	if (!elem)
		return fail(r, "Invalid elem");
	if (btf_type_kind(elem) == BTF_KIND_INT && !btf_int_is_regular(elem))
		return fail(r, "Invalid array of int");
	total = (u64)elem_bytes * a->elem_cnt;
	if (total > UINT32_MAX)
		return fail(r, "Array size overflows U32_MAX");
	return stack_pop(r, elem_id, (u32)total);
}

static int resolve_struct(struct resolver *r, const struct btf_type *t)
{
	const struct btf_member *members = btf_type_extra(t);
	struct resolve_frame *frame = &r->stack[r->depth - 1];
	int err;

	for (u32 i = frame->next; i < btf_type_vlen(t); i++) {
		const struct btf_type *m = btf_type_by_id(r->btf, members[i].type);

		if (!m || btf_type_is_sizeless(m) || source_only(m))
			return fail(r, "Invalid member");
		/* Comes back to this member once its type is resolved. */
		frame->next = i;
		if (push_first(r, members[i].type, &err))
			return err;
		err = btf_member_check(r->btf, frame->id, &members[i]);
		if (err)
			return err;
	}
	return stack_pop(r, 0, 0);
}

static int resolve_datasec(struct resolver *r, const struct btf_type *t)
{
	const struct btf_secvar *vars = btf_type_extra(t);
	struct resolve_frame *frame = &r->stack[r->depth - 1];
	int err;

	r->mode = MODE_ANY;
	for (u32 i = frame->next; i < btf_type_vlen(t); i++) {
		const struct btf_type *var = btf_type_by_id(r->btf, vars[i].type);
		u32 id, size_bytes;

		if (!var || btf_type_kind(var) != BTF_KIND_VAR)
			return fail(r, "Not a VAR kind member");
		frame->next = i + 1;
		if (push_first(r, vars[i].type, &err))
			return err;
		id = var->size_or_type;
		if (!btf_type_sized(r->btf, &id, &size_bytes))
			return fail(r, "Invalid type");
		if (vars[i].size_bytes < size_bytes)
			return fail(r, "Invalid size");
	}
	return stack_pop(r, 0, 0);
}

/* btf_func_check(): a function refers to a prototype whose parameters have names. */
static int resolve_func(struct resolver *r, const struct btf_type *t)
{
	const struct btf_type *proto = btf_type_by_id(r->btf, t->size_or_type);
	const struct btf_param *params;

	if (!proto || btf_type_kind(proto) != BTF_KIND_FUNC_PROTO)
		return fail(r, "Invalid type_id");
	params = btf_type_extra(proto);
	for (u32 i = 0; i < btf_type_vlen(proto); i++) {
		if (!params[i].name_off && params[i].type)
			return btf_fail(r->btf, r->log_id, -EINVAL, "Invalid arg#%u", i + 1);
	}
	return stack_pop(r, t->size_or_type, 0);
}

static int resolve_decl_tag(struct resolver *r, const struct btf_type *t)
{
	const struct btf_type *next = btf_type_by_id(r->btf, t->size_or_type);
	s32 component = *(const s32 *)btf_type_extra(t);
	enum btf_kind kind = next ? btf_type_kind(next) : BTF_KIND_UNKN;
	int err;

	if (kind != BTF_KIND_FUNC && !kind_is_struct(kind) && kind != BTF_KIND_VAR &&
	    kind != BTF_KIND_TYPEDEF)
		return fail(r, "Invalid type_id");
	if (push_first(r, t->size_or_type, &err))
		return err;
	if (component != -1) {
		if (kind == BTF_KIND_VAR || kind == BTF_KIND_TYPEDEF)
			return fail(r, "Invalid component_idx");
		if (kind == BTF_KIND_FUNC)
			next = btf_type_by_id(r->btf, next->size_or_type);
		if (!next || (u32)component >= btf_type_vlen(next))
			return fail(r, "Invalid component_idx");
	}
	return stack_pop(r, t->size_or_type, 0);
}

static int resolve_top(struct resolver *r)
{
	const struct btf_type *t;

	r->log_id = r->stack[r->depth - 1].id;
	t = r->btf->by_id[r->log_id];
	switch (btf_type_kind(t)) {
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		return resolve_ref(r, t);
	case BTF_KIND_VAR:
		return resolve_var(r, t);
	case BTF_KIND_ARRAY:
		return resolve_array(r, t);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return resolve_struct(r, t);
	case BTF_KIND_DATASEC:
		return resolve_datasec(r, t);
	case BTF_KIND_FUNC:
		return resolve_func(r, t);
	case BTF_KIND_DECL_TAG:
		return resolve_decl_tag(r, t);
	case BTF_KIND_UNKN:
	case BTF_KIND_INT:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_FWD:
	case BTF_KIND_FUNC_PROTO:
	case BTF_KIND_FLOAT:
		break;
	}
	return fail(r, "Invalid resolve state");
}

static int resolve_one(struct resolver *r, u32 id)
{
	int err;

	r->mode = MODE_ANY;
	r->depth = 0;
	err = stack_push(r, id);
	while (!err && r->depth)
		err = resolve_top(r);
	r->log_id = id;
	if (err == -E2BIG)
		btf_fail(r->btf, id, err, "Exceeded max resolving depth:%u", BTF_RESOLVE_DEPTH);
	if (err == -EEXIST)
		btf_fail(r->btf, id, err, "Loop detected");
	return err;
}

static int resolve_unless_done(struct resolver *r, u32 id)
{
	u32 saved = r->log_id;
	int err;

	if (!needs_resolve(r->btf->by_id[id]) || is_resolved(r, id))
		return 0;
	err = resolve_one(r, id);
	r->log_id = saved;
	return err;
}

/* A parameter's or result's type must have a size; *id is not void. */
static int proto_type_check(struct resolver *r, u32 id, const char *what, u32 arg)
{
	const struct btf_type *t = btf_type_by_id(r->btf, id);
	int err;

	if (t && !source_only(t)) {
		err = resolve_unless_done(r, id);
		if (err)
			return err;
		if (btf_type_sized(r->btf, &id, NULL))
			return 0;
	}
	return btf_fail(r->btf, r->log_id, -EINVAL, "%s%u", what, arg);
}

/* btf_func_proto_check() */
static int proto_check(struct resolver *r, u32 id)
{
	const struct btf_type *t = r->btf->by_id[id];
	const struct btf_param *params = btf_type_extra(t);
	u32 cnt = btf_type_vlen(t);
	int err;

	r->log_id = id;
	if (t->size_or_type) {
		err = proto_type_check(r, t->size_or_type, "Invalid return type ", t->size_or_type);
		if (err)
			return err;
	}
	/* The last parameter may be "...", which has neither type nor name. */
	if (cnt && !params[cnt - 1].type) {
		if (params[cnt - 1].name_off)
			return btf_fail(r->btf, id, -EINVAL, "Invalid arg#%u", cnt);
		cnt--;
	}
	for (u32 i = 0; i < cnt; i++) {
		if (!btf_type_by_id(r->btf, params[i].type) ||
		    (params[i].name_off && !btf_name_is_identifier(r->btf, params[i].name_off)))
			return btf_fail(r->btf, id, -EINVAL, "Invalid arg#%u", i + 1);
		err = proto_type_check(r, params[i].type, "Invalid arg#", i + 1);
		if (err)
			return err;
	}
	return 0;
}

/*
 * btf_check_type_tags(): in a chain of modifiers type tags come first. The bound of 32 steps is the
 * kernel's; a chain that joins one already checked need not be walked again.
 */
static int type_tags_check(struct btf *btf)
{
	for (u32 id = 1; id < btf->type_cnt; id++) {
		const struct btf_type *t = btf->by_id[id];
		bool in_tags = btf_type_kind(t) == BTF_KIND_TYPE_TAG;
		u32 at = id, steps = 0;

		while (btf_kind_is_modifier(btf_type_kind(t))) {
			if (steps++ == 32)
				return btf_fail(btf, id, -ELOOP, "Max chain length exceeded");
			if (btf_type_kind(t) != BTF_KIND_TYPE_TAG)
				in_tags = false;
			else if (!in_tags)
				return btf_fail(btf, id, -EINVAL,
						"Type tags don't precede modifiers");
			if (at < id)
				break;
			at = t->size_or_type;
			t = btf->by_id[at];
		}
	}
	return 0;
}

int btf_resolve_all(struct btf *btf)
{
	struct resolver r = { .btf = btf };

	for (u32 id = 1; id < btf->type_cnt; id++) {
		int err;

		r.log_id = id;
		err = resolve_unless_done(&r, id);
		if (!err && btf_type_kind(btf->by_id[id]) == BTF_KIND_FUNC_PROTO)
			err = proto_check(&r, id);
		if (err)
			return err;
	}
	return type_tags_check(btf);
}
