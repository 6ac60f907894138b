/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same with and without inlined calls: generated programs look up, update and delete in every
 * type of map that programs can, with constant keys, bounded ones and keys outside, on four
 * instances: watched, proved with plain calls, proved with inlined ones, and those untrusted
 * (indices masked). Every run must give the same result.
 *
 *	inline_diff_test [--count N] [--seed N]
 */
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "base/bytes.h"
#include "base/rand.h"
#include "core/skep.h"
#include "isa/isa.h"
#include "isa/text.h"
#include "skep/skep.h"
#include "spec/helper.h"
#include "tests/tap.h"

#define INSNS_MAX  400
#define RUNS	   4
#define PACKET	   64
#define KEY	   (-32) /* of the frame: 16 bytes */
#define VALUE	   (-96) /* 48 bytes */
#define OP(id, dst, src, off, imm) put(g, ISA_##id, (struct fields){ dst, src, off, imm })

enum { GUARD, CALLS, INLINE, MASKED, INSTANCES };

struct row {
	enum bpf_map_type type;
	u32 key_bytes, value_bytes, max, flags;
	u32 deletes; /* programs may delete */
};

/* LRU maps are never full: what they evict depends on their seed. */
static const struct row rows[] = {
	{ BPF_MAP_TYPE_ARRAY, 4, 8, 8, 0, 1 },
	{ BPF_MAP_TYPE_ARRAY, 4, 40, 5, 0, 1 },
	{ BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0, 1 },
	{ BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 9, 0, 1 },
	{ BPF_MAP_TYPE_PERCPU_ARRAY, 4, 48, 9, 0, 1 },
	{ BPF_MAP_TYPE_HASH, 4, 8, 6, 0, 1 },
	{ BPF_MAP_TYPE_HASH, 8, 16, 6, 0, 1 },
	{ BPF_MAP_TYPE_HASH, 16, 8, 6, 0, 1 },
	{ BPF_MAP_TYPE_HASH, 12, 8, 6, BPF_F_NO_PREALLOC, 1 },
	{ BPF_MAP_TYPE_PERCPU_HASH, 8, 8, 6, 0, 1 },
	{ BPF_MAP_TYPE_PERCPU_HASH, 13, 8, 6, 0, 1 },
	{ BPF_MAP_TYPE_LRU_HASH, 8, 8, 64, 0, 1 },
	{ BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 8, 64, 0, 1 },
	{ BPF_MAP_TYPE_LPM_TRIE, 8, 8, 6, BPF_F_NO_PREALLOC, 1 },
	{ BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 6, 0, 0 },
	{ BPF_MAP_TYPE_HASH_OF_MAPS, 8, 4, 6, 0, 0 },
};

#define ROWS ARRAY_SIZE(rows)

struct gen {
	u64 rand[4];
	struct insn insns[INSNS_MAX];
	u32 cnt;
	const int *fds;
};

struct fields {
	u32 dst, src;
	s32 off, imm;
};

static void put(struct gen *g, enum isa_op op, struct fields f)
{
	struct insn i = isa_template(op);

	i.dst = (u8)(f.dst & 0xf);
	if (isa_info(op)->src != ISA_REG_SEL)
		i.src = (u8)(f.src & 0xf);
	if (isa_info(op)->off != ISA_OFF_SEL)
		i.off = (s16)f.off;
	if (isa_info(op)->imm != ISA_IMM_SEL)
		i.imm = f.imm;
	if (g->cnt < INSNS_MAX)
		g->insns[g->cnt++] = i;
}

static u32 below(struct gen *g, u32 n)
{
	return rand_below(g->rand, n);
}

/* A key at KEY: zeros, and a word that is a constant in one of two ways, or from the packet. */
static void put_key(struct gen *g, const struct row *row)
{
	s32 at = row->type == BPF_MAP_TYPE_LPM_TRIE ? KEY + 4 : KEY;
	s32 value = (s32)below(g, row->max + 2);

	OP(ST_DW, 10, 0, KEY, 0);
	OP(ST_DW, 10, 0, KEY + 8, 0);
	if (at != KEY)
		OP(ST_W, 10, 0, KEY, (s32)below(g, 34));
	switch (below(g, 5)) {
	case 0:
		OP(ST_W, 10, 0, at, value);
		break;
	case 1: /* a spill, which the verifier knows; rarely a wide one, of which half is the key */
		OP(MOV64_K, 1, 0, 0, below(g, 6) ? value : -1);
		if (below(g, 3))
			OP(STX_W, 10, 1, at, 0);
		else
			OP(STX_DW, 10, 1, at & ~7, 0);
		break;
	default:
		OP(LDX_B, 1, 7, (s32)below(g, PACKET), 0);
		OP(AND64_K, 1, 0, 0, (s32)(below(g, 4) ? 7 : 15));
		if (!below(g, 8))
			OP(LSH64_K, 1, 0, 0, 28);
		OP(STX_W, 10, 1, at, 0);
		break;
	}
}

static void put_args(struct gen *g, u32 n)
{
	put(g, ISA_LDDW_MAP_FD, (struct fields){ 1, 0, 0, g->fds[n] });
	g->insns[g->cnt++] = insn_make(0, 0, 0, 0, 0);
	OP(MOV64_X, 2, 10, 0, 0);
	/* Arrays: the upper half of a wide spill too, which is no constant that its low half is. */
	OP(ADD64_K, 2, 0, 0, rows[n].key_bytes == 4 && !below(g, 12) ? KEY + 4 : KEY);
}

/* r9 = r9 * 31 + r0 */
static void put_fold(struct gen *g)
{
	OP(MUL64_K, 9, 0, 0, 31);
	OP(ADD64_X, 9, 0, 0, 0);
}

/* What r0 points to goes into r9, and changes. */
static void put_use(struct gen *g)
{
	OP(JEQ64_K, 0, 0, 6, 0);
	OP(LDX_DW, 3, 0, 0, 0);
	OP(MUL64_K, 9, 0, 0, 31);
	OP(ADD64_X, 9, 3, 0, 0);
	OP(ADD64_K, 3, 0, 0, 77);
	OP(STX_DW, 0, 3, 0, 0);
	OP(JA, 0, 0, 1, 0);
	OP(XOR64_K, 9, 0, 0, 0x5555);
}

static void put_inner(struct gen *g, u32 n)
{
	u32 jump;

	put_key(g, &rows[n]);
	put_args(g, n);
	OP(CALL_HELPER, 0, 0, 0, HELPER_map_lookup_elem);
	jump = g->cnt;
	OP(JEQ64_K, 0, 0, 0, 0);
	OP(MOV64_X, 1, 0, 0, 0);
	OP(ST_DW, 10, 0, KEY, 0);
	OP(LDX_B, 3, 7, (s32)below(g, PACKET), 0);
	OP(AND64_K, 3, 0, 0, 7);
	OP(STX_W, 10, 3, KEY, 0);
	OP(MOV64_X, 2, 10, 0, 0);
	OP(ADD64_K, 2, 0, 0, KEY);
	OP(CALL_HELPER, 0, 0, 0, HELPER_map_lookup_elem);
	put_use(g);
	g->insns[jump].off = (s16)(g->cnt - jump - 1);
	OP(ADD64_K, 9, 0, 0, 3);
}

static void put_operation(struct gen *g)
{
	u32 n = below(g, ROWS), kind = below(g, 4);

	if (rows[n].value_bytes == 4) {
		put_inner(g, n);
		return;
	}
	if (!below(g, 16)) {
		OP(CALL_HELPER, 0, 0, 0, HELPER_get_smp_processor_id);
		put_fold(g);
		return;
	}
	put_key(g, &rows[n]);
	if (kind == 1)
		for (s32 i = 0; i < 48; i += 8)
			OP(STX_DW, 10, 9, VALUE + i, 0);
	put_args(g, n);
	if (kind == 1) {
		OP(MOV64_X, 3, 10, 0, 0);
		OP(ADD64_K, 3, 0, 0, VALUE);
		OP(MOV64_K, 4, 0, 0, (s32)below(g, 4));
		OP(CALL_HELPER, 0, 0, 0, HELPER_map_update_elem);
		put_fold(g);
	} else if (kind == 2) {
		OP(CALL_HELPER, 0, 0, 0, HELPER_map_delete_elem);
		put_fold(g);
	} else {
		OP(CALL_HELPER, 0, 0, 0, HELPER_map_lookup_elem);
		put_use(g);
	}
}

static void generate(struct gen *g, u32 operations)
{
	g->cnt = 0;
	OP(LDX_W, 7, 1, 0, 0);
	OP(LDX_W, 8, 1, 4, 0);
	OP(MOV64_X, 2, 7, 0, 0);
	OP(ADD64_K, 2, 0, 0, PACKET);
	OP(MOV64_K, 9, 0, 0, 1);
	OP(JLE64_X, 2, 8, 2, 0);
	OP(MOV64_K, 0, 0, 0, 0);
	OP(EXIT, 0, 0, 0, 0);
	while (operations--)
		put_operation(g);
	OP(MOV64_X, 0, 9, 0, 0);
	OP(RSH64_K, 0, 0, 0, 32);
	OP(XOR64_X, 0, 9, 0, 0);
	OP(EXIT, 0, 0, 0, 0);
}

static int map_make(struct skep *skep, const struct row *row, int inner_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = row->type;
	attr.key_size = row->key_bytes;
	attr.value_size = row->value_bytes;
	attr.max_entries = row->max;
	attr.map_flags = row->flags;
	if (row->value_bytes == 4)
		attr.inner_map_fd = (u32)inner_fd;
	return (int)skep_bpf(skep, BPF_MAP_CREATE, &attr, sizeof(attr));
}

/* Every other element of the maps of maps holds the inner map. */
static bool fill_outer(struct skep *skep, int fd, int inner_fd)
{
	union bpf_attr attr;
	u64 key;

	for (u32 n = 0; n < 6; n += 2) {
		key = 0;
		store_u32(&key, n);
		memset(&attr, 0, sizeof(attr));
		attr.map_fd = (u32)fd;
		attr.key = ptr_to_u64(&key);
		attr.value = ptr_to_u64(&inner_fd);
		if (skep_bpf(skep, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)))
			return false;
	}
	return true;
}

static struct skep *instance(u32 which, int *fds)
{
	static const struct row inner_rows[] = { { BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0, 0 },
						 { BPF_MAP_TYPE_HASH, 4, 8, 4, 0, 0 } };
	struct skep_opts opts = {
		.size = sizeof(opts),
		.cpus = 3,
		.check = which == GUARD ? SKEP_CHECK_GUARD : SKEP_CHECK_PROVE,
		.rights = which == MASKED ? SKEP_RIGHTS_BPF : SKEP_RIGHTS_ALL,
	};
	struct skep *skep;
	bool ok = true;

	if (skep_new(&opts, &skep))
		exit(1);
	skep->no_inline = which == CALLS;
	for (u32 n = 0; n < ROWS; n++) {
		bool outer = rows[n].value_bytes == 4;
		int inner_fd = -1;

		if (outer)
			inner_fd = map_make(skep, &inner_rows[rows[n].type ==
							      BPF_MAP_TYPE_HASH_OF_MAPS], -1);
		fds[n] = map_make(skep, &rows[n], inner_fd);
		ok = ok && fds[n] >= 0 && (!outer || fill_outer(skep, fds[n], inner_fd));
		if (inner_fd >= 0)
			close(inner_fd);
	}
	tap_ok(ok, "instance %u has its maps", which);
	return skep;
}

#define LOG_BYTES (1u << 16)

static int load_insns(struct skep *skep, const struct insn *insns, u32 cnt, u32 level, char *log)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = cnt;
	attr.license = ptr_to_u64("GPL");
	attr.log_level = level;
	attr.log_buf = level ? ptr_to_u64(log) : 0;
	attr.log_size = level ? LOG_BYTES : 0;
	return (int)skep_bpf(skep, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static long test_run(struct skep *skep, int fd, const u8 *packet, u32 *ret)
{
	union bpf_attr attr;
	long err;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)fd;
	attr.test.data_in = ptr_to_u64(packet);
	attr.test.data_size_in = PACKET;
	attr.test.repeat = 1;
	err = skep_bpf(skep, BPF_PROG_TEST_RUN, &attr, sizeof(attr));
	*ret = attr.test.retval;
	return err;
}

struct totals {
	u64 programs, rejected, runs, differ;
};

static void show(const struct gen *g)
{
	const struct isa_text_opts opts = { .no_marks = true };
	struct str text = STR_INIT;

	isa_text_program(&text, g->insns, g->cnt, &opts);
	printf("%s", str_c(&text));
	str_fini(&text);
}

static void compare(struct skep *const *skeps, int (*map_fds)[ROWS], struct gen *g,
		    struct totals *t)
{
	static char log[LOG_BYTES];
	const u32 operations = 1 + below(g, 8);
	u64 same[4];
	int fds[INSTANCES];
	bool loaded = true;

	memcpy(same, g->rand, sizeof(same));
	for (u32 i = 0; i < INSTANCES; i++) {
		memcpy(g->rand, same, sizeof(same));
		g->fds = map_fds[i];
		generate(g, operations);
		fds[i] = load_insns(skeps[i], g->insns, g->cnt, 0, NULL);
		loaded = loaded && fds[i] >= 0;
		if (fds[i] < 0 && t->rejected < 2) {
			(void)load_insns(skeps[i], g->insns, g->cnt, 1, log);
			printf("# instance %u: %d\n%s", i, fds[i], log);
		}
	}
	t->programs++;
	t->rejected += !loaded;
	for (u32 n = 0; loaded && n < RUNS; n++) {
		u8 packet[PACKET];
		u32 results[INSTANCES];
		long errs[INSTANCES];
		bool differ = false;

		for (u32 i = 0; i < PACKET; i++)
			packet[i] = (u8)rand_next(g->rand);
		for (u32 i = 0; i < INSTANCES; i++) {
			errs[i] = test_run(skeps[i], fds[i], packet, &results[i]);
			differ |= errs[i] != 0 || results[i] != results[0];
		}
		t->runs++;
		if (differ && t->differ++ < 3) {
			for (u32 i = 0; i < INSTANCES; i++)
				printf("# instance %u: error %ld, result %x\n", i, errs[i],
				       results[i]);
			show(g);
		}
	}
	for (u32 i = 0; i < INSTANCES; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* A jump that inlined lookups would push beyond its 16 bits: the program loads and runs. */
static void test_far_jump(struct skep *skep, const int *fds)
{
	static struct insn insns[5 * 5000 + 20];
	const u8 packet[PACKET] = { 0 };
	struct gen far = { .cnt = 0 }, *g = &far;
	u32 cnt = 0, lookup, words, ret = 0;
	int fd;

	OP(LDX_W, 7, 1, 12, 0);
	OP(STX_W, 10, 7, KEY, 0); /* no constant */
	OP(MOV64_K, 0, 0, 0, 3);
	/* Not the other way round: r7 and the key would be a constant behind it. */
	OP(JEQ64_K, 7, 0, 5 * 5000, 1 << 30);
	lookup = g->cnt;
	put(g, ISA_LDDW_MAP_FD, (struct fields){ 1, 0, 0, fds[0] });
	g->insns[g->cnt++] = insn_make(0, 0, 0, 0, 0);
	OP(MOV64_X, 2, 10, 0, 0);
	OP(ADD64_K, 2, 0, 0, KEY);
	OP(CALL_HELPER, 0, 0, 0, HELPER_map_lookup_elem);
	words = g->cnt - lookup;
	memcpy(insns, g->insns, lookup * sizeof(insns[0]));
	for (cnt = lookup; cnt < 5 * 5000; cnt += words)
		memcpy(&insns[cnt], &g->insns[lookup], words * sizeof(insns[0]));
	insns[3].off = (s16)(cnt - 4);
	g->cnt = 0;
	OP(MOV64_K, 0, 0, 0, 3);
	OP(EXIT, 0, 0, 0, 0);
	memcpy(&insns[cnt], g->insns, g->cnt * sizeof(insns[0]));
	fd = load_insns(skep, insns, cnt + g->cnt, 0, NULL);
	tap_ok(fd >= 0, "a jump over 5,000 lookups: %d", fd);
	tap_ok(fd >= 0 && !test_run(skep, fd, packet, &ret) && ret == 3, "it runs");
	if (fd >= 0)
		close(fd);
}

/* Slots go by CPU: one that is not 0, where there is one, and the same for all. */
static void stay_on_a_cpu(void)
{
	cpu_set_t allowed, one;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	for (size_t cpu = CPU_SETSIZE; cpu-- > 0;)
		if (CPU_ISSET(cpu, &allowed)) {
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			(void)sched_setaffinity(0, sizeof(one), &one);
			return;
		}
}

int main(int argc, char **argv)
{
	u64 count = 1500, seed = 4;
	struct skep *skeps[INSTANCES];
	static int map_fds[INSTANCES][ROWS];
	struct totals t = { 0 };
	struct gen g = { 0 };

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--count"))
			count = strtoull(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 10);
	}
	stay_on_a_cpu();
	for (u32 i = 0; i < INSTANCES; i++)
		skeps[i] = instance(i, map_fds[i]);
	test_far_jump(skeps[INLINE], map_fds[INLINE]);
	rand_seed(g.rand, seed);
	while (t.programs < count && t.differ < 3)
		compare(skeps, map_fds, &g, &t);
	tap_eq(t.differ, 0, "%llu programs (seed %llu), %llu runs: all four alike",
	       (unsigned long long)t.programs, (unsigned long long)seed,
	       (unsigned long long)t.runs);
	tap_ok(t.rejected * 4 < t.programs, "%llu were rejected", (unsigned long long)t.rejected);
	for (u32 i = 0; i < INSTANCES; i++) {
		for (u32 n = 0; n < ROWS; n++)
			close(map_fds[i][n]);
		skep_free(skeps[i]);
	}
	return tap_done();
}
