/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints the rows of src/spec/ as JSON for scripts: tools/gen_docs.py and tools/oracle/helpers.py.
 * Everything goes through the tables that the library itself uses.
 */
#include <stdio.h>

#include "attach/hook.h"
#include "base/str.h"
#include "helper/table.h"
#include "isa/isa.h"
#include "map/map.h"
#include "spec/helper.h"
#include "spec/maptype.h"
#include "spec/spec.h"

struct bit_name {
	u32 bit;
	const char *name;
};

static const struct bit_name prop_names[] = {
	{ HP_GPL, "gpl" },
	{ HP_PKT_ACCESS, "pkt_access" },
	{ HP_MIGHT_SLEEP, "might_sleep" },
	{ HP_FASTCALL, "fastcall" },
	{ HP_CHANGES_PKT, "changes_pkt" },
	{ HP_ACQUIRES, "acquires" },
	{ HP_ACQUIRES_SOCK, "acquires_sock" },
	{ HP_RELEASES, "releases" },
	{ HP_PTR_CAST, "ptr_cast" },
	{ HP_DYNPTR_REF, "dynptr_ref" },
	{ HP_CALLS_SYNC, "calls_sync" },
	{ HP_CALLS_ASYNC, "calls_async" },
	{ HP_STORAGE_GET, "storage_get" },
	{ HP_TAIL_CALL, "tail_call" },
	{ HP_RET_SIZE, "ret_size" },
	{ HP_LOCKS, "locks" },
	{ HP_UNLOCKS, "unlocks" },
	{ HP_LOCKED_OK, "locked_ok" },
	{ HP_MAP_KNOWN, "map_known" },
	{ HP_MAP_WRITES, "map_writes" },
	{ HP_CONST_KEY, "const_key" },
	{ HP_FLAGS_ZERO, "flags_zero" },
	{ HP_FORMAT, "format" },
	{ HP_VALUE_ONLY, "value_only" },
	{ HP_DYNPTR_WRITES, "dynptr_writes" },
	{ HP_RET_CPU, "ret_cpu" },
	{ HP_LOOPS, "loops" },
	{ HP_TIMER_INIT, "timer_init" },
	{ HP_FUNC_IP, "func_ip" },
	{ HP_PROBE_RULES, "probe_rules" },
	{ HP_MAP_PEEKS, "map_peeks" },
};

static const struct bit_name flag_names[] = {
	{ AF_READ, "read" },
	{ AF_WRITE, "write" },
	{ AF_UNINIT, "uninit" },
	{ AF_OR_NULL, "or_null" },
	{ AF_ALIGNED, "aligned" },
	{ AF_RELEASE, "release" },
	{ AF_LOCAL, "local" },
	{ AF_RINGBUF, "ringbuf" },
	{ AF_TRUSTED, "trusted" },
};

static const char *const kind_names[] = {
#define ARG_KIND(id, class, text) #id,
#include "spec/argtypes.def"
#undef ARG_KIND
};

static const char *const ret_names[] = {
	[RET_KIND_INTEGER] = "INTEGER",
	[RET_KIND_VOID] = "VOID",
	[RET_KIND_MAP_VALUE] = "MAP_VALUE",
	[RET_KIND_SOCKET] = "SOCKET",
	[RET_KIND_TCP_SOCK] = "TCP_SOCK",
	[RET_KIND_SOCK_COMMON] = "SOCK_COMMON",
	[RET_KIND_MEM] = "MEM",
	[RET_KIND_RINGBUF_MEM] = "RINGBUF_MEM",
	[RET_KIND_DYNPTR_MEM] = "DYNPTR_MEM",
	[RET_KIND_MEM_OR_BTF_ID] = "MEM_OR_BTF_ID",
	[RET_KIND_BTF_ID] = "BTF_ID",
};

static const char *const rights_names[] = {
	[HELPER_UNPRIV] = "unpriv",
	[HELPER_BPF] = "bpf",
	[HELPER_PERFMON] = "perfmon",
	[HELPER_ADMIN] = "admin",
};

static void add_bits(struct str *s, u32 bits, const struct bit_name *names, size_t cnt)
{
	const char *comma = "";
	size_t i;

	str_add(s, "[");
	for (i = 0; i < cnt; i++) {
		if (!(bits & names[i].bit))
			continue;
		str_addf(s, "%s\"%s\"", comma, names[i].name);
		comma = ",";
	}
	str_add(s, "]");
}

static void add_args(struct str *s, const struct helper_arg *args)
{
	u32 i;

	str_add(s, "[");
	for (i = 0; i < HELPER_ARGS && args[i].kind != ARG_KIND_NONE; i++) {
		str_addf(s, "%s[\"%s\",", i ? "," : "", kind_names[args[i].kind]);
		add_bits(s, args[i].flags, flag_names, ARRAY_SIZE(flag_names));
		str_addf(s, ",%u]", args[i].size_bytes);
	}
	str_add(s, "]");
}

/* {"xdp": [rights, "attach types as a hexadecimal mask", args when they differ], …} */
static void add_types(struct str *s, const struct helper_info *h)
{
	const char *comma = "";
	u32 type, attach;

	str_add(s, "{");
	for (type = 1; prog_type_name(type); type++) {
		const struct helper_arg *args = helper_args(h, (enum prog_type)type);
		u64 mask = 0;

		for (attach = 0; attach_type_name(attach); attach++)
			if (helper_allowed(h, (enum prog_type)type, attach))
				mask |= 1ULL << attach;
		if (!mask)
			continue;
		str_addf(s, "%s\"%s\":[\"%s\",\"%llx\"", comma, prog_type_name(type),
			 rights_names[helper_rights(h, (enum prog_type)type)],
			 (unsigned long long)mask);
		if (args != h->args) {
			str_add(s, ",");
			add_args(s, args);
		}
		str_add(s, "]");
		comma = ",";
	}
	str_add(s, "}");
}

static void add_maps(struct str *s, const struct helper_info *h)
{
	const char *comma = "";
	u32 type;

	str_add(s, "[");
	for (type = 1; map_type_name(type); type++) {
		if (!helper_map_ok((enum helper_id)h->id, (enum map_type)type))
			continue;
		str_addf(s, "%s\"%s\"", comma, map_type_name(type));
		comma = ",";
	}
	str_add(s, "]");
}

static void add_helper(struct str *s, const struct helper_info *h)
{
	str_addf(s, "{\"id\":%u,\"name\":\"%s\",\"since\":\"%u.%u\",\"rights\":\"%s\",", h->id,
		 h->name, h->since >> 8, h->since & 0xff, rights_names[h->rights]);
	str_addf(s, "\"here\":%s,\"ret\":\"%s\",\"ret_flags\":",
		 helper_exists(h->id) ? "true" : "false", ret_names[h->ret.kind]);
	add_bits(s, h->ret.flags, flag_names, ARRAY_SIZE(flag_names));
	str_add(s, ",\"props\":");
	add_bits(s, h->props, prop_names, ARRAY_SIZE(prop_names));
	str_add(s, ",\"args\":");
	add_args(s, h->args);
	str_add(s, ",\"types\":");
	add_types(s, h);
	str_add(s, ",\"maps\":");
	add_maps(s, h);
	str_add(s, "}");
}

#define VERSION(since) (since) >> 8, (since) & 0xff

static void add_rows(struct str *s)
{
	str_add(s, "\"map_types\":[\n");
/* 0: not there, 1: there, 2: declared, for verification alone. */
#define MAP_TYPE(id, value, name, kernel, since, gives, keys, flags)                               \
	str_addf(s, "[\"" #id "\",%d,\"%s\",\"%d.%d\",%d],\n", value, name, VERSION(since),      \
		 map_type_exists(value) ? 1 + !!((flags)&MT_DECLARED) : 0);
#include "spec/maptypes.def"
#undef MAP_TYPE
	str_add(s, "null],\n\"prog_types\":[\n");
#define PROG_TYPE(id, value, name, ctx, since, pkt, flags)                                         \
	str_addf(s, "[\"" #id "\",%d,\"%s\",\"%d.%d\",\"%s\",%d,%d],\n", value, name,           \
		 VERSION(since), ctx, flags, hook_of((enum prog_type)(value)) != NULL);
#include "spec/progtypes.def"
#undef PROG_TYPE
	str_add(s, "null],\n\"attach_types\":[\n");
#define ATTACH_TYPE(id, value, name, since)                                                        \
	str_addf(s, "[\"" #id "\",%d,\"%s\",\"%d.%d\"],\n", value, name, VERSION(since));
#include "spec/attach.def"
#undef ATTACH_TYPE
	str_add(s, "null],\n\"link_types\":[\n");
#define LINK_TYPE(id, value, name, since)                                                          \
	str_addf(s, "[\"" #id "\",%d,\"%s\",\"%d.%d\"],\n", value, name, VERSION(since));
#include "spec/links.def"
#undef LINK_TYPE
	str_add(s, "null],\n\"commands\":[\n");
#define CMD(id, value, bytes, since)                                                               \
	str_addf(s, "[\"" #id "\",%d,%d,\"%d.%d\"],\n", value, bytes, VERSION(since));
#include "spec/cmds.def"
#undef CMD
	str_add(s, "null],\n\"map_flags\":[\n");
#define MAP_FLAG(id, value, since) str_addf(s, "[\"" #id "\",%d],\n", value);
#define ELEM_FLAG(id, value)
#include "spec/flags.def"
#undef MAP_FLAG
#undef ELEM_FLAG
	str_add(s, "null],\n\"prog_flags\":[\n");
#define PROG_FLAG(id, bit) str_addf(s, "[\"" #id "\",%d],\n", 1 << (bit));
#include "spec/progflags.def"
#undef PROG_FLAG
	str_add(s, "null],\n\"limits\":[\n");
#define LIMIT(id, kernel, value, text) str_addf(s, "[\"" #id "\",%d,\"%s\"],\n", value, text);
#include "spec/kernels.def"
#undef LIMIT
	str_add(s, "null],\n\"prog_attach\":[\n");
#define PROG_ATTACH(type, attach) str_add(s, "[\"" #type "\",\"" #attach "\"],\n");
#define PROG_ATTACH_DEFAULT(type, attach)
#define PROG_ATTACH_NONE(type)
#include "spec/prog_attach.def"
#undef PROG_ATTACH
#undef PROG_ATTACH_DEFAULT
#undef PROG_ATTACH_NONE
	str_add(s, "null],\n");
}

static void add_insns(struct str *s)
{
	u32 op;

	str_add(s, "\"insns\":[\n");
	for (op = ISA_INVALID + 1; op < ISA_OP_CNT; op++) {
		const struct isa_info *i = isa_info((enum isa_op)op);

		str_addf(s, "[\"%s\",%u,", i->name, i->code);
		str_add_json(s, i->text ? i->text : "");
		str_addf(s, ",%u,%u,%u,\"%u.%u\"],\n", i->sel, i->selv, i->cpu, i->since >> 8,
			 i->since & 0xff);
	}
	str_add(s, "null]\n");
}

int main(void)
{
	struct str s = STR_INIT;
	bool failed;
	u32 id;

	str_add(&s, "{\"helpers\":[\n");
	for (id = 1; helper_info(id); id++) {
		add_helper(&s, helper_info(id));
		str_add(&s, ",\n");
	}
	str_add(&s, "null],\n");
	add_rows(&s);
	add_insns(&s);
	str_add(&s, "}\n");
	failed = s.failed || fputs(str_c(&s), stdout) == EOF;
	str_fini(&s);
	return failed ? 1 : 0;
}
