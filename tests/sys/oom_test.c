/* SPDX-License-Identifier: BSD-2-Clause */
/* Every allocation of bpf(2) may fail: BTF, maps, programs, runs, pins, info. */
#include <errno.h>
#include <linux/bpf.h>
#include <unistd.h>

#include "skep/skep.h"
#include "tests/btf/btf_blob.h"
#include "tests/oom.h"
#include "tests/tap.h"

static struct btf_blob blob;
static const struct bpf_insn insns[2] = { { .code = 0xb7, .imm = 1 }, { .code = 0x95 } };

#define CALL(skep, cmd, ...)                                                                       \
	skep_bpf(skep, cmd, &(union bpf_attr){ __VA_ARGS__ }, sizeof(union bpf_attr))

static uint64_t ptr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* Keeps the first error; closes nothing. */
static int step(int err, long ret)
{
	return err ? err : ret < 0 ? (int)ret : 0;
}

static int use_map(struct skep *skep, int fd)
{
	uint32_t key = 1, next;
	uint64_t value = 2;
	int err;

	err = step(0, CALL(skep, BPF_MAP_UPDATE_ELEM, .map_fd = (uint32_t)fd, .key = ptr(&key),
			   .value = ptr(&value)));
	err = step(err, CALL(skep, BPF_MAP_LOOKUP_ELEM, .map_fd = (uint32_t)fd, .key = ptr(&key),
			     .value = ptr(&value)));
	err = step(err, CALL(skep, BPF_MAP_GET_NEXT_KEY, .map_fd = (uint32_t)fd,
			     .next_key = ptr(&next)));
	return step(err, CALL(skep, BPF_OBJ_PIN, .pathname = ptr("/sys/fs/bpf/m"),
			      .bpf_fd = (uint32_t)fd));
}

static int use_prog(struct skep *skep, int fd)
{
	uint8_t packet[64] = { 0 };
	struct bpf_prog_info info = { 0 };
	int err;

	err = step(0, CALL(skep, BPF_PROG_TEST_RUN,
			   .test = { .prog_fd = (uint32_t)fd, .data_in = ptr(packet),
				     .data_size_in = sizeof(packet) }));
	return step(err, CALL(skep, BPF_OBJ_GET_INFO_BY_FD,
			      .info = { .bpf_fd = (uint32_t)fd, .info = ptr(&info),
					.info_len = sizeof(info) }));
}

static int use_all(struct skep *skep)
{
	long btf, map = -1, prog = -1;
	int err;

	btf = CALL(skep, BPF_BTF_LOAD, .btf = ptr(blob.raw), .btf_size = blob.raw_len);
	err = step(0, btf);
	if (!err) {
		map = CALL(skep, BPF_MAP_CREATE, .map_type = BPF_MAP_TYPE_HASH, .key_size = 4,
			   .value_size = 8, .max_entries = 4, .btf_fd = (uint32_t)btf,
			   .btf_key_type_id = 1, .btf_value_type_id = blob.type_cnt);
		err = step(err, map);
	}
	if (!err)
		err = use_map(skep, (int)map);
	if (!err) {
		prog = CALL(skep, BPF_PROG_LOAD, .prog_type = BPF_PROG_TYPE_XDP,
			    .insns = ptr(insns), .insn_cnt = 2, .license = ptr("GPL"));
		err = step(err, prog);
	}
	if (!err)
		err = use_prog(skep, (int)prog);
	if (btf >= 0)
		close((int)btf);
	if (map >= 0)
		close((int)map);
	if (prog >= 0)
		close((int)prog);
	return err;
}

static int one_round(void *arg)
{
	struct skep *skep;
	int err = skep_new(NULL, &skep);

	(void)arg;
	if (err)
		return err;
	err = use_all(skep);
	skep_free(skep);
	return err;
}

int main(void)
{
	blob_init(&blob);
	blob_int(&blob, "int", 4, 1u << 24 | 32);
	blob_type(&blob, "pair", 4, 2, 8);
	blob_member(&blob, "a", 1, 0);
	blob_member(&blob, "b", 1, 32);
	blob_finish(&blob);
	oom_sweep(one_round, NULL, "bpf(2)");
	return tap_done();
}
