/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One verification (struct bpf_verifier_env): the program, what is known of each instruction, the
 * current state and all pending ones, options, statistics, log. Rooms keep their own part in a
 * struct of their own, reached from here.
 */
#ifndef SKEP_VERIFY_STATE_ENV_H
#define SKEP_VERIFY_STATE_ENV_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "isa/isa.h"
#include "prog/facts.h"
#include "prog/prog.h"
#include "spec/helper.h"
#include "verify/log/log.h"
#include "verify/state/ids.h"
#include "verify/state/state.h"
#include "verify/verify.h"

struct flow;	  /* flow/flow.h */
struct past;	  /* past/past.h: explored states */
struct call_func;  /* call/: what BTF says of functions */
struct state_pool; /* state/: freed states, frames, stacks */

/* What the verifier itself remembers of an instruction; facts->insns[i] is what it publishes. */
struct insn_aux {
	u8 op;		    /* enum isa_op, decoded once */
	bool fields_ok;	    /* reserved fields hold what they must */
	u8 mem_base;	    /* enum reg_base first seen here (reg_type_mismatch) */
	union {
		u32 mem_type; /* its full type */
		u32 map_off;  /* of lddw of a map's value, which accesses nothing */
	};
	const struct map *map; /* lddw of a map or its value */
};
_Static_assert(sizeof(struct insn_aux) == 16, "one for each instruction");

/*
 * Calls that would go upward between sub-floors; filled in by verify/main.c. Each is documented
 * where it is defined.
 */
struct verify_up {
	/* past: a path ended (update_branch_counts, pop_stack). */
	int (*path_ended)(struct env *env, struct vstate *st);
	/* mem → call: an access to a dynptr's, iterator's… slot destroys it. */
	int (*destroy_dynptr)(struct env *env, struct frame *frame, u32 spi);
};

struct env {
	const struct prog *prog;
	const struct verify_opts *opts;
	const struct insn *insns; /* prog->insns */
	u32 insn_cnt;
	struct insn_aux *aux;
	struct facts *facts; /* facts->subprogs too: stack depths … */
	struct flow *flow;
	struct past *past;
	struct state_pool *pool;
	struct call_func *call_funcs; /* call/func.c: by subprogram; NULL before the first use */
	struct arena arena; /* all that lives as long as the run */
	struct arena pool_arena; /* dirty: what the pool hands out */
	const struct verify_up *up;
	struct vlog log;
	struct reject_record *reject;

	/* Rights (bpf_token_capable… of the kernel), from opts. */
	bool bpf_capable, allow_ptr_leaks, allow_uninit_stack, bypass_spec_v1, bypass_spec_v4;
	bool test_state_freq, strict_alignment, sleepable;

	u32 insn_idx, prev_insn_idx;
	struct vstate *cur; /* the path walked now */
	struct branch *head; /* pending paths, newest first */
	u32 branch_cnt;
	u32 id_gen;
	u32 pass; /* pass_cnt: how many functions were entered from outside so far */
	u32 subprog; /* the one that is verified now as if called from outside (do_check_common) */
	struct insn_facts *fact; /* &facts->insns[insn_idx] */

	/* What print_insn_state shows next. */
	u32 scratched_regs;
	u64 scratched_slots;
	const struct prog_line *prev_line;
	u64 prev_log_pos, prev_insn_print_pos;
	struct str text; /* the line being printed */

	bool nomem; /* memory ran out somewhere: the run ends with -ENOMEM whatever else happens */
	bool seen_direct_write;
	u32 hidden_subprog_cnt;
	u32 jmps_processed;	 /* jumps, calls and exits stepped over, for when to keep a state */
	bool explore_alu_limits; /* pruning compares scalars exactly */

	/* Scratch, so that no function needs a big frame. */
	struct reg fake_reg[2];
	struct idmap idmap;

	struct verify_stats *stats;
	u64 deadline_ns; /* clock_mono_ns; UINT64_MAX: none */
	u64 memory_bytes; /* now in use by pool and arena */
};

/*
 * The program's fault: writes the message and a newline to the log, fills the reject record (once)
 * and returns @err. The format is the reason's stable code: keep it literal. A message that the
 * kernel prints without rejecting is vlog_add's.
 */
#define reject(env, err, ...) env_reject((env), (err), -1, __VA_ARGS__)
/* The same, about register @regno. */
#define reject_reg(env, err, regno, ...) env_reject((env), (err), (regno), __VA_ARGS__)
int env_reject(struct env *env, int err, s32 regno, const char *fmt, ...) printf_like(4, 5);
/* A rejection was recovered from (a barrier ends a speculative path): the record is free again. */
void env_reject_forget(struct env *env);
/* Ours: "verifier bug: …", -EFAULT. Never reached by any program, which the fuzzers check. */
int env_bug(struct env *env, const char *fmt, ...) printf_like(2, 3);
/* The memory limit; NULL when it or memory is exhausted. Arena memory. */
void *env_alloc(struct env *env, size_t size_bytes) must_check;
/* The same for the pool; not zeroed. */
void *env_alloc_pool(struct env *env, size_t size_bytes) must_check;

/*
 * Once for each processed instruction: -ENOMEM when memory ran out, and now and then -ECANCELED or
 * -ETIME. Says why in the log.
 */
#define ENV_POLL_INSNS 1024
int env_poll_slow(struct env *env) must_check;
static inline int env_poll(struct env *env)
{
	if (likely(!env->nomem && env->stats->insns_processed % ENV_POLL_INSNS))
		return 0;
	return env_poll_slow(env);
}

static inline struct reg *env_regs(struct env *env)
{
	return state_frame(env->cur)->regs;
}
static inline struct reg *env_reg(struct env *env, u32 regno)
{
	return &env_regs(env)[regno];
}
static inline const struct insn *env_insn(const struct env *env)
{
	return &env->insns[env->insn_idx];
}
static inline u32 env_new_id(struct env *env)
{
	return ++env->id_gen;
}

#endif
