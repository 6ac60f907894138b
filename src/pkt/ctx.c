/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs see of a packet: the rows of spec/ctx/ expanded into context classes over
 * struct pkt, one per set of rights.
 */
#include "pkt/pkt.h"

#define FIELD(n, o, s, v, m, rights)                                                               \
	{ .name = #n,                                                                              \
	  .off = (o),                                                                              \
	  .size_bytes = (s),                                                                       \
	  .value = CTX_##v,                                                                        \
	  .access = CTX_##rights,                                                                  \
	  .member_off = offsetof(struct pkt, m),                                                   \
	  .member_size_bytes = sizeof(((struct pkt *)0)->m) },

static const struct ctx_field xdp_fields[] = {
#define XDP_FIELD(n, o, s, v, m, xdp, devmap) FIELD(n, o, s, v, m, xdp)
#include "spec/ctx/xdp_md.def"
#undef XDP_FIELD
};

static const struct ctx_field xdp_devmap_fields[] = {
#define XDP_FIELD(n, o, s, v, m, xdp, devmap) FIELD(n, o, s, v, m, devmap)
#include "spec/ctx/xdp_md.def"
#undef XDP_FIELD
};

static const struct ctx_field filter_fields[] = {
#define SKB_FIELD(n, o, s, v, m, filter, cls, ...) FIELD(n, o, s, v, m, filter)
#include "spec/ctx/sk_buff.def"
#undef SKB_FIELD
};

static const struct ctx_field cls_fields[] = {
#define SKB_FIELD(n, o, s, v, m, filter, cls, ...) FIELD(n, o, s, v, m, cls)
#include "spec/ctx/sk_buff.def"
#undef SKB_FIELD
};

/* Direct packet access: the metadata and the bytes, which lie one after the other. */
static u32 pkt_extents(const void *ctx, struct extent *out, u32 max)
{
	const struct pkt *pkt = ctx;

	if (!max)
		return 0;
	out[0] = (struct extent){
		.base = ptr_to_u64(pkt->data_meta),
		.size_bytes = (u64)(pkt->data_end - pkt->data_meta),
		.kind = EXTENT_PACKET,
		.perm = EXTENT_READ | EXTENT_WRITE,
		.name = "packet",
		.index = -1,
	};
	return 1;
}

/* bpf_internal_load_pointer_neg_helper, and skb_header_pointer for what is not negative. */
static const u8 *pkt_packet_at(const void *ctx, s32 off, u32 size_bytes)
{
	const struct pkt *pkt = ctx;
	const u8 *base = pkt->data;
	s64 at = off;

	if (off < 0) {
		bool net = off >= -0x100000; /* SKF_NET_OFF; SKF_LL_OFF lies below */

		base = net ? pkt->net : pkt->mac;
		at = (s64)off + (net ? 0x100000 : 0x200000);
		if (!base || at < 0)
			return NULL;
	}
	if (at > pkt->data_end - base || size_bytes > (u64)(pkt->data_end - base - at))
		return NULL;
	return base + at;
}

static const struct ctx_class class_xdp = {
	.name = "xdp_md",
	.size_bytes = 24,
	.fields = xdp_fields,
	.field_cnt = ARRAY_SIZE(xdp_fields),
	.extents = pkt_extents,
};

static const struct ctx_class class_xdp_devmap = {
	.name = "xdp_md",
	.size_bytes = 24,
	.fields = xdp_devmap_fields,
	.field_cnt = ARRAY_SIZE(xdp_devmap_fields),
	.extents = pkt_extents,
};

/*
 * A socket filter has no direct access, but its LD_ABS and LD_IND read these bytes. It can form no
 * pointer into them, since data and data_end give it no rights.
 */
static const struct ctx_class class_filter = {
	.name = "__sk_buff",
	.size_bytes = 192,
	.fields = filter_fields,
	.field_cnt = ARRAY_SIZE(filter_fields),
	.extents = pkt_extents,
	.packet_at = pkt_packet_at,
};

static const struct ctx_class class_cls = {
	.name = "__sk_buff",
	.size_bytes = 192,
	.fields = cls_fields,
	.field_cnt = ARRAY_SIZE(cls_fields),
	.extents = pkt_extents,
	.packet_at = pkt_packet_at,
};

const struct ctx_class *pkt_ctx_class(enum prog_type type, u32 expected_attach_type)
{
	if (type == PROG_TYPE_XDP)
		return expected_attach_type == ATTACH_XDP_DEVMAP ? &class_xdp_devmap : &class_xdp;
	if (type == PROG_TYPE_SCHED_CLS || type == PROG_TYPE_SCHED_ACT)
		return &class_cls;
	return type == PROG_TYPE_SOCKET_FILTER ? &class_filter : NULL;
}
