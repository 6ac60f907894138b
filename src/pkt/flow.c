/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The flow hash. Both ends are mixed alone and then added, which makes the hash symmetric, as
 * __flow_hash_consistentify does by ordering them. Packets that are neither IPv4 nor IPv6 hash by
 * their Ethernet addresses.
 */
#include "pkt/flow.h"

#include "base/bytes.h"

#define ETH_P_IP	 0x0800
#define ETH_P_IPV6	 0x86dd
#define IP_HLEN		 20u
#define IPV6_HLEN	 40u
#define IP_FRAG_MASK	 0x3fff /* more fragments, or an offset */
#define HASH_MULTIPLIER	 0x9e3779b97f4a7c15ULL

struct flow {
	const u8 *src, *dst; /* addresses */
	u32 addr_bytes;
	u8 proto;
	const u8 *ports; /* NULL: none that can be known */
};

static u64 mix(u64 h, u64 v)
{
	h = (h ^ v) * HASH_MULTIPLIER;
	return h ^ h >> 29;
}

static u64 mix_end(const u8 *addr, u32 addr_bytes, u16 port)
{
	u64 h = port;
	u32 i;

	for (i = 0; i + 2 <= addr_bytes; i += 2)
		h = mix(h, load_be16(addr + i));
	return h;
}

static bool proto_has_ports(u8 proto)
{
	return proto == 6 || proto == 17 || proto == 33 || proto == 132; /* TCP UDP DCCP SCTP */
}

static void flow_parse_ip(struct flow *flow, const u8 *ip, u64 room)
{
	u32 hlen = (ip[0] & 0xfu) * 4;

	flow->src = ip + 12;
	flow->dst = ip + 16;
	flow->addr_bytes = 4;
	flow->proto = ip[9];
	if (proto_has_ports(flow->proto) && !(load_be16(ip + 6) & IP_FRAG_MASK) &&
	    hlen >= IP_HLEN && hlen + 4 <= room)
		flow->ports = ip + hlen;
}

static void flow_parse_ipv6(struct flow *flow, const u8 *ip, u64 room)
{
	flow->src = ip + 8;
	flow->dst = ip + 24;
	flow->addr_bytes = 16;
	flow->proto = ip[6]; /* extension headers count as a protocol of their own */
	if (proto_has_ports(flow->proto) && IPV6_HLEN + 4 <= room)
		flow->ports = ip + IPV6_HLEN;
}

u32 pkt_flow_hash(const struct pkt *pkt)
{
	struct flow flow = { 0 };
	u64 room = pkt->net <= pkt->data_end ? (u64)(pkt->data_end - pkt->net) : 0, h;
	u16 proto = be_to_host16(pkt->protocol), sport = 0, dport = 0;

	if (proto == ETH_P_IP && room >= IP_HLEN) {
		flow_parse_ip(&flow, pkt->net, room);
	} else if (proto == ETH_P_IPV6 && room >= IPV6_HLEN) {
		flow_parse_ipv6(&flow, pkt->net, room);
	} else if (pkt->mac && pkt_caplen(pkt) >= PKT_ETH_HLEN) {
		flow.dst = pkt->mac;
		flow.src = pkt->mac + 6;
		flow.addr_bytes = 6;
	}
	if (flow.ports) {
		sport = load_be16(flow.ports);
		dport = load_be16(flow.ports + 2);
	}
	h = mix_end(flow.src, flow.addr_bytes, sport) + mix_end(flow.dst, flow.addr_bytes, dport);
	h = mix(mix(h, proto), flow.proto);
	h ^= h >> 32;
	return (u32)h ? (u32)h : 1;
}
