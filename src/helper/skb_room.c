/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers that change an skb's length: bpf_skb_change_proto, _change_head, _change_tail and
 * bpf_skb_adjust_room of net/core/filter.c. Bytes open or close behind the first @off bytes of the
 * packet; mac and net headers move with the front part.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "helper/packet.h"
#include "pkt/pkt.h"

#define ETH_P_IP	   0x0800
#define ETH_P_IPV6	   0x86dd
#define IP_HLEN		   20u
#define IPV6_HLEN	   40u
#define IP_HLEN_DIFF	   (IPV6_HLEN - IP_HLEN)
#define SKB_LEN_MAX	   16064u /* BPF_SKB_MAX_LEN: four pages less the shared info */
#define LEN_DIFF_MAX	   0xfffu
#define CSUM_FIELD_BYTES   2
#define ENCAP_L2_SHIFT	   56

/* BPF_F_ADJ_ROOM_* */
#define F_FIXED_GSO	1u
#define F_ENCAP_L3_IPV4 2u
#define F_ENCAP_L3_IPV6 4u
#define F_ENCAP_L4_GRE	8u
#define F_ENCAP_L4_UDP	16u
#define F_NO_CSUM_RESET 32u
#define F_ENCAP_L2_ETH	64u
#define F_DECAP_L3_IPV4 128u
#define F_DECAP_L3_IPV6 256u
#define F_ENCAP_L3	(F_ENCAP_L3_IPV4 | F_ENCAP_L3_IPV6)
#define F_ENCAP_L4	(F_ENCAP_L4_GRE | F_ENCAP_L4_UDP)
#define F_DECAP_L3	(F_DECAP_L3_IPV4 | F_DECAP_L3_IPV6)
#define F_SHRINK	(F_FIXED_GSO | F_NO_CSUM_RESET | F_DECAP_L3)
#define F_ROOM_ALL                                                                                 \
	((u64)(F_SHRINK | F_ENCAP_L3 | F_ENCAP_L4 | F_ENCAP_L2_ETH) | 0xffULL << ENCAP_L2_SHIFT)

enum room_mode { ROOM_NET, ROOM_MAC };

static u16 skb_proto(const struct pkt *pkt)
{
	return be_to_host16(pkt->protocol);
}

static void skb_set_proto(struct pkt *pkt, u16 proto)
{
	pkt->protocol = be_to_host16(proto); /* the swap is its own inverse */
}

static u32 mac_header_len(const struct pkt *pkt)
{
	return pkt->mac ? (u32)(pkt->net - pkt->mac) : 0;
}

/*
 * bpf_skb_net_hdr_push: @len zero bytes behind the first @off, or at the end of a shorter packet,
 * where the kernel leaves what lay in the tail room.
 */
static int skb_open(struct pkt *pkt, u32 off, u32 len)
{
	int err = pkt_reserve(pkt, len, 0);

	if (err)
		return err;
	off = MIN(off, pkt_caplen(pkt));
	pkt->data -= len;
	pkt->data_meta = pkt->data; /* skb_cow and push leave no valid metadata in front */
	memmove(pkt->data, pkt->data + len, off);
	memset(pkt->data + off, 0, len);
	pkt->len += len;
	if (pkt->mac)
		pkt->mac -= len;
	pkt->net -= len;
	return 0;
}

/* bpf_skb_net_hdr_pop: the reverse. */
static int skb_close(struct pkt *pkt, u32 off, u32 len)
{
	if ((u64)off + len > pkt_caplen(pkt))
		return -ENOMEM;
	memmove(pkt->data + len, pkt->data, off);
	pkt->data += len;
	pkt->data_meta = pkt->data;
	pkt->len -= len;
	if (pkt->mac)
		pkt->mac += len;
	pkt->net += len;
	return 0;
}

HELPER_FN(skb_change_proto)
{
	struct pkt *pkt = helper_pkt(r1);
	u16 from = skb_proto(pkt), to = be_to_host16((u16)r2);
	u32 off = mac_header_len(pkt);
	int err;

	if (r3)
		return helper_err(-EINVAL);
	if (from == ETH_P_IP && to == ETH_P_IPV6)
		err = skb_open(pkt, off, IP_HLEN_DIFF);
	else if (from == ETH_P_IPV6 && to == ETH_P_IP)
		err = skb_close(pkt, off, IP_HLEN_DIFF);
	else
		return helper_err(-ENOTSUPP);
	if (err)
		return helper_err(err);
	skb_set_proto(pkt, to);
	pkt->hash = 0;
	pkt->hash_valid = 0;
	return 0;
}

HELPER_FN(skb_change_head)
{
	struct pkt *pkt = helper_pkt(r1);
	u32 room = (u32)r2, len = pkt->len + room;
	int err;

	if (r3 || (s32)room < 0 || (!pkt->gso_size && len > SKB_LEN_MAX) || len < pkt->len)
		return helper_err(-EINVAL);
	err = pkt_reserve(pkt, room, 0);
	if (err)
		return helper_err(err);
	pkt->data -= room;
	pkt->data_meta = pkt->data;
	memset(pkt->data, 0, room);
	pkt->len = len;
	pkt->mac = pkt->data;
	return 0;
}

/* __bpf_skb_min_len: headers that a trim may not touch. */
static u32 skb_len_min(const struct pkt *pkt)
{
	s64 len = pkt->net - pkt->data, csum_end;

	if (pkt->csum_start) {
		csum_end = pkt->csum_start - pkt->data + pkt->csum_off + CSUM_FIELD_BYTES;
		if (csum_end > 0)
			len = csum_end;
	}
	return len > 0 ? (u32)len : 0;
}

static int skb_grow_tail(struct pkt *pkt, u32 len)
{
	u32 more = len - pkt->len;
	int err;

	if (pkt->len != pkt_caplen(pkt))
		return -ENOTSUPP; /* the bytes in between were never captured */
	err = pkt_reserve(pkt, 0, more);
	if (err)
		return err;
	memset(pkt->data_end, 0, more);
	pkt->data_end += more;
	pkt->len = len;
	return 0;
}

HELPER_FN(skb_change_tail)
{
	struct pkt *pkt = helper_pkt(r1);
	u32 len = (u32)r2;
	int err = 0;

	if (r3 || len > SKB_LEN_MAX || len < skb_len_min(pkt))
		return helper_err(-EINVAL);
	if (pkt->encapsulation)
		return helper_err(-ENOTSUPP);
	if (len > pkt->len)
		err = skb_grow_tail(pkt, len);
	else
		pkt->len = len;
	if (!err && len < pkt_caplen(pkt))
		pkt->data_end = pkt->data + len;
	if (!err) {
		pkt->gso_size = 0;
		pkt->gso_segs = 0;
		pkt->gso_type = 0;
	}
	return helper_err(err);
}

static u32 net_base_len(const struct pkt *pkt)
{
	switch (skb_proto(pkt)) {
	case ETH_P_IP:
		return IP_HLEN;
	case ETH_P_IPV6:
		return IPV6_HLEN;
	}
	return ~0u;
}

static int room_encap_check(const struct pkt *pkt, u32 len, u64 flags)
{
	u32 inner_mac_len = (u32)(flags >> ENCAP_L2_SHIFT);

	if ((flags & F_ENCAP_L3) == F_ENCAP_L3 || (flags & F_ENCAP_L4) == F_ENCAP_L4)
		return -EINVAL;
	if (flags & F_ENCAP_L2_ETH && inner_mac_len < PKT_ETH_HLEN)
		return -EINVAL;
	if (pkt->encapsulation)
		return -EALREADY;
	return inner_mac_len > len ? -EINVAL : 0;
}

/* bpf_skb_net_grow */
static int room_grow(struct pkt *pkt, u32 off, u32 len, u64 flags)
{
	int err = 0;

	if (flags & F_ENCAP_L3)
		err = room_encap_check(pkt, len, flags);
	if (!err)
		err = skb_open(pkt, off, len);
	if (err || !(flags & F_ENCAP_L3))
		return err;
	pkt->encapsulation = 1;
	skb_set_proto(pkt, flags & F_ENCAP_L3_IPV6 ? ETH_P_IPV6 : ETH_P_IP);
	return 0;
}

/* bpf_skb_net_shrink */
static int room_shrink(struct pkt *pkt, u32 off, u32 len, u64 flags)
{
	int err;

	if (flags & ~(u64)F_SHRINK)
		return -EINVAL;
	err = skb_close(pkt, off, len);
	if (err)
		return err;
	if (flags & F_DECAP_L3_IPV6)
		skb_set_proto(pkt, ETH_P_IPV6);
	else if (flags & F_DECAP_L3_IPV4)
		skb_set_proto(pkt, ETH_P_IP);
	return 0;
}

/* The smallest network part that a shrink may leave, 0 for flags that make no sense. */
static u32 room_len_min(const struct pkt *pkt, u64 flags)
{
	switch (flags & F_DECAP_L3) {
	case 0:
		return net_base_len(pkt);
	case F_DECAP_L3_IPV4:
		return IP_HLEN;
	case F_DECAP_L3_IPV6:
		return IPV6_HLEN;
	}
	return 0;
}

HELPER_FN(skb_adjust_room)
{
	struct pkt *pkt = helper_pkt(r1);
	s32 diff = (s32)r2;
	u32 len = diff < 0 ? 0u - (u32)diff : (u32)diff, mode = (u32)r3;
	u32 off = mac_header_len(pkt), len_min = room_len_min(pkt, r4), len_net;
	bool shrink = diff < 0;
	int err;

	if (r4 & ~F_ROOM_ALL)
		return helper_err(-EINVAL);
	if (len > LEN_DIFF_MAX)
		return helper_err(-EFAULT);
	if (net_base_len(pkt) == ~0u)
		return helper_err(-ENOTSUPP);
	if (mode == ROOM_NET)
		off += net_base_len(pkt);
	else if (mode != ROOM_MAC)
		return helper_err(-ENOTSUPP);
	if (r4 & F_DECAP_L3 && (!shrink || !len_min))
		return helper_err(-EINVAL);
	len_net = pkt->len - (u32)(pkt->net - pkt->data);
	if (shrink && (len >= len_net || len_net - len < len_min))
		return helper_err(-ENOTSUPP);
	if (!shrink && pkt->len + len > SKB_LEN_MAX && !pkt->gso_size)
		return helper_err(-ENOTSUPP);
	err = shrink ? room_shrink(pkt, off, len, r4) : room_grow(pkt, off, len, r4);
	if (!err && !(r4 & F_NO_CSUM_RESET))
		pkt->csum_valid = 0;
	return helper_err(err);
}
