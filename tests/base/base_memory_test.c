/* SPDX-License-Identifier: BSD-2-Clause */
/* Arenas, pages and memfds, hashes, random numbers, clocks. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/pages.h"
#include "base/process_scratch.h"
#include "base/rand.h"
#include "tests/oom.h"
#include "tests/tap.h"

static void test_arena(void)
{
	struct arena a = { 0 };
	bool aligned = true, zeroed = true;
	u8 *p;

	for (u32 i = 0; i < 3000; i++) {
		p = arena_alloc(&a, i % 97);
		aligned = aligned && p && ptr_to_u64(p) % 16 == 0;
		for (u32 k = 0; k < i % 97; k++)
			zeroed = zeroed && p[k] == 0;
		memset(p, 0xff, i % 97);
	}
	tap_ok(aligned, "3000 blocks, aligned to 16 bytes");
	tap_ok(zeroed, "zeroed, and none overlaps an earlier one");
	tap_ok(arena_alloc(&a, 5 << 20) != NULL, "a block larger than any chunk");
	tap_ok(arena_alloc_array(&a, SIZE_MAX / 2, 3) == NULL, "an array that overflows: NULL");
	arena_fini(&a);
	tap_str(arena_dup(&a, "again", 6), "again", "usable after its end");
	arena_fini(&a);
	mem_piecewise_set(true);
	mem_fail_nth(2);
	tap_ok(arena_alloc(&a, 8) && !arena_alloc(&a, 8), "each piece may fail where it is wanted");
	tap_ok(arena_alloc(&a, 8) && mem_fail_nth(0) == 3, "and is an allocation");
	mem_piecewise_set(false);
	arena_fini(&a);
}

static u64 sum(const u8 *p, u32 bytes)
{
	u64 n = 0;

	for (u32 i = 0; p && i < bytes; i++)
		n += p[i];
	return n;
}

/* Chunks that the process keeps hold what was in them before; arenas do not show it. */
static void test_scratch(void)
{
	const u32 bytes = 100000;
	void *blocks[4];
	bool fresh[4], own = true;

	for (u32 round = 0; round < 3; round++) {
		struct arena zeroed = { 0 }, dirty = { .dirty = true };
		u8 *p = arena_alloc(&zeroed, bytes), *q = arena_zalloc_array(&dirty, bytes, 1);
		u8 *more = arena_alloc(&dirty, bytes);

		tap_ok(p && q && more && !sum(p, bytes) && !sum(q, bytes), "round %u: zeroed",
		       round);
		memset(p, 0xff, bytes);
		memset(q, 0xff, bytes);
		memset(more, 0xff, bytes);
		arena_fini(&zeroed);
		arena_fini(&dirty);
	}
	for (u32 i = 0; i < 4; i++) {
		blocks[i] = process_scratch_take(&fresh[i]);
		for (u32 k = 0; k < i; k++)
			own = own && blocks[i] != blocks[k];
	}
	tap_ok(own && !fresh[0] && !fresh[1], "two blocks were kept, each has one owner");
	tap_ok(fresh[2] && fresh[3] && !sum(blocks[3], PROCESS_SCRATCH_BYTES),
	       "others are fresh, and zeroed");
	for (u32 i = 0; i < 4; i++)
		process_scratch_give(blocks[i]);
}

static void test_pages(void)
{
	u8 *small = pages_new(100), *big = pages_new(5 << 20);
	void *shared = NULL;
	int fd = pages_memfd_new("skep-test", 5000, &shared);

	tap_ok(small && small[0] == 0 && small[4095] == 0, "one zeroed page");
	tap_ok(big && big[(5 << 20) - 1] == 0 && ptr_to_u64(big) % (2 << 20) == 0,
	       "big ones are aligned for huge pages");
	tap_ok(fd >= 0 && shared, "a memfd and its mapping");
	tap_ok(ftruncate(fd, 0) < 0 && ftruncate(fd, 1 << 20) < 0, "sealed in size");
	((u8 *)shared)[1] = 7;
	tap_eq(pages_memfd_seal_writes(fd, shared, 5000), 0, "sealed against writing");
	tap_ok(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED,
	       "no writable mapping any more");
	tap_ok(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED, "a readable one");
	tap_eq(((u8 *)shared)[1], 7, "contents stay");
	tap_ok(pages_new(UINT64_MAX) == NULL, "a size that overflows: NULL");
	pages_free(small, 100);
	pages_free(big, 5 << 20);
	pages_free(shared, 5000);
	close(fd);
}

/* Keys that differ little must spread over both ends of the hash: tables use both. */
static void test_hash(void)
{
	static u32 low[1024], high[1024];
	u32 worst = 0;
	u8 key[24] = { 0 };

	for (u32 len = 4; len <= 24; len += 4) {
		memset(low, 0, sizeof(low));
		memset(high, 0, sizeof(high));
		for (u32 i = 0; i < 64 * 1024; i++) {
			u64 h;

			store_u32(key + len - 4, i << 8);
			h = hash_key(key, len, 12345);
			low[h & 1023]++;
			high[h >> 54]++;
		}
		for (u32 i = 0; i < 1024; i++)
			worst = MAX(worst, MAX(low[i], high[i]));
	}
	tap_ok(worst < 64 + 64, "64 k keys in 1024 cells of 64: fullest %u", worst);
	tap_ok(hash_key(key, 8, 1) != hash_key(key, 8, 2), "the seed matters");
}

static void test_rand_and_clock(void)
{
	u64 a[4], b[4], mono = clock_mono_ns();
	u32 seen = 0;

	rand_seed(a, 7);
	rand_seed(b, 7);
	tap_eq(rand_next(a), rand_next(b), "one seed, one sequence");
	for (u32 i = 0; i < 1000; i++)
		seen |= 1u << rand_below(a, 10);
	tap_eq(seen, 0x3ff, "rand_below reaches all of its range and no more");
	tap_ok(rand_system_u64() != rand_system_u64(), "the system's are different");
	tap_ok(clock_mono_ns() >= mono && clock_boot_ns() >= mono, "clocks go forward");
	tap_ok(clock_real_ns() > 1600000000ull * 1000000000ull, "it is after 2020");
}

static int arena_round(void *arg)
{
	struct arena a = { 0 };
	bool ok = arena_alloc(&a, 10) && arena_alloc(&a, 9000) && arena_alloc(&a, 100000);
	void *p = ok ? pages_new(4096) : NULL;

	(void)arg;
	arena_fini(&a);
	pages_free(p, 4096);
	return p ? 0 : -ENOMEM;
}

int main(void)
{
	test_arena();
	test_scratch();
	test_pages();
	test_hash();
	test_rand_and_clock();
	oom_sweep(arena_round, NULL, "arena and pages");
	return tap_done();
}
