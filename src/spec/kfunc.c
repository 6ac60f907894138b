/* SPDX-License-Identifier: BSD-2-Clause */
#include "spec/kfunc.h"

#include <string.h>

static const struct kfunc_info kfuncs[] = {
#define KFUNC(value, kname, properties, result, ...)                                               \
	[value] = { .id = (value), .name = #kname, .props = (properties),                          \
		    .ret = KFUNC_RET_##result, .args = { __VA_ARGS__ } },
#include "spec/kfuncs.def"
#undef KFUNC
};

const struct kfunc_info *kfunc_info(s32 id)
{
	return id > 0 && (u32)id < ARRAY_SIZE(kfuncs) && kfuncs[id].name ? &kfuncs[id] : NULL;
}

const struct kfunc_info *kfunc_by_name(const char *name)
{
	for (u32 i = 1; i < ARRAY_SIZE(kfuncs); i++)
		if (kfuncs[i].name && !strcmp(kfuncs[i].name, name))
			return &kfuncs[i];
	return NULL;
}
