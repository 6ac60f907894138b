/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the JIT needs of the operating system and of the machine it runs on: memory that holds code,
 * and the registers of a thread that faulted. The only part of jit/ that depends on the host.
 *
 * Code is never both writable and executable, and there is no second mapping of it: the bytes are
 * written to a nameless file of their own and the file is mapped for reading and executing. The
 * usual way, a private mapping that is written and then flipped, takes four times as long where
 * page tables are expensive (virtual machines); it is what happens when there can be no such file.
 * Nobody can change the file any more, so that fork() needs no care.
 */
#ifndef SKEP_JIT_HOST_H
#define SKEP_JIT_HOST_H

#include "base/process_code.h"
#include "base/types.h"

struct jit_mem_want {
	u32 code_bytes_max; /* > 0 */
	u32 pad_bytes; /* code begins so far behind the start of a page, e.g. random: 16 to 4095 */
	u32 trap;      /* fills what is no code: this word again and again */
	const void *near; /* what the code calls; NULL: anywhere */
	u64 reach_bytes;  /* and how far away both ends may be, e.g. JIT_REACH_X86 */
	bool anonymous;   /* not in a file: for tools (perf) that think that files hold symbols */
};

/* Leaves room for our own text around `near`, and for one side to be further away. */
#define JIT_REACH_X86   (1ull << 30)
#define JIT_REACH_ARM64 (112ull << 20)

struct jit_mem {
	u8 *exec;      /* where the code will run */
	u32 bytes_max; /* that may stand there */
	u32 bytes;     /* of code; 0 before it is sealed */
	bool near;     /* within reach */
	u32 pad_bytes, trap;
	bool anonymous;
	struct process_room room;
};

/* Finds a place, so that code can be linked for it; nothing is mapped yet. 0 or -ENOMEM. */
int jit_mem_new(const struct jit_mem_want *want, struct jit_mem *ret_mem) must_check;
/*
 * Puts @code_bytes (> 0, up to bytes_max) of finished @code at mem->exec, where it may run from now
 * on. Once only. 0 or -errno; after an error only jit_mem_free.
 */
int jit_mem_seal(struct jit_mem *mem, const void *code, u32 code_bytes) must_check;
/* Nobody runs in it any more. Works on a zeroed struct, and before the seal. */
void jit_mem_free(struct jit_mem *mem);

/*
 * In a fault handler (struct process_code): @ucontext and @siginfo as it got them. Registers are
 * numbered as the machine encodes them: x86-64 rax = 0, rcx = 1, … r15 = 15; arm64 x0 = 0 … x30 =
 * 30, sp = 31.
 */
u64 jit_host_pc(const void *ucontext);
u64 jit_host_reg(const void *ucontext, u32 reg);
void jit_host_set_reg(void *ucontext, u32 reg, u64 value);
/* Execution goes on at @pc. */
void jit_host_redirect(void *ucontext, u64 pc);
/* What was accessed (SIGSEGV, SIGBUS); 0 when the machine did not say. */
u64 jit_host_fault_addr(const void *siginfo);
/* True for a write to memory, as far as the machine says. */
bool jit_host_fault_is_write(const void *ucontext);

bool jit_host_fault_is_memory(int sig);

struct jit_target;

/* The target of this machine, NULL without; and the features of its CPU that the target knows. */
const struct jit_target *jit_host_target(void);
u64 jit_host_features(void);

#endif
