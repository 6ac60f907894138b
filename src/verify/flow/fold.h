/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that hold on every execution: facts about scalars for xlate and JITs.
 *
 * The paths that the verifier walks cannot be asked: it skips paths whose imprecise scalars differ,
 * so what it saw is not all there is. This is an analysis of its own, without pruning: states are
 * joined where control flow joins and widened in loops, so that every claim covers every path.
 */
#ifndef SKEP_VERIFY_FLOW_FOLD_H
#define SKEP_VERIFY_FLOW_FOLD_H

#include "verify/flow/flow.h"

/*
 * Fills facts->values of an accepted program: for each register that an instruction reads, what is
 * known of its value, if anything. Time linear in the program times the nesting of its loops.
 * 0 or -ENOMEM.
 */
int fold_values(const struct flow *flow, struct facts *facts) must_check;

#endif
