/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile caller for compiled code: before the call every register that is no argument holds
 * junk, and after it those that a callee must keep, and the stack pointer, must be what they were.
 * Elsewhere than on machines with a JIT it is a plain call.
 */
#ifndef SKEP_TESTS_JIT_SHIM_H
#define SKEP_TESTS_JIT_SHIM_H

#include <string.h>

#include "prog/prog.h"
#include "tests/tap.h"

#define SHIM_KEPT_MAX 11

/* The assembly below knows the offsets. */
struct shim {
	u64 fn, args[5];		 /* 0, 8 … */
	u64 sp_before, sp_after;	 /* 48, 56 */
	u64 ret;			 /* 64 */
	u64 before[SHIM_KEPT_MAX];	 /* 72 */
	u64 after[SHIM_KEPT_MAX];	 /* 160 */
};

#define SHIM_JUNK 0xdeadbeef5bad0000ULL

#if defined(__aarch64__)
#define SHIM_KEPT 11 /* x19 … x29 */
__asm__(".pushsection .text\n"
	"shim_call:\n"
	"	stp x29, x30, [sp, #-112]!\n"
	"	stp x19, x20, [sp, #16]\n"
	"	stp x21, x22, [sp, #32]\n"
	"	stp x23, x24, [sp, #48]\n"
	"	stp x25, x26, [sp, #64]\n"
	"	stp x27, x28, [sp, #80]\n"
	"	str x0, [sp, #96]\n"
	"	mov x9, sp\n"
	"	str x9, [x0, #48]\n"
	"	mov x16, x0\n"
	"	ldp x19, x20, [x16, #72]\n"
	"	ldp x21, x22, [x16, #88]\n"
	"	ldp x23, x24, [x16, #104]\n"
	"	ldp x25, x26, [x16, #120]\n"
	"	ldp x27, x28, [x16, #136]\n"
	"	ldr x29, [x16, #152]\n"
	"	mvn x5, x19\n"
	"	mvn x6, x19\n"
	"	mvn x7, x19\n"
	"	mvn x8, x19\n"
	"	mvn x9, x19\n"
	"	mvn x10, x19\n"
	"	mvn x11, x19\n"
	"	mvn x12, x19\n"
	"	mvn x13, x19\n"
	"	mvn x14, x19\n"
	"	mvn x15, x19\n"
	"	mvn x17, x19\n"
	"	ldp x0, x1, [x16, #8]\n"
	"	ldp x2, x3, [x16, #24]\n"
	"	ldr x4, [x16, #40]\n"
	"	ldr x16, [x16]\n"
	"	blr x16\n"
	"	ldr x9, [sp, #96]\n"
	"	mov x10, sp\n"
	"	stp x10, x0, [x9, #56]\n"
	"	stp x19, x20, [x9, #160]\n"
	"	stp x21, x22, [x9, #176]\n"
	"	stp x23, x24, [x9, #192]\n"
	"	stp x25, x26, [x9, #208]\n"
	"	stp x27, x28, [x9, #224]\n"
	"	str x29, [x9, #240]\n"
	"	ldp x19, x20, [sp, #16]\n"
	"	ldp x21, x22, [sp, #32]\n"
	"	ldp x23, x24, [sp, #48]\n"
	"	ldp x25, x26, [sp, #64]\n"
	"	ldp x27, x28, [sp, #80]\n"
	"	ldp x29, x30, [sp], #112\n"
	"	ret\n"
	".popsection\n");
#elif defined(__x86_64__)
#define SHIM_KEPT 6 /* rbx rbp r12 … r15 */
__asm__(".pushsection .text\n"
	"shim_call:\n"
	"	push %rbx\n"
	"	push %rbp\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	push %rdi\n"
	"	mov %rsp, 48(%rdi)\n"
	"	mov %rdi, %rax\n"
	"	mov 72(%rax), %rbx\n"
	"	mov 80(%rax), %rbp\n"
	"	mov 88(%rax), %r12\n"
	"	mov 96(%rax), %r13\n"
	"	mov 104(%rax), %r14\n"
	"	mov 112(%rax), %r15\n"
	"	mov %rbx, %r9\n"
	"	not %r9\n"
	"	mov %r9, %r10\n"
	"	mov %r9, %r11\n"
	"	mov 8(%rax), %rdi\n"
	"	mov 16(%rax), %rsi\n"
	"	mov 24(%rax), %rdx\n"
	"	mov 32(%rax), %rcx\n"
	"	mov 40(%rax), %r8\n"
	"	mov (%rax), %r11\n"
	"	mov %r9, %rax\n"
	"	call *%r11\n"
	"	mov (%rsp), %r11\n"
	"	mov %rsp, 56(%r11)\n"
	"	mov %rax, 64(%r11)\n"
	"	mov %rbx, 160(%r11)\n"
	"	mov %rbp, 168(%r11)\n"
	"	mov %r12, 176(%r11)\n"
	"	mov %r13, 184(%r11)\n"
	"	mov %r14, 192(%r11)\n"
	"	mov %r15, 200(%r11)\n"
	"	pop %rdi\n"
	"	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbp\n"
	"	pop %rbx\n"
	"	ret\n"
	".popsection\n");
#endif

/* prog->enter; a test fails when registers or the stack are not as they were. */
#ifdef SHIM_KEPT
void shim_call(struct shim *s);

static inline int shim_enter(const struct prog *prog, struct run *run, void *ctx, u64 arg2,
			     u64 *ret_r0)
{
	struct shim s = {
		.fn = (u64)(uintptr_t)prog->enter,
		.args = { ptr_to_u64(run), ptr_to_u64(prog), ptr_to_u64(ctx), arg2,
			  ptr_to_u64(ret_r0) },
	};

	for (u32 i = 0; i < SHIM_KEPT; i++)
		s.before[i] = SHIM_JUNK + i;
	shim_call(&s);
	if (memcmp(s.before, s.after, SHIM_KEPT * sizeof(u64)) || s.sp_before != s.sp_after) {
		for (u32 i = 0; i < SHIM_KEPT; i++)
			if (s.before[i] != s.after[i])
				tap_diag("kept register %u is now 0x%llx", i,
					 (unsigned long long)s.after[i]);
		tap_ok(false, "registers and stack are the caller's");
	}
	return (int)s.ret;
}
#else
static inline int shim_enter(const struct prog *prog, struct run *run, void *ctx, u64 arg2,
			     u64 *ret_r0)
{
	return prog->enter(run, prog, ctx, arg2, ret_r0);
}
#endif

#endif
