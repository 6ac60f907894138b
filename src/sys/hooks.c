/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attaching through bpf(2). No hook of this instance is reached that way yet: packets come to
 * programs through attach/'s sessions and test runs. So what is well-formed is refused with
 * -EOPNOTSUPP, and descriptors that are bad give the errors that feature probes look for.
 */
#include "base/err.h"
#include "sys/sys_int.h"
#include "sys/user_mem.h"

#define TRACEPOINT_NAME_BYTES 128u

static long refuse_prog(struct sys_call *call, u32 fd)
{
	struct prog *prog;
	int err = sys_prog_get(call, fd, &prog);

	if (err)
		return err;
	obj_put(&prog->obj);
	return -EOPNOTSUPP;
}

static long refuse_link(struct sys_call *call, u32 fd)
{
	struct obj *obj;
	int err = obj_fd_get(&call->skep->home, (int)fd, OBJ_LINK, &obj, NULL);

	if (err)
		return err;
	obj_put(obj);
	return -EOPNOTSUPP;
}

long sys_prog_attach(struct sys_call *call)
{
	return refuse_prog(call, call->attr.prog_attach.attach_bpf_fd);
}

long sys_prog_detach(struct sys_call *call)
{
	(void)call;
	return -EOPNOTSUPP;
}

long sys_prog_query(struct sys_call *call)
{
	(void)call;
	return -EOPNOTSUPP;
}

long sys_link_create(struct sys_call *call)
{
	return refuse_prog(call, call->attr.link_create.prog_fd);
}

long sys_link_update(struct sys_call *call)
{
	return refuse_link(call, call->attr.link_update.link_fd);
}

long sys_link_detach(struct sys_call *call)
{
	return refuse_link(call, call->attr.link_fd.link_fd);
}

long sys_iter_create(struct sys_call *call)
{
	if (call->attr.iter_create.flags)
		return -EINVAL;
	return refuse_link(call, call->attr.iter_create.link_fd);
}

long sys_raw_tracepoint_open(struct sys_call *call)
{
	const struct attr_raw_tracepoint *a = &call->attr.raw_tracepoint;
	char name[TRACEPOINT_NAME_BYTES];
	struct prog *prog;
	int err = sys_prog_get(call, a->prog_fd, &prog);

	if (err)
		return err;
	obj_put(&prog->obj);
	if (a->name) {
		err = user_read_str(name, a->name, sizeof(name));
		if (err < 0)
			return err;
	}
	return -EOPNOTSUPP;
}

/* No perf event carries a program here. */
long sys_task_fd_query(struct sys_call *call)
{
	return call->attr.task_fd_query.flags ? -EINVAL : -EOPNOTSUPP;
}
