/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for libbpf's header where an example is compiled for the machine (bench/native_prog.c):
 * its helpers as C functions. Hashes are searched and changed by the very functions that the JIT
 * calls; arrays are indexed in place, with sizes that the compiler knows, as a C programmer would.
 */
#ifndef BENCH_NATIVE_BPF_HELPERS_H
#define BENCH_NATIVE_BPF_HELPERS_H

#include "base/types.h"
#include "bench/native.h"
#include "map/call_int.h"
#include "map/hash_int.h"
#include "pkt/pkt.h"

/* Our packet has members of these names, with whole pointers. */
#define xdp_md pkt

#define SEC(name)
#define __noinline		noinline_fn
#define __always_inline		always_inline
#define __uint(name, value)	int(*name)[value]
#define __type(name, value)	typeof(value) *name

static struct run *native_run;

/* A map's declaration is four pointers that point nowhere: room for what it needs at run time. */
struct native_slot {
	struct map *map;
	u8 *data;
} __attribute__((may_alias));

#define NATIVE_TYPE(m)	  (sizeof(*(m)->type) / sizeof(int))
#define NATIVE_ENTRIES(m) (sizeof(*(m)->max_entries) / sizeof(int))
#define NATIVE_ROUND(n, to) (((u64)(n) + (to) - 1) / (to) * (to))

/* What the compiler knows of a map. */
struct native_kind {
	u32 type, entries, key_bytes, value_bytes;
};

#define NATIVE_KIND(m) \
	(struct native_kind){ NATIVE_TYPE(m), NATIVE_ENTRIES(m), sizeof(*(m)->key), \
			      sizeof(*(m)->value) }

static always_inline void *native_lookup(const struct native_slot *m, struct native_kind kind,
					 const void *key)
{
	const u64 value_bytes = NATIVE_ROUND(kind.value_bytes, 8), r1 = ptr_to_u64(m->map),
		  r2 = ptr_to_u64(key);
	const u32 index = kind.key_bytes == 4 ? *(const u32 *)key : 0;
	u64 plane = 0;

	switch (kind.type) {
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		plane = native_run->cpu * NATIVE_ROUND(value_bytes * kind.entries, 4096);
		/* fall through */
	case BPF_MAP_TYPE_ARRAY:
		return index < kind.entries ? m->data + plane + index * value_bytes : NULL;
	case BPF_MAP_TYPE_HASH:
		if (kind.key_bytes == 8)
			return u64_to_ptr(map_hash_lookup_8(r1, r2, 0, 0, 0, native_run));
		return u64_to_ptr(map_hash_lookup_any(r1, r2, 0, 0, 0, native_run));
	case BPF_MAP_TYPE_PERCPU_HASH:
		return u64_to_ptr(map_percpu_hash_lookup_any(r1, r2, 0, 0, 0, native_run));
	}
	__builtin_trap();
}

static always_inline long native_update(const struct native_slot *m, u32 type, const void *key,
					const void *value, u64 flags)
{
	const u64 r1 = ptr_to_u64(m->map), r2 = ptr_to_u64(key), r3 = ptr_to_u64(value);

	if (type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY)
		return (long)map_array_call_update(r1, r2, r3, flags, 0, native_run);
	return (long)map_hash_call_update(r1, r2, r3, flags, 0, native_run);
}

u64 helper_ktime_get_ns(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run);
u64 helper_xdp_adjust_head(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run);

#define NATIVE_SLOT(m) ((const struct native_slot *)(const void *)(m))

#define bpf_map_lookup_elem(m, k) native_lookup(NATIVE_SLOT(m), NATIVE_KIND(m), k)
#define bpf_map_update_elem(m, k, v, flags) \
	native_update(NATIVE_SLOT(m), NATIVE_TYPE(m), k, v, flags)
#define bpf_map_delete_elem(m, k) \
	((long)map_hash_call_delete(ptr_to_u64(NATIVE_SLOT(m)->map), ptr_to_u64(k), 0, 0, 0, \
				    native_run))
#define bpf_ktime_get_ns() helper_ktime_get_ns(0, 0, 0, 0, 0, native_run)
#define bpf_xdp_adjust_head(ctx, by) \
	((long)helper_xdp_adjust_head(ptr_to_u64(ctx), (u64)(s64)(by), 0, 0, 0, native_run))
/* Of the programs for tc, which are not measured. */
#define bpf_skb_vlan_pop(skb)		      ((void)(skb), -1)
#define bpf_skb_vlan_push(skb, proto, tci) ((void)(skb), -1)

#endif
