/* SPDX-License-Identifier: BSD-2-Clause */
/* What a skeleton's user meets: maps by BTF, constants, data, calls, tail calls. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum kind { SHORT = 1, LONG = 2 };

struct flow {
	__u64 packets, bytes;
	enum kind kind;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} per_cpu SEC(".maps");

int xdp_tail(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, sizeof(__u32));
	__array(values, int(struct xdp_md *));
} jumps SEC(".maps") = { .values = { [2] = (void *)&xdp_tail } };

const volatile __u32 long_from = 100; /* .rodata */
__u32 jump_to = 1;		       /* .data */
__u64 seen, tailed;		       /* .bss */
char last[16];

static __attribute__((noinline)) int kind_of(__u32 len)
{
	return len >= long_from ? LONG : SHORT;
}

/* A global function: loaded and called as one of its own. */
__attribute__((noinline)) int count(__u32 key, __u32 len)
{
	struct flow fresh = {}, *flow = bpf_map_lookup_elem(&flows, &key);

	if (!flow) {
		bpf_map_update_elem(&flows, &key, &fresh, BPF_NOEXIST);
		flow = bpf_map_lookup_elem(&flows, &key);
		if (!flow)
			return 0;
	}
	flow->packets++;
	flow->bytes += len;
	flow->kind = kind_of(len);
	return 1;
}

SEC("xdp")
int xdp_main(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 zero = 0;
	__u64 *mine;

	if (data + 14 > end)
		return XDP_ABORTED;
	__sync_fetch_and_add(&seen, 1);
	__builtin_memcpy(last, "xdp_main", 9);
	count(data[0], (__u32)(end - data));
	mine = bpf_map_lookup_elem(&per_cpu, &zero);
	if (mine)
		*mine += 1;
	bpf_tail_call(ctx, &jumps, jump_to);
	return XDP_PASS;
}

SEC("xdp")
int xdp_tail(struct xdp_md *ctx)
{
	tailed++;
	return XDP_DROP;
}

/* No hook for this here: it loads and cannot be attached. */
SEC("tracepoint/syscalls/sys_enter_getpid")
int tp_getpid(void *ctx)
{
	seen++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
