/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/native.h"

#include "base/err.h"
#include "interp/interp.h"
#include "jit/debug.h"

int core_native_check(u32 engine)
{
	if (engine > SKEP_ENGINE_INTERP)
		return -EINVAL;
	return engine == SKEP_ENGINE_JIT && !jit_here_is_target() ? -EOPNOTSUPP : 0;
}

bool core_native_is_jit(u32 engine)
{
	return engine != SKEP_ENGINE_INTERP && jit_here_is_target();
}

int core_native_compile(struct prog *prog, const struct helper_resolver *resolver,
			const struct core_native *how)
{
	const struct jit_opts opts = {
		.poll = how->poll,
		.random_start = how->random_start,
		.debug = jit_debug_wanted() | how->debug,
	};

	if (core_native_is_jit(how->engine)) {
		int err = jit_compile(prog, resolver, &opts);

		if (!err || how->engine == SKEP_ENGINE_JIT)
			return err;
	}
	return interp_run_compile(prog, resolver);
}
