/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * References and ids.
 *
 * 1. A table holds no references: an object leaves it when its last reference goes, before
 *    destroy().
 * 2. Ids only grow while 31 bits last, so the rows stay sorted by appending; after a wrap the
 *    insertion looks for its place.
 * 3. Whoever finds an object in a table takes a reference with obj_get_not_zero under the table's
 *    lock; an object whose count is 0 waits for that lock to leave, so its memory is still there.
 */
#include "obj/obj.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define OBJ_ID_MAX INT32_MAX

struct obj_table {
	pthread_mutex_t lock; /* guards all below */
	struct obj **rows;    /* ascending by id */
	u32 cnt, cap;
	u32 last_id;
};

void obj_init(struct obj *obj, enum obj_kind kind, void (*destroy)(struct obj *obj))
{
	*obj = (struct obj){ .kind = kind, .destroy = destroy };
	atomic_init(&obj->refs, 1);
}

struct obj *obj_get(struct obj *obj)
{
	/* Relaxed: the caller already holds a reference, so nothing is to be ordered. */
	u32 before = atomic_fetch_add_explicit(&obj->refs, 1, memory_order_relaxed);

	assert(before && before < UINT32_MAX);
	(void)before;
	return obj;
}

bool obj_get_not_zero(struct obj *obj)
{
	u32 refs = atomic_load_explicit(&obj->refs, memory_order_relaxed);

	while (refs) {
		if (atomic_compare_exchange_weak_explicit(&obj->refs, &refs, refs + 1,
							  memory_order_acquire,
							  memory_order_relaxed))
			return true;
	}
	return false;
}

/* Index of the first row whose id is at least @id. */
static u32 table_lower_bound(const struct obj_table *t, u32 id)
{
	u32 lo = 0, hi = t->cnt;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (t->rows[mid]->id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void table_remove(struct obj_table *t, struct obj *obj)
{
	u32 at;

	pthread_mutex_lock(&t->lock);
	at = table_lower_bound(t, obj->id);
	assert(at < t->cnt && t->rows[at] == obj);
	t->cnt--;
	memmove(&t->rows[at], &t->rows[at + 1], (t->cnt - at) * sizeof(*t->rows));
	pthread_mutex_unlock(&t->lock);
}

void obj_put(struct obj *obj)
{
	/* Release: this holder's writes come before the destruction; acquire: for the last one. */
	if (!obj || atomic_fetch_sub_explicit(&obj->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (obj->table)
		table_remove(obj->table, obj);
	obj->destroy(obj);
}

void obj_user_add(struct obj *obj)
{
	atomic_fetch_add_explicit(&obj->users, 1, memory_order_relaxed);
}

void obj_user_drop(struct obj *obj)
{
	if (atomic_fetch_sub_explicit(&obj->users, 1, memory_order_acq_rel) == 1 && obj->released)
		obj->released(obj);
}

int obj_table_new(struct obj_table **ret_table)
{
	struct obj_table *t = mem_zalloc(sizeof(*t));

	if (!t)
		return -ENOMEM;
	pthread_mutex_init(&t->lock, NULL);
	*ret_table = t;
	return 0;
}

void obj_table_free(struct obj_table *table)
{
	if (!table)
		return;
	assert(!table->cnt);
	pthread_mutex_destroy(&table->lock);
	mem_free(table->rows);
	mem_free(table);
}

static int table_grow_locked(struct obj_table *t)
{
	u32 cap = t->cap ? t->cap * 2 : 16;
	struct obj **rows;

	if (t->cnt < t->cap)
		return 0;
	if (cap > OBJ_ID_MAX / 2)
		return -ENOSPC;
	rows = mem_realloc(t->rows, (size_t)cap * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	t->rows = rows;
	t->cap = cap;
	return 0;
}

/* The next id that is free, counting on from the last one given and wrapping to 1. */
static u32 table_free_id_locked(const struct obj_table *t)
{
	u32 id = t->last_id, at;

	do {
		id = id >= OBJ_ID_MAX ? 1 : id + 1;
		at = table_lower_bound(t, id);
	} while (at < t->cnt && t->rows[at]->id == id);
	return id;
}

int obj_table_add(struct obj_table *table, struct obj *obj)
{
	int err;
	u32 at;

	assert(!obj->table && !obj->id);
	pthread_mutex_lock(&table->lock);
	err = table_grow_locked(table);
	if (!err) {
		obj->id = table->last_id = table_free_id_locked(table);
		obj->table = table;
		at = table_lower_bound(table, obj->id);
		memmove(&table->rows[at + 1], &table->rows[at],
			(table->cnt - at) * sizeof(*table->rows));
		table->rows[at] = obj;
		table->cnt++;
	}
	pthread_mutex_unlock(&table->lock);
	return err;
}

struct obj *obj_table_find(struct obj_table *table, u32 id)
{
	struct obj *found = NULL;
	u32 at;

	pthread_mutex_lock(&table->lock);
	at = table_lower_bound(table, id);
	if (at < table->cnt && table->rows[at]->id == id && obj_get_not_zero(table->rows[at]))
		found = table->rows[at];
	pthread_mutex_unlock(&table->lock);
	return found;
}

u32 obj_table_next_id(struct obj_table *table, u32 id)
{
	u32 next = 0;

	if (id >= OBJ_ID_MAX)
		return 0;
	pthread_mutex_lock(&table->lock);
	for (u32 at = table_lower_bound(table, id + 1); at < table->cnt && !next; at++) {
		/* One that is on its way out is no longer there. */
		if (atomic_load_explicit(&table->rows[at]->refs, memory_order_relaxed))
			next = table->rows[at]->id;
	}
	pthread_mutex_unlock(&table->lock);
	return next;
}
