/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each allocation of a verification fails once, each piece of an arena by itself: the answer is
 * -ENOMEM, or what it is without a failure where the memory was only for something to be said.
 *
 *	verify_oom_test FILE…		of records (record.h); oom_test.py makes them
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/tap.h"
#include "tests/verify/backend.h"

/* Of a long program only every so many is tried: the time is the square of its length. */
#define LOADS_MAX 600
#define ALLOCATIONS_MAX 3000000u /* of all loads of a program */

struct sweep {
	struct backend *b;
	const struct record_file *file;
	struct record *r;
	enum rights rights;
	unsigned int loads;
};

/* Verifies with the @nth allocation failing (0: none); how many were made. */
static u64 load_once(struct sweep *s, u64 nth, int *ret)
{
	struct verdict v;
	u64 made;

	mem_piecewise_set(true);
	mem_fail_nth(nth);
	backend_verify(s->b, s->file, s->r, s->rights, 2, &v);
	made = mem_fail_nth(0);
	mem_piecewise_set(false);
	*ret = v.ret;
	s->loads++;
	return made;
}

static bool record_sweep(struct sweep *s)
{
	int want, got;
	u64 made, step, bad = 0;

	if (!backend_keep(s->b, s->file, s->r)) {
		backend_drop(s->b, s->r);
		return false;
	}
	made = load_once(s, 0, &want);
	step = MAX(made / LOADS_MAX, made * made / ALLOCATIONS_MAX) + 1;
	for (u64 nth = 1; !bad && nth <= made; nth += step) {
		load_once(s, nth, &got);
		if (got != -ENOMEM && got != want)
			bad = nth;
	}
	if (bad)
		tap_diag("%s: allocation %llu of %llu fails: %d instead of %d or -ENOMEM",
			 s->r->name, (unsigned long long)bad, (unsigned long long)made, got, want);
	/* Afterwards all is as it was. */
	load_once(s, 0, &got);
	if (got != want)
		tap_diag("%s: %d instead of %d after the failures", s->r->name, got, want);
	backend_drop(s->b, s->r);
	return !bad && got == want;
}

static void file_sweep(struct backend *b, const char *path)
{
	static const enum rights rights[] = { RIGHTS_PRIV, RIGHTS_UNPRIV };
	struct record_file file = { 0 };
	struct sweep s = { .b = b, .file = &file };
	unsigned int bad = 0, all = 0;
	FILE *in = fopen(path, "r");

	if (!in || !record_file_read(&file, in, path)) {
		tap_ok(false, "%s is read", path);
		if (in)
			fclose(in);
		return;
	}
	fclose(in);
	for (s.r = file.first; s.r; s.r = s.r->next) {
		/* Kept states share what they can: each first write behind one allocates. */
		s.r->flags |= BPF_F_TEST_STATE_FREQ;
		for (unsigned int i = 0; i < 2; i++, all++) {
			s.rights = rights[i];
			bad += !record_sweep(&s);
		}
	}
	tap_ok(!bad, "%s: %u programs, %u verifications with a failing allocation",
	       strrchr(path, '/') ? strrchr(path, '/') + 1 : path, all, s.loads);
	record_file_fini(&file);
}

int main(int argc, char **argv)
{
	struct backend *b = backend_new(BACKEND_SKEP);

	if (!b || argc < 2)
		return 1;
	for (int i = 1; i < argc; i++)
		file_sweep(b, argv[i]);
	backend_free(b);
	return tap_done();
}
