/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How fast is the verifier beside the live kernel's, and how much memory does it want? Each record
 * is verified by both in turn, so that both meet the same noise. Time is what each one's own log
 * says (`verification time`), less the share of the load in which the thread did not run, and the
 * median of the rounds; with --best the shortest that a log says. Memory is what each side holds
 * at most during one load, the median too: the kernel the high-water mark of a fresh cgroup
 * (kmem.h), Skep its statistics. Prints a line per record that both accept or both refuse after
 * the same number of instructions, and the medians over all of them.
 *
 *	verify_speed [--rounds N] [--min-insns N] [--best] [--skep-only] FILE…
 */
#include <stdlib.h>
#include <string.h>

#include "tests/verify/backend.h"
#include "tests/verify/kmem.h"

#define LEVEL_STATS 4
#define ROUNDS_MAX  101
#define RECORDS_MAX 65536

struct opts {
	unsigned long long min_insns;
	uint32_t rounds;
	bool best, skep_only;
};

struct side {
	struct backend *b;
	struct kmem *kmem; /* the kernel's side; NULL: memory cannot be measured */
	double usec[ROUNDS_MAX], bytes[ROUNDS_MAX];
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
			uint32_t round, bool best)
{
	struct verdict v;
	const char *time, *insns;
	double ran;

	if (s->kmem)
		kmem_start(s->kmem);
	backend_verify(s->b, file, r, RIGHTS_PRIV, LEVEL_STATS, &v);
	s->bytes[round] = (double)(s->kmem ? kmem_peak_bytes(s->kmem) : (long long)v.memory_bytes);
	if (v.setup_ret)
		return false;
	time = strstr(v.log, "verification time ");
	insns = strstr(v.log, "processed ");
	if (!time || !insns)
		return false;
	ran = !best && v.usec > v.cpu_usec ? (double)v.cpu_usec / (double)v.usec : 1;
	s->usec[round] = strtod(time + strlen("verification time "), NULL) * ran;
	s->insns = strtoull(insns + strlen("processed "), NULL, 10);
	s->ret = v.ret;
	return true;
}

struct totals {
	double ratios[RECORDS_MAX], memory[RECORDS_MAX];
	uint32_t cnt, slower, memory_cnt, bigger;
	double usec_kernel, usec_skep;
	unsigned long long insns;
};

static void add_memory(struct side side[2], const struct opts *o, struct totals *t)
{
	const double kernel = median(side[0].bytes, o->rounds);
	const double skep = median(side[1].bytes, o->rounds), ratio = skep / kernel;

	if (kernel <= 0 || skep <= 0) {
		printf("\n");
		return;
	}
	printf("  memory %7.0f / %7.0f KiB %5.2f x\n", skep / 1024, kernel / 1024, ratio);
	t->memory[t->memory_cnt++] = ratio;
	t->bigger += ratio > 1;
}

static void add(struct side side[2], const struct record *r, const struct opts *o,
		struct totals *t)
{
	double usec[2], ratio;

	for (uint32_t i = 0; i < 2; i++) {
		const double mid = median(side[i].usec, o->rounds); /* which sorts them */

		usec[i] = o->best ? side[i].usec[0] : mid;
		if (usec[i] <= 0)
			usec[i] = 0.5; /* less than the log's unit */
	}
	ratio = usec[0] / usec[1];
	printf("%-32.32s %8llu insns  kernel %9.0f us %6.2f M/s  skep %9.0f us %6.2f M/s  %6.2f x",
	       r->name, side[0].insns, usec[0], (double)side[0].insns / usec[0], usec[1],
	       (double)side[1].insns / usec[1], ratio);
	add_memory(side, o, t);
	t->ratios[t->cnt++] = ratio;
	t->slower += ratio < 1;
	t->usec_kernel += usec[0];
	t->usec_skep += usec[1];
	t->insns += side[0].insns;
}

static void measure(struct side side[2], const struct record_file *file, const struct record *r,
		    const struct opts *o, struct totals *t)
{
	for (uint32_t n = 0; n < o->rounds; n++) {
		for (uint32_t i = 0; i < 2; i++)
			if (!verify_once(&side[n % 2 ? 1 - i : i], file, r, n, o->best))
				return;
		if (side[0].insns < o->min_insns || side[0].insns != side[1].insns)
			break;
	}
	if (side[0].insns < o->min_insns || t->cnt == RECORDS_MAX)
		return;
	if (side[0].insns != side[1].insns || side[0].ret != side[1].ret) {
		printf("%-32.32s kernel %d, %llu insns; skep %d, %llu insns: not compared\n",
		       r->name, side[0].ret, side[0].insns, side[1].ret, side[1].insns);
		return;
	}
	add(side, r, o, t);
}

/* Skep's side alone, for profilers. */
static void measure_alone(struct side *s, const struct record_file *file, const struct record *r,
			  const struct opts *o, struct totals *t)
{
	for (uint32_t n = 0; n < o->rounds; n++)
		if (!verify_once(s, file, r, n, true) || s->insns < o->min_insns)
			return;
	(void)median(s->usec, o->rounds);
	printf("%-32.32s %8llu insns  skep %9.0f us  memory %7.0f KiB\n", r->name, s->insns,
	       s->usec[0], median(s->bytes, o->rounds) / 1024);
	t->insns += s->insns;
	t->usec_skep += s->usec[0];
}

static int measure_file(struct side side[2], const char *path, const struct opts *o,
			struct totals *t)
{
	struct record_file file = { 0 };
	FILE *in = fopen(path, "r");
	bool ok = in && record_file_read(&file, in, path);

	if (!in)
		fprintf(stderr, "verify_speed: %s cannot be read\n", path);
	if (in)
		fclose(in);
	for (const struct record *r = ok ? file.first : NULL; r; r = r->next) {
		if (o->skep_only)
			measure_alone(&side[1], &file, r, o, t);
		else
			measure(side, &file, r, o, t);
		fflush(stdout);
	}
	record_file_fini(&file);
	return ok ? 0 : 1;
}

static void print_totals(struct totals *t)
{
	const double mid = median(t->memory, t->memory_cnt); /* which sorts them */

	printf("%u programs, %llu instructions: kernel %.0f us, skep %.0f us: %.2f x in all; "
	       "median %.2f x, %u slower than the kernel\n",
	       t->cnt, t->insns, t->usec_kernel, t->usec_skep,
	       t->usec_skep > 0 ? t->usec_kernel / t->usec_skep : 0, median(t->ratios, t->cnt),
	       t->slower);
	if (t->memory_cnt)
		printf("memory: median %.2f x the kernel's, at most %.2f x, %u of %u above 1 x\n",
		       mid, t->memory[t->memory_cnt - 1], t->bigger, t->memory_cnt);
}

int main(int argc, char **argv)
{
	static struct totals totals;
	static struct side side[2];
	struct opts o = { .min_insns = 1000, .rounds = 7 };
	struct kmem kmem;
	int rc = 0;

	side[0].b = backend_new(BACKEND_KERNEL);
	side[1].b = backend_new(BACKEND_SKEP);
	if (!side[0].b || !side[1].b || backend_refuses(side[0].b, RIGHTS_PRIV)) {
		printf("skipped: the live kernel refuses bpf(2)\n");
		return 77;
	}
	backend_watch(side[1].b);
	if (kmem_open(&kmem))
		side[0].kmem = &kmem;
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--rounds") && i + 1 < argc)
			o.rounds = (uint32_t)strtoul(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--min-insns") && i + 1 < argc)
			o.min_insns = strtoull(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--best"))
			o.best = true;
		else if (!strcmp(argv[i], "--skep-only"))
			o.skep_only = true;
		else
			rc |= measure_file(side, argv[i], &o, &totals);
		o.rounds = o.rounds < ROUNDS_MAX ? o.rounds : ROUNDS_MAX;
	}
	print_totals(&totals);
	if (side[0].kmem)
		kmem_close(&kmem);
	backend_free(side[0].b);
	backend_free(side[1].b);
	return rc;
}
