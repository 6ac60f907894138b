/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers on maps. Arguments were checked by the guard or the verifier: r1 is a map of a type that
 * spec/map_helpers.def allows, keys and values have the map's sizes.
 */
#include "base/err.h"
#include "helper/helper_int.h"
#include "map/map.h"

HELPER_FN(map_lookup_elem)
{
	struct map *map = u64_to_ptr(r1);

	return ptr_to_u64(map->ops->lookup(map, run->cpu, u64_to_ptr(r2)));
}

HELPER_FN(map_update_elem)
{
	struct map *map = u64_to_ptr(r1);

	if (!map->ops->update)
		return helper_err(-EOPNOTSUPP);
	return helper_err(map->ops->update(map, run->cpu, u64_to_ptr(r2), u64_to_ptr(r3), r4));
}

HELPER_FN(map_delete_elem)
{
	struct map *map = u64_to_ptr(r1);

	if (!map->ops->delete)
		return helper_err(-EOPNOTSUPP);
	return helper_err(map->ops->delete(map, u64_to_ptr(r2)));
}
