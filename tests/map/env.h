/* SPDX-License-Identifier: BSD-2-Clause */
/* An instance's worth of what maps need, for tests of the map room alone. */
#ifndef SKEP_TESTS_MAP_ENV_H
#define SKEP_TESTS_MAP_ENV_H

#include <string.h>

#include "base/epoch.h"
#include "base/percpu.h"
#include "map/call.h"
#include "map/map.h"
#include "tests/tap.h"

static inline void env_init(struct map_env *env, u32 cpu_cnt)
{
	*env = (struct map_env){ .cpu_cnt = cpu_cnt };
	if (epoch_new(&env->epoch))
		tap_ok(false, "no epoch");
}

static inline void env_fini(struct map_env *env)
{
	epoch_free(env->epoch);
}

static inline struct map_attr attr_of(enum map_type type, u32 key, u32 value, u32 max)
{
	return (struct map_attr){ .type = type,
				  .key_size_bytes = key,
				  .value_size_bytes = value,
				  .max_entries = max,
				  .name = "test" };
}

static inline struct map *make(const struct map_env *env, enum map_type type, u32 key, u32 value,
			       u32 max)
{
	struct map_attr attr = attr_of(type, key, value, max);
	struct map *map = NULL;
	int err = map_create(&attr, env, &map);

	if (err)
		tap_ok(false, "map of type %d: error %d", type, err);
	return map;
}

/* What a program's lookup finds when the map's type is known at load (the hash's intrinsics). */
static inline void *lookup_called(struct map *map, u32 cpu, const void *key)
{
	const struct map_call call = { .kind = MAP_CALL_LOOKUP, .known = true };
	struct run run = { .cpu = cpu };
	struct map_code code;
	helper_fn fn;

	map_call_insns(map, &call, &code);
	fn = code.cnt == 1 ? map_intrinsic(code.insns[0].imm) : NULL;
	if (!fn)
		return map->ops->lookup(map, cpu, key);
	return u64_to_ptr(fn(ptr_to_u64(map), ptr_to_u64(key), 0, 0, 0, &run));
}

#endif
