/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small door: raw BPF instructions plus helpers of your own, run on a piece of memory. No
 * maps, no program types, no object files (skep/skep.h has those).
 *
 *	struct skep_vm *vm;
 *	uint64_t result;
 *
 *	if (skep_vm_new(NULL, &vm) || skep_vm_register(vm, 1, "log", my_log, my_state) ||
 *	    skep_vm_load(vm, code, code_bytes) || skep_vm_run(vm, mem, mem_bytes, &result))
 *		puts(skep_vm_error(vm));
 *
 * Programs run guarded: every access is checked against the memory given to the run, the stack and
 * what skep_vm_allow added, and instructions are counted. Nothing that the bytes of a program say
 * can harm the process; a program that goes wrong ends with -EFAULT and a report. Only with
 * opts.trusted does it become machine code, or runs in the fast interpreter where the JIT does not
 * know the machine: no memory access is checked then.
 *
 * A vm is used by one thread at a time; skep_vm_stop alone may be called from any other. Several
 * vms are independent. Functions that return int return 0 or a negative errno.
 */
#ifndef SKEP_VM_H
#define SKEP_VM_H

#include <stddef.h>
#include <stdint.h>

#include "skep/skep.h"

#ifdef __cplusplus
extern "C" {
#endif

struct skep_vm;

/*
 * A helper: r1..r5 of the program, its result becomes r0. @cookie is what it was registered with.
 * Arguments come from the program: a helper that takes them for addresses must check them
 * (skep_vm_memory).
 */
typedef uint64_t (*skep_vm_fn)(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5,
			       void *cookie);

struct skep_vm_opts {
	size_t size; /* sizeof(struct skep_vm_opts): lets the struct grow */
	/*
	 * Guarded: instructions per run, 0 for 100,000,000. Trusted: calls and jumps backwards, in
	 * steps of 65,536 by the interpreter; 0 for no bound.
	 */
	uint64_t budget;
	uint32_t trusted;   /* 1: the caller vouches for every program; no access is checked */
	uint32_t unchecked; /* 1: load what the kernel's encoding rules refuse but can be run */
	uint32_t engine;    /* of trusted programs: enum skep_engine */
	uint32_t reserved;  /* must be 0 */
};

/*
 * @opts may be NULL. -EINVAL for a size or option that this version does not know, -ENOMEM;
 * -EOPNOTSUPP for SKEP_ENGINE_JIT on a machine that the JIT does not know.
 */
SKEP_API int skep_vm_new(const struct skep_vm_opts *opts, struct skep_vm **ret_vm);
SKEP_API void skep_vm_free(struct skep_vm *vm);

/*
 * Gives helper @number (0 .. 65535) to programs loaded from now on. @name is copied, for reports;
 * it may be NULL. -EEXIST when the number is taken, -EINVAL, -ENOMEM.
 */
SKEP_API int skep_vm_register(struct skep_vm *vm, uint32_t number, const char *name,
			      skep_vm_fn fn, void *cookie);

/*
 * Takes a copy of @bytes bytes of instructions (8 each, fields in host byte order), in place of
 * the program before. -EINVAL: not a program (skep_vm_error says which instruction and why);
 * -E2BIG beyond a million instructions; -ENOMEM. On failure the program before stays.
 */
SKEP_API int skep_vm_load(struct skep_vm *vm, const void *insns, size_t bytes);

/*
 * Lets guarded programs read, or with @writable also write, [@mem, @mem + @bytes) in every run
 * from now on. @name is for reports and must stay. At most 7 pieces: then -ENOSPC.
 */
SKEP_API int skep_vm_allow(struct skep_vm *vm, void *mem, size_t bytes, const char *name,
			   int writable);

/*
 * Runs the program with r1 = @mem and r2 = @mem_bytes; @mem may be NULL with size 0. 0 and
 * *@ret_r0, or -EFAULT when the program went wrong or was stopped (skep_vm_error has the report),
 * -ENOEXEC when none is loaded. Helpers must not call this on the same vm.
 */
SKEP_API int skep_vm_run(struct skep_vm *vm, void *mem, size_t mem_bytes, uint64_t *ret_r0);

/*
 * The loaded program as a function to be called directly, with r1 = @mem and r2 = @mem_bytes; what
 * it returns is r0. Only for trusted vms. Thunk and program are the vm's: the function is gone with
 * the next skep_vm_load that succeeds and with skep_vm_free. As with skep_vm_run, one thread at a
 * time may be in it, and helpers must not call it. When the program went wrong or was stopped it
 * returns UINT64_MAX and skep_vm_error has the report, until the next call that fails or
 * skep_vm_run; before the first failure that is "".
 */
typedef uint64_t (*skep_vm_jit_fn)(void *mem, size_t mem_bytes);

/*
 * 0; -ENOEXEC when no program is loaded; -EINVAL for a vm that is not trusted; -EOPNOTSUPP when the
 * program is not machine code (SKEP_ENGINE_INTERP, or a machine that the JIT does not know: then
 * skep_vm_run does the work); -ENOMEM.
 */
SKEP_API int skep_vm_compile(struct skep_vm *vm, skep_vm_jit_fn *ret_fn);

/* Makes the current run, or else the next one, end with -EFAULT soon. Any thread, signal-safe. */
SKEP_API void skep_vm_stop(struct skep_vm *vm);

/*
 * For helpers, during a run: @bytes of memory at a program's @addr, or NULL when the program may
 * not touch them all (or not write them, with @write). Trusted programs may touch everything.
 */
SKEP_API void *skep_vm_memory(struct skep_vm *vm, uint64_t addr, size_t bytes, int write);

/* What the last failing call on @vm had to say: lines of text, "" without. Never NULL. */
SKEP_API const char *skep_vm_error(const struct skep_vm *vm);

#ifdef __cplusplus
}
#endif

#endif
