/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A layer-4 load balancer: connections to a virtual address are spread over backends. The first
 * packet of a connection picks one, the connection table makes the others follow, and each packet
 * goes back out (XDP_TX) with new addresses and with checksums that are mended rather than computed
 * again (RFC 1624): only the difference between old and new words matters.
 *
 * Maps, as in larger balancers: services (hash) → ring of backends (array) → backend (array);
 * connections (hash); counters for each backend (per-CPU array). A control plane would fill the
 * first three, for example with bpftool. So that this program stands alone, it fills them itself
 * at the first packet, from the tables below.
 */
#include "packet.h"

#define RING_SLOTS	16 /* for each service; more slots spread more evenly */
#define BACKENDS_MAX	8
#define SERVICES_MAX	8
#define CONNECTIONS_MAX 16384

#define IPV4(a, b, c, d) bpf_htonl((__u32)(a) << 24 | (b) << 16 | (c) << 8 | (d))

struct service_key {
	__be32 address;
	__be16 port;
	__u16 proto;
};

struct service {
	__u32 ring; /* number of the service's ring */
};

struct backend {
	__be32 address;
	__u8 mac[ETH_ALEN];
	__u8 pad[2];
};

struct flow {
	__be32 source, dest;
	struct ports ports;
	__u32 proto;
};

struct counter {
	__u64 packets;
	__u64 bytes;
	__u64 connections;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SERVICES_MAX);
	__type(key, struct service_key);
	__type(value, struct service);
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SERVICES_MAX * RING_SLOTS);
	__type(key, __u32);
	__type(value, __u32); /* number of a backend */
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BACKENDS_MAX);
	__type(key, __u32);
	__type(value, struct backend);
} backends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CONNECTIONS_MAX);
	__type(key, struct flow);
	__type(value, __u32); /* number of a backend */
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, BACKENDS_MAX);
	__type(key, __u32);
	__type(value, struct counter);
} counters SEC(".maps");

static const struct service_key vip[] = {
	{IPV4(10, 7, 0, 100), bpf_htons(80), IPPROTO_TCP},
	{IPV4(10, 7, 0, 100), bpf_htons(443), IPPROTO_TCP},
	{IPV4(10, 7, 0, 100), bpf_htons(53), IPPROTO_UDP},
	{IPV4(10, 7, 0, 100), bpf_htons(5000), IPPROTO_UDP},
};

static const struct backend farm[] = {
	{.address = IPV4(10, 7, 0, 21), .mac = {0x02, 0x5e, 0xeb, 0, 0, 0x21}},
	{.address = IPV4(10, 7, 0, 22), .mac = {0x02, 0x5e, 0xeb, 0, 0, 0x22}},
	{.address = IPV4(10, 7, 0, 23), .mac = {0x02, 0x5e, 0xeb, 0, 0, 0x23}},
};

#define VIP_CNT	 (sizeof(vip) / sizeof(vip[0]))
#define FARM_CNT (sizeof(farm) / sizeof(farm[0]))

int configured; /* .bss: shared by all programs of this object, zero at the start */

static __noinline int configure(void)
{
	for (__u32 i = 0; i < FARM_CNT; i++) {
		struct backend b = farm[i];
		__u32 at = i; /* a copy: a counter whose address escapes would be unbounded */

		bpf_map_update_elem(&backends, &at, &b, BPF_ANY);
	}
	for (__u32 i = 0; i < VIP_CNT; i++) {
		struct service_key key = vip[i];
		struct service service = {.ring = i};

		for (__u32 slot = 0; slot < RING_SLOTS; slot++) {
			__u32 at = i * RING_SLOTS + slot, who = slot % FARM_CNT;

			bpf_map_update_elem(&rings, &at, &who, BPF_ANY);
		}
		bpf_map_update_elem(&services, &key, &service, BPF_ANY);
	}
	configured = 1;
	return 0;
}

/* Mixes a flow into 32 bits: odd multipliers spread low bits up, shifts bring them down again. */
static __always_inline __u32 flow_hash(const struct flow *f)
{
	__u32 h = f->source * 0x9e3779b1 ^ f->dest;

	h = (h ^ ((__u32)f->ports.source << 16 | f->ports.dest)) * 0x85ebca6b + f->proto;
	h = (h ^ h >> 13) * 0xc2b2ae35;
	return h ^ h >> 16;
}

/* The checksum after the 32-bit word @from of what it covers became @to. */
static __always_inline __sum16 csum_mend(__sum16 check, __be32 from, __be32 to)
{
	__u32 sum = (__u16)~check;

	sum += (__u16)~(from & 0xffff) + (__u16)~(from >> 16);
	sum += (to & 0xffff) + (to >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__sum16)~sum;
}

/* The backend of this connection: the remembered one, or the next for a new connection. */
static __always_inline int pick_backend(const struct flow *flow, const struct service *service,
					__u32 *ret_backend, int *ret_is_new)
{
	__u32 *known = bpf_map_lookup_elem(&connections, flow);
	__u32 slot = service->ring * RING_SLOTS + flow_hash(flow) % RING_SLOTS;
	__u32 *who;

	*ret_is_new = !known;
	if (known) {
		*ret_backend = *known;
		return 0;
	}
	who = bpf_map_lookup_elem(&rings, &slot);
	if (!who)
		return -1;
	*ret_backend = *who;
	/* A full table costs stickiness when backends change, not the packet. */
	bpf_map_update_elem(&connections, flow, who, BPF_ANY);
	return 0;
}

/* Sends the frame to @b: addresses, then the two checksums that cover the address. */
static __always_inline int rewrite(struct ethhdr *eth, struct iphdr *ip, const struct packet *p,
				   const struct backend *b, void *data_end)
{
	__be32 old = ip->daddr;

	if (p->proto == IPPROTO_TCP) {
		struct tcphdr *tcp = p->l4;

		if ((void *)(tcp + 1) > data_end)
			return -1;
		tcp->check = csum_mend(tcp->check, old, b->address);
	} else {
		struct udphdr *udp = p->l4;

		if ((void *)(udp + 1) > data_end)
			return -1;
		if (udp->check) { /* zero: the sender computed none */
			udp->check = csum_mend(udp->check, old, b->address);
			if (!udp->check)
				udp->check = 0xffff;
		}
	}
	ip->check = csum_mend(ip->check, old, b->address);
	ip->daddr = b->address;
	__builtin_memcpy(eth->h_source, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, b->mac, ETH_ALEN);
	return 0;
}

static __always_inline void count(__u32 who, __u64 bytes, int is_new)
{
	struct counter *c = bpf_map_lookup_elem(&counters, &who);

	if (!c)
		return;
	c->packets += 1;
	c->bytes += bytes;
	c->connections += is_new;
}

SEC("xdp")
int balance(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	struct service_key key = {};
	struct service *service;
	struct backend *backend;
	struct flow flow = {};
	struct ports *ports;
	struct iphdr *ip;
	struct packet p;
	__u32 who;
	int is_new;

	if (!configured)
		configure();
	if (parse_packet(data, data_end, &p) || p.ethertype != ETH_P_IP || p.vlan_id || p.fragment)
		return XDP_PASS;
	ip = data + sizeof(struct ethhdr); /* untagged: it lies right behind */
	ports = packet_ports(&p, data_end);
	if (!ports || (void *)(ip + 1) > data_end)
		return XDP_PASS;
	key.address = ip->daddr;
	key.port = ports->dest;
	key.proto = p.proto;
	service = bpf_map_lookup_elem(&services, &key);
	if (!service)
		return XDP_PASS; /* not for a virtual address */
	flow.source = ip->saddr;
	flow.dest = ip->daddr;
	flow.ports = *ports;
	flow.proto = p.proto;
	if (pick_backend(&flow, service, &who, &is_new))
		return XDP_DROP;
	backend = bpf_map_lookup_elem(&backends, &who);
	if (!backend || !backend->address)
		return XDP_DROP;
	if (rewrite(data, ip, &p, backend, data_end))
		return XDP_DROP;
	count(who, data_end - data, is_new);
	return XDP_TX;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
