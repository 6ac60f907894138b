/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An engine runs one workload in one way. The driver opens each engine for each workload, checks
 * that all give the native result, and then times them in interleaved rounds.
 */
#ifndef SKEP_BENCH_BENCH_H
#define SKEP_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_MEM_BYTES 4096

struct work {
	const char *name;
	uint64_t (*native)(uint8_t *mem);
	uint64_t (*clang)(uint8_t *mem);
	const uint64_t *insns; /* of the raw form */
	uint32_t insn_cnt;
	bool straight; /* without a loop, cpu v2 */
};

struct engine {
	const char *name;
	/* NULL handle and a reason in *ret_why when the engine cannot run this workload. */
	void *(*open)(const struct work *work, const uint8_t *mem, const char **ret_why);
	/* Runs @reps times; the result of the last run. */
	uint64_t (*run)(void *handle, uint32_t reps);
	void (*close)(void *handle);
	bool folded;	/* the result is 32 bits: r ^ r >> 32 */
	/* Nanoseconds of one run by the engine's own clock; NULL: thread CPU time around run(). */
	double (*time)(void *handle, uint32_t reps);
	bool less_loop; /* the time of the engine's own loop (an empty program) is taken off */
};

extern const struct engine engine_native;
extern const struct engine engine_clang;
extern const struct engine engine_jit;
extern const struct engine engine_run;
extern const struct engine engine_guard;
extern const struct engine engine_kernel;
extern const struct engine engine_dpdk;
extern const struct engine engine_dpdk_jit;

/* The kernel's own loop: a program that does nothing. Same shape as engine.run; NULL: no kernel. */
void *kernel_empty_open(void);

#endif
