/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The converter's loads: packet bytes, ancillary data, length (convert_bpf_ld_abs and
 * convert_bpf_extensions of net/core/filter.c).
 */
#include <string.h>

#include "base/bytes.h"
#include "isa/cbpf/convert_int.h"
#include "isa/cbpf/view.h"
#include "spec/helper.h"
#include "spec/intrinsics.h"

/* An offset at which no packet has bytes: above the largest, and not special in the mode. */
static bool offset_is_outside(const struct conv *c, u32 k, u32 size_bytes)
{
	if (c->prog->mode == CBPF_PCAP)
		return k > INT32_MAX - size_bytes;
	return k > INT32_MAX - size_bytes && k < CBPF_OFF_LL;
}

static enum cbpf_operand operand_of(const struct cbpf_insn *insn)
{
	return (enum cbpf_operand)cbpf_op_table[cbpf_op_of(insn->code)].operand;
}

bool conv_is_constant_load(const struct cbpf_insn *insn)
{
	return operand_of(insn) == CBPF_OPERAND_ABS || operand_of(insn) == CBPF_OPERAND_MSH;
}

bool conv_always_outside(const struct conv *c, const struct cbpf_insn *insn)
{
	u32 size_bytes = cbpf_access_bytes(insn->code);

	if (c->prog->mode == CBPF_SECCOMP)
		return false;
	if (conv_is_constant_load(insn))
		return offset_is_outside(c, insn->k, size_bytes);
	return operand_of(insn) == CBPF_OPERAND_IND && c->prog->mode == CBPF_PCAP &&
	       insn->k > INT32_MAX - size_bytes;
}

bool conv_reads_packet(const struct cbpf_prog *prog)
{
	u32 i;

	for (i = 0; i < prog->len && prog->mode != CBPF_SECCOMP; i++) {
		const struct cbpf_insn *insn = &prog->insns[i];

		if (conv_is_constant_load(insn) || operand_of(insn) == CBPF_OPERAND_IND)
			return true;
	}
	return false;
}

static enum isa_op ldx_op(u32 size_bytes)
{
	if (size_bytes == 1)
		return ISA_LDX_B;
	if (size_bytes == 2)
		return ISA_LDX_H;
	return size_bytes == 4 ? ISA_LDX_W : ISA_LDX_DW;
}

static void refuse(struct conv *c, const char *what)
{
	if (c->refused)
		return;
	c->refused = what;
	c->refused_idx = c->idx;
}

/* dst = context field @name. */
static void load_field(struct conv *c, u32 dst, const char *name)
{
	const struct ctx_class *cls = &cbpf_view_class;
	u32 i;

	for (i = 0; i < cls->field_cnt; i++) {
		const struct ctx_field *f = &cls->fields[i];

		if (strcmp(f->name, name))
			continue;
		if (c->target == CBPF_TO_RUN)
			conv_emit(c, ldx_op(f->member_size_bytes), REGS(dst, REG_CTX),
				  f->member_off, 0);
		else
			conv_emit(c, ISA_LDX_W, REGS(dst, REG_CTX), f->off, 0);
		if (c->target == CBPF_TO_KERNEL && f->off >= CBPF_VIEW_OWN_FIELDS_OFF)
			refuse(c, "struct __sk_buff has no such field");
		return;
	}
	refuse(c, "the packet view has no such field"); /* cannot happen: class.c has them all */
}

static void swap_to_host(struct conv *c, u32 reg, u32 size_bytes)
{
	if (size_bytes == 2)
		conv_emit(c, ISA_BE16, reg, 0, 0);
	else if (size_bytes == 4)
		conv_emit(c, ISA_BE32, reg, 0, 0);
}

/* reg = @size_bytes of the packet at constant @k, which is no special offset. */
static void load_direct(struct conv *c, u32 reg, u32 k, u32 size_bytes)
{
	u32 end = k + size_bytes;

	if (c->known_len[c->idx] < end)
		conv_jump(c, ISA_JLT64_K, REG_LEN, (s32)end, CONV_RETURN_0(c));
	if (k <= INT16_MAX) {
		conv_emit(c, ldx_op(size_bytes), REGS(reg, REG_DATA), (s32)k, 0);
	} else {
		conv_emit(c, ISA_MOV64_X, REGS(REG_TMP, REG_DATA), 0, 0);
		conv_emit(c, ISA_ADD64_K, REG_TMP, 0, (s32)k);
		conv_emit(c, ldx_op(size_bytes), REGS(reg, REG_TMP), 0, 0);
	}
	if (c->raw_bytes[c->idx] != size_bytes)
		swap_to_host(c, reg, size_bytes);
}

static enum isa_op ldabs_op(u32 size_bytes)
{
	return size_bytes == 1 ? ISA_LDABS_B : size_bytes == 2 ? ISA_LDABS_H : ISA_LDABS_W;
}

static enum isa_op ldind_op(u32 size_bytes)
{
	return size_bytes == 1 ? ISA_LDIND_B : size_bytes == 2 ? ISA_LDIND_H : ISA_LDIND_W;
}

/* A = @size_bytes at constant offset @k; the engine's LD_ABS knows special offsets. */
static void load_packet(struct conv *c, u32 k, u32 size_bytes)
{
	if (c->target == CBPF_TO_RUN && k <= INT32_MAX)
		load_direct(c, REG_A, k, size_bytes);
	else
		conv_emit(c, ldabs_op(size_bytes), 0, 0, (s32)k);
}

static void call_random(struct conv *c)
{
	if (c->target == CBPF_TO_KERNEL) {
		conv_emit(c, ISA_CALL_HELPER, 0, 0, HELPER_get_prandom_u32);
		return;
	}
	conv_emit(c, ISA_MOV64_X, REGS(REG_ARG1, REG_CTX), 0, 0);
	conv_emit(c, ISA_CALL_HELPER, 0, 0, INTRINSIC_CLASSIC_RANDOM);
}

/* A = intrinsic(context, A, X) */
static void call_intrinsic(struct conv *c, enum intrinsic id)
{
	if (c->target == CBPF_TO_KERNEL) {
		refuse(c, "Linux offers no helper for this ancillary data");
		return;
	}
	conv_emit(c, ISA_MOV64_X, REGS(REG_ARG1, REG_CTX), 0, 0);
	conv_emit(c, ISA_MOV64_X, REGS(REG_ARG2, REG_A), 0, 0);
	conv_emit(c, ISA_MOV64_X, REGS(REG_ARG3, REG_X), 0, 0);
	conv_emit(c, ISA_CALL_HELPER, 0, 0, (s32)id);
}

static void load_cpu(struct conv *c, const char *field)
{
	if (c->target == CBPF_TO_KERNEL)
		conv_emit(c, ISA_CALL_HELPER, 0, 0, HELPER_get_smp_processor_id);
	else
		load_field(c, REG_A, field);
}

static void load_big_endian_field(struct conv *c, const char *field)
{
	load_field(c, REG_A, field);
	swap_to_host(c, REG_A, 2);
}

/* Without a device (interface index 0) the program ends and returns A as it stands. */
static void load_device_field(struct conv *c, const char *field)
{
	load_field(c, REG_TMP, "ifindex");
	conv_emit(c, ISA_JNE64_K, REG_TMP, 1, 0);
	conv_emit(c, ISA_EXIT, 0, 0, 0);
	load_field(c, REG_A, field);
}

static void load_ancillary(struct conv *c, enum cbpf_anc anc)
{
	switch (anc) {
#define ANC_FIELD(id, field)                                                                       \
	case CBPF_ANC_##id:                                                                        \
		if (CBPF_ANC_##id == CBPF_ANC_CPU)                                                 \
			load_cpu(c, field);                                                        \
		else                                                                               \
			load_field(c, REG_A, field);                                               \
		break;
#define ANC_FIELD_BE16(id, field)                                                                  \
	case CBPF_ANC_##id:                                                                        \
		load_big_endian_field(c, field);                                                   \
		break;
#define ANC_DEVICE(id, field)                                                                      \
	case CBPF_ANC_##id:                                                                        \
		load_device_field(c, field);                                                       \
		break;
#define ANC_CALL(id, field)
#define ANC_XOR_X(id, field)
#define CBPF_ANC(id, off, text, how, field, member) ANC_##how(id, field)
#include "isa/cbpf/ancillary.def"
#undef CBPF_ANC
	case CBPF_ANC_NLATTR:
		call_intrinsic(c, INTRINSIC_CLASSIC_NLATTR);
		break;
	case CBPF_ANC_NLATTR_NEST:
		call_intrinsic(c, INTRINSIC_CLASSIC_NLATTR_NEST);
		break;
	case CBPF_ANC_PAY_OFFSET:
		call_intrinsic(c, INTRINSIC_CLASSIC_PAY_OFFSET);
		break;
	case CBPF_ANC_RANDOM:
		call_random(c);
		break;
	case CBPF_ANC_ALU_XOR_X:
		conv_emit(c, ISA_XOR32_X, REGS(REG_A, REG_X), 0, 0);
		break;
	case CBPF_ANC_CNT:
		break;
	}
}

void conv_load_abs(struct conv *c, u32 k, u32 size_bytes)
{
	enum cbpf_anc anc = cbpf_anc_of(k);

	if (c->prog->mode == CBPF_SECCOMP)
		conv_emit(c, ISA_LDX_W, REGS(REG_A, REG_CTX), (s32)k, 0);
	else if (anc != CBPF_ANC_NONE && c->prog->mode == CBPF_SOCKET)
		load_ancillary(c, anc);
	else
		load_packet(c, k, size_bytes);
}

/* Run target: the load that ends at data + r2, which was checked. */
static void load_ind_checked(struct conv *c, u32 size_bytes)
{
	conv_emit(c, ISA_ADD64_X, REGS(REG_TMP, REG_DATA), 0, 0);
	conv_emit(c, ldx_op(size_bytes), REGS(REG_A, REG_TMP), -(s32)size_bytes, 0);
	if (c->raw_bytes[c->idx] != size_bytes)
		swap_to_host(c, REG_A, size_bytes);
}

/* libpcap: X + k does not wrap, so one 64-bit comparison decides. */
static void load_ind_pcap(struct conv *c, u32 k, u32 size_bytes)
{
	if (c->target == CBPF_TO_RUN) {
		conv_emit(c, ISA_MOV64_X, REGS(REG_TMP, REG_X), 0, 0);
		conv_emit(c, ISA_ADD64_K, REG_TMP, 0, (s32)(k + size_bytes));
		conv_jump(c, ISA_JGT64_X, REGS(REG_TMP, REG_LEN), 0, CONV_RETURN_0(c));
		load_ind_checked(c, size_bytes);
	} else {
		conv_jump(c, ISA_JGT64_K, REG_X, (s32)(INT32_MAX - k), CONV_RETURN_0(c));
		conv_emit(c, ldind_op(size_bytes), REGS(0, REG_X), 0, (s32)k);
	}
}

/*
 * Linux: X + k wraps at 32 bits and may be a special offset, which as an unsigned number lies
 * above every length: in the run target the bound check sends it to LD_IND, the slow way.
 */
static void load_ind_socket(struct conv *c, u32 k, u32 size_bytes)
{
	if (c->target != CBPF_TO_RUN) {
		conv_emit(c, ldind_op(size_bytes), REGS(0, REG_X), 0, (s32)k);
		return;
	}
	conv_emit(c, ISA_MOV32_X, REGS(REG_TMP, REG_X), 0, 0);
	if (k)
		conv_emit(c, ISA_ADD32_K, REG_TMP, 0, (s32)k);
	conv_emit(c, ISA_ADD64_K, REG_TMP, 0, (s32)size_bytes);
	conv_emit(c, ISA_JLE64_X, REGS(REG_TMP, REG_LEN), 2, 0);
	conv_emit(c, ldind_op(size_bytes), REGS(0, REG_X), 0, (s32)k);
	conv_emit(c, ISA_JA, 0, size_bytes == 1 ? 2 : 3, 0);
	load_ind_checked(c, size_bytes);
}

void conv_load_ind(struct conv *c, u32 k, u32 size_bytes)
{
	if (c->prog->mode == CBPF_PCAP)
		load_ind_pcap(c, k, size_bytes);
	else
		load_ind_socket(c, k, size_bytes);
}

bool conv_msh_is_direct(const struct conv *c, u32 k)
{
	return c->target == CBPF_TO_RUN && k < INT32_MAX;
}

/* X = 4 * (packet[k] & 0xf), A stays. */
void conv_load_msh(struct conv *c, u32 k)
{
	if (conv_msh_is_direct(c, k)) {
		load_direct(c, REG_X, k, 1);
	} else {
		/* A waits in X: loads lose r1..r5. A failed one ends the program anyway. */
		conv_emit(c, ISA_MOV64_X, REGS(REG_X, REG_A), 0, 0);
		load_packet(c, k, 1);
		conv_emit(c, ISA_MOV64_X, REGS(REG_TMP, REG_X), 0, 0);
		conv_emit(c, ISA_MOV64_X, REGS(REG_X, REG_A), 0, 0);
		conv_emit(c, ISA_MOV64_X, REGS(REG_A, REG_TMP), 0, 0);
	}
	conv_emit(c, ISA_AND32_K, REG_X, 0, 0xf);
	conv_emit(c, ISA_LSH32_K, REG_X, 0, 2);
}

void conv_load_len(struct conv *c, u32 dst)
{
	if (c->prog->mode == CBPF_SECCOMP)
		conv_emit(c, ISA_MOV32_K, dst, 0, (s32)sizeof(struct cbpf_seccomp));
	else
		load_field(c, dst, "len");
}
