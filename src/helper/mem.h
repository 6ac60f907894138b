/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads by address, for helpers that programs hand any number to (probe_read…, %s of a format).
 * "Kernel memory" is memory that the run may touch (design 2.10): stack, packet, maps of the
 * program, what the embedder gave. Everything else is -EFAULT, whatever the rights.
 */
#ifndef SKEP_HELPER_MEM_H
#define SKEP_HELPER_MEM_H

#include "prog/run.h"

/* How many bytes a program may read from @addr on within one object; 0: none. */
u64 helper_mem_left(const struct run *run, u64 addr);

/* 0, or -EFAULT with @dst untouched. The bytes may lie in one object only. */
int helper_mem_read(const struct run *run, void *dst, u64 addr, u32 size_bytes) must_check;

/*
 * Copies a string of at most @size_bytes - 1 characters and its NUL (strncpy_from_kernel_nofault):
 * how many bytes were written with the NUL, or -EFAULT. @size_bytes must not be 0.
 */
s64 helper_mem_read_str(const struct run *run, char *dst, u64 addr, u32 size_bytes) must_check;

#endif
