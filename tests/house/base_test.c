/* SPDX-License-Identifier: BSD-2-Clause */
/* Floor 0: growing text, sizes that wrap, byte order, and every allocation failing once. */
#include "tests/tap.h"

#include "base/bits.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/extent.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/oom.h"

static void test_bits(void)
{
	u64 res;

	tap_ok(!is_pow2(0) && is_pow2(1) && !is_pow2(3) && is_pow2(1ULL << 63), "powers of two");
	tap_eq(pow2_roundup(0), 1, "round 0 up to a power of two");
	tap_eq(pow2_roundup(33), 64, "round 33 up to a power of two");
	tap_eq(pow2_roundup((1ULL << 63) + 1), 0, "2^63 + 1 has no power of two above it");
	tap_eq(align_up(13, 8), 16, "align 13 to 8");
	tap_eq(ilog2_u64(4097), 12, "log2 of 4097");
	tap_ok(mul_overflow_u64(1ULL << 33, 1ULL << 31, &res), "product that wraps");
	tap_ok(add_overflow_u64(~0ULL, 1, &res), "sum that wraps");
}

static void test_bytes(void)
{
	u8 raw[8] = {1, 2, 3, 4, 5, 6, 7, 8};

	tap_eq(load_be16(raw), 0x0102, "big-endian load of 16 bits");
	tap_eq(load_le32(raw), 0x04030201, "little-endian load of 32 bits");
	tap_eq(load_be64(raw + 0), 0x0102030405060708ULL, "big-endian load of 64 bits");
	store_be32(raw + 1, 0xa1b2c3d4);
	tap_ok(raw[1] == 0xa1 && raw[4] == 0xd4 && raw[5] == 6, "big-endian store, unaligned");
	store_le16(raw, 0x1122);
	tap_eq(load_sized(raw, 1), 0x22, "load of one byte");
	store_sized(raw, 8, 0x8877665544332211ULL);
	tap_eq(load_sized(raw, 8), 0x8877665544332211ULL, "store and load of 64 bits");
}

static void test_extent(void)
{
	struct extent e = {.base = 0x1000, .size_bytes = 16};

	tap_ok(extent_holds(&e, 0x1000, 16), "the whole extent");
	tap_ok(!extent_holds(&e, 0x1000, 17), "one byte past its end");
	tap_ok(!extent_holds(&e, 0xfff, 1), "one byte before it");
	tap_ok(!extent_holds(&e, 0x1008, ~0ULL), "a size that wraps round (uBPF 230, 720)");
	tap_ok(!extent_holds(&e, ~0ULL, 2), "an address that wraps round");
}

static void test_str(void)
{
	struct str s = STR_INIT;

	str_addf(&s, "%d-%s", 7, "seven");
	tap_str(str_c(&s), "7-seven", "formatted text");
	str_reset(&s);
	str_add(&s, "ab");
	str_pad(&s, 5);
	str_add_char(&s, '|');
	tap_str(str_c(&s), "ab   |", "padding to a column");
	str_reset(&s);
	str_add_json(&s, "q\"\\\n\x01\xff\xc3\xa9");
	tap_str(str_c(&s), "\"q\\\"\\\\\\n\\u0001\\ufffd\xc3\xa9\"", "JSON string");
	for (int i = 0; i < 1000; i++)
		str_addf(&s, "%d ", i);
	tap_ok(!s.failed && s.len > 3000, "growth");
	str_fini(&s);
}

static void test_mem(void)
{
	void *p = mem_zalloc_array(SIZE_MAX / 2, 3);

	tap_ok(!p, "an array whose size wraps");
	mem_free(p);
	mem_free(NULL);
	mem_fail_nth(2);
	p = mem_alloc(8);
	void *q = mem_alloc(8);

	tap_ok(p && !q, "the second allocation fails, once");
	mem_free(q);
	q = mem_dup("abc", 4);
	tap_ok(q && !strcmp(q, "abc"), "the third does not");
	tap_eq(mem_fail_nth(0), 3, "allocations are counted");
	mem_free(p);
	mem_free(q);
}

static int round_str(void *arg)
{
	struct str s = STR_INIT;
	int err;

	(void)arg;
	for (int i = 0; i < 100; i++)
		str_addf(&s, "line %d of a text that has to grow\n", i);
	err = s.failed ? -ENOMEM : 0;
	str_fini(&s);
	return err;
}

int main(void)
{
	test_bits();
	test_bytes();
	test_extent();
	test_str();
	test_mem();
	oom_sweep(round_str, NULL, "str");
	return tap_done();
}
