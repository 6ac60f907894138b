/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BTF: the types of programs and maps. A struct btf is immutable once parsed and shared by
 * reference; all functions are thread-safe. Type ids count from 1; 0 is void. What a struct btf
 * hands out (strings, types) lives as long as it does.
 */
#ifndef SKEP_BTF_BTF_H
#define SKEP_BTF_BTF_H

#include "base/str.h"
#include "base/types.h"
#include "btf/format.h"
#include "obj/obj.h"
#include "spec/maptype.h"

struct btf;

/*
 * Parses and checks raw BTF of this machine's byte order, with the kernel's rules and errors
 * (btf_parse). The reason of a refusal is appended to @log, which may be NULL. The result is an
 * object of kind OBJ_BTF that is in no table yet; the caller owns its first reference.
 */
int btf_parse(const void *data, size_t size_bytes, struct str *log,
	      struct btf **ret_btf) must_check;

struct btf *btf_get(struct btf *btf);
void btf_put(struct btf *btf); /* NULL is allowed */

struct obj *btf_obj(struct btf *btf);
struct btf *btf_of_obj(struct obj *obj);

/* The bytes that btf_parse was given. */
const void *btf_raw(const struct btf *btf, u32 *ret_size_bytes);

/* One more than the largest id. */
u32 btf_type_cnt(const struct btf *btf);
/* NULL when there is no such id; id 0 is void. */
const struct btf_type *btf_type_by_id(const struct btf *btf, u32 id);
/* The string at @off; NULL when @off is outside the string section. */
const char *btf_str(const struct btf *btf, u32 off);
/* Never NULL: "" for a type without a name. */
const char *btf_type_name(const struct btf *btf, const struct btf_type *t);
/* "STRUCT", as the kernel's log says it. */
const char *btf_kind_name(enum btf_kind kind);
/* The first type of that kind and name; 0 when there is none. */
u32 btf_find(const struct btf *btf, enum btf_kind kind, const char *name);

/*
 * The type behind typedefs, qualifiers, type tags and variables that has a size, and that size.
 * *id becomes its id. NULL when it has none (btf_type_id_size). @ret_size_bytes may be NULL.
 */
const struct btf_type *btf_type_sized(const struct btf *btf, u32 *id, u32 *ret_size_bytes);
/* The type behind typedefs, qualifiers and type tags. *id becomes its id. */
const struct btf_type *btf_type_skip_modifiers(const struct btf *btf, u32 *id);

/*
 * What a map's keys and values are declared to be must fit the map (map_check_btf); @value_id 0
 * means that only the key's type is known and nothing is checked.
 */
struct btf_map_types {
	u32 key_id, value_id;
	u32 key_size_bytes, value_size_bytes;
	u32 max_entries;
	enum btf_key_rule key; /* what the map's type asks of keys */
};
int btf_map_check(const struct btf *btf, const struct btf_map_types *types) must_check;

/*
 * The type as C declares it, without a variable's name: "struct foo", "unsigned int[4]",
 * "void *". For messages and headings.
 */
void btf_type_text(const struct btf *btf, u32 id, struct str *to);

enum btf_show_style {
	BTF_SHOW_C,    /* {.pkts = 3, .bytes = 180} */
	BTF_SHOW_JSON, /* {"pkts":3,"bytes":180} */
};

struct btf_show_opts {
	enum btf_show_style style;
	u32 indent; /* spaces for each level of several lines; 0: all on one line */
};

struct btf_value {
	const struct btf *btf;
	u32 id; /* its type */
	const void *data;
	size_t len; /* no more is read */
};

/* Appends the value as text. */
void btf_show(const struct btf_value *value, const struct btf_show_opts *opts, struct str *to);

#endif
