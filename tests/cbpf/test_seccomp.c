/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random seccomp filters: the kernel's verdict is our checker's, and a system call that the filter
 * judges ends as our interpreter and both engines say: with the errno of its result, or by SIGSYS.
 *
 * Each program runs in a child of its own. It is led by an instruction pair that lets every call
 * but one pass, a number that no kernel has.
 *
 * test_cbpf_seccomp [--count N] [--seed S]
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engines.h"
#include "gen.h"
#include "tests/tap.h"

#define PROGRAM_MAX 64
#define LEAD_INSNS  3
#define JUDGED_CALL 5000

/* What a child leaves behind. */
struct report {
	int verdict;	/* 0 or errno of the installation */
	int call_errno; /* 0: the call returned 0; -1: it never returned */
};

struct totals {
	u64 tried, accepted, judged, killed;
};

static u32 audit_arch(void)
{
	struct utsname u;

	if (uname(&u))
		return 0;
	if (!strcmp(u.machine, "x86_64"))
		return 0xc000003e;
	return strcmp(u.machine, "aarch64") ? 0 : 0xc00000b7;
}

static void child(const struct cbpf_insn *insns, u32 len, const struct cbpf_seccomp *data,
		  struct report *report)
{
	const u64 *a = data->args;
	struct cbpf_insn copy[PROGRAM_MAX];
	struct sock_fprog fprog = { .len = (unsigned short)len, .filter = (void *)copy };
	long ret;

	memcpy(copy, insns, len * sizeof(*insns));
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog)) {
		report->verdict = errno;
		_exit(0);
	}
	report->verdict = 0;
	ret = syscall(JUDGED_CALL, a[0], a[1], a[2], a[3], a[4], a[5]);
	report->call_errno = ret ? errno : 0;
	_exit(0);
}

/* Runs the child; false when it died of anything but SIGSYS. */
static bool run_child(const struct cbpf_insn *insns, u32 len, const struct cbpf_seccomp *data,
		      struct report *report)
{
	int status;
	pid_t pid;

	*report = (struct report){ -1, -1 };
	pid = fork();
	if (!pid)
		child(insns, len, data, report);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	return WIFEXITED(status) ? !WEXITSTATUS(status) : WTERMSIG(status) == SIGSYS;
}

/* A program that judges one system call: everything else is allowed. */
static u32 make_program(struct gen *gen, struct cbpf_insn *insns)
{
	u32 len, i;

	insns[0] = (struct cbpf_insn){ .code = 0x20, .k = 0 };
	insns[1] = (struct cbpf_insn){ .code = 0x15, .jt = 1, .k = JUDGED_CALL };
	insns[2] = (struct cbpf_insn){ .code = 0x06, .k = SECCOMP_RET_ALLOW };
	len = gen_program(gen, GEN_SECCOMP, insns + LEAD_INSNS, PROGRAM_MAX - LEAD_INSNS);
	if (!gen_below(gen, 4))
		gen_mutate(gen, insns + LEAD_INSNS, len);
	/* The instruction pointer is not known here. */
	for (i = LEAD_INSNS; i < len + LEAD_INSNS; i++)
		if (insns[i].code == 0x20 && (insns[i].k == 8 || insns[i].k == 12))
			insns[i].k += 8;
	return len + LEAD_INSNS;
}

static bool fail(const char *what, const struct cbpf_insn *insns, u32 len)
{
	tap_diag("%s", what);
	engines_dump(insns, len);
	return false;
}

/* What our result says against what happened to the child. */
static bool same_outcome(u32 result, const struct report *report, struct totals *totals)
{
	u32 action = result & SECCOMP_RET_ACTION_FULL;

	totals->judged++;
	if (action == SECCOMP_RET_ERRNO)
		return report->call_errno == (int)MIN(result & SECCOMP_RET_DATA, 4095u);
	totals->killed++;
	return report->call_errno == -1;
}

static bool one_program(struct gen *gen, struct report *report, struct totals *totals)
{
	struct cbpf_seccomp data = { .nr = JUDGED_CALL, .arch = audit_arch() };
	struct cbpf_insn insns[PROGRAM_MAX];
	struct cbpf_refusal refusal = { 0 };
	struct cbpf_prog *prog = NULL;
	u32 len = make_program(gen, insns), result = 0, action;
	struct engines e;
	char what[160] = "";
	bool good;
	int ours;

	for (int i = 0; i < 6; i++)
		data.args[i] = gen_u64(gen) >> gen_below(gen, 64);
	totals->tried++;
	ours = cbpf_prog_new(insns, len, CBPF_SECCOMP, &refusal, &prog);
	if (!ours) {
		totals->accepted++;
		if (engines_init(&e, prog) || !engines_run_seccomp(&e, &data, &result, what)) {
			cbpf_prog_free(prog);
			return fail(what, insns, len);
		}
		engines_fini(&e);
		cbpf_prog_free(prog);
	}
	action = result & SECCOMP_RET_ACTION_FULL;
	if (!ours && action != SECCOMP_RET_ERRNO && action != SECCOMP_RET_KILL_THREAD &&
	    action != SECCOMP_RET_KILL_PROCESS)
		return true; /* allow, trace, notify: nothing to see */
	good = run_child(insns, len, &data, report);
	snprintf(what, sizeof(what),
		 "ours %d (%u: %s), result 0x%x; kernel: verdict %d, call errno %d", ours,
		 refusal.insn_idx, refusal.reason ? refusal.reason : "", result, report->verdict,
		 report->call_errno);
	if (!good || -ours != report->verdict || (!ours && !same_outcome(result, report, totals)))
		return fail(what, insns, len);
	return true;
}

/* Filters can be installed here, and the call number is free. */
static bool kernel_usable(struct report *report)
{
	const struct cbpf_insn allow = { .code = 0x06, .k = SECCOMP_RET_ALLOW };
	const struct cbpf_seccomp data = { 0 };

	return audit_arch() && run_child(&allow, 1, &data, report) && !report->verdict &&
	       report->call_errno == ENOSYS;
}

int main(int argc, char **argv)
{
	struct report *report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	u64 count = 500, seed = 3;
	struct totals totals = { 0 };
	struct gen gen;
	bool good = true;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--count"))
			count = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 0);
	}
	if (report == MAP_FAILED || !kernel_usable(report))
		return tap_skip_all("no seccomp filter can be installed here");
	gen.state = seed;
	while (good && totals.tried < count)
		good = one_program(&gen, report, &totals);
	tap_ok(good, "random seccomp filters: kernel, classic interpreter, run and guard agree");
	tap_diag("%llu programs, %llu accepted, %llu judged, %llu killed, seed %llu",
		 (unsigned long long)totals.tried, (unsigned long long)totals.accepted,
		 (unsigned long long)totals.judged, (unsigned long long)totals.killed,
		 (unsigned long long)seed);
	tap_ok(totals.judged > count / 2 && totals.killed < totals.judged,
	       "most results are seen, and not only kills");
	return tap_done();
}
