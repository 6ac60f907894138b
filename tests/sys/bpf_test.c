/* SPDX-License-Identifier: BSD-2-Clause */
/* bpf(2) on an instance: maps, programs, BTF, ids, pins, info, statistics, rights of fds. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "skep/skep.h"
#include "tests/btf/btf_blob.h"
#include "tests/tap.h"

static struct skep *skep;

static long call(int cmd, union bpf_attr *attr)
{
	return skep_bpf(skep, cmd, attr, sizeof(*attr));
}

#define CALL(cmd, ...) call(cmd, &(union bpf_attr){ __VA_ARGS__ })

static uint64_t ptr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static int map_new(uint32_t type, uint32_t value, uint32_t entries, uint32_t flags)
{
	return (int)CALL(BPF_MAP_CREATE, .map_type = type, .key_size = 4, .value_size = value,
			 .max_entries = entries, .map_flags = flags, .map_name = "m");
}

/* One element command on key @key of map @fd. */
static long elem(int cmd, int fd, const uint32_t *key, void *value, uint64_t flags)
{
	return CALL(cmd, .map_fd = (uint32_t)fd, .key = ptr(key), .value = ptr(value),
		    .flags = flags);
}

static int prog_load(const struct bpf_insn *insns, uint32_t cnt)
{
	return (int)CALL(BPF_PROG_LOAD, .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
			 .insns = ptr(insns), .insn_cnt = cnt, .license = ptr("GPL"),
			 .prog_name = "p");
}

static const struct bpf_insn ret_7[] = {
	{ .code = 0xb7, .dst_reg = 0, .imm = 7 },
	{ .code = 0x95 },
};

static void test_elements(void)
{
	int fd = map_new(BPF_MAP_TYPE_HASH, 8, 8, 0);
	uint32_t key = 5, next = 0;
	uint64_t value = 99, got = 0;

	tap_ok(fd >= 0, "a hash map");
	tap_eq(elem(BPF_MAP_LOOKUP_ELEM, fd, &key, &got, 0), -ENOENT, "nothing in it");
	tap_eq(elem(BPF_MAP_UPDATE_ELEM, fd, &key, &value, 0), 0, "stored");
	tap_eq(elem(BPF_MAP_UPDATE_ELEM, fd, &key, &value, BPF_NOEXIST), -EEXIST, "once");
	tap_eq(elem(BPF_MAP_UPDATE_ELEM, fd, &key, &value, 8), -EINVAL, "map-bad-flags");
	tap_eq(elem(BPF_MAP_LOOKUP_ELEM, fd, &key, &got, 0), 0, "found");
	tap_eq(got, 99, "as stored");
	tap_eq(elem(BPF_MAP_GET_NEXT_KEY, fd, NULL, &next, 0), 0, "the first key");
	tap_eq(next, 5, "is the one");
	tap_eq(elem(BPF_MAP_GET_NEXT_KEY, fd, &key, &next, 0), -ENOENT, "and the last");
	tap_eq(elem(BPF_MAP_LOOKUP_ELEM, fd, NULL, &got, 0), -EFAULT, "no key");
	tap_eq(elem(BPF_MAP_LOOKUP_ELEM, fd, &key, (void *)8, 0), -EFAULT, "a bad address");
	tap_eq(elem(BPF_MAP_LOOKUP_ELEM, fd, &key, &got, BPF_F_LOCK), -EINVAL, "array-f-lock");
	tap_eq(elem(BPF_MAP_LOOKUP_AND_DELETE_ELEM, fd, &key, &got, 0), 0, "taken out");
	tap_eq(CALL(BPF_MAP_DELETE_ELEM, .map_fd = (uint32_t)fd, .key = ptr(&key)), -ENOENT,
	       "gone");
	tap_eq(elem(BPF_MAP_LOOKUP_ELEM, 9999, &key, &got, 0), -EBADF, "no descriptor");
	tap_eq(elem(BPF_MAP_LOOKUP_ELEM, 0, &key, &got, 0), -EINVAL, "no map");
	close(fd);
}

static void test_batch(void)
{
	int fd = map_new(BPF_MAP_TYPE_HASH, 4, 1000, 0);
	static uint32_t keys[1000], values[1000], out_keys[2000], out_values[2000];
	union bpf_attr attr = { .batch = { .keys = ptr(keys), .values = ptr(values),
					   .count = 1000, .map_fd = (uint32_t)fd } };
	uint32_t token = 0, sum = 0, total = 0;
	long err;

	for (uint32_t i = 0; i < 1000; i++) {
		keys[i] = i;
		values[i] = i * 3;
	}
	tap_eq(call(BPF_MAP_UPDATE_BATCH, &attr), 0, "a thousand updates");
	tap_eq(attr.batch.count, 1000, "all done");
	do {
		attr.batch.keys = ptr(out_keys + total);
		attr.batch.values = ptr(out_values + total);
		attr.batch.in_batch = total ? ptr(&token) : 0;
		attr.batch.out_batch = ptr(&token);
		attr.batch.count = 300;
		err = call(BPF_MAP_LOOKUP_BATCH, &attr);
		total += attr.batch.count;
	} while (!err && total <= 1000);
	for (uint32_t i = 0; i < total; i++)
		sum += out_values[i] == out_keys[i] * 3 ? out_keys[i] : 1000000;
	tap_eq(err, -ENOENT, "walked to the end");
	tap_eq(total, 1000, "over all of them");
	tap_eq(sum, 499500, "with the right values");
	attr = (union bpf_attr){ .batch = { .keys = ptr(keys), .values = ptr(values),
					    .count = 1u << 30, .map_fd = (uint32_t)fd } };
	tap_ok(call(BPF_MAP_UPDATE_BATCH, &attr) < 0, "a huge count (CVE-2021-38166)");
	attr.batch.count = 1000;
	tap_eq(call(BPF_MAP_DELETE_BATCH, &attr), 0, "all deleted");
	close(fd);
}

static void test_rights(void)
{
	int ro = map_new(BPF_MAP_TYPE_ARRAY, 4, 2, BPF_F_RDONLY);
	int wo = map_new(BPF_MAP_TYPE_ARRAY, 4, 2, BPF_F_WRONLY);
	int fd = map_new(BPF_MAP_TYPE_ARRAY, 4, 2, 0);
	uint32_t key = 0, value = 1;

	tap_eq(elem(BPF_MAP_UPDATE_ELEM, ro, &key, &value, 0), -EPERM, "read-only descriptor");
	tap_eq(elem(BPF_MAP_LOOKUP_ELEM, wo, &key, &value, 0), -EPERM, "write-only one");
	tap_eq(CALL(BPF_MAP_FREEZE, .map_fd = (uint32_t)ro), -EPERM, "cannot be frozen by it");
	tap_eq(map_new(BPF_MAP_TYPE_ARRAY, 4, 2, BPF_F_RDONLY | BPF_F_WRONLY), -EINVAL,
	       "not both");
	tap_eq(elem(BPF_MAP_UPDATE_ELEM, fd, &key, &value, 0), 0, "before freezing");
	tap_eq(CALL(BPF_MAP_FREEZE, .map_fd = (uint32_t)fd), 0, "frozen");
	tap_eq(elem(BPF_MAP_UPDATE_ELEM, fd, &key, &value, 0), -EPERM, "frozen-write");
	tap_eq(CALL(BPF_MAP_FREEZE, .map_fd = (uint32_t)fd), -EBUSY, "frozen once");
	close(ro);
	close(wo);
	close(fd);
}

static void test_mmap(void)
{
	int fd = map_new(BPF_MAP_TYPE_ARRAY, 8, 512, BPF_F_MMAPABLE);
	uint64_t *mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), got = 0;
	union bpf_attr next = { .start_id = 0 };
	uint32_t key = 3, id = 0;

	tap_ok(fd >= 0 && mem != MAP_FAILED, "a mappable array is mapped");
	if (mem == MAP_FAILED)
		return;
	mem[3] = 42;
	tap_eq(elem(BPF_MAP_LOOKUP_ELEM, fd, &key, &got, 0), 0, "looked up");
	tap_eq(got, 42, "what was written through the mapping");
	close(fd);
	tap_eq(call(BPF_MAP_GET_NEXT_ID, &next), 0, "the mapping keeps the map");
	id = next.next_id;
	fd = (int)CALL(BPF_MAP_GET_FD_BY_ID, .map_id = id);
	tap_ok(fd >= 0, "found again by its id");
	tap_ok(ftruncate(fd, 0) < 0, "a client cannot pull the memory away");
	munmap(mem, 4096);
	close(fd);
	tap_eq(CALL(BPF_MAP_GET_FD_BY_ID, .map_id = id), -ENOENT, "gone with the last of them");
}

static void test_run(int fd)
{
	uint8_t packet[64] = { 0 };
	union bpf_attr attr = { .test = { .prog_fd = (uint32_t)fd, .data_in = ptr(packet),
					  .data_size_in = sizeof(packet), .repeat = 3 } };

	tap_eq(call(BPF_PROG_TEST_RUN, &attr), 0, "runs");
	tap_eq(attr.test.retval, 7, "and returns");
	tap_eq(attr.test.data_size_out, 64, "its data's size");
	attr.test.ctx_size_in = 8;
	tap_eq(call(BPF_PROG_TEST_RUN, &attr), -EINVAL, "a context of no address");
	attr.test.ctx_size_in = 0;
	attr.test.data_in = 8;
	tap_eq(call(BPF_PROG_TEST_RUN, &attr), -EFAULT, "data at a bad address");
}

static void test_info(int fd, struct bpf_prog_info *info)
{
	struct bpf_insn xlated[4];
	uint8_t tag_zero[8] = { 0 };
	union bpf_attr attr = { .info = { .bpf_fd = (uint32_t)fd, .info = ptr(info),
					  .info_len = sizeof(*info) } };

	memset(info, 0, sizeof(*info));
	info->xlated_prog_insns = ptr(xlated);
	info->xlated_prog_len = sizeof(xlated);
	tap_eq(call(BPF_OBJ_GET_INFO_BY_FD, &attr), 0, "its info");
	tap_str(info->name, "p", "has the name");
	tap_eq(info->xlated_prog_len, 16, "the length");
	tap_ok(!memcmp(xlated, ret_7, sizeof(ret_7)), "the instructions");
	tap_eq(info->nr_map_ids, 1, "the bound map");
	tap_ok(memcmp(info->tag, tag_zero, 8), "a tag");
}

static void test_programs(void)
{
	int fd = prog_load(ret_7, 2), fd2, map;
	struct bpf_prog_info info;

	tap_ok(fd >= 0, "a program loads");
	test_run(fd);
	map = map_new(BPF_MAP_TYPE_ARRAY, 4, 1, 0);
	tap_eq(CALL(BPF_PROG_BIND_MAP, .prog_bind_map = { (uint32_t)fd, (uint32_t)map, 0 }), 0,
	       "a map bound to it");
	close(map);
	test_info(fd, &info);
	tap_eq(CALL(BPF_OBJ_PIN, .pathname = ptr("/sys/fs/bpf/p"), .bpf_fd = (uint32_t)fd), 0,
	       "pinned");
	close(fd);
	fd2 = (int)CALL(BPF_OBJ_GET, .pathname = ptr("/sys/fs/bpf/p"));
	tap_ok(fd2 >= 0, "opened by path");
	close(fd2);
	fd = (int)CALL(BPF_PROG_GET_FD_BY_ID, .prog_id = info.id);
	tap_ok(fd >= 0, "opened by id");
	tap_eq(CALL(BPF_PROG_ATTACH, .attach_bpf_fd = (uint32_t)fd), -EOPNOTSUPP, "no hook yet");
	tap_eq(CALL(BPF_LINK_CREATE, .link_create = { .prog_fd = 9999 }), -EBADF, "no program");
	close(fd);
}

/* A program that uses the program array that holds it: neither may keep the other alive. */
static void test_cycle(void)
{
	int map = map_new(BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 0);
	struct bpf_insn insns[] = {
		{ .code = 0x18, .dst_reg = 2, .src_reg = BPF_PSEUDO_MAP_FD, .imm = map },
		{ 0 },
		{ .code = 0xb7, .dst_reg = 3, .imm = 0 },
		{ .code = 0x85, .imm = BPF_FUNC_tail_call },
		{ .code = 0xb7, .dst_reg = 0, .imm = 7 },
		{ .code = 0x95 },
	};
	int prog = prog_load(insns, 6), other = prog_load(ret_7, 2);
	uint32_t key = 0, id = 0;

	tap_ok(map >= 0 && prog >= 0, "a program that tail-calls");
	tap_eq(elem(BPF_MAP_UPDATE_ELEM, map, &key, &prog, 0), 0, "into itself");
	tap_eq(elem(BPF_MAP_LOOKUP_ELEM, map, &key, &id, 0), 0, "looked up");
	tap_ok(id > 0, "as an id");
	key = 1;
	tap_eq(elem(BPF_MAP_UPDATE_ELEM, map, &key, &map, 0), -EINVAL, "a map is no program");
	tap_eq(elem(BPF_MAP_UPDATE_ELEM, map, &key, &(int){ 9999 }, 0), -EBADF, "nor is nothing");
	close(other);
	close(prog);
	tap_eq(CALL(BPF_PROG_GET_NEXT_ID, .start_id = id - 1), 0, "the array keeps the program");
	close(map);
	tap_eq(CALL(BPF_PROG_GET_NEXT_ID, .start_id = 0), -ENOENT, "gone with the last fd");
	tap_eq(CALL(BPF_MAP_GET_NEXT_ID, .start_id = 0), -ENOENT, "and so is the array");
}

static void test_refused(void)
{
	static const struct bpf_insn bad[] = { { .code = 0xff }, { .code = 0x95 } };
	char log[4096] = "";
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_XDP, .insns = ptr(bad), .insn_cnt = 2,
				.license = ptr("GPL"), .log_level = 1, .log_buf = ptr(log),
				.log_size = sizeof(log) };

	tap_eq(call(BPF_PROG_LOAD, &attr), -EINVAL, "bytes that are no instruction");
	tap_ok(strstr(log, "processed 0 insns (limit 1000000)"), "the log has its last line");
	tap_ok(strncmp(log, "processed", 9), "and a reason before that: %.*s",
	       (int)strcspn(log, "\n"), log);
	attr.log_size = 16;
	tap_eq(call(BPF_PROG_LOAD, &attr), -ENOSPC, "a log that does not fit");
	tap_eq(strlen(log), 15, "is cut and ends in a NUL");
	tap_eq(prog_load(NULL, 2), -EFAULT, "no instructions");
	tap_eq(prog_load(ret_7, 0), -E2BIG, "zero-insns");
	tap_eq(prog_load(ret_7, 1000002), -E2BIG, "too many");
}

static long typed_map(int btf, uint32_t value_bytes, uint32_t value_type)
{
	long fd = CALL(BPF_MAP_CREATE, .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
		       .value_size = value_bytes, .max_entries = 1, .btf_fd = (uint32_t)btf,
		       .btf_key_type_id = 1, .btf_value_type_id = value_type);

	if (fd >= 0)
		close((int)fd);
	return fd;
}

static void test_btf(void)
{
	static struct btf_blob b;
	struct bpf_btf_info info = { 0 };
	union bpf_attr attr = { 0 };
	char log[256] = "";
	uint32_t st, bad;
	int fd;

	blob_init(&b);
	blob_int(&b, "int", 4, 1u << 24 | 32);
	st = blob_type(&b, "pair", 4, 2, 8);
	blob_member(&b, "a", 1, 0);
	blob_member(&b, "b", 1, 32);
	bad = blob_type(&b, "bpf_spin_lock", 4, 1, 4);
	blob_member(&b, "val", 1, 0);
	bad = blob_type(&b, "holder", 4, 1, 4);
	blob_member(&b, "lock", bad - 1, 0);
	blob_finish(&b);
	fd = (int)CALL(BPF_BTF_LOAD, .btf = ptr(b.raw), .btf_size = b.raw_len);
	tap_ok(fd >= 0, "BTF loads");
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info = ptr(&info);
	attr.info.info_len = sizeof(info);
	tap_eq(call(BPF_OBJ_GET_INFO_BY_FD, &attr), 0, "its info");
	tap_eq(info.btf_size, b.raw_len, "has the size");
	tap_ok(typed_map(fd, 8, st) >= 0, "a map with types");
	tap_eq(typed_map(fd, 12, st), -EINVAL, "of the wrong size");
	tap_ok(typed_map(fd, 4, bad) >= 0, "with a spin lock");
	b.raw[0] ^= 1;
	tap_eq(CALL(BPF_BTF_LOAD, .btf = ptr(b.raw), .btf_size = b.raw_len, .btf_log_level = 1,
		    .btf_log_buf = ptr(log), .btf_log_size = sizeof(log)), -EINVAL, "bad magic");
	tap_str(log, "Invalid magic\n", "and the log says so");
	close(fd);
}

static void test_instances(void)
{
	struct skep *other, *first = skep;
	int fd = map_new(BPF_MAP_TYPE_ARRAY, 4, 1, 0);
	uint32_t key = 0, value;

	tap_eq(skep_new(NULL, &other), 0, "a second instance");
	skep = other;
	tap_eq(elem(BPF_MAP_LOOKUP_ELEM, fd, &key, &value, 0), -EINVAL,
	       "does not know the first one's maps");
	tap_eq(CALL(BPF_MAP_GET_NEXT_ID, .start_id = 0), -ENOENT, "nor their ids");
	skep = first;
	skep_free(other);
	close(fd);
}

static void test_misc(void)
{
	int fd = (int)CALL(BPF_ENABLE_STATS, .enable_stats = { .type = BPF_STATS_RUN_TIME });

	tap_ok(fd >= 0, "statistics switched on");
	close(fd);
	tap_eq(CALL(BPF_RAW_TRACEPOINT_OPEN, .raw_tracepoint = { .prog_fd = 9999 }), -EBADF,
	       "a raw tracepoint without a program");
	tap_eq(skep_bpf(skep, 36, &(union bpf_attr){ 0 }, 8), -EOPNOTSUPP, "no tokens");
	tap_eq(skep_bpf(skep, 100, &(union bpf_attr){ 0 }, 8), -EINVAL, "bad-cmd");
	tap_eq(skep_bpf(skep, 1, NULL, 8), -EFAULT, "no attr");
}

int main(void)
{
	if (skep_new(NULL, &skep))
		return 1;
	test_elements();
	test_batch();
	test_rights();
	test_mmap();
	test_cycle();
	test_programs();
	test_refused();
	test_btf();
	test_instances();
	test_misc();
	skep_free(skep);
	return tap_done();
}
