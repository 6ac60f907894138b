/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/mem.h"

/* From the kernel's fcntl.h, which cannot be included beside libc's. */
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

#define HUGE_BYTES (2ull << 20)

u64 pages_size_bytes(void)
{
	long size = sysconf(_SC_PAGESIZE);

	return size > 0 ? (u64)size : 4096;
}

u64 pages_round(u64 size_bytes)
{
	u64 page = pages_size_bytes();

	return size_bytes > UINT64_MAX - page ? 0 : align_up(size_bytes, page);
}

u64 pages_ram_bytes(void)
{
	long cnt = sysconf(_SC_PHYS_PAGES);

	return cnt > 0 ? (u64)cnt * pages_size_bytes() : UINT64_MAX;
}

static u8 *map_private(u64 size)
{
	u8 *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/*
 * Huge pages need an address that is a multiple of theirs, which newer kernels choose by
 * themselves for whole ones. Otherwise takes more and gives the ends back.
 */
static void *pages_new_huge(u64 size)
{
	u64 room = size + HUGE_BYTES;
	u8 *p = size % HUGE_BYTES ? NULL : map_private(size);
	u64 head, tail;

	if (p && !(ptr_to_u64(p) % HUGE_BYTES)) {
		(void)madvise(p, size, MADV_HUGEPAGE);
		return p;
	}
	if (p)
		munmap(p, size);
	p = map_private(room);
	if (!p)
		return NULL;
	head = align_up(ptr_to_u64(p), HUGE_BYTES) - ptr_to_u64(p);
	tail = room - head - size;
	if (head)
		munmap(p, head);
	if (tail)
		munmap(p + head + size, tail);
	/* Advice only: without huge pages all is slower and nothing else. */
	(void)madvise(p + head, size, MADV_HUGEPAGE);
	return p + head;
}

void *pages_new(u64 size_bytes)
{
	u64 size = pages_round(size_bytes);

	if (!size || size > SIZE_MAX / 4 || mem_fail_now())
		return NULL;
	if (size >= HUGE_BYTES)
		return pages_new_huge(size);
	return map_private(size);
}

void pages_free(void *p, u64 size_bytes)
{
	if (p)
		munmap(p, pages_round(size_bytes));
}

void *pages_or_heap_new(u64 size_bytes)
{
	if (size_bytes >= HUGE_BYTES)
		return pages_new(size_bytes);
	return mem_zalloc((size_t)size_bytes);
}

void pages_or_heap_free(void *p, u64 size_bytes)
{
	if (size_bytes >= HUGE_BYTES)
		pages_free(p, size_bytes);
	else
		mem_free(p);
}

int pages_memfd_new(const char *name, u64 size_bytes, void **ret_p)
{
	u64 size = pages_round(size_bytes);
	void *p;
	int fd, err;

	if (!size || size > INT64_MAX || mem_fail_now())
		return -ENOMEM;
	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0) {
		err = -errno;
		close(fd);
		return err == -EFBIG ? -ENOMEM : err;
	}
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		err = -errno;
		close(fd);
		return err;
	}
	*ret_p = p;
	return fd;
}

int pages_memfd_seal_writes(int fd, void *p, u64 size_bytes)
{
	if (p && mprotect(p, pages_round(size_bytes), PROT_READ) < 0)
		return -errno;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) < 0)
		return -errno;
	return 0;
}
