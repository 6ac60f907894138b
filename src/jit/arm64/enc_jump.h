/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AArch64 branches, addresses relative to the instruction, and system instructions, as words.
 * Distances are in bytes from the instruction itself; callers ask the _fits functions first.
 */
#ifndef SKEP_JIT_ARM64_ENC_JUMP_H
#define SKEP_JIT_ARM64_ENC_JUMP_H

#include "jit/arm64/enc.h"

/* Whether a distance in bytes fits: b and bl; b.cond, cbz, cbnz; tbz, tbnz. */
static always_inline bool a64_off26_fits(s64 off)
{
	return !(off & 3) && off >= -(1LL << 27) && off < 1LL << 27;
}

static always_inline bool a64_off19_fits(s64 off)
{
	return !(off & 3) && off >= -(1LL << 20) && off < 1LL << 20;
}

static always_inline bool a64_off14_fits(s64 off)
{
	return !(off & 3) && off >= -(1LL << 15) && off < 1LL << 15;
}

static always_inline u32 a64_b(s64 off)
{
	assert(a64_off26_fits(off));
	return 0x14000000 | ((u32)(off >> 2) & 0x3ffffff);
}

static always_inline u32 a64_bl(s64 off)
{
	assert(a64_off26_fits(off));
	return 0x94000000 | ((u32)(off >> 2) & 0x3ffffff);
}

static always_inline u32 a64_bcond(u32 cond, s64 off)
{
	assert(cond <= 15 && a64_off19_fits(off));
	return 0x54000000 | ((u32)(off >> 2) & 0x7ffff) << 5 | cond;
}

static always_inline u32 a64_cbz(bool w, u32 rt, s64 off)
{
	assert(a64_off19_fits(off));
	return 0x34000000 | a64_w(w) | ((u32)(off >> 2) & 0x7ffff) << 5 | rt;
}

static always_inline u32 a64_cbnz(bool w, u32 rt, s64 off)
{
	assert(a64_off19_fits(off));
	return 0x35000000 | a64_w(w) | ((u32)(off >> 2) & 0x7ffff) << 5 | rt;
}

/* Bit @bit, 0 to 63. */
static always_inline u32 a64_tbz(u32 rt, u32 bit, s64 off)
{
	assert(bit < 64 && a64_off14_fits(off));
	return 0x36000000 | bit >> 5 << 31 | (bit & 31) << 19 | ((u32)(off >> 2) & 0x3fff) << 5 |
	       rt;
}

static always_inline u32 a64_tbnz(u32 rt, u32 bit, s64 off)
{
	return a64_tbz(rt, bit, off) | 0x01000000;
}

static always_inline u32 a64_br(u32 rn)
{
	return 0xd61f0000 | rn << 5;
}

static always_inline u32 a64_blr(u32 rn)
{
	return 0xd63f0000 | rn << 5;
}

static always_inline u32 a64_ret(u32 rn)
{
	return 0xd65f0000 | rn << 5;
}

/* rd = the address of this word + @off, within 1 MiB. */
static always_inline u32 a64_adr(u32 rd, s64 off)
{
	assert(off >= -(1LL << 20) && off < 1LL << 20);
	return 0x10000000 | ((u32)off & 3) << 29 | ((u32)(off >> 2) & 0x7ffff) << 5 | rd;
}

/* rd = the page (4 KiB) of this word + @off, a multiple of 4096 within 4 GiB. */
static always_inline u32 a64_adrp(u32 rd, s64 off)
{
	assert(!(off & 4095) && off >= -(1LL << 32) && off < 1LL << 32);
	return 0x90000000 | ((u32)(off >> 12) & 3) << 29 | ((u32)(off >> 14) & 0x7ffff) << 5 | rd;
}

/* System instructions that are one word each. */
#define A64_NOP       0xd503201fu
#define A64_CSDB      0xd503229fu
#define A64_PACIASP   0xd503233fu
#define A64_AUTIASP   0xd50323bfu
#define A64_BTI_C     0xd503245fu /* bl, blr and br x16, x17 may land here */
#define A64_BTI_J     0xd503249fu /* br may land here */
#define A64_BTI_JC    0xd50324dfu
#define A64_DMB_ISHLD 0xd50339bfu
#define A64_DMB_ISHST 0xd5033abfu
#define A64_DMB_ISH   0xd5033bbfu
#define A64_DSB_ISH   0xd5033b9fu
#define A64_DSB_SY    0xd5033f9fu
#define A64_ISB       0xd5033fdfu
#define A64_SB        0xd50330ffu

static always_inline u32 a64_brk(u32 imm16)
{
	assert(imm16 <= 0xffff);
	return 0xd4200000 | imm16 << 5;
}

static always_inline u32 a64_udf(u32 imm16)
{
	assert(imm16 <= 0xffff);
	return imm16;
}

static always_inline u32 a64_mrs_cntvct(u32 rt)
{
	return 0xd53be040 | rt;
}

static always_inline u32 a64_mrs_cntfrq(u32 rt)
{
	return 0xd53be000 | rt;
}

#endif
