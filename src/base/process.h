/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The few things that belong to the process and not to an instance: which identity file (design
 * 2.4) stands for which object, and which instance a thread has entered.
 *
 * An identity file is a memfd. What a client gets are descriptors re-opened from it; we keep one
 * re-opened descriptor of our own, on which a write lease can be had exactly when no other
 * descriptor and no mapping is left, in whatever process. That is how an object learns that nobody
 * refers to it any more, without anybody's close() being watched.
 */
#ifndef SKEP_BASE_PROCESS_H
#define SKEP_BASE_PROCESS_H

#include "base/types.h"

struct process_file;

struct process_file_ops {
	/* One more user of the cookie. Called with the registry's lock held: must not call back. */
	void (*hold)(void *cookie);
	/* The file exists from now on. Called as hold() is. */
	void (*born)(void *cookie);
	/* Nobody refers to the file any more: undoes the hold of its creation. Without the lock. */
	void (*gone)(void *cookie);
};

struct process_file_spec {
	const struct process_file_ops *ops; /* also tells whose cookie it is */
	void *cookie;
	struct process_file **slot; /* NULL while there is no file; the registry's lock guards it */
	const char *name; /* what readlink("/proc/self/fd/N") shows after "/memfd:" */
	int memfd;	  /* storage that is its own identity (borrowed), or -1 for an empty file */
};

/*
 * A new descriptor (close-on-exec) with the open flags @oflags for the file in *spec->slot, which
 * is created, with a hold on the cookie, when there is none. Returns the descriptor or -errno.
 */
int process_file_open(const struct process_file_spec *spec, int oflags) must_check;

/*
 * What stands behind descriptor @fd: its cookie with a hold taken, and its open flags (F_GETFL).
 * -EBADF when @fd is not open, -EINVAL when it is no identity file of @ops.
 */
int process_file_find(int fd, const struct process_file_ops *ops, void **ret_cookie,
		      int *ret_oflags) must_check;

/* Calls gone() for every file that nobody refers to any more. */
void process_file_sweep(void);

/* The instance that this thread has entered, NULL when none. */
void *process_current(void);
void process_current_set(void *instance);

/*
 * What this thread's current call into a foreign library is about: for callbacks of libraries that
 * hand no cookie back (libbpf's messages). NULL when nothing is.
 */
void *process_note(void);
void process_note_set(void *note);

#endif
