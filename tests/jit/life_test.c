/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compiled programs from their birth to their end: memory that runs short, rights of memory, what
 * is left behind, many threads, being stopped from another thread, loops that are counted, and
 * faults as they are told to people.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine.h"
#include "interp/interp.h"
#include "isa/asm.h"
#include "jit/jit.h"
#include "tests/jit/shim.h"
#include "tests/oom.h"

#define THREADS 4

/* tidy: allow params: the calling convention of BPF helpers */
static u64 helper_back(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run)
{
	const u64 args[5] = { r2, r3, r4, r5, 0 };
	u64 r0 = engine_callback(run, r1, args);

	shim_clobber();
	return r0;
}

/* tidy: allow params: the calling convention of BPF helpers */
static u64 helper_host(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, void *cookie)
{
	(void)r2, (void)r3, (void)r4, (void)r5, (void)cookie;
	shim_clobber();
	return r1;
}

static int resolve(void *cookie, s32 id, struct helper_binding *ret)
{
	*ret = (struct helper_binding){ .cookie = cookie };
	if (id == 1)
		ret->fn = helper_back;
	else if (id == 5)
		ret->host = helper_host;
	else
		return -EINVAL;
	return 0;
}

static const struct helper_resolver resolver = { resolve, NULL, true };

/* Not compiled yet. */
static struct prog *assemble(const char *text)
{
	struct isa_asm_error error;
	struct insn *insns = NULL;
	struct prog *prog = NULL;
	u32 cnt = 0;
	int err = isa_asm(text, &insns, &cnt, &error);

	if (err == -EINVAL)
		tap_diag("line %u: %s", error.line, error.text);
	else if (err || prog_new_raw(insns, cnt, "life", &prog))
		prog = NULL;
	mem_free(insns);
	return prog;
}

static struct prog *load(const char *text, enum jit_poll poll)
{
	const struct jit_opts opts = { .poll = poll };
	struct prog *prog = assemble(text);
	int err = prog ? jit_compile(prog, &resolver, &opts) : -EINVAL;

	if (err) {
		tap_ok(false, "compiles: %d", err);
		prog_put(prog);
		return NULL;
	}
	return prog;
}

/* Functions, a callback, constants in a loop, cold places, a table of addresses, a packet load. */
static const char rich[] =
	"r6 = r1\nr7 = 3\nr8 = 0\n"
	"r2 = 0x123456789abcdef0 ll\nr8 += r2\nr2 = 0x0fedcba987654321 ll\nr8 ^= r2\n"
	"r7 -= 1\nif r7 != 0 goto pc-8\n"
	"call pc+9\nr1 = 9\ncall 5\nr8 += r0\nr7 = 5\ncallx r7\nmay_goto pc+1\nr8 += 1\n"
	"r0 = r8\nexit\n"
	"r0 = *(u8 *)(r10 -1)\nr0 = 5\nr6 = 7\nr6 /= r0\nr0 += r6\nexit\n";
static const char jumpy[] = "r0 = 1\n(18) r1 = 0x2 ; !src=4\ngotox r1\nr0 += 2\nexit\n";

struct round {
	const char *text;
};

static int compile_once(void *arg)
{
	const struct jit_opts opts = { .poll = JIT_POLL_COUNT, .random_start = true };
	const struct round *r = arg;
	struct prog *prog = assemble(r->text);
	int err;

	if (!prog)
		return -ENOMEM;
	err = jit_compile(prog, &resolver, &opts);
	if (err && (prog->code || prog->enter))
		err = -EPROTO; /* half a program */
	prog_put(prog);
	return err;
}

static void test_oom(void)
{
	struct round a = { rich }, b = { jumpy };

	oom_sweep(compile_once, &a, "a program with everything");
	oom_sweep(compile_once, &b, "a program with a table");
}

struct maps {
	u32 both, cnt; /* mappings that are writable and executable; all */
	char rights[5];
};

static struct maps maps_scan(u64 addr)
{
	FILE *f = fopen("/proc/self/maps", "r");
	struct maps m = { .rights = "none" };
	unsigned long long start, end;
	char line[512], rights[5];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx-%llx %4s", &start, &end, rights) != 3)
			continue;
		m.cnt++;
		m.both += rights[1] == 'w' && rights[2] == 'x';
		if (addr >= start && addr < end)
			memcpy(m.rights, rights, sizeof(m.rights));
	}
	if (f)
		fclose(f);
	return m;
}

static void test_rights(void)
{
	const u32 both = maps_scan(0).both; /* of qemu, of sanitizers */
	u32 bad = 0, kept = 0;

	for (u32 n = 0; n < 100; n++) {
		struct prog *prog = load(n % 2 ? rich : jumpy, (enum jit_poll)(n % 3));
		struct jit_view view;
		struct maps m;

		if (!prog || !jit_view(prog, &view))
			return;
		m = maps_scan(view.addr);
		bad += m.both != both || memcmp(m.rights, "r-x", 3) != 0;
		prog_put(prog);
		m = maps_scan(view.addr);
		bad += m.both != both;
		kept += m.rights[2] == 'x';
	}
	tap_eq(bad, 0, "code is never writable and executable, after loads and frees");
	tap_eq(kept, 0, "code that is freed cannot be executed");
}

static void test_leaks(void)
{
	struct maps before = { 0 }, after;
	size_t bytes = 0, more;

	for (u32 n = 0; n < 10000; n++) {
		prog_put(load(n % 3 ? rich : jumpy, JIT_POLL_STOP));
		if (n == 200) {
			before = maps_scan(0);
			bytes = mallinfo2().uordblks;
		}
	}
	after = maps_scan(0);
	more = mallinfo2().uordblks;
	tap_ok(after.cnt <= before.cnt + 4, "10,000 programs leave no mappings: %u, then %u",
	       before.cnt, after.cnt);
	tap_ok(more <= bytes + 4096, "and no memory: %zu bytes, then %zu", bytes, more);
}

struct worker {
	const struct prog *shared;
	u32 wrong, rounds;
};

/* By turns the program of all, programs of its own, and one that faults. */
static void *work(void *arg)
{
	struct worker *w = arg;

	for (u32 n = 0; n < w->rounds; n++) {
		const struct jit_opts opts = { .poll = (enum jit_poll)(n % 3) };
		struct prog *own = assemble(n % 2 ? "r0 = 7\nr0 *= 6\nexit\n"
						  : "r1 = 8\nr0 = *(u64 *)(r1 +0)\nexit\n");
		struct run run = { .insns_left = RUN_NO_BUDGET };
		u64 r0 = 0, shared = 0;
		int err;

		if (!own || jit_compile(own, &resolver, &opts)) {
			w->wrong++;
			prog_put(own);
			continue;
		}
		err = prog_run(&run, own, NULL, &r0);
		if (n % 2)
			w->wrong += err || r0 != 42;
		else
			w->wrong += err != -EFAULT || run.fault.kind != FAULT_READ ||
				    run.fault.prog != own;
		err = prog_run(&run, w->shared, NULL, &shared);
		w->wrong += err || shared != 0xcafe;
		prog_put(own);
	}
	return NULL;
}

static void test_threads(void)
{
	struct prog *shared = load("r6 = 0xcafe\nr1 = 3\ncall 5\ncall pc+2\nr0 = r6\nexit\n"
				   "r6 = r0\nr0 = 4\nexit\n", JIT_POLL_COUNT);
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	u32 wrong = 0;

	for (u32 n = 0; n < THREADS; n++) {
		workers[n] = (struct worker){ .shared = shared, .rounds = 500 };
		if (pthread_create(&threads[n], NULL, work, &workers[n]))
			return;
	}
	for (u32 n = 0; n < THREADS; n++) {
		pthread_join(threads[n], NULL);
		wrong += workers[n].wrong;
	}
	tap_eq(wrong, 0, "%u threads compile, run, fault and free", THREADS);
	prog_put(shared);
}

struct stopper {
	struct run *run;
	u64 flag; /* the program writes it */
};

static void *stop_soon(void *arg)
{
	struct stopper *s = arg;

	while (!__atomic_load_n(&s->flag, __ATOMIC_RELAXED))
		usleep(200);
	atomic_store_explicit(&s->run->stop, true, memory_order_relaxed);
	return NULL;
}

/* @text runs for ever and writes *r1. */
static void test_stop(const char *name, const char *text)
{
	for (enum jit_poll poll = JIT_POLL_STOP; poll <= JIT_POLL_COUNT; poll++) {
		struct run run = { .insns_left = RUN_NO_BUDGET };
		struct stopper s = { .run = &run };
		struct prog *prog = load(text, poll);
		pthread_t thread;
		u64 r0;
		int err;

		if (!prog || pthread_create(&thread, NULL, stop_soon, &s))
			return;
		err = shim_run(&run, prog, &s.flag, &r0);
		pthread_join(thread, NULL);
		tap_ok(err == -EFAULT && run.fault.kind == FAULT_BUDGET && run.fault.prog == prog,
		       "%s: stopped from another thread (%s)", name,
		       poll == JIT_POLL_STOP ? "stop" : "count");
		prog_put(prog);
	}
}

static void test_stops(void)
{
	test_stop("a loop", "*(u64 *)(r1 +0) = 1\ngoto pc-2\nexit\n");
	test_stop("a loop with a condition",
		  "r2 = 1\n*(u64 *)(r1 +0) = 1\nif r2 != 0 goto pc-2\nr0 = 0\nexit\n");
	test_stop("a loop in a function",
		  "call pc+2\nr0 = 0\nexit\n"
		  "r6 = 1\n*(u64 *)(r1 +0) = 1\nr6 += 1\ngoto pc-3\nexit\n");
	test_stop("a loop in a callback",
		  "r6 = 5\nr2 = r1\n(18) r1 = 0x4 ; !src=4\ncall 1\nr0 = 0\nexit\n"
		  "*(u64 *)(r1 +0) = 1\ngoto pc-2\nexit\n");
	test_stop("calls in a loop",
		  "r6 = r1\nr1 = r6\ncall pc+2\ngoto pc-3\nexit\n"
		  "*(u64 *)(r1 +0) = 1\nr0 = 0\nexit\n");
	test_stop("a loop by table",
		  "r2 = 0\n(18) r2 = 0x1 ; !src=4\n"
		  "*(u64 *)(r1 +0) = 1\ngoto pc+0\ngotox r2\nexit\n");
}

/* The function's loops are counted anew in each call: 8,388,608 each. */
static void test_may_goto(void)
{
	struct prog *prog = load("r6 = 0\ncall pc+5\nr6 += r0\ncall pc+3\nr6 += r0\nr0 = r6\n"
				 "exit\n"
				 "r0 = 0\nmay_goto pc+2\nr0 += 1\ngoto pc-3\nr6 = r0\n"
				 "may_goto pc+1\nr0 += 100\nexit\n", JIT_POLL_STOP);
	struct run run = { .insns_left = RUN_NO_BUDGET };
	u64 r0 = 0;

	/* Not before a pending sum is there: r0 is 1 more in each round. */
	tap_ok(prog && !shim_run(&run, prog, NULL, &r0), "may_goto ends a loop");
	tap_eq(r0, 2ull * ENGINE_MAY_GOTO_MAX, "after as many rounds as in the interpreters");
	prog_put(prog);
}

/* An endless loop has just so many rounds. */
static void test_budget(void)
{
	struct prog *prog = load("r0 = 0\nr2 = *(u64 *)(r1 +0)\nr2 += 1\n*(u64 *)(r1 +0) = r2\n"
				 "goto pc-4\nexit\n", JIT_POLL_COUNT);
	struct run run = { .insns_left = 1000 };
	u64 rounds = 0, r0;

	tap_eq(prog ? shim_run(&run, prog, &rounds, &r0) : 0, -EFAULT, "a budget");
	tap_ok(rounds == 1001 && run.fault.kind == FAULT_BUDGET && !run.insns_left,
	       "of 1,000 jumps lasts for 1,001 rounds: %llu", (unsigned long long)rounds);
	prog_put(prog);
}

/* What follows the call whose callback faulted is not executed. */
static void test_callback_fault(void)
{
	struct prog *prog = load("r6 = r1\nr9 = 1\n(18) r1 = 0x6 ; !src=4\nr2 = 16\ncall 1\n"
				 "*(u64 *)(r6 +0) = 1\nr0 = 0\nexit\n"
				 "r7 = r1\nr8 = *(u32 *)(r1 +4)\nr0 = 0\nexit\n", JIT_POLL_NONE);
	struct run run = { .insns_left = RUN_NO_BUDGET };
	u64 written = 0, r0;

	tap_eq(prog ? shim_run(&run, prog, &written, &r0) : 0, -EFAULT, "a callback faults");
	tap_ok(!written && run.fault.kind == FAULT_READ && run.fault.insn_idx == 10,
	       "and the outer program is over: %u", run.fault.insn_idx);
	tap_eq(run.fault.addr, 20, "at the address");
	prog_put(prog);
}

/*
 * Each jump reaches just over those behind it while they are short, and the last one is long: they
 * grow one after the other (5 minutes, when each did so in a round of its own).
 */
static void test_chain(void)
{
	const u32 jumps = 900000, fill = 100;
	const struct jit_opts opts = { .poll = JIT_POLL_NONE };
	struct insn *insns = mem_zalloc_array(jumps + fill + 2, sizeof(*insns));
	struct run run = { .insns_left = RUN_NO_BUDGET };
	struct prog *prog = NULL;
	u64 r0 = 1, mem = 0;
	u32 n = 0;

	if (!insns)
		return;
	insns[n++] = insn_make(0xb7, 0, 0, 0, 7);
	while (n <= jumps)
		insns[n++] = insn_make(0x15, 1, 0, 25, 0); /* if r1 == 0 */
	insns[n - 1].off = 60;
	while (n <= jumps + fill)
		insns[n++] = insn_make(0x07, 0, 0, 0, 1234567);
	insns[n++] = insn_make(0x95, 0, 0, 0, 0);
	tap_ok(!prog_new_raw(insns, n, "chain", &prog) && !jit_compile(prog, NULL, &opts) &&
		       !shim_run(&run, prog, &mem, &r0),
	       "jumps that grow one after the other");
	tap_eq(r0, 7 + 1234567ull * fill, "and arrive");
	prog_put(prog);
	mem_free(insns);
}

/* Program, instruction and source line, as fault_print tells. */
static void test_told(void)
{
	struct prog *prog = load("r6 = r1\nr1 = 24\nr0 = *(u16 *)(r1 +2)\nexit\n", JIT_POLL_NONE);
	struct run run = { .insns_left = RUN_NO_BUDGET };
	struct str text = STR_INIT;
	u64 r0;

	if (!prog)
		return;
	prog->lines = mem_zalloc_array(2, sizeof(*prog->lines));
	if (prog->lines) {
		prog->lines[0] = (struct prog_line){ 0, 6, 1, "demo.c", "int x;" };
		prog->lines[1] = (struct prog_line){ 2, 7, 9, "demo.c", "return *p;" };
		prog->line_cnt = 2;
	}
	(void)shim_run(&run, prog, NULL, &r0);
	fault_print(&run.fault, &text);
	tap_ok(strstr(str_c(&text), "'life'") && strstr(str_c(&text), "instruction 2") &&
		       strstr(str_c(&text), "demo.c:7") && strstr(str_c(&text), "return *p;"),
	       "a fault is told with program, instruction and source line");
	tap_eq(run.fault.size_bytes, 2, "and size");
	if (tap_failed_cnt)
		printf("%s", str_c(&text));
	str_fini(&text);
	prog_put(prog);
}

int main(void)
{
	if (!jit_here_is_target())
		return tap_skip_all("no JIT for this machine");
	test_oom();
	test_rights();
	test_leaks();
	test_threads();
	test_stops();
	test_may_goto();
	test_budget();
	test_callback_fault();
	test_told();
	test_chain();
	return tap_done();
}
