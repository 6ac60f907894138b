/* SPDX-License-Identifier: BSD-2-Clause */
/* What a verifier asks of helpers beside prototypes: callbacks, arguments that a map decides. */
#include "base/err.h"
#include "spec/helper.h"
#include "spec/maptype.h"

static const struct helper_callback callbacks[] = {
#define GETS(what, arg) { .kind = CB_##what, .from = (arg) }
#define CALLBACK(hname, least, greatest, ...)                                                      \
	{ .helper = HELPER_##hname, .ret_min = (least), .ret_max = (greatest),                     \
	  .args = { __VA_ARGS__ } },
#include "spec/callbacks.def"
#undef CALLBACK
#undef GETS
};

const struct helper_callback *helper_callback(enum helper_id id)
{
	for (u32 i = 0; i < ARRAY_SIZE(callbacks); i++)
		if (callbacks[i].helper == id)
			return &callbacks[i];
	return NULL;
}

bool helper_acquires(const struct helper_info *info, enum map_type type)
{
	const struct map_type_info *map = map_type_info(type);

	if (info->props & HP_ACQUIRES)
		return true;
	return info->props & HP_ACQUIRES_SOCK && map && map->flags & MT_VALUE_SOCKET;
}

int helper_arg_on_map(const struct helper_info *info, const struct helper_arg *args, u32 n,
		      enum map_type type, struct helper_arg *ret_arg)
{
	const struct map_type_info *map = map_type_info(type);

	*ret_arg = args[n];
	if (!map || args[n].kind != ARG_KIND_MAP_VALUE)
		return 0;
	if (map->flags & MT_VALUE_SOCKET) {
		/* Nothing but a plain value to be read can be a socket instead. */
		if (args[n].flags & ~(u32)AF_READ)
			return -EINVAL;
		ret_arg->kind = ARG_KIND_BTF_SOCK_COMMON;
		ret_arg->flags = 0;
	} else if (map->flags & MT_PEEK_READS && info->props & HP_MAP_PEEKS) {
		ret_arg->flags = AF_READ;
	}
	return 0;
}
