/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pruning against the live kernel: generated programs, with and without BPF_F_TEST_STATE_FREQ;
 * verdict and the line "processed N insns … total_states N peak_states N …" must be the kernel's.
 * Run with a seed to see both logs of that program: verify_past_kernel_test SEED FLAGS [reduce].
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "isa/isa.h"
#include "prog/prog.h"
#include "verify/verify.h"
#include "tests/kernel_bpf.h"
#include "tests/tap.h"
#include "tests/verify_past/gen.h"

#define PROGRAMS	120
#define LOG_BYTES	(32u << 20)
#define TEST_STATE_FREQ 8

struct side {
	bool kernel;
	char *log;
	int ret;
};

static void load_here(struct side *s, const struct gen_prog *p, u32 level, u32 flags)
{
	struct verify_opts opts = { .rights = VERIFY_PRIV,
				    .log_level = level,
				    .log_buf = s->log,
				    .log_bytes = LOG_BYTES };
	struct verify_result res = { 0 };
	struct prog *prog;

	s->log[0] = 0;
	s->ret = prog_new_raw(p->insns, p->cnt, "gen", &prog);
	if (s->ret)
		return;
	prog->type = PROG_TYPE_SOCKET_FILTER;
	prog->flags = flags;
	prog->gpl_compatible = true;
	s->ret = verify_prog(prog, &opts, &res);
	verify_result_fini(&res);
	prog_put(prog);
}

static void load(struct side *s, const struct gen_prog *p, u32 level, u32 flags)
{
	union bpf_attr attr;
	long ret;

	if (!s->kernel) {
		load_here(s, p, level, flags);
		return;
	}
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
	ret = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	s->ret = ret < 0 ? -errno : 0;
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

/* Accepted by both with other counts. */
static bool differs(struct side *side, const struct gen_prog *p, u32 flags)
{
	load(&side[0], p, 4, flags);
	load(&side[1], p, 4, flags);
	return !side[0].ret && !side[1].ret &&
	       strcmp(stats_of(side[0].log), stats_of(side[1].log)) != 0;
}

/* Replaces what can be by `goto +0` or `r0 = 0` while the two still differ. */
static void reduce(struct side *side, struct gen_prog *p, u32 flags)
{
	const struct insn simpler[] = { isa_template(ISA_JA), isa_template(ISA_MOV64_K) };
	bool again = true;

	while (again) {
		again = false;
		for (u32 i = 0; i < p->cnt * 2; i++) {
			const struct insn old = p->insns[i / 2];

			if (!memcmp(&old, &simpler[0], sizeof(old)) ||
			    !memcmp(&old, &simpler[i % 2], sizeof(old)))
				continue;
			p->insns[i / 2] = simpler[i % 2];
			if (differs(side, p, flags))
				again = true;
			else
				p->insns[i / 2] = old;
		}
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
	side[0].kernel = true;
	if (argc > 2) {
		gen_prog(&p, strtoull(argv[1], NULL, 0));
		if (argc > 3)
			reduce(side, &p, (u32)strtoul(argv[2], NULL, 0));
		show(side, &p, (u32)strtoul(argv[2], NULL, 0));
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
	free(side[0].log);
	free(side[1].log);
	return tap_done();
}
