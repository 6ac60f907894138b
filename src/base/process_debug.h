/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the process tells unwinders and debuggers about machine code that we wrote.
 */
#ifndef SKEP_BASE_PROCESS_DEBUG_H
#define SKEP_BASE_PROCESS_DEBUG_H

#include "base/types.h"

/*
 * Makes an .eh_frame, ended by a zero length, known to libgcc, which is loaded if it is not there
 * (as backtrace() does). It must stay until process_unwind_remove. -ENOTSUP without libgcc.
 */
int process_unwind_add(const void *eh_frame) must_check;
void process_unwind_remove(const void *eh_frame);

/* gdb's interface ("JIT Compilation Interface" in its manual); the layout is gdb's. */
struct process_gdb_entry {
	struct process_gdb_entry *next, *prev;
	const void *symfile; /* an object file in memory */
	u64 symfile_bytes;
};

/* A debugger that is attached reads the file now, another one when it attaches. Thread-safe. */
void process_gdb_add(struct process_gdb_entry *entry);
void process_gdb_remove(struct process_gdb_entry *entry);

#endif
