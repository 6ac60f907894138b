/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signal handlers for faults in registered code, and what happens to all other signals.
 *
 * 1. Our handler is installed with the mask and flags of the one that was there before, so that
 *    the kernel prepares a chained call exactly as it would have done without us.
 * 2. `before` is filled in before our handler can run, and constant from then on; what a handler
 *    with SA_RESETHAND has used up is in `spent`.
 */
#include "base/process_fault.h"

#include <signal.h>
#include <stdatomic.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/err.h"
#include "base/lock.h"
#include "base/process_code.h"

static const int caught[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };

static struct lock catch_lock;
static _Atomic bool catching; /* set under catch_lock, for good */
static struct sigaction before[ARRAY_SIZE(caught)];
static _Atomic bool spent[ARRAY_SIZE(caught)];

/* Where the instruction stands that raised the signal; 0 on machines without a JIT. */
static u64 fault_pc(const ucontext_t *uc)
{
#if defined(__x86_64__)
	return (u64)uc->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
	return uc->uc_mcontext.pc;
#else
	(void)uc;
	return 0;
#endif
}

/*
 * What the kernel does with a signal that has no handler. A fault happens again when we return,
 * and then ends the process as it would have: same place, same siginfo, same core.
 */
static void default_action(int sig, const siginfo_t *info, bool ignored)
{
	bool sent = info->si_code <= 0; /* by a process, not by an instruction */

	if (sent && ignored)
		return;
	signal(sig, SIG_DFL);
	if (sent)
		raise(sig); /* blocked now, so it arrives when we return */
}

static void chain(u32 i, siginfo_t *info, void *uc)
{
	const struct sigaction *a = &before[i];
	int sig = caught[i];

	if (a->sa_flags & SA_SIGINFO) {
		if (!(a->sa_flags & (int)SA_RESETHAND) || !atomic_exchange(&spent[i], true))
			a->sa_sigaction(sig, info, uc);
		else
			default_action(sig, info, false);
	} else if (a->sa_handler == SIG_DFL || a->sa_handler == SIG_IGN) {
		default_action(sig, info, a->sa_handler == SIG_IGN);
	} else if (!(a->sa_flags & (int)SA_RESETHAND) || !atomic_exchange(&spent[i], true)) {
		a->sa_handler(sig);
	} else {
		default_action(sig, info, false);
	}
}

static void on_fault(int sig, siginfo_t *info, void *uc)
{
	/* A signal that somebody sent says nothing about the instruction that it met. */
	struct process_code *code = info->si_code > 0 ? process_code_at(fault_pc(uc)) : NULL;
	u32 i = 0;

	if (code && code->fault && code->fault(code, sig, info, uc))
		return;
	while (caught[i] != sig)
		i++;
	chain(i, info, uc);
}

static int catch_one(u32 i)
{
	struct sigaction ours = { .sa_sigaction = on_fault }, old;

	if (sigaction(caught[i], NULL, &old))
		return -errno;
	if ((old.sa_flags & SA_SIGINFO) && old.sa_sigaction == on_fault)
		return 0; /* an earlier attempt got this far */
	before[i] = old;
	ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
	sigemptyset(&ours.sa_mask);
	if ((before[i].sa_flags & SA_SIGINFO) ||
	    (before[i].sa_handler != SIG_DFL && before[i].sa_handler != SIG_IGN)) {
		ours.sa_flags = before[i].sa_flags | SA_SIGINFO;
		ours.sa_flags &= ~(int)SA_RESETHAND;
		ours.sa_mask = before[i].sa_mask;
	}
	return sigaction(caught[i], &ours, NULL) ? -errno : 0;
}

int process_fault_catch(void)
{
	int err = 0;

	if (likely(atomic_load_explicit(&catching, memory_order_acquire)))
		return 0;
	lock_take(&catch_lock);
	if (!atomic_load_explicit(&catching, memory_order_relaxed)) {
		for (u32 i = 0; i < ARRAY_SIZE(caught) && !err; i++)
			err = catch_one(i);
		if (!err)
			atomic_store_explicit(&catching, true, memory_order_release);
	}
	lock_give(&catch_lock);
	return err;
}
