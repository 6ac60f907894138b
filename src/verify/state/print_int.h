/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files that print states share. */
#ifndef SKEP_VERIFY_STATE_PRINT_INT_H
#define SKEP_VERIFY_STATE_PRINT_INT_H

#include "base/str.h"
#include "verify/state/env.h"

/* Appends @reg as it looks from @frame (print_reg_state). */
void print_reg(struct str *out, const struct frame *frame, const struct reg *reg);
const char *print_dynptr_type(u32 type); /* enum dynptr_type */

#endif
