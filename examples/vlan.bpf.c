/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes VLAN tags off and puts them on, in both ways that BPF knows.
 *
 * At tc the tag is a property of the packet buffer: bpf_skb_vlan_pop and bpf_skb_vlan_push do the
 * work. At XDP there is only the frame: the program makes room (or takes it away) in front with
 * bpf_xdp_adjust_head and moves the two MAC addresses itself. Every such helper may move the
 * packet, so all pointers into it must be taken again afterwards.
 */
#include "packet.h"

#define TC_ACT_OK   0 /* <linux/pkt_cls.h> */
#define TC_ACT_SHOT 2

#define VLAN_ID_MAX 4096

const volatile __u16 push_vlan_id = 100; /* what untagged packets get */

/* Packets seen on each VLAN, and on none under 0. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, VLAN_ID_MAX);
	__type(key, __u16);
	__type(value, __u64);
} per_vlan SEC(".maps");

static __always_inline void count_vlan(__u16 id)
{
	__u64 one = 1, *count = bpf_map_lookup_elem(&per_vlan, &id);

	if (count)
		*count += 1;
	else
		bpf_map_update_elem(&per_vlan, &id, &one, BPF_ANY);
}

SEC("tc")
int vlan_pop(struct __sk_buff *skb)
{
	count_vlan(skb->vlan_present ? skb->vlan_tci & 0xfff : 0);
	if (skb->vlan_present && bpf_skb_vlan_pop(skb))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

SEC("tc")
int vlan_push(struct __sk_buff *skb)
{
	if (skb->vlan_present)
		return TC_ACT_OK;
	count_vlan(push_vlan_id);
	if (bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), push_vlan_id))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

/* Both addresses as two words: moving them must not overwrite what is still to be read. */
struct macs {
	__u8 bytes[2 * ETH_ALEN];
};

SEC("xdp")
int vlan_pop_xdp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct vlan_tag *tag = data + sizeof(struct ethhdr);
	struct ethhdr *eth = data;
	struct macs macs;

	if ((void *)(tag + 1) > data_end)
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_8021Q) && eth->h_proto != bpf_htons(ETH_P_8021AD)) {
		count_vlan(0);
		return XDP_PASS;
	}
	count_vlan(bpf_ntohs(tag->tci) & 0xfff);
	/* The tag's own type field is the frame's type once the 4 bytes before it are gone. */
	__builtin_memcpy(&macs, data, sizeof(macs));
	if (bpf_xdp_adjust_head(ctx, sizeof(*tag)))
		return XDP_ABORTED;
	data = (void *)(long)ctx->data;
	data_end = (void *)(long)ctx->data_end;
	if (data + sizeof(struct ethhdr) > data_end)
		return XDP_ABORTED;
	__builtin_memcpy(data, &macs, sizeof(macs));
	return XDP_PASS;
}

SEC("xdp")
int vlan_push_xdp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct vlan_tag *tag;
	struct macs macs;
	__be16 type;

	if ((void *)(eth + 1) > data_end)
		return XDP_PASS;
	type = eth->h_proto;
	if (type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD))
		return XDP_PASS;
	count_vlan(push_vlan_id);
	__builtin_memcpy(&macs, data, sizeof(macs));
	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*tag)))
		return XDP_ABORTED;
	data = (void *)(long)ctx->data;
	data_end = (void *)(long)ctx->data_end;
	eth = data;
	tag = data + sizeof(*eth);
	if ((void *)(tag + 1) > data_end)
		return XDP_ABORTED;
	__builtin_memcpy(data, &macs, sizeof(macs));
	eth->h_proto = bpf_htons(ETH_P_8021Q);
	tag->tci = bpf_htons(push_vlan_id);
	tag->ethertype = type;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
