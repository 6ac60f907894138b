/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies that survive bad addresses: process_vm_readv() on ourselves. Where that is refused (a
 * sandbox, an emulator), the same is done through a pipe: read() and write() check addresses too.
 */
#include "sys/user_mem.h"

#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <fcntl.h>

#include "base/err.h"
#include "base/mem.h"

#define PIPE_CHUNK_BYTES 4096u /* what a pipe takes at least without blocking */

static bool vm_refused(int err)
{
	return err == -ENOSYS || err == -EPERM;
}

/* One direction of a chunk through the pipe: in from @from, out to @to; either may be bad. */
static int pipe_copy(const int fds[2], u8 *to, const u8 *from, size_t len)
{
	ssize_t in = write(fds[1], from, len), out;

	if (in != (ssize_t)len)
		return -EFAULT;
	out = read(fds[0], to, len);
	return out == in ? 0 : -EFAULT;
}

static int copy_by_pipe(u8 *to, const u8 *from, size_t len)
{
	int fds[2], err = 0;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	for (size_t at = 0; !err && at < len; at += PIPE_CHUNK_BYTES)
		err = pipe_copy(fds, to + at, from + at, MIN(len - at, PIPE_CHUNK_BYTES));
	close(fds[0]);
	close(fds[1]);
	return err;
}

/*
 * Both ends are our own, so that either may be the bad one: always a read, since memory checkers
 * know that it writes to its local end.
 */
static int vm_copy(u8 *to, const u8 *from, size_t len)
{
	pid_t self = getpid();

	while (len) {
		/* The kernel moves at most this much at a time anyway. */
		size_t part = MIN(len, (size_t)1 << 30);
		struct iovec to_iov = { to, part };
		struct iovec from_iov = { u64_to_ptr(ptr_to_u64(from)), part };
		ssize_t n = process_vm_readv(self, &to_iov, 1, &from_iov, 1, 0);
		int err = n < 0 ? -errno : n ? 0 : -EFAULT;

		if (vm_refused(err))
			return copy_by_pipe(to, from, len);
		if (err)
			return -EFAULT;
		to += n;
		from += n;
		len -= (size_t)n;
	}
	return 0;
}

int user_read(void *to, u64 from, size_t len)
{
	return vm_copy(to, u64_to_ptr(from), len);
}

int user_write(u64 to, const void *from, size_t len)
{
	return vm_copy(u64_to_ptr(to), from, len);
}

int user_dup(u64 from, size_t len, void **ret_mem)
{
	void *mem = NULL;
	int err;

	if (len) {
		mem = mem_alloc(len);
		if (!mem)
			return -ENOMEM;
		err = user_read(mem, from, len);
		if (err) {
			mem_free(mem);
			return err;
		}
	}
	*ret_mem = mem;
	return 0;
}

int user_read_str(char *to, u64 from, u32 size)
{
	u32 len = 0;

	while (len < size - 1) {
		/* Up to the next page at most: the string may end just before a bad one. */
		u32 page_left = 4096 - (u32)((from + len) & 4095);
		u32 part = MIN(page_left, size - 1 - len);
		const char *end;
		int err = user_read(to + len, from + len, part);

		if (err)
			return err;
		end = memchr(to + len, '\0', part);
		if (end)
			return (int)(end - to);
		len += part;
	}
	to[len] = '\0';
	return (int)len;
}

int user_check_zero(u64 from, size_t len)
{
	u8 chunk[256];

	while (len) {
		size_t part = MIN(len, sizeof(chunk));
		int err = user_read(chunk, from, part);

		if (err)
			return err;
		for (size_t i = 0; i < part; i++) {
			if (chunk[i])
				return -E2BIG;
		}
		from += part;
		len -= part;
	}
	return 0;
}
