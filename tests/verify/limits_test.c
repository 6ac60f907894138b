/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What ends a verification that would take too long, and what happens when memory runs out:
 * programs made to be expensive end by their limit, each allocation may fail, a run can be
 * cancelled, and limits of time, memory and instructions are kept.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "core/load.h"
#include "core/skep.h"
#include "isa/isa.h"
#include "tests/oom.h"
#include "tests/tap.h"
#include "tests/verify/gen.h"

static struct skep *skep;
static struct map *maps[GEN_MAP_CNT];

static int map_of_fd(void *cookie, s32 fd, bool by_index, struct map **ret_map)
{
	(void)cookie;
	if (by_index || fd < 0 || fd >= GEN_MAP_CNT || !maps[fd])
		return -EBADF;
	*ret_map = map_get(maps[fd]);
	return 0;
}

static int verify(const struct insn *insns, u32 cnt, const struct verify_opts *limits,
		  struct verify_result *result)
{
	const struct prog_load_attr attr = {
		.type = PROG_TYPE_SOCKET_FILTER,
		.insns = insns,
		.insn_cnt = cnt,
		.gpl_compatible = true,
		.map_of_fd = map_of_fd,
	};
	struct verify_opts opts = *limits;
	int err;

	opts.rights = VERIFY_PRIV;
	memset(result, 0, sizeof(*result));
	err = core_prog_verify(skep, &attr, &opts, result);
	verify_result_fini(result);
	return err;
}

struct writer {
	struct insn *insns;
	u32 cnt;
};

static void put(struct writer *w, enum isa_op op, u32 dst, u32 src, s32 off_imm)
{
	struct insn i = isa_template(op);
	const struct isa_info *info = isa_info(op);

	i.dst = (u8)(dst & 0xf);
	if (info->src != ISA_REG_SEL)
		i.src = (u8)(src & 0xf);
	if (info->off == ISA_OFF_JUMP || info->off == ISA_OFF_MEM)
		i.off = (s16)off_imm;
	else if (info->imm != ISA_IMM_SEL)
		i.imm = off_imm;
	w->insns[w->cnt++] = i;
}

/* Each bit of an unknown number decides once: 2^n paths, all of them different. */
static void write_exponential(struct writer *w, u32 n)
{
	put(w, ISA_LDX_W, 7, 1, 0);
	put(w, ISA_MOV64_K, 6, 0, 0);
	for (u32 i = 0; i < n; i++) {
		put(w, ISA_LSH64_K, 6, 0, 1);
		w->insns[w->cnt] = isa_template(ISA_JSET64_K);
		w->insns[w->cnt].dst = 7;
		w->insns[w->cnt].off = 1;
		w->insns[w->cnt++].imm = (s32)(1u << i % 31);
		put(w, ISA_ADD64_K, 6, 0, 1);
	}
	/* The number decides about an address, so no path covers another. */
	put(w, ISA_AND64_K, 6, 0, 511);
	put(w, ISA_NEG64, 6, 0, 0);
	put(w, ISA_MOV64_X, 2, 10, 0);
	put(w, ISA_ADD64_X, 2, 6, 0);
	put(w, ISA_ADD64_K, 2, 0, -1);
	put(w, ISA_STX_B, 2, 6, 0);
	put(w, ISA_MOV64_K, 0, 0, 0);
	put(w, ISA_EXIT, 0, 0, 0);
}

/* A loop whose every turn leaves another path behind. */
static void write_pending(struct writer *w)
{
	put(w, ISA_LDX_W, 7, 1, 0);
	put(w, ISA_MOV64_K, 6, 0, 0);
	put(w, ISA_ADD64_K, 6, 0, 1);
	w->insns[w->cnt] = isa_template(ISA_JLE64_X);
	w->insns[w->cnt].dst = 7;
	w->insns[w->cnt].src = 6;
	w->insns[w->cnt++].off = 1;
	put(w, ISA_JA, 0, 0, -3);
	put(w, ISA_MOV64_K, 0, 0, 0);
	put(w, ISA_EXIT, 0, 0, 0);
}

/* Functions that call the next one twice: 2^depth calls. */
static void write_calls(struct writer *w)
{
	u32 depth = 7;

	for (u32 f = 0; f < depth; f++) {
		for (u32 n = 0; n < 12; n++)
			put(w, ISA_CALL_SUBPROG, 0, 1, (s32)(14 - n - 1));
		put(w, ISA_MOV64_K, 0, 0, (s32)f);
		put(w, ISA_EXIT, 0, 0, 0);
	}
	put(w, ISA_MOV64_K, 0, 0, 0);
	put(w, ISA_EXIT, 0, 0, 0);
}

/* As many functions as there may be, and one more. */
static void write_functions(struct writer *w, u32 cnt)
{
	for (u32 i = 0; i + 1 < cnt; i++)
		put(w, ISA_CALL_SUBPROG, 0, 0, (s32)(cnt + i));
	for (u32 i = 0; i < cnt; i++) {
		put(w, ISA_MOV64_K, 0, 0, 0);
		put(w, ISA_EXIT, 0, 0, 0);
	}
}

static void write_straight(struct writer *w, u32 cnt)
{
	put(w, ISA_MOV64_K, 0, 0, 0);
	while (w->cnt < cnt - 1)
		put(w, w->cnt % 3 ? ISA_ADD64_K : ISA_XOR64_K, 0, 0, (s32)w->cnt);
	put(w, ISA_EXIT, 0, 0, 0);
}

static void expect(const char *what, const struct writer *w, int want, const char *reason)
{
	static struct verify_result result;
	const struct verify_opts none = { 0 };
	clock_t start = clock(), ticks;
	int err = verify(w->insns, w->cnt, &none, &result);

	ticks = clock() - start; /* CPU time: others may be busy here */
	tap_ok(err == want && (!reason || strstr(result.reject.reason, reason)),
	       "%s: %u instructions end after %llu processed", what, w->cnt,
	       (unsigned long long)result.stats.insns_processed);
	if (err != want)
		tap_diag("%d instead of %d: %s", err, want, result.reject.reason);
	/* For people to read: times are no tests. */
	tap_diag("%s: %.2f s of CPU", what, (double)ticks / CLOCKS_PER_SEC);
}

static void test_adversaries(struct writer *w)
{
	w->cnt = 0;
	write_exponential(w, 40);
	expect("exponential branches", w, -E2BIG, "too large");
	w->cnt = 0;
	write_pending(w);
	expect("pending jumps", w, -EFAULT, "too complex");
	w->cnt = 0;
	write_calls(w);
	expect("deep calls", w, -E2BIG, "too large");
	w->cnt = 0;
	write_straight(w, 1000000);
	expect("a straight line of a million", w, 0, NULL);
	w->cnt = 0;
	write_functions(w, 256);
	expect("256 functions", w, 0, NULL);
	w->cnt = 0;
	write_functions(w, 257);
	expect("257 functions", w, -E2BIG, "too many subprograms");
}

static void test_limits(struct writer *w)
{
	static struct verify_result result;
	atomic_bool cancel = true;
	const struct verify_opts insns = { .insns_max = 100 }, time = { .time_ns_max = 1000000 },
				 memory = { .memory_bytes_max = 400000 },
				 cancelled = { .cancel = &cancel };

	w->cnt = 0;
	write_exponential(w, 40);
	tap_eq(verify(w->insns, w->cnt, &insns, &result), -E2BIG, "a limit of instructions");
	tap_ok(result.stats.insns_processed <= 101, "is kept");
	tap_eq(verify(w->insns, w->cnt, &time, &result), -ETIME, "a limit of time");
	w->cnt = 0;
	write_pending(w);
	tap_eq(verify(w->insns, w->cnt, &memory, &result), -ENOMEM, "a limit of memory");
	tap_ok(result.stats.memory_peak_bytes < 2 * 400000, "is kept: %llu bytes",
	       (unsigned long long)result.stats.memory_peak_bytes);
	tap_eq(verify(w->insns, w->cnt, &cancelled, &result), -ECANCELED, "cancelled");
}

struct oom_case {
	struct gen gen;
};

static int oom_once(void *cookie)
{
	static struct verify_result result;
	const struct oom_case *c = cookie;
	const struct verify_opts opts = { .values = true };
	int err = verify(c->gen.insns, c->gen.cnt, &opts, &result);

	/* Rejection is as good an end as acceptance here. */
	return err == -ENOMEM ? err : 0;
}

static void test_oom(void)
{
	static struct oom_case c;

	for (u32 seed = 1; seed <= 12; seed++) {
		char name[64];

		gen_program(&c.gen, seed * 7919);
		snprintf(name, sizeof(name), "generated program %u", seed);
		oom_sweep(oom_once, &c, name);
	}
}

int main(void)
{
	static const struct map_attr attr = { .type = MAP_TYPE_ARRAY, .key_size_bytes = 4,
					      .value_size_bytes = 64, .max_entries = 1 };
	struct writer w = { .insns = calloc(1000000, sizeof(struct insn)) };

	if (!w.insns || skep_new(NULL, &skep))
		return 1;
	for (u32 i = 0; i < GEN_MAP_CNT; i++)
		if (map_create(&attr, &skep->map_env, &maps[i]))
			return 1;
	test_adversaries(&w);
	test_limits(&w);
	test_oom();
	for (u32 i = 0; i < GEN_MAP_CNT; i++)
		map_put(maps[i]);
	skep_free(skep);
	free(w.insns);
	return tap_done();
}
