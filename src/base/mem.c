/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

/* Per thread, so that tests that run side by side do not disturb each other. */
static thread_local_var u64 fail_countdown;
static thread_local_var u64 alloc_count;
static thread_local_var bool piecewise;

bool mem_fail_now(void)
{
	alloc_count++;
	return unlikely(fail_countdown) && --fail_countdown == 0;
}

u64 mem_fail_nth(u64 nth)
{
	u64 count = alloc_count;

	alloc_count = 0;
	fail_countdown = nth;
	return count;
}

void mem_piecewise_set(bool on)
{
	piecewise = on;
}

bool mem_piecewise(void)
{
	return piecewise;
}

void *mem_alloc(size_t size_bytes)
{
	return mem_fail_now() ? NULL : malloc(size_bytes ? size_bytes : 1);
}

void *mem_zalloc(size_t size_bytes)
{
	return mem_fail_now() ? NULL : calloc(1, size_bytes ? size_bytes : 1);
}

void *mem_zalloc_array(size_t count, size_t size_bytes)
{
	u64 total;

	if (mul_overflow_u64(count, size_bytes, &total) || total > SIZE_MAX / 2)
		return NULL;
	return mem_zalloc((size_t)total);
}

void *mem_realloc(void *p, size_t size_bytes)
{
	return mem_fail_now() ? NULL : realloc(p, size_bytes ? size_bytes : 1);
}

void *mem_dup(const void *p, size_t size_bytes)
{
	void *copy = mem_alloc(size_bytes);

	if (copy && size_bytes)
		memcpy(copy, p, size_bytes);
	return copy;
}

char *mem_strdup(const char *s)
{
	return mem_dup(s, strlen(s) + 1);
}

void mem_free(void *p)
{
	free(p);
}
