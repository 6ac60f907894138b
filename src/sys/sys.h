/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf(2) on an instance: the whole of it, with the commands, attr rules, results and errors of
 * Linux 6.18. Thread-safe.
 */
#ifndef SKEP_SYS_SYS_H
#define SKEP_SYS_SYS_H

#include "base/types.h"

struct skep;

/*
 * @attr_addr is the address of the caller's union bpf_attr of @size bytes. Returns what bpf(2)
 * returns (often a new descriptor), or -errno. Descriptors in @attr must be this instance's.
 */
long sys_bpf(struct skep *skep, u32 cmd, u64 attr_addr, u32 size) must_check;

#endif
