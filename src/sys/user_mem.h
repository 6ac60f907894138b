/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies from and to the memory of the caller of bpf(2), given as numbers. A bad address gives
 * -EFAULT, never a signal: the kernel does the copying.
 */
#ifndef SKEP_SYS_USER_MEM_H
#define SKEP_SYS_USER_MEM_H

#include "base/types.h"

int user_read(void *to, u64 from, size_t len) must_check;
int user_write(u64 to, const void *from, size_t len) must_check;
/* A mem_free()able copy; *ret_mem is NULL for @len 0. -EFAULT, -ENOMEM. */
int user_dup(u64 from, size_t len, void **ret_mem) must_check;
/*
 * A string of at most @size - 1 bytes, cut there. Returns its length, or -EFAULT.
 */
int user_read_str(char *to, u64 from, u32 size) must_check;
/* 0 when all bytes are zero, -E2BIG when not, -EFAULT. */
int user_check_zero(u64 from, size_t len) must_check;

#endif
