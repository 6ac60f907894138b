/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AArch64 instructions as words, by pure functions (Arm ARM, DDI 0487): integer operations here,
 * loads, stores and atomics in enc_mem.h, branches and system instructions in enc_jump.h.
 *
 * @w true is the 64-bit form. rd is written; rn, rm, ra are read. The suffixes say what the last
 * operand is: _rr a register, _sh a shifted one (A64_LSL(3)), _ext an extended one (A64_UXTW(0)),
 * _imm a number.
 *
 * Callers ask the _fits functions before they pass a number; what does not fit is a bug, asserted.
 */
#ifndef SKEP_JIT_ARM64_ENC_H
#define SKEP_JIT_ARM64_ENC_H

#include <assert.h>

#include "base/types.h"
#include "jit/arm64/regs.h"
#include "jit/buf.h"

static always_inline void a64_put(struct jit_buf *b, u32 word)
{
	jit_put32(b, word);
}

/* Fields that most words have. */
static always_inline u32 a64_w(bool w)
{
	return (u32)w << 31;
}

static always_inline u32 a64_dnm(u32 rd, u32 rn, u32 rm)
{
	return rm << 16 | rn << 5 | rd;
}

/* Arithmetic, _rr and _sh: 31 is zr everywhere; shifts LSL, LSR, ASR. */
#define A64_ADDSUB(name, op)                                                                       \
	static always_inline u32 a64_##name##_rr(bool w, u32 rd, u32 rn, u32 rm)                   \
	{                                                                                          \
		return (op) | a64_w(w) | a64_dnm(rd, rn, rm);                                      \
	}                                                                                          \
	static always_inline u32 a64_##name##_sh(bool w, u32 rd, u32 rn, u32 rm, u32 shift)        \
	{                                                                                          \
		assert((shift >> 22 & 3) < 3 && (shift >> 10 & 63) < (w ? 64 : 32));               \
		return (op) | a64_w(w) | shift | a64_dnm(rd, rn, rm);                              \
	}                                                                                          \
	/* rn 31 is sp; rd 31 is sp without, zr with flags; rm is an X register for ?XTX only. */  \
	static always_inline u32 a64_##name##_ext(bool w, u32 rd, u32 rn, u32 rm, u32 extend)      \
	{                                                                                          \
		assert((extend >> 10 & 7) <= 4);                                                   \
		return (op) | a64_w(w) | 1u << 21 | extend | a64_dnm(rd, rn, rm);                  \
	}                                                                                          \
	/* rn 31 is sp; rd 31 is sp without, zr with flags. @imm: a64_add_imm_fits(). */           \
	static always_inline u32 a64_##name##_imm(bool w, u32 rd, u32 rn, u32 imm)                 \
	{                                                                                          \
		const bool high = imm > 0xfff;                                                     \
                                                                                                   \
		assert(!high || !(imm & ~0xfff000u));                                              \
		return ((op) ^ 0x1a000000) | a64_w(w) | (u32)high << 22 |                          \
		       (high ? imm >> 12 : imm) << 10 | rn << 5 | rd;                              \
	}

A64_ADDSUB(add, 0x0b000000)
A64_ADDSUB(adds, 0x2b000000)
A64_ADDSUB(sub, 0x4b000000)
A64_ADDSUB(subs, 0x6b000000)
#undef A64_ADDSUB

/* 12 bits, or 12 bits and 12 zeros. */
static always_inline bool a64_add_imm_fits(u64 imm)
{
	return imm <= 0xfff || !(imm & ~0xfff000ULL);
}

static always_inline u32 a64_neg(bool w, u32 rd, u32 rm)
{
	return a64_sub_rr(w, rd, A64_ZR, rm);
}

static always_inline u32 a64_cmp_rr(bool w, u32 rn, u32 rm)
{
	return a64_subs_rr(w, A64_ZR, rn, rm);
}

static always_inline u32 a64_cmp_sh(bool w, u32 rn, u32 rm, u32 shift)
{
	return a64_subs_sh(w, A64_ZR, rn, rm, shift);
}

static always_inline u32 a64_cmp_ext(bool w, u32 rn, u32 rm, u32 extend)
{
	return a64_subs_ext(w, A64_ZR, rn, rm, extend);
}

static always_inline u32 a64_cmp_imm(bool w, u32 rn, u32 imm)
{
	return a64_subs_imm(w, A64_ZR, rn, imm);
}

static always_inline u32 a64_cmn_rr(bool w, u32 rn, u32 rm)
{
	return a64_adds_rr(w, A64_ZR, rn, rm);
}

static always_inline u32 a64_cmn_imm(bool w, u32 rn, u32 imm)
{
	return a64_adds_imm(w, A64_ZR, rn, imm);
}

/* To or from the stack pointer, which mov_rr cannot name. */
static always_inline u32 a64_mov_sp(u32 rd, u32 rn)
{
	return a64_add_imm(true, rd, rn, 0);
}

/* Logic, _rr and _sh: 31 is zr; all four shifts. */
#define A64_LOGIC(name, op)                                                                        \
	static always_inline u32 a64_##name##_rr(bool w, u32 rd, u32 rn, u32 rm)                   \
	{                                                                                          \
		return (op) | a64_w(w) | a64_dnm(rd, rn, rm);                                      \
	}                                                                                          \
	static always_inline u32 a64_##name##_sh(bool w, u32 rd, u32 rn, u32 rm, u32 shift)        \
	{                                                                                          \
		assert((shift >> 10 & 63) < (w ? 64 : 32));                                        \
		return (op) | a64_w(w) | shift | a64_dnm(rd, rn, rm);                              \
	}

A64_LOGIC(and, 0x0a000000)
A64_LOGIC(bic, 0x0a200000)
A64_LOGIC(orr, 0x2a000000)
A64_LOGIC(orn, 0x2a200000)
A64_LOGIC(eor, 0x4a000000)
A64_LOGIC(eon, 0x4a200000)
A64_LOGIC(ands, 0x6a000000)
A64_LOGIC(bics, 0x6a200000)
#undef A64_LOGIC

/*
 * Whether @v (of 32 bits when !@w: the upper half is not looked at) is one of the 5,334 or 1,302
 * numbers that logic takes as an immediate: a run of ones, rotated, repeated. *@mask is then
 * what the _imm functions take.
 */
bool a64_mask_fits(bool w, u64 v, u32 *mask) must_check;

/* rd 31 is sp, but zr for ands; rn 31 is zr. */
#define A64_LOGIC_IMM(name, op)                                                                    \
	static always_inline u32 a64_##name##_imm(bool w, u32 rd, u32 rn, u32 mask)                \
	{                                                                                          \
		return (op) | a64_w(w) | mask | rn << 5 | rd;                                      \
	}

A64_LOGIC_IMM(and, 0x12000000)
A64_LOGIC_IMM(orr, 0x32000000)
A64_LOGIC_IMM(eor, 0x52000000)
A64_LOGIC_IMM(ands, 0x72000000)
#undef A64_LOGIC_IMM

static always_inline u32 a64_mov_rr(bool w, u32 rd, u32 rm)
{
	return a64_orr_rr(w, rd, A64_ZR, rm);
}

static always_inline u32 a64_mvn(bool w, u32 rd, u32 rm)
{
	return a64_orn_rr(w, rd, A64_ZR, rm);
}

static always_inline u32 a64_tst_rr(bool w, u32 rn, u32 rm)
{
	return a64_ands_rr(w, A64_ZR, rn, rm);
}

static always_inline u32 a64_tst_imm(bool w, u32 rn, u32 mask)
{
	return a64_ands_imm(w, A64_ZR, rn, mask);
}

/* @half: which 16 bits; the others become 0 (movz), 1 (movn, all inverted) or stay (movk). */
#define A64_MOVW(name, op)                                                                         \
	static always_inline u32 a64_##name(bool w, u32 rd, u32 imm16, u32 half)                   \
	{                                                                                          \
		assert(imm16 <= 0xffff && half < (w ? 4 : 2));                                     \
		return (op) | a64_w(w) | half << 21 | imm16 << 5 | rd;                             \
	}

A64_MOVW(movn, 0x12800000)
A64_MOVW(movz, 0x52800000)
A64_MOVW(movk, 0x72800000)
#undef A64_MOVW

/*
 * The words that make rd = @v: the fewest of one movz, movn or orr with a mask, then movk's.
 * Returns how many, 1 to 4. @rd is not 31.
 */
u32 a64_mov_imm_words(u32 rd, u64 v, u32 words[4]);
void a64_mov_imm(struct jit_buf *b, u32 rd, u64 v);

/* Bit fields: immr and imms as in the manual. */
#define A64_BITFIELD(name, op)                                                                     \
	static always_inline u32 a64_##name(bool w, u32 rd, u32 rn, u32 immr, u32 imms)            \
	{                                                                                          \
		assert(immr < (w ? 64 : 32) && imms < (w ? 64 : 32));                              \
		return (op) | a64_w(w) | (u32)w << 22 | immr << 16 | imms << 10 | rn << 5 | rd;    \
	}

A64_BITFIELD(sbfm, 0x13000000)
A64_BITFIELD(bfm, 0x33000000)
A64_BITFIELD(ubfm, 0x53000000)
#undef A64_BITFIELD

/* The low bits of rn:rm from bit @lsb of rm on. */
static always_inline u32 a64_extr(bool w, u32 rd, u32 rn, u32 rm, u32 lsb)
{
	assert(lsb < (w ? 64 : 32));
	return 0x13800000 | a64_w(w) | (u32)w << 22 | lsb << 10 | a64_dnm(rd, rn, rm);
}

static always_inline u32 a64_lsl_imm(bool w, u32 rd, u32 rn, u32 n)
{
	const u32 top = w ? 63 : 31;

	assert(n <= top);
	return a64_ubfm(w, rd, rn, (top + 1 - n) & top, top - n);
}

static always_inline u32 a64_lsr_imm(bool w, u32 rd, u32 rn, u32 n)
{
	return a64_ubfm(w, rd, rn, n, w ? 63 : 31);
}

static always_inline u32 a64_asr_imm(bool w, u32 rd, u32 rn, u32 n)
{
	return a64_sbfm(w, rd, rn, n, w ? 63 : 31);
}

static always_inline u32 a64_ror_imm(bool w, u32 rd, u32 rn, u32 n)
{
	return a64_extr(w, rd, rn, rn, n);
}

static always_inline u32 a64_sxtb(bool w, u32 rd, u32 rn)
{
	return a64_sbfm(w, rd, rn, 0, 7);
}

static always_inline u32 a64_sxth(bool w, u32 rd, u32 rn)
{
	return a64_sbfm(w, rd, rn, 0, 15);
}

static always_inline u32 a64_sxtw(u32 rd, u32 rn)
{
	return a64_sbfm(true, rd, rn, 0, 31);
}

static always_inline u32 a64_uxtb(u32 rd, u32 rn)
{
	return a64_ubfm(false, rd, rn, 0, 7);
}

static always_inline u32 a64_uxth(u32 rd, u32 rn)
{
	return a64_ubfm(false, rd, rn, 0, 15);
}

/* @width bits of rn from bit @lsb on, with zeros or the sign above. */
static always_inline u32 a64_ubfx(bool w, u32 rd, u32 rn, u32 lsb, u32 width)
{
	assert(width && lsb + width <= (w ? 64 : 32));
	return a64_ubfm(w, rd, rn, lsb, lsb + width - 1);
}

static always_inline u32 a64_sbfx(bool w, u32 rd, u32 rn, u32 lsb, u32 width)
{
	assert(width && lsb + width <= (w ? 64 : 32));
	return a64_sbfm(w, rd, rn, lsb, lsb + width - 1);
}

/* The low @width bits of rn to bit @lsb of rd; what surrounds them stays (bfi), is 0 (ubfiz). */
static always_inline u32 a64_bfi(bool w, u32 rd, u32 rn, u32 lsb, u32 width)
{
	assert(width && lsb + width <= (w ? 64 : 32));
	return a64_bfm(w, rd, rn, -lsb & (w ? 63 : 31), width - 1);
}

static always_inline u32 a64_ubfiz(bool w, u32 rd, u32 rn, u32 lsb, u32 width)
{
	assert(width && lsb + width <= (w ? 64 : 32));
	return a64_ubfm(w, rd, rn, -lsb & (w ? 63 : 31), width - 1);
}

static always_inline u32 a64_sbfiz(bool w, u32 rd, u32 rn, u32 lsb, u32 width)
{
	assert(width && lsb + width <= (w ? 64 : 32));
	return a64_sbfm(w, rd, rn, -lsb & (w ? 63 : 31), width - 1);
}

static always_inline u32 a64_bfxil(bool w, u32 rd, u32 rn, u32 lsb, u32 width)
{
	assert(width && lsb + width <= (w ? 64 : 32));
	return a64_bfm(w, rd, rn, lsb, lsb + width - 1);
}

/* Two registers: shifts take the count modulo the width; x / 0 is 0, the lowest / -1 itself. */
#define A64_RR(name, op)                                                                           \
	static always_inline u32 a64_##name##_rr(bool w, u32 rd, u32 rn, u32 rm)                   \
	{                                                                                          \
		return (op) | a64_w(w) | a64_dnm(rd, rn, rm);                                      \
	}

A64_RR(udiv, 0x1ac00800)
A64_RR(sdiv, 0x1ac00c00)
A64_RR(lsl, 0x1ac02000)
A64_RR(lsr, 0x1ac02400)
A64_RR(asr, 0x1ac02800)
A64_RR(ror, 0x1ac02c00)
#undef A64_RR

static always_inline u32 a64_madd(bool w, u32 rd, u32 rn, u32 rm, u32 ra)
{
	return 0x1b000000 | a64_w(w) | ra << 10 | a64_dnm(rd, rn, rm);
}

/* ra - rn * rm */
static always_inline u32 a64_msub(bool w, u32 rd, u32 rn, u32 rm, u32 ra)
{
	return 0x1b008000 | a64_w(w) | ra << 10 | a64_dnm(rd, rn, rm);
}

static always_inline u32 a64_mul(bool w, u32 rd, u32 rn, u32 rm)
{
	return a64_madd(w, rd, rn, rm, A64_ZR);
}

static always_inline u32 a64_mneg(bool w, u32 rd, u32 rn, u32 rm)
{
	return a64_msub(w, rd, rn, rm, A64_ZR);
}

/* 64 bits from two of 32. */
static always_inline u32 a64_smull(u32 rd, u32 rn, u32 rm)
{
	return 0x9b207c00 | a64_dnm(rd, rn, rm);
}

static always_inline u32 a64_umull(u32 rd, u32 rn, u32 rm)
{
	return 0x9ba07c00 | a64_dnm(rd, rn, rm);
}

/* The upper half of 128 bits. */
static always_inline u32 a64_smulh(u32 rd, u32 rn, u32 rm)
{
	return 0x9b407c00 | a64_dnm(rd, rn, rm);
}

static always_inline u32 a64_umulh(u32 rd, u32 rn, u32 rm)
{
	return 0x9bc07c00 | a64_dnm(rd, rn, rm);
}

static always_inline u32 a64_rbit(bool w, u32 rd, u32 rn)
{
	return 0x5ac00000 | a64_w(w) | rn << 5 | rd;
}

/* Bytes swapped in each 16 bits, in each 32 (64-bit form only), in the whole. */
static always_inline u32 a64_rev16(bool w, u32 rd, u32 rn)
{
	return 0x5ac00400 | a64_w(w) | rn << 5 | rd;
}

static always_inline u32 a64_rev32(u32 rd, u32 rn)
{
	return 0xdac00800 | rn << 5 | rd;
}

static always_inline u32 a64_rev(bool w, u32 rd, u32 rn)
{
	return 0x5ac00800 | a64_w(w) | (u32)w << 10 | rn << 5 | rd;
}

static always_inline u32 a64_clz(bool w, u32 rd, u32 rn)
{
	return 0x5ac01000 | a64_w(w) | rn << 5 | rd;
}

/* rd = @cond ? rn : rm, rm + 1, ~rm, -rm */
#define A64_CSEL(name, op)                                                                         \
	static always_inline u32 a64_##name(bool w, u32 rd, u32 rn, u32 rm, u32 cond)              \
	{                                                                                          \
		assert(cond <= 15);                                                                \
		return (op) | a64_w(w) | cond << 12 | a64_dnm(rd, rn, rm);                         \
	}

A64_CSEL(csel, 0x1a800000)
A64_CSEL(csinc, 0x1a800400)
A64_CSEL(csinv, 0x5a800000)
A64_CSEL(csneg, 0x5a800400)
#undef A64_CSEL

/* rd = @cond ? 1 : 0; csetm: all ones or 0. Not for AL. */
static always_inline u32 a64_cset(bool w, u32 rd, u32 cond)
{
	assert(cond < A64_AL);
	return a64_csinc(w, rd, A64_ZR, A64_ZR, cond ^ 1);
}

static always_inline u32 a64_csetm(bool w, u32 rd, u32 cond)
{
	assert(cond < A64_AL);
	return a64_csinv(w, rd, A64_ZR, A64_ZR, cond ^ 1);
}

/* If @cond compares, else the flags become @nzcv (N 8, Z 4, C 2, V 1). */
static always_inline u32 a64_ccmp_rr(bool w, u32 rn, u32 rm, u32 nzcv, u32 cond)
{
	assert(nzcv <= 15 && cond <= 15);
	return 0x7a400000 | a64_w(w) | rm << 16 | cond << 12 | rn << 5 | nzcv;
}

static always_inline u32 a64_ccmp_imm(bool w, u32 rn, u32 imm5, u32 nzcv, u32 cond)
{
	assert(imm5 <= 31 && nzcv <= 15 && cond <= 15);
	return 0x7a400800 | a64_w(w) | imm5 << 16 | cond << 12 | rn << 5 | nzcv;
}

#endif
