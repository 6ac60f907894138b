/* SPDX-License-Identifier: BSD-2-Clause */
/* What the top files of verify/ share. */
#ifndef SKEP_VERIFY_VERIFY_INT_H
#define SKEP_VERIFY_VERIFY_INT_H

#include "verify/flow/flow.h"
#include "verify/state/env.h"

/* env->aux, from the instructions; which map each lddw names. 0 or -errno. */
int resolve_insns(struct env *env) must_check;
/* What type of program may be verified at all, and may it sleep (check_attach_btf_id). */
int resolve_target(struct env *env) must_check;

/* facts->subprogs[].is_global, from the program's BTF. */
void btf_info_linkage(struct env *env);
/* [s]: does function s return an integer? NULL without BTF; arena memory, -ENOMEM in *ret_err. */
const bool *btf_info_scalar_return(struct env *env, u32 subprog_cnt, int *ret_err) must_check;
const char *btf_info_name(const struct env *env, u32 subprog);

/* Walks the main function, then every global one that is called (do_check_main, …_subprogs). */
int check_all(struct env *env) must_check;

/* The last lines of the log (print_verification_stats), and the facts about the whole program. */
void stats_print(struct env *env);
void stats_publish(struct env *env);

#endif
