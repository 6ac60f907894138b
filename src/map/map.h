/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The door of the map room: one struct, one ops table per type. Programs reach elements by
 * pointer (map_lookup…), user space by copy (map_user_*), as through the kernel's bpf(2).
 * All functions are thread-safe unless they say otherwise. Errors are the kernel's.
 */
#ifndef SKEP_MAP_MAP_H
#define SKEP_MAP_MAP_H

#include "base/extent.h"
#include "base/types.h"
#include "obj/obj.h"
#include "prog/run.h"
#include "spec/spec.h"

#define MAP_NAME_BYTES 16

struct btf;
struct map_ops;
struct region;

/* What a map is asked to be: the fields of BPF_MAP_CREATE. */
struct map_attr {
	enum map_type type;
	u32 key_size_bytes, value_size_bytes, max_entries;
	u32 flags; /* BPF_F_* of map creation, UAPI values (map/flags.h) */
	u64 map_extra;
	char name[MAP_NAME_BYTES];
	struct btf *btf; /* NULL or borrowed */
	u32 btf_key_type_id, btf_value_type_id;
};

/* What maps need from their instance. */
struct map_env {
	u32 cpu_cnt; /* CPU slots: the copies that a per-CPU map has */
	struct obj_table *tables[OBJ_KIND_CNT]; /* for handles of programs and inner maps */
};

struct map {
	struct obj obj;
	const struct map_ops *ops;
	struct map_attr attr; /* attr.btf is a reference here */
	const struct map_env *env;
	struct region *region;
	_Atomic bool frozen;
	/* Types derive their own struct from this one (container_of). */
};

struct map_ops {
	/* Checks sizes and flags as the kernel's map_alloc_check; 0 or -errno. */
	int (*check)(const struct map_attr *attr);
	int (*alloc)(const struct map_attr *attr, const struct map_env *env, struct map **ret_map);
	void (*free)(struct map *map);

	/* From programs: pointer to the value for run's CPU slot, NULL when there is none. */
	void *(*lookup)(struct map *map, u32 cpu, const void *key);
	int (*update)(struct map *map, u32 cpu, const void *key, const void *value, u64 flags);
	int (*delete)(struct map *map, const void *key);

	/* From user space: values are copied whole, all CPUs' for per-CPU types (rounded to 8). */
	int (*user_lookup)(struct map *map, const void *key, void *value, u64 flags);
	int (*user_update)(struct map *map, const void *key, const void *value, u64 flags);
	int (*next_key)(struct map *map, const void *key, void *ret_next_key); /* key may be NULL */

	/* The element that holds @addr, or the nearest one: for the guard and its reports. */
	bool (*extent_at)(struct map *map, u64 addr, struct extent *ret_extent);
	/* Program and inner-map types: what a handle leads to (borrowed, epoch-protected). */
	void *(*lookup_obj)(struct map *map, u32 index);
};

int map_create(const struct map_attr *attr, const struct map_env *env,
	       struct map **ret_map) must_check;
struct map *map_get(struct map *map);
void map_put(struct map *map);

/* Bytes of one value in user space's buffers: rounded up to 8 and times CPUs for per-CPU types. */
u32 map_user_value_bytes(const struct map *map);

int map_user_lookup(struct map *map, const void *key, void *value, u64 flags) must_check;
int map_user_update(struct map *map, const void *key, const void *value, u64 flags) must_check;
int map_user_delete(struct map *map, const void *key) must_check;
int map_user_next_key(struct map *map, const void *key, void *ret_next_key) must_check;
int map_freeze(struct map *map) must_check;

/*
 * Address of byte @off_bytes of the value that a program may name directly in an lddw
 * (map_direct_value_addr): arrays of one element. -ENOTSUPP for other maps, -EINVAL outside.
 */
int map_direct_value(struct map *map, u32 off_bytes, u64 *ret_addr) must_check;

#endif
