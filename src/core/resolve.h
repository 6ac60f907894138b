/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of loading that turn what an instruction names into what it means: map references
 * into addresses, call targets into subprograms. Private to core/.
 */
#ifndef SKEP_CORE_RESOLVE_H
#define SKEP_CORE_RESOLVE_H

#include "base/types.h"
#include "core/load.h"
#include "prog/prog.h"

/*
 * Replaces each map reference of prog->insns by the map's (or its value's) address and puts the
 * maps into prog->maps, each referenced once (resolve_pseudo_ldimm64). 0 or -errno with a line
 * in the log.
 */
int resolve_maps(struct prog *prog, const struct prog_load_attr *attr) must_check;

/*
 * Fills prog->subprogs from the targets of calls and function pointers (add_subprog,
 * check_subprogs): ascending, [0] starts at 0, jumps stay inside. Names come later.
 */
int resolve_subprogs(struct prog *prog, const struct prog_load_attr *attr) must_check;

/* Names of subprograms and source lines, from BTF.ext's records; nothing without BTF. */
int resolve_btf_info(struct prog *prog, const struct prog_load_attr *attr) must_check;

/*
 * Puts the numbers of spec/kfuncs.def into calls of the kernel's functions. 0, -EINVAL for an id
 * that nobody knows, -EOPNOTSUPP for a function without a row; said in the log.
 */
int resolve_kfuncs(struct prog *prog, const struct prog_load_attr *attr) must_check;

/* A line of the log, with a newline added. */
void load_log(const struct prog_load_attr *attr, const char *fmt, ...) printf_like(2, 3);

#endif
