/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The context class of converted programs: fields at their offsets in struct __sk_buff, so that a
 * converted program looks as Linux would have it, and behind them the two that struct __sk_buff
 * lacks.
 */
#include "isa/cbpf/view.h"

/* Offsets in the UAPI's struct, from its rows. */
enum {
#define SKB_FIELD(name, off, size, value, member, ...) SKB_OFF_##name = (off),
#include "spec/ctx/sk_buff.def"
#undef SKB_FIELD
};

enum {
	OFF_HATYPE = CBPF_VIEW_OWN_FIELDS_OFF,
	OFF_CPU = OFF_HATYPE + 4,
	OFF_END = OFF_CPU + 4,
};

#define FIELD(field, field_off, member)                                                            \
	{ .name = #field,                                                                          \
	  .off = (field_off),                                                                      \
	  .size_bytes = 4,                                                                         \
	  .value = CTX_SCALAR,                                                                     \
	  .access = CTX_READ,                                                                      \
	  .member_off = offsetof(struct cbpf_view, member),                                        \
	  .member_size_bytes = sizeof(((struct cbpf_view *)0)->member) }
#define SKB(field, member) FIELD(field, SKB_OFF_##field, member)

static const struct ctx_field fields[] = {
	SKB(len, wire_bytes),
	SKB(pkt_type, pkt_type),
	SKB(mark, mark),
	SKB(queue_mapping, queue_mapping),
	SKB(protocol, protocol),
	SKB(vlan_present, vlan_present),
	SKB(vlan_tci, vlan_tci),
	SKB(vlan_proto, vlan_proto),
	SKB(ifindex, ifindex),
	SKB(hash, hash),
	FIELD(hatype, OFF_HATYPE, hatype),
	FIELD(cpu, OFF_CPU, cpu),
};

static u32 view_extents(const void *ctx, struct extent *out, u32 max)
{
	const struct cbpf_view *view = ctx;

	if (!max)
		return 0;
	out[0] = (struct extent){
		.base = ptr_to_u64(view->data),
		.size_bytes = view->captured_bytes,
		.kind = EXTENT_PACKET,
		.perm = EXTENT_READ,
		.name = "packet",
		.index = -1,
	};
	return 1;
}

static const u8 *view_packet_at(const void *ctx, s32 off, u32 size_bytes)
{
	return cbpf_view_at(ctx, off, size_bytes);
}

const struct ctx_class cbpf_view_class = {
	.name = "classic packet",
	.size_bytes = OFF_END,
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.extents = view_extents,
	.packet_at = view_packet_at,
};
