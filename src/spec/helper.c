/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rows of spec/helpers.def as one constant table indexed by id, and the questions asked of it.
 */
#include "spec/helper.h"

#include "base/err.h"

#define TYPE(id)  (1ULL << PROG_TYPE_##id)
#define TYPES_ALL (~0ULL & ~TYPE(UNSPEC))
#define TYPES_TC  (TYPE(SCHED_CLS) | TYPE(SCHED_ACT))
#define TYPES_LWT (TYPE(LWT_IN) | TYPE(LWT_OUT) | TYPE(LWT_XMIT) | TYPE(LWT_SEG6LOCAL))
#define TYPES_BTF (TYPE(TRACING) | TYPE(LSM))
#define TYPES_PROBES                                                                               \
	(TYPE(KPROBE) | TYPE(TRACEPOINT) | TYPE(PERF_EVENT) | TYPE(RAW_TRACEPOINT) |               \
	 TYPE(RAW_TRACEPOINT_WRITABLE))
#define TYPES_CGROUP                                                                               \
	(TYPE(CGROUP_SKB) | TYPE(CGROUP_SOCK) | TYPE(CGROUP_DEVICE) | TYPE(CGROUP_SOCK_ADDR) |     \
	 TYPE(CGROUP_SYSCTL) | TYPE(CGROUP_SOCKOPT) | TYPE(SOCK_OPS))
/* Programs on packets and sockets that start from bpf_sk_base_func_proto. */
#define TYPES_NET                                                                                  \
	(TYPES_TC | TYPES_LWT | TYPE(SOCKET_FILTER) | TYPE(XDP) | TYPE(CGROUP_SKB) |               \
	 TYPE(SOCK_OPS) | TYPE(SK_SKB) | TYPE(SK_MSG) | TYPE(CGROUP_SOCK_ADDR) |                   \
	 TYPE(FLOW_DISSECTOR) | TYPE(SK_LOOKUP))

#define NO_ARG                { 0 }
#define ARG(k, f)	      { .kind = ARG_KIND_##k, .flags = f }
#define ARG_FIXED(bytes, f)   { .kind = ARG_KIND_MEM, .flags = f, .size_bytes = bytes }
#define ARG_BTF(b, f)	      { .kind = ARG_KIND_BTF_ID, .btf = HELPER_BTF_##b, .flags = f }
#define RET(k, f)	      { .kind = RET_KIND_##k, .flags = f }
#define RET_BTF(b, f)	      { .kind = RET_KIND_BTF_ID, .btf = HELPER_BTF_##b, .flags = f }

static const struct helper_info helpers[HELPER_ID_END] = {
#define HELPER(value, hname, version, need, types, result, properties, ...)                        \
	[value] = {                                                                                \
		.id = value,                                                                       \
		.since = version,                                                                  \
		.rights = HELPER_##need,                                                           \
		.props = properties,                                                               \
		.name = #hname,                                                                    \
		.prog_types = types,                                                               \
		.ret = result,                                                                     \
		.args = { __VA_ARGS__ },                                                           \
	},
#include "spec/helpers.def"
#undef HELPER
};

static const struct helper_variant {
	enum helper_id id;
	u64 prog_types;
	struct helper_arg args[HELPER_ARGS];
} variants[] = {
#define HELPER_VARIANT(hname, types, ...)                                                          \
	{ .id = HELPER_##hname, .prog_types = types, .args = { __VA_ARGS__ } },
#include "spec/helper_variants.def"
#undef HELPER_VARIANT
};

#define AT(id) (1ULL << ATTACH_##id)
#define AT_TRAMPOLINE (AT(TRACE_FENTRY) | AT(TRACE_FEXIT) | AT(MODIFY_RETURN))
/* Hooks whose return value no caller sees (cgroup_common_func_proto). */
#define AT_WITHOUT_RETVAL                                                                          \
	(AT(CGROUP_INET_INGRESS) | AT(CGROUP_INET_EGRESS) | AT(CGROUP_SOCK_OPS) |                  \
	 AT(CGROUP_UDP4_RECVMSG) | AT(CGROUP_UDP6_RECVMSG) | AT(CGROUP_UNIX_RECVMSG) |             \
	 AT(CGROUP_INET4_GETPEERNAME) | AT(CGROUP_INET6_GETPEERNAME) |                             \
	 AT(CGROUP_UNIX_GETPEERNAME) | AT(CGROUP_INET4_GETSOCKNAME) |                              \
	 AT(CGROUP_INET6_GETSOCKNAME) | AT(CGROUP_UNIX_GETSOCKNAME))

static const struct helper_at {
	enum helper_id id;
	enum prog_type type; /* PROG_TYPE_UNSPEC: all */
	u64 attach_types;
} at_rules[] = {
#define HELPER_AT(hname, type_id, mask)                                                            \
	{ .id = HELPER_##hname, .type = PROG_TYPE_##type_id, .attach_types = mask },
#define HELPER_RIGHTS_IN(hname, type_id, need)
#define HELPER_PROBE_IN(hname, type_id)
#include "spec/helper_at.def"
#undef HELPER_AT
#undef HELPER_RIGHTS_IN
#undef HELPER_PROBE_IN
};

static const struct helper_rights_in {
	enum helper_id id;
	enum prog_type type;
	enum helper_rights rights;
} rights_rules[] = {
#define HELPER_AT(hname, type_id, mask)
#define HELPER_RIGHTS_IN(hname, type_id, need)                                                     \
	{ .id = HELPER_##hname, .type = PROG_TYPE_##type_id, .rights = HELPER_##need },
#define HELPER_PROBE_IN(hname, type_id)
#include "spec/helper_at.def"
#undef HELPER_AT
#undef HELPER_RIGHTS_IN
#undef HELPER_PROBE_IN
};

static const struct helper_probe_in {
	enum helper_id id;
	enum prog_type type;
} probe_rules[] = {
#define HELPER_AT(hname, type_id, mask)
#define HELPER_RIGHTS_IN(hname, type_id, need)
#define HELPER_PROBE_IN(hname, type_id)                                                            \
	{ .id = HELPER_##hname, .type = PROG_TYPE_##type_id },
#include "spec/helper_at.def"
#undef HELPER_AT
#undef HELPER_RIGHTS_IN
#undef HELPER_PROBE_IN
};

static const struct map_pair {
	enum helper_id helper;
	enum map_type type;
	bool binds; /* the helper works on paired types alone */
} map_pairs[] = {
#define MAP_ONLY(type_id)
#define HELPER_MAP(hname, type_id)                                                                 \
	{ .helper = HELPER_##hname, .type = MAP_TYPE_##type_id, .binds = true },
#define MAP_HELPER(type_id, hname)                                                                 \
	{ .helper = HELPER_##hname, .type = MAP_TYPE_##type_id, .binds = false },
#include "spec/map_helpers.def"
#undef MAP_ONLY
#undef HELPER_MAP
#undef MAP_HELPER
};

static const u64 map_only_types = 0
#define MAP_ONLY(type_id) | 1ULL << MAP_TYPE_##type_id
#define HELPER_MAP(hname, type_id)
#define MAP_HELPER(type_id, hname)
#include "spec/map_helpers.def"
#undef MAP_ONLY
#undef HELPER_MAP
#undef MAP_HELPER
	;

const struct helper_info *helper_info(u32 id)
{
	return id < HELPER_ID_END && helpers[id].name ? &helpers[id] : NULL;
}

const struct helper_arg *helper_args(const struct helper_info *info, enum prog_type type)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(variants); i++)
		if (variants[i].id == info->id && (variants[i].prog_types >> type & 1))
			return variants[i].args;
	return info->args;
}

bool helper_allowed(const struct helper_info *info, enum prog_type type, u32 attach_type)
{
	u32 i;

	if (!(info->prog_types >> type & 1))
		return false;
	for (i = 0; i < ARRAY_SIZE(at_rules); i++) {
		const struct helper_at *at = &at_rules[i];

		if (at->id != info->id || (at->type != type && at->type != PROG_TYPE_UNSPEC))
			continue;
		if (attach_type >= 64 || !(at->attach_types >> attach_type & 1))
			return false;
	}
	return true;
}

enum helper_rights helper_rights(const struct helper_info *info, enum prog_type type)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rights_rules); i++)
		if (rights_rules[i].id == info->id && rights_rules[i].type == type)
			return rights_rules[i].rights;
	return (enum helper_rights)info->rights;
}

bool helper_probe_rules(const struct helper_info *info, enum prog_type type)
{
	for (u32 i = 0; i < ARRAY_SIZE(probe_rules); i++)
		if (probe_rules[i].id == info->id && probe_rules[i].type == type)
			return true;
	return info->props & HP_PROBE_RULES;
}

u64 helper_map_types(enum helper_id id)
{
	bool bound = false;
	u64 paired = 0;

	for (u32 i = 0; i < ARRAY_SIZE(map_pairs); i++) {
		if (map_pairs[i].helper != id)
			continue;
		bound |= map_pairs[i].binds;
		paired |= 1ULL << map_pairs[i].type;
	}
	return bound ? paired : paired | ~map_only_types;
}

bool helper_map_ok(enum helper_id id, enum map_type type)
{
	return helper_map_types(id) >> type & 1;
}

static const struct {
	enum arg_class class;
	const char *text;
} arg_kinds[] = {
#define ARG_KIND(id, cls, words) [ARG_KIND_##id] = { ARG_CLASS_##cls, words },
#include "spec/argtypes.def"
#undef ARG_KIND
};

enum arg_class arg_kind_class(enum arg_kind kind)
{
	return arg_kinds[kind].class;
}

const char *arg_kind_text(enum arg_kind kind)
{
	return arg_kinds[kind].text;
}

/* Sizes that the instance's own structs have in a program's memory. */
#define SPIN_LOCK_BYTES 4
#define TIMER_BYTES	16
#define DYNPTR_BYTES	16
#define KPTR_BYTES	8

int helper_arg_memory(const struct helper_arg *args, u32 n, const struct helper_arg_sizes *sizes,
		      u64 *ret_bytes, bool *ret_null_ok)
{
	const struct helper_arg *arg = &args[n];
	u64 bytes = arg->size_bytes;
	bool null_ok = arg->flags & AF_OR_NULL;

	switch ((enum arg_kind)arg->kind) {
	case ARG_KIND_MAP_KEY:
		bytes = sizes->key_bytes;
		break;
	case ARG_KIND_MAP_VALUE:
		bytes = sizes->value_bytes;
		break;
	case ARG_KIND_SPIN_LOCK:
		bytes = SPIN_LOCK_BYTES;
		break;
	case ARG_KIND_TIMER:
		bytes = TIMER_BYTES;
		break;
	case ARG_KIND_DYNPTR:
		bytes = DYNPTR_BYTES;
		break;
	case ARG_KIND_KPTR_DEST:
		bytes = KPTR_BYTES;
		break;
	case ARG_KIND_MEM:
		if (bytes || n + 1 == HELPER_ARGS)
			break;
		bytes = sizes->size_arg;
		if (bytes > INT32_MAX)
			return -EINVAL;
		if (!bytes && args[n + 1].kind == ARG_KIND_SIZE)
			return -EINVAL;
		null_ok = null_ok && !bytes;
		break;
	case ARG_KIND_STACK: /* the context of a callback: nothing is read through it here */
	case ARG_KIND_NONE:
	case ARG_KIND_ANYTHING:
	case ARG_KIND_SCALAR:
	case ARG_KIND_CONST_MAP_PTR:
	case ARG_KIND_SIZE:
	case ARG_KIND_SIZE_OR_ZERO:
	case ARG_KIND_ALLOC_SIZE_OR_ZERO:
	case ARG_KIND_CTX:
	case ARG_KIND_FUNC:
	case ARG_KIND_CONST_STR:
	case ARG_KIND_RINGBUF_MEM:
	case ARG_KIND_SOCK_COMMON:
	case ARG_KIND_SOCKET:
	case ARG_KIND_BTF_ID:
	case ARG_KIND_BTF_SOCK_COMMON:
	case ARG_KIND_PERCPU_BTF_ID:
		break;
	}
	*ret_bytes = bytes;
	*ret_null_ok = null_ok;
	return 0;
}
