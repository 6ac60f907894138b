/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checker of classic programs: bpf_check_classic and check_load_and_stores of
 * net/core/filter.c, and seccomp_check_filter of kernel/seccomp.c.
 *
 * Invariants of what passes, on which the interpreter and the converter rest:
 * 1. every code has a row in ops.def;
 * 2. every jump goes to an instruction of the program, forward, and the last one returns (in pcap
 *    mode `ja` may go back);
 * 3. constant divisors are not 0 (and in socket and seccomp mode constant shifts are below 32);
 * 4. scratch words are in range and written before they are read, on every path (in pcap mode
 *    those that are not are known: prog->zero_words).
 */
#include "base/err.h"
#include "base/mem.h"
#include "isa/cbpf/cbpf.h"

static const char *check_memory_op(const struct cbpf_insn *insn)
{
	return insn->k < CBPF_MEM_WORDS ? NULL : "scratch memory has 16 words, M[0] to M[15]";
}

/* seccomp_check_filter: loads are words of struct seccomp_data. */
static const char *check_seccomp(const struct cbpf_insn *insn, enum cbpf_op op)
{
	if (!cbpf_op_table[op].seccomp)
		return "seccomp does not allow this instruction";
	if (op == CBPF_LD_W_ABS && (insn->k >= sizeof(struct cbpf_seccomp) || insn->k % 4))
		return "a seccomp filter loads aligned words of struct seccomp_data (64 bytes)";
	return NULL;
}

/* One instruction by itself and its place. NULL when it may stand there. */
static const char *check_insn(const struct cbpf_insn *insns, u32 len, u32 idx, enum cbpf_mode mode)
{
	const struct cbpf_insn *insn = &insns[idx];
	u32 left = len - idx - 1;
	enum cbpf_op op = cbpf_op_of(insn->code);

	if (op == CBPF_OP_BAD)
		return "unknown instruction code";
	switch ((enum cbpf_rule)cbpf_op_table[op].rule) {
	case CBPF_RULE_NONE:
	case CBPF_RULE_RET:
		break;
	case CBPF_RULE_PACKET:
		if (mode != CBPF_PCAP && insn->k >= CBPF_OFF_AD &&
		    cbpf_anc_of(insn->k) == CBPF_ANC_NONE)
			return "no ancillary data at this offset";
		break;
	case CBPF_RULE_DIV:
		if (!insn->k)
			return "division by constant 0";
		break;
	case CBPF_RULE_SHIFT:
		if (mode != CBPF_PCAP && insn->k >= 32)
			return "shift by a constant of 32 or more";
		break;
	case CBPF_RULE_MEM_LD:
	case CBPF_RULE_MEM_ST:
		return check_memory_op(insn);
	case CBPF_RULE_JA:
		if (mode == CBPF_PCAP ? cbpf_ja_target(insn, idx) >= len : insn->k >= left)
			return "jump out of the program";
		break;
	case CBPF_RULE_JCOND:
		if (insn->jt >= left || insn->jf >= left)
			return "jump out of the program";
		break;
	}
	return NULL;
}

/*
 * check_load_and_stores: valid[i] holds the scratch words that every jump to i has written. One
 * pass suffices, since jumps go forward; where one goes back its target counts on nothing.
 */
static u16 scratch_missing(const struct cbpf_insn *insns, u32 len, u16 *valid, u32 *ret_idx)
{
	u16 now = 0, missing = 0;
	u32 i;

	for (i = 0; i < len; i++) {
		const struct cbpf_insn *insn = &insns[i];

		now &= valid[i];
		switch ((enum cbpf_rule)cbpf_op_table[cbpf_op_of(insn->code)].rule) {
		case CBPF_RULE_MEM_ST:
			now |= (u16)(1u << insn->k);
			break;
		case CBPF_RULE_MEM_LD:
			if (!missing && !(now & 1u << insn->k))
				*ret_idx = i;
			missing |= (u16)(1u << insn->k & ~(u32)now);
			break;
		case CBPF_RULE_JA:
			valid[cbpf_ja_target(insn, i)] &= now;
			now = 0xffff;
			break;
		case CBPF_RULE_JCOND:
			valid[i + 1 + insn->jt] &= now;
			valid[i + 1 + insn->jf] &= now;
			now = 0xffff;
			break;
		case CBPF_RULE_NONE:
		case CBPF_RULE_PACKET:
		case CBPF_RULE_DIV:
		case CBPF_RULE_SHIFT:
		case CBPF_RULE_RET:
			break;
		}
	}
	return missing;
}

int cbpf_check_scratch(const struct cbpf_insn *insns, u32 len, u16 *ret_words, u32 *ret_idx)
{
	u16 *valid = mem_alloc(len * sizeof(*valid));
	u32 i;

	if (!valid)
		return -ENOMEM;
	for (i = 0; i < len; i++)
		valid[i] = 0xffff;
	for (i = 0; i < len; i++) {
		u32 target = cbpf_ja_target(&insns[i], i);

		if (cbpf_op_of(insns[i].code) == CBPF_JA && target <= i)
			valid[target] = 0;
	}
	*ret_words = scratch_missing(insns, len, valid, ret_idx);
	mem_free(valid);
	return 0;
}

static int refuse(struct cbpf_refusal *refusal, u32 insn_idx, const char *reason)
{
	if (refusal)
		*refusal = (struct cbpf_refusal){ insn_idx, reason };
	return -EINVAL;
}

int cbpf_check(const struct cbpf_insn *insns, u32 len, enum cbpf_mode mode,
	       struct cbpf_refusal *refusal)
{
	const char *reason;
	u16 words;
	u32 i;

	if (!len)
		return refuse(refusal, 0, "the program is empty");
	if (len > (mode == CBPF_PCAP ? CBPF_PCAP_INSNS_MAX : CBPF_INSNS_MAX))
		return refuse(refusal, 0, "the program is too long");
	for (i = 0; i < len; i++) {
		reason = check_insn(insns, len, i, mode);
		if (reason)
			return refuse(refusal, i, reason);
	}
	if (cbpf_op_table[cbpf_op_of(insns[len - 1].code)].rule != CBPF_RULE_RET)
		return refuse(refusal, len - 1, "the last instruction does not return");
	if (mode == CBPF_PCAP)
		return 0;
	if (cbpf_check_scratch(insns, len, &words, &i))
		return -ENOMEM;
	if (words)
		return refuse(refusal, i, "reads a scratch word that was not written");
	for (i = 0; mode == CBPF_SECCOMP && i < len; i++) {
		reason = check_seccomp(&insns[i], cbpf_op_of(insns[i].code));
		if (reason)
			return refuse(refusal, i, reason);
	}
	return 0;
}
