/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TAP (Test Anything Protocol) output for the unit tests. One program is one test file:
 *
 *	int main(void)
 *	{
 *		tap_ok(add(1, 2) == 3, "small sum");
 *		tap_eq(add(~0ULL, 1), 0, "sum wraps");
 *		if (!have_root)
 *			tap_skip("bpf(2) needs root here");
 *		return tap_done();
 *	}
 *
 * The plan is printed at the end, so a program that dies half-way is a failure. Not thread-safe:
 * threads report to their parent, which calls these.
 */
#ifndef SKEP_TESTS_TAP_H
#define SKEP_TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static unsigned int tap_run_cnt, tap_failed_cnt;

/* Names and reasons must not hold a '#': TAP would read a directive. */
__attribute__((format(printf, 4, 5))) static inline bool tap_ok_at(bool cond, const char *file,
								   int line, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %u - ", cond ? "" : "not ", ++tap_run_cnt);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	if (!cond) {
		tap_failed_cnt++;
		printf("# failed at %s:%d\n", file, line);
	}
	fflush(stdout);
	return cond;
}

/* A line of explanation after a failed test. */
__attribute__((format(printf, 1, 2))) static inline void tap_diag(const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
}

static inline void tap_diag_u64(unsigned long long got, unsigned long long want)
{
	tap_diag("got 0x%llx (%lld), want 0x%llx (%lld)", got, (long long)got, want,
		 (long long)want);
}

static inline bool tap_str_equal(const char *got, const char *want)
{
	return got && want ? !strcmp(got, want) : got == want;
}

/* Expression macros: true when the test passed. The name is a printf format with its arguments. */
#define tap_ok(cond, ...) tap_ok_at((cond), __FILE__, __LINE__, __VA_ARGS__)

#define tap_eq(got, want, ...)                                                                     \
	({                                                                                         \
		unsigned long long tap_got_ = (unsigned long long)(got);                           \
		unsigned long long tap_want_ = (unsigned long long)(want);                         \
		bool tap_same_ = tap_ok(tap_got_ == tap_want_, __VA_ARGS__);                       \
		if (!tap_same_)                                                                    \
			tap_diag_u64(tap_got_, tap_want_);                                         \
		tap_same_;                                                                         \
	})

#define tap_str(got, want, ...)                                                                    \
	({                                                                                         \
		const char *tap_got_ = (got), *tap_want_ = (want);                                 \
		bool tap_same_ = tap_ok(tap_str_equal(tap_got_, tap_want_), __VA_ARGS__);          \
		if (!tap_same_)                                                                    \
			tap_diag("got \"%s\", want \"%s\"", tap_got_ ? tap_got_ : "(null)",        \
				 tap_want_ ? tap_want_ : "(null)");                                \
		tap_same_;                                                                         \
	})

/* One test that could not run here, and why. */
__attribute__((format(printf, 1, 2))) static inline void tap_skip(const char *fmt, ...)
{
	va_list ap;

	printf("ok %u # SKIP ", ++tap_run_cnt);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
}

/* `return tap_skip_all("why")` instead of any test. */
static inline int tap_skip_all(const char *reason)
{
	printf("1..0 # SKIP %s\n", reason);
	fflush(stdout);
	return 0;
}

/* Prints the plan; its value is main's. */
static inline int tap_done(void)
{
	printf("1..%u\n", tap_run_cnt);
	fflush(stdout);
	return tap_failed_cnt ? 1 : 0;
}

#endif
