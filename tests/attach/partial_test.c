/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checksums that their sender left to the device: a program that rewrites an address must leave
 * such a packet so that, completed, it is the packet that it would have made of a complete one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "helper/packet.h"
#include "pkt/csum.h"
#include "pkt/pkt.h"
#include "tests/tap.h"

#define IP_OFF	   14u
#define TCP_OFF	   34u
#define SUM_OFF	   16u /* in the TCP header */
#define PSEUDO_HDR 0x10u
#define ROUNDS	   2000u

static u64 state = 7;

static u32 rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (u32)(state >> 16);
}

/* The sum over the pseudo header: addresses, protocol, TCP's length. */
static u32 pseudo_sum(const struct pkt *pkt)
{
	u32 len = pkt_caplen(pkt) - TCP_OFF;
	u8 rest[4] = { 0, 6, (u8)(len >> 8), (u8)len };

	return csum_partial(rest, 4, csum_partial(pkt->data + IP_OFF + 12, 8, 0));
}

static void rewrite(struct pkt *pkt, u32 addr, u16 port)
{
	u8 *ip = pkt->data + IP_OFF, *tcp = pkt->data + TCP_OFF;
	u64 r1 = ptr_to_u64(pkt), at = TCP_OFF + SUM_OFF;

	helper_l4_csum_replace(r1, at, load_u32(ip + 16), addr, PSEUDO_HDR | 4, NULL);
	helper_l4_csum_replace(r1, at, load_u16(tcp + 2), port, 2, NULL);
	store_u32(ip + 16, addr);
	store_u16(tcp + 2, port);
}

/* All words with the pseudo header and the checksum give all ones, in either form of zero. */
static bool sum_right(const struct pkt *pkt)
{
	u32 sum = csum_partial(pkt->data + TCP_OFF, pkt_caplen(pkt) - TCP_OFF, pseudo_sum(pkt));
	u16 folded = csum_from32to16(sum);

	return folded == 0xffff || folded == 0;
}

int main(void)
{
	u32 round, i, wrong_whole = 0, wrong_partial = 0, differ = 0;
	struct pkt whole, partial;

	if (pkt_init(&whole, 2000) || pkt_init(&partial, 2000))
		abort();
	for (round = 0; round < ROUNDS; round++) {
		u32 len = TCP_OFF + 20 + rnd() % 1400, addr = rnd();
		u16 port = (u16)rnd();

		if (pkt_load_room(&whole, len, len))
			abort();
		for (i = 0; i < len; i++)
			whole.data[i] = (u8)rnd();
		store_u16(whole.data + TCP_OFF + SUM_OFF, 0);
		if (pkt_copy(&partial, &whole))
			abort();
		store_u16(whole.data + TCP_OFF + SUM_OFF,
			  csum_fold(csum_partial(whole.data + TCP_OFF, len - TCP_OFF,
						 pseudo_sum(&whole))));
		partial.csum_start = partial.data + TCP_OFF;
		partial.csum_off = SUM_OFF;
		store_u16(partial.data + TCP_OFF + SUM_OFF, csum_from32to16(pseudo_sum(&partial)));
		rewrite(&whole, addr, port);
		rewrite(&partial, addr, port);
		pkt_csum_complete(&partial);
		wrong_whole += !sum_right(&whole);
		wrong_partial += !sum_right(&partial);
		/* 0 and 0xffff are the same sum: completing yields the latter. */
		if (load_u16(whole.data + TCP_OFF + SUM_OFF))
			differ += memcmp(whole.data, partial.data, len) != 0;
	}
	tap_eq(wrong_whole, 0, "a rewritten packet has a right checksum");
	tap_eq(wrong_partial, 0, "so has one whose checksum was left to the device");
	tap_eq(differ, 0, "and they are the same packet");
	pkt_fini(&whole);
	pkt_fini(&partial);
	return tap_done();
}
