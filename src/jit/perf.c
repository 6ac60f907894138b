/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /tmp/perf-PID.map, which perf reads for code that lies in no file: "start size name" in hex. The
 * file is opened for each program, so that nothing must be known about fork() or about hosts that
 * close descriptors they do not know. A line is never taken back: perf reads it when all is over.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "jit/debug_int.h"

/* Anybody may put a file of that name there: ours only, and no link to elsewhere. */
static int map_open(void)
{
	char path[64];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || st.st_uid != geteuid() || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

int jit_perf_add(const struct jit_debug_info *info)
{
	struct str text = STR_INIT;
	ssize_t n;
	int fd, err = 0;

	for (u32 i = 0; i < info->func_cnt; i++) {
		const struct jit_debug_func *f = &info->funcs[i];

		str_addf(&text, "%llx %x %s\n", (unsigned long long)info->base + f->start,
			 f->end - f->start, f->name);
	}
	fd = text.failed ? -ENOMEM : map_open();
	if (fd < 0) {
		str_fini(&text);
		return fd;
	}
	n = write(fd, str_c(&text), text.len);
	if (n < 0)
		err = -errno;
	else if ((size_t)n != text.len)
		err = -EIO;
	close(fd);
	str_fini(&text);
	return err;
}
