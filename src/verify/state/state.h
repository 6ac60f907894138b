/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The abstract state at one point of one path (struct bpf_verifier_state): call frames with
 * registers and stack, held references and locks, and the history that precision walks back.
 *
 * States live in the env's pool and are reused; nothing here outlives the verification. The stack
 * of a frame may be shared between copies of a state: it is read through stack_slot and written
 * through stack_slot_mut only (state/stack.h).
 */
#ifndef SKEP_VERIFY_STATE_STATE_H
#define SKEP_VERIFY_STATE_STATE_H

#include "base/types.h"
#include "spec/spec.h"
#include "verify/state/reg.h"

struct env;

#define STACK_SLOT_BYTES 8
#define STACK_SLOTS_MAX	 (LIMIT_STACK_BYTES / STACK_SLOT_BYTES)

/*
 * What each byte of a slot holds. As in the kernel, type[7] is the byte at the lowest address:
 * type[i] belongs to fp - 8 * (spi + 1) + (7 - i); type[7] tells whether the slot holds a spill.
 */
enum slot_type {
	SLOT_INVALID, /* never written */
	SLOT_SPILL,   /* register in `spilled` */
	SLOT_MISC,    /* some number */
	SLOT_ZERO,
	SLOT_DYNPTR,
	SLOT_ITER,
	SLOT_IRQ_FLAG,
};

struct slot {
	struct reg spilled;
	u8 type[STACK_SLOT_BYTES]; /* enum slot_type */
};

struct stack_mem; /* state/stack.h: the shared storage */
struct past_entry;

struct ret_range {
	s32 min, max;
};

struct frame { /* struct bpf_func_state */
	struct reg regs[INSN_REGS];
	u32 callsite; /* instruction of the call; frame 0: UINT32_MAX */
	u32 frameno;
	u32 subprogno;
	u32 async_entry_cnt;
	struct ret_range callback_ret_range;
	bool in_callback_fn, in_async_callback_fn;
	/* calls of the callback, if this frame called a callback-calling helper */
	u32 callback_depth;
	u32 stack_bytes;    /* multiple of 8: slots [0, stack_bytes / 8) exist; slot 0 is fp-8 */
	u64 kept_slots;	    /* past/, of a kept state: slots that comparing has to look at */
	struct stack_mem *stack;
};

enum ref_kind { /* enum ref_state_type */
	REF_PTR = 1,
	REF_IRQ = 1 << 1,
	REF_LOCK = 1 << 2,
	REF_RES_LOCK = 1 << 3,
	REF_RES_LOCK_IRQ = 1 << 4,
	REF_LOCK_MASK = REF_LOCK | REF_RES_LOCK | REF_RES_LOCK_IRQ,
};

struct ref {
	enum ref_kind kind;
	u32 id;
	u32 insn_idx; /* where it was acquired */
	const void *ptr; /* locks: the map or BTF that holds it */
};

/* One step of the path that precision has to know (struct bpf_jmp_history_entry). */
enum hist_flag {
	HIST_STACK_ACCESS = 1, /* slot `spi` of frame `frameno` was read or written as a spill */
	HIST_LINKED_REGS = 2,
	/* whether dst and src were pointers to the stack (6.18's INSN_F_DST_REG_STACK) */
	HIST_DST_STACK = 4,
	HIST_SRC_STACK = 8,
};

struct hist_entry {
	u32 insn_idx;
	u32 prev_idx;
	u8 flags; /* enum hist_flag */
	u8 spi;
	u8 frameno;
	u64 linked_regs; /* up to six registers or slots, packed by past/ */
};

struct vstate {
	struct frame *frame[LIMIT_FRAMES];
	struct vstate *parent;
	struct ref *refs;
	u32 ref_cnt, ref_cap;
	u32 branches; /* paths that go on from here and have not ended */
	u32 insn_idx;
	u32 curframe;
	u32 active_locks, active_preempt_locks, active_irq_id, active_lock_id;
	const void *active_lock_ptr;
	bool active_rcu_lock;
	bool speculative;
	bool in_sleepable;
	bool cleaned;
	u32 first_insn_idx, last_insn_idx;
	struct vstate *equal_state; /* what this one was found equal to, for back-edges */
	struct hist_entry *hist;
	u32 hist_cnt, hist_cap;
	u32 dfs_depth, callback_unroll_depth, may_goto_depth;
	struct past_entry *kept; /* past/: this is a kept state; not copied */
};

static inline struct frame *state_frame(const struct vstate *st) /* the current one */
{
	return st->frame[st->curframe];
}

/* The frame that a stack pointer points into (func()). */
static inline struct frame *state_frame_of(const struct vstate *st, const struct reg *reg)
{
	return st->frame[reg->frameno];
}

/* All-zero: nothing known, no frame. NULL when memory is short. */
struct vstate *state_new(struct env *env) must_check;
/* A frame with registers not initialised (init_func_state). */
struct frame *frame_new(struct env *env, u32 callsite, u32 frameno, u32 subprogno) must_check;
/* r10 and all else of a fresh frame's registers (init_reg_state). */
void frame_init_regs(struct env *env, struct frame *frame);
/* dst may hold anything of the same pool; its memory is reused. 0 or -ENOMEM. */
int state_copy(struct env *env, struct vstate *dst, const struct vstate *src) must_check;
void state_free(struct env *env, struct vstate *st); /* NULL is allowed */
void frame_free(struct env *env, struct frame *frame);
void state_clear_hist(struct vstate *st);

/* A path to be walked later (struct bpf_verifier_stack_elem). */
struct branch {
	struct vstate *st;
	u32 insn_idx, prev_insn_idx;
	u64 log_pos;
	struct branch *next;
};

/*
 * Copies the current state as a path to go on at @insn_idx (push_stack). NULL when memory is short
 * or the queue is full: *ret_err then says which (-ENOMEM both, the latter after reject()).
 */
struct vstate *state_push_branch(struct env *env, u32 insn_idx, u32 prev_insn_idx,
				 bool speculative, int *ret_err) must_check;
/* Like it, for an asynchronous callback: a fresh frame 0 of @subprogno (push_async_cb). */
struct vstate *state_push_async(struct env *env, u32 insn_idx, u32 prev_insn_idx, u32 subprogno,
				bool sleepable) must_check;
/* The newest pending path becomes the current state. -ENOENT when none is left (pop_stack). */
int state_pop_branch(struct env *env, bool pop_log) must_check;

/*
 * Walks over registers of all frames and spilled registers of all stacks
 * (bpf_for_each_reg_in_vstate).
 */
typedef void (*state_reg_fn)(struct env *env, struct frame *frame, struct reg *reg, void *cookie);
void state_for_each_reg(struct env *env, struct vstate *st, state_reg_fn fn, void *cookie);

#endif
