/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random attrs: every command on every kind of object and on bad descriptors, templates with some
 * words changed. Nothing may crash, and on pairs of equal objects our errno must be the running
 * kernel's. Commands that would change the machine (attach, pin) go to us alone.
 *
 * --count N --seed N --no-kernel
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "skep/skep.h"
#include "tests/btf/btf_blob.h"
#include "tests/tap.h"

#define CMD_CNT	   38
#define ATTR_BYTES 168
#define PAIRS_MAX  64

/* One object twice: here and in the kernel. */
struct pair {
	int ours, theirs;
	const char *name;
};

static struct skep *skep;
static bool with_kernel = true;
static uint64_t rng_state;
static struct pair pairs[PAIRS_MAX];
static uint32_t pair_cnt;
static uint8_t keys[4096], values[1 << 16], values_in[1 << 16], log_buf[4096];
static struct btf_blob blob;
/* return 1, which every type of program may */
static const struct bpf_insn insns[2] = { { .code = 0xb7, .imm = 1 }, { .code = 0x95 } };

static uint32_t rnd(uint32_t below)
{
	rng_state = rng_state * 6364136223846793005ull + 1442695040888963407ull;
	return below ? (uint32_t)(rng_state >> 33) % below : 0;
}

static uint64_t ptr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static long kernel_call(int cmd, void *attr, unsigned int size)
{
	long ret = syscall(SYS_bpf, cmd, attr, size);

	return ret < 0 ? -errno : ret;
}

static void pair_add(const char *name, int cmd, const union bpf_attr *attr)
{
	struct pair *p = &pairs[pair_cnt++];
	union bpf_attr copy = *attr;

	p->name = name;
	p->ours = (int)skep_bpf(skep, cmd, &copy, sizeof(copy));
	copy = *attr;
	p->theirs = with_kernel ? (int)kernel_call(cmd, &copy, sizeof(copy)) : p->ours;
	/* What one of the two does not have is not compared. */
	if (p->ours < 0 || p->theirs < 0) {
		if (p->ours >= 0)
			close(p->ours);
		if (p->theirs >= 0 && with_kernel)
			close(p->theirs);
		pair_cnt--;
	}
}

static void make_pairs(void)
{
	static const struct {
		const char *name;
		uint32_t type, key, value, entries, flags;
	} maps[] = {
		{ "array", BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0 },
		{ "array mmapable", BPF_MAP_TYPE_ARRAY, 4, 8, 4, BPF_F_MMAPABLE },
		{ "array rdonly", BPF_MAP_TYPE_ARRAY, 4, 8, 4, BPF_F_RDONLY },
		{ "array wronly", BPF_MAP_TYPE_ARRAY, 4, 8, 4, BPF_F_WRONLY },
		{ "percpu array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 4, 0 },
		{ "hash", BPF_MAP_TYPE_HASH, 4, 8, 4, 0 },
		{ "hash no prealloc", BPF_MAP_TYPE_HASH, 8, 8, 4, BPF_F_NO_PREALLOC },
		{ "percpu hash", BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 4, 0 },
		{ "lru hash", BPF_MAP_TYPE_LRU_HASH, 4, 8, 640, 0 },
		{ "lru percpu hash", BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 8, 640, 0 },
		{ "prog array", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0 },
		{ "lpm trie", BPF_MAP_TYPE_LPM_TRIE, 8, 8, 4, BPF_F_NO_PREALLOC },
		{ "devmap", BPF_MAP_TYPE_DEVMAP, 4, 4, 4, 0 },
		{ "devmap hash", BPF_MAP_TYPE_DEVMAP_HASH, 4, 4, 4, 0 },
		{ "queue", BPF_MAP_TYPE_QUEUE, 0, 8, 4, 0 },
		{ "stack", BPF_MAP_TYPE_STACK, 0, 8, 4, 0 },
		{ "ringbuf", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0 },
		{ "bloom filter", BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 4, 0 },
	};

	for (uint32_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		pair_add(maps[i].name, BPF_MAP_CREATE,
			 &(union bpf_attr){ .map_type = maps[i].type, .key_size = maps[i].key,
					    .value_size = maps[i].value,
					    .max_entries = maps[i].entries,
					    .map_flags = maps[i].flags });
	pair_add("socket filter", BPF_PROG_LOAD,
		 &(union bpf_attr){ .prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
				    .insns = ptr(insns), .insn_cnt = 2, .license = ptr("GPL") });
	pair_add("xdp", BPF_PROG_LOAD,
		 &(union bpf_attr){ .prog_type = BPF_PROG_TYPE_XDP, .insns = ptr(insns),
				    .insn_cnt = 2, .license = ptr("GPL") });
	pair_add("btf", BPF_BTF_LOAD,
		 &(union bpf_attr){ .btf = ptr(blob.raw), .btf_size = blob.raw_len });
}

/* A call for both: fds differ, all else is the same. */
struct sample {
	int cmd;
	uint32_t size;
	union {
		union bpf_attr attr;
		uint8_t bytes[ATTR_BYTES + 32];
		uint32_t words[(ATTR_BYTES + 32) / 4];
	} ours;
	uint8_t theirs[ATTR_BYTES + 32];
	uint32_t fd_off; /* 0xffff: no descriptor */
	uint32_t pair;	 /* PAIRS_MAX: a bad one */
};

static const uint32_t some_words[] = { 0, 1, 2, 3, 4, 7, 8, 16, 64, 0x400, 0x1000, 0x10000,
				       0x7fffffff, 0x80000000, 0xffffffff };

static void fill_elem(struct sample *s)
{
	s->ours.attr.key = rnd(12) ? ptr(keys) : rnd(2) ? 0 : 8;
	s->ours.attr.value = rnd(12) ? ptr(values_in) : rnd(2) ? 0 : 8;
	if (s->cmd == BPF_MAP_LOOKUP_ELEM || s->cmd == BPF_MAP_GET_NEXT_KEY ||
	    s->cmd == BPF_MAP_LOOKUP_AND_DELETE_ELEM)
		s->ours.attr.value = rnd(12) ? ptr(values) : 8;
	if (s->cmd != BPF_MAP_DELETE_ELEM && s->cmd != BPF_MAP_GET_NEXT_KEY)
		s->ours.attr.flags = rnd(3) ? 0 : some_words[rnd(8)];
	memset(keys, 0, 16);
	keys[0] = (uint8_t)rnd(6);
	if (rnd(20) == 0)
		keys[3] = 0xff;
	s->fd_off = 0;
}

static void fill_batch(struct sample *s)
{
	s->ours.attr.batch.keys = rnd(10) ? ptr(keys) : 8;
	s->ours.attr.batch.values = rnd(10) ? ptr(values) : 8;
	s->ours.attr.batch.out_batch = rnd(10) ? ptr(values + 60000) : 8;
	s->ours.attr.batch.count = rnd(4) ? rnd(4) : rnd(2) ? 0x40000000 : 5;
	/* How much one call takes out depends on the buckets: nothing, or more than there is. */
	if (s->cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH)
		s->ours.attr.batch.count = rnd(2) ? 0 : 100;
	s->ours.attr.batch.elem_flags = rnd(5) ? 0 : some_words[rnd(8)];
	s->ours.attr.batch.flags = rnd(12) ? 0 : 1;
	memset(keys, 0, 64);
	for (uint32_t i = 0; i < 8; i++)
		keys[i * 4] = (uint8_t)rnd(6);
	s->fd_off = 36;
}

static void fill_map_create(struct sample *s)
{
	union bpf_attr *a = &s->ours.attr;
	static const uint32_t types[] = { 1, 2, 2, 3, 5, 6, 9, 10 };

	a->map_type = rnd(12) ? types[rnd(8)] : 40 + rnd(3);
	a->key_size = rnd(6) ? 4 : some_words[rnd(12)];
	a->value_size = rnd(4) ? 4 + rnd(9) : some_words[rnd(12)];
	a->max_entries = rnd(4) ? 1 + rnd(20) : some_words[rnd(11)];
	a->map_flags = rnd(3) ? 0 : 1u << rnd(20);
	if (a->map_flags & (BPF_F_NUMA_NODE))
		a->numa_node = rnd(2) ? 0 : 0xffff;
	if (rnd(8) == 0)
		memcpy(a->map_name, rnd(2) ? "a b" : "ok_name.1", 4);
	if (rnd(20) == 0)
		a->map_extra = 1;
	if (rnd(20) == 0)
		a->btf_key_type_id = 1;
	if (rnd(30) == 0)
		a->map_ifindex = 1;
}

static void fill_prog_load(struct sample *s)
{
	union bpf_attr *a = &s->ours.attr;
	static const uint32_t types[] = { 1, 2, 3, 5, 6, 8, 9, 14, 18, 21, 22, 25, 26, 31, 32 };

	a->prog_type = rnd(8) ? types[rnd(15)] : rnd(36);
	a->insns = rnd(12) ? ptr(insns) : 8;
	a->insn_cnt = rnd(8) ? 2 : some_words[rnd(15)];
	if (a->insn_cnt > 2 && a->insn_cnt < 1000001)
		a->insn_cnt = 2;
	a->license = rnd(12) ? ptr("GPL") : 8;
	a->prog_flags = rnd(4) ? 0 : 1u << rnd(18);
	a->expected_attach_type = rnd(3) ? 0 : rnd(60);
	if (rnd(8) == 0)
		memcpy(a->prog_name, rnd(2) ? "a b" : "ok_name.1", 4);
	if (rnd(5) == 0) {
		a->log_level = some_words[rnd(8)];
		a->log_size = rnd(3) ? sizeof(log_buf) : some_words[rnd(9)];
		a->log_buf = rnd(4) ? ptr(log_buf) : 0;
	}
	if (rnd(10) == 0)
		a->attach_btf_id = 1;
	if (rnd(20) == 0)
		a->func_info_cnt = 1;
	if (rnd(20) == 0)
		a->line_info_cnt = 1;
}

static void fill_info(struct sample *s)
{
	memset(values, 0, 512);
	if (rnd(16) == 0)
		values[232 + rnd(80)] = 1; /* behind what the structs have */
	s->ours.attr.info.info = rnd(12) ? ptr(values) : 8;
	s->ours.attr.info.info_len = rnd(3) ? 8 * rnd(32) : some_words[rnd(15)];
	s->fd_off = 0;
}

static void fill_btf(struct sample *s)
{
	union bpf_attr *a = &s->ours.attr;

	a->btf = rnd(10) ? ptr(blob.raw) : 8;
	a->btf_size = rnd(4) ? blob.raw_len : some_words[rnd(15)];
	if (rnd(2)) {
		a->btf_log_level = some_words[rnd(7)];
		/* Room for all: the kernel's log of a good block is longer than ours. */
		a->btf_log_size = rnd(3) ? sizeof(log_buf) : 0;
		a->btf_log_buf = rnd(4) ? ptr(log_buf) : 0;
	}
}

static void fill_test_run(struct sample *s)
{
	union bpf_attr *a = &s->ours.attr;

	a->test.data_size_in = rnd(3) ? 14 + rnd(100) : some_words[rnd(11)];
	a->test.data_in = rnd(10) || a->test.data_size_in - 14 > 200 ? ptr(values_in) : 8;
	a->test.data_out = rnd(2) ? 0 : ptr(values);
	a->test.data_size_out = rnd(2) ? 0 : rnd(200);
	a->test.repeat = rnd(3);
	if (rnd(8) == 0)
		a->test.ctx_size_in = some_words[rnd(10)];
	if (rnd(8) == 0)
		a->test.ctx_in = ptr(values_in);
	s->fd_off = 0;
	/* The kernel looks at these, and the size, before it reads data, we after that. */
	if (a->test.data_in == 8)
		return;
	if (rnd(16) == 0)
		a->test.flags = 1u << rnd(4) << 3;
	if (rnd(16) == 0)
		a->test.cpu = rnd(5);
	if (rnd(16) == 0)
		a->test.batch_size = 1;
}

static void fill_ids(struct sample *s)
{
	s->ours.attr.start_id = rnd(2) ? 0x7ffffff0 + rnd(32) : some_words[12 + rnd(3)];
	if (s->cmd == BPF_MAP_GET_FD_BY_ID)
		s->ours.attr.open_flags = rnd(3) ? 0 : some_words[rnd(9)];
}

static void fill(struct sample *s)
{
	switch (s->cmd) {
	case BPF_MAP_CREATE:
		fill_map_create(s);
		break;
	case BPF_MAP_LOOKUP_ELEM:
	case BPF_MAP_UPDATE_ELEM:
	case BPF_MAP_DELETE_ELEM:
	case BPF_MAP_GET_NEXT_KEY:
	case BPF_MAP_LOOKUP_AND_DELETE_ELEM:
		fill_elem(s);
		break;
	case BPF_MAP_LOOKUP_BATCH:
	case BPF_MAP_LOOKUP_AND_DELETE_BATCH:
	case BPF_MAP_UPDATE_BATCH:
	case BPF_MAP_DELETE_BATCH:
		fill_batch(s);
		break;
	case BPF_PROG_LOAD:
		fill_prog_load(s);
		break;
	case BPF_PROG_TEST_RUN:
		fill_test_run(s);
		break;
	case BPF_OBJ_GET_INFO_BY_FD:
		fill_info(s);
		break;
	case BPF_BTF_LOAD:
		fill_btf(s);
		break;
	case BPF_PROG_GET_NEXT_ID:
	case BPF_MAP_GET_NEXT_ID:
	case BPF_BTF_GET_NEXT_ID:
	case BPF_LINK_GET_NEXT_ID:
	case BPF_PROG_GET_FD_BY_ID:
	case BPF_MAP_GET_FD_BY_ID:
	case BPF_BTF_GET_FD_BY_ID:
	case BPF_LINK_GET_FD_BY_ID:
		fill_ids(s);
		break;
	default: /* whatever else: any bytes */
		for (uint32_t i = 0; i < 8; i++)
			s->ours.words[rnd(ATTR_BYTES / 4)] = some_words[rnd(15)];
		s->fd_off = rnd(2) ? 0 : 4;
	}
}

/* What goes to the kernel as well: it must not change the machine or take long. */
static bool comparable(const struct sample *s)
{
	switch (s->cmd) {
	case BPF_MAP_CREATE:
	case BPF_MAP_LOOKUP_ELEM:
	case BPF_MAP_UPDATE_ELEM:
	case BPF_MAP_DELETE_ELEM:
	case BPF_MAP_GET_NEXT_KEY:
	case BPF_PROG_TEST_RUN:
	case BPF_PROG_GET_NEXT_ID:
	case BPF_MAP_GET_NEXT_ID:
	case BPF_BTF_GET_NEXT_ID:
	case BPF_LINK_GET_NEXT_ID:
	case BPF_PROG_GET_FD_BY_ID:
	case BPF_MAP_GET_FD_BY_ID:
	case BPF_BTF_GET_FD_BY_ID:
	case BPF_LINK_GET_FD_BY_ID:
	case BPF_OBJ_GET_INFO_BY_FD:
	case BPF_BTF_LOAD:
	case BPF_MAP_LOOKUP_AND_DELETE_ELEM:
	case BPF_MAP_LOOKUP_BATCH:
	case BPF_MAP_LOOKUP_AND_DELETE_BATCH:
	case BPF_MAP_UPDATE_BATCH:
	case BPF_MAP_DELETE_BATCH:
		return true;
	case BPF_PROG_LOAD: /* types that not every kernel is built with or allows */
		return s->ours.attr.prog_type != BPF_PROG_TYPE_LIRC_MODE2 &&
		       (s->ours.attr.prog_type < BPF_PROG_TYPE_TRACING ||
			s->ours.attr.prog_type > BPF_PROG_TYPE_LSM);
	default:
		return false;
	}
}

static void make_sample(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	s->cmd = (int)rnd(CMD_CNT);
	s->size = ATTR_BYTES;
	s->fd_off = 0xffff;
	s->pair = rnd(16) ? rnd(pair_cnt) : PAIRS_MAX;
	fill(s);
	if (rnd(12) == 0) { /* bytes that the command does not know, or beyond all */
		uint32_t at = rnd(ATTR_BYTES + 32);

		if (s->cmd != BPF_PROG_LOAD || at >= ATTR_BYTES)
			s->ours.bytes[at > 100 ? at : 100] = 1;
		s->size = at >= ATTR_BYTES ? ATTR_BYTES + 32 : s->size;
	}
	memcpy(s->theirs, s->ours.bytes, sizeof(s->theirs));
	if (s->fd_off != 0xffff) {
		int ours = s->pair < PAIRS_MAX ? pairs[s->pair].ours : rnd(2) ? 0 : 99999;
		int theirs = s->pair < PAIRS_MAX ? pairs[s->pair].theirs : ours;

		memcpy(s->ours.bytes + s->fd_off, &ours, 4);
		memcpy(s->theirs + s->fd_off, &theirs, 4);
	}
}

/* How far a lookup in batches gets depends on the buckets, which are not the kernel's. */
static bool batch_went_on(long ret)
{
	return ret >= 0 || ret == -ENOENT || ret == -ENOSPC;
}

static bool same(const struct sample *s, long ours, long theirs)
{
	if (s->cmd == BPF_MAP_LOOKUP_BATCH &&
	    (ours == -ENOSPC || theirs == -ENOSPC ||
	     (batch_went_on(ours) && batch_went_on(theirs))))
		return true;
	/* Nor is the order of keys, so what is the last one here may not be there. */
	if (s->cmd == BPF_MAP_GET_NEXT_KEY &&
	    (s->ours.attr.value == 8 || (batch_went_on(ours) && batch_went_on(theirs))))
		return true;
	return ours >= 0 ? theirs >= 0 : ours == theirs;
}

static long elem_call(bool kernel, int cmd, int fd, void *value)
{
	union bpf_attr attr = { .map_fd = (uint32_t)fd };

	if (cmd == BPF_MAP_DELETE_ELEM)
		attr.key = ptr(value);
	else
		attr.next_key = ptr(value);
	return kernel ? kernel_call(cmd, &attr, sizeof(attr))
		      : skep_bpf(skep, cmd, &attr, sizeof(attr));
}

static void empty_map(bool kernel, int fd)
{
	uint8_t key[64];

	for (uint32_t i = 0; i < 200; i++) {
		if (elem_call(kernel, BPF_MAP_GET_NEXT_KEY, fd, key) ||
		    elem_call(kernel, BPF_MAP_DELETE_ELEM, fd, key))
			break;
	}
}

/* What a failed call did before it failed is not the same everywhere: both start anew. */
static void even_out(const struct sample *s)
{
	if (s->pair >= PAIRS_MAX || !strncmp(pairs[s->pair].name, "array", 5))
		return;
	empty_map(false, pairs[s->pair].ours);
	empty_map(true, pairs[s->pair].theirs);
}

static bool changes_elements(int cmd)
{
	return cmd == BPF_MAP_LOOKUP_AND_DELETE_ELEM || cmd == BPF_MAP_UPDATE_BATCH ||
	       cmd == BPF_MAP_DELETE_BATCH || cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH;
}

static bool one(struct sample *s)
{
	uint8_t before[512];
	bool fd_result;
	long ours, theirs;

	make_sample(s);
	fd_result = s->cmd == BPF_MAP_CREATE || s->cmd == BPF_PROG_LOAD ||
		    s->cmd == BPF_BTF_LOAD || s->cmd == BPF_ENABLE_STATS;
	memcpy(before, values, sizeof(before));
	ours = skep_bpf(skep, s->cmd, s->ours.bytes, s->size);
	/* Info structs are input, too: what we wrote is not the kernel's to read. */
	memcpy(values, before, sizeof(before));
	if (ours >= 0 && fd_result)
		close((int)ours);
	if (!with_kernel || !comparable(s))
		return true;
	theirs = kernel_call(s->cmd, s->theirs, s->size);
	if (theirs >= 0 && fd_result)
		close((int)theirs);
	if ((ours < 0 || theirs < 0) && changes_elements(s->cmd))
		even_out(s);
	if (!same(s, ours, theirs)) {
		tap_diag("cmd %d on %s: kernel %ld, we %ld", s->cmd,
			 s->fd_off == 0xffff ? "-" :
			 s->pair < PAIRS_MAX ? pairs[s->pair].name : "bad fd", theirs, ours);
		for (uint32_t i = 0; i < ATTR_BYTES / 4; i++) {
			if (s->ours.words[i])
				tap_diag("  word %u = 0x%x", i, s->ours.words[i]);
		}
	}
	return same(s, ours, theirs);
}

int main(int argc, char **argv)
{
	static struct sample s;
	uint32_t count = 60000, bad = 0;
	uint64_t seed = 1;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--count") && i + 1 < argc)
			count = (uint32_t)strtoul(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--no-kernel"))
			with_kernel = false;
	}
	rng_state = seed;
	if (skep_new(NULL, &skep))
		return 1;
	blob_init(&blob);
	blob_int(&blob, "int", 4, 1u << 24 | 32);
	blob_finish(&blob);
	if (with_kernel) {
		union bpf_attr attr = { .btf = ptr(blob.raw), .btf_size = blob.raw_len };
		long fd = kernel_call(BPF_BTF_LOAD, &attr, sizeof(attr));

		with_kernel = fd >= 0;
		if (fd >= 0)
			close((int)fd);
		else
			tap_skip("bpf(2) is refused here: no comparison with the kernel");
	}
	make_pairs();
	tap_ok(pair_cnt >= 10, "%u kinds of objects", pair_cnt);
	for (uint32_t i = 0; i < count && bad < 20; i++)
		bad += !one(&s);
	tap_eq(bad, 0, "%u calls (seed %llu), same errno", count, (unsigned long long)seed);
	for (uint32_t i = 0; i < pair_cnt; i++)
		close(pairs[i].ours);
	skep_free(skep);
	return tap_done();
}
