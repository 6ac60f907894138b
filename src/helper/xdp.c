/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers on an XDP frame, one linear buffer: bpf_xdp_adjust_head, _adjust_meta, _adjust_tail,
 * _get_buff_len, _load_bytes and _store_bytes of net/core/filter.c. Limits are the kernel's: the
 * first bytes of the head room belong to struct xdp_frame, the metadata is at most 252 bytes.
 */
#include <string.h>

#include "base/err.h"
#include "helper/packet.h"
#include "pkt/pkt.h"

#define XDP_FRAME_BYTES 40 /* sizeof(struct xdp_frame) on 64-bit hosts */
#define META_BYTES_MAX	252
#define BYTES_OFF_MAX	0xffffu

/* The frame's end moves with the packet's length on the wire. */
static void xdp_len_changed(struct pkt *pkt, s64 by)
{
	pkt->len = (u32)((s64)pkt->len + by);
	pkt->wire_len = pkt->len;
}

HELPER_FN(xdp_adjust_head)
{
	struct pkt *pkt = helper_pkt(r1);
	s32 off = (s32)r2;
	s64 meta = pkt_metalen(pkt), at = pkt->data - pkt->hard_start + off;

	if (at < XDP_FRAME_BYTES + meta ||
	    at > pkt->data_end - pkt->hard_start - (s64)PKT_ETH_HLEN)
		return helper_err(-EINVAL);
	if (meta)
		memmove(pkt->data_meta + off, pkt->data_meta, (size_t)meta);
	pkt->data_meta += off;
	pkt->data += off;
	xdp_len_changed(pkt, -(s64)off);
	return 0;
}

HELPER_FN(xdp_adjust_meta)
{
	struct pkt *pkt = helper_pkt(r1);
	s64 at = pkt->data_meta - pkt->hard_start + (s32)r2;
	s64 meta = pkt->data - pkt->hard_start - at;

	if (at < XDP_FRAME_BYTES || meta < 0)
		return helper_err(-EINVAL);
	if (meta & 3 || meta > META_BYTES_MAX)
		return helper_err(-EACCES);
	pkt->data_meta = pkt->data - meta;
	return 0;
}

HELPER_FN(xdp_adjust_tail)
{
	struct pkt *pkt = helper_pkt(r1);
	s64 off = (s32)r2, caplen = pkt_caplen(pkt) + off;

	if (caplen > pkt->hard_end - pkt->data || caplen < PKT_ETH_HLEN)
		return helper_err(-EINVAL);
	if (off > 0)
		memset(pkt->data_end, 0, (size_t)off);
	pkt->data_end += off;
	xdp_len_changed(pkt, off);
	return 0;
}

HELPER_FN(xdp_get_buff_len)
{
	return pkt_caplen(helper_pkt(r1));
}

/* bpf_xdp_pointer's checks. */
static int xdp_range_check(const struct pkt *pkt, u32 off, u32 len)
{
	if (off > BYTES_OFF_MAX || len > BYTES_OFF_MAX)
		return -EFAULT;
	return off + len > pkt_caplen(pkt) ? -EINVAL : 0;
}

HELPER_FN(xdp_load_bytes)
{
	const struct pkt *pkt = helper_pkt(r1);
	int err = xdp_range_check(pkt, (u32)r2, (u32)r4);

	if (!err)
		memmove(u64_to_ptr(r3), pkt->data + (u32)r2, (u32)r4);
	return helper_err(err);
}

HELPER_FN(xdp_store_bytes)
{
	struct pkt *pkt = helper_pkt(r1);
	int err = xdp_range_check(pkt, (u32)r2, (u32)r4);

	if (!err)
		memmove(pkt->data + (u32)r2, u64_to_ptr(r3), (u32)r4);
	return helper_err(err);
}
