/* SPDX-License-Identifier: BSD-2-Clause */
#include "spec/spec.h"

#include "base/types.h"

static const char *const map_type_names[] = {
#define MAP_TYPE(id, value, name) [value] = name,
#include "spec/maptypes.def"
#undef MAP_TYPE
};

static const char *const prog_type_names[] = {
#define PROG_TYPE(id, value, name) [value] = name,
#include "spec/progtypes.def"
#undef PROG_TYPE
};

static const char *const attach_type_names[] = {
#define ATTACH_TYPE(id, value, name, since) [value] = name,
#include "spec/attach.def"
#undef ATTACH_TYPE
};

static const char *const link_type_names[] = {
#define LINK_TYPE(id, value, name, since) [value] = name,
#include "spec/links.def"
#undef LINK_TYPE
};

const char *map_type_name(u32 type)
{
	return type < ARRAY_SIZE(map_type_names) ? map_type_names[type] : NULL;
}

const char *prog_type_name(u32 type)
{
	return type < ARRAY_SIZE(prog_type_names) ? prog_type_names[type] : NULL;
}

const char *attach_type_name(u32 type)
{
	return type < ARRAY_SIZE(attach_type_names) ? attach_type_names[type] : NULL;
}

const char *link_type_name(u32 type)
{
	return type < ARRAY_SIZE(link_type_names) ? link_type_names[type] : NULL;
}
