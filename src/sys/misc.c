/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands without a group of their own: statistics, binding maps, tokens, program streams. */
#include "base/err.h"
#include "base/mem.h"
#include "sys/sys_int.h"

enum { STATS_RUN_TIME = 0 };

/*
 * The descriptor that switches statistics on for as long as it is open. It is an object of kind
 * OBJ_LINK in no table: nothing but its lifetime matters.
 */
struct stats_user {
	struct obj obj;
	struct skep *skep; /* kept by the descriptor itself (struct obj_home) */
};

static void stats_user_destroy(struct obj *obj)
{
	struct stats_user *user = container_of(obj, struct stats_user, obj);

	atomic_fetch_sub_explicit(&user->skep->stats_users, 1, memory_order_relaxed);
	mem_free(user);
}

long sys_enable_stats(struct sys_call *call)
{
	struct stats_user *user;
	long fd;

	if (call->attr.enable_stats.type != STATS_RUN_TIME)
		return -EINVAL;
	user = mem_zalloc(sizeof(*user));
	if (!user)
		return -ENOMEM;
	obj_init(&user->obj, OBJ_LINK, stats_user_destroy);
	user->skep = call->skep;
	atomic_fetch_add_explicit(&call->skep->stats_users, 1, memory_order_relaxed);
	fd = sys_obj_fd(call->skep, &user->obj, OBJ_READ | OBJ_WRITE);
	obj_put(&user->obj);
	return fd;
}

long sys_prog_bind_map(struct sys_call *call)
{
	const struct attr_bind_map *a = &call->attr.bind_map;
	struct prog *prog;
	struct map *map;
	int err;

	if (a->flags)
		return -EINVAL;
	err = sys_prog_get(call, a->prog_fd, &prog);
	if (err)
		return err;
	err = sys_map_get(call, a->map_fd, &map, NULL);
	if (!err) {
		err = prog_bind_map(prog, &map->obj);
		map_put(map);
	}
	prog_put(prog);
	return err;
}

/* No bpffs is mounted for this instance, so there is nothing that could hand rights on. */
long sys_token_create(struct sys_call *call)
{
	return call->attr.token.flags ? -EINVAL : -EOPNOTSUPP;
}

/* Programs have two streams; none of ours has written into one yet, so both are empty. */
long sys_prog_stream_read(struct sys_call *call)
{
	const struct attr_stream_read *a = &call->attr.stream_read;
	struct prog *prog;
	int err = sys_prog_get(call, a->prog_fd, &prog);

	if (err)
		return err;
	prog_put(prog);
	return a->stream_id == 1 || a->stream_id == 2 ? 0 : -ENOENT;
}
