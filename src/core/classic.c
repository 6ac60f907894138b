/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading classic programs: check, convert, compile, in one step. */
#include "core/classic.h"

#include "base/err.h"
#include "core/native.h"
#include "helper/classic.h"
#include "interp/interp.h"
#include "isa/cbpf/convert.h"

static int bind(struct prog *prog, enum cbpf_mode mode, enum core_classic_engine engine)
{
	const bool guarded = engine == CORE_CLASSIC_GUARD;
	/* Classic programs jump forward only: they end. */
	const struct core_native how = {
		.engine = engine == CORE_CLASSIC_INTERP ? SKEP_ENGINE_INTERP : SKEP_ENGINE_DEFAULT,
		.poll = JIT_POLL_NONE,
	};
	struct cbpf_converted code;
	int err;

	err = cbpf_convert(prog->classic, guarded ? CBPF_TO_GUARD : CBPF_TO_RUN, NULL, &code);
	if (err)
		return err;
	prog->insns = code.insns;
	prog->insn_cnt = code.len;
	prog->orig_idx = code.classic_idx;
	prog->ctx_class = mode == CBPF_SECCOMP ? NULL : &cbpf_view_class;
	if (guarded)
		return interp_guard_compile(prog, &helper_classic_resolver);
	return core_native_compile(prog, &helper_classic_resolver, &how);
}

int core_classic_load(const struct cbpf_insn *insns, u32 len, enum cbpf_mode mode,
		      enum core_classic_engine engine, struct prog **ret_prog)
{
	struct prog *prog;
	int err;

	err = prog_new(&prog);
	if (err)
		return err;
	prog->type = PROG_TYPE_SOCKET_FILTER;
	err = cbpf_prog_new(insns, len, mode, NULL, &prog->classic);
	if (!err)
		err = bind(prog, mode, engine);
	if (err) {
		prog_put(prog);
		return err;
	}
	*ret_prog = prog;
	return 0;
}

struct extent core_classic_extent(const struct cbpf_seccomp *data)
{
	return (struct extent){
		.base = ptr_to_u64(data),
		.size_bytes = sizeof(*data),
		.kind = EXTENT_MEM,
		.perm = EXTENT_READ,
		.name = "seccomp_data",
		.index = -1,
	};
}
