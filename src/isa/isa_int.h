/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share and nobody else needs. */
#ifndef SKEP_ISA_ISA_INT_H
#define SKEP_ISA_ISA_INT_H

#include "base/str.h"
#include "isa/check.h"
#include "isa/isa.h"
#include "isa/text.h"

/* The first row with this opcode byte, ISA_INVALID when there is none. */
enum isa_op isa_first_of_code(u8 code);

/* Fills *@reason and returns -EINVAL, for `return isa_reason_set(…)`. */
int isa_reason_set(struct isa_reason *reason, u32 idx, const char *fmt, ...) printf_like(3, 4);

/* Which of += |= &= ^= an atomic without FETCH is: its place among the rows of its opcode. */
static inline u32 isa_atomic_index(const struct isa_info *info)
{
	return (u32)(info - isa_info(isa_first_of_code(info->code)));
}

static inline bool isa_atomic_is_xchg(const struct isa_info *info)
{
	return info->selv == isa_info(ISA_ATOMIC64_XCHG)->selv &&
	       info->family == ISA_FAMILY_ATOMIC;
}

/* The llvm style of one instruction; @op is ISA_INVALID for an lddw that is cut in half. */
void isa_text_llvm(struct str *out, const struct insn *i, enum isa_op op, u32 idx,
		   const struct isa_text_opts *opts);

#endif
