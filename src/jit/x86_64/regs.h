/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers of x86-64: registers, conditions, operations. They are what the machine decodes. */
#ifndef SKEP_JIT_X86_64_REGS_H
#define SKEP_JIT_X86_64_REGS_H

enum x86_reg {
	X86_RAX,
	X86_RCX,
	X86_RDX,
	X86_RBX,
	X86_RSP,
	X86_RBP,
	X86_RSI,
	X86_RDI,
	X86_R8,
	X86_R9,
	X86_R10,
	X86_R11,
	X86_R12,
	X86_R13,
	X86_R14,
	X86_R15,
	X86_NO_REG = 0xff, /* in an address: no base, or no index */
};

/* A condition and its opposite differ in bit 0. */
enum x86_cc {
	X86_O,
	X86_NO,
	X86_B,
	X86_AE,
	X86_E,
	X86_NE,
	X86_BE,
	X86_A,
	X86_S,
	X86_NS,
	X86_P,
	X86_NP,
	X86_L,
	X86_GE,
	X86_LE,
	X86_G,
};

enum x86_alu {
	X86_ADD,
	X86_OR,
	X86_ADC,
	X86_SBB,
	X86_AND,
	X86_SUB,
	X86_XOR,
	X86_CMP,
};

enum x86_shift {
	X86_ROL = 0,
	X86_ROR = 1,
	X86_SHL = 4,
	X86_SHR = 5,
	X86_SAR = 7,
};

/* What a CPU may have, as bits. */
#define X86_HAS_BMI2  1u
#define X86_HAS_MOVBE 2u

#endif
