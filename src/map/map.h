/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The door of the map room: one struct, one ops table per type. Programs reach elements by
 * pointer (map->ops->…), user space by copy (map_user_*), as through the kernel's bpf(2).
 * All functions are thread-safe unless they say otherwise. Errors are the kernel's.
 *
 * Element memory is type-stable: a pointer that a program got from lookup stays readable and
 * writable until the map is gone, though after a deletion it may come to hold another element, as
 * in the kernel's preallocated maps. Programs and inner maps are kept by epoch: whoever uses
 * lookup_obj stands between epoch_enter and epoch_exit of env->epoch.
 */
#ifndef SKEP_MAP_MAP_H
#define SKEP_MAP_MAP_H

#include "base/extent.h"
#include "base/types.h"
#include "map/region.h"
#include "obj/obj.h"
#include "prog/run.h"
#include "spec/spec.h"

#define MAP_NAME_BYTES LIMIT_NAME_BYTES

struct btf;
struct btf_fields;
struct epoch;
struct map_call;
struct map_code;
struct map_ops;
struct prog;

/* What a map is asked to be: the fields of BPF_MAP_CREATE. */
struct map_attr {
	enum map_type type;
	u32 key_size_bytes, value_size_bytes, max_entries;
	u32 flags; /* MAP_F_*: BPF_F_* of map creation, UAPI values */
	u32 numa_node; /* with MAP_F_NUMA_NODE */
	u64 map_extra;
	char name[MAP_NAME_BYTES];
	struct btf *btf; /* NULL or borrowed */
	u32 btf_key_type_id, btf_value_type_id;
	struct map *inner; /* for maps of maps: the template, borrowed; else NULL */
};

/* What maps need from their instance, which outlives them. */
struct map_env {
	u32 cpu_cnt; /* CPU slots: the copies that a per-CPU map has */
	struct obj_table *tables[OBJ_KIND_CNT]; /* for handles of programs and inner maps */
	struct epoch *epoch; /* for programs and inner maps in maps */
};

struct map {
	struct obj obj; /* first: prog/ puts maps by it */
	const struct map_ops *ops;
	struct map_attr attr; /* as the type made it; btf is a reference here, inner NULL */
	/* Special fields of values (btf/fields.h), NULL: none. Owned. */
	const struct btf_fields *fields;
	/*
	 * Maps of maps: what inner maps are like (map_declare of the one that it was made with,
	 * without its name; the kernel's inner_map_meta). NULL for others.
	 */
	struct map *inner_meta;
	const struct map_env *env;
	struct region region;
	_Atomic bool frozen;
	/* User space's writes that are going on: freezing waits for none and fails (-EBUSY). */
	_Atomic u32 writers;
	/* Types derive their own struct from this one (container_of). */
};

/* One step of an iteration; not 0 ends it. Pointers are those that programs get. */
typedef int (*map_visit_fn)(void *cookie, const void *key, void *value);

/* What an inner map must share with the template (map_meta_equal). */
enum map_inner {
	MAP_INNER_NO,
	MAP_INNER_ALIKE,      /* type, sizes, flags */
	MAP_INNER_ENTRIES_TOO, /* arrays: and max_entries, but for MAP_F_INNER_MAP */
};

enum map_batch_cmd {
	MAP_BATCH_LOOKUP = 1,
	MAP_BATCH_LOOKUP_DELETE = 2,
	MAP_BATCH_UPDATE = 4,
	MAP_BATCH_DELETE = 8,
};

/* BPF_MAP_*_BATCH. Arrays of keys and values lie back to back, values as map_user_lookup's. */
struct map_batch {
	void *keys, *values;
	u32 cnt; /* in: room, > 0; out: elements done */
	u64 elem_flags;
	u8 *token;   /* where to go on: map_batch_token_bytes(), handed back as they came */
	bool start; /* from the beginning: the token is only written */
	bool delete; /* LOOKUP_AND_DELETE */
};

struct map_ops {
	/* Checks sizes and flags as the kernel's map_alloc_check; 0 or -errno. */
	int (*check)(const struct map_attr *attr);
	int (*alloc)(const struct map_attr *attr, const struct map_env *env, struct map **ret_map);
	void (*free)(struct map *map);

	/* From programs: pointer to the value for slot @cpu, NULL when there is none. */
	void *(*lookup)(struct map *map, u32 cpu, const void *key);
	int (*update)(struct map *map, u32 cpu, const void *key, const void *value, u64 flags);
	int (*delete)(struct map *map, const void *key);
	/* Queues, stacks, bloom filters; NULL in other types. */
	int (*push)(struct map *map, const void *value, u64 flags);
	int (*pop)(struct map *map, void *ret_value);
	int (*peek)(struct map *map, void *value);
	/* bpf_for_each_map_elem: how many were visited, or -errno; NULL where there is no such. */
	s64 (*for_each)(struct map *map, u32 cpu, map_visit_fn fn, void *cookie);

	/* From user space: values are copied whole, all CPUs' for per-CPU types (rounded to 8). */
	int (*user_lookup)(struct map *map, const void *key, void *ret_value, u64 flags);
	int (*user_update)(struct map *map, const void *key, const void *value, u64 flags);
	/* @key may be NULL: the first. */
	int (*next_key)(struct map *map, const void *key, void *ret_next_key);
	/* NULL: -ENOTSUPP. */
	int (*user_lookup_delete)(struct map *map, const void *key, void *ret_value, u64 flags);
	/* Lookups in batches that are not made key by key (map/batch.c). */
	int (*user_lookup_batch)(struct map *map, struct map_batch *batch);

	/* The element that holds @addr, or the nearest of this map; false: far from this map. */
	bool (*extent_at)(struct map *map, u64 addr, struct extent *ret_extent);
	/* BPF_PSEUDO_MAP_VALUE; NULL in other types. */
	int (*direct_value)(struct map *map, u32 off_bytes, u64 *ret_addr);

	/* Types that hold programs or maps: of which kind, for update_obj. Else OBJ_KIND_CNT. */
	enum obj_kind holds;
	int (*update_obj)(struct map *map, const void *key, struct obj *obj, u64 flags);
	/*
	 * Program arrays: the program at @index (borrowed, epoch-protected). Of maps of maps the
	 * plain lookup gives the inner struct map, borrowed in the same way.
	 */
	void *(*lookup_obj)(struct map *map, u32 index);
	/*
	 * Code in the place of a program's call (map/call.h); NULL: the call is best. @map is a
	 * template without memory of its own when @call says that it is not known.
	 */
	void (*call_insns)(const struct map *map, const struct map_call *call,
			   struct map_code *code);
	/* The last descriptor is gone (map_release_uref): empties what would be a cycle. */
	void (*release)(struct map *map);
	bool indexed; /* keys are 0 … max_entries - 1, and every element always exists */
	enum map_inner inner; /* may maps of this type stand in maps of maps? */
	bool percpu; /* values have a copy for each CPU slot */
	u32 batches; /* enum map_batch_cmd: which of BPF_MAP_*_BATCH there are */
};

/* True when map_create knows how to make it. */
bool map_type_exists(u32 type);

/* 0 or the kernel's error: -EINVAL, -E2BIG, -ENOMEM, -EPERM, -ENOTSUPP. In no table yet. */
int map_create(const struct map_attr *attr, const struct map_env *env,
	       struct map **ret_map) must_check;
/* A map without elements, of any type that spec/ has: to verify programs with, not to run them. */
int map_declare(const struct map_attr *attr, const struct map_env *env,
		struct map **ret_map) must_check;
struct map *map_get(struct map *map);
void map_put(struct map *map);

/* True when maps that may stand where @template was declared (inner maps) have its max_entries. */
bool map_inner_entries_fixed(const struct map *template);
/* Bytes of one value in user space's buffers: rounded up to 8 and times CPUs for per-CPU types. */
u32 map_user_value_bytes(const struct map *map);
/* Bytes of memory that the map may use, as BPF_OBJ_GET_INFO and fdinfo want to know. */
u64 map_mem_bytes(const struct map *map);
/* What may be mapped through the map's descriptors: a memfd (borrowed), or -1. */
int map_mmap_fd(const struct map *map);

/*
 * bpf(2)'s element commands. @key is NULL exactly where the type's key size is 0 (and for the first
 * key). Rights of the descriptor are the caller's to check; freezing is checked here (-EPERM).
 */
int map_user_lookup(struct map *map, const void *key, void *ret_value, u64 flags) must_check;
int map_user_update(struct map *map, const void *key, const void *value, u64 flags) must_check;
int map_user_delete(struct map *map, const void *key) must_check;
int map_user_next_key(struct map *map, const void *key, void *ret_next_key) must_check;
int map_user_lookup_delete(struct map *map, const void *key, void *ret_value,
			   u64 flags) must_check;
/* For types whose ops->holds is an object: @obj (of that kind) is borrowed. */
int map_user_update_obj(struct map *map, const void *key, struct obj *obj, u64 flags) must_check;

/*
 * Batches; what a type lacks is -ENOTSUPP. cnt and the token are set on -ENOENT (the map's end) and
 * -ENOSPC too. @keys and @values hold cnt elements each.
 */
u32 map_batch_token_bytes(const struct map *map);
int map_user_lookup_batch(struct map *map, struct map_batch *batch) must_check;
int map_user_update_batch(struct map *map, struct map_batch *batch) must_check;
int map_user_delete_batch(struct map *map, struct map_batch *batch) must_check;

/* BPF_MAP_FREEZE. -EBUSY when frozen already or while a writer is at it. */
int map_freeze(struct map *map) must_check;
/* No descriptor and no pin refers to the map any more (the kernel's map_release_uref). */
void map_release_uref(struct map *map);

/*
 * Program arrays: the kernel's rule that all programs in one, and all that tail-call through it,
 * are of one kind (bpf_prog_map_compatible). The first to ask decides. 0 or -EINVAL.
 */
int map_prog_array_compatible(struct map *map, const struct prog *prog) must_check;

/*
 * Address of byte @off_bytes of the value that a program may name directly in an lddw
 * (map_direct_value_addr): arrays of one element. -ENOTSUPP for other maps, -EINVAL outside.
 */
int map_direct_value(struct map *map, u32 off_bytes, u64 *ret_addr) must_check;

#endif
