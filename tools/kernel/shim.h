/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the table of tests in the kernel's lib/test_bpf.c needs in order to compile in user space:
 * names of types, allocation, and the spellings of instructions, over the installed UAPI headers.
 * Our own text; the kernel's source is fetched at test time (tools/check_kernel.sh).
 */
#ifndef SKEP_TOOLS_KERNEL_SHIM_H
#define SKEP_TOOLS_KERNEL_SHIM_H

#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/types.h"

/* The kernel defines one of these two, libc both. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#undef __LITTLE_ENDIAN
#else
#undef __BIG_ENDIAN
#endif

#define BIT(n)		   (1u << (n))
#define GFP_KERNEL	   0
#define kmalloc(n, flags)  malloc(n)
#define kzalloc(n, flags)  calloc(1, n)
#define kmalloc_array(n, size, flags) calloc(n, size)
#define kcalloc(n, size, flags)	      calloc(n, size)
#define kfree(p)	   free(p)
#define min(a, b)	   MIN(a, b)
#define max(a, b)	   MAX(a, b)
#define BUG_ON(cond)	   ((cond) ? abort() : (void)0)
#define U8_MAX		   UINT8_MAX
#define U16_MAX		   UINT16_MAX
#define U32_MAX		   UINT32_MAX
#define U64_MAX		   UINT64_MAX
#define S8_MIN		   INT8_MIN
#define S8_MAX		   INT8_MAX
#define S16_MIN		   INT16_MIN
#define S16_MAX		   INT16_MAX
#define S32_MIN		   INT32_MIN
#define S32_MAX		   INT32_MAX
#define S64_MIN		   INT64_MIN
#define S64_MAX		   INT64_MAX
#define MAX_BPF_STACK	   512
#define cpu_to_be16(v)	   ((u16)(HOST_IS_BIG ? (v) : __builtin_bswap16((u16)(v))))
#define cpu_to_be32(v)	   ((u32)(HOST_IS_BIG ? (v) : __builtin_bswap32((u32)(v))))
#define cpu_to_be64(v)	   ((u64)(HOST_IS_BIG ? (v) : __builtin_bswap64((u64)(v))))
#define cpu_to_le16(v)	   ((u16)(HOST_IS_BIG ? __builtin_bswap16((u16)(v)) : (v)))
#define cpu_to_le32(v)	   ((u32)(HOST_IS_BIG ? __builtin_bswap32((u32)(v)) : (v)))
#define cpu_to_le64(v)	   ((u64)(HOST_IS_BIG ? __builtin_bswap64((u64)(v)) : (v)))
#define HOST_IS_BIG	   (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

/*
 * L'Ecuyer's LFSR113 ("Tables of maximally equidistributed combined LFSR generators", 1999), which
 * Linux uses; one result of the table depends on its numbers.
 */
struct rnd_state {
	u32 s[4];
};

static inline u32 lfsr_step(u32 s, u32 a, u32 b, u32 mask, u32 shift)
{
	return (s & mask) << shift ^ (s << a ^ s) >> b;
}

static inline u32 prandom_u32_state(struct rnd_state *rnd)
{
	u32 *s = rnd->s;

	s[0] = lfsr_step(s[0], 6, 13, ~1u, 18);
	s[1] = lfsr_step(s[1], 2, 27, ~7u, 2);
	s[2] = lfsr_step(s[2], 13, 21, ~15u, 7);
	s[3] = lfsr_step(s[3], 3, 12, ~127u, 13);
	return s[0] ^ s[1] ^ s[2] ^ s[3];
}

static inline void prandom_seed_state(struct rnd_state *rnd, u64 seed)
{
	static const u32 least[4] = { 2, 8, 16, 128 };
	u32 x = (u32)(seed >> 32 ^ seed << 10 ^ seed);

	for (int i = 0; i < 4; i++)
		rnd->s[i] = x < least[i] ? x + least[i] : x;
}

static inline u64 div64_u64(u64 a, u64 b)
{
	return a / b;
}

static inline u64 div64_u64_rem(u64 a, u64 b, u64 *rem)
{
	*rem = a % b;
	return a / b;
}

/* Instructions, as the kernel's own code spells them. */
#define INSN(c, d, s, o, i)                                                                        \
	((struct bpf_insn){                                                                        \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })

#define BPF_RAW_INSN(c, d, s, o, i)	INSN(c, d, s, o, i)
#define BPF_ALU64_REG_OFF(op, d, s, o)	INSN(BPF_ALU64 | BPF_OP(op) | BPF_X, d, s, o, 0)
#define BPF_ALU32_REG_OFF(op, d, s, o)	INSN(BPF_ALU | BPF_OP(op) | BPF_X, d, s, o, 0)
#define BPF_ALU64_IMM_OFF(op, d, i, o)	INSN(BPF_ALU64 | BPF_OP(op) | BPF_K, d, 0, o, i)
#define BPF_ALU32_IMM_OFF(op, d, i, o)	INSN(BPF_ALU | BPF_OP(op) | BPF_K, d, 0, o, i)
#define BPF_ALU64_REG(op, d, s)		BPF_ALU64_REG_OFF(op, d, s, 0)
#define BPF_ALU32_REG(op, d, s)		BPF_ALU32_REG_OFF(op, d, s, 0)
#define BPF_ALU64_IMM(op, d, i)		BPF_ALU64_IMM_OFF(op, d, i, 0)
#define BPF_ALU32_IMM(op, d, i)		BPF_ALU32_IMM_OFF(op, d, i, 0)
#define BPF_MOV64_REG(d, s)		BPF_ALU64_REG(BPF_MOV, d, s)
#define BPF_MOV32_REG(d, s)		BPF_ALU32_REG(BPF_MOV, d, s)
#define BPF_MOV64_IMM(d, i)		BPF_ALU64_IMM(BPF_MOV, d, i)
#define BPF_MOV32_IMM(d, i)		BPF_ALU32_IMM(BPF_MOV, d, i)
#define BPF_MOVSX64_REG(d, s, bits)	BPF_ALU64_REG_OFF(BPF_MOV, d, s, bits)
#define BPF_MOVSX32_REG(d, s, bits)	BPF_ALU32_REG_OFF(BPF_MOV, d, s, bits)
/* The verifier's note that upper bits are zero: a move of the register to itself, imm 1. */
#define BPF_ZEXT_REG(d)			INSN(BPF_ALU | BPF_MOV | BPF_X, d, d, 0, 1)
#define BPF_ENDIAN(type, d, bits)	INSN(BPF_ALU | BPF_END | BPF_SRC(type), d, 0, 0, bits)
#define BPF_BSWAP(d, bits)		INSN(BPF_ALU64 | BPF_END | BPF_TO_LE, d, 0, 0, bits)
#define BPF_LD_IMM64(d, v)                                                                         \
	INSN(BPF_LD | BPF_DW | BPF_IMM, d, 0, 0, (s32)(u64)(v)),                                   \
		INSN(0, 0, 0, 0, (s32)((u64)(v) >> 32))
#define BPF_LD_ABS(size, i)		INSN(BPF_LD | BPF_SIZE(size) | BPF_ABS, 0, 0, 0, i)
#define BPF_LD_IND(size, s, i)		INSN(BPF_LD | BPF_SIZE(size) | BPF_IND, 0, s, 0, i)
#define BPF_LDX_MEM(size, d, s, o)	INSN(BPF_LDX | BPF_SIZE(size) | BPF_MEM, d, s, o, 0)
#define MODE_MEMSX			0x80
#define BPF_LDX_MEMSX(size, d, s, o)	INSN(BPF_LDX | BPF_SIZE(size) | MODE_MEMSX, d, s, o, 0)
#define BPF_STX_MEM(size, d, s, o)	INSN(BPF_STX | BPF_SIZE(size) | BPF_MEM, d, s, o, 0)
#define BPF_ST_MEM(size, d, o, i)	INSN(BPF_ST | BPF_SIZE(size) | BPF_MEM, d, 0, o, i)
#define BPF_ATOMIC_OP(size, op, d, s, o)                                                           \
	INSN(BPF_STX | BPF_SIZE(size) | BPF_ATOMIC, d, s, o, op)
#define BPF_STX_XADD(size, d, s, o)	BPF_ATOMIC_OP(size, BPF_ADD, d, s, o)
#define BPF_JMP_REG(op, d, s, o)	INSN(BPF_JMP | BPF_OP(op) | BPF_X, d, s, o, 0)
#define BPF_JMP_IMM(op, d, i, o)	INSN(BPF_JMP | BPF_OP(op) | BPF_K, d, 0, o, i)
#define BPF_JMP32_REG(op, d, s, o)	INSN(BPF_JMP32 | BPF_OP(op) | BPF_X, d, s, o, 0)
#define BPF_JMP32_IMM(op, d, i, o)	INSN(BPF_JMP32 | BPF_OP(op) | BPF_K, d, 0, o, i)
#define BPF_JMP_A(o)			INSN(BPF_JMP | BPF_JA, 0, 0, o, 0)
#define BPF_JMP32_A(i)			INSN(BPF_JMP32 | BPF_JA, 0, 0, 0, i)
#define BPF_CALL_REL(target)		INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, target)
#define BPF_EXIT_INSN()			INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define __BPF_STMT(c, v)		((struct sock_filter)BPF_STMT(c, v))
#define __BPF_JUMP(c, v, t, f)		((struct sock_filter)BPF_JUMP(c, v, t, f))

/* Tail calls, and functions that programs call. */
#define BPF_TAIL_CALL		0xf0
#define MAX_TAIL_CALL_CNT	33
#define BPF_CALL_1(name, type, arg) static u64 name(type arg)

#define BPF_REG_FP BPF_REG_10
#define BPF_REG_A  BPF_REG_0
#define BPF_REG_X  BPF_REG_7
#define BPF_REG_AX 11

#endif
