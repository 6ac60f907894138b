/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values as text by their types: C-like or JSON. Nesting comes from input, so containers are kept
 * on a stack of our own; what is nested deeper, lies outside the given bytes or would make the
 * text longer than SHOW_BYTES_MAX is shown as "…" ("null" in JSON).
 */
#include <string.h>

#include "base/bytes.h"
#include "btf/btf_int.h"

#define SHOW_DEPTH_MAX 64u
#define SHOW_BYTES_MAX (1u << 20)

/* One container that is being printed. */
struct show_frame {
	const struct btf_type *t; /* struct, union, data section or array */
	size_t off_bytes;
	u32 next, cnt;
	u32 elem_bytes; /* of an array */
};

/* Where a value lies. */
struct show_value {
	u32 id;
	size_t off_bytes;
	u32 off_bits;	/* inside that byte, for bit-fields */
	u32 field_bits; /* 0: not a bit-field */
};

struct show {
	const struct btf *btf;
	const u8 *data;
	size_t len;
	const struct btf_show_opts *opts;
	struct str *to;
	struct show_frame stack[SHOW_DEPTH_MAX];
	u32 depth;
};

static bool is_json(const struct show *s)
{
	return s->opts->style == BTF_SHOW_JSON;
}

static void show_missing(struct show *s)
{
	str_add(s->to, is_json(s) ? "null" : "…");
}

static void new_line(struct show *s)
{
	if (!s->opts->indent)
		return;
	str_add_char(s->to, '\n');
	for (u32 i = 0; i < s->depth * s->opts->indent; i++)
		str_add_char(s->to, ' ');
}

/* @size_bytes (at most 16) at @off as a number: low half, and the high one in *ret_hi. */
static u64 load_wide(const struct show *s, size_t off, u32 size_bytes, u64 *ret_hi)
{
	const u8 *p = s->data + off;
	u64 lo = 0, hi = 0;

	for (u32 i = 0; i < size_bytes; i++) {
		u64 byte = p[HOST_BIG_ENDIAN ? size_bytes - 1 - i : i];

		if (i < 8)
			lo |= byte << i * 8;
		else
			hi |= byte << (i - 8) * 8;
	}
	*ret_hi = hi;
	return lo;
}

/* @bits (1…64) of a bit-field. Bit 0 is the lowest on little-endian hosts, the highest on big. */
static u64 load_bits(const struct show *s, const struct show_value *v)
{
	u64 value = 0;

	for (u32 i = 0; i < v->field_bits; i++) {
		size_t bit = v->off_bytes * 8 + v->off_bits + i;
		u32 in_byte = HOST_BIG_ENDIAN ? 7 - bit % 8 : bit % 8;
		u64 one = s->data[bit / 8] >> in_byte & 1;

		if (HOST_BIG_ENDIAN)
			value = value << 1 | one;
		else
			value |= one << i;
	}
	return value;
}

static u64 sign_extend(u64 value, u32 bits)
{
	return bits < 64 && value >> (bits - 1) & 1 ? value | ~0ull << bits : value;
}

static void show_number(struct show *s, u64 value, u32 bits, u32 encoding)
{
	if (encoding == BTF_ENC_BOOL)
		str_add(s->to, value ? "true" : "false");
	else if (encoding == BTF_ENC_SIGNED)
		str_addf(s->to, "%lld", (long long)sign_extend(value, bits));
	else
		str_addf(s->to, "%llu", (unsigned long long)value);
}

static void show_int(struct show *s, const struct btf_type *t, const struct show_value *v)
{
	u32 encoding = btf_int_encoding(t), bits = v->field_bits;
	u64 lo, hi = 0;

	if (bits) {
		lo = load_bits(s, v);
	} else {
		bits = t->size_or_type * 8;
		lo = load_wide(s, v->off_bytes, MIN(t->size_or_type, 16u), &hi);
	}
	if (bits > 64)
		str_addf(s->to, is_json(s) ? "\"0x%llx%016llx\"" : "0x%llx%016llx",
			 (unsigned long long)hi, (unsigned long long)lo);
	else
		show_number(s, lo, bits, encoding);
}

static const char *enum_name(const struct show *s, const struct btf_type *t, u64 value)
{
	if (btf_type_kind(t) == BTF_KIND_ENUM64) {
		const struct btf_enumerator64 *e = btf_type_extra(t);

		for (u32 i = 0; i < btf_type_vlen(t); i++) {
			if (((u64)e[i].value_hi << 32 | e[i].value_lo) == value)
				return btf_str(s->btf, e[i].name_off);
		}
		return NULL;
	}
	const struct btf_enumerator *e = btf_type_extra(t);

	for (u32 i = 0; i < btf_type_vlen(t); i++) {
		if ((u32)e[i].value == (u32)value)
			return btf_str(s->btf, e[i].name_off);
	}
	return NULL;
}

static void show_enum(struct show *s, const struct btf_type *t, const struct show_value *v)
{
	u32 bits = v->field_bits ? v->field_bits : t->size_or_type * 8;
	const char *name;
	u64 value, hi;

	if (v->field_bits)
		value = load_bits(s, v);
	else
		value = load_wide(s, v->off_bytes, t->size_or_type, &hi);
	if (btf_type_kflag(t)) /* signed */
		value = sign_extend(value, bits);
	name = enum_name(s, t, value);
	if (name)
		str_addf(s->to, is_json(s) ? "\"%s\"" : "%s", name);
	else
		show_number(s, value, bits, btf_type_kflag(t) ? BTF_ENC_SIGNED : 0);
}

static void show_float(struct show *s, const struct btf_type *t, const struct show_value *v)
{
	float single;
	double value;

	if (t->size_or_type == sizeof(single)) {
		memcpy(&single, s->data + v->off_bytes, sizeof(single));
		value = (double)single;
	} else if (t->size_or_type == sizeof(value)) {
		memcpy(&value, s->data + v->off_bytes, sizeof(value));
	} else {
		show_missing(s);
		return;
	}
	/* JSON has no infinities. */
	if (is_json(s) && !__builtin_isfinite(value))
		show_missing(s);
	else
		str_addf(s->to, "%.9g", value);
}

/* Text in an array of characters: printable up to the first NUL, and nothing after that. */
static bool show_chars(struct show *s, size_t off, u32 cnt)
{
	const char *p = (const char *)s->data + off;
	u32 len = (u32)strnlen(p, cnt);
	struct str copy = STR_INIT;

	if (!len && cnt)
		return false;
	for (u32 i = 0; i < cnt; i++) {
		if (i < len ? (u8)p[i] < 0x20 || (u8)p[i] > 0x7e : p[i] != 0)
			return false;
	}
	str_add_bytes(&copy, p, len);
	str_add_json(s->to, str_c(&copy));
	str_fini(&copy);
	return true;
}

static bool is_char(const struct show *s, u32 id)
{
	const struct btf_type *t = btf_type_skip_modifiers(s->btf, &id);

	return t && btf_type_kind(t) == BTF_KIND_INT && t->size_or_type == 1 &&
	       (btf_int_encoding(t) == BTF_ENC_CHAR ||
		!strcmp(btf_type_name(s->btf, t), "char"));
}

static void open_container(struct show *s, const struct btf_type *t, size_t off)
{
	bool array = btf_type_kind(t) == BTF_KIND_ARRAY;
	struct show_frame frame = { .t = t, .off_bytes = off, .cnt = btf_type_vlen(t) };

	if (s->depth == SHOW_DEPTH_MAX) {
		show_missing(s);
		return;
	}
	if (array) {
		const struct btf_array_info *a = btf_type_extra(t);
		u32 elem_id = a->elem_type;

		frame.cnt = a->elem_cnt;
		if (is_char(s, a->elem_type) && show_chars(s, off, a->elem_cnt))
			return;
		if (!btf_type_sized(s->btf, &elem_id, &frame.elem_bytes))
			frame.cnt = 0;
	}
	s->stack[s->depth++] = frame;
	str_add_char(s->to, array ? '[' : '{');
}

static void show_value(struct show *s, const struct show_value *v)
{
	u32 id = v->id, size_bytes;
	const struct btf_type *t = btf_type_sized(s->btf, &id, &size_bytes);
	u64 hi;

	if (t && v->field_bits)
		size_bytes = (v->off_bits + v->field_bits + 7) / 8;
	if (!t || v->off_bytes > s->len || size_bytes > s->len - v->off_bytes) {
		show_missing(s);
		return;
	}
	switch (btf_type_kind(t)) {
	case BTF_KIND_INT:
		show_int(s, t, v);
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		show_enum(s, t, v);
		break;
	case BTF_KIND_FLOAT:
		show_float(s, t, v);
		break;
	case BTF_KIND_PTR:
		str_addf(s->to, is_json(s) ? "\"0x%llx\"" : "0x%llx",
			 (unsigned long long)load_wide(s, v->off_bytes, 8, &hi));
		break;
	case BTF_KIND_ARRAY:
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
		open_container(s, t, v->off_bytes);
		break;
	case BTF_KIND_UNKN:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FUNC_PROTO:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
	case BTF_KIND_TYPE_TAG:
		show_missing(s);
	}
}

static void show_name(struct show *s, const char *name)
{
	if (is_json(s)) {
		str_add_json(s->to, name);
		str_add(s->to, s->opts->indent ? ": " : ":");
	} else if (*name) {
		str_addf(s->to, ".%s = ", name);
	}
}

/* An integer whose own record says that it is a bit-field (without kflag). */
static u32 int_field_bits(const struct show *s, u32 id, u32 *off_bits)
{
	const struct btf_type *t = btf_type_sized(s->btf, &id, NULL);

	if (!t || btf_type_kind(t) != BTF_KIND_INT)
		return 0;
	*off_bits += btf_int_off_bits(t);
	return btf_int_is_regular(t) && !(*off_bits % 8) ? 0 : btf_int_bits(t);
}

static void show_member(struct show *s, const struct show_frame *f, u32 i)
{
	struct show_value v = { .off_bytes = f->off_bytes };
	const char *name = "";

	if (btf_type_kind(f->t) == BTF_KIND_DATASEC) {
		const struct btf_secvar *var = (const struct btf_secvar *)btf_type_extra(f->t) + i;

		v.id = var->type;
		v.off_bytes += var->off;
		name = btf_type_name(s->btf, btf_type_by_id(s->btf, var->type));
	} else {
		const struct btf_member *m = (const struct btf_member *)btf_type_extra(f->t) + i;
		u32 off_bits = btf_member_off_bits(f->t, m);

		v.id = m->type;
		v.field_bits = btf_member_field_bits(f->t, m);
		if (!btf_type_kflag(f->t))
			v.field_bits = int_field_bits(s, m->type, &off_bits);
		v.off_bytes += off_bits / 8;
		v.off_bits = off_bits % 8;
		name = btf_str(s->btf, m->name_off);
	}
	/* Wider than any bit-field that C makes: shown whole or not at all. */
	if (v.field_bits > 64)
		v.field_bits = 0;
	show_name(s, name);
	show_value(s, &v);
}

static void show_next(struct show *s)
{
	struct show_frame *f = &s->stack[s->depth - 1];
	bool array = btf_type_kind(f->t) == BTF_KIND_ARRAY;
	u32 i = f->next;

	if (i == f->cnt) {
		s->depth--;
		if (f->cnt && !array)
			new_line(s);
		str_add_char(s->to, array ? ']' : '}');
		return;
	}
	if (i)
		str_add(s->to, s->opts->indent && !array ? "," : is_json(s) ? "," : ", ");
	if (!array)
		new_line(s);
	f->next++;
	if (s->to->len > SHOW_BYTES_MAX) {
		f->next = f->cnt;
		str_add(s->to, is_json(s) && !array ? "\"…\":null" : is_json(s) ? "null" : "…");
	} else if (array) {
		const struct btf_array_info *a = btf_type_extra(f->t);
		const struct show_value v = { .id = a->elem_type,
					      .off_bytes = f->off_bytes +
							   (size_t)i * f->elem_bytes };

		show_value(s, &v);
	} else {
		show_member(s, f, i);
	}
}

void btf_show(const struct btf_value *value, const struct btf_show_opts *opts, struct str *to)
{
	struct show s = { .btf = value->btf, .data = value->data, .len = value->len,
			  .opts = opts, .to = to };
	const struct show_value v = { .id = value->id };

	show_value(&s, &v);
	while (s.depth)
		show_next(&s);
}

/* The keyword in front of a tagged type's name. */
static const char *type_keyword(const struct btf_type *t)
{
	switch (btf_type_kind(t)) {
	case BTF_KIND_STRUCT:
		return "struct ";
	case BTF_KIND_UNION:
		return "union ";
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return "enum ";
	case BTF_KIND_FWD:
		return btf_type_kflag(t) ? "union " : "struct ";
	case BTF_KIND_UNKN:
	case BTF_KIND_INT:
	case BTF_KIND_PTR:
	case BTF_KIND_ARRAY:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FUNC_PROTO:
	case BTF_KIND_VAR:
	case BTF_KIND_DATASEC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_DECL_TAG:
	case BTF_KIND_TYPE_TAG:
		break;
	}
	return "";
}

/* Pointers and arrays are written behind what they are of, each as it is met. */
void btf_type_text(const struct btf *btf, u32 id, struct str *to)
{
	struct str suffix = STR_INIT;

	for (u32 steps = 0; steps < SHOW_DEPTH_MAX; steps++) {
		const struct btf_type *t = btf_type_by_id(btf, id);
		enum btf_kind kind = t ? btf_type_kind(t) : BTF_KIND_UNKN;

		if (kind == BTF_KIND_CONST || kind == BTF_KIND_VOLATILE) {
			str_add(to, kind == BTF_KIND_CONST ? "const " : "volatile ");
		} else if (kind == BTF_KIND_PTR) {
			str_add_char(&suffix, '*');
		} else if (kind == BTF_KIND_ARRAY) {
			const struct btf_array_info *a = btf_type_extra(t);

			str_addf(&suffix, "[%u]", a->elem_cnt);
			id = a->elem_type;
			continue;
		} else if (kind != BTF_KIND_RESTRICT && kind != BTF_KIND_TYPE_TAG &&
			   kind != BTF_KIND_VAR) {
			const char *name = t ? btf_type_name(btf, t) : "";

			if (kind == BTF_KIND_UNKN)
				name = "void";
			else if (kind == BTF_KIND_FUNC_PROTO)
				name = "(function)";
			else if (!*name)
				name = "(anon)";
			str_addf(to, "%s%s", t ? type_keyword(t) : "", name);
			break;
		}
		id = t->size_or_type;
	}
	if (suffix.len)
		str_addf(to, "%s%s", str_c(&suffix)[0] == '*' ? " " : "", str_c(&suffix));
	str_fini(&suffix);
}
