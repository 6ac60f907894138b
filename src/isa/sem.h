/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pure meaning of each operation, once (RFC 9669 sections 4 and 5): what interpreters
 * execute and what JITs are compared with. Registers are u64; an immediate comes in as its
 * 32 bits sign-extended to 64, and the 32-bit operations look at the low halves only and give
 * zero-extended results. Names are sem_<fn><width> by the columns of isa/ops.def.
 *
 * No operation is undefined in C here: wrap-around is done on unsigned types, shift counts are
 * masked, and the two divisions that trap on machines (by zero, most negative by -1) are spelled.
 */
#ifndef SKEP_ISA_SEM_H
#define SKEP_ISA_SEM_H

#include "base/bytes.h"
#include "base/types.h"

#define SEM_FN static always_inline

/* Both widths of an operation that is the same expression on u64 and on u32. */
#define SEM_BINARY(fn, expr)                                                                       \
	SEM_FN u64 sem_##fn##64(u64 x, u64 y)                                                      \
	{                                                                                          \
		typedef u64 word;                                                                  \
		const word a = x, b = y;                                                           \
		return (word)(expr);                                                               \
	}                                                                                          \
	SEM_FN u64 sem_##fn##32(u64 x, u64 y)                                                      \
	{                                                                                          \
		typedef u32 word;                                                                  \
		const word a = (word)x, b = (word)y;                                               \
		return (word)(expr);                                                               \
	}

/* Division by zero gives 0, and the remainder by zero the dividend (RFC 9669 section 4.1). */
SEM_BINARY(add, a + b)
SEM_BINARY(sub, a - b)
SEM_BINARY(mul, a * b)
SEM_BINARY(div, b ? a / b : 0)
SEM_BINARY(mod, b ? a % b : a)
SEM_BINARY(or, a | b)
SEM_BINARY(and, a & b)
SEM_BINARY(xor, a ^ b)
/* Only the low 6 or 5 bits of a shift count matter. */
SEM_BINARY(lsh, a << (b & (sizeof(word) * 8 - 1)))
SEM_BINARY(rsh, a >> (b & (sizeof(word) * 8 - 1)))
/* What an atomic exchange leaves in memory, from the old value and the register. */
SEM_BINARY(xchg, ((void)a, b))
#undef SEM_BINARY

SEM_FN u64 sem_arsh64(u64 x, u64 y)
{
	return (u64)((s64)x >> (y & 63));
}

SEM_FN u64 sem_arsh32(u64 x, u64 y)
{
	return (u32)((s32)(u32)x >> (y & 31));
}

/* Signed division truncates towards zero; the most negative number by -1 is itself, rest 0. */
#define SEM_SIGNED_DIVISION(width)                                                                 \
	SEM_FN u64 sem_sdiv##width(u64 x, u64 y)                                                   \
	{                                                                                          \
		const s##width a = (s##width)x, b = (s##width)y;                                   \
		if (b == 0)                                                                        \
			return 0;                                                                  \
		if (b == -1)                                                                       \
			return (u##width)(0 - (u##width)a);                                        \
		return (u##width)(a / b);                                                          \
	}                                                                                          \
	SEM_FN u64 sem_smod##width(u64 x, u64 y)                                                   \
	{                                                                                          \
		const s##width a = (s##width)x, b = (s##width)y;                                   \
		if (b == 0)                                                                        \
			return (u##width)a;                                                        \
		if (b == -1)                                                                       \
			return 0;                                                                  \
		return (u##width)(a % b);                                                          \
	}
SEM_SIGNED_DIVISION(64)
SEM_SIGNED_DIVISION(32)
#undef SEM_SIGNED_DIVISION

SEM_FN u64 sem_neg64(u64 x)
{
	return 0 - x;
}

SEM_FN u64 sem_neg32(u64 x)
{
	return (u32)(0 - (u32)x);
}

SEM_FN u64 sem_mov64(u64 x)
{
	return x;
}

SEM_FN u64 sem_mov32(u64 x)
{
	return (u32)x;
}

/* sem_movsx<from>_<to>: to 64 bits, or to 32 with the upper half zero. */
#define SEM_MOVSX(from, to)                                                                        \
	SEM_FN u64 sem_movsx##from##_##to(u64 x)                                                   \
	{                                                                                          \
		const s##to v = (s##from)x;                                                        \
		return (u##to)v;                                                                   \
	}
SEM_MOVSX(8, 64)
SEM_MOVSX(16, 64)
SEM_MOVSX(32, 64)
SEM_MOVSX(8, 32)
SEM_MOVSX(16, 32)
#undef SEM_MOVSX

/* Byte order (section 4.2): le and be depend on the host, all clear what is above the width. */
#define SEM_END(width)                                                                             \
	SEM_FN u64 sem_bswap##width(u64 x)                                                         \
	{                                                                                          \
		return __builtin_bswap##width((u##width)x);                                        \
	}                                                                                          \
	SEM_FN u64 sem_le##width(u64 x)                                                            \
	{                                                                                          \
		return le_to_host##width((u##width)x);                                             \
	}                                                                                          \
	SEM_FN u64 sem_be##width(u64 x)                                                            \
	{                                                                                          \
		return be_to_host##width((u##width)x);                                             \
	}
SEM_END(16)
SEM_END(32)
SEM_END(64)
#undef SEM_END

/* Conditions (section 4.3). */
#define SEM_CONDITION(fn, type, expr)                                                              \
	SEM_FN bool sem_##fn##64(u64 x, u64 y)                                                     \
	{                                                                                          \
		const type##64 a = (type##64)x, b = (type##64)y;                                   \
		return expr;                                                                       \
	}                                                                                          \
	SEM_FN bool sem_##fn##32(u64 x, u64 y)                                                     \
	{                                                                                          \
		const type##32 a = (type##32)x, b = (type##32)y;                                   \
		return expr;                                                                       \
	}
SEM_CONDITION(jeq, u, a == b)
SEM_CONDITION(jne, u, a != b)
SEM_CONDITION(jgt, u, a > b)
SEM_CONDITION(jge, u, a >= b)
SEM_CONDITION(jlt, u, a < b)
SEM_CONDITION(jle, u, a <= b)
SEM_CONDITION(jset, u, (a & b) != 0)
SEM_CONDITION(jsgt, s, a > b)
SEM_CONDITION(jsge, s, a >= b)
SEM_CONDITION(jslt, s, a < b)
SEM_CONDITION(jsle, s, a <= b)
#undef SEM_CONDITION

/* What a register holds after a load of the width, given the loaded bits. */
#define SEM_LOAD(width)                                                                            \
	SEM_FN u64 sem_ldx##width(u64 x)                                                           \
	{                                                                                          \
		return (u##width)x;                                                                \
	}                                                                                          \
	SEM_FN u64 sem_ldsx##width(u64 x)                                                          \
	{                                                                                          \
		return (u64)(s64)(s##width)x;                                                      \
	}
SEM_LOAD(8)
SEM_LOAD(16)
SEM_LOAD(32)
SEM_LOAD(64)
#undef SEM_LOAD

#undef SEM_FN
#endif
