/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stateful firewall. New connections are admitted to a few services; everything else passes only
 * as part of a connection that was admitted, in either direction. ARP and neighbour discovery pass,
 * or nobody would find anybody.
 *
 * One hash map remembers the connections. Both directions must lead to the same entry, so the key
 * holds the smaller end first. The map has room for 16,384 connections: when it is full, new ones
 * are refused, which the counters show.
 */
#include "packet.h"

#define CONNECTIONS_MAX 16384

/* The services that may be reached from outside. `const volatile` puts this into .rodata: user
 * space may change it before the program is loaded, and never after.
 */
const volatile __u16 tcp_services[] = {22, 80, 443, 8080};
const volatile __u16 udp_services[] = {53, 123};

struct address {
	__u32 words[4]; /* IPv4 in the first word */
};

struct end {
	struct address address;
	__be16 port;
};

struct conn_key {
	struct end low, high;
	__u16 proto;
	__u16 pad; /* keys are compared byte by byte: no byte may be left to chance */
};

struct conn {
	__u64 packets;
	__u64 bytes;
	__u64 last_seen_ns;
	__u32 fins;
	__u32 pad;
};

enum reason {
	PASS_NEIGHBOUR,	  /* ARP, ICMPv6 */
	PASS_ICMP,	  /* ICMP: echo and errors */
	PASS_NEW,	  /* opens a connection to a service */
	PASS_KNOWN,	  /* belongs to an open connection */
	DROP_NO_SERVICE,  /* would open a connection to something else */
	DROP_NO_CONN,	  /* belongs to no connection that we admitted */
	DROP_FRAGMENT,	  /* has no ports, so it belongs to nothing that we know */
	DROP_TABLE_FULL,  /* no room for another connection */
	DROP_PROTOCOL,	  /* neither TCP, UDP nor ICMP */
	DROP_MALFORMED,
	REASON_CNT,
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CONNECTIONS_MAX);
	__type(key, struct conn_key);
	__type(value, struct conn);
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, REASON_CNT);
	__type(key, enum reason);
	__type(value, __u64);
} reasons SEC(".maps");

static __always_inline int ends_swapped(const struct end *a, const struct end *b)
{
	for (int i = 0; i < 4; i++)
		if (a->address.words[i] != b->address.words[i])
			return a->address.words[i] > b->address.words[i];
	return a->port > b->port;
}

static __always_inline void key_of(const struct packet *p, const struct ports *ports,
				   struct conn_key *key)
{
	struct end from = {}, to = {};

	__builtin_memset(key, 0, sizeof(*key));
	if (p->ethertype == ETH_P_IP) {
		struct iphdr *ip = p->l3;

		from.address.words[0] = ip->saddr;
		to.address.words[0] = ip->daddr;
	} else {
		struct ipv6hdr *ip = p->l3;

		__builtin_memcpy(&from.address, &ip->saddr, sizeof(from.address));
		__builtin_memcpy(&to.address, &ip->daddr, sizeof(to.address));
	}
	from.port = ports->source;
	to.port = ports->dest;
	key->proto = p->proto;
	if (ends_swapped(&from, &to)) {
		key->low = to;
		key->high = from;
	} else {
		key->low = from;
		key->high = to;
	}
}

static __always_inline int is_service(__u8 proto, __u16 port)
{
	if (proto == IPPROTO_TCP) {
		for (unsigned int i = 0; i < sizeof(tcp_services) / sizeof(tcp_services[0]); i++)
			if (tcp_services[i] == port)
				return 1;
		return 0;
	}
	for (unsigned int i = 0; i < sizeof(udp_services) / sizeof(udp_services[0]); i++)
		if (udp_services[i] == port)
			return 1;
	return 0;
}

/* One more packet of @conn. A connection ends with a reset, or when both sides have said FIN. */
static __always_inline void conn_step(struct conn *conn, const struct conn_key *key,
				      const struct tcphdr *tcp, __u64 bytes)
{
	__sync_fetch_and_add(&conn->packets, 1);
	__sync_fetch_and_add(&conn->bytes, bytes);
	conn->last_seen_ns = bpf_ktime_get_ns();
	if (!tcp)
		return;
	if (tcp->fin)
		__sync_fetch_and_add(&conn->fins, 1);
	if (tcp->rst || (conn->fins >= 2 && tcp->ack && !tcp->fin))
		bpf_map_delete_elem(&connections, key);
}

static __always_inline enum reason judge_conn(const struct packet *p, struct ports *ports,
					      void *data_end, __u64 bytes)
{
	struct tcphdr *tcp = 0;
	struct conn_key key;
	struct conn *conn;

	if (p->proto == IPPROTO_TCP) {
		tcp = p->l4;
		if ((void *)(tcp + 1) > data_end)
			return DROP_MALFORMED;
	}
	key_of(p, ports, &key);
	conn = bpf_map_lookup_elem(&connections, &key);
	if (conn) {
		conn_step(conn, &key, tcp, bytes);
		return PASS_KNOWN;
	}
	if (tcp && (!tcp->syn || tcp->ack))
		return DROP_NO_CONN;
	if (!is_service(p->proto, bpf_ntohs(ports->dest)))
		return DROP_NO_SERVICE;

	struct conn fresh = {
		.packets = 1,
		.bytes = bytes,
		.last_seen_ns = bpf_ktime_get_ns(),
	};

	if (bpf_map_update_elem(&connections, &key, &fresh, BPF_NOEXIST))
		return DROP_TABLE_FULL;
	return PASS_NEW;
}

static __always_inline enum reason judge(void *data, void *data_end)
{
	struct packet p;
	struct ports *ports;

	if (parse_packet(data, data_end, &p))
		return DROP_MALFORMED;
	if (p.ethertype == ETH_P_ARP || p.proto == IPPROTO_ICMPV6)
		return PASS_NEIGHBOUR;
	if (p.proto == IPPROTO_ICMP)
		return PASS_ICMP;
	if (p.proto != IPPROTO_TCP && p.proto != IPPROTO_UDP)
		return DROP_PROTOCOL;
	if (p.fragment)
		return DROP_FRAGMENT;
	ports = packet_ports(&p, data_end);
	if (!ports)
		return DROP_MALFORMED;
	/* The network header was read by parse_packet; the verifier wants to see it once more. */
	if (p.ethertype == ETH_P_IP) {
		if (p.l3 + sizeof(struct iphdr) > data_end)
			return DROP_MALFORMED;
	} else if (p.l3 + sizeof(struct ipv6hdr) > data_end) {
		return DROP_MALFORMED;
	}
	return judge_conn(&p, ports, data_end, data_end - data);
}

SEC("xdp")
int firewall(struct xdp_md *ctx)
{
	enum reason reason = judge((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	__u64 *count = bpf_map_lookup_elem(&reasons, &reason);

	if (count)
		*count += 1;
	return reason < DROP_NO_SERVICE ? XDP_PASS : XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
