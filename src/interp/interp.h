/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two interpreters. `guard` checks every access against the objects that the program may
 * touch, counts instructions and stops at run->insns_left; whatever the bytes of the program, it
 * ends with a result or with run->fault. `run` is fast and checks nothing but its own control
 * flow: it is for programs that are proven or that the caller declares trusted.
 *
 * Both compile prog->insns into prog->code and set prog->enter, code_free and engine; a program is
 * compiled once, before it is published, and may then run in any number of threads, each with a
 * struct run of its own. Loaded map references hold addresses (struct map *, or the value).
 *
 * What both agree on:
 *   - r1 = ctx, r2 = arg2 (readable only when the program has no ctx_class), r10 = top of a
 *     512-byte frame; at most 8 frames, callbacks included. `guard` zeroes them, `run` does not.
 *   - the value of a function pointer (lddw, BPF_PSEUDO_FUNC) is the address of the function's
 *     first word in prog->insns; gotox takes such addresses too.
 *   - may_goto falls through 8,388,608 times per call of its function, then jumps.
 *   - LD_ABS and LD_IND read through ctx_class->packet_at, raw programs from run->extents[0]; a
 *     load outside ends the function with r0 = 0.
 *   - a tail call that fails (empty slot, index outside, more than 33) leaves -ENOENT, -E2BIG or
 *     -ELOOP in r0 and goes on.
 *   - `run` executes a speculation barrier where xlate/ marked one; `guard` never runs what
 *     was rewritten.
 *   - callx calls the helper whose number the register holds, bound when it is called; that needs
 *     a resolver that outlives the program (`lasting`).
 */
#ifndef SKEP_INTERP_INTERP_H
#define SKEP_INTERP_INTERP_H

#include "base/types.h"
#include "prog/prog.h"

/*
 * 0 or -ENOMEM. What the guard cannot run (unknown helper, undecodable word, wild jump) becomes a
 * fault when it is reached. @resolver may be NULL (no helpers).
 */
int interp_guard_compile(struct prog *prog, const struct helper_resolver *resolver) must_check;

/*
 * 0, -ENOMEM, or -EINVAL for what isa_check would refuse (undecodable word, wild jump, register
 * beyond r10, write to r10), for an unknown helper, -EOPNOTSUPP for kfuncs and BTF references.
 */
int interp_run_compile(struct prog *prog, const struct helper_resolver *resolver) must_check;

/*
 * For helpers without a row in spec/, during a run: memory of a program's address range, NULL when
 * the program has no right (@perm, enum extent_perm) to all of it. `run` and JITs allow everything.
 */
void *interp_memory(struct run *run, u64 addr, u64 size_bytes, u32 perm);

#endif
