/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet: the internal struct behind both struct xdp_md and struct __sk_buff, together with the
 * buffer that holds its bytes. One struct pkt is used for packet after packet: loading resets
 * every field and allocates only when a packet is larger than any before.
 *
 * Invariants:
 *  1. buf <= hard_start <= data_meta <= data <= data_end <= hard_end <= buf + buf_bytes.
 *  2. All captured bytes are in one piece: data_end - data is the captured length, `len` is the
 *     length on the wire. Functions here move both by the same amount.
 *  3. As an skb, an outer VLAN tag stands in vlan_*, not in the bytes; for XDP it is inline.
 *  4. Members named by rows of spec/ctx/ are plain members, as wide as struct sk_buff's (narrow
 *     loads depend on it): the guard, and later xlate, read them directly. Big-endian members hold
 *     the bytes as they stand on the wire.
 */
#ifndef SKEP_PKT_PKT_H
#define SKEP_PKT_PKT_H

#include "base/types.h"
#include "spec/ctx.h"
#include "spec/spec.h"

#define PKT_HEAD_ROOM	  256u  /* XDP_PACKET_HEADROOM */
#define PKT_TAIL_RESERVED 320u  /* struct skb_shared_info at the end of a kernel's frame */
#define PKT_FRAME_BYTES	  4096u /* one page: the frame that drivers give an XDP program */
#define PKT_BYTES_MAX	  262144u /* MAXIMUM_SNAPLEN of libpcap: no reader yields more */
#define PKT_ETH_HLEN	  14u
#define PKT_VLAN_HLEN	  4u
#define PKT_CB_WORDS	  5u
#define PKT_LINK_ETHERNET 1u /* DLT_EN10MB */
#define PKT_LINK_RAW	  12u /* DLT_RAW: begins with an IP header */

/* skb->pkt_type: if_packet.h's PACKET_*. */
enum pkt_type { PKT_HOST = 0, PKT_BROADCAST = 1, PKT_MULTICAST = 2, PKT_OTHERHOST = 3 };

struct pkt {
	u8 *hard_start; /* of the frame's head room */
	u8 *data_meta;	/* == data without metadata */
	u8 *data;
	u8 *data_end;
	u8 *hard_end; /* how far the tail may grow in place */
	u8 *mac;      /* Ethernet header; NULL on links that have none */
	u8 *net;      /* network header */

	u32 len;      /* on the wire, for skb->len */
	u32 wire_len; /* qdisc's pkt_len */
	u32 mark;
	u32 priority;
	u32 ifindex;	     /* of the device that the packet is on now */
	u32 ingress_ifindex; /* of the device that it came in by */
	u32 egress_ifindex;
	u32 rx_queue_index;
	u32 cb[PKT_CB_WORDS]; /* programs touch single bytes of it */
	u32 hash;
	u32 vlan_present; /* 0 or 1 */
	u64 tstamp; /* ns */
	u64 hwtstamp;
	u64 none; /* always 0 */
	u16 protocol;	/* big-endian EtherType */
	u16 vlan_proto; /* big-endian TPID, 0 without a tag */
	u16 vlan_tci;	/* host order */
	u16 queue_mapping;
	u16 gso_segs;
	u16 gso_size;
	u16 tc_index;
	u16 tc_classid;
	u16 hatype; /* ARPHRD_* of the device: classic SKF_AD_HATYPE */
	u8 pkt_type; /* enum pkt_type */
	u8 hash_valid;
	/*
	 * CHECKSUM_PARTIAL: the sum at csum_off from csum_start covers the pseudo header; whoever
	 * sends the packet completes it. csum_start is NULL when the bytes are as on the wire.
	 */
	u8 *csum_start;
	u16 csum_off;
	u8 gso_type; /* virtio_net_hdr's, 0 without segmentation offload */
	u8 csum_valid;	  /* 0, or checksums that the program says hold: csum_level + 1 */
	u8 encapsulation; /* skb_adjust_room put an outer header on */

	u64 number;  /* 1, 2, …: position in its input, for reports */
	u64 time_ns; /* when it was captured, since 1970 */
	u32 link;    /* DLT_* of its input */

	/*
	 * Sends a copy to interface @ifindex (bpf_clone_redirect). NULL where there are none. Set
	 * by whoever runs programs on the packet, after loading it.
	 */
	int (*clone)(void *cookie, struct pkt *pkt, u32 ifindex, u64 flags);
	void *clone_cookie;

	u8 *buf; /* owned */
	size_t buf_bytes;
};

static inline u32 pkt_caplen(const struct pkt *pkt)
{
	return (u32)(pkt->data_end - pkt->data);
}

static inline u32 pkt_metalen(const struct pkt *pkt)
{
	return (u32)(pkt->data - pkt->data_meta);
}

/* An empty packet with room for @data_bytes between head and tail room. 0 or -ENOMEM. */
int pkt_init(struct pkt *pkt, u32 data_bytes) must_check;
/* Works on a zeroed struct as well. */
void pkt_fini(struct pkt *pkt);

/*
 * Forgets the packet before and takes a copy of @caplen bytes of a frame that was @len long on the
 * wire (@len >= @caplen). Sets the bounds and len; all else is 0 until pkt_parse_eth. Returns 0,
 * -EMSGSIZE beyond PKT_BYTES_MAX, -EINVAL when len < caplen, -ENOMEM; the packet is then empty.
 */
int pkt_load(struct pkt *pkt, const void *bytes, u32 caplen, u32 len) must_check;
/* The same without a copy: the caller fills the @caplen bytes at pkt->data. */
int pkt_load_room(struct pkt *pkt, u32 caplen, u32 len) must_check;

/*
 * Makes sure of @head_bytes free bytes in front of data_meta and @tail_bytes behind data_end;
 * may move the packet (pskb_expand_head). 0 or -ENOMEM, then nothing changed.
 */
int pkt_reserve(struct pkt *pkt, u32 head_bytes, u32 tail_bytes) must_check;

/*
 * Makes @dst, an initialised packet, a copy of @src: bytes, metadata and every field. 0 or -ENOMEM,
 * then @dst is empty.
 */
int pkt_copy(struct pkt *dst, const struct pkt *src) must_check;

/* Sets mac, net, protocol and pkt_type from the Ethernet header (eth_type_trans). */
void pkt_parse_eth(struct pkt *pkt);
/* The same for a packet that begins with its IP header: no mac, protocol by the version. */
void pkt_parse_raw(struct pkt *pkt);

/*
 * The outer VLAN tag, from the bytes into vlan_* (skb_vlan_untag) and back. untag does nothing on
 * a packet that has none or is too short. tag returns 0 or -ENOMEM.
 */
void pkt_vlan_untag(struct pkt *pkt);
int pkt_vlan_tag(struct pkt *pkt) must_check;
/*
 * Takes the four bytes of a tag out, whatever they are, and returns the TCI (__skb_vlan_pop). There
 * must be PKT_ETH_HLEN + PKT_VLAN_HLEN bytes.
 */
u16 pkt_vlan_take(struct pkt *pkt);

/*
 * What a program of @type sees of a packet: XDP, SCHED_CLS, SCHED_ACT and SOCKET_FILTER.
 * @expected_attach_type matters for XDP (egress_ifindex). NULL: no such class.
 */
const struct ctx_class *pkt_ctx_class(enum prog_type type, u32 expected_attach_type);

#endif
