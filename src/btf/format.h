/* SPDX-License-Identifier: BSD-2-Clause */
/* The binary form of BTF: header, type records and what follows them, in host order. */
#ifndef SKEP_BTF_FORMAT_H
#define SKEP_BTF_FORMAT_H

#include "base/types.h"

#define BTF_MAGIC_NUMBER     0xeb9f
#define BTF_VERSION_NUMBER   1
#define BTF_SIZE_BYTES_MAX   (16u << 20)
#define BTF_TYPE_ID_MAX	     0x000fffffu
#define BTF_NAME_OFF_MAX     0x00ffffffu
#define BTF_NAME_BYTES_MAX   512u /* KSYM_NAME_LEN */
#define BTF_INFO_VALID_BITS  0x9f00ffffu
#define BTF_INT_VALID_BITS   0x0fffffffu
#define BTF_RESOLVE_DEPTH    32u

enum btf_kind {
#define BTF_KIND(id, value, name, sized, extra, per_vlen) BTF_KIND_##id = value,
#include "btf/kinds.def"
#undef BTF_KIND
};
#define BTF_KIND_CNT 20u

struct btf_header {
	u16 magic;
	u8 version, flags;
	u32 hdr_len;
	u32 type_off, type_len; /* from the end of the header, bytes */
	u32 str_off, str_len;
};

struct btf_type {
	u32 name_off;
	u32 info; /* vlen 0-15, kind 24-28, kflag 31 */
	u32 size_or_type;
};

enum btf_int_encoding { BTF_ENC_SIGNED = 1, BTF_ENC_CHAR = 2, BTF_ENC_BOOL = 4 };

struct btf_array_info {
	u32 elem_type, index_type, elem_cnt;
};

struct btf_member {
	u32 name_off, type;
	u32 offset; /* bits; with kflag: bit-field size in bits 24-31, offset below */
};

struct btf_enumerator {
	u32 name_off;
	s32 value;
};

struct btf_enumerator64 {
	u32 name_off, value_lo, value_hi;
};

struct btf_param {
	u32 name_off, type;
};

enum btf_linkage { BTF_LINK_STATIC = 0, BTF_LINK_GLOBAL = 1, BTF_LINK_EXTERN = 2 };

struct btf_secvar {
	u32 type, off, size_bytes;
};

/* Records of BTF.ext as BPF_PROG_LOAD takes them; records may be longer. */
struct btf_func_record {
	u32 insn_off, type_id;
};

struct btf_line_record {
	u32 insn_off, file_name_off, line_off;
	u32 line_col; /* line in bits 10-31, column below */
};

static inline enum btf_kind btf_type_kind(const struct btf_type *t)
{
	return (enum btf_kind)(t->info >> 24 & 0x1f);
}

static inline u32 btf_type_vlen(const struct btf_type *t)
{
	return t->info & 0xffff;
}

static inline bool btf_type_kflag(const struct btf_type *t)
{
	return t->info >> 31;
}

/* What follows the record: an integer's data, members, parameters… */
static inline const void *btf_type_extra(const struct btf_type *t)
{
	return t + 1;
}

static inline u32 btf_int_data(const struct btf_type *t)
{
	return *(const u32 *)btf_type_extra(t);
}

static inline u32 btf_int_encoding(const struct btf_type *t)
{
	return btf_int_data(t) >> 24 & 0xf;
}

static inline u32 btf_int_off_bits(const struct btf_type *t)
{
	return btf_int_data(t) >> 16 & 0xff;
}

static inline u32 btf_int_bits(const struct btf_type *t)
{
	return btf_int_data(t) & 0xff;
}

static inline u32 btf_member_off_bits(const struct btf_type *t, const struct btf_member *m)
{
	return btf_type_kflag(t) ? m->offset & 0xffffff : m->offset;
}

/* 0 when the member is no bit-field by its own record. */
static inline u32 btf_member_field_bits(const struct btf_type *t, const struct btf_member *m)
{
	return btf_type_kflag(t) ? m->offset >> 24 : 0;
}

#endif
