/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why a guarded execution stopped. The guard fills it; fault_print (prog/fault.c) renders it with
 * program, instruction, C source line, registers and the object that was missed.
 */
#ifndef SKEP_PROG_FAULT_H
#define SKEP_PROG_FAULT_H

#include "base/extent.h"
#include "base/str.h"
#include "base/types.h"

struct prog;

#define FAULT_CALLERS_MAX 7

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
	u64 packet;	       /* number of the packet, set by whoever runs packets; 0: none */
	/* What each valid register points into; EXTENT_NONE: a plain number, or the map `name`. */
	struct extent pointee[11];
	/* The calls that led here, innermost first: indices like insn_idx. */
	u32 callers[FAULT_CALLERS_MAX];
	u32 caller_cnt;
	u32 depth; /* of the frame that ran: the index of its stack extent */
};

/* One word: "read", "budget"…; the "kind" of the JSON form. */
const char *fault_kind_name(enum fault_kind kind);
/* The first line of the report without program and instruction: what was done to which object. */
void fault_describe(const struct fault *fault, struct str *out);
/*
 * The whole report, several lines, each ended by a newline; or one JSON object without a newline.
 * The faulting program must still be there. Nothing is appended when kind is FAULT_NONE.
 */
void fault_print(const struct fault *fault, struct str *out);
void fault_print_json(const struct fault *fault, struct str *out);

#endif
