/* SPDX-License-Identifier: BSD-2-Clause */
/* C functions that compiled code calls: what is too rare or too long to stand in each program. */
#ifndef SKEP_JIT_SUPPORT_H
#define SKEP_JIT_SUPPORT_H

#include "base/types.h"

struct map;
struct prog;
struct run;

/* Sets run->fault for instruction @idx (in prog->insns) of @prog. */
void jit_raise(struct run *run, u32 idx, u32 kind, const struct prog *prog);
/* bpf_tail_call: the program to go to, which is run->prog from now on, or -errno; and its r1. */
struct jit_tail {
	s64 to;
	u64 ctx;
};
struct jit_tail jit_tail_call(struct run *run, struct map *map, u32 index, u64 ctx);
/* LD_ABS and LD_IND of @size_bytes; -1 outside the packet. */
s64 jit_load_packet(struct run *run, u32 off, u32 size_bytes);
/* callx: the helper with @number; with run->fault set when there is none. */
u64 jit_callx(struct run *run, u64 number, const u64 args[5]);

#endif
