/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the converter knows before it emits: which instructions are reached, how many captured
 * bytes are certain there, which registers must start as 0, whether the context is used later,
 * and which loads may leave A in network order.
 *
 * The last saves the byte swap of most loads of a packet filter: when a loaded value is only
 * compared for equality, tested against a mask or masked, the constants are swapped instead.
 * Loads whose values meet at an instruction that uses them form one class, which decides as one.
 *
 * Jumps go forward, so one pass in each direction is enough; where one goes back (`ja` in pcap
 * mode) its target counts on nothing, and loads are swapped as written.
 */
#include "base/err.h"
#include "base/mem.h"
#include "isa/cbpf/convert_int.h"

/*
 * Captured bytes that a load at a constant offset needs, 0 for every other instruction and for
 * special offsets.
 */
static u32 bytes_needed(const struct conv *c, const struct cbpf_insn *insn)
{
	u32 size_bytes = cbpf_access_bytes(insn->code);

	if (!conv_is_constant_load(insn) || insn->k > INT32_MAX - size_bytes ||
	    c->prog->mode == CBPF_SECCOMP)
		return 0;
	return insn->k + size_bytes;
}

static void lower(u32 *known, u32 to)
{
	*known = MIN(*known, to);
}

/*
 * How many captured bytes are certain when an instruction starts (the run target uses that), and
 * CONV_DEAD for instructions that no path reaches: those are not emitted, since Linux's verifier
 * refuses dead code. One pass is enough, since jumps go forward; where one goes back, its target
 * counts on nothing.
 */
static void find_known_len(struct conv *c)
{
	u32 i, len = c->prog->len;

	for (i = 0; i <= len; i++)
		c->known_len[i] = CONV_DEAD;
	c->known_len[0] = 0;
	for (i = 0; i < len; i++) {
		const struct cbpf_insn *insn = &c->prog->insns[i];

		if (cbpf_op_of(insn->code) == CBPF_JA && cbpf_ja_target(insn, i) <= i) {
			c->known_len[cbpf_ja_target(insn, i)] = 0;
			c->has_loops = true;
		}
	}
	for (i = 0; i < len; i++) {
		const struct cbpf_insn *insn = &c->prog->insns[i];
		u32 known = c->known_len[i];

		if (known == CONV_DEAD)
			continue;
		known = MAX(known, bytes_needed(c, insn));
		if (conv_always_outside(c, insn))
			continue;
		switch ((enum cbpf_rule)cbpf_op_table[cbpf_op_of(insn->code)].rule) {
		case CBPF_RULE_JA:
			lower(&c->known_len[cbpf_ja_target(insn, i)], known);
			break;
		case CBPF_RULE_JCOND:
			lower(&c->known_len[i + 1 + insn->jt], known);
			lower(&c->known_len[i + 1 + insn->jf], known);
			break;
		case CBPF_RULE_RET:
			break;
		case CBPF_RULE_NONE:
		case CBPF_RULE_PACKET:
		case CBPF_RULE_DIV:
		case CBPF_RULE_SHIFT:
		case CBPF_RULE_MEM_LD:
		case CBPF_RULE_MEM_ST:
			lower(&c->known_len[i + 1], known);
			break;
		}
	}
}

static enum cbpf_rule rule_of(const struct cbpf_insn *insn)
{
	return (enum cbpf_rule)cbpf_op_table[cbpf_op_of(insn->code)].rule;
}

/* What a load at a constant offset reads in this mode, CBPF_ANC_NONE for packet bytes. */
static enum cbpf_anc ancillary_of(const struct conv *c, const struct cbpf_insn *insn)
{
	if (rule_of(insn) != CBPF_RULE_PACKET || c->prog->mode != CBPF_SOCKET)
		return CBPF_ANC_NONE;
	return cbpf_anc_of(insn->k);
}

static u8 regs_used(const struct conv *c, const struct cbpf_insn *insn)
{
	/* By way of LD_ABS, which loads A: the old A waits in X. */
	if (cbpf_op_of(insn->code) == CBPF_LDX_MSH && !conv_msh_is_direct(c, insn->k))
		return CBPF_REG_A;
	/* XOR with X, attributes, and the A that a packet without device returns. */
	if (ancillary_of(c, insn) != CBPF_ANC_NONE)
		return CBPF_REG_AX;
	return cbpf_op_table[cbpf_op_of(insn->code)].use;
}

static u8 regs_defined(const struct cbpf_insn *insn)
{
	return cbpf_op_table[cbpf_op_of(insn->code)].def;
}

/* Where control goes from @idx: at most two places. */
static u32 successors(const struct conv *c, u32 idx, u32 out[2])
{
	const struct cbpf_insn *insn = &c->prog->insns[idx];

	out[0] = idx + 1;
	switch (rule_of(insn)) {
	case CBPF_RULE_RET:
		return 0;
	case CBPF_RULE_JA:
		out[0] = cbpf_ja_target(insn, idx);
		return 1;
	case CBPF_RULE_JCOND:
		out[0] = idx + 1 + insn->jt;
		out[1] = idx + 1 + insn->jf;
		return 2;
	case CBPF_RULE_NONE:
	case CBPF_RULE_PACKET:
	case CBPF_RULE_DIV:
	case CBPF_RULE_SHIFT:
	case CBPF_RULE_MEM_LD:
	case CBPF_RULE_MEM_ST:
		break;
	}
	return conv_always_outside(c, insn) ? 0 : 1;
}

/* Registers that may be read before they are written must start as 0. */
static void find_zero_regs(struct conv *c, u8 *written)
{
	u32 i, n, next[2], len = c->prog->len;

	for (i = 0; i < len; i++)
		written[i] = CBPF_REG_AX;
	written[0] = 0;
	for (i = 0; i < len; i++) {
		const struct cbpf_insn *insn = &c->prog->insns[i];

		if (c->known_len[i] == CONV_DEAD)
			continue;
		if (c->has_loops) /* what a loop brings back is not followed */
			written[i] = 0;
		c->zero_regs |= (u8)(regs_used(c, insn) & ~written[i]);
		for (n = successors(c, i, next); n; n--)
			written[next[n - 1]] &= (u8)(written[i] | regs_defined(insn));
	}
}

/* True when the instruction, once converted, reads the context through r6. */
static bool uses_ctx(const struct conv *c, const struct cbpf_insn *insn)
{
	switch ((enum cbpf_operand)cbpf_op_table[cbpf_op_of(insn->code)].operand) {
	case CBPF_OPERAND_LEN:
		return c->prog->mode != CBPF_SECCOMP;
	case CBPF_OPERAND_ABS:
	case CBPF_OPERAND_MSH:
		return c->target != CBPF_TO_RUN || c->prog->mode == CBPF_SECCOMP ||
		       insn->k > INT32_MAX;
	case CBPF_OPERAND_IND:
		return c->target != CBPF_TO_RUN || c->prog->mode != CBPF_PCAP;
	case CBPF_OPERAND_NONE:
	case CBPF_OPERAND_HEX:
	case CBPF_OPERAND_DEC:
	case CBPF_OPERAND_X:
	case CBPF_OPERAND_MEM:
	case CBPF_OPERAND_JA:
		break;
	}
	return false;
}

/* Bytes of a load whose value run code may leave in network order; 0 for everything else. */
static u8 raw_capable_bytes(const struct conv *c, const struct cbpf_insn *insn)
{
	enum cbpf_operand operand =
		(enum cbpf_operand)cbpf_op_table[cbpf_op_of(insn->code)].operand;
	u32 size_bytes = cbpf_access_bytes(insn->code);

	if (c->prog->mode == CBPF_SECCOMP || conv_always_outside(c, insn))
		return 0;
	if (operand == CBPF_OPERAND_ABS && insn->k <= INT32_MAX)
		return (u8)size_bytes;
	/* In socket mode LD_IND helps out, which swaps by itself. */
	return operand == CBPF_OPERAND_IND && c->prog->mode == CBPF_PCAP ? (u8)size_bytes : 0;
}

/* Uses of A that a swapped constant serves as well. */
static bool is_order_free(const struct cbpf_insn *insn)
{
	enum cbpf_op op = cbpf_op_of(insn->code);

	return op == CBPF_JEQ_K || op == CBPF_JSET_K || op == CBPF_AND_K;
}

#define NO_CLASS UINT32_MAX

/* Classes of values of A, by the instruction that makes them; [len] is the A of the start. */
struct raw_flow {
	struct conv *c;
	u32 *parent;  /* union-find */
	u32 *at;      /* class of A when an instruction starts */
	u8 *bytes;    /* of the class, 0: not in network order */
	bool *live_a; /* A may be used from here on */
};

static u32 class_find(const struct raw_flow *f, u32 i)
{
	while (f->parent[i] != i)
		i = f->parent[i] = f->parent[f->parent[i]];
	return i;
}

static void class_join(const struct raw_flow *f, u32 a, u32 b)
{
	a = class_find(f, a);
	b = class_find(f, b);
	f->parent[a] = b;
	if (f->bytes[a] != f->bytes[b])
		f->bytes[b] = 0;
}

static void find_live_a(const struct raw_flow *f)
{
	u32 i, n, next[2];

	for (i = f->c->prog->len; i-- > 0;) {
		const struct cbpf_insn *insn = &f->c->prog->insns[i];
		bool after = false;

		for (n = successors(f->c, i, next); n; n--)
			after |= f->live_a[next[n - 1]];
		f->live_a[i] = regs_used(f->c, insn) & CBPF_REG_A ||
			       (after && !(regs_defined(insn) & CBPF_REG_A));
	}
}

/* The class of A behind instruction @i. */
static u32 class_behind(const struct raw_flow *f, u32 i)
{
	const struct cbpf_insn *insn = &f->c->prog->insns[i];

	if (!(regs_defined(insn) & CBPF_REG_A) || cbpf_op_of(insn->code) == CBPF_AND_K)
		return f->at[i];
	f->bytes[i] = raw_capable_bytes(f->c, insn);
	return i;
}

static void find_classes(const struct raw_flow *f)
{
	u32 i, n, next[2], len = f->c->prog->len;

	for (i = 0; i <= len; i++) {
		f->parent[i] = i;
		f->at[i] = NO_CLASS;
	}
	f->at[0] = len;
	for (i = 0; i < len; i++) {
		const struct cbpf_insn *insn = &f->c->prog->insns[i];
		u32 behind;

		if (f->c->known_len[i] == CONV_DEAD || f->at[i] == NO_CLASS)
			continue;
		if (regs_used(f->c, insn) & CBPF_REG_A && !is_order_free(insn))
			f->bytes[class_find(f, f->at[i])] = 0;
		behind = class_behind(f, i);
		for (n = successors(f->c, i, next); n; n--) {
			u32 to = next[n - 1];

			if (f->at[to] == NO_CLASS)
				f->at[to] = behind;
			else if (f->live_a[to])
				class_join(f, f->at[to], behind);
		}
	}
}

static void find_raw(const struct raw_flow *f)
{
	u32 i, len = f->c->prog->len;

	find_live_a(f);
	find_classes(f);
	for (i = 0; i < len; i++) {
		const struct cbpf_insn *insn = &f->c->prog->insns[i];
		u32 of = is_order_free(insn) ? f->at[i] : i;

		if (f->c->known_len[i] == CONV_DEAD || of == NO_CLASS)
			continue;
		if (is_order_free(insn) || raw_capable_bytes(f->c, insn))
			f->c->raw_bytes[i] = f->bytes[class_find(f, of)];
	}
}

static int flow_raw(struct conv *c)
{
	u32 len = c->prog->len;
	struct raw_flow f = { .c = c };
	int err = -ENOMEM;

	f.parent = mem_zalloc_array(len + 1, sizeof(*f.parent));
	f.at = mem_zalloc_array(len + 1, sizeof(*f.at));
	f.bytes = mem_zalloc_array(len + 1, sizeof(*f.bytes));
	f.live_a = mem_zalloc_array(len + 1, sizeof(*f.live_a));
	if (f.parent && f.at && f.bytes && f.live_a) {
		find_raw(&f);
		err = 0;
	}
	mem_free(f.parent);
	mem_free(f.at);
	mem_free(f.bytes);
	mem_free(f.live_a);
	return err;
}

int conv_flow(struct conv *c)
{
	u32 i, len = c->prog->len;

	c->known_len = mem_zalloc_array(len + 1, sizeof(*c->known_len));
	/* Borrowed at first for the registers written. */
	c->raw_bytes = mem_zalloc_array(len + 1, sizeof(*c->raw_bytes));
	if (!c->known_len || !c->raw_bytes)
		return -ENOMEM;
	find_known_len(c);
	find_zero_regs(c, c->raw_bytes);
	for (i = 0; i < len; i++) {
		c->raw_bytes[i] = 0;
		if (c->known_len[i] != CONV_DEAD)
			c->ctx_used |= uses_ctx(c, &c->prog->insns[i]);
	}
	if (c->target != CBPF_TO_RUN || c->has_loops)
		return 0;
	return flow_raw(c);
}
