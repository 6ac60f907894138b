/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arithmetic, moves, byte order (check_alu_op, adjust_reg_min_max_vals,
 * adjust_scalar_min_max_vals, maybe_fork_scalars of Linux 6.18). Fields and constants of the
 * encoding were checked before (isa_check); registers and values are checked here.
 *
 * Every value that changes drops its id or records by how much it changed (linked.c).
 */
#include "base/bytes.h"
#include "verify/mem/mem.h"
#include "verify/past/past.h"
#include "verify/step/step_int.h"

/* The stem of an operation's function in isa/sem.h → what it does to a scalar. */
enum {
	SCALAR_OF_add = SCALAR_ADD,
	SCALAR_OF_sub = SCALAR_SUB,
	SCALAR_OF_mul = SCALAR_MUL,
	SCALAR_OF_div = SCALAR_DIV,
	SCALAR_OF_sdiv = SCALAR_SDIV,
	SCALAR_OF_mod = SCALAR_MOD,
	SCALAR_OF_smod = SCALAR_SMOD,
	SCALAR_OF_and = SCALAR_AND,
	SCALAR_OF_or = SCALAR_OR,
	SCALAR_OF_xor = SCALAR_XOR,
	SCALAR_OF_lsh = SCALAR_LSH,
	SCALAR_OF_rsh = SCALAR_RSH,
	SCALAR_OF_arsh = SCALAR_ARSH,
};

static const u8 scalar_ops[ISA_OP_CNT] = {
#define ISA_ALU(id, code, sel, selv, fn, ...) [ISA_##id] = SCALAR_OF_##fn,
#include "isa/ops.def"
};

const char *alu_text(enum scalar_op op)
{
	switch (op) {
	case SCALAR_ADD:
		return "+=";
	case SCALAR_SUB:
		return "-=";
	case SCALAR_MUL:
		return "*=";
	case SCALAR_DIV:
	case SCALAR_SDIV:
		return "/=";
	case SCALAR_MOD:
	case SCALAR_SMOD:
		return "%=";
	case SCALAR_AND:
		return "&=";
	case SCALAR_OR:
		return "|=";
	case SCALAR_XOR:
		return "^=";
	case SCALAR_LSH:
		return "<<=";
	case SCALAR_RSH:
		return ">>=";
	case SCALAR_ARSH:
		return "s>>=";
	case SCALAR_NEG:
		return "neg";
	}
	return "";
}

/* Nothing is known of quotients, nor of shifts by an unknown or too great count. */
static bool computable(const struct alu *alu, const struct scalar *src)
{
	const u64 width = alu->is32 ? 32 : 64;

	switch (alu->op) {
	case SCALAR_ADD:
	case SCALAR_SUB:
	case SCALAR_MUL:
	case SCALAR_AND:
	case SCALAR_OR:
	case SCALAR_XOR:
	case SCALAR_NEG:
		return true;
	case SCALAR_LSH:
	case SCALAR_RSH:
	case SCALAR_ARSH:
		return src->umax < width &&
		       (alu->is32 ? scalar_is_const32(src) : scalar_is_const(src));
	case SCALAR_DIV:
	case SCALAR_SDIV:
	case SCALAR_MOD:
	case SCALAR_SMOD:
		return false;
	}
	return false;
}

/*
 * A value that is 0 or -1 is a condition turned into a mask: "x & K" is 0 or K then. The path with
 * the 0 does this instruction again.
 */
static int fork_scalar(struct env *env, const struct alu *alu, struct reg *dst,
		       const struct scalar *src)
{
	struct vstate *branch;
	struct scalar zero;
	int err;

	if ((alu->op != SCALAR_AND && alu->op != SCALAR_OR) || !scalar_is_const(src))
		return 0;
	if (!scalar_fork(&dst->s, &zero))
		return 0;
	branch = state_push_branch(env, env->insn_idx + step_bug(env, VERIFY_BUG_FORK_AFTER),
				   env->insn_idx, false, &err);
	if (!branch)
		return err;
	state_frame(branch)->regs[alu->insn->dst].s = zero;
	return 0;
}

static int alu_scalar(struct env *env, const struct alu *alu, struct reg *dst,
		      const struct scalar *src)
{
	int err;

	if (!computable(alu, src)) {
		reg_mark_unknown(env, dst);
		return 0;
	}
	if (spectre_needed(alu->op)) {
		err = spectre_scalar(env, alu);
		if (err)
			return err;
	}
	err = fork_scalar(env, alu, dst, src);
	if (err)
		return err;
	if (alu->is32 && !step_bug(env, VERIFY_BUG_ALU32_KEEPS_UPPER))
		scalar_alu32(alu->op, &dst->s, src);
	else
		scalar_alu64(alu->op, &dst->s, src);
	return 0;
}

/* Pointers among the operands: *ret_ptr is the one, *ret_off the other; both NULL: none. */
static int alu_with_ptr(struct env *env, const struct alu *alu, struct reg *dst, struct reg *src)
{
	int err;

	if (src->type != REG_SCALAR && dst->type != REG_SCALAR) {
		/* The distance of two pointers is just a number; nothing else makes sense. */
		if (alu->op == SCALAR_SUB && env->allow_ptr_leaks) {
			reg_mark_unknown(env, dst);
			return 0;
		}
		return reject_reg(env, -EACCES, alu->insn->dst,
				  "R%d pointer %s pointer prohibited", alu->insn->dst,
				  alu_text(alu->op));
	}
	if (src->type != REG_SCALAR) {
		err = past_mark_precise(env, alu->insn->dst);
		return err ? err : step_ptr_alu(env, alu, src, dst);
	}
	if (alu->is_reg) {
		err = past_mark_precise(env, alu->insn->src);
		if (err)
			return err;
	}
	return step_ptr_alu(env, alu, dst, src);
}

/* adjust_reg_min_max_vals() */
static int alu_values(struct env *env, const struct alu *alu)
{
	struct reg *dst = env_reg(env, alu->insn->dst);
	struct reg *src = alu->is_reg ? env_reg(env, alu->insn->src) : &env->fake_reg[1];
	u64 umax;
	int err;

	if (!alu->is_reg)
		reg_mark_const(src, (u64)(s64)alu->insn->imm);
	if (dst->type != REG_SCALAR || src->type != REG_SCALAR)
		return alu_with_ptr(env, alu, dst, src);
	if (alu->is_reg && dst->precise) {
		err = past_mark_precise(env, alu->insn->src);
		if (err)
			return err;
	}
	umax = dst->s.umax;
	err = alu_scalar(env, alu, dst, &src->s);
	if (!err)
		linked_after_alu(env, alu, dst, umax, &src->s);
	return err;
}

/* Constants that make no sense; looked at where the walk arrives, as in the kernel. */
static int check_imm(struct env *env, const struct insn *insn, const struct isa_info *info)
{
	if (info->imm == ISA_IMM_DIVISOR && !insn->imm)
		return reject(env, -EINVAL, "div by zero");
	if (info->imm == ISA_IMM_SHIFT && (u32)insn->imm >= info->width_bits)
		return reject(env, -EINVAL, "invalid shift %d", insn->imm);
	return 0;
}

static int alu_binary(struct env *env, const struct insn *insn, const struct isa_info *info)
{
	const struct alu alu = {
		.insn = insn,
		.op = (enum scalar_op)scalar_ops[env->flow->info[env->insn_idx].op],
		.is32 = info->width_bits == 32,
		.is_reg = info->form == ISA_FORM_X,
	};
	int err = 0;

	if (alu.is_reg)
		err = mem_check_src(env, insn->src);
	if (!err)
		err = mem_check_src(env, insn->dst);
	if (!err)
		err = check_imm(env, insn, info);
	if (!err)
		err = mem_check_dst_no_mark(env, insn->dst);
	return err ? err : alu_values(env, &alu);
}

/* Sign-extension or the low half of a register. */
static int mov_part(struct env *env, const struct insn *insn, bool is32)
{
	struct reg *src = env_reg(env, insn->src), *dst = env_reg(env, insn->dst);
	const u32 bits = insn->off ? (u32)insn->off : 0;
	bool same;

	if (step_hides(env, src))
		return reject_reg(env, -EACCES, insn->src,
				  is32 ? "R%d partial copy of pointer" :
					 "R%d sign-extension part of pointer",
				  insn->src);
	if (src->type != REG_SCALAR) {
		reg_mark_unknown(env, dst);
		if (is32)
			scalar_zext(&dst->s, sizeof(u32));
		return 0;
	}
	same = src->s.umax <= (bits ? (1ull << (bits - 1)) - 1 : UINT32_MAX);
	if (same)
		linked_before_mov(env, src);
	*dst = *src;
	if (!same && !(is32 && step_bug(env, VERIFY_BUG_MOV32_KEEPS_ID)))
		step_drop_id(dst);
	if (!is32)
		scalar_sext(&dst->s, bits / 8);
	else if (bits)
		scalar_sext32(&dst->s, bits / 8);
	else
		scalar_zext(&dst->s, sizeof(u32));
	dst->subreg_def = is32 ? (s32)env->insn_idx + 1 : REG_NOT_SUBREG;
	return 0;
}

static int alu_mov(struct env *env, const struct insn *insn, const struct isa_info *info)
{
	const bool is32 = info->width_bits == 32, is_reg = info->form == ISA_FORM_X;
	struct reg *dst = env_reg(env, insn->dst), *src;
	int err = 0;

	if (is_reg)
		err = mem_check_src(env, insn->src);
	if (!err)
		err = mem_check_dst_no_mark(env, insn->dst);
	if (err)
		return err;
	if (!is_reg) {
		reg_mark_unknown(env, dst);
		reg_mark_const(dst, is32 && !step_bug(env, VERIFY_BUG_MOV32_IMM_SEXT) ?
					    (u64)(u32)insn->imm :
					    (u64)(s64)insn->imm);
		return 0;
	}
	if (is32 || insn->off)
		return mov_part(env, insn, is32);
	src = env_reg(env, insn->src);
	linked_before_mov(env, src);
	*dst = *src;
	dst->subreg_def = REG_NOT_SUBREG;
	return 0;
}

/* Byte order: a swap where the instruction says so or wants the order that this machine lacks. */
static void swap_bytes(struct reg *dst, const struct insn *insn, enum isa_op op)
{
	const u32 bits = (u32)insn->imm;
	const bool to_le = op == ISA_LE16 || op == ISA_LE32 || op == ISA_LE64;
	const bool to_be = op == ISA_BE16 || op == ISA_BE32 || op == ISA_BE64;
	const bool stays = HOST_BIG_ENDIAN ? to_be : to_le;

	if (stays) {
		if (bits == 64) {
			scalar_sync(&dst->s);
			return;
		}
		scalar_zext(&dst->s, bits / 8);
	} else {
		scalar_bswap(&dst->s, bits);
	}
	step_drop_id(dst);
}

/* NEG and END. */
static int alu_unary(struct env *env, const struct insn *insn, const struct isa_info *info)
{
	struct reg *dst = env_reg(env, insn->dst);
	int err;

	err = mem_check_src(env, insn->dst);
	if (err)
		return err;
	if (step_hides(env, dst))
		return reject_reg(env, -EACCES, insn->dst, "R%d pointer arithmetic prohibited",
				  insn->dst);
	if (dst->type != REG_SCALAR)
		return mem_check_dst(env, insn->dst);
	err = mem_check_dst_no_mark(env, insn->dst);
	if (err)
		return err;
	if (info->family == ISA_FAMILY_END) {
		swap_bytes(dst, insn, (enum isa_op)env->flow->info[env->insn_idx].op);
		return 0;
	}
	if (info->width_bits == 32)
		scalar_alu32(SCALAR_NEG, &dst->s, &dst->s);
	else
		scalar_alu64(SCALAR_NEG, &dst->s, &dst->s);
	step_drop_id(dst);
	return 0;
}

int step_alu(struct env *env, const struct insn *insn)
{
	const struct isa_info *info = step_info(env);
	int err;

	if (info->family == ISA_FAMILY_ALU)
		err = alu_binary(env, insn, info);
	else if (info->family == ISA_FAMILY_MOV)
		err = alu_mov(env, insn, info);
	else
		err = alu_unary(env, insn, info);
	if (!err)
		step_sanity(env, env_reg(env, insn->dst), "alu");
	return err;
}
