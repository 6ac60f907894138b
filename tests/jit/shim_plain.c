/* SPDX-License-Identifier: BSD-2-Clause */
/* Machines without a shim: a plain call. */
#include "tests/jit/shim.h"

const char *const shim_name = "none";

int shim_call(const struct shim_call *c, const char **ret_why)
{
	*ret_why = NULL;
	return c->prog->enter(c->run, c->prog, c->ctx, c->arg2, c->ret_r0);
}

void shim_clobber(void)
{
}
