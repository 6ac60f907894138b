/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the first byte of a frame to its ports: Ethernet, up to two VLAN tags, IPv4 or IPv6 with
 * its extension headers, TCP or UDP.
 *
 * The rule that shapes all of this: no byte may be read before a comparison with data_end has shown
 * that it is there. The verifier follows these comparisons; Skep's guarded interpreter checks the
 * accesses themselves.
 */
#ifndef EXAMPLES_PACKET_H
#define EXAMPLES_PACKET_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define IP_FRAGMENT_MASK   0x1fff /* the offset; the bits above it are flags */
#define IP_MORE_FRAGMENTS  0x2000
#define VLAN_TAGS_MAX	   2
#define IPV6_EXTENSIONS_MAX 4

/* After the Ethernet addresses and type. */
struct vlan_tag {
	__be16 tci; /* priority in 3 bits, drop-eligible in 1, identifier in 12 */
	__be16 ethertype;
};

/* An IPv6 extension header; the length counts units of 8 bytes and leaves out the first. */
struct ipv6_extension {
	__u8 next;
	__u8 len;
	__be16 offset_flags; /* of a fragment header */
	__be32 id;
};

struct packet {
	void *l3;	 /* the network header */
	void *l4;	 /* the transport header; NULL when there is none or it cannot be read */
	__u16 ethertype; /* behind the tags, host order */
	__u16 vlan_id;	 /* of the outer tag; 0 when untagged */
	__u8 proto;	 /* IPPROTO_…, 0 when this is not IP */
	__u8 fragment;	 /* a piece of a datagram; only the first piece has ports */
};

static __always_inline int parse_ethernet(void *data, void *data_end, struct packet *p)
{
	struct ethhdr *eth = data;

	if ((void *)(eth + 1) > data_end)
		return -1;
	p->ethertype = bpf_ntohs(eth->h_proto);
	p->l3 = eth + 1;
	for (int i = 0; i < VLAN_TAGS_MAX; i++) {
		struct vlan_tag *tag = p->l3;

		if (p->ethertype != ETH_P_8021Q && p->ethertype != ETH_P_8021AD)
			break;
		if ((void *)(tag + 1) > data_end)
			return -1;
		if (i == 0)
			p->vlan_id = bpf_ntohs(tag->tci) & 0xfff;
		p->ethertype = bpf_ntohs(tag->ethertype);
		p->l3 = tag + 1;
	}
	return 0;
}

static __always_inline int parse_ipv4(void *data_end, struct packet *p)
{
	struct iphdr *ip = p->l3;
	__u32 header_bytes;
	__u16 frag;

	if ((void *)(ip + 1) > data_end)
		return -1;
	header_bytes = ip->ihl * 4;
	if (ip->version != 4 || header_bytes < sizeof(*ip))
		return -1;
	frag = bpf_ntohs(ip->frag_off);
	p->proto = ip->protocol;
	p->fragment = (frag & (IP_FRAGMENT_MASK | IP_MORE_FRAGMENTS)) != 0;
	if (!(frag & IP_FRAGMENT_MASK))
		p->l4 = p->l3 + header_bytes;
	return 0;
}

static __always_inline int parse_ipv6(void *data_end, struct packet *p)
{
	struct ipv6hdr *ip = p->l3;
	void *next = ip + 1;
	__u8 proto;

	if (next > data_end || ip->version != 6)
		return -1;
	proto = ip->nexthdr;
	for (int i = 0; i < IPV6_EXTENSIONS_MAX; i++) {
		struct ipv6_extension *ext = next;
		int is_fragment = proto == IPPROTO_FRAGMENT;

		if (!is_fragment && proto != IPPROTO_HOPOPTS && proto != IPPROTO_ROUTING &&
		    proto != IPPROTO_DSTOPTS)
			break;
		if ((void *)(ext + 1) > data_end)
			return -1;
		proto = ext->next;
		next += is_fragment ? 8 : 8 + ext->len * 8;
		if (!is_fragment)
			continue;
		p->fragment = 1;
		if (bpf_ntohs(ext->offset_flags) & 0xfff8) {
			next = 0; /* a later piece: what follows is payload */
			break;
		}
	}
	p->proto = proto;
	p->l4 = next;
	return 0;
}

/* 0, or -1 when a header is cut short or makes no sense. */
static __always_inline int parse_packet(void *data, void *data_end, struct packet *p)
{
	__builtin_memset(p, 0, sizeof(*p));
	if (parse_ethernet(data, data_end, p))
		return -1;
	if (p->ethertype == ETH_P_IP)
		return parse_ipv4(data_end, p);
	if (p->ethertype == ETH_P_IPV6)
		return parse_ipv6(data_end, p);
	return 0;
}

/* Source and destination port lie at the same place in TCP and UDP. */
struct ports {
	__be16 source, dest;
};

static __always_inline struct ports *packet_ports(const struct packet *p, void *data_end)
{
	struct ports *ports = p->l4;

	if (!ports || (p->proto != IPPROTO_TCP && p->proto != IPPROTO_UDP))
		return 0;
	return (void *)(ports + 1) > data_end ? 0 : ports;
}

#endif
