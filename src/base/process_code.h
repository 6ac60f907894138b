/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Machine code of this process that we wrote: where it may stand, and whose it is when it faults.
 *
 * Rooms are cut out of windows, each one reservation of address space without access. What no
 * room's owner has mapped stays so: that is the guard page between any two rooms, at no cost.
 * Windows stay for the life of the process; they cost address space, and memory only where code is.
 */
#ifndef SKEP_BASE_PROCESS_CODE_H
#define SKEP_BASE_PROCESS_CODE_H

#include "base/types.h"

struct code_window;

struct process_room {
	u8 *start; /* of a page; pages before and behind the room can never be accessed */
	u64 bytes; /* whole pages */
	bool near; /* all of it lies as near as it was asked to */
	struct code_window *window;
};

/*
 * Address space for @bytes (> 0), without access, its ends at most @reach_bytes from @near if that
 * can be had, else anywhere. The owner maps over it (MAP_FIXED). 0 or -ENOMEM. Thread-safe.
 */
int process_room_take(u64 bytes, const void *near, u64 reach_bytes,
		      struct process_room *ret_room) must_check;
/* The owner will need the first @bytes (> 0) of the room only and has mapped nothing behind. */
void process_room_trim(struct process_room *room, u64 bytes);
/* The owner has made the room inaccessible again. A zeroed room is none. */
void process_room_give(struct process_room *room);

/*
 * One piece of code in one room. Its owner keeps the struct until process_code_remove has
 * returned, and removes it only when no thread can be inside the code.
 */
struct process_code {
	u64 start, end; /* [start, end); no other piece in any of its pages */
	/*
	 * Called in the signal handler when an instruction in [start, end) raised @sig (SIGSEGV,
	 * SIGBUS, SIGFPE, SIGILL); the pointers are siginfo_t and ucontext_t. Async-signal-safe,
	 * and leaves errno alone. True: go on with the context, which it may have changed. False:
	 * the fault is somebody else's. NULL: no signal handler is wanted for this code.
	 */
	bool (*fault)(struct process_code *code, int sig, void *siginfo, void *ucontext);
	void *cookie;
	struct code_window *window; /* of the registry */
};

/*
 * The first code with a fault() installs the process's signal handlers, which stay. Whatever
 * handlers there were before are called for all signals that are not ours, as if we did not exist;
 * without one the signal has its default effect, core dump included. Whoever installs handlers
 * after us gets our faults, too, and should pass on what it does not know, as we do.
 * 0, -EINVAL when the code lies in no room, or -errno. Thread-safe.
 */
int process_code_add(struct process_code *code) must_check;
void process_code_remove(struct process_code *code); /* one that was never added, too */

/* The code that holds address @pc; NULL when none does. Async-signal-safe. */
struct process_code *process_code_at(u64 pc);

#endif
