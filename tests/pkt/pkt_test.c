/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packet's buffer, checksums against a plain definition, VLAN tags in and out, flow hashes,
 * and every allocation failing once. Runs on big-endian hosts too.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "pkt/csum.h"
#include "pkt/dev.h"
#include "pkt/flow.h"
#include "pkt/pkt.h"
#include "tests/oom.h"
#include "tests/tap.h"

static u64 state = 42;

static u32 rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (u32)(state >> 16);
}

/* RFC 1071 as it is written: big-endian words, one by one. */
static u16 plain_sum(const u8 *p, size_t len)
{
	u64 sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (u64)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)sum;
}

static void check_csum(void)
{
	u8 buf[300], *at;
	u32 round, wrong = 0, wrong_update = 0, i;

	for (round = 0; round < 3000; round++) {
		u32 len = rnd() % 256, off = rnd() % 8, cut = len ? rnd() % len & ~1u : 0;
		u16 want, got, sum;

		for (i = 0; i < sizeof(buf); i++)
			buf[i] = round % 7 ? (u8)rnd() : 0xff;
		at = buf + off;
		want = plain_sum(at, len);
		got = be_to_host16(csum_from32to16(csum_partial(at, len, 0)));
		/* In two parts, and 0 is the same number as 0xffff. */
		wrong += got != want && !((got | want) == 0xffff && !(got & want));
		got = be_to_host16(csum_from32to16(
			csum_partial(at + cut, len - cut, csum_partial(at, cut, 0))));
		wrong += got != want && !((got | want) == 0xffff && !(got & want));
		if (len < 40)
			continue;
		/* A field that holds the sum of all, updated for a changed word. */
		len &= ~1u;
		store_u16(at + 10, 0);
		sum = csum_fold(csum_partial(at, len, 0));
		store_u16(at + 10, sum);
		i = rnd();
		csum_replace4(at + 10, load_u32(at + 20), i);
		store_u32(at + 20, i);
		got = csum_from32to16(csum_partial(at, len, 0));
		wrong_update += got != 0xffff && got != 0;
	}
	tap_eq(wrong, 0, "csum_partial is the Internet checksum");
	tap_eq(wrong_update, 0, "csum_replace4 keeps a checksum right");
}

static void check_load(void)
{
	struct pkt pkt;
	u8 bytes[5000];
	u8 *buf;
	u32 len;

	memset(bytes, 0xa5, sizeof(bytes));
	if (pkt_init(&pkt, 100))
		abort();
	tap_ok(!pkt_load(&pkt, bytes, 64, 1500), "a truncated packet loads");
	tap_eq(pkt_caplen(&pkt), 64, "captured length");
	tap_eq(pkt.len, 1500, "length on the wire");
	tap_eq(pkt.data - pkt.hard_start, PKT_HEAD_ROOM, "head room");
	tap_eq(pkt.hard_end - pkt.hard_start, PKT_FRAME_BYTES - PKT_TAIL_RESERVED, "frame");
	tap_eq(pkt_metalen(&pkt), 0, "no metadata");
	tap_eq(pkt_load(&pkt, bytes, 64, 63), -EINVAL, "shorter on the wire than captured");
	tap_eq(pkt_load(&pkt, bytes, PKT_BYTES_MAX + 1, PKT_BYTES_MAX + 1), -EMSGSIZE, "too long");
	tap_ok(!pkt_load(&pkt, NULL, 0, 0) && pkt.data == pkt.data_end, "an empty packet");
	tap_ok(!pkt_load(&pkt, bytes, sizeof(bytes), sizeof(bytes)), "a jumbo packet grows it");
	buf = pkt.buf;
	for (len = 0; len < 5000; len += 100)
		if (pkt_load(&pkt, bytes, len, len) || pkt.buf != buf)
			break;
	tap_eq(len, 5000, "and nothing after that allocates");
	memset(pkt.hard_start, 0xee, PKT_HEAD_ROOM);
	tap_ok(!pkt_load(&pkt, bytes, 64, 64) && !pkt.hard_start[0] && !pkt.data[-1],
	       "head room holds nothing of the packet before");
	pkt.mark = 7;
	tap_ok(!pkt_load(&pkt, bytes, 64, 64) && !pkt.mark, "nor do fields");
	pkt_fini(&pkt);
	pkt_fini(&pkt);
}

static void check_reserve(void)
{
	u8 bytes[64];
	struct pkt pkt, copy;
	u32 i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)i;
	if (pkt_init(&pkt, 0) || pkt_init(&copy, 0) || pkt_load(&pkt, bytes, 64, 64))
		abort();
	pkt_parse_eth(&pkt);
	pkt.data_meta -= 8;
	memset(pkt.data_meta, 0x77, 8);
	pkt.csum_start = pkt.data + 34;
	tap_ok(!pkt_reserve(&pkt, 10000, 20000), "more room in front and behind");
	tap_ok(pkt.data_meta - pkt.hard_start >= 10000 && pkt.hard_end - pkt.data_end >= 20000,
	       "is there");
	tap_ok(!memcmp(pkt.data, bytes, 64) && pkt.data_meta[7] == 0x77, "the bytes came along");
	tap_ok(pkt.mac == pkt.data && pkt.net == pkt.data + 14 && pkt.csum_start == pkt.data + 34,
	       "and what points into them");
	tap_ok(!pkt_copy(&copy, &pkt), "a copy");
	memset(copy.buf, 0xee, copy.buf_bytes); /* as another packet would leave it */
	tap_ok(!pkt_copy(&copy, &pkt), "a copy into the same buffer");
	tap_ok(copy.buf[0] == 0 && copy.data_meta[-1] == 0,
	       "copy-head-room: nothing of the packet before in the copy's head room");
	tap_ok(copy.buf != pkt.buf && !memcmp(copy.data, bytes, 64) && pkt_metalen(&copy) == 8 &&
		       copy.csum_start == copy.data + 34 && copy.net == copy.data + 14,
	       "has its own bytes and the same fields");
	tap_eq(pkt_reserve(&pkt, PKT_BYTES_MAX + 1, 0), -ENOMEM, "room without end is refused");
	pkt_fini(&pkt);
	pkt_fini(&copy);
}

static void check_raw(void)
{
	static const u8 bytes[40] = { 0x60 };
	struct pkt pkt;

	if (pkt_init(&pkt, 0) || pkt_load(&pkt, bytes, 40, 40))
		abort();
	pkt_parse_raw(&pkt);
	tap_ok(be_to_host16(pkt.protocol) == 0x86dd && !pkt.mac && pkt.net == pkt.data,
	       "a packet without Ethernet header");
	pkt_fini(&pkt);
}

static void check_vlan(void)
{
	static const u8 tagged[64] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01,
		0x88, 0xa8, 0x60, 0x07, 0x81, 0x00, 0x00, 0x05, 0x08, 0x00,
	};
	struct pkt pkt;

	if (pkt_init(&pkt, 0) || pkt_load(&pkt, tagged, 64, 64))
		abort();
	pkt_parse_eth(&pkt);
	tap_eq(be_to_host16(pkt.protocol), 0x88a8, "an inline tag is the protocol");
	tap_eq(pkt.pkt_type, PKT_BROADCAST, "broadcast");
	pkt_vlan_untag(&pkt);
	tap_ok(pkt.vlan_present && pkt.vlan_tci == 0x6007, "the outer tag moves out");
	tap_eq(be_to_host16(pkt.vlan_proto), 0x88a8, "with its TPID");
	tap_eq(be_to_host16(pkt.protocol), 0x8100, "the inner tag stays");
	tap_ok(pkt_caplen(&pkt) == 60 && pkt.len == 60, "four bytes less");
	pkt_vlan_untag(&pkt);
	tap_ok(pkt_caplen(&pkt) == 60, "only one tag moves out");
	tap_ok(!pkt_vlan_tag(&pkt) && !memcmp(pkt.data, tagged, 64), "and back");
	tap_ok(pkt.data == pkt.hard_start + PKT_HEAD_ROOM && !pkt.vlan_present, "as it was");
	tap_ok(!pkt_load(&pkt, tagged, 17, 17), "a packet cut off in its tag");
	pkt_parse_eth(&pkt);
	pkt_vlan_untag(&pkt);
	tap_ok(!pkt.vlan_present && pkt_caplen(&pkt) == 17, "is left alone");
	tap_ok(!pkt_load(&pkt, tagged, 5, 64), "a packet cut off in its header");
	pkt_parse_eth(&pkt);
	tap_eq(pkt.protocol, 0, "has no protocol");
	pkt_fini(&pkt);
}

static u32 hash_of(const u8 *bytes, u32 len)
{
	struct pkt pkt;
	u32 hash;

	if (pkt_init(&pkt, 0) || pkt_load(&pkt, bytes, len, len))
		abort();
	pkt_parse_eth(&pkt);
	hash = pkt_flow_hash(&pkt);
	pkt_fini(&pkt);
	return hash;
}

static void check_hash(void)
{
	u8 a[64] = { [12] = 8, [14] = 0x45, [23] = 6, [26] = 10, [29] = 1, [30] = 10, [33] = 2,
		     [34] = 1, [36] = 0, [37] = 80 };
	u8 b[64];
	u32 len;

	memcpy(b, a, sizeof(b));
	memcpy(b + 26, a + 30, 4);
	memcpy(b + 30, a + 26, 4);
	memcpy(b + 34, a + 36, 2);
	memcpy(b + 36, a + 34, 2);
	tap_eq(hash_of(a, 64), hash_of(b, 64), "both directions of a flow hash alike");
	b[37]++;
	tap_ok(hash_of(a, 64) != hash_of(b, 64), "another port hashes elsewhere");
	a[21] = 1; /* a fragment: its ports are no ports */
	memcpy(b, a, sizeof(b));
	b[37]++;
	tap_eq(hash_of(a, 64), hash_of(b, 64), "fragments hash without ports");
	for (len = 0; len < 64; len++)
		if (!hash_of(a, len))
			break;
	tap_eq(len, 64, "never 0, however short");
}

static void check_complete(void)
{
	u8 bytes[60] = { 0 };
	struct pkt pkt;
	u32 i;

	for (i = 14; i < sizeof(bytes); i++)
		bytes[i] = (u8)(i * 3);
	if (pkt_init(&pkt, 0) || pkt_load(&pkt, bytes, 60, 60))
		abort();
	pkt.csum_start = pkt.data + 34;
	pkt.csum_off = 6;
	pkt_csum_complete(&pkt);
	tap_ok(!pkt.csum_start, "a completed checksum is no longer half-made");
	/* The field held the pseudo header's sum: with it, all words now give that sum again. */
	store_be16(pkt.data + 40, (u16)~load_be16(pkt.data + 40));
	i = plain_sum(bytes + 34, 26);
	tap_eq(load_be16(pkt.data + 40), i, "it is the sum of what it covers");
	pkt.csum_start = pkt.data + 59;
	pkt_csum_complete(&pkt);
	tap_ok(true, "a field outside the packet is left alone");
	pkt_fini(&pkt);
}

static void check_ifindex(void)
{
	u32 index = 0;

	tap_ok(!pkt_ifindex("17", &index) && index == 17, "a number is an interface");
	tap_eq(pkt_ifindex("0", &index), -ENODEV, "0 is none");
	tap_eq(pkt_ifindex("17x", &index), -ENODEV, "nor is this");
	tap_eq(pkt_ifindex("no-such-if", &index), -ENODEV, "nor this");
	tap_eq(pkt_ifindex("99999999999", &index), -ENODEV, "nor this, which is too large");
}

static int oom_round(void *arg)
{
	static const u8 bytes[6000];
	struct pkt pkt = { 0 }, copy = { 0 };
	int err = pkt_init(&pkt, 64);

	(void)arg;
	if (!err)
		err = pkt_init(&copy, 64);
	if (!err)
		err = pkt_load(&pkt, bytes, sizeof(bytes), sizeof(bytes));
	if (!err)
		err = pkt_reserve(&pkt, 9000, 9000);
	if (!err)
		err = pkt_copy(&copy, &pkt);
	pkt_fini(&pkt);
	pkt_fini(&copy);
	return err;
}

int main(void)
{
	check_csum();
	check_load();
	check_reserve();
	check_raw();
	check_vlan();
	check_hash();
	check_complete();
	check_ifindex();
	oom_sweep(oom_round, NULL, "packet");
	return tap_done();
}
