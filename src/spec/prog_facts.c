/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What else follows from a program's type and attach type: rights to packets, return values, the
 * types of a context argument, which maps it may use, whether it may sleep.
 */
#include "spec/access.h"

#include <string.h>

#include "base/err.h"
#include "spec/maptype.h"

#define AT(id) (1ULL << ATTACH_##id)
#define AT_ALL (~0ULL)
/* Hooks whose caller takes no other answer. */
#define AT_ONLY_1                                                                                  \
	(AT(CGROUP_UDP4_RECVMSG) | AT(CGROUP_UDP6_RECVMSG) | AT(CGROUP_UNIX_RECVMSG) |             \
	 AT(CGROUP_INET4_GETPEERNAME) | AT(CGROUP_INET6_GETPEERNAME) |                             \
	 AT(CGROUP_UNIX_GETPEERNAME) | AT(CGROUP_INET4_GETSOCKNAME) |                              \
	 AT(CGROUP_INET6_GETSOCKNAME) | AT(CGROUP_UNIX_GETSOCKNAME))

static bool in_mask(u64 mask, u32 attach_type)
{
	return mask == AT_ALL || (attach_type < 64 && mask >> attach_type & 1);
}

enum pkt_rights prog_pkt_rights(enum prog_type type)
{
	static const u8 rights[] = {
#define PROG_TYPE(id, value, name, ctx, since, pkt, flags) [value] = PKT_##pkt,
#include "spec/progtypes.def"
#undef PROG_TYPE
	};

	return (u32)type < ARRAY_SIZE(rights) ? (enum pkt_rights)rights[type] : PKT_NONE;
}

struct ret_row {
	u8 type;
	bool strict;
	u64 attach_types;
	s32 min, max;
};

static const struct ret_row *ret_row_of(enum prog_type type, u32 attach_type, bool strict)
{
	static const struct ret_row rows[] = {
#define RET_RANGE(t, at, least, greatest)                                                          \
	{ .type = PROG_TYPE_##t, .attach_types = (at), .min = (least), .max = (greatest) },
#define RET_STRICT(t, at, least, greatest)                                                         \
	{ .type = PROG_TYPE_##t, .strict = true, .attach_types = (at), .min = (least),             \
	  .max = (greatest) },
#include "spec/ret_ranges.def"
#undef RET_RANGE
#undef RET_STRICT
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].type == type && rows[i].strict == strict &&
		    in_mask(rows[i].attach_types, attach_type))
			return &rows[i];
	return NULL;
}

int prog_ret_range(enum prog_type type, u32 attach_type, struct prog_ret_range *ret)
{
	const struct prog_type_info *info = prog_type_info(type);
	const struct ret_row *row = ret_row_of(type, attach_type, false);
	const struct ret_row *strict = ret_row_of(type, attach_type, true);

	if (info && info->flags & PT_KERNEL_BTF)
		return -EOPNOTSUPP;
	*ret = (struct prog_ret_range){ .any = !row, .strict_min = 1, .strict_max = 0 };
	if (row) {
		ret->min = row->min;
		ret->max = row->max;
	}
	if (strict) {
		ret->strict_min = strict->min;
		ret->strict_max = strict->max;
	}
	return 0;
}

bool prog_can_sleep(enum prog_type type, u32 attach_type)
{
	const u64 traced = AT(TRACE_FENTRY) | AT(TRACE_FEXIT) | AT(MODIFY_RETURN) | AT(TRACE_ITER);
	const struct prog_type_info *info = prog_type_info(type);

	if (!info || !(info->flags & PT_SLEEPABLE))
		return false;
	return type != PROG_TYPE_TRACING || in_mask(traced, attach_type);
}

const char *prog_ctx_struct(enum prog_type type)
{
	const struct prog_type_info *info = prog_type_info(type);

	return info && info->ctx[0] ? info->ctx : NULL;
}

void prog_ctx_arg(enum prog_type type, u32 attach_type, struct prog_ctx_arg *ret)
{
	const char *ctx = prog_ctx_struct(type);

	(void)attach_type;
	*ret = (struct prog_ctx_arg){ .structs = { ctx }, .untagged = { ctx } };
	if (ctx && !strcmp(ctx, "__sk_buff"))
		ret->untagged[1] = "sk_buff";
	if (ctx && !strcmp(ctx, "xdp_md"))
		ret->untagged[1] = "xdp_buff";
	if (type == PROG_TYPE_KPROBE)
		*ret = (struct prog_ctx_arg){ .structs = { "pt_regs" }, .typedefs = { ctx },
					      .untagged = { "pt_regs", ctx },
					      .typedef_untagged = true };
	else if (type == PROG_TYPE_PERF_EVENT)
		*ret = (struct prog_ctx_arg){ .structs = { ctx, "pt_regs" },
					      .typedefs = { "bpf_user_pt_regs_t" },
					      .untagged = { ctx } };
	else if (type == PROG_TYPE_RAW_TRACEPOINT || type == PROG_TYPE_RAW_TRACEPOINT_WRITABLE)
		ret->u64_ok = true;
	else if (type == PROG_TYPE_TRACEPOINT || type == PROG_TYPE_SYSCALL || type == PROG_TYPE_EXT)
		ret->anything = true;
}

const char *prog_map_refused(enum prog_type type, bool sleepable, enum map_type map_type,
			     u32 fields, int *ret_err)
{
	const struct prog_type_info *info = prog_type_info(type);
	const struct map_type_info *map = map_type_info(map_type);
	u32 flags = info ? info->flags : 0;

	*ret_err = -EINVAL;
	if (flags & PT_TRACING && fields & (FIELD_LIST_HEAD | FIELD_RB_ROOT))
		return "tracing progs cannot use bpf_{list_head,rb_root} yet";
	if (fields & (FIELD_SPIN_LOCK | FIELD_RES_SPIN_LOCK)) {
		if (flags & PT_NO_LOCKS)
			return "socket filter progs cannot use bpf_spin_lock yet";
		if (flags & PT_TRACING)
			return "tracing progs cannot use bpf_spin_lock yet";
	}
	if (flags & PT_TRACING && fields & FIELD_TIMER)
		return "tracing progs cannot use bpf_timer yet";
	if (flags & PT_TRACING && fields & FIELD_WORKQUEUE)
		return "tracing progs cannot use bpf_wq yet";
	if (map->flags & MT_NOT_IN_PROG)
		return "bpf_struct_ops map cannot be used in prog";
	if (sleepable && !(map->flags & MT_SLEEPABLE))
		return "Sleepable programs can only use array, hash, ringbuf and local storage "
		       "maps";
	*ret_err = 0;
	return NULL;
}

bool prog_may_update_sockets(enum prog_type type, u32 attach_type, bool deletes)
{
	const u64 types = 1ULL << PROG_TYPE_SOCKET_FILTER | 1ULL << PROG_TYPE_SCHED_CLS |
			  1ULL << PROG_TYPE_SCHED_ACT | 1ULL << PROG_TYPE_XDP |
			  1ULL << PROG_TYPE_SK_REUSEPORT | 1ULL << PROG_TYPE_FLOW_DISSECTOR |
			  1ULL << PROG_TYPE_SK_LOOKUP;

	if (type == PROG_TYPE_TRACING)
		return attach_type == ATTACH_TRACE_ITER;
	/* Updates have a helper of their own there, which looks at the event. */
	if (type == PROG_TYPE_SOCK_OPS)
		return deletes;
	return types >> type & 1;
}
