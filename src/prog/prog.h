/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A loaded program. Immutable once published, except its statistics; shared by threads through
 * its reference count.
 */
#ifndef SKEP_PROG_PROG_H
#define SKEP_PROG_PROG_H

#include <stdatomic.h>

#include "base/types.h"
#include "isa/insn.h"
#include "obj/obj.h"
#include "prog/run.h"
#include "spec/ctx.h"
#include "spec/spec.h"

struct map;
struct btf;
struct facts;
struct cbpf_prog;

#define PROG_NAME_BYTES LIMIT_NAME_BYTES
#define PROG_TAG_BYTES	8

struct prog_subprog {
	u32 start, end; /* instructions [start, end) */
	const char *name; /* from BTF; NULL without it */
	u32 btf_id;	  /* its FUNC; 0 without BTF */
};

/* What engines must do at an instruction of a program that xlate/ rewrote. */
enum xlate_mark {
	XLATE_NOSPEC = 1,  /* a speculation barrier goes before it */
	XLATE_NO_ZEXT = 2, /* nobody reads the upper half that a 32-bit write clears */
	/*
	 * Not the program's own: facts about the instruction that it was made for (values of its
	 * registers, what its address points into) do not hold for it.
	 */
	XLATE_ADDED = 4,
};

/* A row of BTF.ext's line_info; the strings live in the program's BTF. */
struct prog_line {
	u32 insn_idx;
	u32 line, col;
	const char *file, *text;
};

/* A map that BPF_PROG_BIND_MAP tied to the program without the program using it. */
struct prog_bound_map {
	struct prog_bound_map *next;
	struct obj *map; /* a reference */
};

struct prog {
	struct obj obj;
	enum prog_type type;
	u32 expected_attach_type;
	u32 flags;
	char name[PROG_NAME_BYTES];
	u8 tag[PROG_TAG_BYTES];

	const struct insn *insns_loaded; /* as the caller gave them, map fds included */
	u32 insns_loaded_cnt;
	/* What runs: map references are addresses, `orig_idx[i]` is the index in insns_loaded. */
	struct insn *insns;
	u32 insn_cnt;
	u32 *orig_idx; /* NULL: the same index */
	u8 *marks; /* of each, enum xlate_mark; not NULL: rewritten by xlate/, so r11 may be used */
	/* What bpf(2) shows of a proven program, map references as addresses; NULL: as loaded. */
	struct insn *insns_shown;
	u32 *shown_orig_idx;
	u32 insns_shown_cnt;
	struct facts *facts; /* what the verifier proved, by index as loaded; NULL: nothing */

	struct prog_subprog *subprogs; /* [0] is the main function */
	u32 subprog_cnt;
	struct prog_line *lines; /* ascending by insn_idx */
	u32 line_cnt;
	struct map **maps; /* referenced once each */
	u32 map_cnt;
	/* The only part that grows after publication: pushed with release, never taken off. */
	_Atomic(struct prog_bound_map *) bound_maps;
	struct btf *btf; /* NULL or a reference */
	struct cbpf_prog *classic; /* what the converter started from, to be read back */
	u64 load_time_ns;
	u32 uid;
	bool gpl_compatible;

	const struct ctx_class *ctx_class; /* NULL: r1 is plain memory in run->extents */

	/*
	 * The engine's code. enter() runs the program once with @ctx in r1 (@arg2 in r2, which only
	 * raw programs use): 0 with the result in *ret_r0, or -EFAULT with run->fault set.
	 */
	int (*enter)(struct run *run, const struct prog *prog, void *ctx, u64 arg2, u64 *ret_r0);
	void *code;
	void (*code_free)(void *code);
	const char *engine; /* "guard", "run", "jit" */
	/* Of engines that leave run->stack_left alone: the same question. NULL: nobody knows. */
	u64 (*stack_left)(const struct run *run, u64 addr);

	_Atomic u64 run_cnt, run_ns;
};

/* An embedder's own helper: r1..r5 and the cookie that was registered with it. */
/* tidy: allow params: the calling convention of BPF helpers */
typedef u64 (*host_fn)(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, void *cookie);

/* What the engine's compiler may bind a call to: one of the functions, or a tail call's row. */
struct helper_binding {
	helper_fn fn;
	host_fn host; /* an embedder's own, whose arguments nobody can check */
	void *cookie; /* of host */
	const struct helper_info *info; /* NULL without; HP_TAIL_CALL: fn is not used */
	u64 map_types; /* of info: bit n is a map type that it works on; engines fill it in */
};

/* How an engine finds helpers: they live on its own floor, so core hands this in. */
struct helper_resolver {
	/* 0, or -EINVAL when there is no such helper (for this program type). */
	int (*resolve)(void *cookie, s32 id, struct helper_binding *ret_binding);
	void *cookie;
	bool lasting; /* outlives the program, so that callx may ask while it runs */
};

/*
 * An empty program with one reference. Everything it will point to is owned by it: blocks of
 * base/mem.h, one reference each for maps and BTF. Whoever fills it in may drop it half-built.
 */
int prog_new(struct prog **ret_prog) must_check;
struct prog *prog_get(struct prog *prog);
void prog_put(struct prog *prog);
/* Keeps @map as long as the program lives (BPF_PROG_BIND_MAP). 0 or -ENOMEM. Thread-safe. */
int prog_bind_map(struct prog *prog, struct obj *map) must_check;

/*
 * A program for an engine alone: @insns copied, no maps, no context class (r1 and r2 are what
 * enter() is given), engine not yet chosen. 0 or -ENOMEM.
 */
int prog_new_raw(const struct insn *insns, u32 insn_cnt, const char *name,
		 struct prog **ret_prog) must_check;

/* The C source line of original instruction @idx; NULL without line information. */
const struct prog_line *prog_line_at(const struct prog *prog, u32 idx);
/* The subprogram that holds original instruction @idx; NULL when none is known. */
const struct prog_subprog *prog_subprog_at(const struct prog *prog, u32 idx);

static inline u32 prog_orig_idx(const struct prog *prog, u32 idx)
{
	return prog->orig_idx ? prog->orig_idx[idx] : idx;
}

/* The run stands in its slots' epoch from run_begin on, so nothing that maps hold goes away. */
static inline int prog_run(struct run *run, const struct prog *prog, void *ctx, u64 *ret_r0)
{
	run->prog = prog;
	run->ctx = ctx;
	run->tail_calls = 0;
	run->fault.kind = FAULT_NONE;
	return prog->enter(run, prog, ctx, 0, ret_r0);
}

#endif
