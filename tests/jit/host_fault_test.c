/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults in code of ours come to its owner, who sends execution elsewhere; all other signals go
 * where they went before we were there. Each case in a process of its own, since handlers are the
 * process's.
 */
#include "tests/jit/host.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS  4
#define ROUNDS   2000
#define BAD_ADDR 0x18ull

/* What a child tells its parent. */
enum { CHILD_OK, CHILD_WRONG, CHILD_HANDLED };

struct seen {
	struct process_code code;
	struct jit_mem mem;
	u64 stub;
	u64 pc, addr, arg;
	int sig;
	bool write;
	u32 cnt;
};

static bool on_fault(struct process_code *code, int sig, void *siginfo, void *ucontext)
{
	struct seen *s = code->cookie;

	s->sig = sig;
	s->pc = jit_host_pc(ucontext);
	s->addr = jit_host_fault_addr(siginfo);
	s->arg = jit_host_reg(ucontext, HOST_ARG0);
	s->write = jit_host_fault_is_write(ucontext);
	s->cnt++;
	jit_host_redirect(ucontext, s->stub);
	return true;
}

static int seen_new(const void *code, size_t bytes, struct seen *s)
{
	int err;

	*s = (struct seen){ 0 };
	err = host_new(code, bytes, &s->mem);
	if (err)
		return err;
	s->stub = ptr_to_u64(s->mem.exec) + LOAD_STUB;
	s->code = (struct process_code){ .start = ptr_to_u64(s->mem.exec),
					 .end = ptr_to_u64(s->mem.exec) + bytes,
					 .fault = on_fault,
					 .cookie = s };
	return process_code_add(&s->code);
}

static void seen_end(struct seen *s)
{
	process_code_remove(&s->code);
	jit_mem_free(&s->mem);
}

/* Runs @fn in a child: its exit status, or 128 and the signal that ended it. */
static int in_child(int (*fn)(int sig), int sig)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		const struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		for (int s = 1; s < 32; s++)
			if (s == SIGSEGV || s == SIGBUS || s == SIGFPE || s == SIGILL)
				signal(s, SIG_DFL); /* not the sanitizers' */
		_exit(fn(sig));
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int child_kinds(int sig)
{
	struct seen load, store, ud;
	u64 r;

	(void)sig;
	if (seen_new(code_load, sizeof(code_load), &load) ||
	    seen_new(code_store, sizeof(code_store), &store) ||
	    seen_new(code_ud, sizeof(code_ud), &ud))
		return CHILD_WRONG;
	tap_eq((u32)host_call(load.mem.exec, BAD_ADDR), (u32)-EFAULT,
	       "a bad load ends in the stub");
	tap_eq(load.sig, SIGSEGV, "as SIGSEGV");
	tap_eq(load.pc, load.code.start + LOAD_AT, "at the load");
	tap_eq(load.addr, BAD_ADDR, "of that address");
	tap_eq(load.arg, BAD_ADDR, "which the register holds");
	tap_ok(!load.write, "which is no write");
	tap_eq((u32)host_call(store.mem.exec, BAD_ADDR), (u32)-EFAULT, "a bad store, too");
	tap_eq(store.pc, store.code.start + LOAD_AT, "at the store");
	/* qemu-user before 8 leaves the syndrome out of the context. */
	if (store.write)
		tap_ok(true, "which is a write");
	else
		tap_skip("the machine does not say whether it was a write");
	r = (u32)host_call(ud.mem.exec, 0);
	tap_ok(r == (u32)-EFAULT && ud.sig == SIGILL, "an instruction that does not exist: SIGILL");
#ifdef HOST_DIVIDES
	struct seen div;

	if (seen_new(code_div, sizeof(code_div), &div))
		return CHILD_WRONG;
	r = (u32)host_call(div.mem.exec, 0);
	tap_ok(r == (u32)-EFAULT && div.sig == SIGFPE, "a division by zero: SIGFPE");
	seen_end(&div);
#endif
	for (u32 i = 0; i < 1000; i++)
		host_call(load.mem.exec, BAD_ADDR);
	tap_eq(load.cnt, 1001, "again and again");
	seen_end(&load);
	seen_end(&store);
	seen_end(&ud);
	return tap_failed_cnt ? CHILD_WRONG : CHILD_OK;
}

/* A chained handler, as a host has it. */
static _Atomic int chained_cnt;
static _Atomic bool chained_right;

static void host_handler(int sig, siginfo_t *info, void *uc)
{
	sigset_t mask;

	(void)uc;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	chained_right = sig == SIGSEGV && ptr_to_u64(info->si_addr) == BAD_ADDR &&
			sigismember(&mask, SIGUSR1) == 1 && sigismember(&mask, SIGSEGV) == 1;
	if (++chained_cnt == 1)
		_exit(chained_right ? CHILD_HANDLED : CHILD_WRONG);
}

static void plain_handler(int sig)
{
	_exit(sig == SIGSEGV ? CHILD_HANDLED : CHILD_WRONG);
}

static void host_installs(void)
{
	struct sigaction a = { .sa_sigaction = host_handler, .sa_flags = SA_SIGINFO };

	sigemptyset(&a.sa_mask);
	sigaddset(&a.sa_mask, SIGUSR1);
	sigaction(SIGSEGV, &a, NULL);
}

/* Our fault still works; then a fault of somebody else. */
static int fault_elsewhere(void)
{
	struct seen load;
	struct jit_mem other;

	if (seen_new(code_load, sizeof(code_load), &load) ||
	    host_new(code_load, sizeof(code_load), &other))
		return CHILD_WRONG;
	if ((u32)host_call(load.mem.exec, BAD_ADDR) != (u32)-EFAULT || load.cnt != 1)
		return CHILD_WRONG;
	host_call(other.exec, BAD_ADDR); /* code that nobody registered */
	return CHILD_WRONG;
}

static int child_before(int sig)
{
	(void)sig;
	host_installs();
	return fault_elsewhere();
}

static int child_plain(int sig)
{
	(void)sig;
	signal(SIGSEGV, plain_handler);
	return fault_elsewhere();
}

static int child_default(int sig)
{
	signal(SIGSEGV, sig ? SIG_IGN : SIG_DFL);
	return fault_elsewhere();
}

/* The owner says that the fault is none of his. */
static bool on_fault_refuse(struct process_code *code, int sig, void *siginfo, void *ucontext)
{
	(void)code;
	(void)sig;
	(void)siginfo;
	(void)ucontext;
	return false;
}

static int child_refused(int sig)
{
	struct seen load;

	(void)sig;
	host_installs();
	if (seen_new(code_load, sizeof(code_load), &load))
		return CHILD_WRONG;
	load.code.fault = on_fault_refuse;
	host_call(load.mem.exec, BAD_ADDR);
	return CHILD_WRONG;
}

/* @sig is sent, not raised; @fault_elsewhere is never reached. */
static int child_sent(int sig)
{
	struct seen load;

	if (seen_new(code_load, sizeof(code_load), &load))
		return CHILD_WRONG;
	kill(getpid(), sig);
	return CHILD_WRONG;
}

static int child_sent_ignored(int sig)
{
	signal(sig, SIG_IGN);
	return child_sent(sig) == CHILD_WRONG ? CHILD_OK : CHILD_WRONG;
}

/* A host that installs its handler after us and passes on what it does not know. */
static struct sigaction after_old;

static void after_handler(int sig, siginfo_t *info, void *uc)
{
	chained_cnt++;
	after_old.sa_sigaction(sig, info, uc);
}

static int child_after(int sig)
{
	struct sigaction a = { .sa_sigaction = after_handler, .sa_flags = SA_SIGINFO };
	struct seen load;

	(void)sig;
	if (seen_new(code_load, sizeof(code_load), &load))
		return CHILD_WRONG;
	sigaction(SIGSEGV, &a, &after_old);
	host_call(load.mem.exec, BAD_ADDR);
	host_call(load.mem.exec, BAD_ADDR);
	if (chained_cnt != 2 || load.cnt != 2)
		return CHILD_WRONG;
	raise(SIGSEGV); /* default, through both */
	return CHILD_WRONG;
}

/* A handler that is to run once: then the default. */
static int child_once(int sig)
{
	struct sigaction a = { .sa_handler = plain_handler, .sa_flags = (int)SA_RESETHAND };
	struct seen load;

	(void)sig;
	a.sa_handler = SIG_IGN;
	sigaction(SIGSEGV, &a, NULL);
	a.sa_flags |= SA_SIGINFO;
	a.sa_sigaction = host_handler;
	chained_cnt = 1; /* returns */
	sigaction(SIGSEGV, &a, NULL);
	if (seen_new(code_load, sizeof(code_load), &load))
		return CHILD_WRONG;
	raise(SIGSEGV);
	if (chained_cnt != 2)
		return CHILD_WRONG;
	raise(SIGSEGV);
	return CHILD_WRONG;
}

static int child_opt_out(int sig)
{
	struct sigaction a;
	struct jit_mem m;
	struct process_code code;

	(void)sig;
	if (host_new(code_load, sizeof(code_load), &m))
		return CHILD_WRONG;
	code = (struct process_code){ .start = ptr_to_u64(m.exec),
				      .end = ptr_to_u64(m.exec) + m.bytes };
	if (process_code_add(&code) || process_code_at(code.start) != &code)
		return CHILD_WRONG;
	sigaction(SIGSEGV, NULL, &a);
	if (a.sa_handler != SIG_DFL)
		return CHILD_WRONG;
	host_call(m.exec, BAD_ADDR);
	return CHILD_WRONG;
}

static void test_chain(void)
{
	tap_eq(in_child(child_before, 0), CHILD_HANDLED,
	       "a handler from before gets what is not ours");
	tap_eq(in_child(child_plain, 0), CHILD_HANDLED, "one without siginfo, too");
	tap_eq(in_child(child_default, 0), 128 + SIGSEGV, "no handler: the process dies of it");
	tap_eq(in_child(child_default, 1), 128 + SIGSEGV, "ignored: faults cannot be");
	tap_eq(in_child(child_refused, 0), CHILD_HANDLED, "what the owner refuses goes on");
	tap_eq(in_child(child_sent, SIGSEGV), 128 + SIGSEGV, "kill -SEGV kills");
	tap_eq(in_child(child_sent, SIGBUS), 128 + SIGBUS, "kill -BUS kills");
	tap_eq(in_child(child_sent, SIGFPE), 128 + SIGFPE, "kill -FPE kills");
	tap_eq(in_child(child_sent, SIGILL), 128 + SIGILL, "kill -ILL kills");
	tap_eq(in_child(child_sent_ignored, SIGFPE), CHILD_OK, "unless ignored");
	tap_eq(in_child(child_after, 0), 128 + SIGSEGV,
	       "a handler from after us may pass on to us");
	tap_eq(in_child(child_once, 0), 128 + SIGSEGV, "a handler for once is called once");
	tap_eq(in_child(child_opt_out, 0), 128 + SIGSEGV, "no fault(): no handler is installed");
}

static _Atomic u32 thread_errors;

/* Adds, faults in, and removes code of its own while the others do. */
static void *thread_main(void *arg)
{
	(void)arg;
	for (u32 i = 0; i < ROUNDS; i++) {
		struct seen load;

		if (seen_new(code_load, sizeof(code_load), &load)) {
			thread_errors++;
			continue;
		}
		if ((u32)host_call(load.mem.exec, BAD_ADDR + i) != (u32)-EFAULT || load.cnt != 1 ||
		    load.addr != BAD_ADDR + i || load.pc != load.code.start + LOAD_AT)
			thread_errors++;
		seen_end(&load);
	}
	return NULL;
}

static int child_threads(int sig)
{
	pthread_t threads[THREADS];

	(void)sig;
	for (u32 i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, thread_main, NULL))
			return CHILD_WRONG;
	for (u32 i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return thread_errors ? CHILD_WRONG : CHILD_OK;
}

static int child_fork(int sig)
{
	struct seen load;
	int status;
	pid_t pid;

	(void)sig;
	if (seen_new(code_load, sizeof(code_load), &load))
		return CHILD_WRONG;
	pid = fork();
	if (!pid)
		_exit((u32)host_call(load.mem.exec, BAD_ADDR) == (u32)-EFAULT ? 0 : 1);
	waitpid(pid, &status, 0);
	return status ? CHILD_WRONG : CHILD_OK;
}

static void test_registry(void)
{
	struct process_code code = { .start = ptr_to_u64(&code), .end = ptr_to_u64(&code) + 8 };
	struct jit_mem m;
	u64 at;

	tap_eq(process_code_add(&code), -EINVAL, "code outside any room is refused");
	process_code_remove(&code);
	tap_ok(!process_code_at(ptr_to_u64(&code)), "and unknown");
	if (host_new(code_ret42, sizeof(code_ret42), &m)) {
		tap_ok(false, "code");
		return;
	}
	at = ptr_to_u64(m.exec);
	code = (struct process_code){ .start = at, .end = at };
	tap_eq(process_code_add(&code), -EINVAL, "empty code is refused");
	code.end = at + m.bytes;
	tap_eq(process_code_add(&code), 0, "added");
	tap_ok(process_code_at(at) == &code && process_code_at(at + m.bytes - 1) == &code,
	       "found from its first byte to its last");
	tap_ok(!process_code_at(at - 1) && !process_code_at(at + m.bytes), "and no further");
	process_code_remove(&code);
	tap_ok(!process_code_at(at), "gone");
	jit_mem_free(&m);
}

int main(void)
{
	test_registry();
	if (!HOST_CODE) {
		tap_skip("no code by hand for this machine");
		return tap_done();
	}
	fflush(stdout);
	test_chain();
	tap_eq(in_child(child_threads, 0), CHILD_OK, "%d threads add, fault and remove", THREADS);
	tap_eq(in_child(child_fork, 0), CHILD_OK, "a child of fork() has its faults, too");
	child_kinds(0);
	return tap_done();
}
