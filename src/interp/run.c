/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fast interpreter: direct-threaded code. Each instruction word becomes one `struct step` that
 * holds the address of its handler, so that going on is one indirect jump per instruction and the
 * branch predictor sees each of them apart. This is the only file with computed gotos.
 *
 * Invariants:
 *  1. Every step's handler, register numbers and jump displacement were checked when it was made;
 *     execution never leaves steps[0 .. insn_cnt], and the last one (a sentinel) faults.
 *  2. Memory is not checked: the program is trusted. Misaligned atomics are refused, because they
 *     are undefined in C; so are call depth, budget and stop flag.
 *  3. Jumps backwards and calls poll: no loop runs without one of them.
 */
#include <string.h>

#include "base/barrier.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "interp/interp.h"
#include "isa/sem.h"
#include "map/map.h"
#include "prog/facts.h"
#include "spec/helper.h"

struct step {
	const void *handler;
	u8 dst, src;
	u16 behind; /* the barrier: handlers.at of what follows it */
	s32 off;  /* bytes: address displacement, or to the jump's target from this step */
	u64 imm;  /* also: helper function, binding */
};

struct run_code {
	struct engine_code base; /* base.insns is freed once the steps stand */
	struct step *steps;
	const u8 *marks; /* of the program, or NULL */
};

struct frame { /* of a caller, while its callee runs */
	const struct step *ret;
	const struct prog *prog;
	u64 saved[4]; /* r6..r9 */
	u32 may_goto;
};

/* Handlers beside those of the operations. */
enum special {
	SPECIAL_BAD, /* sentinel and second words */
	SPECIAL_HOST, /* an embedder's helper */
	SPECIAL_TAIL_CALL,
	SPECIAL_BARRIER, /* XLATE_NOSPEC: a speculation barrier, then what the step would do */
	SPECIAL_CNT
};

/* Places in handlers.at: of operations, of the same as jumps backwards (these poll), specials. */
#define AT_BACK(op)   (ISA_OP_CNT + (op))
#define AT_SPECIAL(s) (2 * ISA_OP_CNT + (s))
#define AT_CNT	      AT_SPECIAL(SPECIAL_CNT)

struct pair {
	u8 first, second; /* enum isa_op */
	bool back;	  /* second is a jump backwards */
	const void *handler;
};

struct handlers {
	const void *at[AT_CNT];
	const struct pair *pairs;
	u32 pair_cnt;
};

struct entry { /* where execution starts */
	struct run *run;
	u32 idx;
	u64 args[5];
	u64 r0;
};

static int execute(struct entry *entry, const struct handlers **ret_handlers);

static noinline_fn int stop_with(struct run *run, enum fault_kind kind, u32 idx)
{
	run->fault = (struct fault){
		.kind = kind,
		.prog = run->prog,
		.insn_idx = prog_orig_idx(run->prog, idx),
	};
	return -EFAULT;
}

/* Called every RUN_POLL_JUMPS polls: true when the program must stop. */
static noinline_fn bool must_stop(struct run *run)
{
	if (run->insns_left != RUN_NO_BUDGET) {
		if (run->insns_left < RUN_POLL_JUMPS)
			return true;
		run->insns_left -= RUN_POLL_JUMPS;
	}
	return atomic_load_explicit(&run->stop, memory_order_relaxed);
}

/* A tail call into a program of another engine: it runs there, and its result is ours. */
static noinline_fn int run_elsewhere(struct run *run, const struct prog *next, u64 *ret_r0)
{
	const struct prog *prog = run->prog;
	int err;

	run->prog = next;
	err = next->enter(run, next, run->ctx, 0, ret_r0);
	run->prog = prog;
	return err;
}

#define NEXT_STEP                                                                                  \
	do {                                                                                       \
		pc++;                                                                              \
		goto *pc->handler;                                                                 \
	} while (0)
#define JUMP_STEP                                                                                  \
	do {                                                                                       \
		pc = (const struct step *)(const void *)((const char *)pc + pc->off);              \
		goto *pc->handler;                                                                 \
	} while (0)
#define POLL                                                                                       \
	do {                                                                                       \
		if (unlikely(--poll == 0)) {                                                       \
			poll = RUN_POLL_JUMPS;                                                     \
			if (must_stop(run))                                                        \
				goto budget;                                                       \
		}                                                                                  \
	} while (0)

#define DST	  r[pc->dst]
#define SRC	  r[pc->src]
#define OPERAND_X SRC
#define OPERAND_K pc->imm
#define AT(reg)	  u64_to_ptr(r[reg] + (u64)(s64)pc->off)

#define load_u8(p)     (*(const u8 *)(p))
#define store_u8(p, v) (*(u8 *)(p) = (v))

/* An atomic's address, which must be aligned. */
#define ATOMIC_AT(reg, width)                                                                      \
	({                                                                                         \
		u64 addr_ = r[reg] + (u64)(s64)pc->off;                                            \
		if (unlikely(addr_ & ((width) / 8 - 1)))                                           \
			goto misaligned;                                                           \
		(u##width *)u64_to_ptr(addr_);                                                     \
	})
#define ATOMIC_RMW_add	__atomic_fetch_add
#define ATOMIC_RMW_or	__atomic_fetch_or
#define ATOMIC_RMW_and	__atomic_fetch_and
#define ATOMIC_RMW_xor	__atomic_fetch_xor
#define ATOMIC_RMW_xchg __atomic_exchange_n
/* The kernel orders what returns a value, and nothing else (its atomic_t rules). */
#define ATOMIC_FETCH(fn, width) \
	SRC = ATOMIC_RMW_##fn(ATOMIC_AT(pc->dst, width), (u##width)SRC, __ATOMIC_SEQ_CST)
#define ATOMIC_PLAIN(fn, width) \
	(void)ATOMIC_RMW_##fn(ATOMIC_AT(pc->dst, width), (u##width)SRC, __ATOMIC_RELAXED)

/* What the instructions of run_pairs.def do, at pc. */
#define DO_ALU(fn, width, form) DST = sem_##fn##width(DST, OPERAND_##form)
#define DO_ADD64_X  DO_ALU(add, 64, X)
#define DO_ADD64_K  DO_ALU(add, 64, K)
#define DO_SUB64_X  DO_ALU(sub, 64, X)
#define DO_MUL64_X  DO_ALU(mul, 64, X)
#define DO_OR64_X   DO_ALU(or, 64, X)
#define DO_OR32_X   DO_ALU(or, 32, X)
#define DO_AND64_X  DO_ALU(and, 64, X)
#define DO_XOR64_X  DO_ALU(xor, 64, X)
#define DO_LSH64_K  DO_ALU(lsh, 64, K)
#define DO_RSH64_K  DO_ALU(rsh, 64, K)
#define DO_LSH32_K  DO_ALU(lsh, 32, K)
#define DO_RSH32_K  DO_ALU(rsh, 32, K)
#define DO_MOV64_X  DST = SRC
#define DO_MOV32_X  DST = (u32)SRC
#define DO_LDX_B    DST = load_u8(AT(pc->src))
#define DO_LDX_H    DST = load_u16(AT(pc->src))
#define DO_LDX_W    DST = load_u32(AT(pc->src))
#define DO_LDX_DW   DST = load_u64(AT(pc->src))
#define DO_STX_B    store_u8(AT(pc->dst), (u8)SRC)
#define DO_STX_DW   store_u64(AT(pc->dst), SRC)
#define IF_JNE64_K  sem_jne64(DST, pc->imm)
#define IF_JNE64_X  sem_jne64(DST, SRC)
#define IF_JLT64_X  sem_jlt64(DST, SRC)
#define IF_JGT64_X  sem_jgt64(DST, SRC)

/*
 * Runs from @entry to the exit of its first frame: 0 with entry->r0, or -EFAULT with the fault in
 * the run. With @ret_handlers nothing runs: the addresses of the handlers are returned, which no
 * other function can name.
 */
/* tidy: allow long-function: one handler per operation, and labels have function scope */
static int execute(struct entry *entry, const struct handlers **ret_handlers)
{
	static const struct pair pairs[] = {
#define PAIR(a, b)	{ ISA_##a, ISA_##b, false, &&pair_##a##_##b },
#define PAIR_BACK(a, b) { ISA_##a, ISA_##b, true, &&pair_##a##_##b },
#include "interp/run_pairs.def"
	};
	static const struct handlers handlers = {
#define ISA_OP(id, ...) .at[ISA_##id] = &&do_##id,
#include "isa/ops.def"
#define ISA_OP(id, ...)
#define ISA_JMP(id, ...) .at[AT_BACK(ISA_##id)] = &&back_##id,
#define ISA_JA(id, ...)	 .at[AT_BACK(ISA_##id)] = &&back_##id,
#include "isa/ops.def"
		.at[AT_SPECIAL(SPECIAL_BAD)] = &&do_bad,
		.at[AT_SPECIAL(SPECIAL_HOST)] = &&do_host,
		.at[AT_SPECIAL(SPECIAL_TAIL_CALL)] = &&do_tail_call,
		.at[AT_SPECIAL(SPECIAL_BARRIER)] = &&do_barrier,
		.pairs = pairs,
		.pair_cnt = ARRAY_SIZE(pairs),
	};
	const struct step *pc;
	struct run *run;
	u64 r[INSN_REGS + 1]; /* and the rewriter's own */
	u32 poll = RUN_POLL_JUMPS, depth = 0;
	u32 may_goto = ENGINE_MAY_GOTO_MAX;
	enum fault_kind kind;
	struct frame frames[ENGINE_FRAMES_MAX - 1];
	u64 stack[ENGINE_FRAMES_MAX][ENGINE_STACK_BYTES / 8];

	if (ret_handlers) {
		*ret_handlers = &handlers;
		return 0;
	}
	run = entry->run;
	for (u32 i = 0; i < 5; i++)
		r[i + 1] = entry->args[i];
	r[0] = r[6] = r[7] = r[8] = r[9] = 0;
	/* Not ptr_to_u64(): without optimisation gcc fears that it reads the empty stack. */
	r[INSN_REG_FP] = (u64)(uintptr_t)(stack[0] + ENGINE_STACK_BYTES / 8);
	pc = ((const struct run_code *)run->prog->code)->steps + entry->idx;
	goto *pc->handler;

#define ISA_ALU(id, code, sel, selv, fn, width, form, ...)                                         \
	do_##id:                                                                                   \
	DST = sem_##fn##width(DST, OPERAND_##form);                                                \
	NEXT_STEP;
#define ISA_MOV(id, code, sel, selv, fn, width, form, ...)                                         \
	do_##id:                                                                                   \
	DST = sem_##fn##width(OPERAND_##form);                                                     \
	NEXT_STEP;
/* Address spaces are the arena's; a host address is one already. */
#define ISA_CAST(id, ...)                                                                          \
	do_##id:                                                                                   \
	DST = SRC;                                                                                 \
	NEXT_STEP;
#define ISA_NEG(id, code, fn, width, ...)                                                          \
	do_##id:                                                                                   \
	DST = sem_##fn##width(DST);                                                                \
	NEXT_STEP;
#define ISA_END(id, code, fn, width, ...)                                                          \
	do_##id:                                                                                   \
	DST = sem_##fn##width(DST);                                                                \
	NEXT_STEP;
#define ISA_JMP(id, code, fn, width, form, ...)                                                    \
	do_##id:                                                                                   \
	if (sem_##fn##width(DST, OPERAND_##form))                                                  \
		JUMP_STEP;                                                                         \
	NEXT_STEP;                                                                                 \
	back_##id:                                                                                 \
	if (sem_##fn##width(DST, OPERAND_##form)) {                                                \
		POLL;                                                                              \
		JUMP_STEP;                                                                         \
	}                                                                                          \
	NEXT_STEP;
#define ISA_JA(id, ...)                                                                            \
	do_##id:                                                                                   \
	JUMP_STEP;                                                                                 \
	back_##id:                                                                                 \
	POLL;                                                                                      \
	JUMP_STEP;
#define ISA_MAY_GOTO(id, ...)                                                                      \
	do_##id:                                                                                   \
	POLL;                                                                                      \
	if (!may_goto)                                                                             \
		JUMP_STEP;                                                                         \
	may_goto--;                                                                                \
	NEXT_STEP;
#define ISA_GOTOX(id, ...)                                                                         \
	do_##id:                                                                                   \
	{                                                                                          \
		u32 idx;                                                                           \
		if (!engine_code_index(run->prog, DST, &idx))                                      \
			goto bad;                                                                  \
		POLL;                                                                              \
		pc = ((const struct run_code *)run->prog->code)->steps + idx;                      \
		goto *pc->handler;                                                                 \
	}
#define ISA_LDX(id, code, width, ...)                                                              \
	do_##id:                                                                                   \
	DST = load_u##width(AT(pc->src));                                                          \
	NEXT_STEP;
#define ISA_LDSX(id, code, width, ...)                                                             \
	do_##id:                                                                                   \
	DST = sem_ldsx##width(load_u##width(AT(pc->src)));                                         \
	NEXT_STEP;
#define ISA_ST(id, code, width, ...)                                                               \
	do_##id:                                                                                   \
	store_u##width(AT(pc->dst), (u##width)pc->imm);                                            \
	NEXT_STEP;
#define ISA_STX(id, code, width, ...)                                                              \
	do_##id:                                                                                   \
	store_u##width(AT(pc->dst), (u##width)SRC);                                                \
	NEXT_STEP;
#define ISA_ATOMIC(id, code, op, fn, width, fetch, ...)                                            \
	do_##id:                                                                                   \
	ATOMIC_##fetch(fn, width);                                                                 \
	NEXT_STEP;
#define ISA_CMPXCHG(id, code, op, width, ...)                                                      \
	do_##id:                                                                                   \
	{                                                                                          \
		u##width old = (u##width)r[0];                                                     \
		__atomic_compare_exchange_n(ATOMIC_AT(pc->dst, width), &old, (u##width)SRC, false, \
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                   \
		r[0] = old;                                                                        \
	}                                                                                          \
	NEXT_STEP;
#define ISA_LOAD_ACQ(id, code, op, width, ...)                                                     \
	do_##id:                                                                                   \
	DST = __atomic_load_n(ATOMIC_AT(pc->src, width), __ATOMIC_ACQUIRE);                        \
	NEXT_STEP;
#define ISA_STORE_REL(id, code, op, width, ...)                                                    \
	do_##id:                                                                                   \
	__atomic_store_n(ATOMIC_AT(pc->dst, width), (u##width)SRC, __ATOMIC_RELEASE);              \
	NEXT_STEP;
#define ISA_LDDW(id, ...)                                                                          \
	do_##id:                                                                                   \
	DST = pc->imm;                                                                             \
	pc += 2;                                                                                   \
	goto *pc->handler;
#define ISA_CALL(id, ...)  CALL_##id
#define ISA_CALLX(id, ...)                                                                         \
	do_##id:                                                                                   \
	if (!engine_call_by_number(run, DST, r)) {                                                 \
		kind = FAULT_CALL;                                                                 \
		goto fault;                                                                        \
	}                                                                                          \
	goto helper_done;
#define ISA_EXIT(id, ...)                                                                          \
	do_##id:                                                                                   \
	goto leave;
#define ISA_LDABS(id, code, width, ...)                                                            \
	do_##id:                                                                                   \
	if (!engine_load_packet(run, (s32)pc->imm, (width) / 8, &r[0]))                            \
		goto leave_with_0;                                                                 \
	NEXT_STEP;
/* The kernel's converter adds X and k as 32-bit numbers. */
#define ISA_LDIND(id, code, width, ...)                                                            \
	do_##id:                                                                                   \
	if (!engine_load_packet(run, (s32)((u32)SRC + (u32)pc->imm), (width) / 8, &r[0]))          \
		goto leave_with_0;                                                                 \
	NEXT_STEP;
#define CALL_CALL_HELPER                                                                           \
	do_CALL_HELPER:                                                                            \
	r[0] = ((helper_fn)u64_to_ptr(pc->imm))(r[1], r[2], r[3], r[4], r[5], run);                \
	goto helper_done;
#define CALL_CALL_SUBPROG                                                                          \
	do_CALL_SUBPROG:                                                                           \
	if (depth == ENGINE_FRAMES_MAX - 1) {                                                      \
		kind = FAULT_DEPTH;                                                                \
		goto fault;                                                                        \
	}                                                                                          \
	frames[depth] = (struct frame){ pc + 1, run->prog, { r[6], r[7], r[8], r[9] }, may_goto }; \
	depth++;                                                                                   \
	may_goto = ENGINE_MAY_GOTO_MAX;                                                            \
	r[INSN_REG_FP] = ptr_to_u64(stack[depth] + ENGINE_STACK_BYTES / 8);                        \
	POLL;                                                                                      \
	JUMP_STEP;
#define CALL_CALL_KFUNC                                                                            \
	do_CALL_KFUNC:                                                                             \
	goto bad;
#include "isa/ops.def"

#define PAIR(a, b)          \
	pair_##a##_##b:     \
	DO_##a;             \
	pc++;               \
	DO_##b;             \
	NEXT_STEP;
#define PAIR_BACK(a, b)     \
	pair_##a##_##b:     \
	DO_##a;             \
	pc++;               \
	if (IF_##b) {       \
		POLL;       \
		JUMP_STEP;  \
	}                   \
	NEXT_STEP;
#include "interp/run_pairs.def"

do_host: {
	const struct helper_binding *b = u64_to_ptr(pc->imm);

	r[0] = b->host(r[1], r[2], r[3], r[4], r[5], b->cookie);
}
helper_done:
	if (unlikely(run->fault.kind != FAULT_NONE))
		return -EFAULT;
	NEXT_STEP;

do_barrier:
	speculation_barrier();
	goto *handlers.at[pc->behind];

do_tail_call: {
	s32 err = 0;
	const struct prog *next = engine_tail_target(run, u64_to_ptr(r[2]), (u32)r[3], &err);

	if (!next) {
		r[0] = (u64)(s64)err;
		NEXT_STEP;
	}
	if (next->enter != run->prog->enter) {
		if (run_elsewhere(run, next, &r[0]))
			return -EFAULT;
		goto leave;
	}
	run->prog = next;
	may_goto = ENGINE_MAY_GOTO_MAX;
	pc = ((const struct run_code *)next->code)->steps;
	goto *pc->handler;
}

leave_with_0:
	r[0] = 0;
leave:
	if (depth) {
		const struct frame *f = &frames[--depth];

		memcpy(&r[6], f->saved, sizeof(f->saved));
		r[INSN_REG_FP] = ptr_to_u64(stack[depth] + ENGINE_STACK_BYTES / 8);
		run->prog = f->prog;
		may_goto = f->may_goto;
		pc = f->ret;
		goto *pc->handler;
	}
	entry->r0 = r[0];
	return 0;

do_bad:
bad:
	kind = FAULT_INSN;
	goto fault;
misaligned:
	kind = FAULT_ALIGN;
	goto fault;
budget:
	kind = FAULT_BUDGET;
fault:
	return stop_with(run, kind,
			 (u32)(pc - ((const struct run_code *)run->prog->code)->steps));
}

/* The engine's state of a run: how deep callbacks are nested. */
static int call_nested(struct run *run, u32 idx, const u64 args[5], u64 *ret_r0)
{
	struct entry entry = { .run = run, .idx = idx };
	const struct prog *prog = run->prog;
	u64 *nesting = run->engine;
	int err;

	if (!nesting || *nesting >= ENGINE_FRAMES_MAX - 1)
		return stop_with(run, FAULT_DEPTH, idx);
	memcpy(entry.args, args, sizeof(entry.args));
	(*nesting)++;
	err = execute(&entry, NULL);
	(*nesting)--;
	run->prog = prog;
	if (!err)
		*ret_r0 = entry.r0;
	return err;
}

/*
 * For run->stack_left: frames lie in C frames between here and run_enter's, where run->engine
 * points. Good enough for programs that are trusted to load from any address themselves.
 */
static noinline_fn u64 run_stack_left(const struct run *run, u64 addr)
{
	u64 top = ptr_to_u64(run->engine);

	return addr > ptr_to_u64(&top) && addr < top ? top - addr : 0;
}

static int run_enter(struct run *run, const struct prog *prog, void *ctx, u64 arg2, u64 *ret_r0)
{
	struct entry entry = { .run = run, .args = { ptr_to_u64(ctx), arg2 } };
	u64 (*outer_left)(const struct run *run, u64 addr) = run->stack_left;
	void *outer = run->engine;
	u64 nesting = outer ? *(u64 *)outer : 0, budget = run->insns_left;
	bool endless = prog->facts && prog->facts->proved_terminates;
	int err;

	run->engine = &nesting;
	run->stack_left = run_stack_left;
	/* What is proved to end may take as long as it takes; the stop flag works all the same. */
	if (endless)
		run->insns_left = RUN_NO_BUDGET;
	err = execute(&entry, NULL);
	if (endless)
		run->insns_left = budget;
	run->engine = outer;
	run->stack_left = outer_left;
	run->prog = prog;
	if (!err)
		*ret_r0 = entry.r0;
	return err;
}

static void code_free(void *p)
{
	struct run_code *code = p;

	if (!code)
		return;
	engine_code_fini(&code->base);
	mem_free(code->steps);
	mem_free(code);
}

/* One decoded instruction into its step; -errno for what `run` refuses. */
static int step_make(const struct run_code *code, const struct handlers *h, u32 idx)
{
	const u8 *marks = code->marks;
	const struct decoded *d = &code->base.insns[idx];
	const struct isa_info *info = isa_info(d->op);
	struct step *s = &code->steps[idx];
	bool jumps = info->off == ISA_OFF_JUMP || info->imm == ISA_IMM_JUMP ||
		     info->imm == ISA_IMM_SUBPROG;

	*s = (struct step){ NULL, d->dst, d->src, d->op, d->off, d->imm };
	if (d->op == ISA_CALL_KFUNC || d->op == ISA_LDDW_BTF_ID)
		return -EOPNOTSUPP;
	if ((jumps || d->op == ISA_LDDW_FUNC) && d->target == ENGINE_NO_TARGET)
		return -EINVAL;
	if (jumps) {
		s64 bytes = ((s64)d->target - idx) * (s64)sizeof(struct step);

		if (bytes != (s32)bytes)
			return -E2BIG;
		s->off = (s32)bytes;
		if (bytes <= 0 && h->at[AT_BACK(d->op)])
			s->behind = (u16)AT_BACK(d->op);
	}
	if (d->op == ISA_CALL_HELPER) {
		const struct helper_binding *b = &code->base.bindings[d->imm];

		if (!b->fn && !b->host && !(b->info && b->info->props & HP_TAIL_CALL))
			return -EINVAL;
		if (b->info && b->info->props & HP_TAIL_CALL)
			s->behind = AT_SPECIAL(SPECIAL_TAIL_CALL);
		else if (b->host)
			*s = (struct step){ .behind = AT_SPECIAL(SPECIAL_HOST),
					    .imm = ptr_to_u64(b) };
		else
			s->imm = (u64)(uintptr_t)b->fn;
	}
	s->handler = h->at[marks && marks[idx] & XLATE_NOSPEC ? AT_SPECIAL(SPECIAL_BARRIER)
							      : s->behind];
	return 0;
}

/* Gives the first of two instructions that make a pair the handler of both. */
static void pair_up(struct run_code *code, const struct handlers *h, u32 idx)
{
	const u8 first = code->base.insns[idx].op, second = code->base.insns[idx + 1].op;
	const bool back = code->steps[idx + 1].behind == AT_BACK(second);
	const void *barrier = h->at[AT_SPECIAL(SPECIAL_BARRIER)];

	if (code->steps[idx].handler == barrier || code->steps[idx + 1].handler == barrier)
		return;
	for (u32 i = 0; i < h->pair_cnt; i++) {
		const struct pair *p = &h->pairs[i];

		if (p->first == first && p->second == second && p->back == back)
			code->steps[idx].handler = p->handler;
	}
}

static int steps_make(struct run_code *code)
{
	const struct handlers *h;
	u32 n = code->base.insn_cnt;
	int err = execute(NULL, &h);

	for (u32 i = 0; i < n && !err;) {
		u32 words = isa_words(code->base.insns[i].op);

		if (code->base.insns[i].op == ISA_INVALID)
			return -EINVAL;
		err = step_make(code, h, i);
		if (words == 2)
			code->steps[i + 1].handler = h->at[AT_SPECIAL(SPECIAL_BAD)];
		i += words;
	}
	code->steps[n].handler = h->at[AT_SPECIAL(SPECIAL_BAD)];
	for (u32 i = 0; i + 1 < n && !err; i++)
		pair_up(code, h, i);
	return err;
}

int interp_run_compile(struct prog *prog, const struct helper_resolver *resolver)
{
	struct run_code *code = mem_zalloc(sizeof(*code));
	int err;

	if (!code)
		return -ENOMEM;
	code->marks = prog->marks;
	err = engine_decode(prog, resolver, NULL, &code->base);
	if (!err) {
		code->steps = mem_zalloc_array((size_t)prog->insn_cnt + 1, sizeof(*code->steps));
		err = code->steps ? steps_make(code) : -ENOMEM;
	}
	if (err) {
		code_free(code);
		return err;
	}
	engine_rows_free(&code->base);
	code->base.call = call_nested;
	prog->code = code;
	prog->code_free = code_free;
	prog->enter = run_enter;
	prog->engine = "run";
	return 0;
}
