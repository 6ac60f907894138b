/* SPDX-License-Identifier: BSD-2-Clause */
/* Which numbers logic takes as an immediate, and the shortest way to any 64-bit number. */
#include "jit/arm64/enc.h"

/*
 * An immediate is an element of 2, 4… 64 bits that holds a run of ones, rotated, repeated over the
 * register. immr is by how much the run was rotated to the right; imms is its length less one,
 * below ones that say how small the element is.
 */
bool a64_mask_fits(bool w, u64 v, u32 *mask)
{
	u32 size = 64, ones, immr;
	u64 element, run;

	if (!w)
		v = (u64)(u32)v << 32 | (u32)v;
	if (!v || !~v)
		return false;
	while (size > 2 && !((v ^ v >> size / 2) & ((1ULL << size / 2) - 1)))
		size /= 2;
	element = v & ~0ULL >> (64 - size);
	ones = (u32)__builtin_popcountll(element);
	/* A run at bit 0 may go on at the top: what is there says how far it was rotated. */
	if (element & 1)
		immr = ones - (u32)__builtin_ctzll(~element);
	else
		immr = size - (u32)__builtin_ctzll(element);
	run = ~0ULL >> (64 - ones);
	if (immr)
		run = (run >> immr | run << (size - immr)) & ~0ULL >> (64 - size);
	if (run != element)
		return false;
	*mask = (u32)(size == 64) << 22 | immr << 16 | ((-size * 2 & 0x3f) | (ones - 1)) << 10;
	return true;
}

static u32 half_of(u64 v, u32 half)
{
	return (u32)(v >> (16 * half)) & 0xffff;
}

static u64 with_half(u64 v, u32 half, u32 to)
{
	return (v & ~(0xffffULL << (16 * half))) | (u64)to << (16 * half);
}

/*
 * A mask that agrees with @v in all halves but those in @free. What it has there is all zeros, all
 * ones, or equal to one of the others: a run of ones that ends inside a free half can
 * as well end at its border, and shorter elements repeat in halves.
 */
static bool mask_with_free(u64 v, u32 free, u32 *mask)
{
	const u32 first = (u32)__builtin_ctz(free), second = 31u - (u32)__builtin_clz(free);
	u32 fills[5] = { 0, 0xffff }, fill_cnt = 2;

	for (u32 half = 0; half < 4; half++) {
		if (!(free >> half & 1))
			fills[fill_cnt++] = half_of(v, half);
	}
	for (u32 i = 0; i < fill_cnt; i++) {
		const u64 one = with_half(v, first, fills[i]);

		if (first == second && a64_mask_fits(true, one, mask))
			return true;
		for (u32 j = 0; first != second && j < fill_cnt; j++) {
			if (a64_mask_fits(true, with_half(one, second, fills[j]), mask))
				return true;
		}
	}
	return false;
}

/* Words that make @v from @base: all zeros (movz), all ones, 32 ones (movn of either width). */
static u32 wide_cnt(u64 v, u64 base)
{
	u32 cnt = 0;

	for (u32 half = 0; half < 4; half++)
		cnt += half_of(v, half) != half_of(base, half);
	/* The first word sets one of them, if it is not one of those that the 32-bit form lacks. */
	if (base == 0xffffffff && half_of(v, 0) == 0xffff && half_of(v, 1) == 0xffff)
		cnt++;
	return cnt ? cnt : 1;
}

static u32 mov_wide(u32 rd, u64 v, u64 base, u32 words[4])
{
	const bool w = base != 0xffffffff;
	u32 cnt = 1, first = 0;

	while (first < (w ? 3 : 1) && half_of(v, first) == half_of(base, first))
		first++;
	if (base)
		words[0] = a64_movn(w, rd, half_of(v, first) ^ 0xffff, first);
	else
		words[0] = a64_movz(w, rd, half_of(v, first), first);
	for (u32 half = 0; half < 4; half++) {
		if (half != first && half_of(v, half) != half_of(base, half))
			words[cnt++] = a64_movk(true, rd, half_of(v, half), half);
	}
	return cnt;
}

/* orr with a mask, then a movk for each half in @free. */
static u32 mov_mask(u32 rd, u64 v, u32 mask, u32 free, u32 words[4])
{
	u32 cnt = 0;

	words[cnt++] = a64_orr_imm(true, rd, A64_ZR, mask);
	for (u32 half = 0; half < 4; half++) {
		if (free >> half & 1)
			words[cnt++] = a64_movk(true, rd, half_of(v, half), half);
	}
	return cnt;
}

/* orr of 32 bits, then a movk if the upper half of @v is not 0: one of its halves is. */
static u32 mov_mask32(u32 rd, u64 v, u32 mask, u32 words[4])
{
	const u32 half = half_of(v, 3) ? 3 : 2;

	words[0] = a64_orr_imm(false, rd, A64_ZR, mask);
	words[1] = a64_movk(true, rd, half_of(v, half), half);
	return v >> 32 ? 2 : 1;
}

u32 a64_mov_imm_words(u32 rd, u64 v, u32 words[4])
{
	static const u64 bases[] = { 0, ~0ULL, 0xffffffff };
	static const u8 free_two[] = { 3, 5, 6, 9, 10, 12 };
	u32 best = 0, best_cnt = 5, mask;

	assert(rd < 31);
	for (u32 i = 0; i < ARRAY_SIZE(bases) && best_cnt > 1; i++) {
		const u32 cnt = wide_cnt(v, bases[i]);

		if (cnt < best_cnt) {
			best_cnt = cnt;
			best = i;
		}
	}
	if (best_cnt > 1 && a64_mask_fits(true, v, &mask))
		return mov_mask(rd, v, mask, 0, words);
	/* The 32-bit form leaves zeros above, and perhaps one half to be set there. */
	if (best_cnt > (v >> 32 ? 2 : 1) && wide_cnt(v >> 32, 0) == 1 &&
	    a64_mask_fits(false, v, &mask))
		return mov_mask32(rd, v, mask, words);
	for (u32 half = 0; best_cnt > 2 && half < 4; half++) {
		if (mask_with_free(v, 1u << half, &mask))
			return mov_mask(rd, v, mask, 1u << half, words);
	}
	for (u32 i = 0; best_cnt > 3 && i < ARRAY_SIZE(free_two); i++) {
		if (mask_with_free(v, free_two[i], &mask))
			return mov_mask(rd, v, mask, free_two[i], words);
	}
	return mov_wide(rd, v, bases[best], words);
}

void a64_mov_imm(struct jit_buf *b, u32 rd, u64 v)
{
	u32 words[4];
	const u32 cnt = a64_mov_imm_words(rd, v, words);

	for (u32 i = 0; i < cnt; i++)
		a64_put(b, words[i]);
}
