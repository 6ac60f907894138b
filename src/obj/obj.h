/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Identity and lifetime of what bpf(2) hands out: maps, programs, links, BTF. An object starts
 * with one reference, gets an id in its instance's table of that kind, and is destroyed by its
 * own function when the last reference is put. All functions are thread-safe.
 */
#ifndef SKEP_OBJ_OBJ_H
#define SKEP_OBJ_OBJ_H

#include <stdatomic.h>

#include "base/types.h"

enum obj_kind { OBJ_MAP, OBJ_PROG, OBJ_LINK, OBJ_BTF, OBJ_KIND_CNT };

struct obj_table; /* one per kind and instance */
struct obj_home;  /* obj/fd.h */
struct process_file;

struct obj {
	u32 id; /* 0 until it is in a table */
	enum obj_kind kind;
	_Atomic u32 refs;
	struct obj_table *table;
	void (*destroy)(struct obj *obj); /* frees the whole object; runs without any lock held */
	/*
	 * What user space names the object by: its identity file and its pins. When the last of
	 * them goes while references remain, released() lets the object break a cycle (the
	 * kernel's map_release_uref); NULL: nothing to do. No lock is held.
	 */
	_Atomic u32 users;
	void (*released)(struct obj *obj);
	/* obj/fd.c's: the file that stands for the object (NULL while none does), whose it is. */
	struct process_file *identity;
	const struct obj_home *_Atomic home; /* all who write it write the same */
};

void obj_init(struct obj *obj, enum obj_kind kind, void (*destroy)(struct obj *obj));
struct obj *obj_get(struct obj *obj);
/* False when the last reference is already gone. */
bool obj_get_not_zero(struct obj *obj) must_check;
/* NULL is allowed. */
void obj_put(struct obj *obj);

/* One more name in user space, and one less; the caller holds a reference over both. */
void obj_user_add(struct obj *obj);
void obj_user_drop(struct obj *obj);

int obj_table_new(struct obj_table **ret_table) must_check;
/* All objects must be gone. */
void obj_table_free(struct obj_table *table);
/* Gives the object its id (1, 2, …: never reused while 31 bits last). 0 or -ENOMEM. */
int obj_table_add(struct obj_table *table, struct obj *obj) must_check;
/* A new reference, or NULL. */
struct obj *obj_table_find(struct obj_table *table, u32 id);
/* Smallest id greater than @id; 0 when there is none (BPF_*_GET_NEXT_ID). */
u32 obj_table_next_id(struct obj_table *table, u32 id);

#endif
