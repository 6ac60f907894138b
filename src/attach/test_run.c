/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_prog_test_run_xdp and bpf_prog_test_run_skb. The offsets of context fields come from
 * spec/ctx; which of them an input may set is said here, in the order of convert___skb_to_skb.
 */
#include "attach/test_run.h"

#include <string.h>

#include "attach/hook.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

#define F_XDP_LIVE_FRAMES 2u
#define XDP_FRAME_BYTES	  40u
#define XDP_META_MAX	  252u
#define XDP_LINEAR_MAX	  (PKT_FRAME_BYTES - PKT_HEAD_ROOM - PKT_TAIL_RESERVED)
#define XDP_FRAGS_MAX	  17u
#define SKB_HEAD_ROOM	  64u /* NET_SKB_PAD: bounds the largest input */
#define SKB_BYTES_MAX	  (PKT_FRAME_BYTES - SKB_HEAD_ROOM - PKT_TAIL_RESERVED)
#define WIRE_LEN_MAX	  65536u /* GSO_LEGACY_MAX_SIZE */
#define GSO_SEGS_MAX	  65535u
#define LOOPBACK_IFINDEX  1u
#define ETH_ALEN	  6u
#define ETH_P_IP	  0x0800
#define ETH_P_IPV6	  0x86dd
#define IP_HLEN		  20u
#define IPV6_HLEN	  40u

enum xdp_off {
#define XDP_FIELD(n, o, s, v, m, xdp, devmap) XDP_OFF_##n = (o),
#include "spec/ctx/xdp_md.def"
#undef XDP_FIELD
	XDP_MD_BYTES = 24
};

enum skb_off {
#define SKB_FIELD(n, o, s, v, m, filter, cls, ...) SKB_OFF_##n = (o), SKB_END_##n = (o) + (s),
#include "spec/ctx/sk_buff.def"
#undef SKB_FIELD
	SKB_BYTES = 192
};

_Static_assert(TEST_RUN_CTX_BYTES_MAX == SKB_BYTES, "the larger of both contexts");

static bool all_zero(const u8 *p, u32 from, u32 to)
{
	for (; from < to; from++)
		if (p[from])
			return false;
	return true;
}

/* bpf_ctx_init: *ret_has is false when the client named no context at all. */
static int ctx_take(const struct test_run_in *in, u32 max, struct test_run_out *out, bool *ret_has)
{
	*ret_has = in->ctx || in->want_ctx;
	if (!in->ctx)
		return 0;
	if (in->ctx_bytes > max && !all_zero(in->ctx, max, in->ctx_bytes))
		return -E2BIG;
	memcpy(out->ctx, in->ctx, MIN(in->ctx_bytes, max));
	return 0;
}

/* bpf_test_run: the program over and over; the packet is not reset in between. */
static int run_repeated(struct run *run, const struct prog *prog, struct pkt *pkt,
			const struct test_run_in *in, struct test_run_out *out)
{
	u32 repeat = in->repeat ? in->repeat : 1, i;
	u64 start = clock_mono_ns(), per_run_ns, r0 = 0;
	int err = 0;

	for (i = 0; i < repeat && !err; i++) {
		run->insns_left = in->budget_insns;
		run->redirect = (struct run_redirect){ 0 };
		err = prog_run(run, prog, pkt, &r0);
	}
	per_run_ns = (clock_mono_ns() - start) / repeat;
	out->duration_ns = per_run_ns > UINT32_MAX ? UINT32_MAX : (u32)per_run_ns;
	out->retval = (u32)r0;
	return err;
}

static int data_give(const u8 *from, const u8 *to, struct test_run_out *out)
{
	out->data_bytes = (u32)(to - from);
	out->data = mem_dup(from, out->data_bytes);
	return out->data ? 0 : -ENOMEM;
}

/* The part of an XDP context that says where in the input the packet begins. */
static int xdp_ctx_check(const u8 *ctx, const struct test_run_in *in, u32 *ret_meta)
{
	u32 data = load_u32(ctx + XDP_OFF_data), data_end = load_u32(ctx + XDP_OFF_data_end);

	if (load_u32(ctx + XDP_OFF_data_meta) || data_end > in->data_bytes || data > data_end)
		return -EINVAL;
	if (data & 3 || data > XDP_META_MAX || data > PKT_HEAD_ROOM - XDP_FRAME_BYTES)
		return -EINVAL;
	*ret_meta = data;
	return 0;
}

/* xdp_convert_md_to_buff */
static int xdp_ctx_in(const u8 *ctx, struct pkt *pkt)
{
	u32 ifindex = load_u32(ctx + XDP_OFF_ingress_ifindex);
	u32 queue = load_u32(ctx + XDP_OFF_rx_queue_index);

	if (load_u32(ctx + XDP_OFF_egress_ifindex) || (!ifindex && queue))
		return -EINVAL;
	if (ifindex) {
		pkt->ingress_ifindex = ifindex;
		pkt->rx_queue_index = queue;
	}
	return 0;
}

static int xdp_load(struct pkt *pkt, const struct test_run_in *in, u32 meta)
{
	u32 len = in->data_bytes - meta;
	int err;

	if (len < PKT_ETH_HLEN)
		return -EINVAL;
	if (in->data_bytes > XDP_LINEAR_MAX + meta + XDP_FRAGS_MAX * PKT_FRAME_BYTES)
		return -ENOMEM;
	err = pkt_load(pkt, (const u8 *)in->data + meta, len, len);
	if (err)
		return err;
	pkt->data_meta = pkt->data - meta;
	memcpy(pkt->data_meta, in->data, meta);
	pkt->ifindex = LOOPBACK_IFINDEX;
	pkt->ingress_ifindex = LOOPBACK_IFINDEX;
	return 0;
}

static int xdp_test_run(struct run *run, const struct prog *prog, struct pkt *pkt,
			const struct test_run_in *in, struct test_run_out *out)
{
	bool has_ctx;
	u32 meta = 0;
	int err;

	if (prog->expected_attach_type == ATTACH_XDP_DEVMAP ||
	    prog->expected_attach_type == ATTACH_XDP_CPUMAP || in->flags & ~F_XDP_LIVE_FRAMES)
		return -EINVAL;
	if (in->flags & F_XDP_LIVE_FRAMES)
		return -EOPNOTSUPP;
	if (in->batch_size)
		return -EINVAL;
	err = ctx_take(in, XDP_MD_BYTES, out, &has_ctx);
	if (!err && has_ctx)
		err = xdp_ctx_check(out->ctx, in, &meta);
	if (!err)
		err = xdp_load(pkt, in, meta);
	if (!err && has_ctx)
		err = xdp_ctx_in(out->ctx, pkt);
	if (!err)
		err = run_repeated(run, prog, pkt, in, out);
	if (!err)
		err = data_give(pkt->data_meta, pkt->data_end, out);
	if (err || !has_ctx)
		return err;
	store_u32(out->ctx + XDP_OFF_data, pkt_metalen(pkt));
	store_u32(out->ctx + XDP_OFF_data_end, (u32)(pkt->data_end - pkt->data_meta));
	out->ctx_bytes = XDP_MD_BYTES;
	return 0;
}

/* convert___skb_to_skb: fields that an input may not set must be 0. */
static int skb_ctx_in(const u8 *ctx, struct pkt *pkt)
{
	u32 wire_len = load_u32(ctx + SKB_OFF_wire_len), segs = load_u32(ctx + SKB_OFF_gso_segs);

	if (!all_zero(ctx, 0, SKB_OFF_mark) || !all_zero(ctx, SKB_END_mark, SKB_OFF_priority) ||
	    !all_zero(ctx, SKB_END_ifindex, SKB_OFF_cb) ||
	    !all_zero(ctx, SKB_END_cb, SKB_OFF_tstamp) ||
	    !all_zero(ctx, SKB_END_gso_segs, SKB_OFF_gso_size) ||
	    !all_zero(ctx, SKB_END_gso_size, SKB_OFF_hwtstamp) ||
	    !all_zero(ctx, SKB_END_hwtstamp, SKB_BYTES))
		return -EINVAL;
	if (wire_len && (wire_len < pkt->len || wire_len > WIRE_LEN_MAX))
		return -EINVAL;
	if (segs > GSO_SEGS_MAX)
		return -EINVAL;
	pkt->mark = load_u32(ctx + SKB_OFF_mark);
	pkt->priority = load_u32(ctx + SKB_OFF_priority);
	pkt->ingress_ifindex = load_u32(ctx + SKB_OFF_ingress_ifindex);
	if (load_u32(ctx + SKB_OFF_ifindex))
		pkt->ifindex = load_u32(ctx + SKB_OFF_ifindex);
	memcpy(pkt->cb, ctx + SKB_OFF_cb, sizeof(pkt->cb));
	pkt->tstamp = load_u64(ctx + SKB_OFF_tstamp);
	pkt->wire_len = wire_len ? wire_len : pkt->len;
	pkt->gso_segs = (u16)segs;
	pkt->gso_size = (u16)load_u32(ctx + SKB_OFF_gso_size);
	pkt->hwtstamp = load_u64(ctx + SKB_OFF_hwtstamp);
	return 0;
}

/* convert_skb_to___skb */
static void skb_ctx_out(const struct pkt *pkt, u8 *ctx)
{
	store_u32(ctx + SKB_OFF_mark, pkt->mark);
	store_u32(ctx + SKB_OFF_priority, pkt->priority);
	store_u32(ctx + SKB_OFF_ingress_ifindex, pkt->ingress_ifindex);
	store_u32(ctx + SKB_OFF_ifindex, pkt->ifindex);
	store_u64(ctx + SKB_OFF_tstamp, pkt->tstamp);
	memcpy(ctx + SKB_OFF_cb, pkt->cb, sizeof(pkt->cb));
	store_u32(ctx + SKB_OFF_wire_len, pkt->wire_len);
	store_u32(ctx + SKB_OFF_gso_segs, pkt->gso_segs);
	store_u64(ctx + SKB_OFF_hwtstamp, pkt->hwtstamp);
}

/* A socket filter is run as the transport layer would run it: without the Ethernet header. */
static void skb_pull_eth(struct pkt *pkt)
{
	pkt->data += PKT_ETH_HLEN;
	pkt->data_meta = pkt->data;
	pkt->len -= PKT_ETH_HLEN;
}

static int skb_push_zeros(struct pkt *pkt)
{
	int err = pkt_reserve(pkt, PKT_ETH_HLEN, 0);

	if (err)
		return err;
	pkt->data -= PKT_ETH_HLEN;
	pkt->data_meta = pkt->data;
	pkt->len += PKT_ETH_HLEN;
	memset(pkt->data, 0, PKT_ETH_HLEN);
	return 0;
}

/* eth_type_trans on the loopback device, whose own and broadcast addresses are all zero. */
static void skb_set_type(struct pkt *pkt)
{
	pkt_parse_eth(pkt);
	if (pkt->pkt_type == PKT_BROADCAST)
		pkt->pkt_type = PKT_MULTICAST;
	else if (pkt->pkt_type == PKT_HOST && !all_zero(pkt->mac, 0, ETH_ALEN))
		pkt->pkt_type = PKT_OTHERHOST;
}

/* Packets that claim IP must hold its header. */
static int skb_check_ip(const struct pkt *pkt)
{
	u32 bytes = pkt_caplen(pkt) - PKT_ETH_HLEN;

	switch (be_to_host16(pkt->protocol)) {
	case ETH_P_IP:
		return bytes < IP_HLEN ? -EINVAL : 0;
	case ETH_P_IPV6:
		return bytes < IPV6_HLEN ? -EINVAL : 0;
	}
	return 0;
}

static int skb_load(struct pkt *pkt, const struct test_run_in *in)
{
	int err;

	if (in->data_bytes < PKT_ETH_HLEN || in->data_bytes > SKB_BYTES_MAX)
		return -EINVAL;
	err = pkt_load(pkt, in->data, in->data_bytes, in->data_bytes);
	if (err)
		return err;
	skb_set_type(pkt);
	pkt->ifindex = LOOPBACK_IFINDEX;
	pkt->wire_len = 0; /* qdisc's field, which nobody set without a context */
	return skb_check_ip(pkt);
}

static int skb_test_run(struct run *run, const struct prog *prog, struct pkt *pkt,
			const struct test_run_in *in, struct test_run_out *out)
{
	bool is_l2 = prog->type != PROG_TYPE_SOCKET_FILTER, has_ctx;
	int err;

	if (in->flags || in->cpu || in->batch_size)
		return -EINVAL;
	err = skb_load(pkt, in);
	if (!err)
		err = ctx_take(in, SKB_BYTES, out, &has_ctx);
	if (err)
		return err;
	if (!is_l2)
		skb_pull_eth(pkt);
	if (has_ctx)
		err = skb_ctx_in(out->ctx, pkt);
	if (!err)
		err = run_repeated(run, prog, pkt, in, out);
	if (!err && !is_l2)
		err = skb_push_zeros(pkt);
	if (!err)
		err = data_give(pkt->data, pkt->data_end, out);
	if (err || !has_ctx)
		return err;
	skb_ctx_out(pkt, out->ctx);
	out->ctx_bytes = SKB_BYTES;
	return 0;
}

int test_run(struct run *run, const struct prog *prog, const struct test_run_in *in,
	     struct test_run_out *ret_out)
{
	struct pkt pkt;
	int err;

	memset(ret_out, 0, sizeof(*ret_out));
	run->fault.kind = FAULT_NONE;
	if (!hook_of(prog->type))
		return -ENOTSUPP;
	if ((in->ctx_bytes && !in->ctx) || (!in->ctx_bytes && in->ctx))
		return -EINVAL;
	err = pkt_init(&pkt, in->data_bytes);
	if (err)
		return err;
	if (prog->type == PROG_TYPE_XDP)
		err = xdp_test_run(run, prog, &pkt, in, ret_out);
	else
		err = skb_test_run(run, prog, &pkt, in, ret_out);
	pkt_fini(&pkt);
	return err;
}

void test_run_fini(struct test_run_out *out)
{
	mem_free(out->data);
	out->data = NULL;
}

int test_run_clamp(u32 size, u32 room, bool is_data, u32 *ret_copy)
{
	*ret_copy = size;
	if (size <= room || (is_data && !room))
		return 0;
	*ret_copy = room;
	return -ENOSPC;
}
