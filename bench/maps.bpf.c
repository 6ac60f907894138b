/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Map operations and small helpers from programs: OPS of one kind in each run, over keys in an
 * order that no prefetcher guesses. The first run of a program fills its map. m_none does all but
 * the operation, so that its time can be taken off; bench/programs.py shows the programs' names.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define OPS    64
#define SMALL  4096
#define MEDIUM 10000
#define LARGE  1000000

struct wide {
	__u64 a, b;
};

struct prefix {
	__u32 bits, addr;
};

#define MAP(name, kind, key_type, entries)             \
	struct {                                       \
		__uint(type, BPF_MAP_TYPE_##kind);     \
		__uint(max_entries, entries);          \
		__type(key, key_type);                 \
		__type(value, __u64);                  \
	} name SEC(".maps")

MAP(array_4k, ARRAY, __u32, SMALL);
MAP(array_1m, ARRAY, __u32, LARGE);
MAP(percpu_array, PERCPU_ARRAY, __u32, SMALL);
MAP(hash8_10k, HASH, __u64, MEDIUM);
MAP(hash8_1m, HASH, __u64, LARGE);
MAP(hash16_10k, HASH, struct wide, MEDIUM);
MAP(hash16_1m, HASH, struct wide, LARGE);
MAP(hash_change, HASH, __u64, 2 * MEDIUM);
MAP(percpu_hash, PERCPU_HASH, __u64, MEDIUM);
MAP(lru_10k, LRU_HASH, __u64, MEDIUM);
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, MEDIUM);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, __u64);
} lpm_10k SEC(".maps");

__u64 at, sum;

/* The @i-th number below @n of a walk that looks random. */
static __always_inline __u32 place(__u32 i, __u32 n)
{
	__u32 mixed = i * 0x9e3779b1u;

	mixed ^= mixed >> 15;
	mixed *= 0x85ebca77u;
	return (__u32)(((__u64)mixed * n) >> 32);
}

static __always_inline void make_u32(__u32 *key, __u32 index)
{
	*key = index;
}

static __always_inline void make_u64(__u64 *key, __u32 index)
{
	*key = index * 0x9e3779b97f4a7c15ULL;
}

static __always_inline void make_wide(struct wide *key, __u32 index)
{
	key->a = index;
	key->b = index * 0x9e3779b97f4a7c15ULL;
}

static __always_inline void make_prefix(struct prefix *key, __u32 index)
{
	key->bits = 24;
	key->addr = __builtin_bswap32(index << 8);
}

#define FILL(map, key_type, make, entries)                                  \
	int map##_filled;                                                   \
	static long fill_one_##map(__u32 i, void *ctx)                      \
	{                                                                   \
		key_type key = {};                                          \
		__u64 value = i;                                            \
                                                                            \
		make(&key, i);                                              \
		bpf_map_update_elem(&map, &key, &value, BPF_ANY);           \
		return 0;                                                   \
	}                                                                   \
	static __noinline int fill_##map(void)                              \
	{                                                                   \
		if (!map##_filled)                                          \
			bpf_loop(entries, fill_one_##map, (void *)0, 0);    \
		map##_filled = 1;                                           \
		return 0;                                                   \
	}

FILL(hash8_10k, __u64, make_u64, MEDIUM)
FILL(hash8_1m, __u64, make_u64, LARGE)
FILL(hash16_10k, struct wide, make_wide, MEDIUM)
FILL(hash16_1m, struct wide, make_wide, LARGE)
FILL(hash_change, __u64, make_u64, MEDIUM)
FILL(percpu_hash, __u64, make_u64, MEDIUM)
FILL(lru_10k, __u64, make_u64, MEDIUM)
FILL(lpm_10k, struct prefix, make_prefix, MEDIUM)
#define fill_nothing() 0

#define PROGRAM(name, fill, key_type, make, entries, operation)             \
	SEC("xdp")                                                          \
	int name(struct xdp_md *ctx)                                        \
	{                                                                   \
		__u32 start = at;                                           \
		__u64 got = 0;                                              \
                                                                            \
		fill_##fill();                                              \
		at = start + OPS;                                           \
		for (__u32 n = 0; n < OPS; n++) {                           \
			__u64 *value = 0, one = n;                          \
			key_type key = {};                                  \
                                                                            \
			make(&key, place(start + n, entries));              \
			asm volatile("" : : "r"(&key) : "memory");          \
			operation;                                          \
			got += value ? *value : one;                        \
		}                                                           \
		sum += got;                                                 \
		return XDP_PASS;                                            \
	}

#define LOOKUP(map) value = bpf_map_lookup_elem(&map, &key)

PROGRAM(m_none, nothing, __u64, make_u64, MEDIUM, (void)0)
PROGRAM(m_array_4k, nothing, __u32, make_u32, SMALL, LOOKUP(array_4k))
PROGRAM(m_array_1m, nothing, __u32, make_u32, LARGE, LOOKUP(array_1m))
PROGRAM(m_array_constant, nothing, __u32, make_u32, SMALL,
	key = 7; LOOKUP(array_4k))
PROGRAM(m_percpu_array, nothing, __u32, make_u32, SMALL, LOOKUP(percpu_array))
PROGRAM(m_hash8_10k, hash8_10k, __u64, make_u64, MEDIUM, LOOKUP(hash8_10k))
PROGRAM(m_hash8_1m, hash8_1m, __u64, make_u64, LARGE, LOOKUP(hash8_1m))
PROGRAM(m_hash16_10k, hash16_10k, struct wide, make_wide, MEDIUM, LOOKUP(hash16_10k))
PROGRAM(m_hash16_1m, hash16_1m, struct wide, make_wide, LARGE, LOOKUP(hash16_1m))
PROGRAM(m_hash8_miss, hash8_10k, __u64, make_u64, MEDIUM, key++; LOOKUP(hash8_10k))
PROGRAM(m_percpu_hash, percpu_hash, __u64, make_u64, MEDIUM, LOOKUP(percpu_hash))
PROGRAM(m_lru_10k, lru_10k, __u64, make_u64, MEDIUM, LOOKUP(lru_10k))
PROGRAM(m_lpm_10k, lpm_10k, struct prefix, make_prefix, MEDIUM, key.bits = 32; LOOKUP(lpm_10k))
PROGRAM(m_hash8_update, hash_change, __u64, make_u64, MEDIUM,
	bpf_map_update_elem(&hash_change, &key, &one, BPF_ANY))
PROGRAM(m_hash8_insert_delete, hash_change, __u64, make_u64, MEDIUM,
	key++; bpf_map_update_elem(&hash_change, &key, &one, BPF_ANY);
	bpf_map_delete_elem(&hash_change, &key))
PROGRAM(m_array_update, nothing, __u32, make_u32, SMALL,
	bpf_map_update_elem(&array_4k, &key, &one, BPF_ANY))
PROGRAM(m_ktime, nothing, __u64, make_u64, MEDIUM, one = bpf_ktime_get_ns())
PROGRAM(m_prandom, nothing, __u64, make_u64, MEDIUM, one = bpf_get_prandom_u32())
PROGRAM(m_cpu, nothing, __u64, make_u64, MEDIUM, one = bpf_get_smp_processor_id())

char LICENSE[] SEC("license") = "Dual BSD/GPL";
