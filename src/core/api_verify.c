/* SPDX-License-Identifier: BSD-2-Clause */
/* skep_verify: the public door to the verifier (include/skep/verify.h). */
#include "skep/verify.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "btf/btf.h"
#include "core/load.h"
#include "core/skep.h"
#include "core/verify.h"
#include "spec/spec.h"
#include "verify/log/log.h"

#define INFO_REC_BYTES_MIN 8u

struct call {
	struct skep *skep;
	struct skep_verify_opts opts; /* a full copy */
	struct prog_load_attr attr;
	struct vlog log;
	struct verify_result result;
};

static int copy_opts(const struct skep_verify_opts *opts, struct skep_verify_opts *full)
{
	const u8 *bytes = (const u8 *)opts;

	memset(full, 0, sizeof(*full));
	if (!opts || opts->size < sizeof(opts->size))
		return -EINVAL;
	for (size_t i = sizeof(*full); i < opts->size; i++)
		if (bytes[i])
			return -EINVAL;
	memcpy(full, opts, MIN(opts->size, sizeof(*full)));
	if (full->rights > SKEP_RIGHTS_PERFMON || full->log_level & ~(u32)VLOG_MASK ||
	    (full->log_size && !full->log))
		return -EINVAL;
	return prog_type_info(full->prog_type) && full->prog_type ? 0 : -EINVAL;
}

/* struct prog_load_attr.map_of_fd */
static int map_of_fd(void *cookie, s32 fd, bool by_index, struct map **ret_map)
{
	struct call *call = cookie;
	struct obj *obj;
	int err;

	if (by_index) {
		if (fd < 0 || (u32)fd >= call->opts.fd_cnt)
			return -EINVAL;
		fd = call->opts.fd_array[fd];
	}
	err = obj_fd_get(&call->skep->home, fd, OBJ_MAP, &obj, NULL);
	if (!err)
		*ret_map = container_of(obj, struct map, obj);
	return err;
}

static int info_check(u32 cnt, u32 rec_bytes, const void *records)
{
	if (!cnt)
		return 0;
	if (!records || cnt > LIMIT_INSNS || rec_bytes < INFO_REC_BYTES_MIN || rec_bytes % 4 ||
	    rec_bytes > LIMIT_INFO_REC_BYTES)
		return -EINVAL;
	return 0;
}

static int fill_attr(struct call *call, const void *insns, u32 insn_cnt)
{
	const struct skep_verify_opts *o = &call->opts;
	struct prog_load_attr *attr = &call->attr;
	struct obj *obj;
	int err = info_check(o->func_info_cnt, o->func_info_rec_size, o->func_info);

	if (!err)
		err = info_check(o->line_info_cnt, o->line_info_rec_size, o->line_info);
	if (!err && o->btf_fd) {
		err = obj_fd_get(&call->skep->home, o->btf_fd, OBJ_BTF, &obj, NULL);
		if (!err)
			attr->btf = btf_of_obj(obj);
	}
	if (err)
		return err;
	attr->type = (enum prog_type)o->prog_type;
	attr->expected_attach_type = o->expected_attach_type;
	attr->flags = o->prog_flags;
	attr->insns = insns;
	attr->insn_cnt = insn_cnt;
	attr->gpl_compatible = license_is_gpl(o->license ? o->license : "GPL");
	if (o->name)
		memcpy(attr->name, o->name, strnlen(o->name, sizeof(attr->name) - 1));
	attr->func_info = o->func_info;
	attr->func_info_cnt = attr->btf ? o->func_info_cnt : 0;
	attr->func_info_rec_bytes = o->func_info_rec_size;
	attr->line_info = o->line_info;
	attr->line_info_cnt = attr->btf ? o->line_info_cnt : 0;
	attr->line_info_rec_bytes = o->line_info_rec_size;
	attr->map_of_fd = map_of_fd;
	attr->cookie = call;
	attr->log = &call->log;
	return 0;
}

static const char *or_null(const char *text)
{
	return text && *text ? text : NULL;
}

/* What the record points to must outlive the program's BTF: one block holds all of it. */
static int take_record(const struct reject_record *r, struct skep_verify_result *to)
{
	const char *from[] = { r->reason, r->code ? r->code : "", r->reg_text,
			       r->file ? r->file : "", r->line ? r->line : "" };
	const char **into[] = { &to->reason, &to->code, &to->reg, &to->source_file,
				&to->source_line };
	size_t bytes = 0;
	char *at;

	for (u32 i = 0; i < ARRAY_SIZE(from); i++)
		bytes += strlen(from[i]) + 1;
	at = to->owned = mem_alloc(bytes);
	if (!at)
		return -ENOMEM;
	for (u32 i = 0; i < ARRAY_SIZE(from); i++) {
		size_t len = strlen(from[i]) + 1;

		memcpy(at, from[i], len);
		*into[i] = or_null(at);
		at += len;
	}
	to->insn = r->insn_idx;
	to->line = r->line_col >> 10;
	to->column = r->line_col & 0x3ff;
	to->path_cnt = MIN(r->path_cnt, (u32)SKEP_VERIFY_PATH_MAX);
	for (u32 i = 0; i < to->path_cnt; i++)
		to->path[i] = (struct skep_verify_step){ r->path[i].insn_idx, r->path[i].to_idx };
	return 0;
}

static int take_result(struct call *call, int verdict, struct skep_verify_result *ret)
{
	const struct verify_stats *s = &call->result.stats;
	struct skep_verify_result full = { .size = ret->size, .err = verdict };
	int err;

	full.insns_processed = s->insns_processed;
	full.time_ns = s->time_ns;
	full.memory_peak_bytes = s->memory_peak_bytes;
	full.total_states = s->total_states;
	full.peak_states = s->peak_states;
	full.max_states_per_insn = s->max_states_per_insn;
	for (u32 i = 0; i < s->stack_depth_cnt; i++)
		full.stack_bytes += s->stack_depth[i];
	full.log_true_size = call->result.log_true_bytes;
	if (verdict) {
		err = take_record(&call->result.reject, &full);
		if (err)
			return err;
	}
	*ret = full;
	return 0;
}

static enum verify_rights rights_of(u32 rights)
{
	return rights == SKEP_RIGHTS_ALL ? VERIFY_PRIV : (enum verify_rights)(rights - 1);
}

static int verify(struct call *call, struct skep_verify_result *ret)
{
	const struct skep_verify_opts *o = &call->opts;
	struct verify_opts opts = {
		.rights = rights_of(o->rights),
		.log = &call->log,
		.insns_max = o->insns_max,
		.memory_bytes_max = o->memory_bytes_max,
		.time_ns_max = o->time_ns_max,
		.cancel = (const atomic_bool *)(const void *)o->cancel,
		.since = KERNEL(6, 18),
		.cpu_cnt = call->skep->map_env.cpu_cnt,
	};
	char none[1];
	int verdict, err;

	vlog_init(&call->log, o->log_level, o->log_size ? o->log : none,
		  o->log_size ? o->log_size : 0);
	verdict = core_prog_verify(call->skep, &call->attr, &opts, &call->result);
	err = vlog_finish(&call->log, &call->result.log_true_bytes);
	if (err == -ENOSPC && !verdict)
		verdict = err; /* as BPF_PROG_LOAD answers */
	/* Short of memory is no verdict, but the caller's own limit is one. */
	if (verdict == -ENOMEM && !o->memory_bytes_max)
		return verdict;
	return take_result(call, verdict, ret);
}

int skep_verify(struct skep *skep, const void *insns, uint32_t insn_cnt,
		const struct skep_verify_opts *opts, struct skep_verify_result *ret)
{
	struct call *call;
	int err;

	if (!insns || !ret || ret->size != sizeof(*ret))
		return -EINVAL;
	if (!insn_cnt || insn_cnt > LIMIT_INSNS)
		return -E2BIG;
	call = mem_zalloc(sizeof(*call));
	if (!call)
		return -ENOMEM;
	call->skep = skep;
	err = copy_opts(opts, &call->opts);
	if (!err)
		err = fill_attr(call, insns, insn_cnt);
	if (!err)
		err = verify(call, ret);
	verify_result_fini(&call->result);
	btf_put(call->attr.btf);
	mem_free(call);
	return err;
}

void skep_verify_result_free(struct skep_verify_result *result)
{
	if (!result)
		return;
	mem_free(result->owned);
	result->owned = NULL;
	result->reason = result->code = result->reg = NULL;
	result->source_file = result->source_line = NULL;
}
