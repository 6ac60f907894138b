/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The forms that instructions of x86-64 have (Intel SDM volume 2, chapter 2): prefix, REX, opcode,
 * ModRM, SIB, displacement, immediate. enc.h gives them names.
 *
 * 1. What stands before the displacement has at most 8 bytes. It is gathered in a number and
 *    stored at once, so that whether there is a REX prefix is a shift and no branch.
 * 2. So a store may reach past the instruction, by up to 8 bytes: what follows overwrites them, and
 *    JIT_BUF_ROOM holds more than any operation takes.
 * 3. Register numbers are 0 to 15 and not looked at. Opcodes are numbers as they lie in memory, the
 *    first byte lowest: X86_0F(0xaf) is 0f af. They should be constants where this is inlined.
 */
#ifndef SKEP_JIT_X86_64_FORM_H
#define SKEP_JIT_X86_64_FORM_H

#include <assert.h>

#include "base/types.h"
#include "jit/buf.h"
#include "jit/x86_64/regs.h"

#define X86_0F(op)   (0x0fu | (u32)(op) << 8)
#define X86_0F38(op) (0x380fu | (u32)(op) << 16)

/* What a form wants in REX: the width, or that there be one (sil is dh without it). */
#define X86_REX      0x40u
#define X86_REX_W    8u

/* base + (index << scale) + disp; X86_NO_REG for what is absent. */
struct x86_mem {
	u8 base, index, scale;
	s32 disp;
};

static always_inline struct x86_mem x86_at(u32 base, s32 disp)
{
	return (struct x86_mem){ .base = (u8)base, .index = X86_NO_REG, .disp = disp };
}

static always_inline struct x86_mem x86_at_index(u32 base, u32 index, u32 scale, s32 disp)
{
	assert(index != X86_RSP && scale <= 3);
	return (struct x86_mem){ (u8)base, (u8)index, (u8)scale, disp };
}

static always_inline bool x86_is_s8(s32 v)
{
	return v == (s8)v;
}

static always_inline u32 x86_rex_w(bool w)
{
	return (u32)w << 3;
}

/* The REX that an operand of 8 to 64 bits wants, itself in memory. */
static always_inline u32 x86_rex_bits(u32 bits)
{
	assert(bits == 8 || bits == 16 || bits == 32 || bits == 64);
	return bits >> 3 & X86_REX_W;
}

/* The same with a register of these bits beside it: spl, bpl, sil, dil need a REX. */
static always_inline u32 x86_rex_byte(u32 bits, u32 reg)
{
	return x86_rex_bits(bits) | (bits == 8 && reg >= X86_RSP ? X86_REX : 0);
}

/* Stores the first four or eight bytes of @v; the caller moves the end. */
static always_inline void x86_store32_le(u8 *p, u32 v)
{
	const u8 bytes[4] = { (u8)v, (u8)(v >> 8), (u8)(v >> 16), (u8)(v >> 24) };

	memcpy(p, bytes, sizeof(bytes));
}

static always_inline void x86_store64_le(u8 *p, u64 v)
{
	const u8 bytes[8] = { (u8)v,	     (u8)(v >> 8),  (u8)(v >> 16), (u8)(v >> 24),
			      (u8)(v >> 32), (u8)(v >> 40), (u8)(v >> 48), (u8)(v >> 56) };

	memcpy(p, bytes, sizeof(bytes));
}

/* The first @n bytes of @bytes, n <= 8. */
static always_inline void x86_put(struct jit_buf *b, u64 bytes, u32 n)
{
	x86_store64_le(b->p + b->len, bytes);
	b->len += n;
}

/* An immediate of 8, 16 or 32 bits; the 64-bit forms have 32 as well. */
static always_inline void x86_put_imm(struct jit_buf *b, u32 bits, s32 imm)
{
	x86_store32_le(b->p + b->len, (u32)imm);
	b->len += bits >= 32 ? 4 : bits >> 3;
}

static always_inline u32 x86_op_len(u32 op)
{
	return op > 0xffff ? 3 : op > 0xff ? 2 : 1;
}

/* @n bytes from the opcode on, with a REX before them if any bit of it is wanted. */
static always_inline void x86_put_rex(struct jit_buf *b, u32 rex, u64 bytes, u32 n)
{
	const u32 has = rex != 0;

	x86_put(b, bytes << 8 * has | (has ? X86_REX | rex : 0), n + has);
}

/* Opcode alone, its low three bits a register: push, bswap, mov r, imm. */
static always_inline void x86_op_o(struct jit_buf *b, u32 op, u32 rex, u32 reg)
{
	const u32 n = x86_op_len(op);

	x86_put_rex(b, rex | reg >> 3, op | (reg & 7) << (8 * n - 8), n);
}

/* Two registers, or a register as r/m and more opcode (/0 to /7) as @reg. */
static always_inline void x86_op_rr(struct jit_buf *b, u32 op, u32 rex, u32 reg, u32 rm)
{
	const u32 n = x86_op_len(op), modrm = 0xc0 | (reg & 7) << 3 | (rm & 7);

	x86_put_rex(b, rex | reg >> 3 << 2 | rm >> 3, op | (u64)modrm << 8 * n, n + 1);
}

/* ModRM's mod for a displacement from @base: none, 8 or 32 bits. rbp and r13 have no "none". */
static always_inline u32 x86_mod(u32 base, s32 disp)
{
	return disp == 0 && (base & 7) != X86_RBP ? 0 : x86_is_s8(disp) ? 1 : 2;
}

static always_inline void x86_put_disp(struct jit_buf *b, u32 mod, s32 disp)
{
	x86_store32_le(b->p + b->len, (u32)disp);
	b->len += mod * mod; /* 0, 1 or 4 bytes */
}

static always_inline void x86_op_rm_base(struct jit_buf *b, u32 op, u32 rex, u32 reg,
					 struct x86_mem m)
{
	const u32 n = x86_op_len(op), base = m.base & 7, mod = x86_mod(base, m.disp);
	/* rsp and r12 as base are said in SIB: no index, base 4. */
	const u32 sib = X86_RSP << 3 | X86_RSP, modrm = mod << 6 | (reg & 7) << 3 | base;

	x86_put_rex(b, rex | reg >> 3 << 2 | (u32)m.base >> 3,
		    op | (u64)(modrm | sib << 8) << 8 * n, n + 1 + (base == X86_RSP));
	x86_put_disp(b, mod, m.disp);
}

static always_inline void x86_op_rm_sib(struct jit_buf *b, u32 op, u32 rex, u32 reg,
					struct x86_mem m)
{
	const bool has_base = m.base != X86_NO_REG, has_index = m.index != X86_NO_REG;
	const u32 n = x86_op_len(op), mod = has_base ? x86_mod(m.base, m.disp) : 0;
	/* No base is rbp's number without displacement, no index is rsp's. */
	const u32 base = has_base ? m.base : X86_RBP, index = has_index ? m.index : X86_RSP;
	const u32 modrm = mod << 6 | (reg & 7) << 3 | X86_RSP;
	const u32 sib = (u32)m.scale << 6 | (index & 7) << 3 | (base & 7);

	x86_put_rex(b, rex | reg >> 3 << 2 | index >> 3 << 1 | base >> 3,
		    op | (u64)(modrm | sib << 8) << 8 * n, n + 2);
	x86_put_disp(b, has_base ? mod : 2, m.disp);
}

/* A register, or more opcode, and memory. */
static always_inline void x86_op_rm(struct jit_buf *b, u32 op, u32 rex, u32 reg, struct x86_mem m)
{
	if (likely(m.index == X86_NO_REG && m.base != X86_NO_REG))
		x86_op_rm_base(b, op, rex, reg, m);
	else
		x86_op_rm_sib(b, op, rex, reg, m);
}

/* The prefix that makes a 32-bit operation one of 16 bits. */
static always_inline void x86_put_16(struct jit_buf *b, u32 bits)
{
	b->p[b->len] = 0x66;
	b->len += bits == 16;
}

/*
 * Three-byte VEX. @op is X86_VEX(opcode map, mandatory prefix, opcode), with X86_VEX_W for 64 bits.
 * @v is the register that only VEX can name.
 */
#define X86_VEX_38      2u
#define X86_VEX_3A      3u
#define X86_VEX_NONE    0u
#define X86_VEX_66      1u
#define X86_VEX_F3      2u
#define X86_VEX_F2      3u
#define X86_VEX(map, prefix, op) ((map) | (prefix) << 8 | (u32)(op) << 16)
#define X86_VEX_W(w)    ((u32)(w) << 15)

static always_inline void x86_op_vex(struct jit_buf *b, u32 op, u32 reg, u32 v, u32 rm)
{
	/* The bits that extend register numbers, and v, are stored inverted. */
	const u32 ext = 0xe0 ^ (reg >> 3 << 7 | rm >> 3 << 5), other = (v ^ 15) << 3;
	const u32 modrm = 0xc0 | (reg & 7) << 3 | (rm & 7);

	x86_put(b, 0xc4 | (u64)(op | ext | other << 8) << 8 | (u64)modrm << 32, 5);
}

#endif
