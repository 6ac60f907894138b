/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses to contexts and sockets (*_is_valid_access of the kernel), answered from the rows of
 * spec/ctx/.
 *
 * 1. Every access is aligned to its size, counted from the context's start.
 * 2. A field's rights hold for what lies inside one element of it: the whole field, or one word of
 *    CTX_WORDS and CTX_LONGS. CTX_BYTES alone knows no elements.
 */
#include "spec/access.h"

#include "base/err.h"

#define VIEWS_MAX 7

struct ctx_row {
	u32 off, end;
	u8 value; /* enum ctx_value */
	const char *btf_struct;
	u16 rights[VIEWS_MAX]; /* enum ctx_access, by column */
};

#define ROW(o, s, v, ...)                                                                          \
	{ .off = (o), .end = (o) + (s), .value = CTX_##v, .rights = { __VA_ARGS__ } }
#define FIELD(n, o, s, v, r) ROW(o, s, v, CTX_##r),

static const struct ctx_row sk_buff_rows[] = {
/* tidy: allow params: a row of the table */
#define SKB_FIELD(n, o, s, v, m, a, b, c, d, e, f, g)                                              \
	ROW(o, s, v, CTX_##a, CTX_##b, CTX_##c, CTX_##d, CTX_##e, CTX_##f, CTX_##g),
#include "spec/ctx/sk_buff.def"
#undef SKB_FIELD
};

static const struct ctx_row xdp_md_rows[] = {
#define XDP_FIELD(n, o, s, v, m, a, b) ROW(o, s, v, CTX_##a, CTX_##b),
#include "spec/ctx/xdp_md.def"
#undef XDP_FIELD
};

enum sock_column { SOCK_BEHIND_FULL = 3, SOCK_BEHIND_COMMON = 4 };
static const struct ctx_row sock_rows[] = {
#define SOCK_FIELD(n, o, s, a, b, c, d, e)                                                         \
	ROW(o, s, SCALAR, CTX_##a, CTX_##b, CTX_##c, CTX_##d, CTX_##e),
#include "spec/ctx/bpf_sock.def"
#undef SOCK_FIELD
};

static const struct ctx_row sock_addr_rows[] = {
#define ADDR_FIELD(n, o, s, v, a, b, c, d, e)                                                      \
	ROW(o, s, v, CTX_##a, CTX_##b, CTX_##c, CTX_##d, CTX_##e),
#include "spec/ctx/bpf_sock_addr.def"
#undef ADDR_FIELD
};

static const struct ctx_row sockopt_rows[] = {
#define OPT_FIELD(n, o, s, v, a, b) ROW(o, s, v, CTX_##a, CTX_##b),
#include "spec/ctx/bpf_sockopt.def"
#undef OPT_FIELD
};

static const struct ctx_row nf_ctx_rows[] = {
#define NF_FIELD(n, o, target)                                                                     \
	{ .off = (o), .end = (o) + 8, .value = CTX_BTF_PTR, .btf_struct = #target,                 \
	  .rights = { CTX_R } },
#include "spec/ctx/bpf_nf_ctx.def"
#undef NF_FIELD
};

static const struct ctx_row sock_ops_rows[] = {
#define OPS_FIELD FIELD
#include "spec/ctx/bpf_sock_ops.def"
#undef OPS_FIELD
};
static const struct ctx_row sk_msg_md_rows[] = {
#define MSG_FIELD FIELD
#include "spec/ctx/sk_msg_md.def"
#undef MSG_FIELD
};
static const struct ctx_row sk_reuseport_md_rows[] = {
#define REUSE_FIELD FIELD
#include "spec/ctx/sk_reuseport_md.def"
#undef REUSE_FIELD
};
static const struct ctx_row sk_lookup_rows[] = {
#define LOOKUP_FIELD FIELD
#include "spec/ctx/bpf_sk_lookup.def"
#undef LOOKUP_FIELD
};
static const struct ctx_row sysctl_rows[] = {
#define SYSCTL_FIELD FIELD
#include "spec/ctx/bpf_sysctl.def"
#undef SYSCTL_FIELD
};
static const struct ctx_row cgroup_dev_ctx_rows[] = {
#define DEV_FIELD FIELD
#include "spec/ctx/bpf_cgroup_dev_ctx.def"
#undef DEV_FIELD
};
static const struct ctx_row perf_event_data_rows[] = {
#define PERF_FIELD FIELD
#include "spec/ctx/bpf_perf_event_data.def"
#undef PERF_FIELD
};
static const struct ctx_row tcp_sock_rows[] = {
#define TCP_FIELD FIELD
#include "spec/ctx/bpf_tcp_sock.def"
#undef TCP_FIELD
};
static const struct ctx_row xdp_sock_rows[] = {
#define XSK_FIELD FIELD
#include "spec/ctx/bpf_xdp_sock.def"
#undef XSK_FIELD
};
static const struct ctx_row lirc_code_rows[] = {
#define LIRC_FIELD FIELD
#include "spec/ctx/lirc_code.def"
#undef LIRC_FIELD
};
static const struct ctx_row raw_tp_writable_rows[] = {
#define RAW_FIELD FIELD
#include "spec/ctx/raw_tp_writable.def"
#undef RAW_FIELD
};

#define MEMORY(n, first, behind, r)                                                                \
	static const struct ctx_row n##_rows[] = {                                                 \
		{ .off = (first), .end = (behind), .value = CTX_SCALAR, .rights = { CTX_##r } },   \
	};
#include "spec/ctx/memory.def"
#undef MEMORY

enum view_needs { VIEW_ANY, VIEW_CAP_BPF };

/* Sets of attach types that the rows name. */
#define AT(id)	  (1ULL << ATTACH_##id)
#define AT_ALL	  (~0ULL)
#define AT_INET4                                                                                   \
	(AT(CGROUP_INET4_BIND) | AT(CGROUP_INET4_CONNECT) | AT(CGROUP_UDP4_RECVMSG) |              \
	 AT(CGROUP_INET4_GETPEERNAME) | AT(CGROUP_INET4_GETSOCKNAME))
#define AT_INET6                                                                                   \
	(AT(CGROUP_INET6_BIND) | AT(CGROUP_INET6_CONNECT) | AT(CGROUP_UDP6_RECVMSG) |              \
	 AT(CGROUP_INET6_GETPEERNAME) | AT(CGROUP_INET6_GETSOCKNAME))

static const struct ctx_view {
	u8 type;  /* enum prog_type */
	u8 needs; /* enum view_needs */
	u8 column;
	u64 attach_types;
	const struct ctx_row *rows;
	u32 cnt;
} views[] = {
#define CTX_VIEW(t, at, need, layout, col)                                                         \
	{ .type = PROG_TYPE_##t, .needs = VIEW_##need, .column = (col), .attach_types = (at),      \
	  .rows = layout##_rows, .cnt = ARRAY_SIZE(layout##_rows) },
#include "spec/ctx_views.def"
#undef CTX_VIEW
};

static const struct ctx_view *view_of(const struct prog_kind *kind)
{
	for (u32 i = 0; i < ARRAY_SIZE(views); i++) {
		const struct ctx_view *v = &views[i];

		if (v->type == kind->type &&
		    (v->attach_types == AT_ALL ||
		     (kind->attach_type < 64 && v->attach_types >> kind->attach_type & 1)) &&
		    (v->needs == VIEW_ANY || kind->bpf_capable))
			return v;
	}
	return NULL;
}

/* What @row says of an access with @rights. */
static int row_access(const struct ctx_row *row, u32 rights, const struct ctx_access_query *q,
		      struct ctx_access_result *ret)
{
	u32 elem = row->end - row->off, off = (u32)q->off;
	bool sext_ok = row->value != CTX_PACKET && row->value != CTX_PACKET_END &&
		       row->value != CTX_PACKET_META;

	if (!(rights & (q->write ? CTX_WRITE : CTX_READ)) || (q->sext && !sext_ok))
		return -EACCES;
	*ret = (struct ctx_access_result){ .value = (enum ctx_value)row->value,
					   .btf_struct = row->btf_struct };
	if (rights & CTX_BYTES)
		return off + q->size_bytes <= row->end ? 0 : -EACCES;
	if (rights & CTX_LONGS)
		elem = 8;
	if (rights & CTX_WORDS)
		elem = 4;
	if (!q->write && rights & CTX_NARROW)
		ret->field_size_bytes = elem;
	if (q->size_bytes == 8 && rights & CTX_WIDE)
		return off + 8 <= row->end ? 0 : -EACCES;
	if (q->size_bytes == 4 && !q->write && rights & CTX_AS_4)
		return off == row->off ? 0 : -EACCES;
	if (q->size_bytes == elem)
		return 0;
	if (q->write || !(rights & CTX_NARROW) || q->size_bytes > elem)
		return -EACCES;
	if (rights & CTX_START && off != row->off)
		return -EACCES;
	return rights & CTX_MIN_2 && q->size_bytes < 2 ? -EACCES : 0;
}

static int rows_access(const struct ctx_row *rows, u32 cnt, u32 column,
		       const struct ctx_access_query *q, struct ctx_access_result *ret)
{
	u32 lo = 0, hi = cnt;

	if (q->off < 0 || !q->size_bytes || (u32)q->off % q->size_bytes)
		return -EACCES;
	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if ((u32)q->off < rows[mid].off)
			hi = mid;
		else if ((u32)q->off >= rows[mid].end)
			lo = mid + 1;
		else
			return row_access(&rows[mid], rows[mid].rights[column], q, ret);
	}
	return -EACCES;
}

int prog_ctx_access(const struct prog_kind *kind, const struct ctx_access_query *query,
		    struct ctx_access_result *ret)
{
	const struct ctx_view *v = view_of(kind);
	const struct prog_type_info *info = prog_type_info(kind->type);

	if (info && info->flags & PT_KERNEL_BTF)
		return -EOPNOTSUPP;
	return v ? rows_access(v->rows, v->cnt, v->column, query, ret) : -EACCES;
}

int object_access(enum ctx_value value, const struct ctx_access_query *query,
		  struct ctx_access_result *ret)
{
	if (query->write)
		return -EACCES;
	switch (value) {
	case CTX_SOCKET:
		return rows_access(sock_rows, ARRAY_SIZE(sock_rows), SOCK_BEHIND_FULL, query, ret);
	case CTX_SOCK_COMMON:
		return rows_access(sock_rows, ARRAY_SIZE(sock_rows), SOCK_BEHIND_COMMON, query,
				   ret);
	case CTX_TCP_SOCK:
		return rows_access(tcp_sock_rows, ARRAY_SIZE(tcp_sock_rows), 0, query, ret);
	case CTX_XDP_SOCK:
		return rows_access(xdp_sock_rows, ARRAY_SIZE(xdp_sock_rows), 0, query, ret);
	case CTX_SCALAR:
	case CTX_PACKET:
	case CTX_PACKET_END:
	case CTX_PACKET_META:
	case CTX_SOCK_COMMON_OR_NULL:
	case CTX_SOCKET_OR_NULL:
	case CTX_FLOW_KEYS:
	case CTX_TP_BUFFER:
	case CTX_BTF_PTR:
		break;
	}
	return -EACCES;
}
