/* SPDX-License-Identifier: BSD-2-Clause */
/* Sums eight bytes at a time: carries gather in the upper half and are folded in once. */
#include "pkt/csum.h"

#include "base/bytes.h"
#include "pkt/pkt.h"

u32 csum_partial(const void *data, size_t len, u32 sum)
{
	const u8 *p = data;
	u64 acc = sum;

	for (; len >= 8; p += 8, len -= 8) {
		u64 word = load_u64(p);

		acc += word;
		acc += acc < word;
	}
	if (len >= 4) {
		u64 word = load_u32(p);

		acc += word;
		acc += acc < word;
		p += 4;
		len -= 4;
	}
	if (len >= 2) {
		u64 word = load_u16(p);

		acc += word;
		acc += acc < word;
		p += 2;
		len -= 2;
	}
	if (len) {
		u64 word = HOST_BIG_ENDIAN ? (u64)*p << 8 : *p;

		acc += word;
		acc += acc < word;
	}
	return csum_add((u32)acc, (u32)(acc >> 32));
}

void csum_replace4(void *sum, u32 from, u32 to)
{
	u32 acc = csum_sub(~(u32)load_u16(sum), from);

	store_u16(sum, csum_fold(csum_add(acc, to)));
}

void csum_replace_by_diff(void *sum, u32 diff)
{
	store_u16(sum, csum_fold(csum_add(diff, ~(u32)load_u16(sum))));
}

void pkt_csum_complete(struct pkt *pkt)
{
	u8 *start = pkt->csum_start;
	u16 sum;

	pkt->csum_start = NULL;
	if (!start || start < pkt->data || start + pkt->csum_off + 2 > pkt->data_end)
		return;
	sum = csum_fold(csum_partial(start, (size_t)(pkt->data_end - start), 0));
	store_u16(start + pkt->csum_off, sum ? sum : 0xffff);
}
