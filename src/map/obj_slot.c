/* SPDX-License-Identifier: BSD-2-Clause */
#include "map/obj_slot.h"

#include "base/mem.h"
#include "btf/fields.h"

struct obj_slot *obj_slot_new(struct obj *obj)
{
	struct obj_slot *slot = mem_zalloc(sizeof(*slot));

	if (slot)
		slot->obj = obj_get(obj);
	return slot;
}

void obj_slot_free(struct obj_slot *slot)
{
	if (!slot)
		return;
	obj_put(slot->obj);
	mem_free(slot);
}

static void slot_free_work(struct epoch_work *work)
{
	obj_slot_free(container_of(work, struct obj_slot, work));
}

void obj_slot_retire(const struct map_env *env, struct obj_slot *slot)
{
	if (slot)
		epoch_defer(env->epoch, &slot->work, slot_free_work);
}

int map_inner_check(const struct map *inner)
{
	/* One level only. */
	if (inner->ops->holds == OBJ_MAP)
		return -EINVAL;
	return inner->ops->inner == MAP_INNER_NO ? -ENOTSUPP : 0;
}

bool map_inner_equal(const struct map *outer, const struct map *inner)
{
	const struct map_attr *a = &inner->attr, *template = &outer->inner_meta->attr;

	if (a->type != template->type || a->key_size_bytes != template->key_size_bytes ||
	    a->value_size_bytes != template->value_size_bytes || a->flags != template->flags)
		return false;
	if (!btf_fields_equal(outer->inner_meta->fields, inner->fields))
		return false;
	return inner->ops->inner != MAP_INNER_ENTRIES_TOO || a->flags & MAP_F_INNER_MAP ||
	       a->max_entries == template->max_entries;
}
