/* SPDX-License-Identifier: BSD-2-Clause */
/* Running a loaded program from C: the data in, the verdict and the data out. */
#ifndef SKEP_PROG_H
#define SKEP_PROG_H

#include <skep/skep.h>

#ifdef __cplusplus
extern "C" {
#endif

struct skep_prog;

/*
 * The program behind @fd, a descriptor of this instance (from BPF_PROG_LOAD, or an object's). The
 * handle holds program and instance; @fd may be closed. -EBADF, -EINVAL (no program of @skep),
 * -ENOMEM.
 */
SKEP_API int skep_prog_open(struct skep *skep, int fd, struct skep_prog **ret_prog);
SKEP_API void skep_prog_close(struct skep_prog *prog);

struct skep_run {
	size_t size; /* sizeof(struct skep_run) */

	/* In. */
	const void *data; /* the packet: for XDP and tc an Ethernet frame */
	size_t data_bytes;
	const void *ctx; /* struct xdp_md or struct __sk_buff with fields to start from; or NULL */
	size_t ctx_bytes;
	uint32_t repeat; /* runs over the same data, not reset in between; 0 is 1 */

	/* Out: the verdict of the last run, and the average time of one. */
	uint32_t retval;
	uint64_t duration_ns;

	/* Room for the data as the program left it (NULL: not wanted), and how long it is now. */
	void *data_out;
	size_t data_out_room;
	size_t data_out_bytes;

	/* Room for a report in words when the program faults (NULL: not wanted), NUL-terminated. */
	char *fault;
	size_t fault_room;
};

/*
 * Runs the program. 0; -EFAULT when it faulted; -ENOSPC when data_out_room is too small (what fits
 * is there); -ENOTSUPP (524) for program types without a hook here; -EINVAL, -ENOMEM. May be called
 * from several threads at once, each with a struct skep_run of its own.
 */
SKEP_API int skep_prog_run(struct skep_prog *prog, struct skep_run *run);

#ifdef __cplusplus
}
#endif

#endif
