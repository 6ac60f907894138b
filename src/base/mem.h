/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one allocator of the library. Every allocation may fail: callers return -ENOMEM and leave
 * their object as it was. Tests make the n-th allocation of a thread fail with mem_fail_nth().
 * All functions are safe to call from any thread. mem_free(NULL) does nothing.
 */
#ifndef SKEP_BASE_MEM_H
#define SKEP_BASE_MEM_H

#include "base/types.h"

void *mem_alloc(size_t size_bytes) must_check;
void *mem_zalloc(size_t size_bytes) must_check;
/* @count * @size_bytes zeroed bytes; NULL when the product overflows. */
void *mem_zalloc_array(size_t count, size_t size_bytes) must_check;
/* Like realloc; on failure the old block stays valid and NULL is returned. */
void *mem_realloc(void *p, size_t size_bytes) must_check;
void *mem_dup(const void *p, size_t size_bytes) must_check;
char *mem_strdup(const char *s) must_check;
void mem_free(void *p);

/*
 * Fault injection for tests: the @nth allocation from now on in this thread fails (1 = the next),
 * once; 0 switches it off. Returns how many allocations were made since the last call.
 */
u64 mem_fail_nth(u64 nth);
/*
 * While on, in this thread: an arena takes each piece from the allocator by itself, not by the
 * chunk, so that each of them can be made to fail.
 */
void mem_piecewise_set(bool on);
bool mem_piecewise(void);
/* For what takes memory elsewhere (base/pages.c): counts one allocation; true: let it fail. */
bool mem_fail_now(void);

#endif
