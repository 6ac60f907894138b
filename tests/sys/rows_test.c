/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls of bugs.md section 2: each row is a call that must fail cleanly, with the errno that
 * stands here and, where bpf(2) is allowed, that the running kernel gives too.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "skep/skep.h"
#include "tests/tap.h"

static struct skep *skep; /* NULL: the real kernel */

static long call_sized(int cmd, union bpf_attr *attr, unsigned int size)
{
	long ret;

	if (skep)
		return skep_bpf(skep, cmd, attr, size);
	ret = syscall(SYS_bpf, cmd, attr, size);
	return ret < 0 ? -errno : ret;
}

static long call(int cmd, union bpf_attr *attr)
{
	return call_sized(cmd, attr, sizeof(*attr));
}

#define CALL(cmd, ...) call(cmd, &(union bpf_attr){ __VA_ARGS__ })

static uint64_t ptr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* Creates and closes; 0 or the errno. */
static long create(uint32_t type, uint32_t key, uint32_t value, uint32_t entries)
{
	long fd = CALL(BPF_MAP_CREATE, .map_type = type, .key_size = key, .value_size = value,
		       .max_entries = entries);

	if (fd >= 0)
		close((int)fd);
	return fd < 0 ? fd : 0;
}

static int array_fd(void)
{
	return (int)CALL(BPF_MAP_CREATE, .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
			 .value_size = 8, .max_entries = 4);
}

static int hash_fd(uint32_t entries)
{
	return (int)CALL(BPF_MAP_CREATE, .map_type = BPF_MAP_TYPE_HASH, .key_size = 4,
			 .value_size = 8, .max_entries = entries);
}

static long update(int fd, uint32_t key, uint64_t flags)
{
	uint64_t value[8] = { 1 };

	return CALL(BPF_MAP_UPDATE_ELEM, .map_fd = (uint32_t)fd, .key = ptr(&key),
		    .value = ptr(value), .flags = flags);
}

static long on(int fd, long (*fn)(int fd))
{
	long ret = fd < 0 ? fd : fn(fd);

	close(fd);
	return ret;
}

static long idx_oob(int fd)
{
	return update(fd, 4, 0);
}

static long noexist(int fd)
{
	return update(fd, 0, BPF_NOEXIST);
}

static long f_lock(int fd)
{
	return update(fd, 0, BPF_F_LOCK);
}

static long bad_flags(int fd)
{
	return update(fd, 0, 64);
}

static long array_delete(int fd)
{
	return CALL(BPF_MAP_DELETE_ELEM, .map_fd = (uint32_t)fd, .key = ptr(&(uint32_t){ 0 }));
}

static long frozen_write(int fd)
{
	long ret = CALL(BPF_MAP_FREEZE, .map_fd = (uint32_t)fd);

	return ret ? ret : update(fd, 0, 0);
}

static long hash_full(int fd)
{
	long ret = update(fd, 1, 0);

	if (!ret)
		ret = update(fd, 2, 0);
	return ret ? 1 : update(fd, 3, 0);
}

static long attr_tail(int fd)
{
	char attr[sizeof(union bpf_attr) + 128] = { 0 };

	(void)fd;
	attr[sizeof(attr) - 1] = 1;
	return call_sized(BPF_MAP_CREATE, (union bpf_attr *)(void *)attr, sizeof(attr));
}

static long unused_bytes(int fd)
{
	union bpf_attr attr = { .map_fd = (uint32_t)fd, .key = ptr(&(uint32_t){ 0 }) };

	attr.flags = 1; /* BPF_MAP_DELETE_ELEM knows no flags */
	return call(BPF_MAP_DELETE_ELEM, &attr);
}

static long load(uint32_t type, uint32_t insn_cnt)
{
	const struct bpf_insn insns[2] = { { .code = 0xb7 }, { .code = 0x95 } };
	long fd = CALL(BPF_PROG_LOAD, .prog_type = type, .insns = ptr(insns),
		       .insn_cnt = insn_cnt, .license = ptr("GPL"));

	if (fd >= 0)
		close((int)fd);
	return fd < 0 ? fd : 0;
}

static int prog_fd(uint32_t type)
{
	const struct bpf_insn insns[2] = { { .code = 0xb7 }, { .code = 0x95 } };

	return (int)CALL(BPF_PROG_LOAD, .prog_type = type, .insns = ptr(insns), .insn_cnt = 2,
			 .license = ptr("GPL"));
}

/* Programs of two types in one program array. */
static long progarray_mix(int fd)
{
	int a = prog_fd(BPF_PROG_TYPE_SOCKET_FILTER), b = prog_fd(BPF_PROG_TYPE_XDP);
	uint32_t key = 0;
	long first, second;

	first = CALL(BPF_MAP_UPDATE_ELEM, .map_fd = (uint32_t)fd, .key = ptr(&key),
		     .value = ptr(&a));
	second = CALL(BPF_MAP_UPDATE_ELEM, .map_fd = (uint32_t)fd, .key = ptr(&key),
		      .value = ptr(&b));
	close(a);
	close(b);
	return first ? 1 : second;
}

static int prog_array_fd(void)
{
	return (int)CALL(BPF_MAP_CREATE, .map_type = BPF_MAP_TYPE_PROG_ARRAY, .key_size = 4,
			 .value_size = 4, .max_entries = 2);
}

static long devmap_del(int fd)
{
	return CALL(BPF_MAP_DELETE_ELEM, .map_fd = (uint32_t)fd,
		    .key = ptr(&(uint32_t){ 0xffffffff }));
}

static int devmap_fd(void)
{
	return (int)CALL(BPF_MAP_CREATE, .map_type = BPF_MAP_TYPE_DEVMAP, .key_size = 4,
			 .value_size = 4, .max_entries = 4);
}

enum row_id {
	MAP_ZERO_ENTRIES, HASH_ZERO_KEY, ARRAY_KEY8, ARRAY_VALUE_HUGE, ARRAY_TOTAL_OVF,
	HASH_ENTRIES_OVF, DEVMAP_HASH_OVF, DEVMAP_DEL_NEG, ARRAY_IDX_OOB, ARRAY_NOEXIST,
	ARRAY_F_LOCK, MAP_BAD_FLAGS, ARRAY_DELETE, FROZEN_WRITE, HASH_FULL, PROGARRAY_MIX,
	ATTR_TAIL, UNUSED_BYTES, BAD_CMD, ZERO_INSNS, INSNS_1M, BAD_PROG_TYPE, ROW_CNT
};

static const struct {
	const char *name;
	long want;
} rows[ROW_CNT] = {
	[MAP_ZERO_ENTRIES] = { "map-zero-entries", -EINVAL },
	[HASH_ZERO_KEY] = { "hash-zero-key", -EINVAL },
	[ARRAY_KEY8] = { "array-key8", -EINVAL },
	[ARRAY_VALUE_HUGE] = { "array-value-huge", -E2BIG },
	[ARRAY_TOTAL_OVF] = { "array-total-ovf", -ENOMEM },
	[HASH_ENTRIES_OVF] = { "hash-entries-ovf", -E2BIG },
	[DEVMAP_HASH_OVF] = { "devmap-hash-ovf", -EINVAL },
	[DEVMAP_DEL_NEG] = { "devmap-del-neg", -EINVAL },
	[ARRAY_IDX_OOB] = { "array-idx-oob", -E2BIG },
	[ARRAY_NOEXIST] = { "array-noexist", -EEXIST },
	[ARRAY_F_LOCK] = { "array-f-lock", -EINVAL },
	[MAP_BAD_FLAGS] = { "map-bad-flags", -EINVAL },
	[ARRAY_DELETE] = { "array-delete", -EINVAL },
	[FROZEN_WRITE] = { "frozen-write", -EPERM },
	[HASH_FULL] = { "hash-full", -E2BIG },
	[PROGARRAY_MIX] = { "progarray-type-mix", -EINVAL },
	[ATTR_TAIL] = { "attr-tail-nonzero", -E2BIG },
	[UNUSED_BYTES] = { "unused bytes of a command", -EINVAL },
	[BAD_CMD] = { "bad-cmd", -EINVAL },
	[ZERO_INSNS] = { "zero-insns", -E2BIG },
	[INSNS_1M] = { "insns>1M", -E2BIG },
	[BAD_PROG_TYPE] = { "bad-prog-type", -EINVAL },
};

static long run_map_row(enum row_id id)
{
	switch ((int)id) {
	case MAP_ZERO_ENTRIES:
		return create(BPF_MAP_TYPE_ARRAY, 4, 4, 0);
	case HASH_ZERO_KEY:
		return create(BPF_MAP_TYPE_HASH, 0, 4, 1);
	case ARRAY_KEY8:
		return create(BPF_MAP_TYPE_ARRAY, 8, 4, 1);
	case ARRAY_VALUE_HUGE:
		return create(BPF_MAP_TYPE_ARRAY, 4, 0xffffffff, 1);
	case ARRAY_TOTAL_OVF:
		return create(BPF_MAP_TYPE_ARRAY, 4, 0x10000000, 0x10000000);
	case HASH_ENTRIES_OVF:
		return create(BPF_MAP_TYPE_HASH, 4, 4, 0xffffffff);
	case DEVMAP_HASH_OVF:
		return create(BPF_MAP_TYPE_DEVMAP_HASH, 4, 4, 0x80000001);
	case DEVMAP_DEL_NEG:
		return on(devmap_fd(), devmap_del);
	case ARRAY_IDX_OOB:
		return on(array_fd(), idx_oob);
	case ARRAY_NOEXIST:
		return on(array_fd(), noexist);
	case ARRAY_F_LOCK:
		return on(array_fd(), f_lock);
	case MAP_BAD_FLAGS:
		return on(hash_fd(2), bad_flags);
	case ARRAY_DELETE:
		return on(array_fd(), array_delete);
	case FROZEN_WRITE:
		return on(array_fd(), frozen_write);
	case HASH_FULL:
		return on(hash_fd(2), hash_full);
	default:
		return 1;
	}
}

static long run_row(enum row_id id)
{
	if (id < PROGARRAY_MIX)
		return run_map_row(id);
	switch ((int)id) {
	case PROGARRAY_MIX:
		return on(prog_array_fd(), progarray_mix);
	case ATTR_TAIL:
		return attr_tail(-1);
	case UNUSED_BYTES:
		return on(array_fd(), unused_bytes);
	case BAD_CMD:
		return CALL(1000);
	case ZERO_INSNS:
		return load(BPF_PROG_TYPE_SOCKET_FILTER, 0);
	case INSNS_1M:
		return load(BPF_PROG_TYPE_SOCKET_FILTER, 1000002);
	default:
		return load(1000, 2);
	}
}

int main(void)
{
	struct skep *ours;
	bool kernel;

	if (skep_new(NULL, &ours))
		return 1;
	kernel = create(BPF_MAP_TYPE_ARRAY, 4, 8, 1) == 0;
	for (enum row_id id = 0; id < ROW_CNT; id++) {
		skep = ours;
		tap_eq(run_row(id), rows[id].want, "%s", rows[id].name);
		skep = NULL;
		if (kernel)
			tap_eq(run_row(id), rows[id].want, "%s: the kernel agrees", rows[id].name);
	}
	if (!kernel)
		tap_skip("bpf(2) is refused here: no comparison with the kernel");
	skep_free(ours);
	return tap_done();
}
