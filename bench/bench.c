/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Times the engines on the workloads: `make bench`.
 *
 * On a shared machine only comparisons within a short time mean anything. So each round runs every
 * engine for one slice, one after the other, on thread CPU time; a round gives each engine's ratio
 * to native, and the table shows the median of these ratios. Every result is compared with native's
 * before anything is timed; a wrong one ends the program.
 *
 *	bench [--rounds N] [--slice-us N] [--json FILE] [WORKLOAD...]
 */
#include "bench/bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench_insns.h"
#include "bench_config.h"

#define WORK(name)     uint64_t native_##name(uint8_t *mem), clang_##name(uint8_t *mem);
#define STRAIGHT(name) WORK(name)
#include "bench/works.def"
#undef WORK
#undef STRAIGHT

static const struct work works[] = {
#define INSN_CNT(insns)	 (sizeof(insns) / sizeof((insns)[0]))
#define WORK_ROW(n, is_straight) \
	{#n, native_##n, clang_##n, insns_##n, INSN_CNT(insns_##n), is_straight},
#define WORK(name)     WORK_ROW(name, false)
#define STRAIGHT(name) WORK_ROW(name, true)
#include "bench/works.def"
#undef WORK
#undef STRAIGHT
};

static const struct engine *const engines[] = {
	&engine_native, &engine_clang, &engine_jit, &engine_run, &engine_guard,
#ifdef BENCH_KERNEL
	&engine_kernel,
#endif
#ifdef BENCH_DPDK
	&engine_dpdk,   &engine_dpdk_jit,
#endif
};

#define WORK_CNT   (sizeof(works) / sizeof(works[0]))
#define ENGINE_CNT (sizeof(engines) / sizeof(engines[0]))
#define ROUNDS_MAX 1000

struct options {
	uint32_t rounds;
	uint64_t slice_ns;
	const char *json;
	const char *engines; /* names, separated by commas; NULL: all. Native runs in any case. */
	char **only;
	int only_cnt;
};

struct result {           /* of one engine on one workload */
	double ns, ratio; /* medians; 0 when it did not run */
};

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, uint32_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static double time_once(const struct engine *engine, void *handle, uint32_t reps)
{
	uint64_t start;

	if (engine->time)
		return engine->time(handle, reps);
	start = cpu_ns();
	engine->run(handle, reps);
	return (double)(cpu_ns() - start) / reps;
}

/* How many runs fill a slice. */
static uint32_t reps_for(const struct engine *engine, void *handle, uint64_t slice_ns)
{
	uint32_t reps = 64;

	while (reps < 1u << 24) {
		double ns = time_once(engine, handle, reps) * reps;

		if (ns >= (double)slice_ns / 4)
			return (uint32_t)fmax(1, reps * (double)slice_ns / ns);
		reps *= 2;
	}
	return reps;
}

static void check_result(const struct work *work, const struct engine *engine, uint64_t got,
			 uint64_t want)
{
	if (engine->folded)
		want = (uint32_t)(want ^ want >> 32);
	if (got == want)
		return;
	fprintf(stderr, "bench: %s on %s gave 0x%llx, native 0x%llx\n", engine->name, work->name,
		(unsigned long long)got, (unsigned long long)want);
	exit(1);
}

/* The rounds of one workload; the engines' handles are open. */
static void time_work(const struct options *o, void **handles, struct result *results)
{
	static double ns[ENGINE_CNT][ROUNDS_MAX], ratio[ENGINE_CNT][ROUNDS_MAX];
	void *empty = NULL;
	uint32_t reps[ENGINE_CNT], empty_reps = 0;

	for (size_t e = 0; e < ENGINE_CNT; e++)
		if (handles[e])
			reps[e] = reps_for(engines[e], handles[e], o->slice_ns);
#ifdef BENCH_KERNEL
	for (size_t e = 0; e < ENGINE_CNT; e++)
		if (handles[e] && engines[e]->less_loop)
			empty = kernel_empty_open();
	if (empty)
		empty_reps = reps_for(&engine_kernel, empty, o->slice_ns);
#endif
	for (uint32_t round = 0; round < o->rounds; round++) {
		double loop = 0;

#ifdef BENCH_KERNEL
		if (empty)
			loop = time_once(&engine_kernel, empty, empty_reps);
#endif
		for (size_t e = 0; e < ENGINE_CNT; e++) {
			if (!handles[e])
				continue;
			ns[e][round] = time_once(engines[e], handles[e], reps[e]);
			if (engines[e]->less_loop)
				ns[e][round] = fmax(0.1, ns[e][round] - loop);
			ratio[e][round] = ns[e][round] / ns[0][round];
		}
	}
	for (size_t e = 0; e < ENGINE_CNT; e++) {
		if (!handles[e])
			continue;
		results[e].ns = median(ns[e], o->rounds);
		results[e].ratio = median(ratio[e], o->rounds);
	}
#ifdef BENCH_KERNEL
	if (empty)
		engine_kernel.close(empty);
#endif
	(void)empty;
	(void)empty_reps;
}

static bool engine_chosen(const struct options *o, const char *name)
{
	const char *at = o->engines;
	size_t len = strlen(name);

	for (; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (!strncmp(at, name, len) && (!at[len] || at[len] == ','))
			return true;
	return !o->engines;
}

static void bench_work(const struct options *o, const struct work *work, struct result *results)
{
	uint8_t mem[BENCH_MEM_BYTES];
	void *handles[ENGINE_CNT];
	uint64_t seed = 42, want = 0;

	for (size_t i = 0; i < sizeof(mem); i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		mem[i] = (uint8_t)(seed >> 56);
	}
	for (size_t e = 0; e < ENGINE_CNT; e++) {
		const char *why = NULL;

		handles[e] = NULL;
		if (e && !engine_chosen(o, engines[e]->name))
			continue;
		handles[e] = engines[e]->open(work, mem, &why);
		if (!handles[e]) {
			if (!strstr(why, "loops"))
				fprintf(stderr, "# %s: %s: %s\n", work->name, engines[e]->name,
					why);
			continue;
		}
		uint64_t got = engines[e]->run(handles[e], 1);

		if (e == 0)
			want = got;
		check_result(work, engines[e], got, want);
	}
	time_work(o, handles, results);
	printf("%-14s %10.1f", work->name, results[0].ns);
	for (size_t e = 1; e < ENGINE_CNT; e++) {
		if (handles[e])
			printf(" %9.2f", results[e].ratio);
		else
			printf(" %9s", "-");
	}
	printf("\n");
	fflush(stdout);
	for (size_t e = 0; e < ENGINE_CNT; e++)
		if (handles[e])
			engines[e]->close(handles[e]);
}

/* Geometric means over the workloads of one kind that an engine ran. */
static void print_means(struct result (*results)[ENGINE_CNT], bool straight)
{
	printf("%-14s %10s", straight ? "mean, straight" : "mean, loops", "");
	for (size_t e = 1; e < ENGINE_CNT; e++) {
		double sum = 0;
		unsigned int count = 0;

		for (size_t w = 0; w < WORK_CNT; w++) {
			if (works[w].straight != straight || results[w][e].ratio <= 0)
				continue;
			sum += log(results[w][e].ratio);
			count++;
		}
		if (count)
			printf(" %6.2f/%-2u", exp(sum / count), count);
		else
			printf(" %9s", "-");
	}
	printf("\n");
}

static int write_json(const struct options *o, struct result (*results)[ENGINE_CNT])
{
	FILE *f = fopen(o->json, "w");
	const char *sep = "";

	if (!f) {
		perror(o->json);
		return 1;
	}
	fprintf(f,
		"{\"rounds\": %u, \"slice_us\": %llu, \"unit\": \"ns, thread CPU time\",\n"
		" \"workloads\": [",
		o->rounds, (unsigned long long)o->slice_ns / 1000);
	for (size_t w = 0; w < WORK_CNT; w++) {
		if (results[w][0].ns <= 0)
			continue;
		fprintf(f, "%s\n  {\"name\": \"%s\", \"straight\": %s", sep, works[w].name,
			works[w].straight ? "true" : "false");
		for (size_t e = 0; e < ENGINE_CNT; e++)
			if (results[w][e].ns > 0)
				fprintf(f, ", \"%s\": {\"ns\": %.2f, \"ratio\": %.3f}",
					engines[e]->name, results[w][e].ns, results[w][e].ratio);
		fprintf(f, "}");
		sep = ",";
	}
	fprintf(f, "\n]}\n");
	return fclose(f) ? 1 : 0;
}

static bool chosen(const struct options *o, const char *name)
{
	for (int i = 0; i < o->only_cnt; i++)
		if (!strcmp(o->only[i], name))
			return true;
	return !o->only_cnt;
}

int main(int argc, char **argv)
{
	static struct result results[WORK_CNT][ENGINE_CNT];
	struct options o = {.rounds = 21, .slice_ns = 2000000};
	int i = 1;

	for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
		if (!strcmp(argv[i], "--rounds"))
			o.rounds = (uint32_t)strtoul(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--slice-us"))
			o.slice_ns = strtoull(argv[i + 1], NULL, 10) * 1000;
		else if (!strcmp(argv[i], "--engines"))
			o.engines = argv[i + 1];
		else if (!strcmp(argv[i], "--json"))
			o.json = argv[i + 1];
		else
			break;
	}
	o.only = argv + i;
	o.only_cnt = argc - i;
	if (!o.rounds || o.rounds > ROUNDS_MAX || !o.slice_ns ||
	    (o.only_cnt && o.only[0][0] == '-')) {
		fprintf(stderr,
			"usage: bench [--rounds N] [--slice-us N] [--engines NAME,...] "
			"[--json FILE] [WORKLOAD...]\n");
		return 2;
	}
	printf("native in ns of thread CPU time, the others as ratios to it: medians of %u "
	       "rounds\n\n",
	       o.rounds);
	printf("%-14s", "workload");
	for (size_t e = 0; e < ENGINE_CNT; e++)
		printf(" %*s", e ? 9 : 10, engines[e]->name);
	printf("\n");
	for (size_t w = 0; w < WORK_CNT; w++)
		if (chosen(&o, works[w].name))
			bench_work(&o, &works[w], results[w]);
	print_means(results, false);
	print_means(results, true);
	return o.json ? write_json(&o, results) : 0;
}
