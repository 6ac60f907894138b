/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_skb_vlan_push and bpf_skb_vlan_pop. The outer tag of an skb stands beside the bytes (struct
 * pkt, invariant 3): a push moves the tag that is there into the bytes, a pop brings the next one
 * out of them, as skb_vlan_push and skb_vlan_pop of the kernel do.
 */
#include "base/bytes.h"
#include "base/err.h"
#include "helper/packet.h"
#include "pkt/pkt.h"

#define ETH_P_8021Q  0x8100
#define ETH_P_8021AD 0x88a8

static bool is_vlan(u16 be_proto)
{
	u16 proto = be_to_host16(be_proto);

	return proto == ETH_P_8021Q || proto == ETH_P_8021AD;
}

static void tag_clear(struct pkt *pkt)
{
	pkt->vlan_present = 0;
	pkt->vlan_proto = 0;
	pkt->vlan_tci = 0;
}

HELPER_FN(skb_vlan_push)
{
	struct pkt *pkt = helper_pkt(r1);
	u16 proto = (u16)r2;
	int err = 0;

	if (!is_vlan(proto))
		proto = be_to_host16(ETH_P_8021Q); /* in wire order: the swap is its own inverse */
	if (pkt->vlan_present)
		err = pkt_vlan_tag(pkt);
	if (err)
		return helper_err(err);
	pkt->vlan_present = 1;
	pkt->vlan_proto = proto;
	pkt->vlan_tci = (u16)r3;
	return 0;
}

/* That there is a tag says skb->protocol, not the bytes, which the program may have moved. */
HELPER_FN(skb_vlan_pop)
{
	struct pkt *pkt = helper_pkt(r1);
	bool had_tag = pkt->vlan_present;
	u16 proto = pkt->protocol;

	tag_clear(pkt);
	if (!is_vlan(proto))
		return 0;
	if (pkt_caplen(pkt) < PKT_ETH_HLEN + PKT_VLAN_HLEN)
		return helper_err(-ENOMEM);
	if (!had_tag) {
		pkt_vlan_take(pkt);
		proto = pkt->protocol;
		if (!is_vlan(proto))
			return 0;
		if (pkt_caplen(pkt) < PKT_ETH_HLEN + PKT_VLAN_HLEN)
			return helper_err(-ENOMEM);
	}
	pkt->vlan_tci = pkt_vlan_take(pkt);
	pkt->vlan_proto = proto;
	pkt->vlan_present = 1;
	return 0;
}
