/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses to the context: the program names a field of the UAPI's struct, the machine reads a
 * member of ours (the …_convert_ctx_access functions, as one table). The meaning is that of
 * ctx_load and ctx_store, which the guard calls; tests/xlate compares the two.
 */
#include "base/bytes.h"
#include "base/err.h"
#include "spec/ctx.h"
#include "xlate/xlate_int.h"

static enum isa_op load_op(u32 size_bytes)
{
	return size_bytes == 1	 ? ISA_LDX_B
	       : size_bytes == 2 ? ISA_LDX_H
	       : size_bytes == 4 ? ISA_LDX_W
				 : ISA_LDX_DW;
}

static enum isa_op store_op(u32 size_bytes, bool imm)
{
	if (imm)
		return size_bytes == 1	 ? ISA_ST_B
		       : size_bytes == 2 ? ISA_ST_H
		       : size_bytes == 4 ? ISA_ST_W
					 : ISA_ST_DW;
	return size_bytes == 1	 ? ISA_STX_B
	       : size_bytes == 2 ? ISA_STX_H
	       : size_bytes == 4 ? ISA_STX_W
				 : ISA_STX_DW;
}

/* The part of a wider member that a narrow load means. */
static void narrow(struct xl *x, u32 dst, u32 skip_bytes, u32 size_bytes)
{
	if (skip_bytes)
		xl_op(x, ISA_RSH64_K, dst, 0, (s32)(skip_bytes * 8));
	if (size_bytes == 4)
		xl_op(x, ISA_MOV32_X, XL_REGS(dst, dst), 0, 0);
	else
		xl_op(x, ISA_AND32_K, dst, 0, (s32)((1u << size_bytes * 8) - 1));
}

static void load(struct xl *x, const struct ctx_field *f, u32 size_bytes)
{
	const struct insn *insn = &x->prog->insns[x->idx];
	u32 skip = (u32)insn->off - f->off, regs = XL_REGS(insn->dst, insn->src);

	if (f->access & CTX_BYTES) {
		xl_op(x, load_op(size_bytes), regs, (s16)(f->member_off + skip), 0);
		return;
	}
	xl_op(x, load_op(f->member_size_bytes), regs, (s16)f->member_off, 0);
	if (f->value != CTX_SCALAR || size_bytes >= f->member_size_bytes)
		return;
	if (HOST_BIG_ENDIAN)
		skip = f->size_bytes - size_bytes - skip;
	narrow(x, insn->dst, skip, size_bytes);
}

static void extend_sign(struct xl *x, u32 dst, u32 size_bytes)
{
	xl_op(x,
	      size_bytes == 1	? ISA_MOVSX8_64
	      : size_bytes == 2 ? ISA_MOVSX16_64
				: ISA_MOVSX32_64,
	      XL_REGS(dst, dst), 0, 0);
}

static int store(struct xl *x, const struct ctx_field *f, u32 size_bytes, bool imm)
{
	const struct insn *insn = &x->prog->insns[x->idx];
	u32 skip = (u32)insn->off - f->off, regs = XL_REGS(insn->dst, insn->src);
	u32 bytes = f->access & CTX_BYTES ? size_bytes : f->member_size_bytes;
	u64 max = bytes < 8 ? (1ull << bytes * 8) - 1 : UINT64_MAX;

	if (bytes > size_bytes)
		return -EFAULT; /* no row is written narrower than its member */
	if (f->access & CTX_BELOW_MAX) {
		if (imm && (u32)insn->imm >= max) {
			xl_op(x, ISA_JA, 0, 0, 0);
			return 0;
		}
		if (!imm)
			xl_op(x, ISA_JGE32_K, insn->src, 1, (s32)max);
	}
	if (f->access & CTX_BYTES)
		xl_op(x, store_op(bytes, imm), regs, (s16)(f->member_off + skip), insn->imm);
	else
		xl_op(x, store_op(bytes, imm), regs, (s16)f->member_off, insn->imm);
	return 0;
}

int xl_ctx(struct xl *x, enum isa_op op)
{
	const struct insn *insn = &x->prog->insns[x->idx];
	const struct isa_info *info = isa_info(op);
	u32 size_bytes = info->width_bits / 8u;
	const struct ctx_field *f;

	if (!x->prog->ctx_class || insn->off < 0)
		return -EFAULT;
	f = ctx_field_at(x->prog->ctx_class, (u32)insn->off, size_bytes);
	if (!f)
		return -EFAULT;
	if (info->family == ISA_FAMILY_ST || info->family == ISA_FAMILY_STX)
		return store(x, f, size_bytes, info->family == ISA_FAMILY_ST);
	if (info->family != ISA_FAMILY_LDX && info->family != ISA_FAMILY_LDSX)
		return -EFAULT;
	load(x, f, size_bytes);
	if (info->family == ISA_FAMILY_LDSX)
		extend_sign(x, insn->dst, size_bytes);
	return 0;
}
