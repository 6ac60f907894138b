/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Map operations from programs: 64 of one kind in each run, over 1,024 keys that the first run puts
 * in. m_none does all but the operation, so that its time can be taken off.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define ENTRIES 1024
#define OPS	64

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ENTRIES);
	__type(key, __u32);
	__type(value, __u64);
} array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ENTRIES);
	__type(key, __u32);
	__type(value, __u64);
} percpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4 * ENTRIES);
	__type(key, __u64);
	__type(value, __u64);
} hash SEC(".maps");

__u64 filled, at, sum;

static __always_inline __u64 key_of(__u32 i)
{
	return (i & (ENTRIES - 1)) * 0x9e3779b97f4a7c15ULL;
}

static __noinline int fill(void)
{
	for (__u32 i = 0; i < ENTRIES; i++) {
		__u64 key = key_of(i), value = i;

		bpf_map_update_elem(&hash, &key, &value, BPF_ANY);
	}
	filled = 1;
	return 0;
}

#define PROGRAM(name, key_type, key_value, operation)                                              \
	SEC("xdp")                                                                                 \
	int name(struct xdp_md *ctx)                                                               \
	{                                                                                          \
		__u32 start = at;                                                                  \
		__u64 got = 0;                                                                     \
                                                                                                   \
		if (!filled)                                                                       \
			fill();                                                                    \
		at = start + OPS;                                                                  \
		for (__u32 n = 0; n < OPS; n++) {                                                  \
			key_type key = key_value(start + n);                                       \
			__u64 *value = 0, one = n;                                                 \
                                                                                                   \
			operation;                                                                 \
			got += value ? *value : one + key;                                         \
		}                                                                                  \
		sum += got;                                                                        \
		return XDP_PASS;                                                                   \
	}

#define INDEX(i) ((i) & (ENTRIES - 1))
#define MISS(i)	 (key_of(i) + 1)

PROGRAM(m_none, __u32, INDEX, (void)0)
PROGRAM(m_array_lookup, __u32, INDEX, value = bpf_map_lookup_elem(&array, &key))
PROGRAM(m_percpu_lookup, __u32, INDEX, value = bpf_map_lookup_elem(&percpu, &key))
PROGRAM(m_hash_lookup, __u64, key_of, value = bpf_map_lookup_elem(&hash, &key))
PROGRAM(m_hash_miss, __u64, MISS, value = bpf_map_lookup_elem(&hash, &key))
PROGRAM(m_hash_update, __u64, key_of, bpf_map_update_elem(&hash, &key, &one, BPF_ANY))
PROGRAM(m_ktime, __u64, key_of, one = bpf_ktime_get_ns())

char LICENSE[] SEC("license") = "Dual BSD/GPL";
