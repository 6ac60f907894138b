/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share. */
#ifndef SKEP_BTF_BTF_INT_H
#define SKEP_BTF_BTF_INT_H

#include "btf/btf.h"

/* How far the resolver got with a type (struct btf_verifier_env's visit_states). */
enum btf_visit { BTF_NOT_VISITED, BTF_VISITED, BTF_RESOLVED };

struct btf {
	struct obj obj;
	void *mem; /* what to free; raw lies inside, so that the type section is aligned */
	const u8 *raw;
	u32 raw_bytes;
	struct btf_header hdr;
	const u8 *types; /* the type section */
	const char *strings;

	const struct btf_type **by_id; /* [0] is void */
	u32 type_cnt, type_cap;
	/*
	 * Filled by the resolver, by id: the type behind a reference that has a size (or void,
	 * forward or prototype), and an array's size.
	 */
	u32 *resolved_id, *resolved_bytes;
	u8 *visit; /* enum btf_visit; freed when parsing is over */
	struct str *log; /* borrowed while parsing */
};

/* Logs why and returns @err. @id 0: about the whole, not one type. */
int btf_fail(struct btf *btf, u32 id, int err, const char *fmt, ...) printf_like(4, 5);

/* Rules of one record by itself, @left bytes from its start to the end of the section. */
int btf_meta_check(struct btf *btf, u32 id, const struct btf_type *t, u32 left_bytes) must_check;
/* Bytes of the record with all that follows. */
u32 btf_meta_bytes(const struct btf_type *t);
/* Identifiers and section names as the kernel allows them. */
bool btf_name_is_identifier(const struct btf *btf, u32 off);

/* Follows all references: sizes, loops, what may refer to what. */
int btf_resolve_all(struct btf *btf) must_check;
/* Rule between a struct and the member @m of type @id, once that type is resolved. */
int btf_member_check(struct btf *btf, u32 struct_id, const struct btf_member *m) must_check;

bool btf_kind_is_modifier(enum btf_kind kind);
/* A type that has no size: void, forward declarations, functions, tags. */
bool btf_type_is_sizeless(const struct btf_type *t);
/* Whole bytes from bit 0, of a width that C has. */
bool btf_int_is_regular(const struct btf_type *t);

extern const char *const btf_kind_names[BTF_KIND_CNT];

#endif
