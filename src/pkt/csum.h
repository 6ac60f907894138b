/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Internet checksum (RFC 1071) and its incremental update (RFC 1624). Sums are 32-bit ones'
 * complement numbers over 16-bit words taken in host order from memory: that order does not matter
 * as long as nobody mixes, so nothing here swaps bytes. Names are the kernel's.
 */
#ifndef SKEP_PKT_CSUM_H
#define SKEP_PKT_CSUM_H

#include "base/types.h"

struct pkt;

static inline u32 csum_add(u32 sum, u32 addend)
{
	sum += addend;
	return sum + (sum < addend);
}

static inline u32 csum_sub(u32 sum, u32 addend)
{
	return csum_add(sum, ~addend);
}

/* The same sum in 16 bits, not complemented. */
static inline u16 csum_from32to16(u32 sum)
{
	sum = (sum >> 16) + (sum & 0xffff);
	return (u16)(sum + (sum >> 16));
}

/* What stands in a header: folded and complemented. */
static inline u16 csum_fold(u32 sum)
{
	return (u16)~csum_from32to16(sum);
}

/* Adds @len bytes to @sum; an odd last byte counts as the first half of a word. */
u32 csum_partial(const void *data, size_t len, u32 sum);

/* Updates the field @sum (any alignment) for a change of @from into @to, or by a sum's @diff. */
void csum_replace4(void *sum, u32 from, u32 to);
void csum_replace_by_diff(void *sum, u32 diff);

/* Finishes a half-made sum (csum_start), for outputs that do not (skb_checksum_help). */
void pkt_csum_complete(struct pkt *pkt);

#endif
