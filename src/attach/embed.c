/* SPDX-License-Identifier: BSD-2-Clause */
/* include/skep/prog.h: programs run by an embedder, through the same door as BPF_PROG_TEST_RUN. */
#include "skep/prog.h"

#include <string.h>

#include "attach/test_run.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/skep.h"
#include "obj/fd.h"
#include "prog/fault.h"

struct skep_prog {
	struct skep *skep;
	struct prog *prog;
};

int skep_prog_open(struct skep *skep, int fd, struct skep_prog **ret_prog)
{
	struct skep_prog *handle = mem_zalloc(sizeof(*handle));
	struct obj *obj;
	int err;

	if (!handle)
		return -ENOMEM;
	err = obj_fd_get(&skep->home, fd, OBJ_PROG, &obj, NULL);
	if (err) {
		mem_free(handle);
		return err;
	}
	handle->skep = skep_get(skep);
	handle->prog = container_of(obj, struct prog, obj);
	*ret_prog = handle;
	return 0;
}

void skep_prog_close(struct skep_prog *handle)
{
	if (!handle)
		return;
	prog_put(handle->prog);
	skep_put(handle->skep);
	mem_free(handle);
}

static void copy_fault(const struct run *run, struct skep_run *to)
{
	struct str text = STR_INIT;

	if (!to->fault || !to->fault_room)
		return;
	fault_print(&run->fault, &text);
	to->fault[0] = '\0';
	strncat(to->fault, str_c(&text), to->fault_room - 1);
	str_fini(&text);
}

static int copy_data(const struct test_run_out *out, struct skep_run *to)
{
	to->data_out_bytes = out->data_bytes;
	if (!to->data_out)
		return 0;
	memcpy(to->data_out, out->data, MIN(out->data_bytes, to->data_out_room));
	return out->data_bytes > to->data_out_room ? -ENOSPC : 0;
}

int skep_prog_run(struct skep_prog *handle, struct skep_run *to)
{
	struct test_run_in in = { .data = to->data, .ctx = to->ctx, .repeat = to->repeat };
	struct test_run_out out;
	struct run run;
	int err;

	if (to->size != sizeof(*to) || to->data_bytes > UINT32_MAX || to->ctx_bytes > UINT32_MAX ||
	    (!to->data && to->data_bytes))
		return -EINVAL;
	in.data_bytes = (u32)to->data_bytes;
	in.ctx_bytes = (u32)to->ctx_bytes;
	in.budget_insns = handle->skep->opts.guard_budget;
	err = core_run_begin(handle->skep, &run);
	if (err)
		return err;
	err = test_run(&run, handle->prog, &in, &out);
	if (err == -EFAULT)
		copy_fault(&run, to);
	if (!err) {
		to->retval = out.retval;
		to->duration_ns = out.duration_ns;
		err = copy_data(&out, to);
	}
	test_run_fini(&out);
	run_end(&run);
	return err;
}
