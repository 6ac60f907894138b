/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walking through compiled programs: from a helper on every machine, and on x86-64 from before each
 * single instruction (the trap flag): each walk must come to whoever called the program. And what
 * perf is told of it.
 */
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "isa/asm.h"
#include "jit/debug.h"
#include "jit/jit.h"
#include "tests/oom.h"
#include "tests/tap.h"

#define FRAMES_MAX 32

static struct jit_view view;
static u64 caller_back;	      /* where the caller of the program returns to: in main's test */
static u32 walks, lost;	      /* from code of the program; those that did not arrive */
static u32 deepest;	      /* frames of the program in one walk */
static u64 lost_at;	      /* offset of the first */

/* @pc: of the instruction that is next; 0 in a helper. */
static void walk(u64 pc)
{
	void *frames[FRAMES_MAX];
	const int cnt = backtrace(frames, FRAMES_MAX);
	u32 inside = 0;
	bool arrived = false;

	for (int i = 0; i < cnt; i++) {
		const u64 at = ptr_to_u64(frames[i]);

		inside += at >= view.addr && at < view.addr + view.code_bytes;
		arrived |= at == caller_back;
	}
	walks++;
	deepest = MAX(deepest, inside);
	if (arrived && inside)
		return;
	if (!lost++)
		lost_at = pc ? pc - view.addr : 0;
}

#if defined(__x86_64__)
#include <ucontext.h>
#define CAN_STEP 1

static void on_trap(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;
	const u64 pc = (u64)uc->uc_mcontext.gregs[REG_RIP];
	const u64 ways_out = view.addr + view.func_end[view.func_cnt - 1];

	(void)sig, (void)info;
	if (pc >= view.addr && pc < ways_out)
		walk(pc);
}

/* The trap flag: a signal after each instruction, from the next but one on. */
static void step_on(void)
{
	__asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq" ::: "memory", "cc");
}

static void step_off(void)
{
	__asm__ volatile("pushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq" ::: "memory", "cc");
}
#else
#define CAN_STEP 0
static void on_trap(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info, (void)context;
}
static void step_on(void) {}
static void step_off(void) {}
#endif

/* Looks who called. */
static u64 helper_walk(u64 a, u64 b, u64 c, u64 d, u64 e, void *cookie)
{
	(void)a, (void)b, (void)c, (void)d, (void)e, (void)cookie;
	walk(0);
	return 1;
}

static u64 helper_call(u64 fn, u64 arg, u64 c, u64 d, u64 e, struct run *run)
{
	const u64 args[5] = { arg, c, d, e, 5 };

	return engine_callback(run, fn, args);
}

static int resolve(void *cookie, s32 id, struct helper_binding *b)
{
	(void)cookie;
	if (id == 1)
		*b = (struct helper_binding){ .host = helper_walk };
	else if (id == 2)
		*b = (struct helper_binding){ .fn = helper_call };
	else
		return -EINVAL;
	return 0;
}

static const struct helper_resolver resolver = { resolve, NULL, true };

static struct prog *load(const char *text, u32 debug)
{
	const struct jit_opts opts = { .poll = JIT_POLL_COUNT, .debug = debug };
	struct isa_asm_error error;
	struct insn *insns = NULL;
	struct prog *prog = NULL;
	u32 cnt = 0;

	if (isa_asm(text, &insns, &cnt, &error)) {
		tap_diag("line %u: %s", error.line, error.text);
		return NULL;
	}
	if (!prog_new_raw(insns, cnt, "walked", &prog) && jit_compile(prog, &resolver, &opts)) {
		prog_put(prog);
		prog = NULL;
	}
	mem_free(insns);
	return prog;
}

static noinline_fn int enter(const struct prog *prog, bool step, u64 *ret_r0)
{
	struct run run = { .insns_left = RUN_NO_BUDGET, .prog = prog };
	int err;

	caller_back = ptr_to_u64(__builtin_return_address(0));
	if (step)
		step_on();
	err = prog->enter(&run, prog, NULL, 0, ret_r0);
	if (step)
		step_off();
	return err;
}

struct row {
	const char *name, *text;
	u64 r0;
	u32 deep; /* frames of the program that a helper sees; 0: none is called */
};

static const struct row rows[] = {
	{ "a leaf", "r0 = 3\nr0 += r2\nexit\n", 3, 0 },
	{ "no stack", "call 1\nr0 += 1\nexit\n", 2, 1 },
	{ "no stack, registers",
	  "r6 = 1\nr7 = r2\nr8 = r2\ncall 1\nr0 += r6\nr0 += r7\nr0 += r8\nexit\n", 2, 1 },
	{ "a stack", "*(u64 *)(r10 -504) = 5\ncall 1\nr1 = *(u64 *)(r10 -504)\nr0 += r1\nexit\n", 6,
	  1 },
	{ "several ends",
	  "r6 = r2\nif r6 != 0 goto pc+3\ncall 1\nr0 += r6\nexit\ncall 1\nexit\n", 1, 1 },
	{ "a function", "r6 = r2\ncall pc+2\nr0 += r6\nexit\n"
			"*(u64 *)(r10 -16) = 5\nr6 = 2\nr7 = 3\ncall 1\nr0 += r6\nr0 += r7\nexit\n",
	  6, 2 },
	{ "a function without a stack",
	  "call pc+1\nexit\nr9 = r1\ncall 1\nr0 += r9\nexit\n", 1, 2 },
	{ "a helper by its number",
	  "r6 = 1\nr1 = 1\nr2 = 1\nr3 = 1\nr4 = 1\nr5 = 1\ncallx r6\nexit\n", 1, 1 },
	/* main, the way in, the callback */
	{ "a callback", "r6 = 5\n(18) r1 = 0x5 ; !src=4\nr2 = 2\ncall 2\nr0 += r6\nexit\n"
			"r7 = r1\ncall 1\nr0 += r7\nexit\n", 8, 3 },
};

static noinline_fn void test_row(const struct row *row, bool step)
{
	struct prog *prog = load(row->text, JIT_DEBUG_UNWIND);
	u64 r0 = 0;

	if (!tap_ok(prog && jit_view(prog, &view), "%s: compiled", row->name)) {
		prog_put(prog);
		return;
	}
	walks = lost = deepest = 0;
	tap_ok(!enter(prog, step, &r0) && r0 == row->r0, "%s: runs%s", row->name,
	       step ? " in single steps" : "");
	if (!tap_ok(!lost && (walks || (!step && !row->deep)), "%s: %u walks came home",
		    row->name, walks))
		tap_diag("%u lost, the first at %llx", lost, (unsigned long long)lost_at);
	if (!step)
		tap_eq(deepest, row->deep, "%s: frames of the program", row->name);
	prog_put(prog);
}

static void test_perf(void)
{
	struct prog *prog = load(rows[5].text, JIT_DEBUG_PERF);
	char path[64], line[256], name[128];
	unsigned long long addr;
	u32 bytes, seen = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	f = fopen(path, "r");
	if (!tap_ok(prog && jit_view(prog, &view) && f, "perf has a file"))
		return;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx %x %127s", &addr, &bytes, name) != 3 ||
		    strncmp(name, "bpf_prog_", 9) || !strstr(name, "_walked"))
			break;
		seen += seen >= view.func_cnt || (addr == view.addr + view.func_off[seen] &&
						  bytes == view.func_end[seen] -
								   view.func_off[seen]);
	}
	tap_eq(seen, view.func_cnt + 1, "a line for each function, and for the way in");
	fclose(f);
	unlink(path);
	prog_put(prog);
}

/* Whatever cannot be told leaves nothing behind. */
static int told_round(void *cookie)
{
	const struct jit_opts opts = { .poll = JIT_POLL_NONE,
				       .debug = JIT_DEBUG_UNWIND | JIT_DEBUG_GDB };
	const struct insn insns[] = { { .code = 0xb7, .imm = 3 }, { .code = 0x95 } };
	struct run run = { .insns_left = RUN_NO_BUDGET };
	struct prog *prog;
	u64 r0 = 0;
	int err = prog_new_raw(insns, 2, "told", &prog);

	(void)cookie;
	if (err)
		return err;
	err = jit_compile(prog, NULL, &opts);
	if (!err)
		err = prog->enter(&run, prog, NULL, 0, &r0);
	prog_put(prog);
	return err ? err : r0 == 3 ? 0 : -EPROTO;
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

	if (!jit_here_is_target()) {
		tap_skip("no target for this machine");
		return tap_done();
	}
	sigaction(SIGTRAP, &action, NULL);
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		test_row(&rows[i], false);
		if (CAN_STEP)
			test_row(&rows[i], true);
	}
	test_perf();
	oom_sweep(told_round, NULL, "telling of a program");
	return tap_done();
}
