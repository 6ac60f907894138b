/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop around a fuzz target when libFuzzer is not linked: seeded, so that a run can be
 * repeated; a failing input is written to the file named on stderr before the program dies.
 *
 *	fuzz_NAME [--count N] [--seed S] [FILE…]     FILEs are run once each instead
 */
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

/* What runs now, for the handler of the signal that ends it. */
static u8 input[FUZZ_INPUT_BYTES_MAX];
static size_t input_len;

static void save_input(int sig)
{
	static const char path[] = "fuzz-crash.bin", note[] = "input saved in fuzz-crash.bin\n";
	FILE *f = fopen(path, "wb");

	if (f) {
		(void)fwrite(input, 1, input_len, f);
		(void)fclose(f);
		(void)!write(STDERR_FILENO, note, sizeof(note) - 1);
	}
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

static double now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static int run_file(const char *path)
{
	FILE *f = fopen(path, "rb");

	if (!f) {
		perror(path);
		return 1;
	}
	input_len = fread(input, 1, sizeof(input), f);
	(void)fclose(f);
	return LLVMFuzzerTestOneInput(input, input_len);
}

int main(int argc, char **argv)
{
	static const struct itimerval busy = { .it_value.tv_sec = 20 }, never;
	unsigned long long count = 20000, seed = 1, n;
	u64 rng;
	double start = now();
	int i, files = 0;

	(void)signal(SIGABRT, save_input);
	(void)signal(SIGSEGV, save_input);
	(void)signal(SIGALRM, save_input);
	(void)signal(SIGPROF, save_input);
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--count") && i + 1 < argc)
			count = strtoull(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 0);
		else if (run_file(argv[i]))
			return 1;
		else
			files++;
	}
	if (files)
		return 0;
	rng = seed * 0x9e3779b97f4a7c15 + 1;
	rng += !rng;
	for (n = 0; n < count; n++) {
		if (n % 1024 == 0) {
			/* 1024 inputs that take longer hang: of the processor's time, or asleep. */
			(void)setitimer(ITIMER_PROF, &busy, NULL);
			(void)alarm(1200);
		}
		input_len = fuzz_make(&rng, input);
		if (LLVMFuzzerTestOneInput(input, input_len))
			return 1;
	}
	(void)setitimer(ITIMER_PROF, &never, NULL);
	(void)alarm(0);
	printf("%s: %llu executions, seed %llu, %.1f seconds\n", argv[0], count, seed,
	       now() - start);
	return 0;
}
