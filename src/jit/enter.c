/* SPDX-License-Identifier: BSD-2-Clause */
/* While code runs: callbacks into it, faults of the machine in it, where its stack lies. */
#include "base/err.h"
#include "jit/jit_int.h"
#include "jit/support.h"

/* How deep callbacks are nested is bounded as in the interpreters. */
int jit_call(struct run *run, u32 idx, const u64 args[5], u64 *ret_r0)
{
	const struct prog *prog = run->prog;
	const struct jit_code *c = prog->code;
	const u64 frame = run->jit_frame, outer = run->jit_outer;
	const u32 depth = run->jit_depth;
	u32 n = 0;
	int err;

	while (n < c->func_cnt && c->funcs[n].start != idx)
		n++;
	if (n == c->func_cnt || !frame || depth >= ENGINE_FRAMES_MAX - 1) {
		jit_raise(run, idx, n == c->func_cnt ? FAULT_CALL : FAULT_DEPTH, prog);
		return -EFAULT;
	}
	if (!outer)
		run->jit_outer = frame;
	run->jit_depth++;
	err = c->call(run, c->mem.exec + c->func_off[n], args, ret_r0);
	run->jit_depth = depth;
	run->jit_outer = outer;
	run->jit_frame = frame;
	run->prog = prog;
	return err;
}

int jit_enter(struct run *run, const struct prog *prog, void *ctx, u64 arg2, u64 *ret_r0)
{
	const struct jit_code *c = prog->code;
	const u64 args[5] = { ptr_to_u64(ctx), arg2 };

	run->jit_depth = 0;
	return c->call(run, c->mem.exec + c->func_off[0], args, ret_r0);
}

/* Frames lie in C frames between here and the outermost entry. */
u64 jit_stack_left(const struct run *run, u64 addr)
{
	const u64 top = run->jit_outer ? run->jit_outer : run->jit_frame;
	const u64 here = ptr_to_u64(&top);

	return addr > here && addr < top ? top - addr : 0;
}

/*
 * The instruction whose code holds @off: the last that begins at or before it. Those before it that
 * begin there, too, have no code; the second word of a pair is none.
 */
static u32 insn_at(const struct jit_code *c, u32 off)
{
	const u32 at = jit_insn_map_at(&c->map, off);

	return at && isa_words(isa_decode(&c->prog->insns[at - 1])) == 2 ? at - 1 : at;
}

/* Not every machine says whether an access was a write; the instruction does. */
static bool writes(enum isa_op op)
{
	const u8 family = isa_info(op)->family;

	return family == ISA_FAMILY_ST || family == ISA_FAMILY_STX ||
	       family == ISA_FAMILY_STORE_REL || family == ISA_FAMILY_ATOMIC ||
	       family == ISA_FAMILY_CMPXCHG;
}

bool jit_fault(struct process_code *registered, int sig, void *siginfo, void *ucontext)
{
	const struct jit_code *c = registered->cookie;
	const struct jit_target *t = c->target;
	struct run *run = u64_to_ptr(jit_host_reg(ucontext, t->run_reg));
	const u32 idx = insn_at(c, (u32)(jit_host_pc(ucontext) - registered->start));
	const enum isa_op op = isa_decode(&c->prog->insns[idx]);
	const bool write = jit_host_fault_is_write(ucontext) || writes(op);
	struct fault *f = &run->fault;

	*f = (struct fault){
		.kind = jit_host_fault_is_memory(sig) ?
				(write ? FAULT_WRITE : FAULT_READ) :
				FAULT_INSN,
		.prog = c->prog,
		.insn_idx = prog_orig_idx(c->prog, idx),
		.addr = jit_host_fault_addr(siginfo),
		.size_bytes = isa_info(op)->width_bits / 8u,
	};
	for (u32 r = 0; r < INSN_REGS; r++)
		f->regs[r] = jit_host_reg(ucontext, t->regs[r]);
	jit_host_redirect(ucontext, c->abort_addr);
	return true;
}
