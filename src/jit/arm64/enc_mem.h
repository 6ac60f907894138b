/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AArch64 loads, stores and atomics as words. rt is what is loaded or stored (31 is zr), rn the
 * base (31 is sp). @op of plain accesses says width and kind (A64_LDRB…); that of atomics has the
 * size ored in.
 */
#ifndef SKEP_JIT_ARM64_ENC_MEM_H
#define SKEP_JIT_ARM64_ENC_MEM_H

#include "jit/arm64/enc.h"

/* Sizes of accesses, as the bits that all words below hold them in. */
#define A64_8  0u
#define A64_16 (1u << 30)
#define A64_32 (2u << 30)
#define A64_64 (3u << 30)

/* Plain accesses: size and direction; loads of less than a register extend by 0 or (S) the sign. */
#define A64_STRB   A64_8
#define A64_STRH   A64_16
#define A64_STRW   A64_32
#define A64_STRX   A64_64
#define A64_LDRB   (A64_8 | 1u << 22)
#define A64_LDRH   (A64_16 | 1u << 22)
#define A64_LDRW   (A64_32 | 1u << 22)
#define A64_LDRX   (A64_64 | 1u << 22)
#define A64_LDRSB  (A64_8 | 2u << 22) /* to 64 bits */
#define A64_LDRSH  (A64_16 | 2u << 22)
#define A64_LDRSW  (A64_32 | 2u << 22)
#define A64_LDRSBW (A64_8 | 3u << 22) /* to 32 bits */
#define A64_LDRSHW (A64_16 | 3u << 22)

/* Whether [rn + off] is one word: 12 bits of units of the size; 9 bits, signed, of bytes. */
static always_inline bool a64_off12_fits(u32 op, s64 off)
{
	return off >= 0 && !(off & ((1LL << (op >> 30)) - 1)) && off >> (op >> 30) <= 0xfff;
}

static always_inline bool a64_off9_fits(s64 off)
{
	return off >= -256 && off <= 255;
}

/* [rn + off], by a64_off12_fits(). */
static always_inline u32 a64_mem(u32 op, u32 rt, u32 rn, s64 off)
{
	assert(a64_off12_fits(op, off));
	return 0x39000000 | op | (u32)(off >> (op >> 30)) << 10 | rn << 5 | rt;
}

/* [rn + off], by a64_off9_fits(): ldur, stur. */
static always_inline u32 a64_mem_unscaled(u32 op, u32 rt, u32 rn, s64 off)
{
	assert(a64_off9_fits(off));
	return 0x38000000 | op | ((u32)off & 0x1ff) << 12 | rn << 5 | rt;
}

/* [rn + off], rn += off before or after: a64_off9_fits(). */
static always_inline u32 a64_mem_pre(u32 op, u32 rt, u32 rn, s64 off)
{
	return a64_mem_unscaled(op, rt, rn, off) | 0xc00;
}

static always_inline u32 a64_mem_post(u32 op, u32 rt, u32 rn, s64 off)
{
	return a64_mem_unscaled(op, rt, rn, off) | 0x400;
}

/* [rn + rm], @index says how rm is taken: A64_IDX_LSL, A64_IDX_UXTW_S… */
static always_inline u32 a64_mem_reg(u32 op, u32 rt, u32 rn, u32 rm, u32 index)
{
	return 0x38200800 | op | index | a64_dnm(rt, rn, rm);
}

/*
 * Two registers at [rn + off]: @op is A64_STP or A64_LDP with A64_PAIR_PRE… and the address of the
 * second lies above that of the first. 7 bits, signed, of units of 8 (4) bytes.
 */
#define A64_STPW      0x28000000u
#define A64_LDPW      0x28400000u
#define A64_STPX      0xa8000000u
#define A64_LDPX      0xa8400000u
#define A64_PAIR_POST (1u << 23)
#define A64_PAIR_OFF  (2u << 23)
#define A64_PAIR_PRE  (3u << 23)

static always_inline u32 a64_pair(u32 op, u32 rt, u32 rt2, u32 rn, s64 off)
{
	const u32 shift = op >> 31 ? 3 : 2;

	assert(op & A64_PAIR_PRE);
	assert(!(off & ((1LL << shift) - 1)) && off >> shift >= -64 && off >> shift <= 63);
	return op | ((u32)(off >> shift) & 0x7f) << 15 | rt2 << 10 | rn << 5 | rt;
}

/* Load-acquire, store-release, at [rn]. */
static always_inline u32 a64_ldar(u32 size, u32 rt, u32 rn)
{
	return 0x08dffc00 | size | rn << 5 | rt;
}

static always_inline u32 a64_stlr(u32 size, u32 rt, u32 rn)
{
	return 0x089ffc00 | size | rn << 5 | rt;
}

/* Exclusive accesses at [rn]; rs becomes 0 when the store happened, and is neither rt nor rn. */
static always_inline u32 a64_ldxr(u32 size, u32 rt, u32 rn)
{
	return 0x085f7c00 | size | rn << 5 | rt;
}

static always_inline u32 a64_ldaxr(u32 size, u32 rt, u32 rn)
{
	return 0x085ffc00 | size | rn << 5 | rt;
}

static always_inline u32 a64_stxr(u32 size, u32 rs, u32 rt, u32 rn)
{
	return 0x08007c00 | size | a64_dnm(rt, rn, rs);
}

static always_inline u32 a64_stlxr(u32 size, u32 rs, u32 rt, u32 rn)
{
	return 0x0800fc00 | size | a64_dnm(rt, rn, rs);
}

/*
 * FEAT_LSE: rt = the old [rn]; [rn] = old op rs. @op: one of these, a size, and A64_ACQ, A64_REL
 * or both; rt 31 is the st* alias, which must not have A64_ACQ.
 */
#define A64_LDADD 0x38200000u
#define A64_LDCLR 0x38201000u /* old & ~rs */
#define A64_LDEOR 0x38202000u
#define A64_LDSET 0x38203000u /* old | rs */
#define A64_SWP   0x38208000u
#define A64_ACQ   (1u << 23)
#define A64_REL   (1u << 22)

static always_inline u32 a64_lse(u32 op, u32 rs, u32 rt, u32 rn)
{
	return op | a64_dnm(rt, rn, rs);
}

static always_inline u32 a64_lse_st(u32 op, u32 rs, u32 rn)
{
	assert(!(op & A64_ACQ));
	return op | a64_dnm(A64_ZR, rn, rs);
}

/* FEAT_LSE: old = [rn]; if old == rs, [rn] = rt; rs = old. @order: A64_ACQ, A64_REL, both, 0. */
static always_inline u32 a64_cas(u32 size, u32 order, u32 rs, u32 rt, u32 rn)
{
	return 0x08a07c00 | size | (order & A64_ACQ) >> 1 | (order & A64_REL) >> 7 |
	       a64_dnm(rt, rn, rs);
}

#endif
