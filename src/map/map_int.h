/* SPDX-License-Identifier: BSD-2-Clause */
/* What the types share among themselves: ops tables, bases of their structs, copying of values. */
#ifndef SKEP_MAP_MAP_INT_H
#define SKEP_MAP_MAP_INT_H

#include <stdatomic.h>
#include <string.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/types.h"
#include "map/map.h"
#include "spec/spec.h"

/* BPF_F_ACCESS_MASK of the kernel: who may read and write. */
#define MAP_F_ACCESS (MAP_F_RDONLY | MAP_F_RDONLY_PROG | MAP_F_WRONLY | MAP_F_WRONLY_PROG)

#define MAP_PERCPU_VALUE_BYTES_MAX 32768u /* PCPU_MIN_UNIT_SIZE of the kernel */

/* So far beside a map an address still names it as the one that was missed. */
#define MAP_EXTENT_NEAR_BYTES 4096u

extern const struct map_ops map_array_ops, map_percpu_array_ops;
extern const struct map_ops map_hash_ops, map_percpu_hash_ops;
extern const struct map_ops map_lru_hash_ops, map_lru_percpu_hash_ops;
extern const struct map_ops map_prog_array_ops, map_array_of_maps_ops, map_hash_of_maps_ops;
extern const struct map_ops map_devmap_ops, map_devmap_hash_ops;
extern const struct map_ops map_lpm_ops, map_ringbuf_ops, map_queue_ops, map_stack_ops;
extern const struct map_ops map_bloom_ops, map_perf_array_ops;
/* Declared only (declared.c). */
extern const struct map_ops map_stack_trace_ops, map_cgroup_array_ops, map_sockmap_ops;
extern const struct map_ops map_sockhash_ops, map_cpumap_ops, map_xskmap_ops, map_reuseport_ops;
extern const struct map_ops map_cgroup_storage_ops, map_percpu_cgroup_storage_ops;
extern const struct map_ops map_local_storage_ops, map_user_ringbuf_ops, map_arena_ops;

/* Fills in what all types have. The type has zeroed @map; region and ops' own state are its. */
void map_init(struct map *map, const struct map_attr *attr, const struct map_env *env,
	      const struct map_ops *ops);
/* Around every write from user space: -EPERM when frozen; end returns @err. */
int map_write_begin(struct map *map) must_check;
int map_write_end(struct map *map, int err) must_check;
/* Writes the head of the region's ctl. */
void map_region_stamp(struct map *map);

/* For types that are hashes with checks of their own: @attr's type says which ops. */
int map_hash_alloc(const struct map_attr *attr, const struct map_env *env, struct map **ret_map);

/* next_key of everything that is indexed from 0 (array_map_get_next_key). */
int map_index_next_key(struct map *map, const void *key, void *ret_next_key);

/* bpf_map_flags_access_ok: a program may be kept from reading or from writing, not from both. */
static inline bool map_flags_access_ok(u32 flags)
{
	return (flags & (MAP_F_RDONLY_PROG | MAP_F_WRONLY_PROG)) !=
	       (MAP_F_RDONLY_PROG | MAP_F_WRONLY_PROG);
}

/* What programs may do to values, as enum extent_perm. */
static inline u32 map_prog_perm(const struct map *map)
{
	if (map->attr.flags & MAP_F_RDONLY_PROG)
		return EXTENT_READ;
	return map->attr.flags & MAP_F_WRONLY_PROG ? EXTENT_WRITE : EXTENT_READ | EXTENT_WRITE;
}

/* The kernel's checks of element flags where a type knows ANY, NOEXIST, EXIST and LOCK. */
static inline int map_elem_flags_check(u64 flags)
{
	/* BPF_F_LOCK needs a spin lock in the value, which only BTF can tell of: none has it. */
	return flags > ELEM_EXIST ? -EINVAL : 0;
}

/*
 * Values that a program or another thread may be reading: copied in atomic words, so that each
 * aligned word is whole. @elem is aligned to 8 and its room is a multiple of 8; @user is not.
 */
static inline void elem_store(void *elem, const void *user, u32 size_bytes)
{
	_Atomic u64 *to = elem;
	const u8 *from = user;

	for (; size_bytes >= 8; size_bytes -= 8, from += 8) {
		u64 word;

		memcpy(&word, from, 8);
		atomic_store_explicit(to++, word, memory_order_release);
	}
	if (size_bytes) {
		u64 word = 0;

		memcpy(&word, from, size_bytes);
		atomic_store_explicit(to, word, memory_order_release);
	}
}

static inline void elem_load(void *user, const void *elem, u32 size_bytes)
{
	const _Atomic u64 *from = elem;
	u8 *to = user;

	for (; size_bytes >= 8; size_bytes -= 8, to += 8) {
		u64 word = atomic_load_explicit(from++, memory_order_acquire);

		memcpy(to, &word, 8);
	}
	if (size_bytes) {
		u64 word = atomic_load_explicit(from, memory_order_acquire);

		memcpy(to, &word, size_bytes);
	}
}

/*
 * The same for values, but for their special fields, which are not user space's to write: @fresh
 * elements get zeros there (copy_map_value, check_and_init_map_value).
 */
void map_value_store_fields(const struct map *map, void *elem, const void *user, bool fresh);
/* … and which user space reads as zeros. */
void map_value_hide_fields(const struct map *map, void *user);

/* @size_bytes: of the value, or rounded up where all CPUs' lie behind each other. */
static inline void map_value_store(const struct map *map, void *elem, const void *user,
				   u32 size_bytes, bool fresh)
{
	if (likely(!map->fields))
		elem_store(elem, user, size_bytes);
	else
		map_value_store_fields(map, elem, user, fresh);
}

static inline void map_value_load(const struct map *map, void *user, const void *elem,
				  u32 size_bytes)
{
	elem_load(user, elem, size_bytes);
	if (unlikely(map->fields))
		map_value_hide_fields(map, user);
}


static inline void elem_zero(void *elem, u32 size_bytes)
{
	_Atomic u64 *to = elem;

	for (u32 i = 0; i < (size_bytes + 7) / 8; i++)
		atomic_store_explicit(&to[i], 0, memory_order_release);
}

#endif
