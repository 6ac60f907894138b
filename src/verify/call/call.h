/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls: helpers by their rows, subprograms, callbacks, what they return; references, dynptrs,
 * iterators, locks; and how functions end.
 */
#ifndef SKEP_VERIFY_CALL_CALL_H
#define SKEP_VERIFY_CALL_CALL_H

#include "verify/mem/mem.h"
#include "verify/state/env.h"

/*
 * The current instruction, a call. Where frame or insn_idx changed, insn_idx is exactly where the
 * walk goes on (the first instruction of a static function; behind the caller's call after an
 * implicit exit); where neither did, the walk goes on behind the call. Of:
 */
int call_helper(struct env *env, const struct insn *insn) must_check;  /* check_helper_call */
/* check_func_call: sets insn_idx */
int call_subprog(struct env *env, const struct insn *insn) must_check;
/* iterators of numbers, …; refuses the rest by name */
int call_kfunc(struct env *env, const struct insn *insn) must_check;

/*
 * EXIT of the current frame (process_bpf_exit_full). *ret_done: the path has ended well; otherwise
 * the caller's frame is current and insn_idx set (prepare_func_exit).
 */
int call_exit(struct env *env, bool *ret_done) must_check;
/* check_return_code of @regno (r0), of the main program or a callback. */
int call_check_return(struct env *env, u32 regno, const char *reg_name) must_check;
/* Nothing acquired is held any more (check_reference_leak, check_resource_leak). */
int call_check_leak(struct env *env, bool check_lock, const char *prefix) must_check;

/* What BTF says of the main function's argument, at its start: 0 or -ENOMEM. */
int call_main_args(struct env *env) must_check;
/* What flow/ asks of a call of a kfunc: false for one without a row (struct flow_opts). */
struct flow_call;
bool call_kfunc_flow(void *env, const struct insn *insn, struct flow_call *ret_call);

/* Frame 0 of subprogram @subprogno as if called from outside (btf_prepare_func_args). */
int call_prepare_args(struct env *env, u32 subprogno) must_check;
/* A pointer that was maybe NULL is NULL: references by its id are gone (mark_ptr_or_null_reg…). */
void call_null_released(struct env *env, u32 ref_obj_id);

/* LD_ABS/LD_IND is like a call: r1..r5 are lost (check_ld_abs). In step/. */

/* Slots of dynptrs, iterators, irq flags. */
/* destroy_if_dynptr_stack_slot */
int call_destroy_dynptr_slot(struct env *env, struct frame *frame, u32 spi) must_check;
/* May @map be used by this program at all (check_map_prog_compatibility)? */
int call_check_map(struct env *env, const struct map *map) must_check;

#endif
