/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queues and stacks (the kernel's queue_stack_maps.c): values without keys, under one lock. The
 * ring has one place more than max_entries, so that a full one and an empty one differ.
 */
#include "base/lock.h"
#include "base/mem.h"
#include "map/map_int.h"

#define QUEUE_VALUE_BYTES_MAX ((4u << 20) - 1)

/* Behind the region's head. */
struct queue_ctl {
	struct lock lock;
	u32 head, tail; /* next to write, next to read (queue); under the lock */
	u32 pad;
};

struct map_queue {
	struct map map;
	struct queue_ctl *ctl;
	u32 size; /* places */
	u32 elem_bytes;
};

static struct map_queue *as_queue(struct map *map)
{
	return container_of(map, struct map_queue, map);
}

/* queue_stack_map_alloc_check */
static int queue_check(const struct map_attr *attr)
{
	if (!attr->max_entries || attr->key_size_bytes || !attr->value_size_bytes ||
	    attr->flags & ~(u32)(MAP_F_NUMA_NODE | MAP_F_ACCESS) ||
	    !map_flags_access_ok(attr->flags))
		return -EINVAL;
	return attr->value_size_bytes > QUEUE_VALUE_BYTES_MAX ? -E2BIG : 0;
}

static int queue_alloc(const struct map_attr *attr, const struct map_env *env,
		       struct map **ret_map)
{
	struct region_spec spec = { .ctl_bytes = sizeof(struct queue_ctl), .at_once = true };
	struct map_queue *q;
	int err;

	/* The kernel's count of places has 32 bits too, and wraps. */
	if (attr->max_entries == UINT32_MAX)
		return -ENOMEM;
	q = mem_zalloc(sizeof(*q));
	if (!q)
		return -ENOMEM;
	map_init(&q->map, attr, env,
		 attr->type == MAP_TYPE_QUEUE ? &map_queue_ops : &map_stack_ops);
	q->size = attr->max_entries + 1;
	q->elem_bytes = (u32)align_up(attr->value_size_bytes, 8);
	spec.data_bytes = (u64)q->size * q->elem_bytes;
	err = region_init(&q->map.region, &spec);
	if (err) {
		mem_free(q);
		return err;
	}
	map_region_stamp(&q->map);
	q->ctl = region_ctl(&q->map.region);
	*ret_map = &q->map;
	return 0;
}

static void queue_free(struct map *map)
{
	region_fini(&map->region);
	mem_free(as_queue(map));
}

static void *place(const struct map_queue *q, u32 index)
{
	return q->map.region.data + (u64)index * q->elem_bytes;
}

/* Reads (and with @delete takes) the oldest value or, in a stack, the newest. */
static int queue_read(struct map *map, void *ret_value, bool delete)
{
	struct map_queue *q = as_queue(map);
	bool stack = map->attr.type == MAP_TYPE_STACK;
	u32 newest;
	int err = 0;

	lock_take(&q->ctl->lock);
	if (q->ctl->head == q->ctl->tail) {
		memset(ret_value, 0, map->attr.value_size_bytes);
		err = -ENOENT;
	} else if (stack) {
		newest = q->ctl->head ? q->ctl->head - 1 : q->size - 1;
		memcpy(ret_value, place(q, newest), map->attr.value_size_bytes);
		q->ctl->head = delete ? newest : q->ctl->head;
	} else {
		memcpy(ret_value, place(q, q->ctl->tail), map->attr.value_size_bytes);
		if (delete && ++q->ctl->tail == q->size)
			q->ctl->tail = 0;
	}
	lock_give(&q->ctl->lock);
	return err;
}

static int queue_pop(struct map *map, void *ret_value)
{
	return queue_read(map, ret_value, true);
}

static int queue_peek(struct map *map, void *ret_value)
{
	return queue_read(map, ret_value, false);
}

/* queue_stack_map_push_elem: BPF_EXIST makes room by dropping the oldest. */
static int queue_push(struct map *map, const void *value, u64 flags)
{
	struct map_queue *q = as_queue(map);
	bool replace = flags == ELEM_EXIST;
	u32 next;
	int err = 0;

	if (flags == ELEM_NOEXIST || flags > ELEM_EXIST)
		return -EINVAL;
	lock_take(&q->ctl->lock);
	next = q->ctl->head + 1 == q->size ? 0 : q->ctl->head + 1;
	if (next == q->ctl->tail && !replace) {
		err = -E2BIG;
	} else {
		if (next == q->ctl->tail && ++q->ctl->tail == q->size)
			q->ctl->tail = 0;
		memcpy(place(q, q->ctl->head), value, map->attr.value_size_bytes);
		q->ctl->head = next;
	}
	lock_give(&q->ctl->lock);
	return err;
}

static void *queue_lookup(struct map *map, u32 cpu, const void *key)
{
	(void)map;
	(void)cpu;
	(void)key;
	return NULL;
}

static int queue_update(struct map *map, u32 cpu, const void *key, const void *value, u64 flags)
{
	(void)map;
	(void)cpu;
	(void)key;
	(void)value;
	(void)flags;
	return -EINVAL;
}

static int queue_delete(struct map *map, const void *key)
{
	return queue_update(map, 0, key, NULL, 0);
}

static int queue_next_key(struct map *map, const void *key, void *ret_next_key)
{
	return queue_update(map, 0, key, ret_next_key, 0);
}

static int queue_user_lookup(struct map *map, const void *key, void *ret_value, u64 flags)
{
	(void)key;
	(void)flags;
	return queue_peek(map, ret_value);
}

static int queue_user_update(struct map *map, const void *key, const void *value, u64 flags)
{
	(void)key;
	return queue_push(map, value, flags);
}

static int queue_user_lookup_delete(struct map *map, const void *key, void *ret_value, u64 flags)
{
	(void)key;
	(void)flags;
	return queue_pop(map, ret_value);
}

static bool queue_extent_at(struct map *map, u64 addr, struct extent *ret_extent)
{
	(void)map;
	(void)addr;
	(void)ret_extent;
	return false; /* programs get copies only */
}

#define QUEUE_OPS                                                                                  \
	{                                                                                          \
		.check = queue_check, .alloc = queue_alloc, .free = queue_free,                    \
		.lookup = queue_lookup, .update = queue_update, .delete = queue_delete,            \
		.push = queue_push, .pop = queue_pop, .peek = queue_peek,                          \
		.user_lookup = queue_user_lookup, .user_update = queue_user_update,                \
		.next_key = queue_next_key, .user_lookup_delete = queue_user_lookup_delete,        \
		.extent_at = queue_extent_at, .holds = OBJ_KIND_CNT, .inner = MAP_INNER_ALIKE,     \
	}

const struct map_ops map_queue_ops = QUEUE_OPS;
const struct map_ops map_stack_ops = QUEUE_OPS;
