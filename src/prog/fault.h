/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why a guarded execution stopped. The guard fills it; fault_print (prog/fault.c) renders it with
 * program, instruction, C source line, registers and the object that was missed.
 */
#ifndef SKEP_PROG_FAULT_H
#define SKEP_PROG_FAULT_H

#include "base/extent.h"
#include "base/types.h"

enum fault_kind {
	FAULT_NONE,
	FAULT_READ,    /* load outside every object */
	FAULT_WRITE,   /* store outside every object */
	FAULT_PERM,    /* right object, no right to do this */
	FAULT_CTX,     /* context access that no field allows */
	FAULT_ALIGN,   /* misaligned atomic */
	FAULT_ARG,     /* helper argument that its row does not allow */
	FAULT_BUDGET,  /* instruction budget used up */
	FAULT_DEPTH,   /* call frames or stack used up */
	FAULT_UNINIT,  /* read of a register never written */
	FAULT_INSN,    /* instruction that this engine cannot run */
	FAULT_CALL,    /* call of an unknown helper or function */
};

struct fault {
	enum fault_kind kind;
	const struct prog *prog;
	u32 insn_idx; /* original index */
	u64 addr;     /* of the access */
	u32 size_bytes;
	u32 arg; /* 1..5 for FAULT_ARG */
	u64 regs[11];
	u16 regs_valid; /* bit n: register n holds a value */
	struct extent nearest; /* the object that was missed; kind EXTENT_NONE when none is near */
	char detail[96];       /* a short sentence for kinds that need one */
};

#endif
