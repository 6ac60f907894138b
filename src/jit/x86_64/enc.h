/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Encoders for x86-64: each appends one instruction, in its shortest form. They only store; room is
 * made by the caller (jit/buf.h). Nothing here knows of BPF.
 *
 * @w is true for 64 bits, false for 32; @bits are 8, 16, 32 or 64 and what a function cannot do is
 * asserted. Operands stand in Intel's order, the destination first. A suffix says what they are:
 * r register, m memory, i immediate.
 */
#ifndef SKEP_JIT_X86_64_ENC_H
#define SKEP_JIT_X86_64_ENC_H

#include "jit/x86_64/form.h"

/* --- arithmetic --- */

static always_inline void x86_alu_rr(struct jit_buf *b, u32 op, bool w, u32 dst, u32 src)
{
	x86_op_rr(b, (op & 7) << 3 | 1, x86_rex_w(w), src, dst);
}

static always_inline void x86_alu_ri(struct jit_buf *b, u32 op, bool w, u32 dst, s32 imm)
{
	if (x86_is_s8(imm)) {
		x86_op_rr(b, 0x83, x86_rex_w(w), op, dst);
		x86_put_imm(b, 8, imm);
		return;
	}
	if (dst == X86_RAX)
		x86_put_rex(b, x86_rex_w(w), (op & 7) << 3 | 5, 1);
	else
		x86_op_rr(b, 0x81, x86_rex_w(w), op, dst);
	x86_put_imm(b, 32, imm);
}

static always_inline void x86_alu_rm(struct jit_buf *b, u32 op, bool w, u32 dst, struct x86_mem m)
{
	x86_op_rm(b, (op & 7) << 3 | 3, x86_rex_w(w), dst, m);
}

static always_inline void x86_alu_mr(struct jit_buf *b, u32 op, u32 bits, struct x86_mem m, u32 src)
{
	x86_put_16(b, bits);
	x86_op_rm(b, (op & 7) << 3 | (bits != 8), x86_rex_byte(bits, src), src, m);
}

/* Of @imm, the lowest @bits count. */
static always_inline void x86_alu_mi(struct jit_buf *b, u32 op, u32 bits, struct x86_mem m, s32 imm)
{
	if (bits == 16)
		imm = (s16)imm;
	x86_put_16(b, bits);
	if (bits == 8 || x86_is_s8(imm)) {
		x86_op_rm(b, bits == 8 ? 0x80 : 0x83, x86_rex_bits(bits), op, m);
		x86_put_imm(b, 8, imm);
	} else {
		x86_op_rm(b, 0x81, x86_rex_bits(bits), op, m);
		x86_put_imm(b, bits, imm);
	}
}

static always_inline void x86_test_rr(struct jit_buf *b, bool w, u32 a, u32 c)
{
	x86_op_rr(b, 0x85, x86_rex_w(w), c, a);
}

/*
 * With an immediate from 0 to 0x7f the low byte decides, up to 0x7fffffff the low half: the sign
 * that the narrower form sees is as clear as that of the wider one. All flags are the same.
 */
static always_inline void x86_test_ri(struct jit_buf *b, bool w, u32 a, s32 imm)
{
	const u32 rex = x86_rex_w(w && imm < 0);

	if (imm >= 0 && imm <= 0x7f) {
		if (a == X86_RAX)
			x86_put(b, 0xa8, 1);
		else
			x86_op_rr(b, 0xf6, x86_rex_byte(8, a), 0, a);
		x86_put_imm(b, 8, imm);
		return;
	}
	if (a == X86_RAX)
		x86_put_rex(b, rex, 0xa9, 1);
	else
		x86_op_rr(b, 0xf7, rex, 0, a);
	x86_put_imm(b, 32, imm);
}

static always_inline void x86_test_mi(struct jit_buf *b, u32 bits, struct x86_mem m, s32 imm)
{
	x86_put_16(b, bits);
	x86_op_rm(b, 0xf6 | (bits != 8), x86_rex_bits(bits), 0, m);
	x86_put_imm(b, bits, imm);
}

static always_inline void x86_not(struct jit_buf *b, bool w, u32 dst)
{
	x86_op_rr(b, 0xf7, x86_rex_w(w), 2, dst);
}

static always_inline void x86_neg(struct jit_buf *b, bool w, u32 dst)
{
	x86_op_rr(b, 0xf7, x86_rex_w(w), 3, dst);
}

/* rdx:rax = rax * src, unsigned; imul1 signed. */
static always_inline void x86_mul(struct jit_buf *b, bool w, u32 src)
{
	x86_op_rr(b, 0xf7, x86_rex_w(w), 4, src);
}

static always_inline void x86_imul1(struct jit_buf *b, bool w, u32 src)
{
	x86_op_rr(b, 0xf7, x86_rex_w(w), 5, src);
}

/* rax, rdx = quotient, remainder of rdx:rax by src. */
static always_inline void x86_div(struct jit_buf *b, bool w, u32 src)
{
	x86_op_rr(b, 0xf7, x86_rex_w(w), 6, src);
}

static always_inline void x86_idiv(struct jit_buf *b, bool w, u32 src)
{
	x86_op_rr(b, 0xf7, x86_rex_w(w), 7, src);
}

/* rdx = sign of rax (cdq, cqo). */
static always_inline void x86_cqo(struct jit_buf *b, bool w)
{
	x86_put_rex(b, x86_rex_w(w), 0x99, 1);
}

static always_inline void x86_imul_rr(struct jit_buf *b, bool w, u32 dst, u32 src)
{
	x86_op_rr(b, X86_0F(0xaf), x86_rex_w(w), dst, src);
}

static always_inline void x86_imul_rri(struct jit_buf *b, bool w, u32 dst, u32 src, s32 imm)
{
	const bool is_short = x86_is_s8(imm);

	x86_op_rr(b, is_short ? 0x6b : 0x69, x86_rex_w(w), dst, src);
	x86_put_imm(b, is_short ? 8 : 32, imm);
}

static always_inline void x86_imul_rm(struct jit_buf *b, bool w, u32 dst, struct x86_mem m)
{
	x86_op_rm(b, X86_0F(0xaf), x86_rex_w(w), dst, m);
}

/* hi:lo = rdx * src; flags stay. When hi and lo are one register, it is hi. */
static always_inline void x86_mulx(struct jit_buf *b, bool w, u32 hi, u32 lo, u32 src)
{
	x86_op_vex(b, X86_VEX(X86_VEX_38, X86_VEX_F2, 0xf6) | X86_VEX_W(w), hi, lo, src);
}

/* dst = ~a & c */
static always_inline void x86_andn(struct jit_buf *b, bool w, u32 dst, u32 a, u32 c)
{
	x86_op_vex(b, X86_VEX(X86_VEX_38, X86_VEX_NONE, 0xf2) | X86_VEX_W(w), dst, a, c);
}

static always_inline void x86_bswap(struct jit_buf *b, bool w, u32 dst)
{
	x86_op_o(b, X86_0F(0xc8), x86_rex_w(w), dst);
}

/* --- shifts: op is an enum x86_shift --- */

static always_inline void x86_shift_ri(struct jit_buf *b, u32 op, bool w, u32 dst, u32 k)
{
	x86_op_rr(b, k == 1 ? 0xd1 : 0xc1, x86_rex_w(w), op, dst);
	b->p[b->len] = (u8)k;
	b->len += k != 1;
}

static always_inline void x86_shift_cl(struct jit_buf *b, u32 op, bool w, u32 dst)
{
	x86_op_rr(b, 0xd3, x86_rex_w(w), op, dst);
}

static always_inline void x86_rol16_ri(struct jit_buf *b, u32 dst, u32 k)
{
	x86_put_16(b, 16);
	x86_shift_ri(b, X86_ROL, false, dst, k);
}

/* The following leave the flags alone. */
static always_inline void x86_shlx(struct jit_buf *b, bool w, u32 dst, u32 src, u32 count)
{
	x86_op_vex(b, X86_VEX(X86_VEX_38, X86_VEX_66, 0xf7) | X86_VEX_W(w), dst, count, src);
}

static always_inline void x86_shrx(struct jit_buf *b, bool w, u32 dst, u32 src, u32 count)
{
	x86_op_vex(b, X86_VEX(X86_VEX_38, X86_VEX_F2, 0xf7) | X86_VEX_W(w), dst, count, src);
}

static always_inline void x86_sarx(struct jit_buf *b, bool w, u32 dst, u32 src, u32 count)
{
	x86_op_vex(b, X86_VEX(X86_VEX_38, X86_VEX_F3, 0xf7) | X86_VEX_W(w), dst, count, src);
}

static always_inline void x86_rorx(struct jit_buf *b, bool w, u32 dst, u32 src, u32 k)
{
	x86_op_vex(b, X86_VEX(X86_VEX_3A, X86_VEX_F2, 0xf0) | X86_VEX_W(w), dst, 0, src);
	jit_put8(b, k);
}

/* --- moves --- */

/* With 32 bits, the upper half of dst becomes 0. */
static always_inline void x86_mov_rr(struct jit_buf *b, bool w, u32 dst, u32 src)
{
	x86_op_rr(b, 0x89, x86_rex_w(w), src, dst);
}

static always_inline void x86_mov_ri32(struct jit_buf *b, u32 dst, u32 imm)
{
	x86_op_o(b, 0xb8, 0, dst);
	jit_put32(b, imm);
}

/* Leaves the flags alone, so 0 is not x86_zero(). */
static always_inline void x86_mov_ri(struct jit_buf *b, u32 dst, u64 imm)
{
	if (imm <= UINT32_MAX) {
		x86_mov_ri32(b, dst, (u32)imm);
	} else if ((s64)imm == (s32)imm) {
		x86_op_rr(b, 0xc7, X86_REX_W, 0, dst);
		jit_put32(b, (u32)imm);
	} else {
		x86_op_o(b, 0xb8, X86_REX_W, dst);
		jit_put64(b, imm);
	}
}

/* Changes the flags. */
static always_inline void x86_zero(struct jit_buf *b, u32 dst)
{
	x86_alu_rr(b, X86_XOR, false, dst, dst);
}

/* From 8, 16 or 32 bits to 64. */
static always_inline void x86_movzx(struct jit_buf *b, u32 bits, u32 dst, u32 src)
{
	assert(bits <= 32);
	if (bits == 32)
		x86_mov_rr(b, false, dst, src);
	else
		x86_op_rr(b, X86_0F(0xb6 | (bits != 8)), x86_rex_byte(bits, src), dst, src);
}

/* From 8, 16 or 32 bits to 32 (with zeros above) or 64. */
static always_inline void x86_movsx(struct jit_buf *b, u32 bits, bool w, u32 dst, u32 src)
{
	assert(bits <= 32);
	if (bits != 32)
		x86_op_rr(b, X86_0F(0xbe | (bits != 8)), x86_rex_w(w) | x86_rex_byte(bits, src),
			  dst, src);
	else if (w)
		x86_op_rr(b, 0x63, X86_REX_W, dst, src);
	else
		x86_mov_rr(b, false, dst, src);
}

static always_inline void x86_lea(struct jit_buf *b, bool w, u32 dst, struct x86_mem m)
{
	x86_op_rm(b, 0x8d, x86_rex_w(w), dst, m);
}

/* The address @rel bytes after this instruction, which has 7 bytes. */
static always_inline void x86_lea_rip(struct jit_buf *b, u32 dst, s32 rel)
{
	const u32 modrm = (dst & 7) << 3 | X86_RBP;

	x86_put_rex(b, X86_REX_W | dst >> 3 << 2, 0x8d | modrm << 8, 2);
	jit_put32(b, (u32)rel);
}

/* With zeros above. */
static always_inline void x86_load(struct jit_buf *b, u32 bits, u32 dst, struct x86_mem m)
{
	if (bits <= 16)
		x86_op_rm(b, X86_0F(0xb6 | (bits != 8)), x86_rex_bits(bits), dst, m);
	else
		x86_op_rm(b, 0x8b, x86_rex_bits(bits), dst, m);
}

/* The sign goes up to 32 bits (with zeros above) or 64. */
static always_inline void x86_load_sx(struct jit_buf *b, u32 bits, bool w, u32 dst,
				      struct x86_mem m)
{
	assert(bits <= 32);
	if (bits <= 16)
		x86_op_rm(b, X86_0F(0xbe | (bits != 8)), x86_rex_w(w), dst, m);
	else
		x86_op_rm(b, w ? 0x63 : 0x8b, x86_rex_w(w), dst, m);
}

static always_inline void x86_store(struct jit_buf *b, u32 bits, struct x86_mem m, u32 src)
{
	x86_put_16(b, bits);
	x86_op_rm(b, 0x88 | (bits != 8), x86_rex_byte(bits, src), src, m);
}

/* Of @imm, the lowest @bits count; for 64 bits it is extended by its sign. */
static always_inline void x86_store_imm(struct jit_buf *b, u32 bits, struct x86_mem m, s32 imm)
{
	x86_put_16(b, bits);
	x86_op_rm(b, 0xc6 | (bits != 8), x86_rex_bits(bits), 0, m);
	x86_put_imm(b, bits, imm);
}

/* Bytes reversed; 16 bits leave the rest of dst as it was. */
static always_inline void x86_movbe_load(struct jit_buf *b, u32 bits, u32 dst, struct x86_mem m)
{
	assert(bits != 8);
	x86_put_16(b, bits);
	x86_op_rm(b, X86_0F38(0xf0), x86_rex_bits(bits), dst, m);
}

static always_inline void x86_movbe_store(struct jit_buf *b, u32 bits, struct x86_mem m, u32 src)
{
	assert(bits != 8);
	x86_put_16(b, bits);
	x86_op_rm(b, X86_0F38(0xf1), x86_rex_bits(bits), src, m);
}

static always_inline void x86_cmov(struct jit_buf *b, u32 cc, bool w, u32 dst, u32 src)
{
	x86_op_rr(b, X86_0F(0x40 | (cc & 15)), x86_rex_w(w), dst, src);
}

/* Sets the low byte only. */
static always_inline void x86_setcc(struct jit_buf *b, u32 cc, u32 dst)
{
	x86_op_rr(b, X86_0F(0x90 | (cc & 15)), x86_rex_byte(8, dst), 0, dst);
}

/* 90+r has no 32-bit form of eax with itself: that is nop and would leave the upper half. */
static always_inline void x86_xchg_rr(struct jit_buf *b, bool w, u32 a, u32 c)
{
	if ((a == X86_RAX) != (c == X86_RAX))
		x86_op_o(b, 0x90, x86_rex_w(w), a | c);
	else
		x86_op_rr(b, 0x87, x86_rex_w(w), c, a);
}

static always_inline void x86_push(struct jit_buf *b, u32 src)
{
	x86_op_o(b, 0x50, 0, src);
}

static always_inline void x86_pop(struct jit_buf *b, u32 dst)
{
	x86_op_o(b, 0x58, 0, dst);
}

/* --- atomics: x86_lock() goes before; xchg has it of itself --- */

static always_inline void x86_lock(struct jit_buf *b)
{
	jit_put8(b, 0xf0);
}

static always_inline void x86_xadd(struct jit_buf *b, u32 bits, struct x86_mem m, u32 src)
{
	assert(bits >= 32);
	x86_op_rm(b, X86_0F(0xc1), x86_rex_bits(bits), src, m);
}

static always_inline void x86_xchg_m(struct jit_buf *b, u32 bits, struct x86_mem m, u32 src)
{
	assert(bits >= 32);
	x86_op_rm(b, 0x87, x86_rex_bits(bits), src, m);
}

/* Compares with rax, which gets what was there when it differs. */
static always_inline void x86_cmpxchg(struct jit_buf *b, u32 bits, struct x86_mem m, u32 src)
{
	assert(bits >= 32);
	x86_op_rm(b, X86_0F(0xb1), x86_rex_bits(bits), src, m);
}

static always_inline void x86_mfence(struct jit_buf *b)
{
	x86_put(b, 0xf0ae0f, 3);
}

/* --- control flow: rel counts from the end of the instruction --- */

static always_inline void x86_jcc8(struct jit_buf *b, u32 cc, s8 rel)
{
	x86_put(b, 0x70 | cc | (u32)(u8)rel << 8, 2);
}

static always_inline void x86_jcc32(struct jit_buf *b, u32 cc, s32 rel)
{
	x86_put(b, X86_0F(0x80 | cc) | (u64)(u32)rel << 16, 6);
}

static always_inline void x86_jmp8(struct jit_buf *b, s8 rel)
{
	x86_put(b, 0xeb | (u32)(u8)rel << 8, 2);
}

static always_inline void x86_jmp32(struct jit_buf *b, s32 rel)
{
	x86_put(b, 0xe9 | (u64)(u32)rel << 8, 5);
}

static always_inline void x86_call32(struct jit_buf *b, s32 rel)
{
	x86_put(b, 0xe8 | (u64)(u32)rel << 8, 5);
}

static always_inline void x86_call_r(struct jit_buf *b, u32 to)
{
	x86_op_rr(b, 0xff, 0, 2, to);
}

static always_inline void x86_call_m(struct jit_buf *b, struct x86_mem m)
{
	x86_op_rm(b, 0xff, 0, 2, m);
}

static always_inline void x86_jmp_r(struct jit_buf *b, u32 to)
{
	x86_op_rr(b, 0xff, 0, 4, to);
}

static always_inline void x86_jmp_m(struct jit_buf *b, struct x86_mem m)
{
	x86_op_rm(b, 0xff, 0, 4, m);
}

static always_inline void x86_ret(struct jit_buf *b)
{
	jit_put8(b, 0xc3);
}

static always_inline void x86_leave(struct jit_buf *b)
{
	jit_put8(b, 0xc9);
}

/* --- the rest --- */

static always_inline void x86_lfence(struct jit_buf *b)
{
	x86_put(b, 0xe8ae0f, 3);
}

static always_inline void x86_endbr64(struct jit_buf *b)
{
	x86_put(b, 0xfa1e0ff3, 4);
}

static always_inline void x86_int3(struct jit_buf *b)
{
	jit_put8(b, 0xcc);
}

static always_inline void x86_ud2(struct jit_buf *b)
{
	x86_put(b, 0x0b0f, 2);
}

static always_inline void x86_rdtsc(struct jit_buf *b)
{
	x86_put(b, 0x310f, 2);
}

/* @n bytes that do nothing, in as few instructions as possible. */
void x86_nop(struct jit_buf *b, u32 n);

#endif
