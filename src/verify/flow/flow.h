/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the verifier knows of a program before and beside walking its paths: subprograms, control
 * flow, loops (SCCs), live registers, live stack slots, spills around fast calls, stack depth.
 *
 * Functions of instructions, subprograms and rows of spec/; of the state only its chain of calls
 * is looked at. Each takes time linear in the program (times the nesting of loops). The order of
 * calls is that of bpf_check: flow_init, flow_subprogs, flow_abnormal_return, flow_cfg,
 * flow_order, flow_scc, flow_live_regs, flow_fastcall; then the paths; then flow_fastcall_stack
 * and flow_stack_depth.
 *
 * Results that later stages need go to facts (insns[].fastcall_*, is_iter_next,
 * subprogs[].has_*, might_sleep, changes_pkt_data, fastcall_stack_off…), the rest stays here.
 */
#ifndef SKEP_VERIFY_FLOW_FLOW_H
#define SKEP_VERIFY_FLOW_FLOW_H

#include "base/arena.h"
#include "base/types.h"
#include "isa/isa.h"
#include "prog/facts.h"
#include "spec/helper.h"
#include "verify/log/log.h"
#include "verify/state/state.h"

enum flow_flag {
	FLOW_PRUNE_POINT = 1,	   /* states are kept and compared here (is_prune_point) */
	FLOW_JMP_POINT = 2,	   /* arriving here is not linear: goes into the history */
	FLOW_FORCE_CHECKPOINT = 4, /* a state is always kept here */
	FLOW_CALLS_CALLBACK = 8,   /* a call that runs a callback before it returns */
	FLOW_ITER_NEXT = 16,
	FLOW_MAY_GOTO = 32,
	FLOW_HALF = 64,		   /* second word of an lddw */
	FLOW_LINEAR = 128,	   /* the next instruction follows, and no other */
};

struct flow_insn {
	u32 scc;	/* 0: in no loop */
	u16 live_regs;	/* bit n: rn may be read before it is written from here on */
	u16 subprog;
	u8 op;		/* enum isa_op */
	u8 flags;	/* enum flow_flag */
	/* past/: registers that precision of which concerns it; bit 15: it looks for itself */
	u16 back_regs;
};

struct flow_subprog { /* one more than there are: [cnt].start is insn_cnt */
	u32 start;
	u32 exit_idx;	     /* its last exit; its start when it has none */
	u32 postorder_start; /* flow->postorder[this .. next's) are its instructions */
};

/* What a call does as far as control flow is concerned (struct bpf_call_summary). */
struct flow_call {
	u8 arg_cnt;
	bool is_void;
	bool fastcall;	    /* keeps the registers that hold no argument, when inlined */
	bool might_sleep;
	bool changes_pkt;
	bool iter_next;
	bool calls_sync, calls_async; /* a callback */
	bool throws;
};

/* How the room speaks; everything may be NULL. */
struct flow_sink {
	void *cookie; /* the env */
	struct vlog *log;
	/* The program's fault; @code is the format, stable; @text the finished line. */
	void (*reject)(void *cookie, int err, u32 insn_idx, const char *code, const char *text);
	/* "(07) r1 += 5\n" of instruction @idx (verbose_insn), without its index. */
	void (*print_insn)(void *cookie, u32 idx);
	/* The source line of @idx with "@idx: " before it (verbose_linfo). */
	void (*print_line)(void *cookie, u32 idx);
};

struct flow_opts {
	enum prog_type type;
	u32 expected_attach_type;
	u8 rights; /* enum helper_rights, enum verify_rights: the same order */
	bool bpf_capable;
	/* False for an unknown kfunc. NULL: none is known. The cookie is the sink's. */
	bool (*kfunc)(void *cookie, const struct insn *call, struct flow_call *ret_call);
	struct flow_sink sink;
};

struct live_stack;

struct flow {
	const struct insn *insns;
	u32 insn_cnt;
	struct facts *facts;
	struct arena *arena;
	struct flow_opts opts;

	struct flow_insn *info; /* insn_cnt */
	struct flow_subprog *subprogs;
	u32 subprog_cnt;
	u32 *postorder; /* instructions, successors first, subprogram by subprogram */
	u32 postorder_cnt;
	u32 scc_cnt; /* ids 1 … scc_cnt - 1 */
	u32 scc_shown_cnt; /* below: those that 6.18 numbers, too */
	struct live_stack *live_stack;
	/* Made when first needed: those of i are pred_list[pred_first[i] .. pred_first[i + 1]). */
	u32 *pred_first, *pred_list;
};

/* The room's memory comes from @arena. 0 or -ENOMEM. @facts may lack subprogs until flow_cfg. */
int flow_init(struct flow *flow, const struct insn *insns, u32 insn_cnt, struct arena *arena,
	      const struct flow_opts *opts) must_check;
/*
 * Where functions start; jumps stay inside; each ends in exit or a jump (add_subprog_and_kfunc,
 * check_subprogs). 0, -EINVAL, -E2BIG, -EPERM, -ENOMEM.
 */
int flow_subprogs(struct flow *flow) must_check;
/*
 * LD_ABS and tail calls below the main function need its BTF: @scalar_return[s] says whether
 * subprogram s returns an integer; NULL without BTF (check_abnormal_return, check_btf_func).
 */
int flow_abnormal_return(struct flow *flow, const bool *scalar_return) must_check;
/*
 * Everything is reached, no back-edge where that is not allowed, prune points; @facts, with insns
 * and subprogs of the right numbers, takes what is found from now on (check_cfg).
 */
int flow_cfg(struct flow *flow, struct facts *facts) must_check;
int flow_order(struct flow *flow) must_check;	  /* compute_postorder, liveness of the stack */
int flow_scc(struct flow *flow) must_check;	  /* compute_scc */
int flow_live_regs(struct flow *flow) must_check; /* compute_live_registers; prints at level 2 */
void flow_fastcall(struct flow *flow);		  /* mark_fastcall_patterns */
/* All of the above from flow_order on. */
int flow_analyze(struct flow *flow) must_check;

/* The subprogram that starts at @idx, or -1 (find_subprog). */
int flow_subprog_at(const struct flow *flow, s64 idx);
static inline u32 flow_subprog_of(const struct flow *flow, u32 idx)
{
	return flow->info[idx].subprog;
}
static inline bool flow_has(const struct flow *flow, u32 idx, enum flow_flag flag)
{
	return flow->info[idx].flags & flag;
}
u32 flow_successors_slow(const struct flow *flow, u32 idx, u32 succ[2]);
/* Where control may go from @idx without calls: returns how many (0..2), fall-through first. */
static inline u32 flow_successors(const struct flow *flow, u32 idx, u32 succ[2])
{
	if (!flow_has(flow, idx, FLOW_LINEAR))
		return flow_successors_slow(flow, idx, succ);
	succ[0] = idx + 1;
	return 1;
}
/* False when the call is of no helper or kfunc that this program may call. */
bool flow_call(const struct flow *flow, const struct insn *insn, struct flow_call *ret_call);

/* An access to the frame of @insn_idx at fp+@off (check_fastcall_stack_contract). */
void flow_fastcall_contract(struct flow *flow, u32 insn_idx, s32 off);
/* After the paths: spills that go away need no stack (remove_fastcall_spills_fills). */
void flow_fastcall_stack(struct flow *flow);
/*
 * facts->subprogs[].stack_bytes summed along calls; fills tail_call_reachable and
 * facts->stack_bytes_max (check_max_stack_depth). @private_stack: the program type may have stacks
 * outside the kernel's (bpf_enable_priv_stack). 0, -EACCES, -E2BIG, -EINVAL.
 */
int flow_stack_depth(struct flow *flow, bool private_stack) must_check;

/*
 * Live stack (kernel/bpf/liveness.c): per chain of calls and instruction, slots that it may read
 * and surely writes. Marks come from the accesses of the walk; masks have bit spi for slot
 * fp-8*(spi+1). Protocol of a walk, @st being the current state:
 *
 *	live_stack_begin(flow, st, idx)		before an instruction
 *	live_stack_mark_write / mark_read	on its accesses, frame by number in st
 *	live_stack_commit(flow)			behind it
 *	live_stack_moved(flow)			after a call; another state became current
 *	live_stack_update(flow, st)		where a path or a called function ends, before the
 *						state changes
 */
int live_stack_begin(struct flow *flow, const struct vstate *st, u32 insn_idx) must_check;
int live_stack_mark_read(struct flow *flow, const struct vstate *st, u32 frameno, u64 mask)
	must_check;
void live_stack_mark_write(struct flow *flow, u32 frameno, u64 mask);
int live_stack_commit(struct flow *flow) must_check;
void live_stack_moved(struct flow *flow);
int live_stack_update(struct flow *flow, const struct vstate *st) must_check;
/* Prepares live_stack_alive for kept state @st, whose next instruction is st->insn_idx. */
int live_stack_query(struct flow *flow, const struct vstate *st) must_check;
bool live_stack_alive(const struct flow *flow, u32 frameno, u32 spi);
/* The same for all slots of a frame at once. */
u64 live_stack_mask(const struct flow *flow, u32 frameno);

#endif
