/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects as file descriptors: the object's side of base/process. */
#include "obj/fd.h"

#include <fcntl.h>

#include "base/err.h"
#include "base/process.h"

/* What readlink() shows; bpftool tells kinds apart by a part of it. */
static const char *const identity_names[OBJ_KIND_CNT] = {
	[OBJ_MAP] = "anon_inode:bpf-map",
	[OBJ_PROG] = "anon_inode:bpf-prog",
	[OBJ_LINK] = "anon_inode:bpf_link",
	[OBJ_BTF] = "anon_inode:btf",
};

/* Both look-ups and the file itself hold the object together with its instance. */
static void identity_hold(void *cookie)
{
	struct obj *obj = cookie;

	obj_get(obj);
	obj->home->get(obj->home->instance);
}

static void identity_drop(void *cookie)
{
	struct obj *obj = cookie;
	const struct obj_home *home = obj->home;

	obj_put(obj);
	home->put(home->instance);
}

static void identity_born(void *cookie)
{
	obj_user_add(cookie);
}

static void identity_gone(void *cookie)
{
	obj_user_drop(cookie);
	identity_drop(cookie);
}

static const struct process_file_ops identity_ops = {
	.hold = identity_hold,
	.born = identity_born,
	.gone = identity_gone,
};

int obj_fd_open(struct obj *obj, const struct obj_home *home, u32 rights, int memfd)
{
	const struct process_file_spec spec = {
		.ops = &identity_ops,
		.cookie = obj,
		.slot = &obj->identity,
		.name = identity_names[obj->kind],
		.memfd = memfd,
	};
	int oflags = 0;

	/* Every caller writes the same value, and nobody reads it before the file exists. */
	obj->home = home;
	if (memfd < 0 || !(rights & OBJ_READ))
		oflags = O_WRONLY;
	else
		oflags = rights & OBJ_WRITE ? O_RDWR : O_RDONLY;
	if (!(rights & OBJ_WRITE))
		oflags |= O_APPEND;
	if (!(rights & OBJ_READ))
		oflags |= O_NONBLOCK;
	return process_file_open(&spec, oflags);
}

int obj_fd_get(const struct obj_home *home, int fd, enum obj_kind kind, struct obj **ret_obj,
	       u32 *ret_rights)
{
	struct obj *obj;
	void *cookie;
	int oflags, err;

	err = process_file_find(fd, &identity_ops, &cookie, &oflags);
	if (err)
		return err;
	obj = cookie;
	if (obj->home != home || (kind != OBJ_KIND_CNT && obj->kind != kind)) {
		identity_drop(obj);
		return -EINVAL;
	}
	/* The caller holds the instance, so this is not the last reference to it. */
	home->put(home->instance);
	*ret_obj = obj;
	if (ret_rights)
		*ret_rights = (oflags & O_APPEND ? 0u : OBJ_WRITE) |
			      (oflags & O_NONBLOCK ? 0u : OBJ_READ);
	return 0;
}

void *obj_fd_instance(int fd)
{
	const struct obj_home *home;
	void *cookie;
	int oflags;

	if (process_file_find(fd, &identity_ops, &cookie, &oflags))
		return NULL;
	home = ((struct obj *)cookie)->home;
	obj_put(cookie);
	return home->instance;
}

void obj_fd_sweep(void)
{
	process_file_sweep();
}
