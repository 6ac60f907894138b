/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every room does with the env: take memory, say why a program is refused.
 *
 * Memory that ran out is remembered in env->nomem: a run with it set never accepts, so that walks
 * over registers need not carry an error of their own.
 */
#include "verify/state/env.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "verify/state/print.h"

static void *alloc_from(struct env *env, struct arena *arena, size_t size_bytes)
{
	u64 max = env->opts->memory_bytes_max;
	void *p = NULL;

	if (!max || env->memory_bytes + size_bytes <= max)
		p = arena_alloc(arena, size_bytes);
	if (!p) {
		env->nomem = true;
		return NULL;
	}
	env->memory_bytes = env->arena.used_bytes + env->pool_arena.used_bytes;
	return p;
}

void *env_alloc(struct env *env, size_t size_bytes)
{
	return alloc_from(env, &env->arena, size_bytes);
}

void *env_alloc_pool(struct env *env, size_t size_bytes)
{
	return alloc_from(env, &env->pool_arena, size_bytes);
}

/* The jumps that led here, newest first, as far as the history of this path still knows. */
static void record_path(struct reject_record *rec, const struct vstate *st)
{
	rec->path_cnt = 0;
	for (; st; st = st->parent) {
		for (u32 i = st->hist_cnt; i--;) {
			const struct hist_entry *h = &st->hist[i];

			if (h->insn_idx == h->prev_idx + 1 || h->prev_idx == UINT32_MAX)
				continue;
			if (rec->path_cnt == ARRAY_SIZE(rec->path))
				return;
			rec->path[rec->path_cnt++] =
				(struct reject_step){ h->prev_idx, h->insn_idx };
		}
	}
}

static void record(struct env *env, int err, s32 regno, const char *fmt, va_list ap)
{
	struct reject_record *rec = env->reject;
	const struct prog_line *line = prog_line_at(env->prog, env->insn_idx);

	memset(rec, 0, offsetof(struct reject_record, path));
	rec->err = err;
	rec->insn_idx = env->insn_idx;
	rec->regno = regno;
	rec->code = fmt;
	if (line) {
		rec->line_col = line->line << 10 | line->col;
		rec->file = line->file;
		rec->line = line->text;
	}
	vsnprintf(rec->reason, sizeof(rec->reason), fmt, ap);
	if (env->cur && env->cur->frame[env->cur->curframe] && regno >= 0) {
		int len = snprintf(rec->reg_text, sizeof(rec->reg_text), "R%d=", regno);

		print_reg_text(env, env_reg(env, (u32)regno), rec->reg_text + len,
			       sizeof(rec->reg_text) - (size_t)len);
	}
	record_path(rec, env->cur);
}

int env_reject(struct env *env, int err, s32 regno, const char *fmt, ...)
{
	va_list ap;

	if (!env->reject->err) {
		va_start(ap, fmt);
		record(env, err, regno, fmt, ap);
		va_end(ap);
	}
	if (vlog_on(&env->log)) {
		va_start(ap, fmt);
		vlog_vadd(&env->log, fmt, ap);
		va_end(ap);
		vlog_add(&env->log, "\n");
	}
	return err;
}

int env_bug(struct env *env, const char *fmt, ...)
{
	va_list ap;

	if (!env->reject->err) {
		va_start(ap, fmt);
		record(env, -EFAULT, -1, fmt, ap);
		va_end(ap);
	}
	if (vlog_on(&env->log)) {
		vlog_add(&env->log, "verifier bug: ");
		va_start(ap, fmt);
		vlog_vadd(&env->log, fmt, ap);
		va_end(ap);
		vlog_add(&env->log, "\n");
	}
	return -EFAULT;
}

int env_poll_slow(struct env *env)
{
	const atomic_bool *cancel = env->opts->cancel;

	if (env->nomem)
		return -ENOMEM;
	if (cancel && atomic_load_explicit(cancel, memory_order_relaxed)) {
		vlog_add(&env->log, "verification was cancelled\n");
		return -ECANCELED;
	}
	if (env->deadline_ns != UINT64_MAX && clock_mono_ns() > env->deadline_ns) {
		vlog_add(&env->log, "verification takes longer than %llu ms\n",
			 (unsigned long long)(env->opts->time_ns_max / 1000000));
		return -ETIME;
	}
	return 0;
}

void env_reject_forget(struct env *env)
{
	env->reject->err = 0;
}
