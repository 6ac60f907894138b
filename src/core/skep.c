/* SPDX-License-Identifier: BSD-2-Clause */
/* Making and freeing an instance. */
#include "core/skep.h"

#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/percpu.h"
#include "core/native.h"
#include "engine/engine.h"
#include "prog/run.h"

#define CPUS_MAX 4096u

struct skep *skep_get(struct skep *skep)
{
	atomic_fetch_add_explicit(&skep->refs, 1, memory_order_relaxed);
	return skep;
}

static void destroy(struct skep *skep)
{
	obj_pins_free(skep->pins);
	cpu_slots_free(skep->cpus); /* first: what its epoch defers are objects */
	for (u32 i = 0; i < OBJ_KIND_CNT; i++)
		obj_table_free(skep->map_env.tables[i]);
	mem_free(skep);
}

void skep_put(struct skep *skep)
{
	if (atomic_fetch_sub_explicit(&skep->refs, 1, memory_order_acq_rel) == 1)
		destroy(skep);
}

static void home_get(void *instance)
{
	skep_get(instance);
}

static void home_put(void *instance)
{
	skep_put(instance);
}

/* Copies what both sides know; what the caller knows more must be zero. */
static int copy_opts(const struct skep_opts *opts, struct skep_opts *ret_opts)
{
	const u8 *bytes = (const u8 *)opts;
	size_t known;

	memset(ret_opts, 0, sizeof(*ret_opts));
	ret_opts->size = sizeof(*ret_opts);
	if (!opts)
		return 0;
	if (opts->size < sizeof(opts->size) || opts->size > 4096)
		return -EINVAL;
	for (size_t i = sizeof(*ret_opts); i < opts->size; i++)
		if (bytes[i])
			return -EINVAL;
	known = MIN(opts->size, sizeof(*ret_opts));
	memcpy(ret_opts, opts, known);
	ret_opts->size = sizeof(*ret_opts);
	if (ret_opts->check > SKEP_CHECK_GUARD || ret_opts->rights > SKEP_RIGHTS_PERFMON ||
	    ret_opts->harden > SKEP_HARDEN_NONE)
		return -EINVAL;
	if (ret_opts->reserved || ret_opts->cpus > CPUS_MAX)
		return -EINVAL;
	return core_native_check(ret_opts->engine);
}

static void trace_to_stderr(void *cookie, const char *text, size_t len)
{
	struct iovec iov[2] = { { .iov_base = u64_to_ptr(ptr_to_u64(text)), .iov_len = len } };
	char newline[] = "\n";
	int cnt = 1;

	(void)cookie;
	if (!len || text[len - 1] != '\n')
		iov[cnt++] = (struct iovec){ .iov_base = newline, .iov_len = 1 };
	/* One call, so that lines of several threads do not mix. Nobody to tell when it fails. */
	if (writev(STDERR_FILENO, iov, cnt) < 0)
		return;
}

static enum verify_rights rights_of(u32 skep_rights)
{
	static const enum verify_rights rights[] = {
		[SKEP_RIGHTS_ALL] = VERIFY_PRIV,
		[SKEP_RIGHTS_UNPRIV] = VERIFY_UNPRIV,
		[SKEP_RIGHTS_BPF] = VERIFY_BPF,
		[SKEP_RIGHTS_PERFMON] = VERIFY_PERFMON,
	};

	return rights[skep_rights];
}

int skep_new(const struct skep_opts *opts, struct skep **ret_skep)
{
	struct skep *skep;
	struct skep_opts full;
	int err = copy_opts(opts, &full);

	if (err)
		return err;
	skep = mem_zalloc(sizeof(*skep));
	if (!skep)
		return -ENOMEM;
	skep->opts = full;
	if (!skep->opts.trace)
		skep->opts.trace = trace_to_stderr;
	skep->verify.guard = full.check == SKEP_CHECK_GUARD;
	skep->verify.rights = rights_of(full.rights);
	skep->verify.rights_set = true;
	if (!skep->opts.guard_budget)
		skep->opts.guard_budget = SKEP_GUARD_BUDGET_DEFAULT;
	skep->map_env.cpu_cnt = full.cpus ? full.cpus : cpus_possible();
	skep->home = (struct obj_home){ skep, home_get, home_put };
	atomic_init(&skep->refs, 1);
	err = cpu_slots_new(skep->map_env.cpu_cnt, &skep->cpus);
	if (!err)
		skep->map_env.epoch = cpu_slots_epoch(skep->cpus);
	if (!err)
		err = obj_pins_new(&skep->pins);
	for (u32 i = 0; !err && i < OBJ_KIND_CNT; i++)
		err = obj_table_new(&skep->map_env.tables[i]);
	if (err) {
		destroy(skep);
		return err;
	}
	*ret_skep = skep;
	return 0;
}

void skep_free(struct skep *skep)
{
	if (!skep)
		return;
	obj_fd_sweep();
	skep_put(skep);
}

static void run_trace(struct run *run, const char *text, size_t len)
{
	const struct skep *skep = run->owner;

	skep->opts.trace(skep->opts.trace_cookie, text, len);
}

static const struct run_ops plain_run_ops = { .callback = engine_callback, .trace = run_trace };

int core_run_begin(struct skep *skep, struct run *run)
{
	int err = run_begin(run, skep->cpus);

	if (err)
		return err;
	run->ops = &plain_run_ops;
	run->owner = skep;
	run->insns_left = skep->opts.guard_budget;
	return 0;
}
