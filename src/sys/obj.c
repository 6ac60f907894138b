/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects by id and by path: *_GET_NEXT_ID, *_GET_FD_BY_ID, OBJ_PIN, OBJ_GET. */
#include <limits.h>

#include "base/err.h"
#include "base/mem.h"
#include "sys/sys_int.h"
#include "sys/user_mem.h"

/* bpf_obj_get_next_id() */
static long next_id(struct sys_call *call, enum obj_kind kind)
{
	u32 id = call->attr.id.id;

	if (id >= INT_MAX)
		return -EINVAL;
	obj_fd_sweep();
	id = obj_table_next_id(call->skep->map_env.tables[kind], id);
	if (!id)
		return -ENOENT;
	return sys_put_u32(call, offsetof(struct attr_id, next_id), id);
}

long sys_prog_next_id(struct sys_call *call)
{
	return call->attr.id.open_flags ? -EINVAL : next_id(call, OBJ_PROG);
}

long sys_map_next_id(struct sys_call *call)
{
	return next_id(call, OBJ_MAP);
}

long sys_btf_next_id(struct sys_call *call)
{
	return next_id(call, OBJ_BTF);
}

long sys_link_next_id(struct sys_call *call)
{
	return next_id(call, OBJ_LINK);
}

static long fd_by_id(struct sys_call *call, enum obj_kind kind, u32 rights)
{
	struct obj *obj;
	long fd;

	obj_fd_sweep();
	obj = obj_table_find(call->skep->map_env.tables[kind], call->attr.id.id);
	if (!obj)
		return -ENOENT;
	fd = sys_obj_fd(call->skep, obj, rights);
	obj_put(obj);
	return fd;
}

long sys_prog_fd_by_id(struct sys_call *call)
{
	return fd_by_id(call, OBJ_PROG, OBJ_READ | OBJ_WRITE);
}

long sys_map_fd_by_id(struct sys_call *call)
{
	u32 rights, flags = call->attr.id.open_flags;

	if (flags & ~(u32)(MAP_F_RDONLY | MAP_F_WRONLY))
		return -EINVAL;
	if (sys_open_rights(flags, &rights))
		return -EINVAL;
	return fd_by_id(call, OBJ_MAP, rights);
}

long sys_btf_fd_by_id(struct sys_call *call)
{
	u32 flags = call->attr.id.open_flags;

	if (flags & ~(u32)MAP_F_TOKEN_FD)
		return -EINVAL;
	if (flags & MAP_F_TOKEN_FD)
		return sys_token_refuse(call->attr.id.token_fd);
	return fd_by_id(call, OBJ_BTF, OBJ_READ | OBJ_WRITE);
}

long sys_link_fd_by_id(struct sys_call *call)
{
	return fd_by_id(call, OBJ_LINK, OBJ_READ | OBJ_WRITE);
}

/* A NUL-terminated path; mem_free() it. */
static int path_read(u64 from, char **ret_path)
{
	char *path = mem_alloc(PATH_MAX);
	int len;

	if (!path)
		return -ENOMEM;
	len = user_read_str(path, from, PATH_MAX);
	if (len < 0 || len == PATH_MAX - 1) {
		mem_free(path);
		return len < 0 ? len : -ENAMETOOLONG;
	}
	*ret_path = path;
	return 0;
}

/* Relative paths and directories by descriptor belong to a real file system. */
static int path_flags_check(const struct attr_obj *a, u32 allowed)
{
	if (a->file_flags & ~(allowed | MAP_F_PATH_FD))
		return -EINVAL;
	if (!(a->file_flags & MAP_F_PATH_FD) && a->path_fd)
		return -EINVAL;
	return a->file_flags & MAP_F_PATH_FD ? -EOPNOTSUPP : 0;
}

long sys_obj_pin(struct sys_call *call)
{
	const struct attr_obj *a = &call->attr.obj;
	struct obj *obj;
	char *path;
	int err = path_flags_check(a, 0);

	if (err)
		return err;
	err = obj_fd_get(&call->skep->home, (int)a->bpf_fd, OBJ_KIND_CNT, &obj, NULL);
	if (err)
		return err;
	/* bpf_fd_probe_obj(): BTF cannot be pinned. */
	err = obj->kind == OBJ_BTF ? -EINVAL : path_read(a->pathname, &path);
	if (!err) {
		err = obj_pins_add(call->skep->pins, path, obj);
		mem_free(path);
	}
	obj_put(obj);
	return err;
}

long sys_obj_get(struct sys_call *call)
{
	const struct attr_obj *a = &call->attr.obj;
	struct obj *obj;
	u32 rights;
	char *path;
	long fd;
	int err;

	if (a->bpf_fd)
		return -EINVAL;
	err = path_flags_check(a, MAP_F_RDONLY | MAP_F_WRONLY);
	if (!err)
		err = sys_open_rights(a->file_flags, &rights);
	if (!err)
		err = path_read(a->pathname, &path);
	if (err)
		return err;
	err = obj_pins_get(call->skep->pins, path, &obj);
	mem_free(path);
	if (err)
		return err;
	/* Programs and links are opened with all rights only. */
	fd = obj->kind != OBJ_MAP && rights != (OBJ_READ | OBJ_WRITE)
		     ? -EINVAL
		     : sys_obj_fd(call->skep, obj, rights);
	obj_put(obj);
	return fd;
}
