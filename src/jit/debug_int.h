/* SPDX-License-Identifier: BSD-2-Clause */
/* The tools one by one; jit/debug.h is the door. */
#ifndef SKEP_JIT_DEBUG_INT_H
#define SKEP_JIT_DEBUG_INT_H

#include "jit/debug.h"

/* perf.c: one write per program. 0 or -errno. */
int jit_perf_add(const struct jit_debug_info *info) must_check;

/* gdb.c: an object file for gdb; out->failed when memory is short. */
void jit_gdb_build(const struct jit_debug_info *info, struct str *out);
/* gdb_dwarf.c: its sections. */
void jit_gdb_abbrev(struct str *out);
void jit_gdb_info(const struct jit_debug_info *info, struct str *out);
void jit_gdb_lines(const struct jit_debug_info *info, struct str *out);

#endif
