/* SPDX-License-Identifier: BSD-2-Clause */
/* One classic program under the direct interpreter and, converted, under both eBPF engines. */
#ifndef SKEP_TESTS_CBPF_ENGINES_H
#define SKEP_TESTS_CBPF_ENGINES_H

#include "isa/cbpf/cbpf.h"
#include "isa/cbpf/convert.h"
#include "isa/cbpf/view.h"
#include "prog/prog.h"

struct engines {
	struct cbpf_prog *classic;
	struct cbpf_converted run_code, guard_code;
	struct prog run, guard;
	struct run context;
};

/* 0 or -errno; @classic is borrowed. */
int engines_init(struct engines *e, struct cbpf_prog *classic) must_check;
void engines_fini(struct engines *e);

/*
 * Runs all three. True when they agree; the result is in *ret_result. Otherwise @what names the
 * one that differs and its result.
 */
bool engines_run(struct engines *e, struct cbpf_view *view, u32 *ret_result, char what[160]);
bool engines_run_seccomp(struct engines *e, const struct cbpf_seccomp *data, u32 *ret_result,
			 char what[160]);
/* The program as text, behind "# ", on stdout. */
void engines_dump(const struct cbpf_insn *insns, u32 len);

#endif
