/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the room share. */
#ifndef SKEP_VERIFY_CALL_CALL_INT_H
#define SKEP_VERIFY_CALL_CALL_INT_H

#include "spec/helper.h"
#include "spec/kfunc.h"
#include "spec/maptype.h"
#include "verify/call/call.h"
#include "verify/flow/flow.h"
#include "verify/past/past.h"
#include "verify/state/print.h"
#include "verify/state/refs.h"
#include "verify/state/stack.h"

#define CALL_REGS     5u /* r1..r5 hold arguments */
#define ERRNO_MAX     4095
#define DYNPTR_SLOTS  2u

/* One call of a helper while it is checked. */
struct helper_call {
	const struct helper_info *info;
	const struct helper_arg *args; /* five, as programs of this type get them */
	struct call_mem mem;
	u32 insn_idx;
	bool changes_pkt;
	char name[64]; /* "bpf_map_lookup_elem#1" */
};

/* What BTF says of an argument of a function (struct bpf_subprog_arg_info). */
enum param_kind { PARAM_SCALAR, PARAM_CTX, PARAM_MEM, PARAM_DYNPTR, PARAM_ARENA };
struct func_arg {
	u8 kind; /* enum param_kind */
	u32 flags; /* REG_MAYBE_NULL, REG_UNTRUSTED, REG_RDONLY */
	u32 mem_bytes;
};

struct call_func {
	bool cached;	 /* args are known */
	bool unreliable; /* what BTF says is not what callers pass */
	u8 arg_cnt;
	struct func_arg args[CALL_REGS];
};

/* func.c: arguments by BTF. 0, or -errno after saying why (btf_prepare_func_args). */
int func_args(struct env *env, u32 subprog, const struct call_func **ret_func) must_check;
/* -EFAULT alone is fatal to calls of static functions (btf_check_subprog_call). */
int func_check_call(struct env *env, u32 subprog) must_check;
struct call_func *func_of(struct env *env, u32 subprog);
const char *func_name(const struct env *env, u32 subprog);

/* argtype.c: is the register's type one that the argument takes (check_reg_type)? */
int arg_type_check(struct env *env, u32 regno, const struct helper_arg *arg) must_check;
/* Offsets that the argument allows (check_func_arg_reg_off). */
int arg_offset_check(struct env *env, u32 regno, u32 flags, bool dynptr) must_check;
/* arg.c: argument @n, 0..4 (check_func_arg). */
int arg_check(struct env *env, struct helper_call *call, u32 n) must_check;

/* map.c */
int map_record(struct env *env, const struct helper_call *call) must_check;
int map_record_index(struct env *env, const struct helper_call *call) must_check;
int map_helper_fits(struct env *env, const struct helper_call *call) must_check;
void map_record_lookup(struct env *env, const struct helper_call *call, bool not_null);
/* The constant that a key on the stack holds: @mem->has_const_map_key false when it is none. */
int map_const_key(struct env *env, u32 regno, u32 key_bytes, struct call_mem *mem,
		  u64 *ret_key) must_check;

/* str.c */
int str_const_arg(struct env *env, u32 regno) must_check;   /* check_reg_const_str */
int str_format_args(struct env *env) must_check;	    /* check_bpf_snprintf_call */

/* ret.c: r0 behind the call. */
int ret_helper(struct env *env, const struct helper_call *call) must_check;

/* dynptr.c; @flags: enum arg_flag of the argument. */
int dynptr_arg(struct env *env, u32 regno, u32 insn_idx, u32 flags) must_check;
int dynptr_release(struct env *env, u32 regno) must_check; /* unmark_stack_slots_dynptr */
/* True when the stack slot holds a dynptr that stands for a reference. */
bool dynptr_is_acquired(struct env *env, u32 regno);
const struct reg *dynptr_reg(struct env *env, u32 regno); /* its first slot, or the register */
void dynptr_mark_reg(struct reg *reg, enum dynptr_type type, bool first_slot, u32 id);
/*
 * The slot of an object of @slots slots that the register points to, -EINVAL (said why) or -ERANGE:
 * not yet part of the stack (stack_slot_obj_get_spi).
 */
int stack_object_spi(struct env *env, const struct reg *reg, const char *what, u32 slots)
	must_check;

/* iter.c: argument of a number iterator's functions; iter_next branches. */
struct iter_call {
	const struct kfunc_info *info;
	u32 spi, frameno, ref_obj_id;
};
int iter_arg(struct env *env, u32 regno, u32 insn_idx, struct iter_call *call) must_check;
int iter_next(struct env *env, u32 insn_idx, const struct iter_call *call) must_check;

/* irq.c: flags saved on the stack (process_irq_flag). */
int irq_flag_arg(struct env *env, u32 regno, bool save) must_check;

/* lock.c */
int lock_arg(struct env *env, u32 regno, bool lock) must_check;	 /* process_spin_lock */
int timer_arg(struct env *env, u32 regno, struct call_mem *mem) must_check;

/* refs.c */
int ref_release(struct env *env, u32 id) must_check; /* release_reference */
void ref_forget(struct env *env, struct reg *reg);   /* mark_reg_invalid */

/* callback.c */
int callback_call(struct env *env, const struct helper_call *call) must_check;
int callback_loop(struct env *env, const struct helper_call *call) must_check;

/* exit.c: r0 of a callback or program ("At callback return"). */
int exit_check_range(struct env *env, u32 regno, const struct ret_range *range, const char *where,
		     const char *reg_name) must_check;

/* subprog.c */
/* A frame on top of @st for a call from @callsite; r1..r5 are the caller's to fill. */
int frame_enter(struct env *env, struct vstate *st, u32 subprog, u32 callsite) must_check;
void frame_clear_saved(struct env *env, struct frame *frame); /* clear_caller_saved_regs */
/* EXIT of a function that was called (prepare_func_exit). */
int frame_leave(struct env *env) must_check;

static inline bool mem_leaks(struct env *env, u32 regno) /* is_pointer_value */
{
	return !env->allow_ptr_leaks && env_reg(env, regno)->type != REG_SCALAR;
}

#endif
