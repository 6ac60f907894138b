/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads from a packet view, netlink attributes, and the view's context class.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "isa/cbpf/cbpf.h"
#include "isa/cbpf/view.h"

const u8 *cbpf_view_at(const struct cbpf_view *view, s32 off, u32 size_bytes)
{
	s64 at = off;

	/* bpf_skb_load_helper_convert_offset */
	if (off < 0 && off >= (s32)CBPF_OFF_NET)
		at = (s64)off - (s32)CBPF_OFF_NET + view->net_off_bytes;
	else if (off < 0 && off >= (s32)CBPF_OFF_LL)
		at = (s64)off - (s32)CBPF_OFF_LL + view->mac_off_bytes;
	else if (off < 0)
		return NULL;
	if (at < -(s64)view->headroom_bytes || at + size_bytes > view->captured_bytes)
		return NULL;
	return view->data + at;
}

s64 cbpf_view_load(const struct cbpf_view *view, s32 off, u32 size_bytes)
{
	const u8 *p = cbpf_view_at(view, off, size_bytes);

	if (!p)
		return -EFAULT;
	switch (size_bytes) {
	case 1:
		return *p;
	case 2:
		return load_be16(p);
	default:
		return load_be32(p);
	}
}

/* struct nlattr: u16 length with header, u16 type whose two top bits are flags; host order. */
#define NLATTR_BYTES	 4u
#define NLATTR_TYPE_MASK 0x3fffu

/* nla_find over [at, end): offset of the attribute, 0 when absent or malformed before it. */
static u32 nlattr_find(const u8 *data, u32 at, u32 end, u32 type)
{
	while (end - at >= NLATTR_BYTES) {
		u32 len = load_u16(data + at);
		u32 step;

		if (len < NLATTR_BYTES || len > end - at)
			return 0;
		if ((load_u16(data + at + 2) & NLATTR_TYPE_MASK) == type)
			return at;
		step = (len + 3) & ~3u;
		if (step > end - at)
			return 0;
		at += step;
	}
	return 0;
}

u32 cbpf_view_nlattr(const struct cbpf_view *view, u32 a, u32 type)
{
	u32 len = view->captured_bytes;

	if (len < NLATTR_BYTES || a > len - NLATTR_BYTES)
		return 0;
	return nlattr_find(view->data, a, len, type);
}

u32 cbpf_view_nlattr_nest(const struct cbpf_view *view, u32 a, u32 type)
{
	u32 len = view->captured_bytes, attr_len;

	if (len < NLATTR_BYTES || a > len - NLATTR_BYTES)
		return 0;
	attr_len = load_u16(view->data + a);
	if (attr_len < NLATTR_BYTES || attr_len > len - a)
		return 0;
	return nlattr_find(view->data, a + NLATTR_BYTES, a + attr_len, type);
}

/* splitmix64: one addition of state, full period. */
u32 cbpf_view_random(struct cbpf_view *view)
{
	u64 z = view->rand_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (u32)((z ^ z >> 31) >> 16);
}
