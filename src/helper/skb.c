/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers of net/core/filter.c that read and write an skb's bytes and its plain properties. All
 * captured bytes are linear here, so what the kernel pulls or makes writable already is; bytes
 * that were not captured behave as bytes that are not there.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "helper/packet.h"
#include "pkt/csum.h"
#include "pkt/flow.h"
#include "pkt/pkt.h"

#define F_RECOMPUTE_CSUM  1u
#define F_INVALIDATE_HASH 2u
#define OFF_INT_MAX	  0x7fffffffu
#define REL_OFF_MAX	  0xffffu
#define ETH_P_IP	  0x0800
#define ETH_P_IPV6	  0x86dd
#define ETH_P_8021Q	  0x8100
#define ETH_P_8021AD	  0x88a8
#define VLAN_DEPTH_MAX	  8u
#define IP_HLEN		  20u
#define IPV6_HLEN	  40u
#define ECN_MASK	  3u
#define ECN_CE		  3u

enum hdr_start { HDR_START_MAC, HDR_START_NET };

static bool skb_holds(const struct pkt *pkt, u64 off, u64 len)
{
	return off + len <= pkt_caplen(pkt); /* both 32 bits wide: no wrap */
}

HELPER_FN(skb_load_bytes)
{
	const struct pkt *pkt = helper_pkt(r1);
	u32 off = (u32)r2, len = (u32)r4;

	if (off > OFF_INT_MAX || !skb_holds(pkt, off, len)) {
		memset(u64_to_ptr(r3), 0, len);
		return helper_err(-EFAULT);
	}
	memcpy(u64_to_ptr(r3), pkt->data + off, len);
	return 0;
}

HELPER_FN(skb_load_bytes_relative)
{
	const struct pkt *pkt = helper_pkt(r1);
	u32 off = (u32)r2, len = (u32)r4, start_header = (u32)r5;
	const u8 *start = NULL;

	if (start_header == HDR_START_MAC)
		start = pkt->mac;
	else if (start_header == HDR_START_NET)
		start = pkt->net;
	/* A header may begin behind the end: csum_start lets change_tail cut it off. */
	if (!start || off > REL_OFF_MAX || (s64)off + len > pkt->data_end - start) {
		memset(u64_to_ptr(r3), 0, len);
		return helper_err(-EFAULT);
	}
	memcpy(u64_to_ptr(r3), start + off, len);
	return 0;
}

static void skb_clear_hash(struct pkt *pkt)
{
	pkt->hash = 0;
	pkt->hash_valid = 0;
}

/* RECOMPUTE_CSUM concerns CHECKSUM_COMPLETE only, which no packet of ours is. */
HELPER_FN(skb_store_bytes)
{
	struct pkt *pkt = helper_pkt(r1);
	u32 off = (u32)r2, len = (u32)r4;

	if (r5 & ~(u64)(F_RECOMPUTE_CSUM | F_INVALIDATE_HASH))
		return helper_err(-EINVAL);
	if (off > OFF_INT_MAX || !skb_holds(pkt, off, len))
		return helper_err(-EFAULT);
	memmove(pkt->data + off, u64_to_ptr(r3), len);
	if (r5 & F_INVALIDATE_HASH)
		skb_clear_hash(pkt);
	return 0;
}

HELPER_FN(skb_pull_data)
{
	return (u32)r2 > pkt_caplen(helper_pkt(r1)) ? helper_err(-ENOMEM) : 0;
}

HELPER_FN(skb_change_type)
{
	struct pkt *pkt = helper_pkt(r1);

	if ((u32)r2 > PKT_OTHERHOST || pkt->pkt_type > PKT_OTHERHOST)
		return helper_err(-EINVAL);
	pkt->pkt_type = (u8)r2;
	return 0;
}

/* skb_get_hash: any well-mixed number that is the same for both directions' packets of a flow. */
HELPER_FN(get_hash_recalc)
{
	struct pkt *pkt = helper_pkt(r1);

	if (!pkt->hash_valid) {
		pkt->hash = pkt_flow_hash(pkt);
		pkt->hash_valid = 1;
	}
	return pkt->hash;
}

HELPER_FN(set_hash)
{
	struct pkt *pkt = helper_pkt(r1);

	pkt->hash = (u32)r2;
	pkt->hash_valid = 1;
	return 0;
}

HELPER_FN(set_hash_invalid)
{
	skb_clear_hash(helper_pkt(r1));
	return 0;
}

/* INET_ECN_set_ce on IPv4: 1 when the packet carries (or now gets) CE, 0 when not ECN-capable. */
static u64 ecn_set_ce_ip(u8 *ip)
{
	u8 ecn = ip[1] & ECN_MASK;
	u16 before;

	if (!ecn)
		return 0;
	if (ecn == ECN_CE)
		return 1;
	before = load_u16(ip);
	ip[1] |= ECN_CE;
	csum_replace4(ip + 10, before, load_u16(ip));
	return 1;
}

/* IP6_ECN_set_ce: the two bits stand in the second byte's upper half. */
static u64 ecn_set_ce_ipv6(u8 *ip)
{
	u8 ecn = (ip[1] >> 4) & ECN_MASK;

	if (!ecn)
		return 0;
	ip[1] |= ECN_CE << 4;
	return 1;
}

/*
 * skb_protocol(skb, true): the EtherType behind tags that stand in the bytes. The network header
 * stays where it was, on the first tag: the kernel, too, then marks a byte of the tag.
 */
static u16 proto_behind_tags(const struct pkt *pkt)
{
	u16 proto = be_to_host16(pkt->protocol);
	u32 off = (u32)(pkt->net - pkt->data), depth;

	for (depth = VLAN_DEPTH_MAX; proto == ETH_P_8021Q || proto == ETH_P_8021AD;
	     off += PKT_VLAN_HLEN) {
		if (!skb_holds(pkt, off, PKT_VLAN_HLEN) || !--depth)
			return 0;
		proto = load_be16(pkt->data + off + 2);
	}
	return proto;
}

HELPER_FN(skb_ecn_set_ce)
{
	struct pkt *pkt = helper_pkt(r1);
	u64 room = (u64)(pkt->data_end - pkt->net);

	if (pkt->data_end < pkt->net)
		return 0;
	switch (proto_behind_tags(pkt)) {
	case ETH_P_IP:
		return room < IP_HLEN ? 0 : ecn_set_ce_ip(pkt->net);
	case ETH_P_IPV6:
		return room < IPV6_HLEN ? 0 : ecn_set_ce_ipv6(pkt->net);
	}
	return 0;
}
