/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole pages of zeroed memory: private (anonymous, in huge pages when big) or in a memfd that
 * others may map. Pages cost memory only once they are touched.
 */
#ifndef SKEP_BASE_PAGES_H
#define SKEP_BASE_PAGES_H

#include "base/types.h"

u64 pages_size_bytes(void); /* of one page */
/* @size_bytes rounded up to whole pages; 0 when that overflows. */
u64 pages_round(u64 size_bytes);
/* Physical memory of the host: more than that is never worth asking for. */
u64 pages_ram_bytes(void);

/* NULL when memory is short. @size_bytes > 0. */
void *pages_new(u64 size_bytes) must_check;
void pages_free(void *p, u64 size_bytes);

/*
 * Zeroed memory for a short time: of the heap, or whole (huge) pages when it is much, which cost
 * far fewer page faults. NULL when memory is short. End with pages_or_heap_free and the same size.
 */
void *pages_or_heap_new(u64 size_bytes) must_check;
void pages_or_heap_free(void *p, u64 size_bytes);

/*
 * A memfd of @size_bytes (whole pages), mapped for reading and writing; sealed so that nobody can
 * shrink or grow it (a reader beyond its end would die). Returns its descriptor, or -ENOMEM or
 * what the system says; *ret_p is the mapping. End with pages_free and close.
 */
int pages_memfd_new(const char *name, u64 size_bytes, void **ret_p) must_check;
/*
 * From now on nobody can get a writable mapping or write() to the memfd; mappings that exist stay.
 * With @p, our own mapping is made read-only. 0 or -errno.
 */
int pages_memfd_seal_writes(int fd, void *p, u64 size_bytes) must_check;

#endif
