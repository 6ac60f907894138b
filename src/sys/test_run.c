/* SPDX-License-Identifier: BSD-2-Clause */
/* BPF_PROG_TEST_RUN: the caller's buffers in and out, around attach/test_run. */
#include <string.h>

#include "attach/test_run.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/skep.h"
#include "prog/fault.h"
#include "sys/sys_int.h"
#include "sys/user_mem.h"

/* More than any hook takes, so that a wild size is not allocated first. */
#define DATA_BYTES_MAX (1u << 20)
#define CTX_BYTES_MAX  4096u

struct test_call {
	struct sys_call *call;
	const struct attr_test_run *a;
	struct test_run_in in;
	struct test_run_out out;
	void *data, *ctx; /* our copies of what goes in */
};

static int attr_check(const struct attr_test_run *a)
{
	return !a->ctx_size_in != !a->ctx_in || !a->ctx_size_out != !a->ctx_out ? -EINVAL : 0;
}

static int input_read(struct test_call *t)
{
	const struct attr_test_run *a = t->a;
	int err;

	if (a->data_size_in > DATA_BYTES_MAX)
		return -EINVAL;
	if (a->ctx_size_in > CTX_BYTES_MAX)
		return -E2BIG;
	err = user_dup(a->data_in, a->data_size_in, &t->data);
	if (!err)
		err = user_dup(a->ctx_in, a->ctx_size_in, &t->ctx);
	t->in = (struct test_run_in){
		.data = t->data,
		.data_bytes = a->data_size_in,
		.ctx = t->ctx,
		.ctx_bytes = a->ctx_size_in,
		.want_ctx = a->ctx_out != 0,
		.repeat = a->repeat,
		.flags = a->flags,
		.cpu = a->cpu,
		.batch_size = a->batch_size,
		.budget_insns = t->call->skep->opts.guard_budget,
	};
	return err;
}

struct out_buffer {
	u64 to; /* the caller's; 0: not wanted */
	const void *from;
	u32 size, room;
	bool is_data;
};

/* One output buffer (bpf_test_finish): as much as there is room for, and the whole size. */
static int buffer_write(struct test_call *t, const struct out_buffer *b)
{
	size_t size_off = b->is_data ? offsetof(struct attr_test_run, data_size_out)
				     : offsetof(struct attr_test_run, ctx_size_out);
	u32 copy;
	int err = test_run_clamp(b->size, b->room, b->is_data, &copy);

	if (b->to && user_write(b->to, b->from, copy))
		return -EFAULT;
	if (sys_put_u32(t->call, size_off, b->size))
		return -EFAULT;
	return err;
}

static int output_write(struct test_call *t)
{
	const struct test_run_out *out = &t->out;
	const struct out_buffer data = { t->a->data_out, out->data, out->data_bytes,
					 t->a->data_size_out, true };
	const struct out_buffer ctx = { t->a->ctx_out, out->ctx, out->ctx_bytes,
					t->a->ctx_size_out, false };
	int err, ctx_err = 0;

	err = buffer_write(t, &data);
	if (err == -EFAULT)
		return err;
	if (sys_put_u32(t->call, offsetof(struct attr_test_run, retval), out->retval) ||
	    sys_put_u32(t->call, offsetof(struct attr_test_run, duration), out->duration_ns))
		return -EFAULT;
	if (ctx.to && ctx.size)
		ctx_err = buffer_write(t, &ctx);
	return err ? err : ctx_err;
}

/* The kernel cannot fault here; we say why on the instance's output and return -EFAULT. */
static void fault_report(struct skep *skep, const struct run *run)
{
	struct str text = STR_INIT;

	fault_print(&run->fault, &text);
	skep->opts.trace(skep->opts.trace_cookie, str_c(&text), text.len);
	str_fini(&text);
}

static int run_once(struct test_call *t, const struct prog *prog)
{
	struct run run;
	int err = core_run_begin(t->call->skep, &run);

	if (err)
		return err;
	run.fault.kind = FAULT_NONE;
	err = test_run(&run, prog, &t->in, &t->out);
	if (err == -EFAULT && run.fault.kind != FAULT_NONE)
		fault_report(t->call->skep, &run);
	run_end(&run);
	return err;
}

long sys_prog_test_run(struct sys_call *call)
{
	struct test_call t = { .call = call, .a = &call->attr.test_run };
	struct prog *prog;
	int err = attr_check(t.a);

	if (err)
		return err;
	err = sys_prog_get(call, t.a->prog_fd, &prog);
	if (err)
		return err;
	err = input_read(&t);
	if (!err)
		err = run_once(&t, prog);
	if (!err)
		err = output_write(&t);
	test_run_fini(&t.out);
	mem_free(t.data);
	mem_free(t.ctx);
	prog_put(prog);
	return err;
}
