/* SPDX-License-Identifier: BSD-2-Clause */
#include "jit/debug.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/process_debug.h"
#include "jit/debug_int.h"
#include "prog/prog.h"

struct jit_debug {
	struct str frames;  /* .eh_frame that libgcc knows */
	struct str symfile; /* what gdb knows */
	struct process_gdb_entry gdb;
	bool frames_known, gdb_known;
};

static bool env_is_on(const char *name)
{
	const char *value = getenv(name);

	return value && !strcmp(value, "1");
}

u32 jit_debug_wanted(void)
{
	return (env_is_on("SKEP_UNWIND") ? (u32)JIT_DEBUG_UNWIND : 0) |
	       (env_is_on("SKEP_PERF_MAP") ? (u32)JIT_DEBUG_PERF : 0) |
	       (env_is_on("SKEP_GDB") ? (u32)JIT_DEBUG_GDB : 0);
}

void jit_debug_name(const struct prog *prog, u32 subprog, char name[JIT_DEBUG_NAME_BYTES])
{
	const char *own = subprog < prog->subprog_cnt ? prog->subprogs[subprog].name : NULL;
	int len = snprintf(name, JIT_DEBUG_NAME_BYTES, "bpf_prog_");

	for (u32 i = 0; i < PROG_TAG_BYTES; i++, len += 2)
		snprintf(name + len, 3, "%02x", prog->tag[i]);
	if (!own)
		own = prog->name;
	if (*own)
		snprintf(name + len, JIT_DEBUG_NAME_BYTES - (size_t)len, "_%s", own);
}

static void add_unwind(struct jit_debug *d, const struct jit_debug_info *info)
{
	jit_unwind_build(info->isa, info->base, info->funcs, info->func_cnt, &d->frames);
	if (!d->frames.failed)
		d->frames_known = !process_unwind_add(d->frames.data);
}

static void add_gdb(struct jit_debug *d, const struct jit_debug_info *info)
{
	jit_gdb_build(info, &d->symfile);
	if (d->symfile.failed)
		return;
	d->gdb.symfile = d->symfile.data;
	d->gdb.symfile_bytes = d->symfile.len;
	process_gdb_add(&d->gdb);
	d->gdb_known = true;
}

int jit_debug_add(const struct jit_debug_info *info, u32 what, struct jit_debug **ret_debug)
{
	struct jit_debug *d;
	bool failed = false;

	*ret_debug = NULL;
	if (what & JIT_DEBUG_PERF)
		failed = jit_perf_add(info) == -ENOMEM;
	if (!failed && !(what & (JIT_DEBUG_UNWIND | JIT_DEBUG_GDB)))
		return 0;
	d = failed ? NULL : mem_zalloc(sizeof(*d));
	if (!d)
		return -ENOMEM;
	if (what & JIT_DEBUG_UNWIND)
		add_unwind(d, info);
	if (what & JIT_DEBUG_GDB)
		add_gdb(d, info);
	if (d->frames.failed || d->symfile.failed) {
		jit_debug_remove(d);
		return -ENOMEM;
	}
	*ret_debug = d;
	return 0;
}

void jit_debug_remove(struct jit_debug *d)
{
	if (!d)
		return;
	if (d->frames_known)
		process_unwind_remove(d->frames.data);
	if (d->gdb_known)
		process_gdb_remove(&d->gdb);
	str_fini(&d->frames);
	str_fini(&d->symfile);
	mem_free(d);
}
