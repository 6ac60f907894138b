/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between loading and the verifier: what this instance allows, where the log goes, who is told.
 */
#include "core/verify.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "core/load.h"
#include "core/skep.h"
#include "spec/spec.h"

#define LOG_BYTES_DEFAULT (16u << 20)
#define LOG_PIECE	  1000 /* what one message of the log holds */

static enum verify_rights rights_of(const struct skep *skep)
{
	return skep->verify.rights_set ? skep->verify.rights : VERIFY_PRIV;
}

enum verify_rights core_rights(const struct skep *skep)
{
	return rights_of(skep);
}

/* What bpf_prog_load() asks of the caller before anything is looked at. */
int core_verify_allowed(const struct skep *skep, enum prog_type type, u32 insn_cnt)
{
	enum verify_rights rights = rights_of(skep);
	u32 flags = prog_type_info(type)->flags;

	if (rights < VERIFY_BPF && insn_cnt > LIMIT_INSNS_UNPRIV)
		return -E2BIG;
	if (rights < VERIFY_BPF && !(flags & PT_UNPRIV))
		return -EPERM;
	if (rights < VERIFY_PERFMON && flags & PT_PERFMON)
		return -EPERM;
	return 0;
}

static void copy_log(struct vlog *to, const char *text)
{
	size_t len = strlen(text);

	for (size_t at = 0; to && at < len; at += LOG_PIECE)
		vlog_add(to, "%.*s", LOG_PIECE, text + at);
}

/* The verifier writes to a log of this instance; its text goes to the watcher and the loader. */
static int verify_watched(const struct core_verify *how, const struct prog *prog,
			  struct verify_opts *opts, struct verify_result *result)
{
	u32 level = opts->log ? opts->log->level : 0, bytes;
	struct vlog *loader = opts->log;
	char *buf = NULL;
	int err;

	opts->log_level = level | how->log_level;
	opts->log = NULL;
	if (opts->log_level) {
		bytes = how->log_bytes_max ? how->log_bytes_max : LOG_BYTES_DEFAULT;
		buf = mem_alloc(bytes);
		if (!buf)
			return -ENOMEM;
		buf[0] = '\0';
		opts->log_buf = buf;
		opts->log_bytes = bytes;
	}
	err = verify_prog(prog, opts, result);
	if (err == -ENOSPC && result->facts)
		err = 0; /* the watcher's buffer, not the loader's */
	if (err == -ENOSPC && result->reject.err)
		err = result->reject.err;
	how->done(how->cookie, prog, err, result, buf ? buf : "");
	if (buf && level)
		copy_log(loader, buf);
	mem_free(buf);
	return err;
}

int core_verify(struct skep *skep, struct prog *prog, const struct prog_load_attr *attr)
{
	const struct core_verify *how = &skep->verify;
	struct verify_opts opts = {
		.rights = rights_of(skep),
		.log = attr->log,
		.insns_max = how->insns_max,
		.memory_bytes_max = how->memory_bytes_max,
		.time_ns_max = how->time_ns_max,
		.since = KERNEL(6, 18),
		.cpu_cnt = skep->map_env.cpu_cnt,
	};
	struct verify_result *result = mem_zalloc(sizeof(*result));
	u32 flags = prog->flags;
	int err;

	if (!result)
		return -ENOMEM;
	prog->flags |= how->prog_flags;
	err = how->done ? verify_watched(how, prog, &opts, result)
			: verify_prog(prog, &opts, result);
	prog->flags = flags;
	if (!err) {
		prog->facts = result->facts;
		result->facts = NULL;
	}
	verify_result_fini(result);
	mem_free(result);
	return err;
}

void core_verify_log_end(struct vlog *log)
{
	if (!log)
		return;
	if (log->level & VLOG_STATS)
		vlog_add(log, "verification time 0 usec\nstack depth 0\n");
	vlog_add(log, "processed 0 insns (limit %d) max_states_per_insn 0 total_states 0 "
		      "peak_states 0 mark_read 0\n", LIMIT_INSNS_PROCESSED);
}
