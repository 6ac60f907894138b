/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random and mutated BTF: btf_parse() and the running kernel's BPF_BTF_LOAD must give the same
 * errno. Takes --count N, --seed N and --no-kernel (then only: no crash, and what parses can be
 * asked for everything).
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/btf/btf_gen.h"
#include "tests/tap.h"

static int kernel_load(const void *raw, uint32_t len)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)raw;
	attr.btf_size = len;
	fd = syscall(SYS_bpf, BPF_BTF_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

static bool one(struct btf_blob *b, bool kernel, uint32_t *good_cnt)
{
	struct str log = STR_INIT;
	struct btf *btf;
	int ours, theirs;

	make_blob(b);
	ours = btf_parse(b->raw, b->raw_len, &log, &btf);
	theirs = kernel ? kernel_load(b->raw, b->raw_len) : ours;
	if (!ours) {
		++*good_cnt;
		ask_all(btf);
		btf_put(btf);
	}
	if (ours != theirs)
		tap_diag("kernel %d, we %d: %s", theirs, ours, str_c(&log));
	str_fini(&log);
	return ours == theirs;
}

int main(int argc, char **argv)
{
	static struct btf_blob blob;
	uint32_t count = 20000, good = 0, bad = 0;
	uint64_t seed = 1;
	bool kernel = true;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--count") && i + 1 < argc)
			count = (uint32_t)strtoul(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--no-kernel"))
			kernel = false;
	}
	rng_state = seed;
	blob_init(&blob);
	blob_int(&blob, "int", 4, 1u << 24 | 32);
	blob_finish(&blob);
	if (kernel && kernel_load(blob.raw, blob.raw_len)) {
		tap_skip("the kernel's BPF_BTF_LOAD is refused here: parser alone");
		kernel = false;
	}
	for (uint32_t i = 0; i < count && bad < 10; i++) {
		uint64_t state = rng_state;

		if (!one(&blob, kernel, &good)) {
			tap_diag("case %u, state %llu", i, (unsigned long long)state);
			bad++;
		}
	}
	tap_eq(bad, 0, "%u blocks (seed %llu), same verdict", count, (unsigned long long)seed);
	tap_ok(good > count / 50, "%u of them are good", good);
	return tap_done();
}
