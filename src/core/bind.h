/* SPDX-License-Identifier: BSD-2-Clause */
/* The last step of loading: helpers are found by number and an engine takes the program. */
#ifndef SKEP_CORE_BIND_H
#define SKEP_CORE_BIND_H

#include "core/load.h"
#include "core/skep.h"
#include "prog/prog.h"

/*
 * Refuses what cannot run here (kfuncs, kernel BTF, unknown helpers), naming it in the log, then
 * rewrites what is proved for the JIT or the fast interpreter; the guarded one takes the rest.
 * 0 or -errno.
 */
int core_bind(struct skep *skep, struct prog *prog, const struct prog_load_attr *attr) must_check;

#endif
