/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * a64_mov_imm(): what objdump reads of the words, computed, must be the number; and no shorter
 * sequence of the same kind may exist, by looking at all of them.
 *
 *	arm64_enc_mov_test [SHARE]      a SHARE-th of the numbers, where machines are emulated
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jit/arm64/enc.h"
#include "tests/jit/arm64_enc_form.h"
#include "tests/tap.h"

#define SHAPES_CNT 2000u

static u64 seed = 3;

static u64 next_random(void)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return seed >> 33 ^ seed << 20;
}

static u64 any_mask(void)
{
	u32 cnt;
	const u64 *masks = enc_masks(true, &cnt);

	return masks[next_random() % cnt];
}

/* Numbers of all kinds that programs hold: few different halves, masks, masks with spots, any. */
static u64 number(u32 k)
{
	static const u64 halves[] = { 0, 0xffff, 1, 0x8000, 0x5555, 0x00ff, 0x1234 };
	const u32 cnt = ARRAY_SIZE(halves);

	if (k < SHAPES_CNT + cnt * cnt * cnt * cnt && k >= SHAPES_CNT) {
		k -= SHAPES_CNT;
		return halves[k % cnt] | halves[k / cnt % cnt] << 16 |
		       halves[k / cnt / cnt % cnt] << 32 | halves[k / cnt / cnt / cnt] << 48;
	}
	if (k < 64 * 4)
		return (const u64[]){ 1ULL << k / 4, (1ULL << k / 4) - 1, -(1ULL << k / 4),
				      ~(1ULL << k / 4) }[k % 4];
	switch (k % 5) {
	case 0:
		return next_random();
	case 1:
		return any_mask();
	case 2:
		return any_mask() ^ next_random() % 65536 << 16 * (k % 4);
	case 3:
		return (u32)next_random();
	default:
		return any_mask() ^ next_random() % 65536 << 16 * (k % 4) ^
		       next_random() % 65536 << 16 * (k / 4 % 4);
	}
}

static u32 halves_differ(u64 a, u64 b)
{
	u32 cnt = 0;

	for (u32 half = 0; half < 4; half++)
		cnt += (u16)(a >> 16 * half) != (u16)(b >> 16 * half);
	return cnt;
}

/* One of movz, movn, orr, in both widths, then movk. */
static u32 fewest(u64 v)
{
	u32 best = 4, masks;

	for (u32 wide = 0; wide < 2; wide++) {
		const u64 *mask = enc_masks(wide, &masks);

		for (u32 i = 0; i < masks; i++)
			best = MIN(best, 1 + halves_differ(v, mask[i]));
	}
	for (u32 half = 0; half < 4; half++) {
		const u64 bits = v & 0xffffULL << 16 * half, flipped = ~v & 0xffffULL << 16 * half;

		best = MIN(best, 1 + halves_differ(v, bits));
		best = MIN(best, 1 + halves_differ(v, ~flipped));
		if (half < 2)
			best = MIN(best, 1 + halves_differ(v, (u32)~flipped));
	}
	return best;
}

/* One line of objdump on a register's value; false: none that a64_mov_imm() may use. */
static bool compute(const char *text, u32 reg, u64 *v)
{
	char op[8], width;
	u32 rd, shift = 0;
	u64 imm;

	if (sscanf(text, "orr\t%c%u, %*1[xw]zr, #%" SCNx64, &width, &rd, &imm) == 3) {
		*v = imm;
		return rd == reg;
	}
	if (sscanf(text, "%7s\t%c%u, #%" SCNx64 ", lsl #%u", op, &width, &rd, &imm, &shift) < 4)
		return false;
	if (rd != reg)
		return false;
	if (!strcmp(op, "movk"))
		*v = (*v & ~(0xffffULL << shift)) | imm << shift;
	else if (!strcmp(op, "movz") || !strcmp(op, "movn"))
		*v = op[3] == 'z' ? imm << shift : ~(imm << shift);
	else
		return false;
	if (width == 'w')
		*v = (u32)*v;
	return true;
}

static void compare(u32 cnt, const u8 *lens, const u64 *numbers, const char *path)
{
	struct enc_objdump dump;
	u32 wrong = 0, longer = 0;

	if (!tap_ok(enc_objdump_open(&dump, path, false), "objdump starts"))
		return;
	for (u32 k = 0; k < cnt; k++) {
		u64 v = 0x5a5a5a5a5a5a5a5aULL;
		bool ok = true;

		for (u32 i = 0; i < lens[k]; i++) {
			const char *text = enc_objdump_next(&dump);

			ok = ok && text && compute(text, k % 31, &v);
		}
		if ((!ok || v != numbers[k]) && wrong++ < 5)
			tap_diag("%" PRIx64 " became %" PRIx64, numbers[k], v);
		if (lens[k] > fewest(numbers[k]) && longer++ < 5)
			tap_diag("%" PRIx64 ": %u words, %u would do", numbers[k], lens[k],
				 fewest(numbers[k]));
	}
	tap_eq(wrong, 0, "%u numbers are what they should be", cnt);
	tap_eq(longer, 0, "by as few words as can be");
	tap_ok(!enc_objdump_next(&dump) && enc_objdump_close(&dump), "objdump is content");
}

int main(int argc, char **argv)
{
	const u32 cnt = 60000 / (argc > 1 ? (u32)strtoul(argv[1], NULL, 10) : 1);
	char path[] = "/tmp/skep-arm64-mov-XXXXXX";
	u64 *numbers = calloc(cnt, sizeof(*numbers));
	u8 *lens = calloc(cnt, 1);
	struct jit_buf made = { 0 };
	int fd;

	if (!enc_objdump_there())
		return tap_skip_all("no aarch64-linux-gnu-objdump here (tools/setup.sh check)");
	for (u32 k = 0; k < cnt; k++) {
		u32 before;

		jit_buf_room(&made);
		before = made.len;
		numbers[k] = number(k);
		a64_mov_imm(&made, k % 31, numbers[k]);
		lens[k] = (u8)((made.len - before) / 4);
	}
	fd = mkstemp(path);
	if (tap_ok(fd >= 0 && write(fd, made.p, made.len) == (ssize_t)made.len, "%u words",
		   made.len / 4))
		compare(cnt, lens, numbers, path);
	close(fd);
	unlink(path);
	jit_buf_fini(&made);
	free(numbers);
	free(lens);
	return tap_done();
}
