/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields of a map's value that the kernel treats specially: locks, timers, kernel pointers. */
#ifndef SKEP_BTF_FIELDS_H
#define SKEP_BTF_FIELDS_H

#include "btf/btf.h"
#include "spec/maptype.h"

#define BTF_FIELDS_MAX 11u

struct btf_field {
	enum btf_field_kind kind; /* one bit */
	u32 off, size_bytes;	  /* in the value */
	u32 type_id; /* pointers: the struct that they point to; else 0 */
};

/* struct btf_record of the kernel. Immutable. */
struct btf_fields {
	u32 mask; /* enum btf_field_kind */
	u32 cnt;
	struct btf_field fields[BTF_FIELDS_MAX]; /* ascending by offset */
};

/*
 * The special fields of @kinds in values of type @id, *ret a block of base/mem.h or NULL when there
 * are none (btf_parse_fields; allocated objects' list and tree rules are not checked). 0, -ENOMEM,
 * or what is wrong with them: -E2BIG (too many, or two of what may stand once), -EEXIST (they
 * overlap), -EINVAL, -ENOENT. The kernel makes the map all the same, without fields.
 */
int btf_parse_fields(const struct btf *btf, u32 id, u32 kinds, struct btf_fields **ret) must_check;

/*
 * Fields in structs that programs could own must be right, or the BTF is refused
 * (btf_parse_struct_metas): 0 or the error of btf_parse_fields, -EFAULT: there, but not as they
 * should be.
 */
int btf_metas_check(const struct btf *btf) must_check;

/* The field at byte @off of the value, NULL when there is none (btf_record_find). */
const struct btf_field *btf_field_at(const struct btf_fields *fields, u32 off, u32 kinds);
/*
 * The first of @kinds, NULL when there is none; @fields may be NULL. Of what may stand once in a
 * struct the last of several nested ones, which is the only one that the kernel knows of.
 */
const struct btf_field *btf_field_first(const struct btf_fields *fields, u32 kinds);
/* The same kinds at the same places (btf_record_equal). Both may be NULL. */
bool btf_fields_equal(const struct btf_fields *a, const struct btf_fields *b);

static inline bool btf_fields_have(const struct btf_fields *fields, u32 kinds)
{
	return fields && fields->mask & kinds;
}

#endif
