/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for code: what the process's map says at each step, where it lies, what stands around it,
 * and that nothing is lost.
 */
#include "tests/jit/host.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/pages.h"
#include "tests/oom.h"

#define ROUNDS 10000

struct maps {
	u32 both;   /* mappings that are writable and executable */
	char at[5]; /* rights of the one that holds the address */
	u32 cnt;
};

static struct maps maps_scan(const void *addr)
{
	FILE *f = fopen("/proc/self/maps", "r");
	struct maps m = { .at = "none" };
	unsigned long long start, end;
	char line[512], rights[5];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx-%llx %4s", &start, &end, rights) != 3)
			continue;
		m.cnt++;
		m.both += rights[1] == 'w' && rights[2] == 'x';
		if (ptr_to_u64(addr) >= start && ptr_to_u64(addr) < end)
			memcpy(m.at, rights, sizeof(m.at));
	}
	if (f)
		fclose(f);
	return m;
}

static void test_rights(bool anonymous)
{
	const char *how = anonymous ? "anonymous" : "file";
	struct jit_mem_want want = host_want(3 * 4096);
	u32 both = maps_scan(NULL).both; /* qemu, sanitizers: theirs */
	struct jit_mem m;
	struct maps s;
	u8 *exec;
	u64 page;

	want.anonymous = anonymous;
	want.pad_bytes = 64;
	tap_eq(jit_mem_new(&want, &m), 0, "%s: a place", how);
	exec = m.exec;
	s = maps_scan(exec);
	tap_str(s.at, "---p", "%s: no access before the seal", how);
	tap_eq(s.both, both, "%s: nothing writable and executable", how);
	tap_eq(jit_mem_seal(&m, code_ret42, sizeof(code_ret42)), 0, "%s: sealed", how);
	s = maps_scan(exec);
	tap_str(s.at, "r-xp", "%s: read and executed after the seal", how);
	tap_eq(s.both, both, "%s: nothing writable and executable", how);
	tap_ok(m.exec == exec && ptr_to_u64(exec) % 4096 == 64, "%s: stands where it was to stand",
	       how);
	tap_ok(!memcmp(exec, code_ret42, sizeof(code_ret42)), "%s: the code is there", how);
	if (HOST_CODE)
		tap_eq(host_call(exec, 0), 42, "%s: and runs", how);
	page = pages_size_bytes();
	tap_eq(m.room.bytes, page, "%s: what is not needed was given back", how);
	tap_str(maps_scan(m.room.start - 1).at, "---p", "%s: a guard before", how);
	tap_str(maps_scan(m.room.start + page).at, "---p", "%s: a guard behind", how);
	tap_eq(jit_mem_seal(&m, code_ret42, sizeof(code_ret42)), -EINVAL, "%s: sealed once only",
	       how);
	jit_mem_free(&m);
	tap_str(maps_scan(exec).at, "---p", "%s: no access after the end", how);
	jit_mem_free(&m);
}

/* Every byte of the room that is no code belongs to a row of trap words that starts with the page.
 */
static void test_traps(void)
{
	u32 bad = 0, odd = 0;

	for (u32 pad = 0; pad < 4096; pad += pad < 64 ? 1 : 253) {
		u32 bytes = pad % 7 ? (u32)sizeof(code_ret42) : 4096 * 2 + pad % 5,
		    trap = 0x44332211;
		struct jit_mem_want want = host_want(bytes);
		u8 *code = mem_zalloc(bytes), *p;
		struct jit_mem m;

		want.pad_bytes = pad;
		want.trap = trap;
		if (!code || jit_mem_new(&want, &m) || jit_mem_seal(&m, code, bytes)) {
			odd++;
			mem_free(code);
			continue;
		}
		p = m.room.start;
		/* What precedes a function can be read. */
		odd += m.exec != p + MAX(pad, 16u);
		for (u64 i = 0; i < m.room.bytes; i++) {
			u8 want_byte = ((const u8 *)&trap)[i % 4];

			if (p + i >= m.exec && p + i < m.exec + bytes)
				want_byte = 0;
			bad += p[i] != want_byte;
		}
		jit_mem_free(&m);
		mem_free(code);
	}
	tap_eq(odd, 0, "all pads can be had");
	tap_eq(bad, 0, "what is no code is trap");
}

/* What happens to a child that touches @addr: the signal, 0 when nothing. */
static int touch_in_child(const volatile u8 *addr, bool run)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		const struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGSEGV, SIG_DFL); /* the sanitizers' */
		signal(SIGBUS, SIG_DFL);
		if (run)
			host_call((const void *)(uintptr_t)addr, 0);
		else
			(void)*addr;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_guards(void)
{
	struct jit_mem a, b;

	if (host_new(code_ret42, sizeof(code_ret42), &a) ||
	    host_new(code_ret42, sizeof(code_ret42), &b)) {
		tap_ok(false, "two pieces of code");
		return;
	}
	tap_ok(b.room.start >= a.room.start + a.room.bytes + pages_size_bytes() ||
		       a.room.start >= b.room.start + b.room.bytes + pages_size_bytes(),
	       "a page between neighbours");
	tap_eq(touch_in_child(a.exec, false), 0, "code can be read");
	tap_eq(touch_in_child(a.room.start - 1, false), SIGSEGV, "the byte before cannot");
	tap_eq(touch_in_child(a.room.start + a.room.bytes, false), SIGSEGV,
	       "the byte behind cannot");
	tap_eq(touch_in_child(b.room.start + b.room.bytes, true), SIGSEGV, "nor be run");
	jit_mem_free(&a);
	jit_mem_free(&b);
}

static void test_near(void)
{
	struct jit_mem_want want = host_want(8 << 20);
	struct jit_mem big, small, far;
	u8 *code = mem_zalloc(8 << 20);
	u64 at = (u64)(uintptr_t)host_anchor;

	if (!code || jit_mem_new(&want, &big)) {
		tap_ok(false, "8 MiB");
		mem_free(code);
		return;
	}
	tap_ok(!big.near ==
		       (MAX(at, ptr_to_u64(big.exec)) - MIN(at, ptr_to_u64(big.exec)) > HOST_REACH),
	       "`near` says how far it is");
#ifndef __SANITIZE_ADDRESS__
	tap_ok(big.near, "8 MiB within reach of our text");
#endif
	tap_eq(jit_mem_seal(&big, code, 8 << 20), 0, "8 MiB of code");
	jit_mem_free(&big);
	want = host_want(64 << 20);
	tap_eq(jit_mem_new(&want, &big), 0, "64 MiB, more than a window holds");
	jit_mem_free(&big);
	tap_eq(host_new(code_ret42, sizeof(code_ret42), &small), 0, "a small one");
	jit_mem_free(&small);
	want = host_want(4096);
	want.near = NULL;
	want.reach_bytes = 0;
	tap_eq(jit_mem_new(&want, &far), 0, "nothing near asked for: anywhere");
	jit_mem_free(&far);
	want.near = u64_to_ptr(UINT64_MAX - 4096);
	want.reach_bytes = 1 << 20;
	tap_eq(jit_mem_new(&want, &far), 0, "where nothing can be: anywhere");
	tap_ok(!far.near, "and says so");
	jit_mem_free(&far);
	mem_free(code);
}

static void test_many(void)
{
	struct jit_mem *all = mem_zalloc_array(ROUNDS, sizeof(*all));
	u32 failed = 0, wrong = 0, before, after;

	if (!all) {
		tap_ok(false, "memory");
		return;
	}
	for (u32 i = 0; i < 2; i++) { /* the second time in the places of the first */
		before = maps_scan(NULL).cnt;
		for (u32 k = 0; k < ROUNDS; k++)
			failed += host_new(code_ret42, sizeof(code_ret42), &all[k]) != 0;
		for (u32 k = 0; HOST_CODE && k < ROUNDS; k += 97)
			wrong += host_call(all[k].exec, 0) != 42;
		for (u32 k = 0; k < ROUNDS; k++)
			jit_mem_free(&all[k * 7919ull % ROUNDS]);
	}
	after = maps_scan(NULL).cnt;
	for (u32 k = 0; k < ROUNDS; k++) {
		failed += host_new(code_ret42, sizeof(code_ret42), &all[0]) != 0;
		jit_mem_free(&all[0]);
	}
	tap_eq(failed, 0, "%d at once, twice, and as many in turn", ROUNDS);
	tap_eq(wrong, 0, "all are what they should be");
	tap_ok(after <= before + 8 && maps_scan(NULL).cnt <= after + 2,
	       "no mapping is left behind");
	mem_free(all);
}

static int oom_round(void *arg)
{
	struct jit_mem_want want = host_want(sizeof(code_ret42));
	struct jit_mem m = { 0 };
	int err;

	want.anonymous = *(bool *)arg;
	err = jit_mem_new(&want, &m);
	if (!err)
		err = jit_mem_seal(&m, code_ret42, sizeof(code_ret42));
	jit_mem_free(&m);
	return err;
}

/* A limit on files: written without one, and no SIGXFSZ. */
static void test_file_limit(void)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		const struct rlimit none = { 0, 0 };
		struct jit_mem m;
		bool ok;

		setrlimit(RLIMIT_FSIZE, &none);
		ok = !host_new(code_ret42, sizeof(code_ret42), &m);
		_exit(ok && !memcmp(m.exec, code_ret42, sizeof(code_ret42)) ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	tap_eq(status, 0, "a process that may write no files has code, too");
}

/* Parent and child make and end code after the fork; neither sees the other's. */
static void test_fork(void)
{
	struct jit_mem old[8], m;
	u8 other[64];
	int status = 0;
	bool same = true;
	pid_t pid;

	memset(other, 0x5a, sizeof(other));
	for (u32 i = 0; i < 8; i++)
		if (host_new(code_ret42, sizeof(code_ret42), &old[i]))
			tap_ok(false, "code before the fork");
	pid = fork();
	if (!pid) {
		bool ok = true;

		for (u32 i = 0; i < 4; i++)
			jit_mem_free(&old[i]);
		for (u32 i = 0; i < 100; i++)
			ok &= !host_new(other, sizeof(other), &m);
		for (u32 i = 4; i < 8; i++)
			ok &= !memcmp(old[i].exec, code_ret42, sizeof(code_ret42));
		if (HOST_CODE)
			ok &= host_call(old[5].exec, 0) == 42;
		_exit(ok ? 0 : 1);
	}
	for (u32 i = 4; i < 8; i++)
		jit_mem_free(&old[i]);
	for (u32 i = 4; i < 8; i++)
		same &= !host_new(other, sizeof(other), &old[i]);
	waitpid(pid, &status, 0);
	tap_eq(status, 0, "a child keeps its code and makes its own");
	for (u32 i = 0; i < 4; i++)
		same &= !memcmp(old[i].exec, code_ret42, sizeof(code_ret42));
	tap_ok(same, "and so does its parent");
	for (u32 i = 0; i < 8; i++)
		jit_mem_free(&old[i]);
}

int main(void)
{
	bool anonymous = true;

	test_rights(false);
	test_rights(true);
	test_traps();
	test_guards();
	test_near();
	test_many();
	oom_sweep(oom_round, &(bool){ false }, "code in a file");
	oom_sweep(oom_round, &anonymous, "anonymous code");
	test_file_limit();
	test_fork();
	return tap_done();
}
