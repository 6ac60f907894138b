/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One example compiled for the machine. meson sets NATIVE_SOURCE, its file; NATIVE_ENTRY, the
 * function; NATIVE_MAPS, an M(name) for each map; NATIVE_NAME, what this object shows, alone.
 */
#include NATIVE_SOURCE

#define NATIVE_TEXT(x)	NATIVE_TEXT_(x)
#define NATIVE_TEXT_(x) #x

static int native_enter(struct run *run, const struct prog *prog, void *ctx, u64 arg2, u64 *ret_r0)
{
	(void)prog;
	(void)arg2;
	native_run = run;
	*ret_r0 = (u32)NATIVE_ENTRY(ctx);
	return 0;
}

#define M(name) { #name, &name },
const struct native_prog NATIVE_NAME = {
	.name = NATIVE_TEXT(NATIVE_ENTRY),
	.enter = native_enter,
	.maps = { NATIVE_MAPS },
};
