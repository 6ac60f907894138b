/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a classic program sees of one packet. This is also the context (r1) of converted programs:
 * whoever runs them (skep filter, a socket hook) fills one view per packet. Its class maps the
 * fields of struct __sk_buff onto the members, so that the guarded engine checks each access.
 *
 * "len" of the packet is its length on the wire; bytes beyond `captured_bytes` cannot be read.
 */
#ifndef SKEP_ISA_CBPF_VIEW_H
#define SKEP_ISA_CBPF_VIEW_H

#include "base/types.h"
#include "spec/ctx.h"

#define CBPF_NO_HEADER INT32_MIN

struct cbpf_view {
	const u8 *data; /* the byte at offset 0 */
	const u8 *data_end;
	u32 captured_bytes; /* == data_end - data */
	u32 wire_bytes;
	u32 headroom_bytes;  /* readable bytes before data, for offsets of SKF_LL_OFF */
	s32 mac_off_bytes;   /* where the link header starts, relative to data; or CBPF_NO_HEADER */
	s32 net_off_bytes;   /* where the network header starts */
	u16 protocol;	     /* EtherType in network order */
	u16 vlan_proto;	     /* TPID in network order */
	u16 vlan_tci;
	u16 queue_mapping;
	u16 hatype; /* ARPHRD_* of the device */
	u8 pkt_type;
	u8 vlan_present;
	u32 ifindex; /* 0: the packet has no device */
	u32 mark;
	u32 hash;
	u32 cpu;
	u64 rand_state; /* next get-random: seeded by the owner */
};

/* Fields of the class from here on are ours: struct __sk_buff ends before. */
#define CBPF_VIEW_OWN_FIELDS_OFF 192

extern const struct ctx_class cbpf_view_class;

/* Sets the packet bytes; other members stay. */
static inline void cbpf_view_set(struct cbpf_view *view, const void *data, u32 captured_bytes,
				 u32 wire_bytes)
{
	view->data = data;
	view->data_end = (const u8 *)data + captured_bytes;
	view->captured_bytes = captured_bytes;
	view->wire_bytes = wire_bytes;
}

/*
 * The @size_bytes at offset @off, negative for SKF_NET_OFF and SKF_LL_OFF
 * (bpf_skb_load_helper_convert_offset); NULL when they lie outside.
 */
const u8 *cbpf_view_at(const struct cbpf_view *view, s32 off, u32 size_bytes);
/*
 * Loads @size_bytes (1, 2, 4) in network order from there. The value, or -EFAULT when it lies
 * outside.
 */
s64 cbpf_view_load(const struct cbpf_view *view, s32 off, u32 size_bytes);

/* Offset of netlink attribute @type after offset @a, 0 when absent (bpf_skb_get_nlattr). */
u32 cbpf_view_nlattr(const struct cbpf_view *view, u32 a, u32 type);
/* The same inside the attribute at @a (bpf_skb_get_nlattr_nest). */
u32 cbpf_view_nlattr_nest(const struct cbpf_view *view, u32 a, u32 type);
/* Where the payload behind the transport header starts, 0 when unknown (skb_get_poff). */
u32 cbpf_view_payload_off(const struct cbpf_view *view);
u32 cbpf_view_random(struct cbpf_view *view);

#endif
