/* SPDX-License-Identifier: BSD-2-Clause */
/* The numbers that AArch64 forms are tried with: all of few, else classes and edges. */
#include "tests/jit/arm64_enc_form.h"

#include <stdlib.h>

#define RANDOM_CNT 256u

static int compare_u64(const void *a, const void *b)
{
	const u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

/* Straight from the definition: each run of ones, in each element, in each rotation. */
static u32 masks_make(u64 *out, u32 width)
{
	u32 cnt = 0, kept = 0;

	for (u32 size = 2; size <= width; size *= 2) {
		for (u32 ones = 1; ones < size; ones++) {
			for (u32 rot = 0; rot < size; rot++) {
				u64 v = 0;

				for (u32 bit = 0; bit < width; bit++) {
					if ((bit + rot) % size < ones)
						v |= 1ULL << bit;
				}
				out[cnt++] = v;
			}
		}
	}
	qsort(out, cnt, sizeof(*out), compare_u64);
	for (u32 i = 0; i < cnt; i++) {
		if (!i || out[i] != out[kept - 1])
			out[kept++] = out[i];
	}
	return kept;
}

const u64 *enc_masks(bool w, u32 *cnt)
{
	static u64 masks[2][5500];
	static u32 cnts[2];

	if (!cnts[w])
		cnts[w] = masks_make(masks[w], w ? 64 : 32);
	*cnt = cnts[w];
	return masks[w];
}

static u64 mix(u64 v)
{
	v = (v ^ v >> 31) * 0x9e3779b97f4a7c15ULL;
	return v ^ v >> 29;
}

/* Signed numbers of @bits: all of them when they are few, else powers of two, +-1, and some. */
static u32 signed_size(u32 bits)
{
	return bits <= 9 ? 1u << bits : 4 * bits + RANDOM_CNT;
}

static s64 signed_get(u32 bits, u32 k)
{
	const u64 power = 1ULL << (k / 4 % bits);
	u64 v;

	if (bits <= 9)
		v = k;
	else if (k >= 4 * bits)
		v = mix(k);
	else
		v = (const u64[]){ power, power - 1, -power, -power - 1 }[k % 4];
	return (s64)(v << (64 - bits)) >> (64 - bits);
}

static u32 offset_bits(enum enc_domain domain)
{
	switch ((int)domain) {
	case ENC_OFF9:
		return 9;
	case ENC_OFF7_4:
	case ENC_OFF7_8:
		return 7;
	case ENC_OFF26:
		return 26;
	case ENC_OFF19:
		return 19;
	case ENC_OFF14:
		return 14;
	default:
		return 21;
	}
}

static s64 offset_scale(enum enc_domain domain)
{
	switch ((int)domain) {
	case ENC_OFF7_8:
		return 8;
	case ENC_OFF9:
	case ENC_ADR:
		return 1;
	case ENC_ADRP:
		return 4096;
	default:
		return 4;
	}
}

u32 enc_domain_size(enum enc_domain domain, bool w)
{
	const u32 width = w ? 64 : 32;
	u32 cnt;

	switch (domain) {
	case ENC_NONE:
		return 1;
	case ENC_SHIFT3:
		return 3 * width;
	case ENC_SHIFT4:
		return 4 * width;
	case ENC_EXTEND:
		return 8 * 5;
	case ENC_ADDIMM:
		return 4096 + 4095;
	case ENC_MASK:
		enc_masks(w, &cnt);
		return cnt;
	case ENC_HALF:
		return (16 * 4 + RANDOM_CNT) * width / 16;
	case ENC_BITS:
		return width * width;
	case ENC_AMOUNT:
		return width;
	case ENC_FIELD:
		return width * (width + 1) / 2;
	case ENC_COND:
		return 16;
	case ENC_FLAGS:
		return 16 * 16;
	case ENC_FLAGS5:
		return 32 * 16 * 16;
	case ENC_OFF12_1:
	case ENC_OFF12_2:
	case ENC_OFF12_4:
	case ENC_OFF12_8:
		return 4096;
	case ENC_INDEX_1:
	case ENC_INDEX_2:
	case ENC_INDEX_4:
	case ENC_INDEX_8:
		return 8;
	case ENC_SIZE:
		return 4;
	case ENC_ORDER:
		return 16;
	case ENC_IMM16:
		return 4096;
	case ENC_OFF14:
	case ENC_OFF9:
	case ENC_OFF7_4:
	case ENC_OFF7_8:
	case ENC_OFF26:
	case ENC_OFF19:
	case ENC_ADR:
	case ENC_ADRP:
		return signed_size(offset_bits(domain)) * (domain == ENC_OFF14 ? 64 : 1);
	}
	return 0;
}

static void get_field(u32 k, struct enc_args *args)
{
	u32 lsb = 0, room = args->w ? 64 : 32;

	for (; k >= room; room--, lsb++)
		k -= room;
	args->i = lsb;
	args->j = k + 1;
}

static void get_half(u32 k, struct enc_args *args)
{
	const u32 halves = args->w ? 4 : 2, at = k / halves;
	const u64 power = 1ULL << (at / 4 % 16);

	args->j = k % halves;
	if (at >= 16 * 4)
		args->i = mix(at) & 0xffff;
	else
		args->i = (const u64[]){ power, power - 1, ~power, -power }[at % 4] & 0xffff;
}

static void get_offset(enum enc_domain domain, u32 k, struct enc_args *args)
{
	const u32 bits = offset_bits(domain);

	args->c = k % 16;
	if (domain == ENC_OFF14) {
		args->j = k % 64;
		args->w = args->j >= 32;
		k /= 64;
	}
	args->i = (u64)(signed_get(bits, k) * offset_scale(domain));
}

static void get_index(u32 log2, u32 k, struct enc_args *args)
{
	args->i = (const u64[]){ 2, 3, 6, 7 }[k % 4];
	args->j = k < 4 ? 16 : log2;
}

void enc_domain_get(enum enc_domain domain, u32 k, struct enc_args *args)
{
	const u32 width = args->w ? 64 : 32;
	u32 cnt;

	switch (domain) {
	case ENC_NONE:
		break;
	case ENC_SHIFT3:
	case ENC_SHIFT4:
	case ENC_BITS:
		args->i = k / width;
		args->j = k % width;
		break;
	case ENC_EXTEND:
		args->i = k / 5;
		args->j = k % 5;
		break;
	case ENC_ADDIMM:
		args->i = k < 4096 ? k : (k - 4095) << 12;
		break;
	case ENC_MASK:
		args->i = enc_masks(args->w, &cnt)[k];
		break;
	case ENC_HALF:
		get_half(k, args);
		break;
	case ENC_AMOUNT:
		args->i = k;
		break;
	case ENC_FIELD:
		get_field(k, args);
		break;
	case ENC_COND:
	case ENC_FLAGS:
	case ENC_FLAGS5:
		args->c = k % 16;
		args->j = k / 16 % 16;
		args->i = k / 256;
		break;
	case ENC_OFF12_1 ... ENC_OFF12_8:
		args->i = (u64)k << (domain - ENC_OFF12_1);
		break;
	case ENC_INDEX_1 ... ENC_INDEX_8:
		get_index((u32)(domain - ENC_INDEX_1), k, args);
		break;
	case ENC_SIZE:
	case ENC_ORDER:
		args->i = k % 4;
		args->j = k / 4;
		args->w = k % 4 == 3;
		break;
	case ENC_IMM16:
		args->i = k < 256 ? k : mix(k) & 0xffff;
		break;
	case ENC_OFF9:
	case ENC_OFF7_4:
	case ENC_OFF7_8:
	case ENC_OFF26:
	case ENC_OFF19:
	case ENC_OFF14:
	case ENC_ADR:
	case ENC_ADRP:
		get_offset(domain, k, args);
		break;
	}
}
