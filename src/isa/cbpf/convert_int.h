/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared by the converter's files. Code is emitted twice: once to learn where each classic
 * instruction starts (out is NULL), once for real; both passes emit the same instructions.
 */
#ifndef SKEP_ISA_CBPF_CONVERT_INT_H
#define SKEP_ISA_CBPF_CONVERT_INT_H

#include "isa/cbpf/convert.h"
#include "isa/isa.h"

enum conv_reg {
	REG_A = 0,
	REG_ARG1 = 1,
	REG_TMP = 2,
	REG_ARG2 = 2,
	REG_ARG3 = 3,
	REG_CTX = 6,
	REG_X = 7,
	REG_DATA = 8,
	REG_LEN = 9,
};

struct conv {
	const struct cbpf_prog *prog;
	enum cbpf_target target;
	bool far; /* the program is so long that every jump between instructions must be long */
	u32 idx;  /* classic instruction being converted */
	/*
	 * Captured length that is known at each instruction, from loads on every path to it.
	 * Index prog->len is unused.
	 */
	u32 *known_len; /* CONV_DEAD: no path reaches it */
	bool return_0_used;
	bool has_loops;
	bool ctx_used; /* r6 is needed */
	u8 zero_regs;  /* enum cbpf_reg: what must start as 0 */
	/*
	 * Run target: 2 or 4 where A holds that many bytes in network order, behind a load and in
	 * front of a comparison or mask; else 0 or 1.
	 */
	u8 *raw_bytes;
	u32 *start; /* where each classic instruction starts; [len] is the shared "return 0" */
	struct insn *out;
	u32 *classic_idx;
	u32 out_len;
	const char *refused; /* first thing that the target cannot do */
	u32 refused_idx;
};

#define CONV_DEAD UINT32_MAX

/* Target of conv_jump for "return 0". */
#define CONV_RETURN_0(c) ((c)->prog->len)

/* Both register fields as one argument; a lone destination is just its number. */
#define REGS(dst, src) ((u32)(dst) | (u32)(src) << 4)

/* Fills the facts of struct conv. 0 or -ENOMEM. */
int conv_flow(struct conv *c) must_check;

void conv_emit(struct conv *c, enum isa_op op, u32 regs, s32 off, s32 imm);
/* A conditional jump (or ISA_JA) to classic instruction @target. */
void conv_jump(struct conv *c, enum isa_op op, u32 regs, s32 imm, u32 target);

/* A load from the packet or of ancillary data (LD ABS, LD IND, LDX MSH, LEN). */
void conv_load_abs(struct conv *c, u32 k, u32 size_bytes);
void conv_load_ind(struct conv *c, u32 k, u32 size_bytes);
void conv_load_msh(struct conv *c, u32 k);
/* Whether LDX MSH leaves A alone by itself. */
bool conv_msh_is_direct(const struct conv *c, u32 k);
void conv_load_len(struct conv *c, u32 dst);

/* A load at offset k alone (LD ABS, LDX MSH). */
bool conv_is_constant_load(const struct cbpf_insn *insn);
/* A load that no packet can satisfy: the program ends there with 0. */
bool conv_always_outside(const struct conv *c, const struct cbpf_insn *insn);

/* True when some instruction reads the packet's bytes, so that the run target needs r8, r9. */
bool conv_reads_packet(const struct cbpf_prog *prog);

#endif
