/* SPDX-License-Identifier: BSD-2-Clause */
/* The live kernel: the XDP form of the workloads by BPF_PROG_TEST_RUN, through the system's libbpf.
 */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* Set by meson: the object of FORM_KERNEL. */
#ifndef BENCH_KERNEL_OBJ
#error "BENCH_KERNEL_OBJ"
#endif

struct kernel {
	struct bpf_object *obj;
	int prog_fd;
};

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

static void kernel_close(void *handle)
{
	struct kernel *k = handle;

	bpf_object__close(k->obj);
	free(k);
}

/* Loads the program @name alone, its memory set to @mem. */
static struct kernel *kernel_load(const char *name, const uint8_t *mem)
{
	struct kernel *k = calloc(1, sizeof(*k));
	struct bpf_program *prog, *found = NULL;
	struct bpf_map *map;

	if (!k)
		abort();
	libbpf_set_print(quiet);
	k->obj = bpf_object__open(BENCH_KERNEL_OBJ);
	if (!k->obj)
		goto fail;
	bpf_object__for_each_program(prog, k->obj)
	{
		bool mine = !strcmp(bpf_program__name(prog), name);

		bpf_program__set_autoload(prog, mine);
		if (mine)
			found = prog;
	}
	bpf_object__for_each_map(map, k->obj) if (mem && strstr(bpf_map__name(map), ".bss"))(void)
		bpf_map__set_initial_value(map, mem, BENCH_MEM_BYTES);
	if (!found || bpf_object__load(k->obj))
		goto fail;
	k->prog_fd = bpf_program__fd(found);
	return k;
fail:
	kernel_close(k);
	return NULL;
}

static void *kernel_open(const struct work *work, const uint8_t *mem, const char **ret_why)
{
	char name[64];
	struct kernel *k;

	snprintf(name, sizeof(name), "w_%s", work->name);
	k = kernel_load(name, mem);
	if (!k)
		*ret_why = "not loaded (verifier, or no right to use bpf(2))";
	return k;
}

void *kernel_empty_open(void)
{
	return kernel_load("w_empty", NULL);
}

static uint64_t kernel_run(void *handle, uint32_t reps)
{
	static const uint8_t frame[64];
	struct kernel *k = handle;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = (int)reps);

	if (bpf_prog_test_run_opts(k->prog_fd, &opts))
		return ~0ULL;
	return opts.retval;
}

/*
 * The kernel's own measure. From outside, a call with repeats costs milliseconds more: it waits
 * until the XDP dispatcher has been rewritten.
 */
static double kernel_time(void *handle, uint32_t reps)
{
	static const uint8_t frame[64];
	struct kernel *k = handle;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = (int)reps);

	return bpf_prog_test_run_opts(k->prog_fd, &opts) ? 0 : opts.duration;
}

const struct engine engine_kernel = {
	.name = "kernel",
	.open = kernel_open,
	.run = kernel_run,
	.close = kernel_close,
	.time = kernel_time,
	.folded = true,
	.less_loop = true,
};
