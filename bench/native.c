/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/native.h"

#include <string.h>

#include "core/skep.h"
#include "prog/prog.h"

struct native_slot {
	struct map *map;
	u8 *data;
};

#define NATIVE(object)                                        \
	extern const struct native_prog native_##object##_gcc; \
	extern const struct native_prog native_##object##_clang;
#include "bench/native.def"
#undef NATIVE

static const struct native_prog *const by_gcc[] = {
#define NATIVE(object) &native_##object##_gcc,
#include "bench/native.def"
#undef NATIVE
};

static const struct native_prog *const by_clang[] = {
#define NATIVE(object) &native_##object##_clang,
#include "bench/native.def"
#undef NATIVE
};

/* XDP_PASS at once: what is taken off, as for the other engines. */
static int empty_enter(struct run *run, const struct prog *prog, void *ctx, u64 arg2, u64 *ret_r0)
{
	(void)run;
	(void)prog;
	(void)ctx;
	(void)arg2;
	*ret_r0 = 2;
	return 0;
}

static const struct native_prog empty = { .name = "w_empty", .enter = empty_enter };

static const struct native_prog *find(const char *name, const char *compiler)
{
	const struct native_prog *const *list = strcmp(compiler, "clang") ? by_gcc : by_clang;

	if (!strcmp(name, empty.name))
		return &empty;
	for (u32 i = 0; i < ARRAY_SIZE(by_gcc); i++)
		if (!strcmp(list[i]->name, name))
			return list[i];
	return NULL;
}

static bool bind_maps(const struct prog *prog, const struct native_prog *native)
{
	for (u32 i = 0; i < NATIVE_MAPS_MAX && native->maps[i].name; i++) {
		const struct native_slot slot = { 0 };

		memcpy(native->maps[i].slot, &slot, sizeof(slot));
		for (u32 m = 0; m < prog->map_cnt; m++) {
			struct map *map = prog->maps[m];
			const struct native_slot found = { map, map->region.data };

			if (!strcmp(map->attr.name, native->maps[i].name))
				memcpy(native->maps[i].slot, &found, sizeof(found));
		}
		if (!memcmp(native->maps[i].slot, &slot, sizeof(slot)))
			return false;
	}
	return true;
}

bool native_take_over(struct skep *skep, int fd, const char *compiler)
{
	const struct native_prog *native;
	struct obj *obj;
	struct prog *prog;
	bool ok;

	if (obj_fd_get(&skep->home, fd, OBJ_PROG, &obj, NULL))
		return false;
	prog = container_of(obj, struct prog, obj);
	native = find(prog->name, compiler);
	ok = native && bind_maps(prog, native);
	if (ok)
		prog->enter = native->enter;
	prog_put(prog);
	return ok;
}
