/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bpf(2) that only remembers: libbpf creates its maps and loads its programs here, and what it
 * asked for is written as records (record.h). Needs no rights and no kernel; says yes to
 * everything.
 */
#ifndef SKEP_TESTS_VERIFY_FAKE_H
#define SKEP_TESTS_VERIFY_FAKE_H

#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>

/* What bpf(2) would return, or -errno. */
long fake_bpf(uint32_t cmd, const union bpf_attr *attr, uint32_t size);

struct fake_record {
	const char *name;
	int prog_fd; /* of a program that fake_bpf loaded */
	/* The name of a kernel function by its number in kernel BTF; NULL: none is known. */
	const char *(*kfunc_name)(int32_t btf_id);
};

/* Blobs that are new and the record, without its "end" line, so that the caller can add to it. */
int fake_write(FILE *out, const struct fake_record *rec);
/* Forgets all objects; the numbers of blobs go on. */
void fake_reset(void);

/* libbpf's libc (object/wrap.h does the same for libskep). */
long loader_syscall(long nr, ...);
extern FILE *loader_stderr;

#endif
