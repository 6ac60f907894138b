/* SPDX-License-Identifier: BSD-2-Clause */
/* What compiling leaves behind. */
#ifndef SKEP_JIT_JIT_INT_H
#define SKEP_JIT_JIT_INT_H

#include "base/process_code.h"
#include "engine/engine.h"
#include "jit/front.h"
#include "jit/host.h"
#include "jit/jit.h"

struct jit_debug;

/* prog->code of the JIT. */
struct jit_code {
	struct engine_code base; /* without rows and bindings */
	struct jit_mem mem;
	struct process_code registered;
	const struct prog *prog;
	const struct jit_target *target;
	jit_call_fn call; /* the way in for callbacks */
	bool main_called; /* struct front */
	u64 abort_addr;
	struct jit_insn_map map;
	u32 insn_cnt;
	struct jit_func *funcs;
	u32 *func_off, *func_cold, *func_end; /* bytes */
	u32 func_cnt;
	struct jit_debug *debug; /* what tools were told; NULL: nothing */
	u64 *gotox; /* addresses of instructions, NULL when nothing jumps that way */
};

/* One compilation on its way. All of its memory is in emit.arena. */
struct jit_build {
	struct engine_code code;
	struct front front;
	struct jit_emit emit;
	struct jit_place *places; /* of instructions */
	u32 *shift;		  /* jit/relax.h */
	struct jit_place call;
};

/*
 * Two steps: what there is to know of @prog, and all of it lowered into build->emit. 0 or -errno;
 * then jit_build_fini in any case.
 */
int jit_build_front(struct jit_build *build, const struct prog *prog,
		    const struct helper_resolver *resolver) must_check;
int jit_build_emit(struct jit_build *build, const struct jit_target *target) must_check;
void jit_build_fini(struct jit_build *build);

/* prog->enter where main is a function like others. */
int jit_enter(struct run *run, const struct prog *prog, void *ctx, u64 arg2, u64 *ret_r0);
/* Faults of the machine inside the code (struct process_code). */
bool jit_fault(struct process_code *registered, int sig, void *siginfo, void *ucontext);
/* engine_code.call */
int jit_call(struct run *run, u32 idx, const u64 args[5], u64 *ret_r0);
/* prog->stack_left */
u64 jit_stack_left(const struct run *run, u64 addr);

#endif
