/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A socket filter with a memory: it keeps DNS answers that somebody asked for, and nothing else.
 * A query is remembered by client, port and transaction number; an answer that matches is kept and
 * forgotten, a second one for the same query (or one that nobody asked for) is not.
 *
 * A socket filter returns how many bytes of the packet the socket may have; 0 keeps the packet from
 * it. It sees the packet only through helpers such as bpf_skb_load_bytes, which fail by themselves
 * where a packet is too short: no comparisons with data_end here.
 */
#include "packet.h"

#define QUERIES_MAX 4096
#define DNS_ANSWER  0x8000 /* of the flags */
#define KEEP_ALL    0xffffffff

struct dns_head {
	__be16 id, flags, questions, answers, authorities, additional;
};

struct query {
	__be32 client;
	__be16 port;
	__be16 id;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, QUERIES_MAX);
	__type(key, struct query);
	__type(value, __u64); /* when it was asked, in ns */
} open_queries SEC(".maps");

/* .bss: user space finds these by name in the skeleton, `skep run` prints them. */
struct {
	__u64 queries, answers, unasked, failed;
} totals;

SEC("socket")
int dns_answers(struct __sk_buff *skb)
{
	struct query query = {};
	struct dns_head dns;
	struct udphdr udp;
	struct iphdr ip;
	__u32 off = ETH_HLEN;
	__u64 now;

	if (skb->protocol != bpf_htons(ETH_P_IP) || bpf_skb_load_bytes(skb, off, &ip, sizeof(ip)))
		return 0;
	if (ip.protocol != IPPROTO_UDP || ip.frag_off & bpf_htons(IP_FRAGMENT_MASK))
		return 0;
	off += ip.ihl * 4;
	if (bpf_skb_load_bytes(skb, off, &udp, sizeof(udp)))
		return 0;
	if (udp.source != bpf_htons(53) && udp.dest != bpf_htons(53))
		return 0;
	if (bpf_skb_load_bytes(skb, off + sizeof(udp), &dns, sizeof(dns)))
		return 0;
	query.id = dns.id;
	if (!(dns.flags & bpf_htons(DNS_ANSWER))) {
		query.client = ip.saddr;
		query.port = udp.source;
		now = bpf_ktime_get_ns();
		bpf_map_update_elem(&open_queries, &query, &now, BPF_ANY);
		__sync_fetch_and_add(&totals.queries, 1);
		return 0;
	}
	query.client = ip.daddr;
	query.port = udp.dest;
	if (bpf_map_delete_elem(&open_queries, &query)) {
		__sync_fetch_and_add(&totals.unasked, 1);
		return 0;
	}
	__sync_fetch_and_add(&totals.answers, 1);
	if (dns.flags & bpf_htons(0x000f)) /* the answer's code is not «no error» */
		__sync_fetch_and_add(&totals.failed, 1);
	return KEEP_ALL;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
