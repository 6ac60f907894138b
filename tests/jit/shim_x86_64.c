/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shim of x86-64 (System V ABI, section 3.2): rbx, rbp, r12 to r15, rsp and the direction flag
 * are the caller's. Offsets in the text below are those of struct frame.
 */
#include <string.h>

#include "tests/jit/shim.h"

#define CANARY_WORDS 32

struct frame {
	u64 fn;		   /* 0 */
	u64 args[5];	   /* 8 */
	u64 kept[6];	   /* 48: rbx rbp r12 r13 r14 r15 before */
	u64 kept_after[6]; /* 96 */
	u64 rsp, rsp_after; /* 144, 152 */
	u64 flags_after;   /* 160 */
	u64 canary_wrong;  /* 168 */
	u64 ret;	   /* 176 */
};

_Static_assert(offsetof(struct frame, kept) == 48, "as in the text");
_Static_assert(offsetof(struct frame, kept_after) == 96, "as in the text");
_Static_assert(offsetof(struct frame, rsp) == 144, "as in the text");
_Static_assert(offsetof(struct frame, ret) == 176, "as in the text");

void shim_asm(struct frame *frame);

/*
 * shim_here, by thread, is how the frame is found again if rsp or a kept register is wrong. The
 * red zone and 4 KiB of stack below hold junk; the known words begin right above the return
 * address.
 */
__asm__(".section .tbss,\"awT\",@nobits\n"
	".align 8\n"
	"shim_here: .zero 8\n"
	".text\n"
	".globl shim_asm\n"
	".type shim_asm, @function\n"
	"shim_asm:\n"
	"	.cfi_startproc\n"
	"	endbr64\n"
	"	push %rbp\n"
	"	.cfi_def_cfa_offset 16\n"
	"	mov %rsp, %rbp\n"
	"	push %rbx\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	mov %rdi, %fs:shim_here@tpoff\n"
	"	sub $280, %rsp\n"
	"	and $-16, %rsp\n"
	/* Known words: rsp .. rsp + 255; the function's address lies above. */
	"	mov (%rdi), %rax\n"
	"	mov %rax, 256(%rsp)\n"
	"	mov %rbp, 264(%rsp)\n"
	"	mov $32, %ecx\n"
	"	movabs $0xc0ffee5afe5afe11, %rax\n"
	"1:	mov %rax, -8(%rsp,%rcx,8)\n"
	"	dec %ecx\n"
	"	jnz 1b\n"
	"	mov $-512, %rcx\n"
	"	movabs $0xdeadbeefdeadbeef, %rax\n"
	"2:	mov %rax, (%rsp,%rcx,8)\n"
	"	inc %rcx\n"
	"	jnz 2b\n"
	"	mov %rsp, 144(%rdi)\n"
	"	mov 48(%rdi), %rbx\n"
	"	mov 56(%rdi), %rbp\n"
	"	mov 64(%rdi), %r12\n"
	"	mov 72(%rdi), %r13\n"
	"	mov 80(%rdi), %r14\n"
	"	mov 88(%rdi), %r15\n"
	"	mov 16(%rdi), %rsi\n"
	"	mov 24(%rdi), %rdx\n"
	"	mov 32(%rdi), %rcx\n"
	"	mov 40(%rdi), %r8\n"
	"	mov 8(%rdi), %rdi\n"
	"	movabs $0x9999999999999999, %r9\n"
	"	movabs $0xaaaaaaaaaaaaaaaa, %r10\n"
	"	movabs $0xbbbbbbbbbbbbbbbb, %r11\n"
	"	movabs $0x8000000180000001, %rax\n"
	"	stc\n"
	"	call *256(%rsp)\n"
	"	mov %fs:shim_here@tpoff, %rdx\n"
	"	mov %eax, 176(%rdx)\n"
	"	mov %rsp, 152(%rdx)\n"
	"	mov %rbx, 96(%rdx)\n"
	"	mov %rbp, 104(%rdx)\n"
	"	mov %r12, 112(%rdx)\n"
	"	mov %r13, 120(%rdx)\n"
	"	mov %r14, 128(%rdx)\n"
	"	mov %r15, 136(%rdx)\n"
	"	mov 144(%rdx), %rsp\n"
	"	pushf\n"
	"	pop %rax\n"
	"	mov %rax, 160(%rdx)\n"
	"	cld\n"
	"	xor %esi, %esi\n"
	"	mov $32, %ecx\n"
	"	movabs $0xc0ffee5afe5afe11, %rax\n"
	"3:	cmp %rax, -8(%rsp,%rcx,8)\n"
	"	je 4f\n"
	"	inc %esi\n"
	"4:	dec %ecx\n"
	"	jnz 3b\n"
	"	mov %rsi, 168(%rdx)\n"
	"	mov 264(%rsp), %rbp\n"
	"	lea -40(%rbp), %rsp\n"
	"	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbx\n"
	"	pop %rbp\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size shim_asm, . - shim_asm\n"
	".globl shim_clobber\n"
	".type shim_clobber, @function\n"
	"shim_clobber:\n"
	"	endbr64\n"
	"	movabs $0x8000000180000001, %rax\n"
	"	mov %rax, %rcx\n"
	"	mov %rax, %rdx\n"
	"	mov %rax, %rsi\n"
	"	mov %rax, %rdi\n"
	"	mov %rax, %r8\n"
	"	mov %rax, %r9\n"
	"	mov %rax, %r10\n"
	"	mov %rax, %r11\n"
	"	stc\n"
	"	ret\n"
	".size shim_clobber, . - shim_clobber\n");

const char *const shim_name = "x86_64";

static const char *look(const struct frame *f)
{
	static const char *const kept[] = { "rbx", "rbp", "r12", "r13", "r14", "r15" };

	for (u32 i = 0; i < ARRAY_SIZE(kept); i++)
		if (f->kept[i] != f->kept_after[i])
			return kept[i];
	if (f->rsp != f->rsp_after)
		return "rsp";
	if (f->flags_after & 1u << 10)
		return "direction flag";
	return f->canary_wrong ? "words above its frame" : NULL;
}

int shim_call(const struct shim_call *c, const char **ret_why)
{
	struct frame f = {
		.args = { ptr_to_u64(c->run), ptr_to_u64(c->prog), ptr_to_u64(c->ctx), c->arg2,
			  ptr_to_u64(c->ret_r0) },
		.kept = { 0x3333333333333333, 0x5555555555555555, 0xc0c0c0c0c0c0c0c0,
			  0xd0d0d0d0d0d0d0d0, 0xe0e0e0e0e0e0e0e0, 0xf0f0f0f0f0f0f0f0 },
	};

	f.fn = (u64)(uintptr_t)c->prog->enter;
	shim_asm(&f);
	*ret_why = look(&f);
	return (int)f.ret;
}
