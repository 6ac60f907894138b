/* SPDX-License-Identifier: BSD-2-Clause */
#include "engines.h"

#include <stdio.h>
#include <string.h>

#include "helper/classic.h"
#include "interp/interp.h"

#define BUDGET_INSNS (64u << 20)

static void prog_fill(struct prog *prog, const struct cbpf_converted *code, bool view_class)
{
	prog->type = PROG_TYPE_SOCKET_FILTER;
	prog->insns = code->insns;
	prog->insns_loaded = code->insns;
	prog->insn_cnt = prog->insns_loaded_cnt = code->len;
	prog->ctx_class = view_class ? &cbpf_view_class : NULL;
}

int engines_init(struct engines *e, struct cbpf_prog *classic)
{
	bool packet = classic->mode != CBPF_SECCOMP;
	int err;

	memset(e, 0, sizeof(*e));
	e->classic = classic;
	err = cbpf_convert(classic, CBPF_TO_RUN, NULL, &e->run_code);
	if (err)
		return err;
	err = cbpf_convert(classic, CBPF_TO_GUARD, NULL, &e->guard_code);
	if (err)
		return err;
	prog_fill(&e->run, &e->run_code, packet);
	prog_fill(&e->guard, &e->guard_code, packet);
	err = interp_run_compile(&e->run, &helper_classic_resolver);
	if (err)
		return err;
	return interp_guard_compile(&e->guard, &helper_classic_resolver);
}

void engines_fini(struct engines *e)
{
	if (e->run.code)
		e->run.code_free(e->run.code);
	if (e->guard.code)
		e->guard.code_free(e->guard.code);
	cbpf_converted_fini(&e->run_code);
	cbpf_converted_fini(&e->guard_code);
}

static bool engine_agrees(struct engines *e, const struct prog *prog, void *ctx, u32 want,
			  char what[160])
{
	u64 got = 0;
	int err;

	e->context.insns_left = BUDGET_INSNS;
	err = prog_run(&e->context, prog, ctx, &got);
	if (!err && got == want)
		return true;
	snprintf(what, 160, "%s: error %d, r0 0x%llx, classic 0x%x; fault %d at %u, %s",
		 prog->engine, err, (unsigned long long)got, want, (int)e->context.fault.kind,
		 e->context.fault.insn_idx, e->context.fault.detail);
	return false;
}

bool engines_run(struct engines *e, struct cbpf_view *view, u32 *ret_result, char what[160])
{
	u64 rand_state = view->rand_state;

	*ret_result = cbpf_run(e->classic, view);
	view->rand_state = rand_state;
	if (!engine_agrees(e, &e->run, view, *ret_result, what))
		return false;
	view->rand_state = rand_state;
	return engine_agrees(e, &e->guard, view, *ret_result, what);
}

bool engines_run_seccomp(struct engines *e, const struct cbpf_seccomp *data, u32 *ret_result,
			 char what[160])
{
	struct cbpf_seccomp copy = *data;

	*ret_result = cbpf_run_seccomp(e->classic, data);
	e->context.extents[0] = (struct extent){
		.base = ptr_to_u64(&copy),
		.size_bytes = sizeof(copy),
		.kind = EXTENT_MEM,
		.perm = EXTENT_READ,
		.name = "seccomp_data",
		.index = -1,
	};
	e->context.extent_cnt = 1;
	return engine_agrees(e, &e->run, &copy, *ret_result, what) &&
	       engine_agrees(e, &e->guard, &copy, *ret_result, what);
}

void engines_dump(const struct cbpf_insn *insns, u32 len)
{
	struct str text = STR_INIT;
	const char *line, *end;

	cbpf_print(&text, insns, len, CBPF_FORM_TEXT);
	for (line = str_c(&text); *line; line = end + 1) {
		end = strchr(line, '\n');
		printf("# %.*s\n", (int)(end - line), line);
	}
	str_fini(&text);
}
