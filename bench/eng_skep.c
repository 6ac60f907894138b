/* SPDX-License-Identifier: BSD-2-Clause */
/* Native code as the measure, and our two interpreters on the raw form. */
#include "bench/bench.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "interp/interp.h"
#include "jit/jit.h"
#include "prog/prog.h"

struct native {
	uint64_t (*fn)(uint8_t *mem);
	uint8_t mem[BENCH_MEM_BYTES];
};

static void *native_new(uint64_t (*fn)(uint8_t *mem), const uint8_t *mem)
{
	struct native *n = mem_zalloc(sizeof(*n));

	if (!n)
		abort();
	n->fn = fn;
	memcpy(n->mem, mem, sizeof(n->mem));
	return n;
}

static void *native_open(const struct work *work, const uint8_t *mem, const char **ret_why)
{
	(void)ret_why;
	return native_new(work->native, mem);
}

static void *clang_open(const struct work *work, const uint8_t *mem, const char **ret_why)
{
	(void)ret_why;
	return native_new(work->clang, mem);
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

const struct engine engine_clang = {
	.name = "clang",
	.open = clang_open,
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

/* The kernel's programs are proved to end, and so are these: nothing polls. */
static int jit(struct prog *prog, const struct helper_resolver *resolver)
{
	const struct jit_opts opts = {.poll = JIT_POLL_NONE};

	return jit_compile(prog, resolver, &opts);
}

static void *ours_open(const struct work *work, const uint8_t *mem, const char **ret_why,
		       int (*compile)(struct prog *prog, const struct helper_resolver *resolver))
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
	err = compile(&o->prog, NULL);
	if (err) {
		ours_close(o);
		*ret_why = "does not compile";
		return NULL;
	}
	return o;
}

static void *run_open(const struct work *work, const uint8_t *mem, const char **ret_why)
{
	return ours_open(work, mem, ret_why, interp_run_compile);
}

static void *jit_open(const struct work *work, const uint8_t *mem, const char **ret_why)
{
	return ours_open(work, mem, ret_why, jit);
}

static void *guard_open(const struct work *work, const uint8_t *mem, const char **ret_why)
{
	return ours_open(work, mem, ret_why, interp_guard_compile);
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

const struct engine engine_jit = {
	.name = "jit",
	.open = jit_open,
	.run = ours_run,
	.close = ours_close,
};

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
