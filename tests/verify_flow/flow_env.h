/* SPDX-License-Identifier: BSD-2-Clause */
/* A program through the flow room alone, without an env: for the tests of this folder. */
#ifndef SKEP_TESTS_VERIFY_FLOW_FLOW_ENV_H
#define SKEP_TESTS_VERIFY_FLOW_FLOW_ENV_H

#include <stdlib.h>

#include "base/err.h"
#include "isa/asm.h"
#include "verify/flow/flow.h"

struct flow_env {
	struct arena arena;
	struct flow flow;
	struct facts facts;
	int err;
	u32 reject_idx;
	char reject[256]; /* "" when nothing was said */
};

static void flow_env_reject(void *cookie, int err, u32 insn_idx, const char *code,
			    const char *text)
{
	struct flow_env *e = cookie;

	(void)code;
	(void)err;
	e->reject_idx = insn_idx;
	snprintf(e->reject, sizeof(e->reject), "%s", text);
}

static inline struct flow_opts flow_env_opts(struct flow_env *e, enum prog_type type)
{
	return (struct flow_opts){
		.type = type,
		.rights = HELPER_ADMIN,
		.bpf_capable = true,
		.sink = { .cookie = e, .reject = flow_env_reject },
	};
}

/* Everything that comes before the paths; e->err says how it went. */
static inline void flow_env_run(struct flow_env *e, const struct insn *insns, u32 cnt,
				const struct flow_opts *opts)
{
	struct flow *f = &e->flow;

	e->err = flow_init(f, insns, cnt, &e->arena, opts);
	if (!e->err)
		e->err = flow_subprogs(f);
	if (!e->err)
		e->err = flow_abnormal_return(f, NULL);
	if (e->err)
		return;
	e->facts.insns = calloc(cnt, sizeof(*e->facts.insns));
	e->facts.insn_cnt = cnt;
	e->facts.subprogs = calloc(f->subprog_cnt, sizeof(*e->facts.subprogs));
	e->facts.subprog_cnt = f->subprog_cnt;
	e->err = flow_cfg(f, &e->facts);
	if (!e->err)
		e->err = flow_analyze(f);
}

static inline void flow_env_fini(struct flow_env *e)
{
	arena_fini(&e->arena);
	free(e->facts.insns);
	free(e->facts.subprogs);
	memset(e, 0, sizeof(*e));
}

#endif
