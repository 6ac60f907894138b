/* SPDX-License-Identifier: BSD-2-Clause */
#include "jit/thunk.h"
#include "jit/x86_64/x86_int.h"
#include "prog/prog.h"

#define FRAME_BYTES 24 /* the result, and rsp a multiple of 16 */
#define RESULT_AT   8

static void call_to(struct jit_buf *b, u64 base, u64 to)
{
	const s64 disp = (s64)(to - (base + b->len + 5));

	if (disp == (s32)disp) {
		x86_call32(b, (s32)disp);
		return;
	}
	x86_mov_ri(b, X86_RAX, to);
	x86_call_r(b, X86_RAX);
}

void x86_thunk(struct jit_buf *b, const struct jit_thunk_want *want, u64 base)
{
	const s32 extent = offsetof(struct run, extents);
	u32 failed;

	x86_endbr64(b);
	x86_alu_ri(b, X86_SUB, true, X86_RSP, FRAME_BYTES);
	x86_mov_rr(b, true, X86_RDX, X86_RDI);
	x86_mov_rr(b, true, X86_RCX, X86_RSI);
	x86_mov_ri(b, X86_RDI, ptr_to_u64(want->run));
	x86_store(b, 64, x86_at(X86_RDI, extent + (s32)offsetof(struct extent, base)), X86_RDX);
	x86_store(b, 64, x86_at(X86_RDI, extent + (s32)offsetof(struct extent, size_bytes)),
		  X86_RCX);
	if (want->budget != RUN_NO_BUDGET) {
		x86_mov_ri(b, X86_RAX, want->budget);
		x86_store(b, 64, x86_at(X86_RDI, offsetof(struct run, insns_left)), X86_RAX);
	}
	x86_mov_ri(b, X86_RSI, ptr_to_u64(want->prog));
	x86_lea(b, true, X86_R8, x86_at(X86_RSP, RESULT_AT));
	call_to(b, base, (u64)(uintptr_t)want->prog->enter);
	x86_test_rr(b, false, X86_RAX, X86_RAX);
	x86_jcc8(b, X86_NE, 0);
	failed = b->len;
	x86_load(b, 64, X86_RAX, x86_at(X86_RSP, RESULT_AT));
	x86_alu_ri(b, X86_ADD, true, X86_RSP, FRAME_BYTES);
	x86_ret(b);
	b->p[failed - 1] = (u8)(b->len - failed);
	x86_alu_ri(b, X86_ADD, true, X86_RSP, FRAME_BYTES);
	x86_mov_ri(b, X86_RDI, ptr_to_u64(want->cookie));
	x86_mov_ri(b, X86_RAX, (u64)(uintptr_t)want->failed);
	x86_jmp_r(b, X86_RAX);
}
