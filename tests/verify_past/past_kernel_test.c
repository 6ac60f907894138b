/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pruning against the live kernel: generated programs, with and without BPF_F_TEST_STATE_FREQ;
 * verdict and the line "processed N insns … total_states N peak_states N …" must be the kernel's.
 * Run with a seed to see both logs of that program: past_kernel_test SEED FLAGS.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "skep/skep.h"
#include "tests/kernel_bpf.h"
#include "tests/tap.h"
#include "tests/verify_past/gen.h"

#define PROGRAMS	200
#define LOG_BYTES	(32u << 20)
#define TEST_STATE_FREQ 8

struct side {
	struct skep *skep; /* NULL: the kernel */
	char *log;
	int ret;
};

static void load(struct side *s, const struct gen_prog *p, u32 level, u32 flags)
{
	union bpf_attr attr;
	long ret;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (u64)(uintptr_t)p->insns;
	attr.insn_cnt = p->cnt;
	attr.license = (u64)(uintptr_t) "GPL";
	attr.prog_flags = flags;
	attr.log_buf = (u64)(uintptr_t)s->log;
	attr.log_size = LOG_BYTES;
	attr.log_level = level;
	s->log[0] = 0;
	if (s->skep) {
		ret = skep_bpf(s->skep, BPF_PROG_LOAD, &attr, sizeof(attr));
	} else {
		ret = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
		ret = ret < 0 ? -errno : ret;
	}
	s->ret = ret < 0 ? (int)ret : 0;
	if (ret >= 0)
		close((int)ret);
}

static const char *stats_of(const char *log)
{
	const char *p, *last = "";

	for (p = log; (p = strstr(p, "processed ")); p++)
		last = p;
	return last;
}

static void show(struct side *side, const struct gen_prog *p, u32 flags)
{
	for (u32 i = 0; i < 2; i++) {
		char name[64];
		FILE *f;

		load(&side[i], p, 2, flags);
		snprintf(name, sizeof(name), "/tmp/past_%s.log", i ? "skep" : "kernel");
		f = fopen(name, "w");
		if (f) {
			fputs(side[i].log, f);
			fclose(f);
		}
		printf("# %s: %d, %s\n", name, side[i].ret, stats_of(side[i].log));
	}
}

int main(int argc, char **argv)
{
	u32 same = 0, accepted = 0, other_verdict = 0;
	struct side side[2] = { { .log = malloc(LOG_BYTES) }, { .log = malloc(LOG_BYTES) } };
	static struct gen_prog p;
	struct utsname u;

	if (!kernel_bpf_allowed() || uname(&u) || strncmp(u.release, "6.18.", 5) != 0) {
		tap_skip("no live 6.18 with bpf(2) here");
		return tap_done();
	}
	if (skep_new(NULL, &side[1].skep))
		return 1;
	if (argc > 2) {
		gen_prog(&p, strtoull(argv[1], NULL, 0));
		show(side, &p, (u32)atol(argv[2]));
		return 0;
	}
	for (u32 i = 0; i < PROGRAMS; i++) {
		const u32 flags = i % 2 ? TEST_STATE_FREQ : 0;

		gen_prog(&p, i);
		load(&side[0], &p, 4, flags);
		load(&side[1], &p, 4, flags);
		accepted += !side[0].ret;
		other_verdict += side[0].ret != side[1].ret;
		if (side[0].ret == side[1].ret &&
		    !strcmp(stats_of(side[0].log), stats_of(side[1].log))) {
			same++;
		} else if (i - same < 20) {
			tap_diag("program %u flags %u: kernel %d %s", i, flags, side[0].ret,
				 stats_of(side[0].log));
			tap_diag("  we %d %s", side[1].ret, stats_of(side[1].log));
		}
	}
	tap_diag("%u programs, %u accepted by the kernel, %u with the same counts", PROGRAMS,
		 accepted, same);
	tap_eq(other_verdict, 0, "verdicts");
	tap_ok(same * 100 >= PROGRAMS * 99, "counts of instructions and states");
	skep_free(side[1].skep);
	free(side[0].log);
	free(side[1].log);
	return tap_done();
}
