/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/bind.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/rand.h"
#include "core/native.h"
#include "core/resolve.h"
#include "core/verify.h"
#include "helper/table.h"
#include "interp/interp.h"
#include "isa/isa.h"
#include "isa/text.h"
#include "verify/log/log.h"
#include "xlate/xlate.h"

/* The instruction that the next line of the log is about, as the kernel's verifier prints it. */
static void log_insn(const struct prog *prog, const struct prog_load_attr *attr, u32 idx)
{
	const struct isa_text_opts opts = { .no_marks = true };
	struct str text = STR_INIT;

	if (!attr->log)
		return;
	isa_text_insn(&text, prog->insns_loaded, prog->insns_loaded_cnt, idx, &opts);
	load_log(attr, "%u: %s", idx, str_c(&text));
	str_fini(&text);
}

/* What no engine can do yet. NULL: nothing to say against it. */
static const char *unsupported(enum isa_op op)
{
	if (op == ISA_CALL_KFUNC)
		return "calling kernel functions (kfuncs) is not supported yet";
	if (op == ISA_LDDW_BTF_ID)
		return "addresses of kernel variables (ksyms with BTF) are not supported yet";
	if (isa_info(op)->family == ISA_FAMILY_CAST)
		return "address space casts (arenas) are not supported yet";
	return NULL;
}

static int check_insn(const struct prog *prog, const struct prog_load_attr *attr,
		      struct helper_ask *ask, u32 idx)
{
	const struct insn *i = &prog->insns[idx];
	enum isa_op op = isa_decode(i);
	const char *why = unsupported(op);
	struct helper_binding binding;
	struct str reason = STR_INIT;
	int err;

	if (why) {
		log_insn(prog, attr, idx);
		load_log(attr, "%s", why);
		return -EINVAL;
	}
	if (op != ISA_CALL_HELPER)
		return 0;
	ask->log = &reason;
	err = helper_resolve(ask, i->imm, &binding);
	if (err) {
		log_insn(prog, attr, idx);
		if (attr->log)
			vlog_add(attr->log, "%s", str_c(&reason));
	}
	ask->log = NULL;
	str_fini(&reason);
	return err;
}

/* What bpf(2) shows of the program from now on (XLATE_DUMP), while prog->insns is still whole. */
static int make_shown(struct prog *prog, const struct xlate_opts *opts)
{
	struct xlate_opts dump = *opts;
	struct xlated x;
	int err;

	dump.form = XLATE_DUMP;
	err = xlate(prog, prog->facts, &dump, &x);
	if (err)
		return err;
	prog->insns_shown = x.insns;
	prog->insns_shown_cnt = x.insn_cnt;
	prog->shown_orig_idx = x.orig_idx;
	x.insns = NULL;
	x.orig_idx = NULL;
	xlate_fini(&x);
	return 0;
}

/* The proven program becomes one that runs as it is. */
static int rewrite(struct prog *prog, const struct xlate_opts *opts)
{
	struct xlate_opts shorter = *opts;
	struct xlated x;
	int err = xlate(prog, prog->facts, opts, &x);

	if (err == -ERANGE) {
		/* A conditional jump over too many lookups: then they stay calls. */
		shorter.no_inline = true;
		err = xlate(prog, prog->facts, &shorter, &x);
	}
	if (err)
		return err;
	mem_free(prog->insns);
	mem_free(prog->orig_idx);
	prog->insns = x.insns;
	prog->insn_cnt = x.insn_cnt;
	prog->orig_idx = x.orig_idx;
	prog->marks = x.marks;
	return 0;
}

/* Machine code without the program's own constants, at a random place (bpf_jit_harden). */
static bool is_hardened(const struct skep *skep)
{
	if (skep->opts.harden == SKEP_HARDEN_UNPRIV)
		return core_rights(skep) < VERIFY_BPF;
	return skep->opts.harden == SKEP_HARDEN_ALL;
}

/*
 * Proven programs run unwatched, all others in the guard. So do proven ones of a type whose
 * context is none of ours: they can be loaded, but nothing here runs them.
 */
static int choose_engine(struct skep *skep, struct prog *prog, struct helper_ask *ask)
{
	const struct helper_resolver resolver = { helper_resolve, ask };
	const bool hardened = is_hardened(skep) && core_native_is_jit(skep->opts.engine);
	const struct xlate_opts opts = {
		.form = XLATE_RUN,
		.keep_dead = core_rights(skep) < VERIFY_BPF,
		.blind = hardened,
		.no_inline = skep->no_inline,
		.seed = hardened ? rand_system_u64() : 0,
	};
	struct core_native how = { .engine = skep->opts.engine, .random_start = hardened,
				   .debug = skep->jit_debug };
	int err;

	if (!prog->facts)
		return interp_guard_compile(prog, &resolver);
	err = make_shown(prog, &opts);
	if (err || !prog->ctx_class)
		return err ? err : interp_guard_compile(prog, &resolver);
	err = rewrite(prog, &opts);
	ask->intrinsics = true;
	/* What is proved to end does without looks at the budget; its helpers that loop look. */
	how.poll = prog->facts->proved_terminates ? JIT_POLL_NONE : JIT_POLL_COUNT;
	return err ? err : core_native_compile(prog, &resolver, &how);
}

int core_bind(struct skep *skep, struct prog *prog, const struct prog_load_attr *attr)
{
	struct helper_ask ask = {
		.type = attr->type,
		.attach_type = attr->expected_attach_type,
		.rights = (enum helper_rights)core_rights(skep),
		.gpl_compatible = attr->gpl_compatible,
		.sleepable = attr->flags & PROG_FLAG_SLEEPABLE,
	};
	enum isa_op op = ISA_INVALID;

	for (u32 i = 0; i < prog->insn_cnt; i += isa_words(op)) {
		int err = check_insn(prog, attr, &ask, i);

		if (err)
			return err;
		op = isa_decode(&prog->insns[i]);
	}
	return choose_engine(skep, prog, &ask);
}
