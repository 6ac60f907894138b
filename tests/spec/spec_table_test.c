/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Invariants of the tables in src/spec/ that need no kernel: every id once, memory arguments with
 * a length, flags that make sense together, and the counts that 6.18 has (facts, section 6).
 */
#include <string.h>

#include "base/err.h"
#include "helper/table.h"
#include "spec/helper.h"
#include "spec/spec.h"
#include "tests/tap.h"

static u32 allowed_cnt(enum prog_type type, u32 attach_type)
{
	u32 id, cnt = 0;

	for (id = 1; id < HELPER_ID_END; id++)
		cnt += helper_allowed(helper_info(id), type, attach_type);
	return cnt;
}

static bool args_ok(const struct helper_info *h, const struct helper_arg *args)
{
	bool ended = false;
	u32 i;

	for (i = 0; i < HELPER_ARGS; i++) {
		enum arg_kind kind = (enum arg_kind)args[i].kind;

		if (kind == ARG_KIND_NONE) {
			ended = true;
			continue;
		}
		if (ended)
			return false; /* a hole */
		if (kind == ARG_KIND_MEM && !args[i].size_bytes &&
		    (i + 1 == HELPER_ARGS || arg_kind_class((enum arg_kind)args[i + 1].kind) !=
						     ARG_CLASS_SIZE))
			return false;
		if (kind == ARG_KIND_MEM && !(args[i].flags & (AF_READ | AF_WRITE)))
			return false;
		if (arg_kind_class(kind) == ARG_CLASS_SIZE &&
		    (!i || args[i - 1].kind != ARG_KIND_MEM))
			return false;
		if (args[i].flags & AF_UNINIT && kind == ARG_KIND_MEM &&
		    !(args[i].flags & AF_WRITE))
			return false;
		if (!!(args[i].flags & AF_RELEASE) && !(h->props & HP_RELEASES))
			return false;
	}
	return true;
}

static void test_helpers(void)
{
	u32 id, type, without = 0;

	tap_eq(HELPER_ID_END, 212, "211 helpers and number 0");
	tap_ok(!helper_info(0) && !helper_info(212) && !helper_info(~0u), "no others");
	for (id = 1; id < HELPER_ID_END; id++) {
		const struct helper_info *h = helper_info(id);
		bool ok = h && h->id == id && h->name[0] && h->prog_types && h->since;

		for (type = 0; ok && prog_type_name(type); type++)
			ok = args_ok(h, helper_args(h, (enum prog_type)type));
		if (!ok)
			tap_ok(false, "row of helper %u is whole", id);
		without += ok;
	}
	tap_eq(without, 211, "all rows are whole");
}

static void test_counts(void)
{
	static const struct {
		enum prog_type type;
		u32 attach, cnt;
	} want[] = {
		{ PROG_TYPE_SCHED_CLS, 0, 139 },
		{ PROG_TYPE_XDP, 0, 104 },
		{ PROG_TYPE_CGROUP_SKB, 0, 103 },
		{ PROG_TYPE_SYSCALL, 0, 100 },	/* 99 on a machine that forbids probe_write_user */
		{ PROG_TYPE_SOCK_OPS, 0, 97 },
		{ PROG_TYPE_SK_MSG, 0, 93 },
		{ PROG_TYPE_SOCKET_FILTER, 0, 88 },
		{ PROG_TYPE_SK_LOOKUP, ATTACH_SK_LOOKUP, 85 },
		{ PROG_TYPE_TRACEPOINT, 0, 82 }, /* 81, as above */
		{ PROG_TYPE_NETFILTER, ATTACH_NETFILTER, 74 },
	};
	u32 id, i, unpriv = 0, bpf = 0, perfmon = 0;

	for (i = 0; i < ARRAY_SIZE(want); i++)
		tap_eq(allowed_cnt(want[i].type, want[i].attach), want[i].cnt, "helpers of %s",
		       prog_type_name(want[i].type));
	for (id = 1; id < HELPER_ID_END; id++) {
		const struct helper_info *h = helper_info(id);

		if (!helper_allowed(h, PROG_TYPE_NETFILTER, ATTACH_NETFILTER))
			continue;
		unpriv += h->rights == HELPER_UNPRIV;
		bpf += h->rights == HELPER_BPF;
		perfmon += h->rights == HELPER_PERFMON;
	}
	tap_ok(unpriv == 25 && bpf == 28 && perfmon == 21, "74 common ones: 25 + 28 + 21");
}

static void test_map_rules(void)
{
	tap_ok(helper_map_ok(HELPER_map_lookup_elem, MAP_TYPE_HASH), "lookup in a hash");
	tap_ok(!helper_map_ok(HELPER_map_lookup_elem, MAP_TYPE_PROG_ARRAY), "none in programs");
	tap_ok(helper_map_ok(HELPER_tail_call, MAP_TYPE_PROG_ARRAY), "tail call through programs");
	tap_ok(!helper_map_ok(HELPER_tail_call, MAP_TYPE_ARRAY), "none through an array");
	tap_ok(helper_map_ok(HELPER_map_lookup_elem, MAP_TYPE_DEVMAP), "lookup in a devmap");
	tap_ok(!helper_map_ok(HELPER_map_update_elem, MAP_TYPE_DEVMAP), "no update of a devmap");
	tap_ok(helper_map_ok(HELPER_map_push_elem, MAP_TYPE_BLOOM_FILTER),
	       "push to a bloom filter");
	tap_ok(!helper_map_ok(HELPER_map_pop_elem, MAP_TYPE_BLOOM_FILTER), "no pop from it");
	tap_ok(!helper_map_ok(HELPER_ringbuf_output, MAP_TYPE_ARRAY), "ring buffers only");
}

static void test_arg_memory(void)
{
	const struct helper_info *load = helper_info(HELPER_skb_load_bytes);
	const struct helper_info *diff = helper_info(HELPER_csum_diff);
	const struct helper_info *update = helper_info(HELPER_map_update_elem);
	const struct helper_info *strtol_info = helper_info(HELPER_strtol);
	struct helper_arg_sizes sizes = { .key_bytes = 4, .value_bytes = 24, .size_arg = 0 };
	bool null_ok = true;
	u64 bytes = 0;

	tap_eq(helper_arg_memory(load->args, 2, &sizes, &bytes, &null_ok), (u64)-EINVAL,
	       "a size of 0 where the row wants more");
	sizes.size_arg = 1ULL << 31;
	tap_eq(helper_arg_memory(load->args, 2, &sizes, &bytes, &null_ok), (u64)-EINVAL,
	       "a size that is negative as s32");
	sizes.size_arg = 14;
	tap_ok(!helper_arg_memory(load->args, 2, &sizes, &bytes, &null_ok) && bytes == 14 &&
		       !null_ok,
	       "as long as the next argument says");
	sizes.size_arg = 0;
	tap_ok(!helper_arg_memory(diff->args, 0, &sizes, &bytes, &null_ok) && !bytes && null_ok,
	       "NULL of 0 bytes");
	sizes.size_arg = 4;
	tap_ok(!helper_arg_memory(diff->args, 0, &sizes, &bytes, &null_ok) && bytes == 4 &&
		       !null_ok,
	       "no NULL of 4 bytes");
	tap_ok(!helper_arg_memory(update->args, 1, &sizes, &bytes, &null_ok) && bytes == 4, "key");
	tap_ok(!helper_arg_memory(update->args, 2, &sizes, &bytes, &null_ok) && bytes == 24,
	       "value");
	tap_ok(!helper_arg_memory(strtol_info->args, 3, &sizes, &bytes, &null_ok) && bytes == 8,
	       "fixed size");
}

static void test_resolve(void)
{
	struct helper_binding b = { 0 };
	struct str log = STR_INIT;
	struct helper_ask ask = { .type = PROG_TYPE_XDP, .rights = HELPER_PERFMON, .log = &log };

	tap_ok(!helper_resolve(&ask, HELPER_map_lookup_elem, &b) && b.fn && b.info, "a helper");
	tap_ok(!helper_resolve(&ask, HELPER_tail_call, &b) && !b.fn &&
		       b.info->props & HP_TAIL_CALL,
	       "tail call: a row without function");
	tap_eq(helper_resolve(&ask, 0, &b), (u64)-EINVAL, "number 0");
	tap_ok(strstr(str_c(&log), "cannot use helper bpf_unspec#0") != NULL, "its text");
	str_reset(&log);
	tap_eq(helper_resolve(&ask, 9999, &b), (u64)-EINVAL, "number 9999");
	tap_str(str_c(&log), "invalid func unknown#9999\n", "its text");
	str_reset(&log);
	tap_eq(helper_resolve(&ask, -1, &b), (u64)-EINVAL, "number -1");
	tap_str(str_c(&log), "invalid func unknown#-1\n", "its text");
	str_reset(&log);
	tap_eq(helper_resolve(&ask, HELPER_skb_vlan_push, &b), (u64)-EINVAL, "wrong program type");
	tap_ok(strstr(str_c(&log), "program of this type cannot use helper bpf_skb_vlan_push#18") &&
	       strstr(str_c(&log), "unknown func bpf_skb_vlan_push#18"), "both wordings");
	str_reset(&log);
	tap_eq(helper_resolve(&ask, HELPER_trace_printk, &b), (u64)-EINVAL, "GPL only");
	tap_str(str_c(&log),
		"cannot call GPL-restricted function from non-GPL compatible program\n",
	       "its text");
	ask.gpl_compatible = true;
	tap_ok(!helper_resolve(&ask, HELPER_trace_printk, &b), "with a licence");
	ask.rights = HELPER_BPF;
	tap_eq(helper_resolve(&ask, HELPER_trace_printk, &b), (u64)-EINVAL, "without CAP_PERFMON");
	ask.rights = HELPER_PERFMON;
	str_reset(&log);
	tap_eq(helper_resolve(&ask, HELPER_get_task_stack, &b), (u64)-EINVAL, "not written yet");
	tap_ok(strstr(str_c(&log), "bpf_get_task_stack#141") != NULL, "named");
	ask.type = PROG_TYPE_SYSCALL;
	str_reset(&log);
	tap_eq(helper_resolve(&ask, HELPER_copy_from_user, &b), (u64)-EINVAL, "might sleep");
	tap_str(str_c(&log), "helper call might sleep in a non-sleepable prog\n", "its text");
	ask.type = PROG_TYPE_UNSPEC;
	tap_ok(!helper_resolve(&ask, HELPER_skb_vlan_push, &b), "raw programs may call all");
	str_fini(&log);
}

static void test_attach(void)
{
	u32 at = 0;

	tap_ok(!prog_attach_check(PROG_TYPE_XDP, &at) && !at, "XDP takes what comes");
	tap_ok(!prog_attach_check(PROG_TYPE_CGROUP_SOCK, &at) &&
		       at == ATTACH_CGROUP_INET_SOCK_CREATE,
	       "a default attach type");
	at = ATTACH_XDP;
	tap_eq(prog_attach_check(PROG_TYPE_CGROUP_SOCK, &at), (u64)-EINVAL, "a wrong one");
	at = 1;
	tap_eq(prog_attach_check(PROG_TYPE_SYSCALL, &at), (u64)-EINVAL, "syscall programs: 0 only");
	at = 0;
	tap_ok(!prog_attach_check(PROG_TYPE_SYSCALL, &at), "… which is right");
	tap_eq(prog_attach_check(PROG_TYPE_NETFILTER, &at), (u64)-EINVAL,
	       "netfilter must be named");
}

int main(void)
{
	test_helpers();
	test_counts();
	test_map_rules();
	test_arg_memory();
	test_resolve();
	test_attach();
	return tap_done();
}
