/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many packets and bytes of each protocol arrive? The simplest useful program: look, count, and
 * let everything pass.
 *
 * Each CPU has its own copy of a per-CPU array's elements, so the plain `+=` below needs no lock:
 * no two CPUs ever write to the same counter. Whoever reads the map adds the copies up.
 */
#include "packet.h"

enum kind {
	KIND_OTHER,
	KIND_ARP,
	KIND_ICMP,
	KIND_ICMPV6,
	KIND_TCP,
	KIND_UDP,
	KIND_DNS,
	KIND_MALFORMED,
	KIND_CNT,
};

struct counter {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, KIND_CNT);
	__type(key, enum kind);
	__type(value, struct counter);
} by_protocol SEC(".maps");

static __always_inline enum kind kind_of(void *data, void *data_end)
{
	struct packet p;
	struct ports *ports;

	if (parse_packet(data, data_end, &p))
		return KIND_MALFORMED;
	if (p.ethertype == ETH_P_ARP)
		return KIND_ARP;
	switch (p.proto) {
	case IPPROTO_ICMP:
		return KIND_ICMP;
	case IPPROTO_ICMPV6:
		return KIND_ICMPV6;
	case IPPROTO_TCP:
		return KIND_TCP;
	case IPPROTO_UDP:
		ports = packet_ports(&p, data_end);
		if (ports && (ports->source == bpf_htons(53) || ports->dest == bpf_htons(53)))
			return KIND_DNS;
		return KIND_UDP;
	}
	return KIND_OTHER;
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	enum kind kind = kind_of(data, data_end);
	struct counter *c = bpf_map_lookup_elem(&by_protocol, &kind);

	if (c) { /* a lookup may fail, and the verifier insists that we say what happens then */
		c->packets += 1;
		c->bytes += data_end - data;
	}
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
