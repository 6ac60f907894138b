/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classic programs as runnable programs: checked, converted, bound to an engine, with the original
 * kept in prog->classic for reading back.
 *
 * Their context (r1, second argument of prog_run) is a struct cbpf_view in socket and pcap mode,
 * a struct cbpf_seccomp in seccomp mode; for the latter under the guard, run->extents must list
 * those 64 bytes (core_classic_extent). The result is 32 bits wide.
 */
#ifndef SKEP_CORE_CLASSIC_H
#define SKEP_CORE_CLASSIC_H

#include "isa/cbpf/cbpf.h"
#include "isa/cbpf/view.h"
#include "prog/prog.h"

enum core_classic_engine {
	CORE_CLASSIC_NATIVE, /* the JIT where there is one, else `run` */
	CORE_CLASSIC_INTERP,
	CORE_CLASSIC_GUARD,
};

/*
 * 0, -EINVAL when the checker refuses (cbpf_check says why), or -ENOMEM. The caller puts the
 * program with prog_put.
 */
int core_classic_load(const struct cbpf_insn *insns, u32 len, enum cbpf_mode mode,
		      enum core_classic_engine engine, struct prog **ret_prog) must_check;

/* What a guarded seccomp filter may read. */
struct extent core_classic_extent(const struct cbpf_seccomp *data);

#endif
