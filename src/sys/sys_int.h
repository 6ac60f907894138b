/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this room share: one call of bpf(2), and its handlers. */
#ifndef SKEP_SYS_SYS_INT_H
#define SKEP_SYS_SYS_INT_H

#include "base/str.h"
#include "base/types.h"
#include "core/skep.h"
#include "map/map.h"
#include "obj/fd.h"
#include "prog/prog.h"
#include "sys/uapi.h"

struct sys_call {
	struct skep *skep;
	u64 attr_addr; /* the caller's attr, for results */
	u32 size;      /* as the caller said */
	union attr attr; /* a copy, zero-extended */
};

#define SYS_CMD(id, member, last, handler) long handler(struct sys_call *call);
#include "sys/cmds.def"
#undef SYS_CMD

/* Writes one field of the caller's attr. */
int sys_put_u32(const struct sys_call *call, size_t off, u32 value) must_check;

/* bpf_obj_name_cpy(): letters, digits, '_' and '.', with a NUL inside. 0 or -EINVAL. */
int sys_name_check(const char name[UAPI_NAME_BYTES]) must_check;

/* A request with a token: there are none here. -EBADF, or -EINVAL for what is open. */
int sys_token_refuse(s32 fd) must_check;

/* A reference to the map or program behind @fd. -EBADF, -EINVAL. */
int sys_map_get(struct sys_call *call, u32 fd, struct map **ret_map, u32 *ret_rights) must_check;
int sys_prog_get(struct sys_call *call, u32 fd, struct prog **ret_prog) must_check;

/* Descriptors for what the instance has. */
int sys_map_fd(struct skep *skep, struct map *map, u32 rights) must_check;
int sys_obj_fd(struct skep *skep, struct obj *obj, u32 rights) must_check;
/* BPF_F_RDONLY and BPF_F_WRONLY as rights; -EINVAL for both. */
int sys_open_rights(u32 flags, u32 *ret_rights) must_check;

/*
 * The caller's log buffer (bpf_verifier_log): what is asked for, and the text so far. finish()
 * copies it out and returns @err, or -ENOSPC when it did not fit; *ret_true_bytes is what the
 * whole would have needed.
 */
struct sys_log {
	u32 level, size_bytes;
	u64 buf;
	struct str text;
};
int sys_log_check(const struct sys_log *log) must_check;
int sys_log_finish(struct sys_log *log, int err, u32 *ret_true_bytes) must_check;

#endif
