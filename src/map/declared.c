/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Map types that can be created but hold nothing: whoever verifies a program for a hook that does
 * not exist here needs its maps, with the kernel's checks of their attributes (*_map_alloc_check).
 * Their elements cannot be touched: -ENOTSUPP to user space, nothing there to programs, whose
 * helpers for them do not exist here either.
 */
#include "base/mem.h"
#include "base/pages.h"
#include "btf/btf.h"
#include "map/map_int.h"

#define STACK_DEPTH_MAX	     127u /* sysctl_perf_event_max_stack by default */
#define STACK_BUILD_ID_BYTES 32u
#define KEY_BYTES_MAX	     512u /* MAX_BPF_STACK */
#define CPUS_MAX	     8192u /* NR_CPUS of a distribution's kernel */
#define CGROUP_KEY_BYTES     16u
/* U16_MAX less the struct in front of a value (BPF_LOCAL_STORAGE_MAX_VALUE_SIZE). */
#define STORAGE_VALUE_BYTES_MAX 65407u
#define ARENA_BYTES_MAX		(1ull << 32)

struct map_declared {
	struct map map;
};

/* One element for each of 0 … max_entries - 1, as most of these have. */
static bool indexed_ok(const struct map_attr *attr, u32 flags)
{
	return attr->max_entries && attr->key_size_bytes == 4 && !(attr->flags & ~flags);
}

static const u32 flags_user = MAP_F_NUMA_NODE | MAP_F_RDONLY | MAP_F_WRONLY;

/* stack_map_alloc */
static int stack_trace_check(const struct map_attr *attr)
{
	u32 entry = attr->flags & MAP_F_STACK_BUILD_ID ? STACK_BUILD_ID_BYTES : 8;

	if (!indexed_ok(attr, flags_user | MAP_F_STACK_BUILD_ID) || attr->value_size_bytes < 8 ||
	    attr->value_size_bytes % 8 || attr->value_size_bytes % entry ||
	    attr->value_size_bytes / entry > STACK_DEPTH_MAX)
		return -EINVAL;
	return attr->max_entries > 1u << 31 ? -E2BIG : 0;
}

/* fd_array_map_alloc_check */
static int cgroup_array_check(const struct map_attr *attr)
{
	return indexed_ok(attr, flags_user) && attr->value_size_bytes == 4 ? 0 : -EINVAL;
}

static bool fd_value_ok(const struct map_attr *attr)
{
	return attr->value_size_bytes == 4 || attr->value_size_bytes == 8;
}

/* sock_map_alloc */
static int sockmap_check(const struct map_attr *attr)
{
	return indexed_ok(attr, flags_user) && fd_value_ok(attr) ? 0 : -EINVAL;
}

/* sock_hash_alloc */
static int sockhash_check(const struct map_attr *attr)
{
	if (!attr->max_entries || !attr->key_size_bytes || !fd_value_ok(attr) ||
	    attr->flags & ~flags_user)
		return -EINVAL;
	return attr->key_size_bytes > KEY_BYTES_MAX ? -E2BIG : 0;
}

/* cpu_map_alloc */
static int cpumap_check(const struct map_attr *attr)
{
	if (!indexed_ok(attr, MAP_F_NUMA_NODE) || !fd_value_ok(attr))
		return -EINVAL;
	return attr->max_entries > CPUS_MAX ? -E2BIG : 0;
}

/* xsk_map_alloc */
static int xskmap_check(const struct map_attr *attr)
{
	return indexed_ok(attr, flags_user) && attr->value_size_bytes == 4 ? 0 : -EINVAL;
}

/* reuseport_array_alloc_check with array_map_alloc_check */
static int reuseport_check(const struct map_attr *attr)
{
	u32 flags = MAP_F_NUMA_NODE | MAP_F_ACCESS;

	return indexed_ok(attr, flags) && fd_value_ok(attr) && map_flags_access_ok(attr->flags) ?
		       0 :
		       -EINVAL;
}

/* cgroup_storage_map_alloc */
static int cgroup_storage_check(const struct map_attr *attr)
{
	bool percpu = attr->type == MAP_TYPE_PERCPU_CGROUP_STORAGE;
	u32 max = percpu ? MAP_PERCPU_VALUE_BYTES_MAX : STORAGE_VALUE_BYTES_MAX;

	if ((attr->key_size_bytes != CGROUP_KEY_BYTES && attr->key_size_bytes != 8) ||
	    !attr->value_size_bytes)
		return -EINVAL;
	if (attr->value_size_bytes > max)
		return -E2BIG;
	if (attr->flags & ~(u32)(MAP_F_NUMA_NODE | MAP_F_ACCESS) ||
	    !map_flags_access_ok(attr->flags) || attr->max_entries)
		return -EINVAL;
	return 0;
}

/* bpf_local_storage_map_alloc_check */
static int local_storage_check(const struct map_attr *attr)
{
	if (attr->flags & ~(u32)(MAP_F_NO_PREALLOC | MAP_F_CLONE) ||
	    !(attr->flags & MAP_F_NO_PREALLOC) || attr->max_entries ||
	    attr->key_size_bytes != 4 || !attr->value_size_bytes || !attr->btf_key_type_id ||
	    !attr->btf_value_type_id)
		return -EINVAL;
	return attr->value_size_bytes > STORAGE_VALUE_BYTES_MAX ? -E2BIG : 0;
}

/* ringbuf_map_alloc */
static int user_ringbuf_check(const struct map_attr *attr)
{
	if (attr->flags & ~(u32)MAP_F_NUMA_NODE || attr->key_size_bytes ||
	    attr->value_size_bytes || !is_pow2(attr->max_entries) ||
	    attr->max_entries % pages_size_bytes())
		return -EINVAL;
	return 0;
}

/* arena_map_alloc */
static int arena_check(const struct map_attr *attr)
{
	u64 bytes = attr->max_entries * pages_size_bytes();

	if (attr->key_size_bytes || attr->value_size_bytes || !attr->max_entries ||
	    !(attr->flags & MAP_F_MMAPABLE) ||
	    attr->flags & ~(u32)(MAP_F_MMAPABLE | MAP_F_SEGV_ON_FAULT | MAP_F_NO_USER_CONV) ||
	    attr->map_extra % pages_size_bytes())
		return -EINVAL;
	if (bytes > ARENA_BYTES_MAX)
		return -E2BIG;
	return attr->map_extra >> 32 != (attr->map_extra + bytes - 1) >> 32 ? -ERANGE : 0;
}

static void declared_free(struct map *map)
{
	mem_free(container_of(map, struct map_declared, map));
}

static void *declared_lookup(struct map *map, u32 cpu, const void *key)
{
	(void)map;
	(void)cpu;
	(void)key;
	return NULL;
}

static int declared_update(struct map *map, u32 cpu, const void *key, const void *value, u64 flags)
{
	(void)map;
	(void)cpu;
	(void)key;
	(void)value;
	(void)flags;
	return -ENOTSUPP;
}

static int declared_delete(struct map *map, const void *key)
{
	(void)map;
	(void)key;
	return -ENOTSUPP;
}

static int declared_user_lookup(struct map *map, const void *key, void *ret_value, u64 flags)
{
	(void)map;
	(void)key;
	(void)ret_value;
	(void)flags;
	return -ENOTSUPP;
}

static int declared_user_update(struct map *map, const void *key, const void *value, u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	(void)flags;
	return -ENOTSUPP;
}

static int declared_next_key(struct map *map, const void *key, void *ret_next_key)
{
	(void)map;
	(void)key;
	(void)ret_next_key;
	return -ENOTSUPP;
}

static bool declared_extent_at(struct map *map, u64 addr, struct extent *ret_extent)
{
	(void)map;
	(void)addr;
	(void)ret_extent;
	return false;
}

#define DECLARED_OPS(type_check, nested, new)                                                      \
	.check = type_check, .alloc = new, .free = declared_free, .lookup = declared_lookup,       \
	.update = declared_update, .delete = declared_delete, .user_lookup = declared_user_lookup, \
	.user_update = declared_user_update, .next_key = declared_next_key,                        \
	.extent_at = declared_extent_at, .holds = OBJ_KIND_CNT, .inner = MAP_INNER_##nested

/* An ops table of its own for each type, and how such a map is made. */
#define DECLARED(ops_name, type_check, nested)                                                     \
	static int ops_name##_alloc(const struct map_attr *attr, const struct map_env *env,        \
				    struct map **ret_map)                                          \
	{                                                                                          \
		struct map_declared *m = mem_zalloc(sizeof(*m));                                   \
                                                                                                   \
		if (!m)                                                                            \
			return -ENOMEM;                                                            \
		map_init(&m->map, attr, env, &ops_name);                                           \
		*ret_map = &m->map;                                                                \
		return 0;                                                                          \
	}                                                                                          \
	const struct map_ops ops_name = { DECLARED_OPS(type_check, nested, ops_name##_alloc) };

DECLARED(map_stack_trace_ops, stack_trace_check, ALIKE)
DECLARED(map_cgroup_array_ops, cgroup_array_check, ALIKE)
DECLARED(map_sockmap_ops, sockmap_check, ALIKE)
DECLARED(map_sockhash_ops, sockhash_check, ALIKE)
DECLARED(map_cpumap_ops, cpumap_check, ALIKE)
DECLARED(map_xskmap_ops, xskmap_check, ENTRIES_TOO)
DECLARED(map_reuseport_ops, reuseport_check, ALIKE)
DECLARED(map_cgroup_storage_ops, cgroup_storage_check, NO)
DECLARED(map_percpu_cgroup_storage_ops, cgroup_storage_check, NO)
DECLARED(map_local_storage_ops, local_storage_check, ALIKE)
DECLARED(map_user_ringbuf_ops, user_ringbuf_check, ALIKE)
DECLARED(map_arena_ops, arena_check, ALIKE)

/* Any type at all, without the checks of its attributes: for templates and for types not above. */
static const struct map_ops declared_ops = { DECLARED_OPS(NULL, ALIKE, NULL) };

int map_declare(const struct map_attr *attr, const struct map_env *env, struct map **ret_map)
{
	struct map_declared *d;

	if (!map_type_name(attr->type) || attr->type == MAP_TYPE_UNSPEC)
		return -EINVAL;
	d = mem_zalloc(sizeof(*d));
	if (!d)
		return -ENOMEM;
	map_init(&d->map, attr, env, &declared_ops);
	if (attr->btf)
		d->map.attr.btf = btf_get(attr->btf);
	*ret_map = &d->map;
	return 0;
}
