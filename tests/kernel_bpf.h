/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The live kernel as an oracle: raw bpf(2) for tests. Not for code under src/.
 */
#ifndef SKEP_TESTS_KERNEL_BPF_H
#define SKEP_TESTS_KERNEL_BPF_H

#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct kernel_prog {
	uint32_t type; /* BPF_PROG_TYPE_* */
	const void *insns;
	uint32_t cnt;
	const int *fd_array; /* NULL: none */
	char *log;	     /* NULL: none */
	uint32_t log_bytes;
	uint32_t log_level; /* 0: the reason and the statistics only */
};

/* Returns an fd or -errno. */
static inline int kernel_prog_load_from(const struct kernel_prog *p)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = p->type;
	attr.insns = (uint64_t)(uintptr_t)p->insns;
	attr.insn_cnt = p->cnt;
	attr.license = (uint64_t)(uintptr_t) "GPL";
	attr.fd_array = (uint64_t)(uintptr_t)p->fd_array;
	if (p->log) {
		p->log[0] = 0;
		attr.log_buf = (uint64_t)(uintptr_t)p->log;
		attr.log_size = p->log_bytes;
		attr.log_level = p->log_level ? p->log_level : 4;
	}
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	return fd < 0 ? -errno : (int)fd;
}

/* Returns an fd or -errno. @log may be NULL. */
static inline int kernel_prog_load(uint32_t type, const void *insns, uint32_t cnt, char *log,
				   uint32_t log_bytes)
{
	const struct kernel_prog p = {
		.type = type, .insns = insns, .cnt = cnt, .log = log, .log_bytes = log_bytes,
	};

	return kernel_prog_load_from(&p);
}

/* An array map with one element, @value. An fd or -errno. */
static inline int kernel_array_new(const void *value, uint32_t value_bytes)
{
	const uint32_t key = 0;
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = sizeof(key);
	attr.value_size = value_bytes;
	attr.max_entries = 1;
	fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	if (fd < 0)
		return -errno;
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	attr.key = (uint64_t)(uintptr_t)&key;
	attr.value = (uint64_t)(uintptr_t)value;
	if (syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)) < 0) {
		const int err = -errno;

		close((int)fd);
		return err;
	}
	return (int)fd;
}

/* One run of BPF_PROG_TEST_RUN on @data; 0 or -errno, the program's result in *ret. */
static inline int kernel_prog_run(int fd, const void *data, uint32_t data_bytes, uint32_t *ret)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)fd;
	attr.test.data_in = (uint64_t)(uintptr_t)data;
	attr.test.data_size_in = data_bytes;
	if (syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)) < 0)
		return -errno;
	*ret = attr.test.retval;
	return 0;
}

/* False when this process may not load programs: tests then skip. */
static inline int kernel_bpf_allowed(void)
{
	/* r0 = 0; exit */
	static const struct bpf_insn insns[2] = { { .code = 0xb7 }, { .code = 0x95 } };
	int fd = kernel_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, insns, 2, NULL, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

#endif
