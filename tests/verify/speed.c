/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How fast is the verifier beside the live kernel's? Each record is verified by both in turn, so
 * that both meet the same noise; time is what each one's own log says (`verification time`), and
 * a ratio is taken of the medians of the rounds. Prints a line per record that both accept or
 * both refuse after the same number of instructions, and the median over all of them.
 *
 *	verify_speed [--rounds N] [--min-insns N] FILE…
 */
#include <stdlib.h>
#include <string.h>

#include "tests/verify/backend.h"

#define LEVEL_STATS 4
#define ROUNDS_MAX  101
#define RECORDS_MAX 65536

struct side {
	struct backend *b;
	double usec[ROUNDS_MAX];
	unsigned long long insns;
	int ret;
};

static int compare_doubles(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

static double median(double *values, size_t cnt)
{
	qsort(values, cnt, sizeof(*values), compare_doubles);
	return cnt ? values[cnt / 2] : 0;
}

static bool verify_once(struct side *s, const struct record_file *file, const struct record *r,
			uint32_t round)
{
	struct verdict v;
	const char *time, *insns;

	backend_verify(s->b, file, r, RIGHTS_PRIV, LEVEL_STATS, &v);
	if (v.setup_ret)
		return false;
	time = strstr(v.log, "verification time ");
	insns = strstr(v.log, "processed ");
	if (!time || !insns)
		return false;
	s->usec[round] = strtod(time + strlen("verification time "), NULL);
	s->insns = strtoull(insns + strlen("processed "), NULL, 10);
	s->ret = v.ret;
	return true;
}

struct totals {
	double ratios[RECORDS_MAX];
	uint32_t cnt, slower;
	double usec_kernel, usec_skep;
	unsigned long long insns;
};

static void measure(struct side side[2], const struct record_file *file, const struct record *r,
		    uint32_t rounds, unsigned long long min_insns, struct totals *t)
{
	double usec[2], ratio;

	for (uint32_t n = 0; n < rounds; n++) {
		for (uint32_t i = 0; i < 2; i++)
			if (!verify_once(&side[n % 2 ? 1 - i : i], file, r, n))
				return;
		if (side[0].insns < min_insns || side[0].insns != side[1].insns)
			break;
	}
	if (side[0].insns < min_insns)
		return;
	if (side[0].insns != side[1].insns || side[0].ret != side[1].ret) {
		printf("%-48.48s kernel %d, %llu insns; skep %d, %llu insns: not compared\n",
		       r->name, side[0].ret, side[0].insns, side[1].ret, side[1].insns);
		return;
	}
	for (uint32_t i = 0; i < 2; i++)
		usec[i] = median(side[i].usec, rounds);
	if (usec[1] <= 0)
		usec[1] = 0.5; /* less than the log's unit */
	ratio = usec[0] / usec[1];
	printf("%-48.48s %8llu insns  kernel %9.0f us %7.2f M/s  skep %9.0f us %7.2f M/s  %6.2f x"
	       "\n",
	       r->name, side[0].insns, usec[0], (double)side[0].insns / usec[0], usec[1],
	       (double)side[1].insns / usec[1], ratio);
	if (t->cnt < RECORDS_MAX)
		t->ratios[t->cnt++] = ratio;
	t->slower += ratio < 1;
	t->usec_kernel += usec[0];
	t->usec_skep += usec[1];
	t->insns += side[0].insns;
}

static int measure_file(struct side side[2], const char *path, uint32_t rounds,
			unsigned long long min_insns, struct totals *t)
{
	struct record_file file = { 0 };
	FILE *in = fopen(path, "r");
	bool ok = in && record_file_read(&file, in, path);

	if (!in)
		fprintf(stderr, "verify_speed: %s cannot be read\n", path);
	if (in)
		fclose(in);
	for (const struct record *r = ok ? file.first : NULL; r; r = r->next) {
		measure(side, &file, r, rounds, min_insns, t);
		fflush(stdout);
	}
	record_file_fini(&file);
	return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	static struct totals totals;
	static struct side side[2];
	unsigned long long min_insns = 1000;
	uint32_t rounds = 7;
	int rc = 0;

	side[0].b = backend_new(BACKEND_KERNEL);
	side[1].b = backend_new(BACKEND_SKEP);
	if (!side[0].b || !side[1].b || backend_refuses(side[0].b, RIGHTS_PRIV)) {
		printf("skipped: the live kernel refuses bpf(2)\n");
		return 77;
	}
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--rounds") && i + 1 < argc)
			rounds = (uint32_t)strtoul(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--min-insns") && i + 1 < argc)
			min_insns = strtoull(argv[++i], NULL, 10);
		else
			rc |= measure_file(side, argv[i], rounds < ROUNDS_MAX ? rounds : ROUNDS_MAX,
					   min_insns, &totals);
	}
	printf("%u programs, %llu instructions: kernel %.0f us, skep %.0f us: %.2f x in all; "
	       "median %.2f x, %u slower than the kernel\n",
	       totals.cnt, totals.insns, totals.usec_kernel, totals.usec_skep,
	       totals.usec_skep > 0 ? totals.usec_kernel / totals.usec_skep : 0,
	       median(totals.ratios, totals.cnt), totals.slower);
	backend_free(side[0].b);
	backend_free(side[1].b);
	return rc;
}
