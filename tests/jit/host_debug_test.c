/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What unwinders and perf see of code: two functions by hand, one calls the other, which calls us.
 * With --gdb only that call is made, for host_gdb.py to look at.
 */
#include "tests/jit/host.h"

#include <elf.h>
#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "jit/debug.h"
#include "prog/prog.h"
#include "tests/oom.h"

#define FRAMES_MAX 64
#define NAME_OUTER "bpf_prog_0123456789abcdef_outer"
#define NAME_INNER "bpf_prog_0123456789abcdef_inner"

#if defined(__x86_64__)
/* outer: push rbx; sub rsp, 32; call inner; add rsp, 32; pop rbx; ret */
static const u8 code_calls[] = {
	0x53, 0x48, 0x83, 0xec, 0x20, 0xe8, 6,    0,    0,    0,    0x48,
	0x83, 0xc4, 0x20, 0x5b, 0xc3, /* inner: sub rsp, 40; call rdi; add rsp, 40; ret */
	0x48, 0x83, 0xec, 0x28, 0xff, 0xd7, 0x48, 0x83, 0xc4, 0x28, 0xc3,
};
#define INNER 16
#define ISA   (&jit_unwind_x86_64)
#define EM    EM_X86_64
static const struct jit_unwind_step outer_steps[] = {
	{ 1, JIT_UNWIND_CFA, 7, 16 },  { 1, JIT_UNWIND_SAVED, 3, -16 },
	{ 5, JIT_UNWIND_CFA, 7, 48 },  { 14, JIT_UNWIND_CFA, 7, 16 },
	{ 15, JIT_UNWIND_KEPT, 3, 0 }, { 15, JIT_UNWIND_CFA, 7, 8 },
};
static const struct jit_unwind_step inner_steps[] = {
	{ 20, JIT_UNWIND_CFA, 7, 48 },
	{ 22, JIT_UNWIND_PUSH, 0, 0 },
	{ 26, JIT_UNWIND_CFA, 7, 8 },
	{ 27, JIT_UNWIND_POP, 0, 0 },
};
#elif defined(__aarch64__)
/* both: str x30, [sp, -16]!; bl inner, or blr x0; ldr x30, [sp], 16; ret */
static const u32 code_calls[] = { 0xf81f0ffe, 0x94000003, 0xf84107fe, 0xd65f03c0,
				  0xf81f0ffe, 0xd63f0000, 0xf84107fe, 0xd65f03c0 };
#define INNER 16
#define ISA   (&jit_unwind_arm64)
#define EM    EM_AARCH64
static const struct jit_unwind_step outer_steps[] = {
	{ 4, JIT_UNWIND_CFA, 31, 16 },
	{ 4, JIT_UNWIND_SAVED, 30, -16 },
	{ 12, JIT_UNWIND_KEPT, 30, 0 },
	{ 12, JIT_UNWIND_CFA, 31, 0 },
};
static const struct jit_unwind_step inner_steps[] = {
	{ 20, JIT_UNWIND_CFA, 31, 16 },
	{ 20, JIT_UNWIND_SAVED, 30, -16 },
};
#else
static const u8 code_calls[32];
#define INNER 16
#define ISA   (&jit_unwind_x86_64)
#define EM    EM_X86_64
static const struct jit_unwind_step outer_steps[] = { { 1, JIT_UNWIND_CFA, 7, 16 } };
static const struct jit_unwind_step inner_steps[] = { { 20, JIT_UNWIND_CFA, 7, 48 } };
#endif

static const struct jit_debug_func funcs[] = {
	{ 0, INNER, NAME_OUTER, outer_steps, ARRAY_SIZE(outer_steps) },
	{ INNER, sizeof(code_calls), NAME_INNER, inner_steps, ARRAY_SIZE(inner_steps) },
};
static const struct jit_debug_line lines[] = {
	{ 0, 7, "demo.bpf.c" },
	{ INNER, 40, "demo.bpf.h" },
	{ INNER + 4, 2, "demo.bpf.c" },
};

static struct jit_debug_info info_of(u64 base)
{
	return (struct jit_debug_info){ .base = base,
					.code_bytes = sizeof(code_calls),
					.elf_machine = EM,
					.isa = ISA,
					.funcs = funcs,
					.func_cnt = ARRAY_SIZE(funcs),
					.lines = lines,
					.line_cnt = ARRAY_SIZE(lines) };
}

/* What the innermost call saw. */
static void *frames[FRAMES_MAX];
static int frame_cnt;

noinline_fn void jit_test_probe(void);
noinline_fn void jit_test_probe(void)
{
	frame_cnt = backtrace(frames, FRAMES_MAX);
	__asm__ volatile("" ::: "memory");
}

static bool seen_between(u64 start, u64 end)
{
	for (int i = 0; i < frame_cnt; i++)
		if (ptr_to_u64(frames[i]) > start && ptr_to_u64(frames[i]) < end)
			return true;
	return false;
}

static u64 call_probe(const void *exec)
{
	return host_call(exec, (u64)(uintptr_t)jit_test_probe);
}

static noinline_fn void test_unwind(const struct jit_mem *m)
{
	u64 base = ptr_to_u64(m->exec), back = ptr_to_u64(__builtin_return_address(0));
	struct jit_debug_info info = info_of(base);
	struct jit_debug *d;

	call_probe(m->exec);
	tap_ok(!seen_between(back - 1, back + 1),
	       "nobody walks through code that he does not know");
	tap_eq(jit_debug_add(&info, JIT_DEBUG_UNWIND, &d), 0, "its frames are told");
	call_probe(m->exec);
	tap_ok(seen_between(base + INNER, base + m->bytes), "backtrace() sees the inner function");
	tap_ok(seen_between(base, base + INNER), "and the outer one");
	tap_ok(seen_between(back - 1, back + 1), "and goes on to main");
	jit_debug_remove(d);
	call_probe(m->exec);
	tap_ok(!seen_between(back - 1, back + 1), "until it is taken back");
}

static void test_perf(const struct jit_mem *m)
{
	struct jit_debug_info info = info_of(ptr_to_u64(m->exec));
	char path[64], text[512] = "", want[512];
	struct jit_debug *d;
	struct stat st;
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	unlink(path);
	tap_eq(jit_debug_add(&info, JIT_DEBUG_PERF, &d), 0, "perf is told");
	tap_ok(!d, "for good");
	snprintf(want, sizeof(want), "%llx %x " NAME_OUTER "\n%llx %x " NAME_INNER "\n",
		 (unsigned long long)info.base, INNER, (unsigned long long)info.base + INNER,
		 (u32)sizeof(code_calls) - INNER);
	f = fopen(path, "r");
	if (f) {
		text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
		fclose(f);
	}
	tap_str(text, want, "start, size and name of each function");
	tap_ok(!stat(path, &st) && (st.st_mode & 077) == 0, "for our eyes only");
	unlink(path);
	/* Somebody has put a link where the file should be. */
	if (symlink("/tmp/skep-nowhere", path))
		tap_skip("no links here");
	else
		tap_ok(!jit_debug_add(&info, JIT_DEBUG_PERF, &d) &&
			       access("/tmp/skep-nowhere", F_OK),
		       "a link is not followed, and no error");
	unlink(path);
}

static void test_names(void)
{
	static struct prog_subprog subprogs[] = { { .name = "main_func" }, { .name = NULL } };
	struct prog *prog = mem_zalloc(sizeof(*prog));
	char name[JIT_DEBUG_NAME_BYTES], longest[300];

	if (!prog)
		return;
	memcpy(prog->tag, "\x01\x23\x45\x67\x89\xab\xcd\xef", 8);
	jit_debug_name(prog, 0, name);
	tap_str(name, "bpf_prog_0123456789abcdef", "a program without a name");
	memcpy(prog->name, "xdp_pass", 9);
	jit_debug_name(prog, 0, name);
	tap_str(name, "bpf_prog_0123456789abcdef_xdp_pass", "with one");
	prog->subprogs = subprogs;
	prog->subprog_cnt = 2;
	jit_debug_name(prog, 0, name);
	tap_str(name, "bpf_prog_0123456789abcdef_main_func", "its function, by BTF");
	jit_debug_name(prog, 1, name);
	tap_str(name, "bpf_prog_0123456789abcdef_xdp_pass", "a function without a name");
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	subprogs[0].name = longest;
	jit_debug_name(prog, 0, name);
	tap_eq(strlen(name), JIT_DEBUG_NAME_BYTES - 1, "a long name is cut");
	mem_free(prog);
}

static int oom_round(void *arg)
{
	struct jit_debug_info info = info_of(*(u64 *)arg);
	struct jit_debug *d;
	int err = jit_debug_add(&info, JIT_DEBUG_UNWIND | JIT_DEBUG_GDB, &d);

	jit_debug_remove(d);
	return err;
}

/* Code comes and goes in several threads while all tools are told. */
static void *thread_main(void *arg)
{
	long bad = 0;

	(void)arg;
	for (u32 i = 0; i < 200; i++) {
		struct jit_debug_info info;
		struct jit_debug *d;
		struct jit_mem m;

		if (host_new(code_calls, sizeof(code_calls), &m))
			return (void *)1;
		info = info_of(ptr_to_u64(m.exec));
		bad += jit_debug_add(&info, JIT_DEBUG_UNWIND | JIT_DEBUG_GDB, &d) != 0;
		jit_debug_remove(d);
		jit_mem_free(&m);
	}
	return (void *)bad;
}

static void test_threads(void)
{
	pthread_t threads[4];
	void *bad;

	for (u32 i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, thread_main, NULL))
			exit(1);
	for (u32 i = 0; i < 4; i++) {
		pthread_join(threads[i], &bad);
		tap_ok(!bad, "thread %u tells and takes back", i);
	}
}

static int for_gdb(const struct jit_mem *m)
{
	struct jit_debug_info info = info_of(ptr_to_u64(m->exec));
	struct jit_debug *d, *other;

	/* Another one that comes and goes, so that the list is more than a head. */
	if (jit_debug_add(&info, JIT_DEBUG_GDB, &d) || jit_debug_add(&info, JIT_DEBUG_GDB, &other))
		return 1;
	jit_debug_remove(d);
	call_probe(m->exec);
	jit_debug_remove(other);
	return 0;
}

int main(int argc, char **argv)
{
	struct jit_mem m;
	u64 base;

	if (host_new(code_calls, sizeof(code_calls), &m)) {
		tap_ok(false, "code");
		return tap_done();
	}
	base = ptr_to_u64(m.exec);
	if (argc > 1 && !strcmp(argv[1], "--gdb"))
		return for_gdb(&m);
	test_names();
	test_perf(&m);
	if (HOST_CODE)
		test_unwind(&m);
	else
		tap_skip("no code by hand for this machine");
	oom_sweep(oom_round, &base, "what tools are told");
	test_threads();
	setenv("SKEP_GDB", "1", 1);
	setenv("SKEP_PERF_MAP", "0", 1);
	unsetenv("SKEP_UNWIND");
	tap_eq(jit_debug_wanted(), JIT_DEBUG_GDB, "the environment says what is wanted");
	jit_mem_free(&m);
	return tap_done();
}
