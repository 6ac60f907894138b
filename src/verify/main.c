/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order of things (bpf_check): rights and options, then the program as a graph (flow/), then
 * every path through it (check.c), then what follows from all of them, then the end of the log.
 *
 * All memory of a run is the env's arena, but for the facts, which outlive it, and the line that
 * is being printed. Whatever goes wrong, env_fini frees the lot.
 */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "verify/call/call.h"
#include "verify/flow/fold.h"
#include "verify/past/past.h"
#include "verify/state/pool.h"
#include "verify/state/print.h"
#include "verify/verify_int.h"

static const struct verify_up up = {
	.path_ended = past_path_ended,
	.destroy_dynptr = call_destroy_dynptr_slot,
};

/* struct flow_sink: how flow/ speaks. */
static void sink_reject(void *cookie, int err, u32 insn_idx, const char *code, const char *text)
{
	struct env *env = cookie;
	bool first = !env->reject->err;

	env->insn_idx = insn_idx;
	(void)env_reject(env, err, -1, "%s", text);
	if (first)
		env->reject->code = code;
}

static void sink_print_insn(void *cookie, u32 idx)
{
	struct env *env = cookie;

	str_reset(&env->text);
	print_insn_text(env, idx, &env->text);
	vlog_add(&env->log, "%s\n", str_c(&env->text));
}

static void sink_print_line(void *cookie, u32 idx)
{
	char prefix[16];
	struct env *env = cookie;

	str_reset(&env->text);
	str_addf(&env->text, "%u: ", idx);
	strncpy(prefix, str_c(&env->text), sizeof(prefix) - 1);
	prefix[sizeof(prefix) - 1] = '\0';
	print_linfo(env, idx, prefix);
}

static void set_rights(struct env *env)
{
	enum verify_rights rights = env->opts->rights;
	u32 flags = env->prog->flags;

	env->bpf_capable = rights >= VERIFY_BPF;
	env->allow_ptr_leaks = rights >= VERIFY_PERFMON;
	env->allow_uninit_stack = rights >= VERIFY_PERFMON;
	env->bypass_spec_v1 = rights >= VERIFY_PERFMON;
	env->bypass_spec_v4 = rights >= VERIFY_PERFMON;
	env->strict_alignment = flags & PROG_FLAG_STRICT_ALIGNMENT;
	if (flags & PROG_FLAG_ANY_ALIGNMENT)
		env->strict_alignment = false;
	env->test_state_freq = env->bpf_capable && flags & PROG_FLAG_TEST_STATE_FREQ;
	env->sleepable = flags & PROG_FLAG_SLEEPABLE;
}

static int env_init(struct env *env, const struct prog *prog, const struct verify_opts *opts,
		    struct verify_result *ret)
{
	env->prog = prog;
	env->opts = opts;
	env->insns = prog->insns;
	env->insn_cnt = prog->insn_cnt;
	env->up = &up;
	env->reject = &ret->reject;
	env->stats = &ret->stats;
	if (opts->log)
		env->log = *opts->log;
	else
		vlog_init(&env->log, opts->log_level, opts->log_buf, opts->log_bytes);
	env->deadline_ns = opts->time_ns_max ? clock_mono_ns() + opts->time_ns_max : UINT64_MAX;
	set_rights(env);
	return pool_init(env);
}

static void env_fini(struct env *env)
{
	past_fini(env);
	str_fini(&env->text);
	arena_fini(&env->pool_arena);
	arena_fini(&env->arena);
}

static int flow_start(struct env *env)
{
	struct flow_opts opts = {
		.type = env->prog->type,
		.expected_attach_type = env->prog->expected_attach_type,
		.rights = (u8)env->opts->rights,
		.bpf_capable = env->bpf_capable,
		.kfunc = call_kfunc_flow,
		.sink = { env, &env->log, sink_reject, sink_print_insn, sink_print_line },
	};
	const bool *scalar_return;
	int err;

	env->flow = env_alloc(env, sizeof(*env->flow));
	if (!env->flow)
		return -ENOMEM;
	err = flow_init(env->flow, env->insns, env->insn_cnt, &env->arena, &opts);
	if (!err)
		err = flow_subprogs(env->flow);
	if (err)
		return err;
	scalar_return = btf_info_scalar_return(env, env->flow->subprog_cnt, &err);
	return err ? err : flow_abnormal_return(env->flow, scalar_return);
}

/* check_cfg and what is computed from the graph; facts are there from here on. */
static int flow_rest(struct env *env)
{
	int err;

	env->facts = facts_new(env->insn_cnt, env->flow->subprog_cnt);
	if (!env->facts)
		return -ENOMEM;
	for (u32 i = 0; i < env->flow->subprog_cnt; i++) {
		env->facts->subprogs[i].start = env->flow->subprogs[i].start;
		env->facts->subprogs[i].end = env->flow->subprogs[i + 1].start;
	}
	btf_info_linkage(env);
	err = flow_cfg(env->flow, env->facts);
	if (!err)
		err = resolve_target(env);
	return err ? err : flow_analyze(env->flow);
}

static int check(struct env *env)
{
	u64 start_ns = clock_mono_ns();
	int err = flow_start(env);

	if (!err)
		err = resolve_insns(env);
	if (!err)
		err = flow_rest(env);
	if (!err)
		err = past_init(env);
	if (!err)
		err = check_all(env);
	if (!err) {
		flow_fastcall_stack(env->flow);
		err = flow_stack_depth(env->flow,
				       prog_type_info(env->prog->type)->flags & PT_PRIVATE_STACK);
	}
	if (env->nomem && !err)
		err = -ENOMEM;
	env->stats->time_ns = clock_mono_ns() - start_ns;
	return err;
}

static void facts_finish(struct env *env)
{
	struct facts *facts = env->facts;

	facts->bypass_spec_v1 = env->bypass_spec_v1;
	facts->bypass_spec_v4 = env->bypass_spec_v4;
	facts->seen_direct_write = env->seen_direct_write;
	for (u32 i = 0; i < facts->subprog_cnt; i++) {
		const struct subprog_facts *sub = &facts->subprogs[i];

		facts->tail_calls |= sub->has_tail_call;
		facts->ld_abs |= sub->has_ld_abs;
		facts->callbacks |= sub->is_cb; /* those called later, too */
	}
	for (u32 i = 0; i < env->insn_cnt; i++)
		facts->may_goto |= facts->insns[i].seen && flow_has(env->flow, i, FLOW_MAY_GOTO);
	facts->proved_terminates = !facts->may_goto && !facts->tail_calls && !facts->callbacks;
}

int verify_prog(const struct prog *prog, const struct verify_opts *opts,
		struct verify_result *ret)
{
	struct env *env = mem_zalloc(sizeof(*env));
	int err, log_err;

	if (!env)
		return -ENOMEM;
	err = env_init(env, prog, opts, ret);
	if (!err)
		err = check(env);
	if (!err && opts->values)
		err = fold_values(env->flow, env->facts);
	stats_publish(env);
	stats_print(env);
	if (!err) {
		facts_finish(env);
		ret->facts = env->facts;
	} else {
		facts_free(env->facts);
	}
	if (opts->log) {
		*opts->log = env->log;
	} else {
		log_err = vlog_finish(&env->log, &ret->log_true_bytes);
		if (log_err)
			err = log_err;
	}
	env_fini(env);
	mem_free(env);
	return err;
}

void verify_result_fini(struct verify_result *ret)
{
	facts_free(ret->facts);
	ret->facts = NULL;
}
