/* SPDX-License-Identifier: BSD-2-Clause */
/* Properties of map types that a verifier asks for: columns of spec/maptypes.def. */
#ifndef SKEP_SPEC_MAPTYPE_H
#define SKEP_SPEC_MAPTYPE_H

#include "base/types.h"
#include "spec/spec.h"

enum map_type_flag {
	MT_SLEEPABLE = 1,      /* sleepable programs may use it */
	MT_FOR_EACH = 1 << 1,  /* bpf_for_each_map_elem works on it */
	MT_CONST_KEY = 1 << 2, /* every key below max_entries exists (can_elide_value_nullness) */
	MT_PERCPU = 1 << 3,
	MT_VALUE_SOCKET = 1 << 4, /* programs store sockets in it */
	MT_PEEK_READS = 1 << 5,	  /* peek takes a value instead of giving one */
	MT_CGROUP_STORAGE = 1 << 6, /* one of the type in a program */
	MT_NOT_IN_PROG = 1 << 7, /* "bpf_struct_ops map cannot be used in prog" */
	MT_ARENA = 1 << 8,
	MT_PROGS = 1 << 9, /* holds programs */
	MT_DECLARED = 1 << 10, /* created for verification alone */
};

/* What map_lookup_elem's result is once it is known not to be NULL (mark_ptr_not_null_reg). */
enum map_lookup_gives {
	LOOKUP_VALUE,
	LOOKUP_MAP, /* an inner map */
	LOOKUP_SOCKET,
	LOOKUP_XDP_SOCK,
};

/* What the types of keys may be, where a map has BTF (map_check_btf and ops->map_check_btf). */
enum btf_key_rule {
	BTF_KEY_ANY,
	BTF_KEY_NONE,  /* no BTF at all: -ENOTSUPP */
	BTF_KEY_INDEX, /* one 32-bit integer */
	BTF_KEY_INDEX_OR_SECTION, /* … or nothing where the one value is a data section */
	BTF_KEY_STRUCT,
	BTF_KEY_NO_KEY,
	BTF_KEY_CGROUP, /* a cgroup's id, or the kernel's struct with its attach type */
};

struct map_type_info {
	const char *name;
	const char *kernel_struct; /* "bpf_array": what the log calls a map */
	u32 since;
	u32 flags; /* enum map_type_flag */
	u8 lookup; /* enum map_lookup_gives */
	u8 btf_key; /* enum btf_key_rule */
};

/* NULL for an unknown type. */
const struct map_type_info *map_type_info(u32 type);

/* Special fields of map values that their BTF declares (enum btf_field_type of the kernel). */
enum btf_field_kind {
#define BTF_FIELD(id, bit, ...) FIELD_##id = 1 << (bit),
#include "spec/btf_fields.def"
#undef BTF_FIELD
};

#define FIELD_KINDS 14 /* bits that rows have */

struct btf_field_info {
	const char *name; /* of the struct, or of the type tag */
	u32 size_bytes, align_bytes;
	bool tag;   /* a pointer with this type tag */
	bool once;  /* at most one in a value */
	u64 map_types; /* bit n: allowed in values of enum map_type n */
};

/* @kind is one bit. Never NULL for a bit that a row has. */
const struct btf_field_info *btf_field_info(enum btf_field_kind kind);

#endif
