/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much kernel memory a call makes the kernel hold at most: the high-water mark of a fresh
 * cgroup that this process moves into. cgroup v1 counts kernel memory alone; v2 counts the memory
 * of the process with it, so what the process touches meanwhile counts too.
 */
#ifndef SKEP_TESTS_VERIFY_KMEM_H
#define SKEP_TESTS_VERIFY_KMEM_H

#include <stdbool.h>

struct kmem {
	char dir[128]; /* the cgroup */
	char home[256]; /* cgroup.procs of where the process came from */
	int usage_fd, peak_fd;
	long long base_bytes;
};

/* False, and nothing to close, where there is no such cgroup or no right to make one. */
bool kmem_open(struct kmem *k);
void kmem_close(struct kmem *k);
void kmem_start(struct kmem *k);
/* The most since kmem_start, above what there was then. -1: cannot be read. */
long long kmem_peak_bytes(struct kmem *k);

#endif
