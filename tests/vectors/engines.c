/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of engines, and how a vector meets one. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "interp/interp.h"
#include "jit/jit.h"
#include "prog/prog.h"
#include "tests/jit/shim.h"
#include "tests/tap.h"
#include "tests/vectors/engine.h"

#define BUDGET (1u << 27)

/* tidy: allow params: the calling convention of BPF helpers */
static u64 helper_first(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, void *cookie)
{
	(void)r2, (void)r3, (void)r4, (void)r5, (void)cookie;
	return r1;
}

static int resolve(void *cookie, s32 id, struct helper_binding *ret)
{
	if (id != 5)
		return -EINVAL;
	*ret = (struct helper_binding){ .host = helper_first, .cookie = cookie };
	return 0;
}

static const struct helper_resolver resolver = { resolve, NULL, true };

static int enter(const struct engine_job *job, struct prog *prog, u64 *ret_r0,
		 const char **ret_why)
{
	const struct extent mem = { ptr_to_u64(job->mem), job->mem_bytes, EXTENT_MEM,
				    EXTENT_READ | EXTENT_WRITE, "memory", -1 };
	const struct extent map = { ptr_to_u64(job->map), job->map_bytes, EXTENT_MAP_VALUE,
				    EXTENT_READ | EXTENT_WRITE, "map", 0 };
	struct run run;
	int err;

	if (run_begin(&run, NULL))
		return -ENOMEM;
	err = run_allow(&run, &mem);
	if (!err && job->map)
		err = run_allow(&run, &map);
	run.prog = prog;
	run.insns_left = BUDGET;
	run.ctx = job->mem;
	if (!err)
		err = shim_enter(prog, &run, job->mem, job->mem_bytes, ret_r0);
	*ret_why = "fault";
	if (err)
		tap_diag("fault %d at %u: %s", run.fault.kind, run.fault.insn_idx,
			 run.fault.detail);
	run_end(&run);
	return err;
}

static int run_compiled(const struct engine_job *job, u64 *ret_r0, const char **ret_why,
			int (*compile)(struct prog *, const struct helper_resolver *))
{
	struct prog *prog;
	int err;

	*ret_why = "does not compile";
	if (prog_new_raw(job->insns, job->insn_cnt, "vector", &prog))
		return -ENOMEM;
	err = compile(prog, &resolver);
	if (!err)
		err = enter(job, prog, ret_r0, ret_why);
	prog_put(prog);
	return err;
}

static int engine_guard_run(const struct engine_job *job, u64 *ret_r0, const char **ret_why)
{
	return run_compiled(job, ret_r0, ret_why, interp_guard_compile);
}

static int engine_run_run(const struct engine_job *job, u64 *ret_r0, const char **ret_why)
{
	return run_compiled(job, ret_r0, ret_why, interp_run_compile);
}

/* As if the verifier had asked for a speculation barrier before each instruction. */
static int fenced_compile(struct prog *prog, const struct helper_resolver *res)
{
	prog->marks = mem_alloc(prog->insn_cnt);
	if (!prog->marks)
		return -ENOMEM;
	memset(prog->marks, XLATE_NOSPEC, prog->insn_cnt);
	return interp_run_compile(prog, res);
}

static int engine_fenced_run(const struct engine_job *job, u64 *ret_r0, const char **ret_why)
{
	return run_compiled(job, ret_r0, ret_why, fenced_compile);
}

static int jit(struct prog *prog, const struct helper_resolver *res)
{
	const struct jit_opts opts = { .poll = JIT_POLL_COUNT };

	return jit_compile(prog, res, &opts);
}

static int jit_stop(struct prog *prog, const struct helper_resolver *res)
{
	const struct jit_opts opts = { .poll = JIT_POLL_STOP, .random_start = true };

	return jit_compile(prog, res, &opts);
}

/* For a CPU without any of the features that the target can use. */
static int jit_plain(struct prog *prog, const struct helper_resolver *res)
{
	const struct jit_opts opts = { .poll = JIT_POLL_NONE, .features_off = UINT64_MAX };

	return jit_compile(prog, res, &opts);
}

static int jit_fenced(struct prog *prog, const struct helper_resolver *res)
{
	prog->marks = mem_alloc(prog->insn_cnt);
	if (!prog->marks)
		return -ENOMEM;
	memset(prog->marks, XLATE_NOSPEC, prog->insn_cnt);
	return jit(prog, res);
}

#define JIT_ROW(fn)                                                                                \
	static int engine_##fn##_run(const struct engine_job *job, u64 *ret_r0,                    \
				     const char **ret_why)                                         \
	{                                                                                          \
		return run_compiled(job, ret_r0, ret_why, fn);                                     \
	}
JIT_ROW(jit)
JIT_ROW(jit_stop)
JIT_ROW(jit_plain)
JIT_ROW(jit_fenced)

const struct engine engines[] = {
	{ "ref", engine_ref_run }, /* first: it notes what was executed */
	{ "guard", engine_guard_run },
	{ "run", engine_run_run },
	{ "fenced", engine_fenced_run },
	{ "jit", engine_jit_run, jit_here_is_target },
	{ "jit-stop", engine_jit_stop_run, jit_here_is_target },
	{ "jit-fenced", engine_jit_fenced_run, jit_here_is_target },
	{ "jit-plain", engine_jit_plain_run, jit_here_is_target },
};
const u32 engine_cnt = ARRAY_SIZE(engines);

/* Map references become addresses, as in a program that core has bound. */
static void bind_maps(struct insn *insns, u32 cnt, const u8 *map)
{
	u32 i;

	for (i = 0; i + 1 < cnt; i += isa_words(isa_decode(&insns[i]))) {
		const enum isa_op op = isa_decode(&insns[i]);
		u64 addr = ptr_to_u64(map);

		if (op == ISA_LDDW_MAP_VALUE || op == ISA_LDDW_MAP_IDX_VALUE)
			addr += (u32)insns[i + 1].imm;
		else if (op != ISA_LDDW_MAP_FD && op != ISA_LDDW_MAP_IDX)
			continue;
		insns[i].imm = (s32)(u32)addr;
		insns[i + 1].imm = (s32)(u32)(addr >> 32);
	}
}

/* One engine on one vector, with fresh copies of all that it may change. */
bool engine_run_vector(const struct vector *v, const struct engine *engine)
{
	struct insn *insns = mem_dup(v->insns, v->insn_cnt * sizeof(*insns));
	struct engine_job job = {
		.insns = insns, .insn_cnt = v->insn_cnt, .mem_bytes = v->mem_bytes,
		.map_bytes = v->map_bytes,
	};
	const char *why = "out of memory";
	u64 r0 = 0;
	int err = -ENOMEM;

	if (engine->here && !engine->here()) {
		mem_free(insns);
		return true;
	}
	job.mem = mem_dup(v->mem, v->mem_bytes + 1);
	job.map = v->map_bytes ? mem_dup(v->map, v->map_bytes) : NULL;
	if (insns && job.mem && (job.map || !v->map_bytes)) {
		bind_maps(insns, v->insn_cnt, job.map);
		err = engine->run(&job, &r0, &why);
	}
	mem_free(insns);
	mem_free(job.mem);
	mem_free(job.map);
	if (err)
		tap_diag("%s: %d: %s", engine->name, err, why);
	else if (r0 != v->result)
		tap_diag("%s: r0 is 0x%llx, not 0x%llx", engine->name, (unsigned long long)r0,
			 (unsigned long long)v->result);
	return !err && r0 == v->result;
}
