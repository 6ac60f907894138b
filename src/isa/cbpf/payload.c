/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a packet's payload starts (SKF_AD_PAY_OFFSET): skb_get_poff of net/core/flow_dissector.c
 * for the headers that it walks in practice: VLAN tags, PPPoE, MPLS, IPv4 and IPv6 with extension
 * headers, fragments, IP in IP and GRE version 0. ARP ends with its own offset. For what we do
 * not know (TIPC, batman-adv, HSR, PPTP) the answer is 0, "no payload", where Linux may know more.
 */
#include "base/bytes.h"
#include "isa/cbpf/view.h"

#define HEADERS_MAX 15 /* MAX_FLOW_DISSECT_HDRS */

enum { /* IEEE 802 numbers */
	ETH_IP = 0x0800,
	ETH_ARP = 0x0806,
	ETH_RARP = 0x8035,
	ETH_TEB = 0x6558,
	ETH_VLAN = 0x8100,
	ETH_IPV6 = 0x86dd,
	ETH_MPLS = 0x8847,
	ETH_MPLS_MC = 0x8848,
	ETH_PPPOE = 0x8864,
	ETH_QINQ = 0x88a8,
	PPP_IP = 0x0021,
	PPP_IPV6 = 0x0057,
	PPP_MPLS = 0x0281,
	PPP_MPLS_MC = 0x0283,
};

enum { /* IANA protocol numbers */
	IP_HOPOPTS = 0,
	IP_ICMP = 1,
	IP_IGMP = 2,
	IP_IPIP = 4,
	IP_TCP = 6,
	IP_UDP = 17,
	IP_DCCP = 33,
	IP_IPV6 = 41,
	IP_ROUTING = 43,
	IP_FRAGMENT = 44,
	IP_GRE = 47,
	IP_ICMPV6 = 58,
	IP_DSTOPTS = 60,
	IP_SCTP = 132,
	IP_UDPLITE = 136,
	IP_MPLS = 137,
};

enum step { STEP_PROTO, STEP_IP_PROTO, STEP_GOOD, STEP_BAD };

struct walk {
	const struct cbpf_view *view;
	u32 off; /* of the next header */
	u16 proto;
	u8 ip_proto;
	bool tag_pending; /* the packet's VLAN tag stands beside it, not in its bytes */
	bool later_fragment;
};

/* The @size_bytes bytes at the walk's offset, NULL beyond the captured ones. */
static const u8 *header_at(const struct walk *w, u32 size_bytes)
{
	u32 captured = w->view->captured_bytes;

	if (size_bytes > captured || w->off > captured - size_bytes)
		return NULL;
	return w->view->data + w->off;
}

static enum step walk_ipv4(struct walk *w)
{
	const u8 *h = header_at(w, 20);
	u16 frag;

	if (!h || (h[0] & 0xf) < 5)
		return STEP_BAD;
	frag = load_be16(h + 6);
	w->off += (h[0] & 0xfu) * 4;
	w->ip_proto = h[9];
	if (!(frag & 0x3fff))
		return STEP_IP_PROTO;
	w->later_fragment = (frag & 0x1fff) != 0;
	return STEP_GOOD;
}

static enum step walk_ipv6(struct walk *w)
{
	const u8 *h = header_at(w, 40);

	if (!h)
		return STEP_BAD;
	w->off += 40;
	w->ip_proto = h[6];
	return STEP_IP_PROTO;
}

static enum step walk_vlan(struct walk *w)
{
	const u8 *h;

	if (w->tag_pending) {
		w->tag_pending = false;
		w->proto = be_to_host16(w->view->protocol);
		return STEP_PROTO;
	}
	h = header_at(w, 4);
	if (!h)
		return STEP_BAD;
	w->off += 4;
	w->proto = load_be16(h + 2);
	return STEP_PROTO;
}

static enum step walk_pppoe(struct walk *w)
{
	const u8 *h = header_at(w, 8);

	if (!h)
		return STEP_BAD;
	w->off += 8;
	switch (load_be16(h + 6)) {
	case PPP_IP:
		w->proto = ETH_IP;
		return STEP_PROTO;
	case PPP_IPV6:
		w->proto = ETH_IPV6;
		return STEP_PROTO;
	case PPP_MPLS:
	case PPP_MPLS_MC:
		w->proto = ETH_MPLS;
		return STEP_PROTO;
	}
	return STEP_BAD;
}

static enum step walk_proto(struct walk *w)
{
	switch (w->proto) {
	case ETH_IP:
		return walk_ipv4(w);
	case ETH_IPV6:
		return walk_ipv6(w);
	case ETH_VLAN:
	case ETH_QINQ:
		return walk_vlan(w);
	case ETH_PPPOE:
		return walk_pppoe(w);
	case ETH_MPLS:
	case ETH_MPLS_MC:
		w->off += 4;
		return STEP_GOOD;
	case ETH_ARP:
	case ETH_RARP:
		return STEP_GOOD;
	}
	return STEP_BAD;
}

static enum step walk_gre(struct walk *w)
{
	const u8 *h = header_at(w, 4);
	u16 flags;

	if (!h)
		return STEP_BAD;
	flags = load_be16(h);
	if (flags & 0x4000) /* source routing: the dissector stops here */
		return STEP_GOOD;
	if (flags & 7)
		return STEP_BAD;
	w->proto = load_be16(h + 2);
	w->off += 4;
	w->off += flags & 0x8000 ? 4u : 0;
	w->off += flags & 0x2000 ? 4u : 0;
	w->off += flags & 0x1000 ? 4u : 0;
	if (w->proto == ETH_TEB) {
		h = header_at(w, 14);
		if (!h)
			return STEP_BAD;
		w->proto = load_be16(h + 12);
		w->off += 14;
	}
	return STEP_PROTO;
}

static enum step walk_extension(struct walk *w)
{
	const u8 *h = header_at(w, w->ip_proto == IP_FRAGMENT ? 8 : 2);
	bool fragment = w->ip_proto == IP_FRAGMENT;

	if (w->proto != ETH_IPV6)
		return STEP_GOOD;
	if (!h)
		return STEP_BAD;
	w->ip_proto = h[0];
	if (fragment) {
		w->off += 8;
		w->later_fragment = (load_be16(h + 2) & 0xfff8) != 0;
		return STEP_GOOD;
	}
	w->off += (h[1] + 1u) * 8;
	return STEP_IP_PROTO;
}

static enum step walk_ip_proto(struct walk *w)
{
	switch (w->ip_proto) {
	case IP_GRE:
		return walk_gre(w);
	case IP_HOPOPTS:
	case IP_ROUTING:
	case IP_DSTOPTS:
	case IP_FRAGMENT:
		return walk_extension(w);
	case IP_IPIP:
		w->proto = ETH_IP;
		return STEP_PROTO;
	case IP_IPV6:
		w->proto = ETH_IPV6;
		return STEP_PROTO;
	case IP_MPLS:
		w->proto = ETH_MPLS;
		return STEP_PROTO;
	}
	return STEP_GOOD;
}

/* __skb_get_poff: bytes of the transport header. */
static u32 transport_bytes(const struct walk *w)
{
	const u8 *h;
	u32 doff_bytes;

	switch (w->ip_proto) {
	case IP_TCP:
		h = header_at(w, 13);
		if (!h)
			return 0;
		doff_bytes = (h[12] & 0xf0u) >> 2;
		return MAX(doff_bytes, 20u);
	case IP_UDP:
	case IP_UDPLITE:
	case IP_ICMP:
	case IP_ICMPV6:
	case IP_IGMP:
		return 8;
	case IP_DCCP:
	case IP_SCTP:
		return 12;
	}
	return 0;
}

u32 cbpf_view_payload_off(const struct cbpf_view *view)
{
	struct walk w = { .view = view, .proto = be_to_host16(view->protocol) };
	enum step step = STEP_PROTO;
	u32 headers;

	if (view->net_off_bytes < 0)
		return 0;
	w.off = (u32)view->net_off_bytes;
	if (view->vlan_present) {
		w.proto = be_to_host16(view->vlan_proto);
		w.tag_pending = true;
	}
	for (headers = 0; step == STEP_PROTO || step == STEP_IP_PROTO; headers++) {
		if (headers > HEADERS_MAX)
			return 0;
		step = step == STEP_PROTO ? walk_proto(&w) : walk_ip_proto(&w);
	}
	if (step == STEP_BAD)
		return 0;
	w.off = MIN(w.off, view->wire_bytes);
	return w.off + (w.later_fragment ? 0 : transport_bytes(&w));
}
