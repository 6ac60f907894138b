/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects as file descriptors (design 2.4). All descriptors of one object are openings of one
 * identity file, which holds one reference to the object and one to its instance until the last
 * descriptor and mapping, in any process, is gone; obj_fd_sweep() notices that.
 *
 * Rights travel in the descriptor itself, so that dup() and SCM_RIGHTS keep them: O_APPEND on one
 * that must not write to the map (BPF_F_RDONLY), O_NONBLOCK on one that must not read from it
 * (BPF_F_WRONLY).
 */
#ifndef SKEP_OBJ_FD_H
#define SKEP_OBJ_FD_H

#include "base/types.h"
#include "obj/obj.h"

enum obj_right {
	OBJ_READ = 1,
	OBJ_WRITE = 2,
};

/* An instance, as floors above define it. */
struct obj_home {
	void *instance;
	void (*get)(void *instance);
	void (*put)(void *instance);
};

/*
 * A new descriptor for @obj with @rights (enum obj_right). @memfd is the storage that may be mapped
 * through the descriptor (borrowed), or -1: then mmap() gives EACCES. @home must live as long as
 * its instance. Returns the descriptor or -errno.
 */
int obj_fd_open(struct obj *obj, const struct obj_home *home, u32 rights, int memfd) must_check;

/*
 * A new reference to the object behind @fd, of @kind or (OBJ_KIND_CNT) of any. @home is the
 * instance that the caller holds and asks for. -EBADF when @fd is not open, -EINVAL when it is
 * something else or another instance's. @ret_rights may be NULL.
 */
int obj_fd_get(const struct obj_home *home, int fd, enum obj_kind kind, struct obj **ret_obj,
	       u32 *ret_rights) must_check;

/* A new reference to the instance behind @fd (its home's get), NULL when @fd is no object's. */
void *obj_fd_instance(int fd);

/* Lets go of all objects that no descriptor refers to any more; before ids are looked at. */
void obj_fd_sweep(void);

#endif
