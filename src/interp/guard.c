/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guarded interpreter. It trusts nothing about the program: every register read must follow a
 * write, every access must lie inside one object, every instruction counts against the budget, and
 * whatever cannot go on ends in run->fault instead of harm. Its bytes may be any bytes.
 *
 * Invariants:
 *  1. No host memory is touched through a program's address but after guard_memory or guard_find
 *     said yes for exactly these bytes.
 *  2. run->insns_left falls with each instruction: every execution ends.
 *  3. g->depth < ENGINE_FRAMES_MAX; a callback runs on the frames of its caller, so that what it is
 *     given of the caller's stack is still an object.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "interp/guard_int.h"
#include "interp/interp.h"
#include "isa/sem.h"
#include "spec/helper.h"

/* Callee frames start as zeros: what a program reads of its stack before it writes is defined. */
static bool push_frame(struct guard *g)
{
	struct guard_frame *f = &g->frames[g->depth];

	if (g->depth == ENGINE_FRAMES_MAX - 1)
		return guard_fault(g, FAULT_DEPTH, "%u functions in a row; the limit is %u",
				   g->depth + 2, ENGINE_FRAMES_MAX);
	*f = (struct guard_frame){ .prog = g->prog, .pc = g->pc, .may_goto = g->may_goto,
				   .valid = g->valid };
	memcpy(f->saved, &g->r[6], sizeof(f->saved));
	g->depth++;
	memset(g->stack[g->depth], 0, ENGINE_STACK_BYTES);
	g->r[INSN_REG_FP] = guard_frame_top(g, g->depth);
	g->may_goto = ENGINE_MAY_GOTO_MAX;
	return true;
}

static void set_prog(struct guard *g, const struct prog *prog)
{
	g->prog = prog;
	g->run->prog = prog;
	g->code = prog->code;
}

/* Back to the caller: r6..r9 are its own again, r1..r5 are lost, r0 is what the callee left. */
static void pop_frame(struct guard *g)
{
	const struct guard_frame *f = &g->frames[--g->depth];

	memcpy(&g->r[6], f->saved, sizeof(f->saved));
	g->r[INSN_REG_FP] = guard_frame_top(g, g->depth);
	g->valid = (u16)((g->valid & 1) | (f->valid & ~0x3fu));
	g->may_goto = f->may_goto;
	g->pc = f->pc;
	if (f->prog != g->prog)
		set_prog(g, f->prog);
}

static bool call_subprog(struct guard *g, const struct decoded *d)
{
	if (d->target == ENGINE_NO_TARGET)
		return guard_fault(g, FAULT_CALL, "the call leaves the program");
	if (!push_frame(g))
		return false;
	g->valid = (u16)((g->valid & 0x3eu) | 1u << INSN_REG_FP);
	g->pc = d->target;
	return true;
}

static bool callx(struct guard *g, const struct decoded *d)
{
	const struct helper_resolver *resolver = &g->code->resolver;
	struct helper_binding b = { 0 };
	u64 number = g->r[d->dst];

	if (!resolver->lasting || number > INT32_MAX ||
	    resolver->resolve(resolver->cookie, (s32)number, &b) < 0)
		return guard_fault(g, FAULT_CALL, "callx: there is no helper %llu here",
				   (unsigned long long)number);
	if (b.info && b.info->props & HP_TAIL_CALL)
		return guard_fault(g, FAULT_CALL, "callx cannot make a tail call");
	if (b.info)
		b.map_types = helper_map_types(b.info->id);
	return guard_call_helper(g, &b);
}

/* After bpf_tail_call found a program: it takes over this frame. */
static bool tail_switch(struct guard *g, bool *ret_left)
{
	const struct prog *next = g->tail, *prog = g->prog;

	g->tail = NULL;
	if (next->enter != prog->enter) {
		g->run->prog = next;
		if (next->enter(g->run, next, g->run->ctx, 0, &g->r[0]))
			return false;
		g->run->prog = prog;
		*ret_left = true; /* its exit is this function's */
		return true;
	}
	set_prog(g, next);
	memset(g->stack[g->depth], 0, ENGINE_STACK_BYTES);
	guard_forget(g);
	g->r[1] = ptr_to_u64(g->run->ctx);
	g->valid = 1u << 1 | 1u << INSN_REG_FP;
	g->may_goto = ENGINE_MAY_GOTO_MAX;
	g->pc = 0;
	return true;
}

static bool load_packet(struct guard *g, s64 off, u32 size_bytes, bool *ret_left)
{
	if (g->prog->ctx_class && g->r[6] != ptr_to_u64(g->run->ctx))
		return guard_fault(g, FAULT_ARG, "LD_ABS and LD_IND need the context in r6");
	*ret_left = !engine_load_packet(g->run, off, size_bytes, &g->r[0]);
	if (*ret_left)
		g->r[0] = 0;
	g->valid = (u16)((g->valid & ~0x3fu) | 1);
	return true;
}

/* Combines @with into what memory holds; returns what it held. */
#define ATOMIC_FN(width)                                                                           \
	static u##width atomic_swap##width(u##width *p, u64 with, u64 (*fn)(u64, u64))             \
	{                                                                                          \
		u##width old = __atomic_load_n(p, __ATOMIC_RELAXED);                               \
		while (!__atomic_compare_exchange_n(p, &old, (u##width)fn(old, with), true,        \
						    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))           \
			;                                                                          \
		return old;                                                                        \
	}
ATOMIC_FN(32)
ATOMIC_FN(64)

/* An atomic's host address: one object, aligned, with both rights; the context has none. */
static void *atomic_at(struct guard *g, u64 addr, u32 size_bytes, u32 perm)
{
	if (addr % size_bytes) {
		guard_fault_access(g, FAULT_ALIGN, addr, size_bytes);
		return NULL;
	}
	if (guard_in_ctx(g, addr)) {
		guard_fault_access(g, FAULT_CTX, addr, size_bytes);
		memcpy(g->run->fault.detail, "access its context atomically", 30);
		return NULL;
	}
	return guard_memory(g, addr, size_bytes, perm);
}

#define RW (EXTENT_READ | EXTENT_WRITE)
/*
 * The loop keeps what changes with every instruction in locals: the row, which registers hold
 * values, what is left of the budget's current chunk, the running frame. SAVE writes them back
 * before anything that may look at them or fault; LOAD takes them up again after calls.
 */
#define CHUNK 4096u /* instructions between two looks at budget and stop flag */

struct loop {
	const struct decoded *insns, *d;
	u64 frame; /* lowest address of the running frame */
	u32 left;  /* instructions of the chunk */
	u32 valid;
};

static bool watched(struct guard *g)
{
	const struct run_place place = {
		.prog = g->prog, .insn_idx = g->pc, .depth = g->depth, .valid = g->valid,
		.regs = g->r, .frame0_top = guard_frame_top(g, 0),
		.frame_stride = GUARD_FRAME_STRIDE,
	};

	return g->run->watch(g->run->watch_cookie, &place) ||
	       guard_fault(g, FAULT_BUDGET, "stopped by its watcher");
}

/* Takes up to CHUNK instructions from the budget; 0: faulted. */
static noinline_fn u32 take_chunk(struct guard *g)
{
	struct run *run = g->run;
	u32 chunk = (u32)MIN(run->insns_left, CHUNK);

	if (!chunk) {
		guard_fault(g, FAULT_BUDGET, "the budget of instructions is used up");
		return 0;
	}
	if (atomic_load_explicit(&run->stop, memory_order_relaxed)) {
		guard_fault(g, FAULT_BUDGET, "stopped from outside");
		return 0;
	}
	if (run->watch) { /* looks at each instruction */
		chunk = 1;
		if (!watched(g))
			return 0;
	}
	if (run->insns_left != RUN_NO_BUDGET)
		run->insns_left -= chunk;
	return chunk;
}

static always_inline void save_place(struct guard *g, const struct loop *l)
{
	g->pc = (u32)(l->d - l->insns);
	g->valid = (u16)l->valid;
}

static always_inline void save(struct guard *g, struct loop *l)
{
	save_place(g, l);
	if (g->run->insns_left != RUN_NO_BUDGET)
		g->run->insns_left += l->left;
	l->left = 0;
}

static always_inline void load(struct guard *g, struct loop *l)
{
	l->insns = g->code->insns;
	l->d = l->insns + g->pc;
	l->frame = ptr_to_u64(g->stack[g->depth]);
	l->valid = g->valid;
}

/* Host memory of an access that a fast look finds allowed: the frame, or the last object hit. */
static always_inline void *memory_fast(const struct guard_hot *hot, const struct loop *l,
				       u64 addr, u32 size_bytes)
{
	u64 off;

	if (likely(addr - l->frame <= ENGINE_STACK_BYTES - size_bytes))
		return u64_to_ptr(addr);
	off = addr - hot->base;
	if (likely(off < hot->size_bytes && size_bytes <= hot->size_bytes - off))
		return u64_to_ptr(addr);
	return NULL;
}

#define SAVE_PLACE save_place(g, &l)
#define CALL_OUT(what)                                   \
	do {                                             \
		save(g, &l);                             \
		if (unlikely(!(what)))                   \
			return -EFAULT;                  \
		load(g, &l);                             \
	} while (0)
#define FAULT(kind, ...)                             \
	do {                                         \
		save(g, &l);                         \
		guard_fault(g, kind, __VA_ARGS__);   \
		return -EFAULT;                      \
	} while (0)
#define LOAD(width, slowly)                                                                 \
	do {                                                                                \
		u64 addr = r[l.d->src] + (u64)(s64)l.d->off;                                \
		p = memory_fast(&g->hot_read, &l, addr, (width) / 8);                       \
		if (likely(p)) {                                                            \
			value = load_sized(p, (width) / 8);                                 \
		} else {                                                                    \
			SAVE_PLACE;                                                         \
			if (unlikely(!slowly(g, addr, (width) / 8, &value)))                \
				goto faulted;                                               \
		}                                                                           \
	} while (0)
#define STORE(width, what)                                                                  \
	do {                                                                                \
		u64 addr = r[l.d->dst] + (u64)(s64)l.d->off;                                \
		p = memory_fast(&g->hot_write, &l, addr, (width) / 8);                      \
		if (likely(p)) {                                                            \
			store_sized(p, (width) / 8, what);                                  \
		} else {                                                                    \
			SAVE_PLACE;                                                         \
			if (unlikely(!guard_store(g, addr, (width) / 8, what)))             \
				goto faulted;                                               \
		}                                                                           \
	} while (0)
#define ATOMIC_AT(reg, width, perm)                                                         \
	do {                                                                                \
		SAVE_PLACE;                                                                 \
		p = atomic_at(g, r[reg] + (u64)(s64)l.d->off, (width) / 8, perm);           \
		if (unlikely(!p))                                                           \
			goto faulted;                                                       \
	} while (0)
#define JUMP                                                   \
	do {                                                   \
		if (unlikely(l.d->target == ENGINE_NO_TARGET)) \
			goto no_target;                        \
		l.d = l.insns + l.d->target;                   \
		goto again;                                    \
	} while (0)

#define RW	  (EXTENT_READ | EXTENT_WRITE)
#define DST	  r[l.d->dst]
#define SRC	  r[l.d->src]
#define OPERAND_X SRC
#define OPERAND_K l.d->imm

#define ISA_ALU(id, code, sel, selv, fn, width, form, ...) \
	case ISA_##id:                                     \
		DST = sem_##fn##width(DST, OPERAND_##form); \
		break;
#define ISA_MOV(id, code, sel, selv, fn, width, form, ...) \
	case ISA_##id:                                     \
		DST = sem_##fn##width(OPERAND_##form);     \
		break;
#define ISA_CAST(id, ...)  \
	case ISA_##id:     \
		DST = SRC; \
		break;
#define ISA_NEG(id, code, fn, width, ...)   \
	case ISA_##id:                      \
		DST = sem_##fn##width(DST); \
		break;
#define ISA_END(id, code, fn, width, ...)   \
	case ISA_##id:                      \
		DST = sem_##fn##width(DST); \
		break;
#define ISA_JMP(id, code, fn, width, form, ...)               \
	case ISA_##id:                                        \
		if (sem_##fn##width(DST, OPERAND_##form))     \
			JUMP;                                 \
		break;
#define ISA_JA(id, ...) \
	case ISA_##id:  \
		JUMP;
#define ISA_MAY_GOTO(id, ...)      \
	case ISA_##id:             \
		if (!g->may_goto)  \
			JUMP;      \
		g->may_goto--;     \
		break;
#define ISA_GOTOX(id, ...)                                                                   \
	case ISA_##id:                                                                       \
		if (!engine_code_index(g->prog, DST, &idx))                                  \
			FAULT(FAULT_INSN, "r%u holds no address of an instruction", l.d->dst); \
		l.d = l.insns + idx;                                                         \
		continue;
#define ISA_LDX(id, code, width, ...) \
	case ISA_##id:                \
		LOAD(width, guard_load); \
		DST = value;          \
		break;
#define ISA_LDSX(id, code, width, ...)       \
	case ISA_##id:                       \
		LOAD(width, guard_load_sx);  \
		DST = sem_ldsx##width(value); \
		break;
#define ISA_ST(id, code, width, ...)  \
	case ISA_##id:                \
		STORE(width, l.d->imm); \
		break;
#define ISA_STX(id, code, width, ...) \
	case ISA_##id:                \
		STORE(width, SRC);    \
		break;
#define ATOMIC_FETCH SRC = value
#define ATOMIC_PLAIN (void)value
#define ISA_ATOMIC(id, code, op, fn, width, fetch, ...)              \
	case ISA_##id:                                               \
		ATOMIC_AT(l.d->dst, width, RW);                      \
		value = atomic_swap##width(p, SRC, sem_##fn##width); \
		ATOMIC_##fetch;                                      \
		break;
#define ISA_CMPXCHG(id, code, op, width, ...)                                             \
	case ISA_##id: {                                                                  \
		u##width old = (u##width)r[0];                                            \
		ATOMIC_AT(l.d->dst, width, RW);                                           \
		__atomic_compare_exchange_n((u##width *)p, &old, (u##width)SRC, false,    \
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);          \
		r[0] = old;                                                               \
		break;                                                                    \
	}
#define ISA_LOAD_ACQ(id, code, op, width, ...)                          \
	case ISA_##id:                                                  \
		ATOMIC_AT(l.d->src, width, EXTENT_READ);                \
		DST = __atomic_load_n((u##width *)p, __ATOMIC_ACQUIRE); \
		break;
#define ISA_STORE_REL(id, code, op, width, ...)                                   \
	case ISA_##id:                                                            \
		ATOMIC_AT(l.d->dst, width, EXTENT_WRITE);                         \
		__atomic_store_n((u##width *)p, (u##width)SRC, __ATOMIC_RELEASE); \
		break;
#define ISA_LDDW(id, ...) LDDW_##id
#define LDDW_CONSTANT(id)             \
	case ISA_##id:                \
		DST = l.d->imm;       \
		l.valid |= l.d->writes; \
		l.d += 2;             \
		continue;
#define LDDW_LDDW_IMM		LDDW_CONSTANT(LDDW_IMM)
#define LDDW_LDDW_MAP_FD	LDDW_CONSTANT(LDDW_MAP_FD)
#define LDDW_LDDW_MAP_VALUE	LDDW_CONSTANT(LDDW_MAP_VALUE)
#define LDDW_LDDW_MAP_IDX	LDDW_CONSTANT(LDDW_MAP_IDX)
#define LDDW_LDDW_MAP_IDX_VALUE LDDW_CONSTANT(LDDW_MAP_IDX_VALUE)
#define LDDW_LDDW_BTF_ID      \
	case ISA_LDDW_BTF_ID: \
		FAULT(FAULT_INSN, "kernel variables do not exist here");
#define LDDW_LDDW_FUNC                                                              \
	case ISA_LDDW_FUNC:                                                         \
		if (l.d->target == ENGINE_NO_TARGET)                                \
			FAULT(FAULT_INSN, "the function is outside the program");   \
		DST = l.d->imm;                                                     \
		l.valid |= l.d->writes;                                             \
		l.d += 2;                                                           \
		continue;
#define ISA_CALL(id, ...) CALL_##id
#define CALL_CALL_HELPER                                                      \
	case ISA_CALL_HELPER:                                                 \
		CALL_OUT(guard_call_helper(g, &g->code->bindings[l.d->imm])); \
		if (unlikely(g->tail)) {                                      \
			bool elsewhere = false;                               \
			CALL_OUT(tail_switch(g, &elsewhere));                 \
			if (elsewhere)                                        \
				goto leave;                                   \
			continue;                                             \
		}                                                             \
		break;
#define CALL_CALL_SUBPROG                    \
	case ISA_CALL_SUBPROG:               \
		CALL_OUT(call_subprog(g, l.d)); \
		continue;
#define CALL_CALL_KFUNC      \
	case ISA_CALL_KFUNC: \
		FAULT(FAULT_CALL, "kernel functions (kfuncs) do not exist here");
#define ISA_CALLX(id, ...)             \
	case ISA_##id:                 \
		CALL_OUT(callx(g, l.d)); \
		break;
#define ISA_EXIT(id, ...) \
	case ISA_##id:    \
		goto leave;
#define PACKET(off, width)                                            \
	do {                                                          \
		bool outside = false;                                 \
		CALL_OUT(load_packet(g, off, (width) / 8, &outside)); \
		if (outside)                                          \
			goto leave;                                   \
	} while (0)
#define ISA_LDABS(id, code, width, ...)         \
	case ISA_##id:                          \
		PACKET((s32)l.d->imm, width);   \
		goto next;
#define ISA_LDIND(id, code, width, ...)                            \
	case ISA_##id:                                             \
		PACKET((s32)((u32)SRC + (u32)l.d->imm), width);    \
		goto next;

/* Runs until the frame at @base returns: 0 with its r0 in g->r[0], or -EFAULT. */
/* tidy: allow long-function: one case per operation, expanded from isa/ops.def */
static int guard_loop(struct guard *g, u32 base)
{
	u64 *const r = g->r;
	struct loop l = { .left = 0 };
	u64 value;
	void *p;
	u32 idx;

	load(g, &l);
	for (;;) {
again:
		if (unlikely(l.left == 0)) {
			SAVE_PLACE;
			l.left = take_chunk(g);
			if (!l.left)
				return -EFAULT;
		}
		l.left--;
		if (unlikely(l.d->reads & ~l.valid))
			goto uninit;
		assume(l.d->op < ISA_OP_CNT); /* isa_decode made it: saves the range check */
		switch ((enum isa_op)l.d->op) {
#include "isa/ops.def"
		case ISA_INVALID:
		case ISA_OP_CNT:
			goto bad;
		}
		l.valid |= l.d->writes;
next:
		l.d++;
		continue;
leave:
		/* A function need not set r0 when its caller does not look; the outermost must. */
		if (g->depth == base && !(l.valid & 1))
			FAULT(FAULT_UNINIT, "r0, the result, was never written");
		save(g, &l);
		if (g->depth == base)
			return 0;
		pop_frame(g);
		load(g, &l);
		l.d++;
	}
uninit:
	FAULT(FAULT_UNINIT, "r%u was never written, or a call has taken it",
	      (u32)__builtin_ctz(l.d->reads & ~l.valid));
bad:
	if (l.d == l.insns + g->code->insn_cnt)
		FAULT(FAULT_INSN, "execution runs off the end of the program");
	FAULT(FAULT_INSN, "this word is no instruction that can run");
no_target:
	FAULT(FAULT_INSN, "the jump leads to no instruction");
faulted:
	save(g, &l);
	return -EFAULT;
}

static void code_free(void *p)
{
	struct engine_code *code = p;

	if (!code)
		return;
	engine_code_fini(code);
	mem_free(code);
}

/* A callback: one more frame of the guard that is already running. */
static int guard_call_nested(struct run *run, u32 idx, const u64 args[5], u64 *ret_r0)
{
	struct guard *g = run->engine;
	u32 pc = g->pc;
	u64 caller_saved[6];
	u16 valid = g->valid;
	int err;

	memcpy(caller_saved, g->r, sizeof(caller_saved));
	if (!push_frame(g))
		return -EFAULT;
	memcpy(&g->r[1], args, 5 * sizeof(args[0]));
	g->valid = 0x3eu | 1u << INSN_REG_FP;
	guard_forget(g);
	g->pc = idx;
	err = guard_loop(g, g->depth);
	if (err)
		return err;
	*ret_r0 = g->r[0];
	pop_frame(g);
	g->pc = pc;
	g->valid = valid;
	memcpy(g->r, caller_saved, sizeof(caller_saved));
	return 0;
}

static int guard_enter(struct run *run, const struct prog *prog, void *ctx, u64 arg2, u64 *ret_r0)
{
	u64 (*outer_left)(const struct run *run, u64 addr) = run->stack_left;
	void *outer = run->engine;
	struct guard g;
	int err;

	g.run = run;
	set_prog(&g, prog);
	g.pc = g.depth = 0;
	g.inner_cnt = g.record_cnt = 0;
	guard_forget(&g);
	g.tail = NULL;
	g.may_goto = ENGINE_MAY_GOTO_MAX;
	memset(g.r, 0, sizeof(g.r));
	memset(g.stack[0], 0, ENGINE_STACK_BYTES);
	g.r[1] = ptr_to_u64(ctx);
	g.r[2] = arg2;
	g.r[INSN_REG_FP] = guard_frame_top(&g, 0);
	g.valid = (u16)(1u << 1 | (prog->ctx_class ? 0 : 1u << 2) | 1u << INSN_REG_FP);
	run->engine = &g;
	run->stack_left = guard_stack_left;
	err = guard_records_end(&g, guard_loop(&g, 0));
	run->engine = outer;
	run->stack_left = outer_left;
	run->prog = prog;
	if (!err)
		*ret_r0 = g.r[0];
	return err;
}

void *interp_memory(struct run *run, u64 addr, u64 size_bytes, u32 perm)
{
	struct extent e;

	if (run->prog->enter != guard_enter)
		return u64_to_ptr(addr);
	if (!guard_find(run->engine, addr, size_bytes, &e) || (e.perm & perm) != perm)
		return NULL;
	return u64_to_ptr(addr);
}

int interp_guard_compile(struct prog *prog, const struct helper_resolver *resolver)
{
	struct engine_code *code = mem_zalloc(sizeof(*code));
	int err;

	if (!code)
		return -ENOMEM;
	err = engine_decode(prog, resolver, NULL, code);
	if (err) {
		code_free(code);
		return err;
	}
	code->call = guard_call_nested;
	prog->code = code;
	prog->code_free = code_free;
	prog->enter = guard_enter;
	prog->engine = "guard";
	return 0;
}
