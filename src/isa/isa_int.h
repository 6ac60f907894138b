/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share and nobody else needs. */
#ifndef SKEP_ISA_ISA_INT_H
#define SKEP_ISA_ISA_INT_H

#include "isa/check.h"
#include "isa/isa.h"

/* The first row with this opcode byte, ISA_INVALID when there is none. */
enum isa_op isa_first_of_code(u8 code);

/* Fills *@reason and returns -EINVAL, for `return isa_reason_set(…)`. */
int isa_reason_set(struct isa_reason *reason, u32 idx, const char *fmt, ...) printf_like(3, 4);

#endif
