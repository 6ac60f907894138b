/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way of a program from bytes to something that runs (bpf_prog_load and bpf_check of the
 * kernel, as far as they exist here): encoding, functions, maps, helpers, then an engine. Until
 * the verifier stands, that engine is the guarded interpreter: nothing unproven runs unwatched.
 */
#include "core/load.h"

#include <assert.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "core/bind.h"
#include "core/resolve.h"
#include "core/skep.h"
#include "core/verify.h"
#include "interp/interp.h"
#include "isa/check.h"
#include "isa/isa.h"
#include "pkt/pkt.h"
#include "verify/log/log.h"

#define PROG_INSNS_MAX ((u32)LIMIT_INSNS)

static const char *const gpl_licenses[] = {
	"GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL",
	"Dual MPL/GPL",
};

bool license_is_gpl(const char *license)
{
	for (u32 i = 0; i < ARRAY_SIZE(gpl_licenses); i++) {
		if (!strcmp(license, gpl_licenses[i]))
			return true;
	}
	return false;
}

/* Apart, because gcc 12 with UBSan believes in a format that is NULL otherwise. */
static noinline_fn void record_reason(struct reject_record *rec, const char *fmt, va_list ap)
{
	vsnprintf(rec->reason, sizeof(rec->reason), fmt, ap);
}

void load_log(const struct prog_load_attr *attr, const char *fmt, ...)
{
	va_list ap;

	assert(fmt);
	if (attr->reject && !attr->reject->reason[0]) {
		va_start(ap, fmt);
		record_reason(attr->reject, fmt, ap);
		va_end(ap);
		/* A message made elsewhere (isa_check) has no format of its own here. */
		attr->reject->code = strcmp(fmt, "%s") ? fmt : "encoding";
	}
	if (!attr->log)
		return;
	va_start(ap, fmt);
	vlog_vadd(attr->log, fmt, ap);
	va_end(ap);
	vlog_add(attr->log, "\n");
}

/* bpf_prog_calc_tag: a hash over the instructions as loaded, without the numbers of map fds. */
static void compute_tag(struct prog *prog)
{
	u8 digest[SHA256_BYTES];
	enum isa_op op = ISA_INVALID;
	struct sha256 sha;

	sha256_init(&sha);
	for (u32 i = 0; i < prog->insns_loaded_cnt; i += isa_words(op)) {
		struct insn words[2] = { prog->insns_loaded[i] };

		op = isa_decode(&words[0]);
		if (isa_words(op) == 2 && i + 1 < prog->insns_loaded_cnt)
			words[1] = prog->insns_loaded[i + 1];
		if (op == ISA_LDDW_MAP_FD || op == ISA_LDDW_MAP_VALUE)
			words[0].imm = words[1].imm = 0;
		sha256_add(&sha, words, isa_words(op) * sizeof(words[0]));
	}
	sha256_end(&sha, digest);
	memcpy(prog->tag, digest, sizeof(prog->tag));
}

static int copy_insns(struct prog *prog, const struct prog_load_attr *attr)
{
	size_t bytes = (size_t)attr->insn_cnt * sizeof(struct insn);

	prog->insns_loaded = mem_dup(attr->insns, bytes);
	prog->insns = mem_dup(attr->insns, bytes);
	if (!prog->insns_loaded || !prog->insns)
		return -ENOMEM;
	prog->insns_loaded_cnt = prog->insn_cnt = attr->insn_cnt;
	return 0;
}

/* What a verifier looks at only where it arrives is left to it: what is dead may be nonsense. */
static int check_encoding(const struct skep *skep, const struct prog *prog,
			  const struct prog_load_attr *attr)
{
	u32 flags = ISA_CHECK_DEAD_CODE;
	struct isa_reason reason;
	int err;

	if (!skep->verify.guard)
		flags |= ISA_CHECK_ANY_VALUE | ISA_CHECK_ANY_WRITE | ISA_CHECK_ANY_FIELD;
	err = isa_check(prog->insns, prog->insn_cnt, flags, &reason);
	if (err && err != -ENOMEM)
		load_log(attr, "%s", reason.text);
	if (err && err != -ENOMEM && attr->reject)
		attr->reject->insn_idx = reason.insn_idx;
	return err;
}

/* bpf_check_tail_call: whoever jumps through a program array must be of its kind. */
static int check_tail_calls(const struct prog *prog)
{
	int err = 0;

	for (u32 i = 0; !err && i < prog->map_cnt; i++)
		if (prog->maps[i]->attr.type == MAP_TYPE_PROG_ARRAY)
			err = map_prog_array_compatible(prog->maps[i], prog);
	return err;
}

/* What instructions name becomes what they mean. */
static int resolve(const struct skep *skep, struct prog *prog,
		   const struct prog_load_attr *attr)
{
	int err = copy_insns(prog, attr);

	if (!err)
		err = check_encoding(skep, prog, attr);
	if (err)
		return err;
	compute_tag(prog);
	err = resolve_subprogs(prog, attr);
	if (!err)
		err = resolve_btf_info(prog, attr);
	if (!err)
		err = resolve_kfuncs(prog, attr);
	if (!err)
		err = resolve_maps(prog, attr);
	return err;
}

/* A load that ended before the verifier ran: its log ends as all do, and who watches is told. */
static void refused(struct skep *skep, const struct prog *prog,
		    const struct prog_load_attr *attr, int err)
{
	struct verify_result *result;

	core_verify_log_end(attr->log);
	if (!skep->verify.done)
		return;
	result = mem_zalloc(sizeof(*result));
	if (!result)
		return;
	result->reject = *attr->reject;
	result->reject.err = err;
	skep->verify.done(skep->verify.cookie, prog, err, result, result->reject.reason);
	mem_free(result);
}

static int build(struct skep *skep, struct prog *prog, const struct prog_load_attr *attr)
{
	int err = resolve(skep, prog, attr);

	if (err) {
		refused(skep, prog, attr, err);
		return err;
	}
	if (skep->verify.guard)
		core_verify_log_end(attr->log);
	else
		err = core_verify(skep, prog, attr);
	if (err || skep->verify.only)
		return err;
	err = core_bind(skep, prog, attr);
	if (!err)
		err = check_tail_calls(prog);
	return err;
}

static int start(const struct prog_load_attr *attr, struct prog **ret_prog)
{
	struct prog *prog;
	int err;

	if (attr->insn_cnt == 0 || attr->insn_cnt > PROG_INSNS_MAX)
		return -E2BIG;
	if (!prog_type_name(attr->type) || attr->type == PROG_TYPE_UNSPEC)
		return -EINVAL;
	err = prog_new(&prog);
	if (err)
		return err;
	prog->type = attr->type;
	prog->expected_attach_type = attr->expected_attach_type;
	prog->flags = attr->flags;
	prog->gpl_compatible = attr->gpl_compatible;
	memcpy(prog->name, attr->name, sizeof(prog->name));
	prog->ctx_class = pkt_ctx_class(attr->type, attr->expected_attach_type);
	prog->load_time_ns = clock_boot_ns();
	*ret_prog = prog;
	return 0;
}

int core_prog_verify(struct skep *skep, const struct prog_load_attr *attr,
		     const struct verify_opts *opts, struct verify_result *ret)
{
	struct prog_load_attr early = *attr;
	struct prog *prog;
	int err = start(attr, &prog);

	if (err)
		return err;
	early.reject = &ret->reject;
	err = resolve(skep, prog, &early);
	if (err) {
		ret->reject.err = err;
		core_verify_log_end(attr->log);
	} else {
		memset(&ret->reject, 0, sizeof(ret->reject));
		err = verify_prog(prog, opts, ret);
	}
	obj_put(&prog->obj);
	return err;
}

int core_prog_load(struct skep *skep, const struct prog_load_attr *attr, struct prog **ret_prog)
{
	struct reject_record record = { 0 };
	struct prog_load_attr early = *attr;
	struct prog *prog;
	int err = start(attr, &prog);

	if (err)
		return err;
	early.reject = &record;
	err = build(skep, prog, &early);
	if (!err)
		err = obj_table_add(skep->map_env.tables[OBJ_PROG], &prog->obj);
	if (err) {
		obj_put(&prog->obj);
		return err;
	}
	*ret_prog = prog;
	return 0;
}
