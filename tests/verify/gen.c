/* SPDX-License-Identifier: BSD-2-Clause */
/* The blocks of which random programs are made (gen.h). r6 holds the context, r10 the frame. */
#include "tests/verify/gen.h"

#include <linux/bpf.h>
#include <string.h>

#include "base/rand.h"
#include "isa/isa.h"

#define OP(id, dst, src, off, imm) op_make(ISA_##id, dst, src, off, imm)
#define CTX 6u
#define KEY_OFF (-72) /* stack of keys, outside of the slots */

typedef void (*block_fn)(struct gen *g);

static void blocks(struct gen *g, u32 cnt);

static struct insn op_make(enum isa_op op, u32 dst, u32 src, s16 off, s32 imm)
{
	struct insn i = isa_template(op);

	i.dst = (u8)(dst & 0xf);
	if (isa_info(op)->src != ISA_REG_SEL)
		i.src = (u8)(src & 0xf);
	if (isa_info(op)->off != ISA_OFF_SEL)
		i.off = off;
	if (isa_info(op)->imm != ISA_IMM_SEL)
		i.imm = imm;
	return i;
}

static void emit(struct gen *g, struct insn i)
{
	if (g->cnt < GEN_INSNS_MAX)
		g->insns[g->cnt++] = i;
}

static u32 below(struct gen *g, u32 n)
{
	return rand_below(g->rand, n);
}

static bool chance(struct gen *g, u32 percent)
{
	return below(g, 100) < percent;
}

static s32 constant(struct gen *g)
{
	static const s32 corners[] = {
		0,  1,	2,  7,	8,  15, 16,   31,     32,     63,     64,	 0xff,
		-1, -8, -64, 4096, 0x7fff, 0x8000, 0xffff, INT32_MAX, INT32_MIN,
	};

	if (chance(g, 20))
		return (s32)rand_next(g->rand);
	return corners[below(g, sizeof(corners) / sizeof(corners[0]))];
}

/* A register of @kind, or -1. */
static int reg_of(struct gen *g, enum gen_kind kind)
{
	u32 start = below(g, 10);

	for (u32 n = 0; n < 10; n++) {
		u32 r = (start + n) % 10;

		if (g->kind[r] == kind && r != CTX)
			return (int)r;
	}
	return -1;
}

/* A register that may be written. */
static u32 reg_free(struct gen *g)
{
	for (;;) {
		u32 r = below(g, 10);

		if (r != CTX && !(g->keep >> r & 1))
			return r;
	}
}

static u32 set(struct gen *g, u32 reg, enum gen_kind kind)
{
	g->kind[reg] = kind;
	return reg;
}

static void to_exit(struct gen *g, struct insn jump)
{
	if (g->exit_cnt < 64)
		g->exits[g->exit_cnt++] = g->cnt;
	else
		jump = OP(MOV64_K, 0, 0, 0, 0);
	emit(g, jump);
}

static void unknown_to(struct gen *g, u32 reg)
{
	static const s16 ctx_off[] = { 0, 4, 8, 16 }; /* of __sk_buff */
	int value = reg_of(g, GEN_VALUE);

	if (value >= 0 && chance(g, 50)) {
		static const enum isa_op loads[] = { ISA_LDX_B, ISA_LDX_H, ISA_LDX_W, ISA_LDX_DW,
						     ISA_LDSX_B, ISA_LDSX_H, ISA_LDSX_W };

		emit(g, op_make(loads[below(g, 7)], reg, (u32)value, 0, 0));
	} else if (g->kind[CTX] == GEN_NONE) { /* in a function */
		emit(g, OP(MOV64_K, reg, 0, 0, constant(g)));
	} else if (g->type == BPF_PROG_TYPE_XDP) {
		emit(g, OP(LDX_W, reg, CTX, 12, 0));
	} else {
		emit(g, OP(LDX_W, reg, CTX, ctx_off[below(g, 4)], 0));
	}
	set(g, reg, GEN_SCALAR);
}

/* A scalar register; made when there is none. */
static u32 scalar(struct gen *g)
{
	int r = reg_of(g, GEN_SCALAR);
	u32 fresh;

	if (r >= 0 && chance(g, 80))
		return (u32)r;
	fresh = reg_free(g);
	if (chance(g, 30)) {
		emit(g, OP(MOV64_K, fresh, 0, 0, constant(g)));
		return set(g, fresh, GEN_SCALAR);
	}
	unknown_to(g, fresh);
	return fresh;
}

/* A scalar register that may be changed. */
static u32 scalar_rw(struct gen *g)
{
	u32 r = scalar(g), fresh;

	if (!(g->keep >> r & 1))
		return r;
	fresh = reg_free(g);
	emit(g, OP(MOV64_X, fresh, r, 0, 0));
	return set(g, fresh, GEN_SCALAR);
}

static void block_alu(struct gen *g)
{
	u32 dst = scalar_rw(g), src;

	for (u32 tries = 0; tries < 50; tries++) {
		enum isa_op op = (enum isa_op)(1 + below(g, ISA_OP_CNT - 1));
		const struct isa_info *info = isa_info(op);
		struct insn i;

		if (info->family != ISA_FAMILY_ALU && info->family != ISA_FAMILY_MOV &&
		    info->family != ISA_FAMILY_NEG && info->family != ISA_FAMILY_END)
			continue;
		src = info->src == ISA_REG_NONE ? 0 : scalar(g);
		i = op_make(op, dst, info->src == ISA_REG_NONE ? 0 : src, 0, 0);
		if (info->imm == ISA_IMM_VALUE)
			i.imm = constant(g);
		else if (info->imm == ISA_IMM_SHIFT)
			i.imm = (s32)below(g, info->width_bits);
		else if (info->imm == ISA_IMM_DIVISOR)
			i.imm = constant(g) | 1;
		emit(g, i);
		return;
	}
}

static struct insn compare(struct gen *g, u32 reg)
{
	for (;;) {
		enum isa_op op = (enum isa_op)(1 + below(g, ISA_OP_CNT - 1));
		const struct isa_info *info = isa_info(op);

		if (info->family != ISA_FAMILY_JMP)
			continue;
		if (info->src == ISA_REG_NONE)
			return op_make(op, reg, 0, 0, constant(g));
		return op_make(op, reg, scalar(g), 0, 0);
	}
}

/* Keeps @reg within [0, max], in one of the ways that programs do it. */
static void bound(struct gen *g, u32 reg, s32 max)
{
	switch (below(g, 9)) {
	case 0:
		emit(g, OP(AND64_K, reg, 0, 0, max));
		break;
	case 1:
		emit(g, OP(AND32_K, reg, 0, 0, max));
		break;
	case 2:
		to_exit(g, OP(JGT64_K, reg, 0, 0, max));
		break;
	case 3:
		to_exit(g, OP(JGT32_K, reg, 0, 0, max));
		if (chance(g, 80))
			emit(g, OP(MOV32_X, reg, reg, 0, 0));
		break;
	case 4:
		to_exit(g, OP(JSGT64_K, reg, 0, 0, max));
		if (chance(g, 80))
			to_exit(g, OP(JSLT64_K, reg, 0, 0, 0));
		break;
	case 5:
		emit(g, OP(RSH64_K, reg, 0, 0, 64 - (max >= 31 ? 5 : max >= 7 ? 3 : 1)));
		break;
	case 6:
		emit(g, OP(MOD64_K, reg, 0, 0, max + 1));
		break;
	case 7:
		to_exit(g, OP(JSET64_K, reg, 0, 0, ~max));
		break;
	case 8:
		to_exit(g, OP(JNE64_K, reg, 0, 0, max));
		break;
	}
}

static u32 access_op(struct gen *g, bool store, enum isa_op *ret)
{
	static const enum isa_op loads[] = { ISA_LDX_B, ISA_LDX_H, ISA_LDX_W, ISA_LDX_DW };
	static const enum isa_op stores[] = { ISA_STX_B, ISA_STX_H, ISA_STX_W, ISA_STX_DW };
	u32 n = below(g, 4);

	*ret = store ? stores[n] : loads[n];
	return 1u << n;
}

/* Reads or writes @bytes behind @ptr, of which a variable part is behind it already. */
static void access_at(struct gen *g, u32 ptr, u32 bytes)
{
	bool store = chance(g, 40);
	enum isa_op op;
	u32 size = access_op(g, store, &op), dst;
	u32 room = bytes >= size ? bytes - size : 0;
	s16 off = (s16)(below(g, room + 1) & ~(size - 1));

	if (chance(g, 3))
		off = (s16)(off + (s16)below(g, 16) - 8);
	if (store) {
		emit(g, op_make(op, ptr, scalar(g), off, 0));
		return;
	}
	dst = reg_free(g);
	emit(g, op_make(op, dst, ptr, off, 0));
	set(g, dst, GEN_SCALAR);
}

static void value_to(struct gen *g, u32 reg)
{
	u32 map = chance(g, 97) ? GEN_ARRAY : GEN_RO;

	emit(g, OP(LDDW_MAP_VALUE, reg, 0, 0, (s32)map));
	emit(g, (struct insn){ .imm = (s32)(below(g, 4) * 8) });
	set(g, reg, GEN_VALUE);
}

static void block_value(struct gen *g)
{
	int have = reg_of(g, GEN_VALUE);
	u32 ptr, index, sum;

	if (have >= 0 && chance(g, 50)) {
		ptr = (u32)have;
	} else {
		ptr = reg_free(g);
		value_to(g, ptr);
	}
	if (chance(g, 30)) {
		access_at(g, ptr, 32);
		return;
	}
	index = scalar_rw(g);
	if (chance(g, 95))
		bound(g, index, (s32[]){ 7, 15, 31, 1, 24 }[below(g, 5)]);
	sum = reg_free(g);
	if (sum == index || sum == ptr)
		return;
	emit(g, OP(MOV64_X, sum, ptr, 0, 0));
	emit(g, chance(g, 90) ? OP(ADD64_X, sum, index, 0, 0) : OP(SUB64_X, sum, index, 0, 0));
	set(g, sum, GEN_OTHER);
	access_at(g, sum, 8);
	if (chance(g, 15))
		access_at(g, sum, 40);
}

static void block_link(struct gen *g)
{
	u32 a = scalar_rw(g), b = reg_free(g), ptr;

	if (a == b)
		return;
	emit(g, chance(g, 80) ? OP(MOV64_X, b, a, 0, 0) : OP(MOV32_X, b, a, 0, 0));
	set(g, b, GEN_SCALAR);
	if (chance(g, 50))
		emit(g, chance(g, 70) ? OP(ADD64_K, b, 0, 0, (s32)below(g, 16))
				      : OP(ADD32_K, b, 0, 0, (s32)below(g, 16)));
	bound(g, chance(g, 50) ? a : b, 15);
	ptr = reg_free(g);
	if (ptr == a || ptr == b)
		return;
	value_to(g, ptr);
	emit(g, OP(ADD64_X, ptr, chance(g, 50) ? a : b, 0, 0));
	set(g, ptr, GEN_OTHER);
	access_at(g, ptr, 8);
}

static void block_stack(struct gen *g)
{
	u32 n = below(g, 8);
	s16 slot = (s16)(-8 * (s32)(n + 1));
	int ptr = reg_of(g, GEN_VALUE);
	enum isa_op op;
	u32 size, dst;

	if (chance(g, 50)) {
		if (ptr >= 0 && chance(g, 30)) {
			emit(g, OP(STX_DW, 10, (u32)ptr, slot, 0));
			g->slot[n] = GEN_VALUE;
			return;
		}
		size = access_op(g, true, &op);
		if (chance(g, 20))
			emit(g, OP(ST_DW, 10, 0, slot, constant(g)));
		else
			emit(g, op_make(op, 10, scalar(g),
					(s16)(slot + (s16)(below(g, 8 / size) * size)), 0));
		if (size == 8 || g->slot[n] != GEN_VALUE)
			g->slot[n] = GEN_SCALAR;
		return;
	}
	if (g->slot[n] == GEN_NONE && chance(g, 95))
		return;
	dst = reg_free(g);
	if (g->slot[n] == GEN_VALUE) {
		emit(g, OP(LDX_DW, dst, 10, slot, 0));
		set(g, dst, GEN_VALUE);
		return;
	}
	size = access_op(g, false, &op);
	emit(g, op_make(op, dst, 10, (s16)(slot + (s16)(below(g, 8 / size) * size)), 0));
	set(g, dst, GEN_SCALAR);
}

static void calls_clobber(struct gen *g)
{
	for (u32 r = 1; r <= 5; r++)
		g->kind[r] = GEN_NONE;
	g->kind[0] = GEN_SCALAR;
}

static bool may_call(const struct gen *g)
{
	return !(g->keep & 0x3f);
}

static void block_lookup(struct gen *g)
{
	static const u32 maps[] = { GEN_ARRAY, GEN_HASH, GEN_PERCPU, GEN_ARRAY, GEN_HASH, GEN_RO };
	u32 map = maps[below(g, 6)];

	if (!may_call(g))
		return;
	if (chance(g, 70))
		emit(g, OP(ST_DW, 10, 0, KEY_OFF, chance(g, 60) ? 0 : constant(g)));
	else
		emit(g, OP(STX_DW, 10, scalar(g), KEY_OFF, 0));
	emit(g, OP(MOV64_X, 2, 10, 0, 0));
	emit(g, OP(ADD64_K, 2, 0, 0, KEY_OFF));
	emit(g, OP(LDDW_MAP_FD, 1, 0, 0, (s32)map));
	emit(g, (struct insn){ 0 });
	if (chance(g, 15)) {
		value_to(g, 3);
		emit(g, OP(MOV64_K, 4, 0, 0, 0));
		emit(g, OP(CALL_HELPER, 0, 0, 0, BPF_FUNC_map_update_elem));
		calls_clobber(g);
		return;
	}
	emit(g, OP(CALL_HELPER, 0, 0, 0, BPF_FUNC_map_lookup_elem));
	calls_clobber(g);
	if (chance(g, 95))
		to_exit(g, OP(JEQ64_K, 0, 0, 0, 0));
	g->kind[0] = GEN_VALUE;
	if (chance(g, 40)) {
		emit(g, OP(MOV64_X, 7 + below(g, 2), 0, 0, 0));
		if (!(g->keep & 0x180))
			set(g, g->insns[g->cnt - 1].dst, GEN_VALUE);
		else
			g->cnt--;
	}
}

static void block_packet(struct gen *g)
{
	bool xdp = g->type == BPF_PROG_TYPE_XDP;
	u32 var;

	if (g->type == BPF_PROG_TYPE_SOCKET_FILTER || g->keep & 0x1c)
		return;
	emit(g, OP(LDX_W, 2, CTX, xdp ? 0 : 76, 0));
	emit(g, OP(LDX_W, 3, CTX, xdp ? 4 : 80, 0));
	set(g, 2, GEN_OTHER);
	set(g, 3, GEN_OTHER);
	set(g, 4, GEN_OTHER);
	if (chance(g, 50)) {
		var = scalar_rw(g);
		bound(g, var, 31);
		emit(g, OP(ADD64_X, 2, var, 0, 0));
	}
	emit(g, OP(MOV64_X, 4, 2, 0, 0));
	emit(g, OP(ADD64_K, 4, 0, 0, 32));
	switch (below(g, 4)) {
	case 0:
		to_exit(g, OP(JGT64_X, 4, 3, 0, 0));
		break;
	case 1:
		to_exit(g, OP(JLT64_X, 3, 4, 0, 0));
		break;
	case 2:
		to_exit(g, OP(JGE64_X, 4, 3, 0, 0));
		break;
	case 3:
		emit(g, OP(JLE64_X, 4, 3, 1, 0));
		to_exit(g, OP(JA, 0, 0, 0, 0));
		break;
	}
	set(g, 2, GEN_PACKET);
	access_at(g, 2, 32);
}

static void block_atomic(struct gen *g)
{
	static const enum isa_op ops[] = {
		ISA_ATOMIC64_ADD,	ISA_ATOMIC64_OR,	ISA_ATOMIC64_AND, ISA_ATOMIC64_XOR,
		ISA_ATOMIC64_FETCH_ADD, ISA_ATOMIC64_FETCH_OR,	ISA_ATOMIC64_XCHG,
		ISA_ATOMIC32_ADD,	ISA_ATOMIC32_FETCH_AND, ISA_ATOMIC32_XCHG,
		ISA_ATOMIC64_CMPXCHG,	ISA_ATOMIC32_CMPXCHG,
	};
	enum isa_op op = ops[below(g, 12)];
	u32 src = scalar_rw(g), n = below(g, 8), base = 10;
	int value = reg_of(g, GEN_VALUE);
	s16 off = (s16)(-8 * (s32)(n + 1));

	if (isa_info(op)->family == ISA_FAMILY_CMPXCHG) {
		if (g->keep & 1)
			return;
		if (g->kind[0] != GEN_SCALAR)
			emit(g, OP(MOV64_K, 0, 0, 0, constant(g)));
		set(g, 0, GEN_SCALAR);
		if (src == 0 || g->kind[src] != GEN_SCALAR)
			return;
	}
	if (value >= 0 && chance(g, 40)) {
		base = (u32)value;
		off = (s16)(below(g, 4) * 8);
	} else if (g->slot[n] != GEN_SCALAR) {
		emit(g, OP(ST_DW, 10, 0, off, constant(g)));
		g->slot[n] = GEN_SCALAR;
	}
	emit(g, op_make(op, base, src, off, 0));
}

static void block_ring(struct gen *g)
{
	u32 release = chance(g, 50) ? BPF_FUNC_ringbuf_submit : BPF_FUNC_ringbuf_discard;

	if (!may_call(g) || g->keep & 0x100)
		return;
	emit(g, OP(LDDW_MAP_FD, 1, 0, 0, GEN_RING));
	emit(g, (struct insn){ 0 });
	emit(g, OP(MOV64_K, 2, 0, 0, 32));
	emit(g, OP(MOV64_K, 3, 0, 0, 0));
	emit(g, OP(CALL_HELPER, 0, 0, 0, BPF_FUNC_ringbuf_reserve));
	calls_clobber(g);
	to_exit(g, OP(JEQ64_K, 0, 0, 0, 0));
	emit(g, OP(MOV64_X, 8, 0, 0, 0));
	set(g, 8, GEN_OTHER);
	set(g, 0, GEN_OTHER);
	emit(g, OP(ST_DW, 8, 0, 8, constant(g)));
	if (chance(g, 50))
		access_at(g, 8, 32);
	if (g->kind[8] != GEN_OTHER)
		return;
	emit(g, OP(MOV64_X, 1, 8, 0, 0));
	emit(g, OP(MOV64_K, 2, 0, 0, 0));
	if (chance(g, 97))
		emit(g, OP(CALL_HELPER, 0, 0, 0, (s32)release));
	calls_clobber(g);
	g->kind[8] = GEN_NONE;
}

static void block_helper(struct gen *g)
{
	u32 len;

	if (!may_call(g))
		return;
	if (g->type == BPF_PROG_TYPE_XDP || chance(g, 40)) {
		emit(g, OP(CALL_HELPER, 0, 0, 0,
			   chance(g, 50) ? BPF_FUNC_ktime_get_ns : BPF_FUNC_get_prandom_u32));
		calls_clobber(g);
		return;
	}
	len = scalar_rw(g);
	bound(g, len, 31);
	emit(g, OP(MOV64_X, 4, len, 0, 0));
	if (chance(g, 70))
		emit(g, OP(ADD64_K, 4, 0, 0, 1));
	emit(g, OP(MOV64_X, 1, CTX, 0, 0));
	emit(g, OP(MOV64_K, 2, 0, 0, (s32)below(g, 32)));
	emit(g, OP(MOV64_X, 3, 10, 0, 0));
	emit(g, OP(ADD64_K, 3, 0, 0, -64));
	emit(g, OP(CALL_HELPER, 0, 0, 0, BPF_FUNC_skb_load_bytes));
	calls_clobber(g);
	for (u32 n = 4; n < 8; n++)
		g->slot[n] = GEN_NONE;
}

/* What two paths left different is not used any more. */
static void join(struct gen *g, const enum gen_kind kind[INSN_REGS], const enum gen_kind slot[8])
{
	for (u32 r = 0; r < 10; r++)
		if (g->kind[r] != kind[r])
			g->kind[r] = GEN_NONE;
	for (u32 n = 0; n < 8; n++)
		if (g->slot[n] != slot[n])
			g->slot[n] = GEN_NONE;
}

static void block_branch(struct gen *g)
{
	enum gen_kind kind[INSN_REGS], slot[8];
	u32 at, other;

	emit(g, compare(g, scalar(g)));
	at = g->cnt - 1;
	memcpy(kind, g->kind, sizeof(kind));
	memcpy(slot, g->slot, sizeof(slot));
	blocks(g, 1 + below(g, 3));
	if (chance(g, 40)) {
		emit(g, OP(JA, 0, 0, 0, 0));
		other = g->cnt - 1;
		g->insns[at].off = (s16)(g->cnt - at - 1);
		memcpy(g->kind, kind, sizeof(kind));
		memcpy(g->slot, slot, sizeof(slot));
		blocks(g, 1 + below(g, 2));
		g->insns[other].off = (s16)(g->cnt - other - 1);
	} else {
		g->insns[at].off = (s16)(g->cnt - at - 1);
	}
	join(g, kind, slot);
}

static void block_loop(struct gen *g)
{
	enum gen_kind kind[INSN_REGS], slot[8];
	u32 start, keep = g->keep;
	bool may_goto = chance(g, 20);

	if (g->loops++ > 1 || g->keep >> 9 & 1)
		return;
	emit(g, OP(MOV64_K, 9, 0, 0, 0));
	set(g, 9, GEN_SCALAR);
	g->keep |= 1u << 9;
	memcpy(kind, g->kind, sizeof(kind));
	memcpy(slot, g->slot, sizeof(slot));
	start = g->cnt;
	if (may_goto)
		to_exit(g, OP(MAY_GOTO, 0, 0, 0, 0));
	blocks(g, 1 + below(g, 3));
	for (u32 r = 0; r < 9; r++) {
		if (kind[r] == GEN_SCALAR && g->kind[r] != GEN_SCALAR && !(keep >> r & 1)) {
			emit(g, OP(MOV64_K, r, 0, 0, constant(g)));
			g->kind[r] = GEN_SCALAR;
		}
	}
	if (may_goto) {
		emit(g, OP(JA, 0, 0, (s16)((s32)start - (s32)g->cnt - 1), 0));
		/* Behind it: reached from nowhere but by a jump of its own. */
		g->insns[g->cnt - 1] = OP(JNE64_K, 9, 0, (s16)((s32)start - (s32)g->cnt), 1);
	} else {
		emit(g, OP(ADD64_K, 9, 0, 0, 1));
		emit(g, OP(JLT64_K, 9, 0, (s16)((s32)start - (s32)g->cnt - 1),
			   2 + (s32)below(g, 12)));
	}
	g->keep = keep;
	join(g, kind, slot);
}

static void block_call(struct gen *g)
{
	u32 n = g->call_cnt;

	if (!may_call(g) || n >= 16 || g->depth > 3)
		return;
	for (u32 r = 1; r <= 2; r++)
		if (g->kind[r] != GEN_SCALAR)
			emit(g, OP(MOV64_K, r, 0, 0, constant(g)));
	g->calls[n] = g->cnt;
	g->call_target[n] = below(g, GEN_FUNCS_MAX / 2);
	g->call_cnt++;
	emit(g, OP(CALL_SUBPROG, 0, 0, 0, 0));
	calls_clobber(g);
}

/* bpf_loop: the callback may change what r2 of it points to. */
static void block_callback(struct gen *g)
{
	u32 n = g->call_cnt;

	if (!may_call(g) || n >= 16 || g->depth > 3)
		return;
	emit(g, OP(ST_DW, 10, 0, -8, 0));
	g->slot[0] = GEN_SCALAR;
	emit(g, OP(MOV64_K, 1, 0, 0, (s32)below(g, 100)));
	g->calls[n] = g->cnt;
	g->call_target[n] = GEN_FUNCS_MAX / 2 + below(g, GEN_FUNCS_MAX / 2);
	g->call_cnt++;
	emit(g, OP(LDDW_FUNC, 2, 0, 0, 0));
	emit(g, (struct insn){ 0 });
	emit(g, OP(MOV64_X, 3, 10, 0, 0));
	emit(g, OP(ADD64_K, 3, 0, 0, -8));
	emit(g, OP(MOV64_K, 4, 0, 0, 0));
	emit(g, OP(CALL_HELPER, 0, 0, 0, BPF_FUNC_loop));
	calls_clobber(g);
}

static void block_move(struct gen *g)
{
	int from = reg_of(g, chance(g, 50) ? GEN_SCALAR : GEN_VALUE);
	u32 to = reg_free(g);

	if (from < 0)
		return;
	emit(g, OP(MOV64_X, to, (u32)from, 0, 0));
	set(g, to, g->kind[from]);
}

static const struct {
	block_fn fn;
	u32 weight;
} block_table[] = {
	{ block_alu, 25 },    { block_value, 18 },  { block_link, 6 },	    { block_stack, 14 },
	{ block_lookup, 6 },  { block_packet, 4 },  { block_atomic, 6 },    { block_ring, 2 },
	{ block_helper, 4 },  { block_branch, 12 }, { block_loop, 3 },	    { block_call, 3 },
	{ block_callback, 1 }, { block_move, 6 },
};

static void blocks(struct gen *g, u32 cnt)
{
	u32 total = 0;

	if (g->depth >= 4 || g->cnt > GEN_INSNS_MAX - 160)
		return;
	g->depth++;
	for (u32 b = 0; b < sizeof(block_table) / sizeof(block_table[0]); b++)
		total += block_table[b].weight;
	while (cnt--) {
		u32 pick = below(g, total), b = 0;

		while (pick >= block_table[b].weight)
			pick -= block_table[b++].weight;
		if (g->cnt < GEN_INSNS_MAX - 160)
			block_table[b].fn(g);
	}
	g->depth--;
}

/* Points the exits at an end that gives @result's register a small number. */
static void finish(struct gen *g, u32 from)
{
	u32 end;

	if (chance(g, 50) && g->kind[0] == GEN_SCALAR)
		emit(g, OP(AND64_K, 0, 0, 0, 1));
	else
		emit(g, OP(MOV64_K, 0, 0, 0, (s32)below(g, 2)));
	emit(g, OP(EXIT, 0, 0, 0, 0));
	end = g->cnt;
	if (!g->exit_cnt)
		return;
	emit(g, OP(MOV64_K, 0, 0, 0, 0));
	emit(g, OP(EXIT, 0, 0, 0, 0));
	for (u32 n = from; n < g->exit_cnt; n++)
		g->insns[g->exits[n]].off = (s16)(end - g->exits[n] - 1);
	g->exit_cnt = 0;
}

static void function(struct gen *g, bool callback)
{
	memset(g->kind, 0, sizeof(g->kind));
	memset(g->slot, 0, sizeof(g->slot));
	g->keep = 1u << CTX; /* not ours here */
	set(g, 1, GEN_SCALAR);
	if (callback) {
		emit(g, OP(LDX_DW, 3, 2, 0, 0));
		if (chance(g, 50))
			emit(g, OP(ADD64_K, 3, 0, 0, 1 + (s32)below(g, 4)));
		else
			emit(g, OP(AND64_K, 3, 0, 0, constant(g)));
		emit(g, OP(STX_DW, 2, 3, 0, 0));
		set(g, 3, GEN_SCALAR);
	} else {
		set(g, 2, GEN_SCALAR);
	}
	for (u32 n = below(g, 5); n; n--) {
		static const block_fn fns[] = { block_alu, block_value, block_stack, block_move };

		/* No context here: unknown numbers come from the arguments. */
		if (reg_of(g, GEN_SCALAR) < 0)
			emit(g, OP(MOV64_K, set(g, 1, GEN_SCALAR), 0, 0, constant(g)));
		g->kind[CTX] = GEN_NONE;
		fns[below(g, 4)](g);
	}
	finish(g, 0);
}

/* One change in one place. */
static void mutate(struct gen *g)
{
	struct insn *i = &g->insns[below(g, g->cnt)];
	const struct isa_info *info = isa_info(isa_decode(i));

	if (i->code == 0 || i->code == 0x18 || i->code == 0x95)
		return;
	switch (below(g, 7)) {
	case 0:
		if (info->imm == ISA_IMM_VALUE || info->imm == ISA_IMM_SHIFT)
			i->imm = (s32)((u32)i->imm + below(g, 5) - 2);
		break;
	case 1:
		if (info->off != ISA_OFF_ZERO && info->off != ISA_OFF_SEL)
			i->off = (s16)(i->off + (s16)below(g, 17) - 8);
		break;
	case 2:
		i->dst = (u8)(below(g, 10) & 0xf);
		break;
	case 3:
		if (i->src)
			i->src = (u8)(below(g, 10) & 0xf);
		break;
	case 4:
		*i = OP(JA, 0, 0, 0, 0);
		break;
	case 5:
		i->code ^= 0x10; /* another operation */
		break;
	case 6:
		if (info->imm == ISA_IMM_VALUE)
			i->imm = constant(g);
		break;
	}
}

void gen_program(struct gen *g, u64 seed)
{
	static const u32 types[] = { BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_SCHED_CLS,
				     BPF_PROG_TYPE_XDP };

	memset(g, 0, sizeof(*g));
	rand_seed(g->rand, seed);
	g->type = types[below(g, 3)];
	g->keep = 1u << CTX;
	emit(g, OP(MOV64_X, CTX, 1, 0, 0));
	set(g, CTX, GEN_OTHER);
	unknown_to(g, 7);
	blocks(g, 3 + below(g, 12));
	finish(g, 0);
	for (u32 f = 0; g->call_cnt && f < GEN_FUNCS_MAX; f++) {
		bool used = false;

		g->func_start[f] = g->cnt;
		for (u32 c = 0; c < g->call_cnt; c++)
			used |= g->call_target[c] == f;
		if (used)
			function(g, f >= GEN_FUNCS_MAX / 2);
	}
	for (u32 c = 0; c < g->call_cnt; c++)
		g->insns[g->calls[c]].imm =
			(s32)(g->func_start[g->call_target[c]] - g->calls[c] - 1);
	/* But no loops: one that lost its end costs a million instructions. */
	if (!g->loops && chance(g, 30))
		mutate(g);
}
