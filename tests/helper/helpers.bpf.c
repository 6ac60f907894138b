/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers as C programs use them: callbacks, rings, queues, text. helper_object_test.py runs it. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define KEYS 8

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 16);
	__type(value, __u64);
} queue SEC(".maps");

__u64 packets, total, text_len, failures;

static long add_count(void *map, __u32 *key, __u64 *value, __u64 *sum)
{
	*sum += *value + *key;
	return 0;
}

static long add_index(__u32 i, __u64 *sum)
{
	*sum += i;
	return 0;
}

SEC("xdp") int helpers(struct xdp_md *ctx)
{
	__u32 key = bpf_get_prandom_u32() % KEYS;
	__u64 one = 1, sum = 0, *value, *record;
	char comm[16], text[32];
	long number = 0;

	packets++;
	value = bpf_map_lookup_elem(&counts, &key);
	if (value)
		__sync_fetch_and_add(value, 1);
	else
		bpf_map_update_elem(&counts, &key, &one, BPF_ANY);
	bpf_for_each_map_elem(&counts, add_count, &sum, 0);
	bpf_loop(10, add_index, &sum, 0);
	failures += bpf_map_push_elem(&queue, &sum, 0) != 0;
	failures += bpf_map_pop_elem(&queue, &total) != 0;
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (record) {
		*record = sum;
		bpf_ringbuf_submit(record, 0);
	}
	bpf_get_current_comm(comm, sizeof(comm));
	text_len = BPF_SNPRINTF(text, sizeof(text), "%d|%s|%04x", 5, "text", 0xab);
	failures += bpf_strtol("-123", 4, 10, &number) != 4 || number != -123;
	if (packets == 1)
		bpf_printk("first of %s", comm);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
