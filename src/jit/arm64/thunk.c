/* SPDX-License-Identifier: BSD-2-Clause */
#include "jit/arm64/a64_int.h"
#include "jit/thunk.h"
#include "prog/prog.h"

#define FRAME_BYTES 32 /* the frame record, the result */
#define RESULT_AT   16

static void call_to(struct jit_buf *b, u64 base, u64 to)
{
	const s64 off = (s64)(to - (base + b->len));

	if (a64_off26_fits(off)) {
		a64_put(b, a64_bl(off));
		return;
	}
	a64_mov_imm(b, IP0, to);
	a64_put(b, a64_blr(IP0));
}

void a64_thunk(struct jit_buf *b, const struct jit_thunk_want *want, u64 base)
{
	const s32 extent = offsetof(struct run, extents);

	a64_put(b, A64_BTI_C);
	a64_put(b, a64_pair(A64_STPX | A64_PAIR_PRE, A64_FP, A64_LR, A64_SP, -FRAME_BYTES));
	a64_put(b, a64_mov_sp(A64_FP, A64_SP));
	a64_put(b, a64_mov_rr(true, A64_X2, A64_X0));
	a64_put(b, a64_mov_rr(true, A64_X3, A64_X1));
	a64_mov_imm(b, A64_X0, ptr_to_u64(want->run));
	a64_put(b, a64_mem(A64_STRX, A64_X2, A64_X0,
			   extent + (s32)offsetof(struct extent, base)));
	a64_put(b, a64_mem(A64_STRX, A64_X3, A64_X0,
			   extent + (s32)offsetof(struct extent, size_bytes)));
	if (want->budget != RUN_NO_BUDGET) {
		a64_mov_imm(b, T0, want->budget);
		a64_put(b, a64_mem(A64_STRX, T0, A64_X0, offsetof(struct run, insns_left)));
	}
	a64_mov_imm(b, A64_X1, ptr_to_u64(want->prog));
	a64_put(b, a64_add_imm(true, A64_X4, A64_SP, RESULT_AT));
	call_to(b, base, (u64)(uintptr_t)want->prog->enter);
	a64_put(b, a64_cbnz(false, A64_X0, 16)); /* over the three that follow */
	a64_put(b, a64_mem(A64_LDRX, A64_X0, A64_SP, RESULT_AT));
	a64_put(b, a64_pair(A64_LDPX | A64_PAIR_POST, A64_FP, A64_LR, A64_SP, FRAME_BYTES));
	a64_put(b, a64_ret(A64_LR));
	a64_put(b, a64_pair(A64_LDPX | A64_PAIR_POST, A64_FP, A64_LR, A64_SP, FRAME_BYTES));
	a64_mov_imm(b, A64_X0, ptr_to_u64(want->cookie));
	a64_mov_imm(b, IP0, (u64)(uintptr_t)want->failed);
	a64_put(b, a64_br(IP0));
}
