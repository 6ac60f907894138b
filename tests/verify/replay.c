/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verifies the records of files (record.h) by one backend and prints what came of each:
 *
 *	result FILE-NUMBER RET USEC LOG-BYTES SETUP NAME
 *	(the log)
 *
 * RET is 0 or -errno; SETUP is "-", or says what could not be made beforehand (then RET is why).
 *
 *	verify_replay [--backend kernel|skep] [--rights priv|bpf|unpriv] [--level N] [--only NAME]…
 *		      [--log-max BYTES] [--add-flags N] [--isolate SECONDS] [--show ENGINE] FILE…
 *
 * With --show ENGINE (jit, interp) what is accepted is run and shown (show.h) instead of its log.
 * With --isolate records are verified in a child; one that dies or lasts longer is
 * reported with SETUP "died" and the signal as its log.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "skep/skep.h"
#include "tests/verify/backend.h"
#include "tests/verify/show.h"

#define ONLY_MAX 4096

struct opts {
	enum backend_kind kind;
	enum rights rights;
	uint32_t level, add_flags;
	unsigned int isolate_sec; /* 0: no */
	size_t log_max;
	const char *show; /* the engine that runs what is accepted; NULL: none */
	const char *only[ONLY_MAX];
	uint32_t only_cnt;
};

static bool wanted(const struct opts *o, const char *name)
{
	for (uint32_t i = 0; i < o->only_cnt; i++)
		if (!strcmp(o->only[i], name))
			return true;
	return o->only_cnt == 0;
}

static void record_replay(struct backend *b, const struct opts *o, const struct record_file *file,
			  const struct record *r, int num)
{
	struct verdict v;
	size_t len, skip;

	backend_verify(b, file, r, o->rights, o->level, &v);
	len = strlen(v.log);
	skip = len > o->log_max ? len - o->log_max : 0; /* its end holds the reason */
	printf("result %d %d %llu %zu %s %s\n", num, v.setup_ret ? v.setup_ret : v.ret,
	       (unsigned long long)v.usec, len - skip, v.setup_ret ? v.setup : "-", r->name);
	fwrite(v.log + skip, 1, len - skip, stdout);
	printf("\n");
	fflush(stdout);
}

/* The next record of @r's file that was asked for, @r included; NULL: none. */
static const struct record *next_wanted(const struct opts *o, const struct record *r)
{
	while (r && !wanted(o, r->name))
		r = r->next;
	return r;
}

static void died(const struct record *r, int num, int status)
{
	char text[64];

	snprintf(text, sizeof(text), "%s",
		 WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "status is not 0");
	printf("result %d -4095 0 %zu died %s\n%s\n", num, strlen(text), r->name, text);
	fflush(stdout);
}

/*
 * A child does record after record; where one dies the next child goes on behind it. What a child
 * writes of a record is complete or was not begun: a backend dies before its first byte.
 */
static int file_isolate(struct backend *b, const struct opts *o, const struct record_file *file,
			int num)
{
	const struct record **at = mmap(NULL, sizeof(*at), PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;
	int status;

	if (at == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	*at = next_wanted(o, file->first);
	while (*at) {
		fflush(stdout);
		status = 1;
		child = fork();
		if (child == 0) {
			for (; *at; *at = next_wanted(o, (*at)->next)) {
				alarm(o->isolate_sec);
				record_replay(b, o, file, *at, num);
			}
			_exit(0);
		}
		while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		if (*at) {
			died(*at, num, status);
			*at = next_wanted(o, (*at)->next);
		}
	}
	munmap(at, sizeof(*at));
	return 0;
}

static int file_replay(struct backend *b, const struct opts *o, const char *path, int num)
{
	struct record_file file = { 0 };
	FILE *in = fopen(path, "r");
	int bad = 0;

	if (!in) {
		perror(path);
		return 1;
	}
	if (!record_file_read(&file, in, path)) {
		fclose(in);
		return 1;
	}
	fclose(in);
	for (struct record *r = file.first; r; r = r->next)
		r->flags |= o->add_flags;
	if (o->isolate_sec)
		bad = file_isolate(b, o, &file, num);
	else
		for (const struct record *r = next_wanted(o, file.first); r;
		     r = next_wanted(o, r->next))
			record_replay(b, o, &file, r, num);
	record_file_fini(&file);
	return bad;
}

static int usage(void)
{
	fprintf(stderr, "verify_replay [--backend kernel|skep] [--rights priv|bpf|unpriv] "
			"[--level N] [--only NAME]… [--log-max BYTES] [--add-flags N] "
			"[--isolate SECONDS] [--show ENGINE] FILE…\n");
	return 2;
}

static bool opt_parse(struct opts *o, const char *key, const char *value)
{
	if (!strcmp(key, "--backend")) {
		o->kind = !strcmp(value, "skep") ? BACKEND_SKEP : BACKEND_KERNEL;
	} else if (!strcmp(key, "--rights")) {
		o->rights = !strcmp(value, "priv")  ? RIGHTS_PRIV
			    : !strcmp(value, "bpf") ? RIGHTS_BPF
						    : RIGHTS_UNPRIV;
	} else if (!strcmp(key, "--level")) {
		o->level = (uint32_t)strtoul(value, NULL, 0);
	} else if (!strcmp(key, "--add-flags")) {
		o->add_flags = (uint32_t)strtoul(value, NULL, 0);
	} else if (!strcmp(key, "--isolate")) {
		o->isolate_sec = (unsigned int)strtoul(value, NULL, 0);
	} else if (!strcmp(key, "--log-max")) {
		o->log_max = strtoul(value, NULL, 0);
	} else if (!strcmp(key, "--show")) {
		o->show = value;
	} else if (!strcmp(key, "--only") && o->only_cnt < ONLY_MAX) {
		o->only[o->only_cnt++] = value;
	} else {
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	static struct opts o = { .rights = RIGHTS_PRIV, .log_max = 64u << 20 };
	struct backend *b;
	const char *why;
	int arg = 1, bad = 0;

	for (; arg + 1 < argc && !strncmp(argv[arg], "--", 2); arg += 2)
		if (!opt_parse(&o, argv[arg], argv[arg + 1]))
			return usage();
	if (arg >= argc)
		return usage();
	b = backend_new(o.kind);
	if (!b)
		return 1;
	why = backend_refuses(b, o.rights);
	if (why) {
		fprintf(stderr, "%s\n", why);
		backend_free(b);
		return 77;
	}
	if (o.show)
		backend_use(b, !strcmp(o.show, "jit") ? SKEP_ENGINE_JIT : SKEP_ENGINE_INTERP,
			    show_loaded);
	for (int num = 0; arg + num < argc; num++)
		bad |= file_replay(b, &o, argv[arg + num], num);
	backend_free(b);
	return bad;
}
