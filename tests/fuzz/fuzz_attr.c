/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A sequence of bpf(2) calls with any attrs on one instance. Words that look like a small marker
 * become descriptors that earlier calls returned, or addresses of our buffers; everything else
 * goes in as it is, bad addresses included. Nothing may crash, and all must be given back.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "skep/skep.h"
#include "tests/fuzz/fuzz.h"

#define ATTR_BYTES 168
#define CALL_BYTES (4 + ATTR_BYTES)
#define FDS_MAX	   16
#define MARK_FD	   0xfd00u /* + which */
#define MARK_PTR   0xfb00u /* + which; the next word is overwritten */

static u8 buffers[8][1 << 14];

static void resolve_marks(u8 *attr, const int *fds)
{
	for (u32 off = 0; off < ATTR_BYTES; off += 4) {
		u32 word = load_u32(attr + off);

		if ((word & ~0xfu) == MARK_FD)
			store_u32(attr + off, (u32)fds[word & 0xf]);
		else if ((word & ~7u) == MARK_PTR && off % 8 == 0)
			store_u64(attr + off, ptr_to_u64(buffers[word & 7]));
	}
}

/* Some calls would take long or much memory by themselves. */
static void tame(u32 cmd, u8 *attr)
{
	if (cmd == 0 && load_u32(attr + 12) > 4096)
		store_u32(attr + 12, load_u32(attr + 12) & 4095);
	if (cmd == 0 && load_u32(attr + 8) > 65536)
		store_u32(attr + 8, load_u32(attr + 8) & 0xffff);
	if (cmd == 10)
		store_u32(attr + 32, load_u32(attr + 32) & 7);
}

static bool returns_fd(u32 cmd)
{
	return cmd == 0 || cmd == 5 || cmd == 7 || (cmd >= 13 && cmd <= 14) || cmd == 18 ||
	       cmd == 19 || cmd == 28 || cmd == 30 || cmd == 32;
}

static void quiet(void *cookie, const char *text, size_t len)
{
	(void)cookie;
	(void)text;
	(void)len;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	const struct skep_opts opts = { .size = sizeof(opts), .trace = quiet, .cpus = 2,
					.guard_budget = 10000 };
	int fds[FDS_MAX];
	struct skep *skep;
	u32 fd_cnt = 0;

	memset(fds, 0xff, sizeof(fds));
	if (skep_new(&opts, &skep))
		return 0;
	for (; len >= CALL_BYTES; data += CALL_BYTES, len -= CALL_BYTES) {
		u32 cmd = data[0];
		u8 attr[ATTR_BYTES];
		long ret;

		memcpy(attr, data + 4, sizeof(attr));
		resolve_marks(attr, fds);
		tame(cmd, attr);
		ret = skep_bpf(skep, (int)cmd, attr, sizeof(attr));
		if (ret < 0 || !returns_fd(cmd))
			continue;
		fuzz_assert(fcntl((int)ret, F_GETFD) >= 0);
		if (fds[fd_cnt % FDS_MAX] >= 0)
			close(fds[fd_cnt % FDS_MAX]);
		fds[fd_cnt++ % FDS_MAX] = (int)ret;
	}
	for (u32 i = 0; i < FDS_MAX; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	skep_free(skep);
	return 0;
}

static void make_map_create(u64 *rng, u8 *attr)
{
	store_u32(attr, fuzz_below(rng, 34));
	store_u32(attr + 4, fuzz_below(rng, 4) ? 4 : fuzz_below(rng, 20));
	store_u32(attr + 8, fuzz_below(rng, 4) ? 4 : fuzz_below(rng, 40));
	store_u32(attr + 12, fuzz_below(rng, 6) ? 1 + fuzz_below(rng, 16) : 4096);
	store_u32(attr + 16, fuzz_below(rng, 3) ? 0 : 1u << fuzz_below(rng, 20));
	store_u32(attr + 20, MARK_FD + fuzz_below(rng, 4));
}

static void make_prog_load(u64 *rng, u8 *attr)
{
	static const u32 types[] = { 1, 3, 4, 6, 2, 8 };

	store_u32(attr, types[fuzz_below(rng, 6)]);
	store_u32(attr + 4, fuzz_below(rng, 6) ? 2 : fuzz_below(rng, 8));
	store_u64(attr + 8, MARK_PTR + fuzz_below(rng, 2));
	store_u64(attr + 16, MARK_PTR + 2);
	if (fuzz_below(rng, 3) == 0) {
		store_u32(attr + 24, 1 + fuzz_below(rng, 7));
		store_u32(attr + 28, fuzz_below(rng, 4096));
		store_u64(attr + 32, MARK_PTR + 3);
	}
}

/* Elements, batches, runs, info: a descriptor, some addresses, small numbers. */
static void make_other(u64 *rng, u8 *attr)
{
	for (u32 off = 0; off < 64; off += 8) {
		switch (fuzz_below(rng, 4)) {
		case 0:
			store_u64(attr + off, MARK_PTR + fuzz_below(rng, 8));
			break;
		case 1:
			store_u32(attr + off, fuzz_below(rng, 64));
			store_u32(attr + off + 4, MARK_FD + fuzz_below(rng, 8));
			break;
		case 2:
			store_u64(attr + off, fuzz_below(rng, 8) ? 0 : 8);
			break;
		default:
			store_u32(attr + off, fuzz_below(rng, 5) ? 0 : fuzz_below(rng, UINT32_MAX));
		}
	}
	if (fuzz_below(rng, 3))
		store_u32(attr, MARK_FD + fuzz_below(rng, 8));
	if (fuzz_below(rng, 4))
		memset(attr + 24 + fuzz_below(rng, 5) * 8, 0, 64);
}

size_t fuzz_make(u64 *rng, u8 *buf)
{
	u32 calls = 2 + fuzz_below(rng, 18);

	/* return 0; as the first program, two random words as the second, and a licence */
	memset(buffers[0], 0, 16);
	buffers[0][0] = 0xb7;
	buffers[0][8] = 0x95;
	for (u32 i = 0; i < 16; i++)
		buffers[1][i] = (u8)fuzz_below(rng, 256);
	memcpy(buffers[2], "GPL", 4);
	memset(buffers[4], 0, 64);
	memset(buf, 0, calls * CALL_BYTES);
	for (u32 i = 0; i < calls; i++) {
		u8 *call = buf + i * CALL_BYTES;

		call[0] = (u8)(fuzz_below(rng, 3) ? fuzz_below(rng, 39) : fuzz_below(rng, 2) * 5);
		if (call[0] == 0)
			make_map_create(rng, call + 4);
		else if (call[0] == 5)
			make_prog_load(rng, call + 4);
		else
			make_other(rng, call + 4);
	}
	return calls * CALL_BYTES;
}
