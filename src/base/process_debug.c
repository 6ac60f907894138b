/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libgcc's registry of frames, and the list that gdb reads. A debugger finds the latter by the
 * names of its two symbols, in each shared library: every copy of us has a list of its own.
 */
#include "base/process_debug.h"

#include <dlfcn.h>

#include "base/err.h"
#include "base/lock.h"

typedef void (*frame_fn)(const void *eh_frame);

/* Weak, so that nothing is needed: not libgcc, and in a static executable no dlopen() either. */
extern void *dlopen(const char *name, int flags) __attribute__((weak));
extern void *dlsym(void *handle, const char *name) __attribute__((weak));
extern void __register_frame(const void *eh_frame) __attribute__((weak));
extern void __deregister_frame(const void *eh_frame) __attribute__((weak));

static struct lock unwind_lock;
static bool unwind_known; /* under unwind_lock, as the next two */
static frame_fn unwind_register, unwind_deregister;

/* The library that backtrace() and the C++ runtime use, not a copy of it in the executable. */
static void unwind_find_locked(void)
{
	void *lib = dlopen && dlsym ? dlopen("libgcc_s.so.1", RTLD_LAZY | RTLD_NODELETE) : NULL;

	unwind_known = true;
	unwind_register = __register_frame;
	unwind_deregister = __deregister_frame;
	if (lib) {
		unwind_register = (frame_fn)(uintptr_t)dlsym(lib, "__register_frame");
		unwind_deregister = (frame_fn)(uintptr_t)dlsym(lib, "__deregister_frame");
	}
}

int process_unwind_add(const void *eh_frame)
{
	frame_fn fn;

	lock_take(&unwind_lock);
	if (!unwind_known)
		unwind_find_locked();
	fn = unwind_deregister ? unwind_register : NULL;
	lock_give(&unwind_lock);
	if (!fn)
		return -ENOTSUP;
	fn(eh_frame);
	return 0;
}

void process_unwind_remove(const void *eh_frame)
{
	unwind_deregister(eh_frame);
}

enum gdb_action { GDB_NOTHING, GDB_REGISTER, GDB_UNREGISTER };

struct gdb_descriptor {
	u32 version;
	u32 action; /* enum gdb_action */
	struct process_gdb_entry *relevant, *first;
};

/* The names are gdb's. Protected: another JIT in the process has a list of its own, under its own
 * lock. */
extern struct gdb_descriptor __jit_debug_descriptor;
void __jit_debug_register_code(void);

static struct lock gdb_lock; /* guards the descriptor and its list */
__attribute__((
	visibility("protected"))) struct gdb_descriptor __jit_debug_descriptor = { .version = 1 };

/* gdb has a breakpoint here. */
__attribute__((visibility("protected"))) noinline_fn void __jit_debug_register_code(void)
{
	__asm__ volatile("" ::: "memory");
}

static void gdb_tell_locked(struct process_gdb_entry *entry, enum gdb_action action)
{
	__jit_debug_descriptor.relevant = entry;
	__jit_debug_descriptor.action = action;
	__jit_debug_register_code();
	__jit_debug_descriptor.action = GDB_NOTHING;
	__jit_debug_descriptor.relevant = NULL;
}

void process_gdb_add(struct process_gdb_entry *entry)
{
	lock_take(&gdb_lock);
	entry->prev = NULL;
	entry->next = __jit_debug_descriptor.first;
	if (entry->next)
		entry->next->prev = entry;
	__jit_debug_descriptor.first = entry;
	gdb_tell_locked(entry, GDB_REGISTER);
	lock_give(&gdb_lock);
}

void process_gdb_remove(struct process_gdb_entry *entry)
{
	lock_take(&gdb_lock);
	if (entry->next)
		entry->next->prev = entry->prev;
	if (entry->prev)
		entry->prev->next = entry->next;
	else
		__jit_debug_descriptor.first = entry->next;
	gdb_tell_locked(entry, GDB_UNREGISTER);
	lock_give(&gdb_lock);
}
