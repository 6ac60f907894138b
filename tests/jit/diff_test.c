/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fast interpreter = the JIT with all that the CPU has = the JIT without, on generated programs
 * (tests/jit/gen.h), through the shim. Each program runs over many inputs; result and memory count.
 *
 *	jit_diff_test [--count N] [--seed S] [--inputs N] [--seconds S]
 *	jit_diff_test --one PROGRAM [--shrink]
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/rand.h"
#include "base/str.h"
#include "engine/engine.h"
#include "interp/interp.h"
#include "isa/text.h"
#include "jit/jit.h"
#include "tests/jit/gen.h"
#include "tests/jit/shim.h"
#include "tests/tap.h"

enum { GUARD, RUN, JIT, JIT_PLAIN, ENGINE_CNT };

static const char *const engine_names[] = { "guard", "run", "jit", "jit without CPU features" };

/* tidy: allow params: the calling convention of BPF helpers */
static u64 mixed(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	const u64 v = ((((r1 * 31 + r2) * 31 + r3) * 31) + r4) * 31 + r5;

	shim_clobber();
	return v ^ v >> 32;
}

/* tidy: allow params: the calling convention of BPF helpers */
static u64 helper_mix(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run)
{
	(void)run;
	return mixed(r1, r2, r3, r4, r5);
}

/* tidy: allow params: the calling convention of BPF helpers */
static u64 helper_host(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, void *cookie)
{
	return mixed(r1, r2, r3, r4, r5) + *(const u64 *)cookie;
}

/* tidy: allow params: the calling convention of BPF helpers */
static u64 helper_callback(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run)
{
	const u64 first[5] = { r2, r3, r4, r5, 1 };
	u64 x = engine_callback(run, r1, first), y;
	const u64 second[5] = { x, r2, r3 ^ r4, r5, 2 };

	if (run->fault.kind)
		return 0;
	y = engine_callback(run, r1, second);
	return mixed(x, y, r2, r3, r4);
}

static int resolve(void *cookie, s32 id, struct helper_binding *ret)
{
	*ret = (struct helper_binding){ .cookie = cookie };
	if (id == GEN_HELPER_MIX)
		ret->fn = helper_mix;
	else if (id == GEN_HELPER_HOST)
		ret->host = helper_host;
	else if (id == GEN_HELPER_CALLBACK)
		ret->fn = helper_callback;
	else
		return -EINVAL;
	return 0;
}

struct job {
	struct gen_program program;
	struct prog *progs[ENGINE_CNT];
	u8 block[GEN_BLOCK_BYTES] __attribute__((aligned(64)));
	u8 input[GEN_BLOCK_BYTES], after[GEN_BLOCK_BYTES];
	u64 cookie;
	u32 inputs;
	u64 runs, faults;
};

static int compile(struct job *j, u32 engine, u64 seed)
{
	const struct helper_resolver resolver = { resolve, &j->cookie, true };
	const struct jit_opts opts = { .poll = (enum jit_poll)(seed % 3),
				       .random_start = seed % 5 == 0,
				       .features_off = engine == JIT_PLAIN ? UINT64_MAX : 0 };
	int err = prog_new_raw(j->program.insns, j->program.cnt, "gen", &j->progs[engine]);

	if (err)
		return err;
	if (engine == RUN)
		return interp_run_compile(j->progs[engine], &resolver);
	if (engine == GUARD)
		return interp_guard_compile(j->progs[engine], &resolver);
	return jit_compile(j->progs[engine], &resolver, &opts);
}

static void fini(struct job *j)
{
	for (u32 n = 0; n < ENGINE_CNT; n++) {
		prog_put(j->progs[n]);
		j->progs[n] = NULL;
	}
}

static bool run_one(struct job *j, u32 engine, u64 *ret_r0, enum fault_kind *ret_fault)
{
	const struct extent e = { ptr_to_u64(j->block), GEN_BLOCK_BYTES, EXTENT_MEM,
				  EXTENT_READ | EXTENT_WRITE, "block", -1 };
	struct run run = { .insns_left = 1u << 24 };
	const struct shim_call call = { &run, j->progs[engine], j->block, GEN_BLOCK_BYTES, ret_r0 };
	const char *why = NULL;

	if (run_allow(&run, &e))
		return false;
	run.prog = call.prog;
	run.ctx = j->block;
	memcpy(j->block, j->input, GEN_BLOCK_BYTES);
	j->runs++;
	if (engine <= RUN)
		(void)run.prog->enter(&run, call.prog, j->block, GEN_BLOCK_BYTES, ret_r0);
	else
		(void)shim_call(&call, &why);
	*ret_fault = run.fault.kind;
	if (engine == GUARD && run.fault.kind)
		tap_diag("guard: fault %u at %u: %s", run.fault.kind, run.fault.insn_idx,
			 run.fault.detail);
	if (why)
		tap_diag("%s: broke %s", engine_names[engine], why);
	return !why;
}

static void fill(struct job *j, u64 rand[4])
{
	for (u32 n = 0; n < GEN_BLOCK_BYTES; n += 8) {
		u64 v = rand_next(rand);

		if (!(v & 7))
			v = (u64)(s64)(s8)(v >> 8);
		memcpy(j->input + n, &v, sizeof(v));
	}
}

/*
 * All engines on one input: true when they agree. The guard, which is slow, comes first and once:
 * it shows that the generator keeps its promise.
 */
static bool agree(struct job *j, bool guarded, bool quiet)
{
	const u32 first = guarded ? GUARD : RUN;
	enum fault_kind faults[ENGINE_CNT] = { 0 };
	u64 r0[ENGINE_CNT] = { 0 };

	for (u32 n = first; n < ENGINE_CNT; n++) {
		if (!run_one(j, n, &r0[n], &faults[n]) || (n == GUARD && faults[n]))
			return false;
		if (n == first)
			memcpy(j->after, j->block, GEN_BLOCK_BYTES);
		j->faults += n == RUN && faults[n];
		if (faults[n] == faults[first] && r0[n] == r0[first] &&
		    !memcmp(j->after, j->block, GEN_BLOCK_BYTES))
			continue;
		if (!quiet)
			tap_diag("%s: r0 0x%llx fault %u, %s: r0 0x%llx fault %u; memory %s",
				 engine_names[n], (unsigned long long)r0[n], faults[n],
				 engine_names[first], (unsigned long long)r0[first],
				 faults[first],
				 memcmp(j->after, j->block, GEN_BLOCK_BYTES) ? "differs" : "same");
		return false;
	}
	return true;
}

/* j->program: 0 when all agree on it, -1 when not, -errno when it does not compile. */
static int check(struct job *j, u64 seed, bool quiet)
{
	u64 rand[4];
	int err = 0;

	for (u32 n = 0; !err && n < ENGINE_CNT; n++)
		err = compile(j, n, seed);
	if (err && !quiet)
		tap_diag("does not compile: %d", err);
	rand_seed(rand, ~seed);
	for (u32 n = 0; !err && n < j->inputs; n++) {
		fill(j, rand);
		if (!agree(j, n == 0, quiet)) {
			if (!quiet)
				tap_diag("input %u of program %llu", n, (unsigned long long)seed);
			err = -1;
		}
	}
	fini(j);
	return err;
}

static void show(const struct job *j)
{
	const struct isa_text_opts opts = { .style = ISA_STYLE_KERNEL };
	struct str text = STR_INIT;

	isa_text_program(&text, j->program.insns, j->program.cnt, &opts);
	printf("%s", str_c(&text));
	str_fini(&text);
}

/* The same in a child, since what is left of a program may touch anything. */
static bool still_wrong(struct job *j, u64 seed)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		alarm(5);
		_exit(check(j, seed, true) == -1 ? 3 : 0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 3;
}

/* Instruction @at is taken out, and what jumps across it goes on arriving where it did. */
static void take_out(struct gen_program *p, u32 at, u32 words)
{
	for (u32 i = 0; i < p->cnt; i += isa_words(isa_decode(&p->insns[i]))) {
		const enum isa_op op = isa_decode(&p->insns[i]);
		s64 target = 0;
		s32 by = 0;

		if (op == ISA_LDDW_FUNC)
			target = (s64)i + 1 + p->insns[i].imm;
		else if (!isa_target(&p->insns[i], op, i, &target))
			continue;
		if (i < at && target > at)
			by = -(s32)words;
		else if (i > at && target <= at)
			by = (s32)words;
		if (op == ISA_LDDW_FUNC || op == ISA_JA32 || op == ISA_CALL_SUBPROG)
			p->insns[i].imm += by;
		else
			p->insns[i].off = (s16)(p->insns[i].off + by);
	}
	memmove(&p->insns[at], &p->insns[at + words], (p->cnt - at - words) * sizeof(p->insns[0]));
	p->cnt -= words;
}

static void shrink(struct job *j, u64 seed)
{
	static struct gen_program before;
	bool smaller = true;

	while (smaller) {
		smaller = false;
		for (u32 at = j->program.cnt; at--;) {
			const u32 words = isa_words(isa_decode(&j->program.insns[at]));

			if (!j->program.insns[at].code || at + words > j->program.cnt)
				continue;
			before = j->program;
			take_out(&j->program, at, words);
			if (still_wrong(j, seed))
				smaller = true;
			else
				j->program = before;
		}
	}
	printf("# shrunk to %u instructions\n", j->program.cnt);
	show(j);
}

static int one(struct job *j, u64 seed, bool shrinks)
{
	int err;

	gen_program(&j->program, seed, ptr_to_u64(j->block));
	show(j);
	err = check(j, seed, false);
	if (err && shrinks)
		shrink(j, seed);
	return err != 0;
}

struct args {
	u64 count, seed, seconds, one;
	bool shrinks, has_one;
	u32 inputs;
};

static struct args parse(int argc, char **argv)
{
	struct args a = { .count = 1500, .seed = 1, .inputs = 100 };

	for (int i = 1; i < argc; i++) {
		const char *v = i + 1 < argc ? argv[i + 1] : "0";

		if (!strcmp(argv[i], "--count"))
			a.count = strtoull(v, NULL, 0);
		else if (!strcmp(argv[i], "--seed"))
			a.seed = strtoull(v, NULL, 0);
		else if (!strcmp(argv[i], "--inputs"))
			a.inputs = (u32)strtoul(v, NULL, 0);
		else if (!strcmp(argv[i], "--seconds"))
			a.seconds = strtoull(v, NULL, 0);
		else if (!strcmp(argv[i], "--one"))
			a.has_one = true, a.one = strtoull(v, NULL, 0);
		else if (!strcmp(argv[i], "--shrink"))
			a.shrinks = true;
	}
	return a;
}

int main(int argc, char **argv)
{
	const struct args a = parse(argc, argv);
	static struct job j = { .cookie = 77 };
	const time_t start = time(NULL);
	u64 n, wrong = 0, insns = 0;

	if (!jit_here_is_target())
		return tap_skip_all("no JIT for this machine");
	j.inputs = a.inputs;
	if (a.has_one)
		return one(&j, a.one, a.shrinks);
	for (n = 0; n < a.count && wrong < 3; n++) {
		const u64 seed = a.seed * 1000000007 + n;

		if (a.seconds && (u64)(time(NULL) - start) >= a.seconds)
			break;
		gen_program(&j.program, seed, ptr_to_u64(j.block));
		insns += j.program.cnt;
		if (check(&j, seed, false)) {
			tap_diag("program %llu", (unsigned long long)seed);
			wrong++;
		}
	}
	tap_eq(wrong, 0, "run = jit = jit without CPU features, shim %s", shim_name);
	tap_ok(j.faults < j.runs / 20, "programs end by themselves");
	tap_diag("%llu programs x %u inputs, seed %llu, %llu instructions, %llu runs, %llu faults, "
		 "%lld seconds",
		 (unsigned long long)n, a.inputs, (unsigned long long)a.seed,
		 (unsigned long long)insns, (unsigned long long)j.runs,
		 (unsigned long long)j.faults, (long long)(time(NULL) - start));
	return tap_done();
}
