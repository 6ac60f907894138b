/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packet's buffer and what is read from its Ethernet header. The buffer only grows; each load
 * puts the bytes behind a full head room again, so that a run over a file allocates a few times
 * at most.
 */
#include "pkt/pkt.h"

#include <string.h>

#include "base/bits.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"

#define TAIL_ROOM_MIN	 512u /* free bytes behind a packet too large for one frame */
#define RESERVE_BYTES_MAX (4u * PKT_BYTES_MAX)
#define ETH_P_8021Q	 0x8100
#define ETH_P_8021AD	 0x88a8
#define ETH_P_IP	 0x0800
#define ETH_P_IPV6	 0x86dd
#define ETH_P_802_3	 0x0001 /* an 802.3 frame without SNAP's all-ones */
#define ETH_P_802_2	 0x0004
#define ETH_P_802_3_MIN	 0x0600
#define ETH_ADDRS_BYTES	 12u

static size_t pkt_buf_bytes(u32 data_bytes)
{
	size_t bytes = (size_t)PKT_HEAD_ROOM + data_bytes + TAIL_ROOM_MIN;

	return align_up(MAX(bytes, PKT_FRAME_BYTES), 4096);
}

int pkt_init(struct pkt *pkt, u32 data_bytes)
{
	memset(pkt, 0, sizeof(*pkt));
	if (data_bytes > PKT_BYTES_MAX)
		return -ENOMEM;
	pkt->buf_bytes = pkt_buf_bytes(data_bytes);
	pkt->buf = mem_alloc(pkt->buf_bytes);
	if (!pkt->buf) {
		pkt->buf_bytes = 0;
		return -ENOMEM;
	}
	return pkt_load_room(pkt, 0, 0);
}

void pkt_fini(struct pkt *pkt)
{
	mem_free(pkt->buf);
	memset(pkt, 0, sizeof(*pkt));
}

int pkt_load_room(struct pkt *pkt, u32 caplen, u32 len)
{
	u8 *buf = pkt->buf;
	size_t buf_bytes = pkt->buf_bytes;

	if (caplen > PKT_BYTES_MAX || len < caplen)
		return caplen > PKT_BYTES_MAX ? -EMSGSIZE : -EINVAL;
	if (buf_bytes < pkt_buf_bytes(caplen)) {
		buf_bytes = pkt_buf_bytes(caplen);
		buf = mem_alloc(buf_bytes);
		if (!buf)
			return -ENOMEM;
		mem_free(pkt->buf);
	}
	memset(pkt, 0, sizeof(*pkt));
	memset(buf, 0, PKT_HEAD_ROOM); /* programs may see it: nothing of the packet before */
	pkt->buf = buf;
	pkt->buf_bytes = buf_bytes;
	pkt->hard_start = buf;
	pkt->data = buf + PKT_HEAD_ROOM;
	pkt->data_meta = pkt->data;
	pkt->data_end = pkt->data + caplen;
	/* A page's frame as drivers give it; jumbo packets get a little more than they need. */
	pkt->hard_end = buf + PKT_FRAME_BYTES - PKT_TAIL_RESERVED;
	if (pkt->data_end > pkt->hard_end)
		pkt->hard_end = pkt->data_end + (TAIL_ROOM_MIN - PKT_TAIL_RESERVED);
	pkt->net = pkt->data;
	pkt->len = len;
	pkt->wire_len = len;
	return 0;
}

int pkt_load(struct pkt *pkt, const void *bytes, u32 caplen, u32 len)
{
	int err = pkt_load_room(pkt, caplen, len);

	if (!err && caplen)
		memcpy(pkt->data, bytes, caplen);
	return err;
}

void pkt_parse_raw(struct pkt *pkt)
{
	u8 version = pkt->data < pkt->data_end ? pkt->data[0] >> 4 : 0;

	pkt->mac = NULL;
	pkt->net = pkt->data;
	pkt->protocol = be_to_host16(version == 4 ? ETH_P_IP : version == 6 ? ETH_P_IPV6 : 0);
}

static u8 *pkt_moved(u8 *p, ptrdiff_t by)
{
	return p ? p + by : NULL;
}

int pkt_reserve(struct pkt *pkt, u32 head_bytes, u32 tail_bytes)
{
	size_t used = (size_t)(pkt->data_end - pkt->data_meta), buf_bytes;
	u8 *buf, *meta;
	ptrdiff_t by;

	if (pkt->data_meta - pkt->hard_start >= (ptrdiff_t)head_bytes &&
	    pkt->hard_end - pkt->data_end >= (ptrdiff_t)tail_bytes)
		return 0;
	if (head_bytes > PKT_BYTES_MAX || tail_bytes > PKT_BYTES_MAX || used > RESERVE_BYTES_MAX)
		return -ENOMEM; /* only a program that grows a packet again and again comes here */
	buf_bytes = align_up((size_t)head_bytes + PKT_HEAD_ROOM + used + tail_bytes + TAIL_ROOM_MIN,
			     4096);
	buf = mem_alloc(buf_bytes);
	if (!buf)
		return -ENOMEM;
	meta = buf + head_bytes + PKT_HEAD_ROOM;
	memset(buf, 0, (size_t)(meta - buf));
	memcpy(meta, pkt->data_meta, used);
	by = meta - pkt->data_meta; /* both are plain addresses to us */
	pkt->mac = pkt_moved(pkt->mac, by);
	pkt->net = pkt_moved(pkt->net, by);
	pkt->csum_start = pkt_moved(pkt->csum_start, by);
	pkt->data += by;
	pkt->data_end += by;
	pkt->data_meta = meta;
	pkt->hard_start = buf;
	pkt->hard_end = buf + buf_bytes;
	mem_free(pkt->buf);
	pkt->buf = buf;
	pkt->buf_bytes = buf_bytes;
	return 0;
}

int pkt_copy(struct pkt *dst, const struct pkt *src)
{
	size_t head = (size_t)(src->data_meta - src->hard_start);
	size_t used = (size_t)(src->data_end - src->data_meta), buf_bytes;
	u8 *buf = dst->buf;
	ptrdiff_t by;

	if (dst->buf_bytes < src->buf_bytes) {
		buf = mem_alloc(src->buf_bytes);
		if (!buf)
			return -ENOMEM;
		mem_free(dst->buf);
		dst->buf_bytes = src->buf_bytes;
	}
	memset(buf, 0, head); /* as pkt_load_room: programs may see it */
	memcpy(buf + head, src->data_meta, used);
	by = buf - src->hard_start;
	buf_bytes = dst->buf_bytes;
	*dst = *src;
	dst->buf = buf;
	dst->buf_bytes = buf_bytes;
	dst->hard_start += by;
	dst->data_meta += by;
	dst->data += by;
	dst->data_end += by;
	dst->hard_end += by;
	dst->mac = pkt_moved(dst->mac, by);
	dst->net = pkt_moved(dst->net, by);
	dst->csum_start = pkt_moved(dst->csum_start, by);
	return 0;
}

static bool eth_is_vlan(u16 proto)
{
	return proto == ETH_P_8021Q || proto == ETH_P_8021AD;
}

static u16 be16_of(u16 host)
{
	return be_to_host16(host); /* its own inverse */
}

/* The EtherType as skb->protocol has it; @type points at the type or length field. */
static u16 eth_protocol(const u8 *type, const u8 *end)
{
	u16 proto = load_be16(type);

	if (proto >= ETH_P_802_3_MIN)
		return be16_of(proto);
	/* Novell's raw 802.3 starts with all ones where the LLC header would be. */
	if (end - type >= 4 && load_u16(type + 2) == 0xffff)
		return be16_of(ETH_P_802_3);
	return be16_of(ETH_P_802_2);
}

void pkt_parse_eth(struct pkt *pkt)
{
	static const u8 ones[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	pkt->mac = pkt->data;
	pkt->net = pkt->data;
	if (pkt_caplen(pkt) < PKT_ETH_HLEN)
		return;
	pkt->net = pkt->data + PKT_ETH_HLEN;
	pkt->protocol = eth_protocol(pkt->data + ETH_ADDRS_BYTES, pkt->data_end);
	if (pkt->pkt_type == PKT_OTHERHOST)
		return; /* the device knows its own address */
	pkt->pkt_type = PKT_HOST;
	if (!memcmp(pkt->data, ones, sizeof(ones)))
		pkt->pkt_type = PKT_BROADCAST;
	else if (pkt->data[0] & 1)
		pkt->pkt_type = PKT_MULTICAST;
}

u16 pkt_vlan_take(struct pkt *pkt)
{
	u16 tci = load_be16(pkt->data + PKT_ETH_HLEN);

	memmove(pkt->data_meta + PKT_VLAN_HLEN, pkt->data_meta,
		pkt_metalen(pkt) + ETH_ADDRS_BYTES);
	pkt->data_meta += PKT_VLAN_HLEN;
	pkt->data += PKT_VLAN_HLEN;
	pkt->len -= PKT_VLAN_HLEN;
	pkt->mac = pkt->data;
	if (pkt->net < pkt->data + PKT_ETH_HLEN)
		pkt->net = pkt->data + PKT_ETH_HLEN;
	pkt->protocol = eth_protocol(pkt->data + ETH_ADDRS_BYTES, pkt->data_end);
	return tci;
}

void pkt_vlan_untag(struct pkt *pkt)
{
	const u8 *type = pkt->data + ETH_ADDRS_BYTES;

	if (pkt->vlan_present || pkt_caplen(pkt) < PKT_ETH_HLEN + PKT_VLAN_HLEN ||
	    !eth_is_vlan(load_be16(type)))
		return;
	pkt->vlan_proto = load_u16(type);
	pkt->vlan_tci = pkt_vlan_take(pkt);
	pkt->vlan_present = 1;
}

int pkt_vlan_tag(struct pkt *pkt)
{
	size_t meta = pkt_metalen(pkt);
	u8 *type;
	int err;

	if (!pkt->vlan_present)
		return 0;
	if (pkt_caplen(pkt) < PKT_ETH_HLEN)
		return 0; /* nothing that a tag could stand in */
	err = pkt_reserve(pkt, PKT_VLAN_HLEN, 0);
	if (err)
		return err;
	memmove(pkt->data_meta - PKT_VLAN_HLEN, pkt->data_meta, meta + ETH_ADDRS_BYTES);
	pkt->data_meta -= PKT_VLAN_HLEN;
	pkt->data -= PKT_VLAN_HLEN;
	pkt->len += PKT_VLAN_HLEN;
	type = pkt->data + ETH_ADDRS_BYTES;
	store_u16(type, pkt->vlan_proto);
	store_be16(type + 2, pkt->vlan_tci);
	pkt->mac = pkt->data;
	pkt->protocol = pkt->vlan_proto;
	pkt->net -= PKT_VLAN_HLEN;
	pkt->vlan_present = 0;
	pkt->vlan_tci = 0;
	pkt->vlan_proto = 0;
	return 0;
}
