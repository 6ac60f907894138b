/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Out-of-memory sweep: repeats @fn, failing its first, second, third… allocation, until it
 * succeeds without a failure having been injected. Each failing round must return -ENOMEM (or
 * what @allowed says too) and give back all that it took: the sanitizer builds see the leaks.
 *
 *	static int round(void *arg) { … return err after undoing all, 0 after undoing all … }
 *	oom_sweep(round, NULL, "hash map");
 */
#ifndef SKEP_TESTS_OOM_H
#define SKEP_TESTS_OOM_H

#include <errno.h>

#include "base/mem.h"
#include "tests/tap.h"

#define OOM_ROUNDS_MAX 100000

static inline void oom_sweep(int (*fn)(void *arg), void *arg, const char *name)
{
	unsigned int nth;
	int err = 0;

	for (nth = 1; nth <= OOM_ROUNDS_MAX; nth++) {
		u64 made;

		mem_fail_nth(nth);
		err = fn(arg);
		made = mem_fail_nth(0);
		if (made < nth)
			break; /* the round never got as far as the allocation that was to fail */
		if (err && err != -ENOMEM) {
			tap_ok(false, "%s: allocation %u fails: -ENOMEM", name, nth);
			tap_diag("got error %d", err);
			return;
		}
	}
	tap_ok(err == 0 && nth <= OOM_ROUNDS_MAX, "%s: each of %u allocations may fail", name,
	       nth - 1);
	if (err)
		tap_diag("the round without a failure ended with %d", err);
}

#endif
