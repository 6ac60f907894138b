/* SPDX-License-Identifier: BSD-2-Clause */
#include "jit/support.h"

#include "engine/engine.h"
#include "prog/prog.h"
#include "spec/helper.h"

void jit_raise(struct run *run, u32 idx, u32 kind, const struct prog *prog)
{
	if (kind == FAULT_BUDGET)
		run->insns_left = 0; /* counting down went past it */
	run->fault = (struct fault){
		.kind = kind,
		.prog = prog,
		.insn_idx = prog_orig_idx(prog, idx),
	};
}

/* Two numbers come back in two registers on all targets; r1 only passes through. */
struct jit_tail jit_tail_call(struct run *run, struct map *map, u32 index, u64 ctx)
{
	s32 err = 0;
	struct prog *next = engine_tail_target(run, map, index, &err);

	if (!next)
		return (struct jit_tail){ err, ctx };
	run->prog = next;
	return (struct jit_tail){ (s64)ptr_to_u64(next), ctx };
}

s64 jit_load_packet(struct run *run, u32 off, u32 size_bytes)
{
	u64 value;

	return engine_load_packet(run, (s32)off, size_bytes, &value) ? (s64)value : -1;
}

u64 jit_callx(struct run *run, u64 number, const u64 args[5])
{
	u64 r[6] = { 0, args[0], args[1], args[2], args[3], args[4] };

	if (!engine_call_by_number(run, number, r))
		run->fault = (struct fault){ .kind = FAULT_CALL, .prog = run->prog };
	return r[0];
}
