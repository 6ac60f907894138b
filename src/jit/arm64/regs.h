/* SPDX-License-Identifier: BSD-2-Clause */
/* Names that AArch64 instructions are written with: registers, conditions, shifts, extensions. */
#ifndef SKEP_JIT_ARM64_REGS_H
#define SKEP_JIT_ARM64_REGS_H

#include "base/types.h"

/* Features of the CPU (jit_emit.features). */
#define A64_HAS_LSE 1u /* atomics as one instruction */
#define A64_HAS_SB  2u /* a barrier for speculation */

/* 31 is the stack pointer or the zero register; the instruction decides which. */
enum {
	A64_X0,
	A64_X1,
	A64_X2,
	A64_X3,
	A64_X4,
	A64_X5,
	A64_X6,
	A64_X7,
	A64_X8,
	A64_X9,
	A64_X10,
	A64_X11,
	A64_X12,
	A64_X13,
	A64_X14,
	A64_X15,
	A64_X16,
	A64_X17,
	A64_X18,
	A64_X19,
	A64_X20,
	A64_X21,
	A64_X22,
	A64_X23,
	A64_X24,
	A64_X25,
	A64_X26,
	A64_X27,
	A64_X28,
	A64_FP, /* x29 */
	A64_LR, /* x30 */
	A64_SP,
	A64_ZR = A64_SP,
};

/* Conditions; `cond ^ 1` is the opposite of each but AL. */
enum {
	A64_EQ,
	A64_NE,
	A64_HS, /* unsigned >=, carry set */
	A64_LO, /* unsigned < */
	A64_MI,
	A64_PL,
	A64_VS,
	A64_VC,
	A64_HI, /* unsigned > */
	A64_LS, /* unsigned <= */
	A64_GE,
	A64_LT,
	A64_GT,
	A64_LE,
	A64_AL,
};

/* What happens to the last register operand of an arithmetic or logical operation, as bits. */
#define A64_LSL(n) ((u32)(n) << 10)
#define A64_LSR(n) (1u << 22 | (u32)(n) << 10)
#define A64_ASR(n) (2u << 22 | (u32)(n) << 10)
#define A64_ROR(n) (3u << 22 | (u32)(n) << 10) /* logical operations only */

/* The same for the extended forms of add, sub and cmp: extend, then shift left by 0..4. */
#define A64_UXTB(n) ((u32)(n) << 10)
#define A64_UXTH(n) (1u << 13 | (u32)(n) << 10)
#define A64_UXTW(n) (2u << 13 | (u32)(n) << 10)
#define A64_UXTX(n) (3u << 13 | (u32)(n) << 10)
#define A64_SXTB(n) (4u << 13 | (u32)(n) << 10)
#define A64_SXTH(n) (5u << 13 | (u32)(n) << 10)
#define A64_SXTW(n) (6u << 13 | (u32)(n) << 10)
#define A64_SXTX(n) (7u << 13 | (u32)(n) << 10)

/* What happens to the index register of a load or store; _S: times the size of the access. */
#define A64_IDX_UXTW   (2u << 13)
#define A64_IDX_UXTW_S (2u << 13 | 1u << 12)
#define A64_IDX_LSL    (3u << 13)
#define A64_IDX_LSL_S  (3u << 13 | 1u << 12)
#define A64_IDX_SXTW   (6u << 13)
#define A64_IDX_SXTW_S (6u << 13 | 1u << 12)
#define A64_IDX_SXTX   (7u << 13)
#define A64_IDX_SXTX_S (7u << 13 | 1u << 12)

#endif
