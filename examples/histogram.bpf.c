/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packet lengths as a histogram in powers of two: slot n counts the lengths from 2^n to 2^(n+1)-1.
 *
 * The counters are a plain global array. The compiler puts it into .bss and libbpf makes that a map
 * of one element, which user space reads like its own memory. Several CPUs share it, so the
 * counters are added to atomically.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define TC_ACT_OK 0
#define SLOTS	  17

__u64 lengths[SLOTS];
__u64 packets, bytes;
__u32 shortest = 0xffffffff, longest;

/* Floor of the base-2 logarithm without a loop: halve the search five times. */
static __always_inline __u32 log2_of(__u32 v)
{
	__u32 r = 0, shift;

	shift = (v > 0xffff) << 4;
	v >>= shift;
	r |= shift;
	shift = (v > 0xff) << 3;
	v >>= shift;
	r |= shift;
	shift = (v > 0xf) << 2;
	v >>= shift;
	r |= shift;
	shift = (v > 0x3) << 1;
	v >>= shift;
	return r | shift | v >> 1;
}

SEC("tc")
int histogram(struct __sk_buff *skb)
{
	__u32 len = skb->len, slot = log2_of(len);

	if (slot >= SLOTS) /* longer than any packet; and the verifier must know the bound */
		slot = SLOTS - 1;
	__sync_fetch_and_add(&lengths[slot], 1);
	__sync_fetch_and_add(&packets, 1);
	__sync_fetch_and_add(&bytes, len);
	if (len < shortest)
		shortest = len;
	if (len > longest)
		longest = len;
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
