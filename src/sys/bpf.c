/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entry to bpf(2): the attr's length and its unused bytes are checked in the order of
 * __sys_bpf(), then the command's handler does the rest. Also what many handlers need.
 */
#include <fcntl.h>
#include <string.h>

#include "base/err.h"
#include "sys/sys.h"
#include "sys/sys_int.h"
#include "sys/user_mem.h"

#define ATTR_BYTES_MAX 4096u /* PAGE_SIZE in bpf_check_uarg_tail_zero() */

struct sys_cmd_row {
	long (*handler)(struct sys_call *call);
	u32 known_bytes; /* end of the last field that the command knows */
};

/* Our union attr has the UAPI's layout as far as each command's end says. */
#define FIELD_END(member, last)                                                                    \
	(offsetof(union attr, member.last) + sizeof(((union attr *)0)->member.last))
#define SYS_CMD(id, member, last, handler)                                                         \
	_Static_assert(FIELD_END(member, last) == CMD_BYTES_##id, "BPF_" #id);
#include "sys/cmds.def"
#undef SYS_CMD

static const struct sys_cmd_row cmd_rows[] = {
#define SYS_CMD(id, member, last, handler) [CMD_##id] = { handler, CMD_BYTES_##id },
#include "sys/cmds.def"
#undef SYS_CMD
};

static int attr_read(struct sys_call *call)
{
	u32 size = call->size;
	int err;

	if (size > ATTR_BYTES_MAX)
		return -E2BIG;
	if (size > UAPI_ATTR_BYTES) {
		err = user_check_zero(call->attr_addr + UAPI_ATTR_BYTES, size - UAPI_ATTR_BYTES);
		if (err)
			return err;
		size = UAPI_ATTR_BYTES;
	}
	return user_read(call->attr.bytes, call->attr_addr, size);
}

long sys_bpf(struct skep *skep, u32 cmd, u64 attr_addr, u32 size)
{
	struct sys_call call = { .skep = skep, .attr_addr = attr_addr, .size = size };
	const struct sys_cmd_row *row;
	int err = attr_read(&call);

	if (err)
		return err;
	if (cmd >= ARRAY_SIZE(cmd_rows))
		return -EINVAL;
	row = &cmd_rows[cmd];
	for (u32 i = row->known_bytes; i < UAPI_ATTR_BYTES; i++) {
		if (call.attr.bytes[i])
			return -EINVAL;
	}
	return row->handler(&call);
}

long skep_bpf(struct skep *skep, int cmd, void *attr, unsigned int size)
{
	return sys_bpf(skep, (u32)cmd, ptr_to_u64(attr), size);
}

int sys_put_u32(const struct sys_call *call, size_t off, u32 value)
{
	return user_write(call->attr_addr + off, &value, sizeof(value));
}

int sys_name_check(const char name[UAPI_NAME_BYTES])
{
	for (u32 i = 0; i < UAPI_NAME_BYTES; i++) {
		char c = name[i];

		if (!c)
			return 0;
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '_' && c != '.')
			return -EINVAL;
	}
	return -EINVAL;
}

int sys_token_refuse(s32 fd)
{
	return fcntl(fd, F_GETFD) < 0 ? -EBADF : -EINVAL;
}

int sys_map_get(struct sys_call *call, u32 fd, struct map **ret_map, u32 *ret_rights)
{
	struct obj *obj;
	int err = obj_fd_get(&call->skep->home, (int)fd, OBJ_MAP, &obj, ret_rights);

	if (err)
		return err;
	*ret_map = container_of(obj, struct map, obj);
	return 0;
}

int sys_prog_get(struct sys_call *call, u32 fd, struct prog **ret_prog)
{
	struct obj *obj;
	int err = obj_fd_get(&call->skep->home, (int)fd, OBJ_PROG, &obj, NULL);

	if (err)
		return err;
	*ret_prog = container_of(obj, struct prog, obj);
	return 0;
}

int sys_open_rights(u32 flags, u32 *ret_rights)
{
	bool rdonly = flags & MAP_F_RDONLY, wronly = flags & MAP_F_WRONLY;

	if (rdonly && wronly)
		return -EINVAL;
	*ret_rights = (wronly ? 0u : OBJ_READ) | (rdonly ? 0u : OBJ_WRITE);
	return 0;
}

int sys_obj_fd(struct skep *skep, struct obj *obj, u32 rights)
{
	if (obj->kind == OBJ_MAP)
		return sys_map_fd(skep, container_of(obj, struct map, obj), rights);
	return obj_fd_open(obj, &skep->home, rights, -1);
}
