/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checksum helpers: bpf_csum_diff, bpf_l3_csum_replace, bpf_l4_csum_replace, bpf_csum_update and
 * bpf_csum_level of net/core/filter.c. Our packets carry no hardware checksum, so they begin as
 * CHECKSUM_NONE, or as CHECKSUM_PARTIAL when their sender left the sum to the device.
 */
#include "base/bytes.h"
#include "base/err.h"
#include "helper/packet.h"
#include "pkt/csum.h"
#include "pkt/pkt.h"

#define F_FIELD_MASK	 0x0fu /* BPF_F_HDR_FIELD_MASK: width of the changed field */
#define F_PSEUDO_HDR	 0x10u
#define F_MARK_MANGLED_0 0x20u
#define F_MARK_ENFORCE	 0x40u
#define F_IPV6		 0x80u
#define L4_FLAGS	 (F_FIELD_MASK | F_PSEUDO_HDR | F_MARK_MANGLED_0 | F_MARK_ENFORCE | F_IPV6)
#define CSUM_MANGLED_0	 0xffffu
#define CSUM_FIELD_BYTES 2u
#define OFF_MAX		 0xffffu
#define SKB_MAX_CSUM_LEVEL 3u

enum csum_level { LEVEL_QUERY, LEVEL_INC, LEVEL_DEC, LEVEL_RESET };

HELPER_FN(csum_diff)
{
	u32 from_size = (u32)r2, to_size = (u32)r4, seed = (u32)r5;
	u32 sum;

	if (from_size && to_size)
		sum = csum_sub(csum_partial(u64_to_ptr(r3), to_size, seed),
			       csum_partial(u64_to_ptr(r1), from_size, 0));
	else if (to_size)
		sum = csum_partial(u64_to_ptr(r3), to_size, seed);
	else if (from_size)
		sum = ~csum_partial(u64_to_ptr(r1), from_size, ~seed);
	else
		sum = seed;
	return csum_from32to16(sum);
}

HELPER_FN(csum_update)
{
	return helper_err(-ENOTSUPP); /* never CHECKSUM_COMPLETE */
}

/* __skb_incr_checksum_unnecessary and its brothers, on csum_valid = csum_level + 1. */
HELPER_FN(csum_level)
{
	struct pkt *pkt = helper_pkt(r1);

	switch (r2) {
	case LEVEL_QUERY:
		return pkt->csum_valid ? pkt->csum_valid - 1u : helper_err(-EACCES);
	case LEVEL_INC:
		if (!pkt->csum_start && pkt->csum_valid <= SKB_MAX_CSUM_LEVEL)
			pkt->csum_valid++;
		return 0;
	case LEVEL_DEC:
		if (pkt->csum_valid)
			pkt->csum_valid--;
		return 0;
	case LEVEL_RESET:
		pkt->csum_valid = 0;
		return 0;
	}
	return helper_err(-EINVAL);
}

/* The checksum field at @off: bpf_try_make_writable and the checks in front of it. */
static u8 *csum_field(const struct pkt *pkt, u32 off)
{
	if (off > OFF_MAX || off & 1 || off + CSUM_FIELD_BYTES > pkt_caplen(pkt))
		return NULL;
	return pkt->data + off;
}

/* csum_replace2 of include/net/checksum.h: 16-bit arithmetic, so that 0 stays apart from 0xffff. */
static void csum_replace2(u8 *sum, u16 from, u16 to)
{
	u32 acc = (u16)~load_u16(sum);
	u16 folded;

	acc += (u16)~from;
	folded = (u16)((acc & 0xffff) + (acc >> 16));
	acc = (u32)folded + to;
	folded = (u16)((acc & 0xffff) + (acc >> 16));
	store_u16(sum, (u16)~folded);
}

HELPER_FN(l3_csum_replace)
{
	u8 *sum;

	if (r5 & ~(u64)F_FIELD_MASK)
		return helper_err(-EINVAL);
	sum = csum_field(helper_pkt(r1), (u32)r2);
	if (!sum)
		return helper_err(-EFAULT);
	switch (r5) {
	case 0: /* r4 is a difference of sums, as csum_diff returns it */
		if (r3)
			return helper_err(-EINVAL);
		csum_replace_by_diff(sum, (u32)r4);
		return 0;
	case 2:
		csum_replace2(sum, (u16)r3, (u16)r4);
		return 0;
	case 4:
		csum_replace4(sum, (u32)r3, (u32)r4);
		return 0;
	}
	return helper_err(-EINVAL);
}

/* inet_proto_csum_replace4 and _by_diff, which also know half-made sums. */
static void l4_replace(const struct pkt *pkt, u8 *sum, u32 from, u32 to, bool pseudo)
{
	u32 acc;

	if (!pkt->csum_start) {
		csum_replace4(sum, from, to);
	} else if (pseudo) {
		acc = csum_sub(load_u16(sum), from);
		store_u16(sum, csum_from32to16(csum_add(acc, to)));
	}
}

static void l4_replace_by_diff(const struct pkt *pkt, u8 *sum, u32 diff, bool pseudo)
{
	if (!pkt->csum_start)
		csum_replace_by_diff(sum, diff);
	else if (pseudo)
		store_u16(sum, csum_from32to16(csum_add(diff, load_u16(sum))));
}

HELPER_FN(l4_csum_replace)
{
	const struct pkt *pkt = helper_pkt(r1);
	bool pseudo = r5 & F_PSEUDO_HDR;
	u8 *sum;

	if (r5 & ~(u64)L4_FLAGS)
		return helper_err(-EINVAL);
	sum = csum_field(pkt, (u32)r2);
	if (!sum)
		return helper_err(-EFAULT);
	if (r5 & F_MARK_MANGLED_0 && !(r5 & F_MARK_ENFORCE) && !load_u16(sum))
		return 0; /* UDP without a checksum stays without */
	switch (r5 & F_FIELD_MASK) {
	case 0:
		if (r3)
			return helper_err(-EINVAL);
		l4_replace_by_diff(pkt, sum, (u32)r4, pseudo);
		break;
	case 2:
		l4_replace(pkt, sum, (u16)r3, (u16)r4, pseudo);
		break;
	case 4:
		l4_replace(pkt, sum, (u32)r3, (u32)r4, pseudo);
		break;
	default:
		return helper_err(-EINVAL);
	}
	if (r5 & F_MARK_MANGLED_0 && !load_u16(sum))
		store_u16(sum, CSUM_MANGLED_0);
	return 0;
}
