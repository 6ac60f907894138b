/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How an instance verifies what is loaded into it, and who wants to know. Set before the first
 * load (struct skep's `verify`); a zeroed struct means: as root, no watcher.
 */
#ifndef SKEP_CORE_VERIFY_H
#define SKEP_CORE_VERIFY_H

#include "base/types.h"
#include "prog/prog.h"
#include "verify/verify.h"

struct core_verify {
	enum verify_rights rights;
	bool rights_set; /* else VERIFY_PRIV */
	/* Programs are verified and then nothing: no helper is bound, no engine: none can run. */
	bool only;
	/* Nothing is verified: programs run unproven, in the guarded interpreter. */
	bool guard;
	u32 log_level;	   /* added to what each load asks for; the text goes to done() */
	u32 log_bytes_max; /* of that text; 0: 16 MiB */
	u32 prog_flags;	   /* added to each load's (test states, strict alignment) */
	u64 insns_max, memory_bytes_max, time_ns_max; /* as struct verify_opts */
	/*
	 * After each verification, on the loading thread. @err as verify_prog returned it; @log is
	 * NUL-terminated and borrowed, "" without a level. @prog is not published yet.
	 */
	void (*done)(void *cookie, const struct prog *prog, int err,
		     const struct verify_result *result, const char *log);
	void *cookie;
};

struct prog_load_attr;
struct skep;

enum verify_rights core_rights(const struct skep *skep);
/* 0; -EPERM: programs of @type need more rights; -E2BIG: too long for these. */
int core_verify_allowed(const struct skep *skep, enum prog_type type, u32 insn_cnt) must_check;
/* verify_prog as this instance asks for it; prog->facts is set on success. */
int core_verify(struct skep *skep, struct prog *prog, const struct prog_load_attr *attr)
	must_check;
/* The log's last lines when a load ends before the verifier ran. NULL is allowed. */
void core_verify_log_end(struct vlog *log);

#endif
