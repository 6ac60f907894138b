/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of one guarded execution, on the stack of the thread that runs it, and what the parts
 * of the guard do for each other: guard.c executes, guard_mem.c knows the objects that the program
 * may touch, guard_call.c checks what helpers are given.
 *
 * Functions that return bool or a pointer have set run->fault when they return false or NULL.
 */
#ifndef SKEP_INTERP_GUARD_INT_H
#define SKEP_INTERP_GUARD_INT_H

#include "base/extent.h"
#include "base/types.h"
#include "engine/engine.h"
#include "map/map.h"
#include "prog/run.h"

/* Frames lie a gap apart, so that running off one of them does not reach the next. */
#define GUARD_FRAME_STRIDE 1024u
#define GUARD_CACHE	   4u
#define GUARD_INNER_MAPS   16u
#define GUARD_RECORDS	   16u /* reserved and not committed, in one execution */

struct guard_record { /* of a ring buffer */
	struct map *map;
	u64 addr;
};

struct guard_frame { /* of a caller, while its callee runs */
	const struct prog *prog;
	u32 pc; /* of the call */
	u32 may_goto;
	u64 saved[4]; /* r6..r9 */
	u16 valid;
};

/* The object hit last, for the fast way; size 0: none. */
struct guard_hot {
	u64 base, size_bytes;
};

struct guard {
	struct run *run;
	const struct prog *prog; /* == run->prog */
	const struct engine_code *code;
	u32 pc;
	u32 depth; /* frames[depth] is the running one's place */
	u32 may_goto;
	u16 valid; /* bit n: register n holds a value */
	u64 r[INSN_REGS];
	/* Objects hit lately: forgotten at every call, since helpers move packets. */
	struct extent cache[GUARD_CACHE];
	u32 cache_cnt, cache_next;
	struct guard_hot hot_read, hot_write;
	/* Inner maps that lookups returned: programs hold them without naming them. */
	struct map *inner[GUARD_INNER_MAPS];
	u32 inner_cnt;
	struct guard_record records[GUARD_RECORDS];
	u32 record_cnt;
	const struct prog *tail; /* set by a tail call that leads somewhere, until it is made */
	struct guard_frame frames[ENGINE_FRAMES_MAX];
	u8 stack[ENGINE_FRAMES_MAX][GUARD_FRAME_STRIDE] __attribute__((aligned(16)));
};

/* Objects may have moved or gone. */
static inline void guard_forget(struct guard *g)
{
	g->cache_cnt = g->cache_next = 0;
	g->hot_read = g->hot_write = (struct guard_hot){ 0, 0 };
}

static inline u64 guard_frame_top(const struct guard *g, u32 depth)
{
	return ptr_to_u64(g->stack[depth]) + ENGINE_STACK_BYTES;
}

/* Fills run->fault, registers and callers included. Always returns false. */
bool guard_fault(struct guard *g, enum fault_kind kind, const char *fmt, ...) printf_like(3, 4);
/* A fault of an access: also finds the object that was missed. */
bool guard_fault_access(struct guard *g, enum fault_kind kind, u64 addr, u32 size_bytes);

/* A program reserved the record at @addr (NULL: it got none); false: too many. */
bool guard_record_reserved(struct guard *g, struct map *map, u64 addr);
void guard_record_released(struct guard *g, u64 addr);
/* An execution ends with @err: discards what is left, which is a fault when there was none yet. */
int guard_records_end(struct guard *g, int err) must_check;

/* For run->stack_left. */
u64 guard_stack_left(const struct run *run, u64 addr);

/* The object that holds all of [addr, addr + size), the context excepted. */
bool guard_find(struct guard *g, u64 addr, u64 size_bytes, struct extent *ret_extent);
/* True when @addr lies in the context's window, which only loads and stores may use. */
bool guard_in_ctx(const struct guard *g, u64 addr);
/* Host memory for @size_bytes at @addr with all rights of @perm; NULL: faulted. */
void *guard_memory(struct guard *g, u64 addr, u32 size_bytes, u32 perm);
bool guard_load(struct guard *g, u64 addr, u32 size_bytes, u64 *ret_value);
bool guard_load_sx(struct guard *g, u64 addr, u32 size_bytes, u64 *ret_value);
bool guard_store(struct guard *g, u64 addr, u32 size_bytes, u64 value);

/* Calls the helper of @binding with r1..r5 and sets r0 and which registers hold values. */
bool guard_call_helper(struct guard *g, const struct helper_binding *binding);

#endif
