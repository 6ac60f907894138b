/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tells the tools that look at running code what ours is: unwinders, perf, gdb. All of it is
 * optional and off by default: it costs more than making the code.
 */
#ifndef SKEP_JIT_DEBUG_H
#define SKEP_JIT_DEBUG_H

#include "base/types.h"
#include "jit/unwind.h"

struct prog;
struct jit_debug;

enum jit_debug_what {
	JIT_DEBUG_UNWIND = 1, /* backtrace(), exceptions: libgcc (SKEP_UNWIND=1) */
	JIT_DEBUG_PERF = 2,   /* /tmp/perf-PID.map (SKEP_PERF_MAP=1); wants anonymous memory */
	JIT_DEBUG_GDB = 4,    /* symbols, frames and source lines in gdb (SKEP_GDB=1) */
};

/* The instruction at code offset `at`, and those up to the next row, come from this line. */
struct jit_debug_line {
	u32 at;
	u32 line;
	const char *file;
};

struct jit_debug_info {
	u64 base; /* where the code runs */
	u32 code_bytes;
	u16 elf_machine;
	const struct jit_unwind_isa *isa;
	const struct jit_debug_func *funcs; /* ascending */
	u32 func_cnt;
	const struct jit_debug_line *lines; /* ascending; may be NULL */
	u32 line_cnt;
};

/* What the environment asks for: enum jit_debug_what. "1" switches on. */
u32 jit_debug_wanted(void);

#define JIT_DEBUG_NAME_BYTES 128

/* The name of function @subprog of @prog in the kernel's form: bpf_prog_TAG_name. */
void jit_debug_name(const struct prog *prog, u32 subprog, char name[JIT_DEBUG_NAME_BYTES]);

/*
 * Publishes what @what names; nothing in @info is needed afterwards. *ret_debug is NULL when
 * nothing has to be taken back. 0 or -ENOMEM; a tool that cannot be told is no error.
 */
int jit_debug_add(const struct jit_debug_info *info, u32 what,
		  struct jit_debug **ret_debug) must_check;
/* Before the code goes away. NULL is allowed. perf's map keeps what it was told. */
void jit_debug_remove(struct jit_debug *debug);

#endif
