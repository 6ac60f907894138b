/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is said when all is done (print_verification_stats): lines that veristat and libbpf parse.
 */
#include "verify/verify_int.h"

#define NS_PER_USEC 1000u

/* Hidden functions are the verifier's own, made behind the program's. */
static u32 shown_subprogs(const struct env *env)
{
	return env->facts ? env->facts->subprog_cnt - env->hidden_subprog_cnt : 0;
}

static void print_stack_depth(struct env *env)
{
	const struct verify_stats *stats = env->stats;

	vlog_add(&env->log, "stack depth ");
	for (u32 i = 0; i < stats->stack_depth_cnt; i++)
		vlog_add(&env->log, i ? "+%u" : "%u", stats->stack_depth[i]);
	vlog_add(&env->log, "\n");
}

void stats_print(struct env *env)
{
	const struct verify_stats *stats = env->stats;
	u64 max = env->opts->insns_max ? env->opts->insns_max : LIMIT_INSNS_PROCESSED;

	if (env->log.level & VLOG_STATS) {
		vlog_add(&env->log, "verification time %llu usec\n",
			 (unsigned long long)(stats->time_ns / NS_PER_USEC));
		print_stack_depth(env);
	}
	vlog_add(&env->log,
		 "processed %llu insns (limit %llu) max_states_per_insn %u total_states %u "
		 "peak_states %u mark_read %u\n",
		 (unsigned long long)stats->insns_processed, (unsigned long long)max,
		 stats->max_states_per_insn, stats->total_states, stats->peak_states,
		 stats->mark_read);
}

void stats_publish(struct env *env)
{
	struct verify_stats *stats = env->stats;

	stats->memory_peak_bytes = env->arena.used_bytes + env->pool_arena.used_bytes +
				   sizeof(*env);
	if (env->facts)
		stats->memory_peak_bytes += env->insn_cnt * sizeof(*env->facts->insns) +
					    env->facts->subprog_cnt * sizeof(*env->facts->subprogs);
	stats->stack_depth_cnt = MIN(shown_subprogs(env), (u32)LIMIT_SUBPROGS);
	for (u32 i = 0; i < stats->stack_depth_cnt; i++)
		stats->stack_depth[i] = (u16)env->facts->subprogs[i].stack_bytes;
}
