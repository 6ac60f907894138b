/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The examples' packet programs as plain C, compiled by gcc and by clang: what the JIT's code is
 * measured against. They run in the place of the loaded programs' code, on the same packets and
 * maps, by the same test runs; so nothing but the code differs.
 */
#ifndef BENCH_NATIVE_H
#define BENCH_NATIVE_H

#include "base/types.h"

#define NATIVE_MAPS_MAX 6

struct map;
struct prog;
struct run;
struct skep;

struct native_map {
	const char *name;
	void *slot; /* its declaration: struct native_slot */
};

struct native_prog {
	const char *name;
	int (*enter)(struct run *run, const struct prog *prog, void *ctx, u64 arg2, u64 *ret_r0);
	struct native_map maps[NATIVE_MAPS_MAX];
};

/* Puts C code of @compiler in the place of the program behind @fd; false: there is none for it. */
bool native_take_over(struct skep *skep, int fd, const char *compiler);

#endif
