/* SPDX-License-Identifier: BSD-2-Clause */
#include "spec/spec.h"

#include "base/err.h"
#include "base/types.h"
#include "spec/maptype.h"

static const struct map_type_info map_types[] = {
#define MAP_TYPE(id, value, name, kernel, since, gives, keys, flags)                               \
	[value] = { name, kernel, since, flags, LOOKUP_##gives, BTF_KEY_##keys },
#include "spec/maptypes.def"
#undef MAP_TYPE
};

#define MAP(id)	     (1ULL << MAP_TYPE_##id)
#define MAPS_STORAGE (MAP(SK_STORAGE) | MAP(INODE_STORAGE) | MAP(TASK_STORAGE) | MAP(CGRP_STORAGE))
#define MAPS_OWNERS  (MAP(HASH) | MAP(LRU_HASH) | MAP(ARRAY))
#define MAPS_KPTR                                                                                  \
	(MAPS_OWNERS | MAP(PERCPU_HASH) | MAP(LRU_PERCPU_HASH) | MAP(PERCPU_ARRAY) | MAPS_STORAGE)

enum field_column { FIELD_IS_STRUCT, FIELD_IS_TAG, FIELD_MANY = 0, FIELD_ONCE = 1 };

static const struct btf_field_info btf_fields[] = {
#define BTF_FIELD(id, bit, text, bytes, aligned, kind, often, maps)                                \
	[bit] = { text, bytes, aligned, FIELD_IS_##kind, FIELD_##often, maps },
#include "spec/btf_fields.def"
#undef BTF_FIELD
};
_Static_assert(ARRAY_SIZE(btf_fields) == FIELD_KINDS, "every bit has a row");

static const struct prog_type_info prog_types[] = {
#define PROG_TYPE(id, value, name, ctx, since, pkt, flags) [value] = { name, ctx, since, flags },
#include "spec/progtypes.def"
#undef PROG_TYPE
};

static const struct bpf_command_info commands[] = {
#define CMD(id, value, bytes, since) [value] = { "BPF_" #id, bytes, since },
#include "spec/cmds.def"
#undef CMD
};

static const struct prog_attach {
	enum prog_type type;
	enum attach_type attach;
	enum { AT_LISTED, AT_DEFAULT, AT_NONE } rule;
} prog_attaches[] = {
#define PROG_ATTACH(type, attach) { PROG_TYPE_##type, ATTACH_##attach, AT_LISTED },
#define PROG_ATTACH_DEFAULT(type, attach) { PROG_TYPE_##type, ATTACH_##attach, AT_DEFAULT },
#define PROG_ATTACH_NONE(type) { PROG_TYPE_##type, 0, AT_NONE },
#include "spec/prog_attach.def"
#undef PROG_ATTACH
#undef PROG_ATTACH_DEFAULT
#undef PROG_ATTACH_NONE
};

static const char *const attach_type_names[] = {
#define ATTACH_TYPE(id, value, name, ...) [value] = name,
#include "spec/attach.def"
#undef ATTACH_TYPE
};

static const char *const link_type_names[] = {
#define LINK_TYPE(id, value, name, ...) [value] = name,
#include "spec/links.def"
#undef LINK_TYPE
};

const char *map_type_name(u32 type)
{
	return type < ARRAY_SIZE(map_types) ? map_types[type].name : NULL;
}

const struct map_type_info *map_type_info(u32 type)
{
	return type < ARRAY_SIZE(map_types) ? &map_types[type] : NULL;
}

const struct btf_field_info *btf_field_info(enum btf_field_kind kind)
{
	u32 bit = 0;

	while (bit + 1 < ARRAY_SIZE(btf_fields) && !((u32)kind >> bit & 1))
		bit++;
	return &btf_fields[bit];
}

const char *prog_type_name(u32 type)
{
	return type < ARRAY_SIZE(prog_types) ? prog_types[type].name : NULL;
}

const char *attach_type_name(u32 type)
{
	return type < ARRAY_SIZE(attach_type_names) ? attach_type_names[type] : NULL;
}

const char *link_type_name(u32 type)
{
	return type < ARRAY_SIZE(link_type_names) ? link_type_names[type] : NULL;
}

const struct prog_type_info *prog_type_info(u32 type)
{
	return type < ARRAY_SIZE(prog_types) ? &prog_types[type] : NULL;
}

const struct bpf_command_info *bpf_command_info(u32 cmd)
{
	return cmd < ARRAY_SIZE(commands) ? &commands[cmd] : NULL;
}

int prog_attach_check(u32 type, u32 *attach_type)
{
	bool bound = false;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(prog_attaches); i++) {
		const struct prog_attach *row = &prog_attaches[i];

		if (row->type != type)
			continue;
		bound = true;
		if (row->rule == AT_DEFAULT && !*attach_type) {
			*attach_type = row->attach;
			return 0;
		}
		/* The row of AT_NONE holds 0. */
		if (row->rule != AT_DEFAULT && row->attach == *attach_type)
			return 0;
	}
	return bound ? -EINVAL : 0;
}
