/* SPDX-License-Identifier: BSD-2-Clause */
/* Native code as the measure, and our two interpreters on the raw form. */
#include "bench/bench.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "interp/interp.h"
#include "prog/prog.h"

struct native {
	uint64_t (*fn)(uint8_t *mem);
	uint8_t mem[BENCH_MEM_BYTES];
};

static void *native_open(const struct work *work, const uint8_t *mem, const char **ret_why)
{
	struct native *n = mem_zalloc(sizeof(*n));

	(void)ret_why;
	if (!n)
		abort();
	n->fn = work->native;
	memcpy(n->mem, mem, sizeof(n->mem));
	return n;
}

static uint64_t native_run(void *handle, uint32_t reps)
{
	struct native *n = handle;
	uint64_t (*volatile fn)(uint8_t * mem) = n->fn; /* a real call each time */
	uint64_t result = 0;

	while (reps--)
		result = fn(n->mem);
	return result;
}

const struct engine engine_native = {
	.name = "native",
	.open = native_open,
	.run = native_run,
	.close = mem_free,
};

struct ours {
	struct prog prog;
	struct run run;
	uint8_t mem[BENCH_MEM_BYTES] __attribute__((aligned(8)));
};

static void ours_close(void *handle)
{
	struct ours *o = handle;

	if (o->prog.code_free)
		o->prog.code_free(o->prog.code);
	mem_free(o->prog.insns);
	mem_free(o);
}

static void *ours_open(const struct work *work, const uint8_t *mem, const char **ret_why,
		       bool guard)
{
	struct ours *o = mem_zalloc(sizeof(*o));
	int err;

	if (!o)
		abort();
	memcpy(o->mem, mem, sizeof(o->mem));
	o->prog.insns = mem_dup(work->insns, (size_t)work->insn_cnt * sizeof(*work->insns));
	o->prog.insn_cnt = work->insn_cnt;
	if (!o->prog.insns)
		abort();
	o->run.extents[0] = (struct extent){
		.base = (uintptr_t)o->mem,
		.size_bytes = sizeof(o->mem),
		.kind = EXTENT_MEM,
		.perm = EXTENT_READ | EXTENT_WRITE,
		.name = "memory",
		.index = -1,
	};
	o->run.extent_cnt = 1;
	err = guard ? interp_guard_compile(&o->prog, NULL) : interp_run_compile(&o->prog, NULL);
	if (err) {
		ours_close(o);
		*ret_why = "does not compile";
		return NULL;
	}
	return o;
}

static void *run_open(const struct work *work, const uint8_t *mem, const char **ret_why)
{
	return ours_open(work, mem, ret_why, false);
}

static void *guard_open(const struct work *work, const uint8_t *mem, const char **ret_why)
{
	return ours_open(work, mem, ret_why, true);
}

static uint64_t ours_run(void *handle, uint32_t reps)
{
	struct ours *o = handle;
	u64 result = 0;

	while (reps--) {
		o->run.insns_left = 1u << 30;
		if (prog_run(&o->run, &o->prog, o->mem, &result))
			return ~0ULL; /* shows as a wrong result */
	}
	return result;
}

const struct engine engine_run = {
	.name = "run",
	.open = run_open,
	.run = ours_run,
	.close = ours_close,
};

const struct engine engine_guard = {
	.name = "guard",
	.open = guard_open,
	.run = ours_run,
	.close = ours_close,
};
