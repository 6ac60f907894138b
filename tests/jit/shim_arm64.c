/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shim of arm64 (AAPCS64, section 6.1): x19 to x29 and sp are the caller's. Offsets in the text
 * below are those of struct frame.
 */
#include <string.h>

#include "tests/jit/shim.h"

#define KEPT 11 /* x19 to x29 */

struct frame {
	u64 fn, args[5];	 /* 0, 8 … */
	u64 sp_before, sp_after; /* 48, 56 */
	u64 ret;		 /* 64 */
	u64 before[KEPT];	 /* 72 */
	u64 after[KEPT];	 /* 160 */
};

void shim_asm(struct frame *frame);

__asm__(".pushsection .text\n"
	".type shim_asm, %function\n"
	"shim_asm:\n"
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

const char *const shim_name = "arm64";

int shim_call(const struct shim_call *c, const char **ret_why)
{
	static const char *const kept[] = { "x19", "x20", "x21", "x22", "x23", "x24",
					    "x25", "x26", "x27", "x28", "x29" };
	struct frame f = {
		.args = { ptr_to_u64(c->run), ptr_to_u64(c->prog), ptr_to_u64(c->ctx), c->arg2,
			  ptr_to_u64(c->ret_r0) },
	};

	f.fn = (u64)(uintptr_t)c->prog->enter;
	for (u32 i = 0; i < KEPT; i++)
		f.before[i] = 0xdeadbeef5bad0000ULL + i;
	shim_asm(&f);
	*ret_why = f.sp_before != f.sp_after ? "sp" : NULL;
	for (u32 i = 0; i < KEPT; i++)
		if (f.before[i] != f.after[i])
			*ret_why = kept[i];
	return (int)f.ret;
}

void shim_clobber(void)
{
	__asm__ volatile("mvn x0, xzr; mvn x1, xzr; mvn x2, xzr; mvn x3, xzr; mvn x4, xzr\n"
			 "mvn x5, xzr; mvn x6, xzr; mvn x7, xzr; mvn x8, xzr; mvn x9, xzr\n"
			 "mvn x10, xzr; mvn x11, xzr; mvn x12, xzr; mvn x13, xzr; mvn x14, xzr\n"
			 "mvn x15, xzr; mvn x16, xzr; mvn x17, xzr"
			 :
			 :
			 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10",
			   "x11", "x12", "x13", "x14", "x15", "x16", "x17", "cc");
}
