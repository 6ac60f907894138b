/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Facts of map types and program types against the live kernel: which maps sleepable programs may
 * use, which can be walked, whose lookups by a constant cannot fail; which programs may use maps
 * with locks and timers (and in which words they are refused), update maps of sockets, and which
 * types a context argument may have. Skips where bpf(2) of 6.18 is refused.
 */
#include <sys/utsname.h>

#include "base/types.h"
#include "core/skep.h"
#include "isa/insn.h"
#include "skep/skep.h"
#include "spec/access.h"
#include "spec/helper.h"
#include "spec/maptype.h"
#include "tests/btf/btf_blob.h"
#include "tests/kernel_bpf.h"
#include "tests/tap.h"

#define LOG_BYTES 16384u
#define SLEEPABLE 16u

#define MOV_IMM(r, v) insn_make(0xb7, r, 0, 0, v)
#define MOV_REG(r, s) insn_make(0xbf, r, s, 0, 0)
#define EXIT_INSN     insn_make(0x95, 0, 0, 0, 0)
#define CALL(h)	      insn_make(0x85, 0, 0, 0, (s32)(h))
#define LD_MAP(r, fd) insn_make(0x18, r, 1, 0, fd), insn_make(0, 0, 0, 0, 0)

static char log_text[LOG_BYTES];
static struct btf_blob blob;
static int btf_fd; /* 1 int, 2 a prototype, 3 and 4 functions, 5 … values */
enum { ID_INT = 1, ID_PROTO, ID_MAIN, ID_CB };

static struct skep *skep; /* while what it says is compared too */
static int our_btf_fd;
static u32 other_cnt;

static long sys_bpf(int cmd, union bpf_attr *attr)
{
	long ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : ret;
}

struct load {
	u32 type, attach, flags;
	u32 callback_at; /* 0: no other function */
};

/* The line before the statistics. */
static const char *reason(char *text)
{
	char *end = strstr(text, "processed "), *at;

	if (end)
		*end = 0;
	for (at = text + strlen(text); at > text && at[-1] == '\n'; at--)
		at[-1] = 0;
	at = strrchr(text, '\n');
	return at ? at + 1 : text;
}

static void compare_ours(union bpf_attr *attr, long theirs)
{
	static char kernel_text[LOG_BYTES], our_text[LOG_BYTES];
	const char *why, *our_why;
	long fd;

	attr->log_buf = ptr_to_u64(our_text);
	attr->prog_btf_fd = (u32)our_btf_fd;
	our_text[0] = 0;
	fd = skep_bpf(skep, BPF_PROG_LOAD, attr, sizeof(*attr));
	if (fd >= 0)
		close((int)fd);
	memcpy(kernel_text, log_text, sizeof(log_text));
	why = reason(kernel_text);
	our_why = reason(our_text);
	if ((fd < 0 ? fd : 0) == (theirs < 0 ? theirs : 0) && (fd >= 0 || !strcmp(why, our_why)))
		return;
	if (other_cnt++ < 30)
		tap_diag("%s: kernel %ld %s; skep %ld %s", prog_type_name(attr->prog_type), theirs,
			 why, fd, our_why);
}

static int load(const struct load *l, const struct insn *insns, u32 cnt)
{
	const u32 funcs[4] = { 0, ID_MAIN, l->callback_at, ID_CB };
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = l->type;
	attr.expected_attach_type = l->attach;
	attr.prog_flags = l->flags;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = cnt;
	attr.license = ptr_to_u64("GPL");
	attr.log_buf = ptr_to_u64(log_text);
	attr.log_size = LOG_BYTES;
	attr.log_level = 2;
	log_text[0] = 0;
	if (l->callback_at) {
		attr.prog_btf_fd = (u32)btf_fd;
		attr.func_info_rec_size = 8;
		attr.func_info = ptr_to_u64(funcs);
		attr.func_info_cnt = 2;
	}
	fd = sys_bpf(BPF_PROG_LOAD, &attr);
	if (fd >= 0)
		close((int)fd);
	if (skep)
		compare_ours(&attr, fd);
	return fd < 0 ? (int)fd : 0;
}

static bool loadable(u32 type)
{
	const struct prog_type_info *info = prog_type_info(type);

	return info && type != PROG_TYPE_UNSPEC && type != PROG_TYPE_LIRC_MODE2 &&
	       !(info->flags & PT_KERNEL_BTF);
}

static struct load some_load(u32 type)
{
	u32 attach = 0;

	while (attach_type_name(attach) && prog_attach_check(type, &(u32){ attach }))
		attach++;
	if (type == PROG_TYPE_CGROUP_SOCK)
		attach = ATTACH_CGROUP_INET_SOCK_CREATE;
	return (struct load){
		.type = type, .attach = attach,
		.flags = prog_type_info(type)->flags & PT_SLEEPABLE_ONLY ? SLEEPABLE : 0,
	};
}

/* A usual map of each type, -errno where there is none without more ado. @value: BTF id or 0. */
static long new_map(u32 type, u32 value, u32 value_bytes)
{
	union bpf_attr attr;
	long fd, inner = -1;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = 4;
	attr.value_size = value_bytes;
	attr.max_entries = 4;
	if (value) {
		attr.btf_fd = (u32)btf_fd;
		attr.btf_key_type_id = ID_INT;
		attr.btf_value_type_id = value;
	}
	if (type == MAP_TYPE_RINGBUF || type == MAP_TYPE_USER_RINGBUF)
		attr.key_size = 0, attr.value_size = 0, attr.max_entries = 4096;
	if (type == MAP_TYPE_ARENA)
		attr.key_size = 0, attr.value_size = 0, attr.map_flags = MAP_F_MMAPABLE;
	if (type == MAP_TYPE_QUEUE || type == MAP_TYPE_STACK || type == MAP_TYPE_BLOOM_FILTER)
		attr.key_size = 0;
	if (type == MAP_TYPE_LPM_TRIE)
		attr.key_size = 8, attr.map_flags = MAP_F_NO_PREALLOC;
	if (type == MAP_TYPE_STACK_TRACE)
		attr.value_size = 8;
	if (type == MAP_TYPE_CGROUP_STORAGE || type == MAP_TYPE_PERCPU_CGROUP_STORAGE)
		attr.key_size = 8, attr.max_entries = 0;
	if (type == MAP_TYPE_SK_STORAGE || type == MAP_TYPE_INODE_STORAGE ||
	    type == MAP_TYPE_TASK_STORAGE || type == MAP_TYPE_CGRP_STORAGE) {
		attr.max_entries = 0;
		attr.map_flags = MAP_F_NO_PREALLOC;
		attr.btf_fd = (u32)btf_fd;
		attr.btf_key_type_id = ID_INT;
		attr.btf_value_type_id = value ? value : ID_INT;
	}
	if (type == MAP_TYPE_ARRAY_OF_MAPS || type == MAP_TYPE_HASH_OF_MAPS) {
		inner = new_map(MAP_TYPE_HASH, 0, 4);
		attr.inner_map_fd = (u32)inner;
	}
	fd = sys_bpf(BPF_MAP_CREATE, &attr);
	if (inner >= 0)
		close((int)inner);
	return fd;
}

static void test_maps(void)
{
	for (u32 type = 1; map_type_name(type); type++) {
		const u32 flags = map_type_info(type)->flags;
		const struct load sleepable = { .type = PROG_TYPE_SYSCALL, .flags = SLEEPABLE };
		const struct load walk = { .type = PROG_TYPE_XDP, .callback_at = 9 };
		const struct load plain = { .type = PROG_TYPE_XDP };
		const long fd = new_map(type, 0, 4);
		const struct insn use[] = { LD_MAP(1, (s32)fd), MOV_IMM(0, 0), EXIT_INSN };
		const struct insn each[] = {
			LD_MAP(1, (s32)fd), insn_make(0x18, 2, 4, 0, 6), { 0 }, MOV_IMM(3, 0),
			MOV_IMM(4, 0), CALL(HELPER_for_each_map_elem), MOV_IMM(0, 0), EXIT_INSN,
			MOV_IMM(0, 0), EXIT_INSN,
		};
		const struct insn find[] = {
			insn_make(0x62, 10, 0, -8, 1), MOV_REG(2, 10), insn_make(0x07, 2, 0, 0, -8),
			LD_MAP(1, (s32)fd), CALL(HELPER_map_lookup_elem),
			insn_make(0x61, 0, 0, 0, 0), EXIT_INSN,
		};

		if (fd < 0)
			continue; /* struct_ops */
		if (!(flags & MT_ARENA)) /* wants to be mapped first */
			tap_eq(!load(&sleepable, use, ARRAY_SIZE(use)), !!(flags & MT_SLEEPABLE),
			       "%s in sleepable programs", map_type_name(type));
		tap_eq(!load(&walk, each, ARRAY_SIZE(each)), !!(flags & MT_FOR_EACH),
		       "%s is walked", map_type_name(type));
		tap_eq(!load(&plain, find, ARRAY_SIZE(find)), !!(flags & MT_CONST_KEY),
		       "%s: a constant key finds", map_type_name(type));
		close((int)fd);
	}
}

/* struct value { SPECIAL f; char rest[8]; } for each special struct; tags are not asked. */
static u32 value_of[FIELD_KINDS];

static void new_btf(void)
{
	union bpf_attr attr;
	u32 rest;

	blob_init(&blob);
	blob_int(&blob, "int", 4, 1u << 24 | 32);
	blob_type(&blob, "", 13, 0, ID_INT);
	blob_type(&blob, "main", 12, 0, ID_PROTO);
	blob_type(&blob, "callback", 12, 0, ID_PROTO);
	blob_int(&blob, "char", 1, 1u << 24 | 8);
	rest = blob_array(&blob, blob.type_cnt, ID_INT, 32);
	for (u32 bit = 0; bit < FIELD_KINDS; bit++) {
		const u32 kind = 1u << bit;
		const struct btf_field_info *info = btf_field_info((enum btf_field_kind)kind);
		u32 field;

		if (info->tag || kind & (FIELD_LIST_HEAD | FIELD_RB_ROOT | FIELD_LIST_NODE |
					 FIELD_RB_NODE))
			continue;
		field = blob_type(&blob, info->name, 4, 0, info->size_bytes);
		value_of[bit] = blob_type(&blob, "value", 4, 2, 48);
		blob_member(&blob, "f", field, 0);
		blob_member(&blob, "rest", rest, 128);
	}
	blob_finish(&blob);
	memset(&attr, 0, sizeof(attr));
	attr.btf = ptr_to_u64(blob.raw);
	attr.btf_size = blob.raw_len;
	btf_fd = (int)sys_bpf(BPF_BTF_LOAD, &attr);
	tap_ok(btf_fd >= 0, "BTF loads");
}

static void test_field_users(void)
{
	for (u32 bit = 0; bit < FIELD_KINDS; bit++) {
		long fd = value_of[bit] ? new_map(MAP_TYPE_ARRAY, value_of[bit], 48) : -1;
		const struct insn code[] = { LD_MAP(1, (s32)fd), MOV_IMM(0, 1), EXIT_INSN };
		u32 bad = 0;

		if (!value_of[bit])
			continue;
		for (u32 type = 0; prog_type_name(type); type++) {
			const char *why;
			struct load l;
			int err, kernel;

			if (!loadable(type))
				continue;
			l = some_load(type);
			why = prog_map_refused((enum prog_type)type, l.flags & SLEEPABLE,
					       MAP_TYPE_ARRAY, 1u << bit, &err);
			kernel = load(&l, code, ARRAY_SIZE(code));
			if (kernel == err && (!why || strstr(log_text, why)))
				continue;
			bad++;
			tap_diag("%s: kernel %d, table %d %s: %s", prog_type_name(type), kernel,
				 err, why ? why : "", log_text);
		}
		tap_ok(!bad, "who may use maps with %s",
		       btf_field_info((enum btf_field_kind)(1u << bit))->name);
		close((int)fd);
	}
}

/* Deleting needs no socket; a small program has none to update a map with. */
static void test_socket_maps(void)
{
	const long fd = new_map(MAP_TYPE_SOCKMAP, 0, 4);
	const struct insn code[] = {
		insn_make(0x62, 10, 0, -4, 1), MOV_REG(2, 10), insn_make(0x07, 2, 0, 0, -4),
		LD_MAP(1, (s32)fd), CALL(HELPER_map_delete_elem), MOV_IMM(0, 1), EXIT_INSN,
	};

	for (u32 type = 0; prog_type_name(type); type++) {
		struct load l;

		if (!loadable(type) || prog_type_info(type)->flags & PT_SLEEPABLE_ONLY)
			continue;
		l = some_load(type);
		tap_eq(!load(&l, code, ARRAY_SIZE(code)),
		       prog_may_update_sockets((enum prog_type)type, l.attach, true),
		       "%s deletes from a map of sockets", prog_type_name(type));
	}
	close((int)fd);
}

/* What callbacks find in their registers, by the log's words. */
static void test_callbacks(void)
{
	static const struct {
		u32 helper;
		u32 map_type;
		const char *words[3];
	} rows[] = {
		{ HELPER_for_each_map_elem, MAP_TYPE_ARRAY,
		  { "R1=map_ptr(", "R2=map_key(", "R3=map_value(" } },
		{ HELPER_loop, 0, { "R1=scalar()", "R2=0", NULL } },
		{ HELPER_user_ringbuf_drain, MAP_TYPE_USER_RINGBUF,
		  { "R1=dynptr_ptr", "R2=0", NULL } },
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct load l = { .type = PROG_TYPE_XDP, .callback_at = 9 };
		const long fd = rows[i].map_type ? new_map(rows[i].map_type, 0, 4) : -1;
		struct insn code[] = {
			LD_MAP(1, (s32)fd), insn_make(0x18, 2, 4, 0, 6), { 0 }, MOV_IMM(3, 0),
			MOV_IMM(4, 0), CALL(rows[i].helper), MOV_IMM(0, 0), EXIT_INSN,
			MOV_IMM(0, 0), EXIT_INSN,
		};
		const struct helper_callback *cb = helper_callback((enum helper_id)rows[i].helper);

		if (fd < 0)
			code[0] = MOV_IMM(1, 5), code[1] = MOV_IMM(1, 5);
		tap_ok(cb && !cb->ret_min && cb->ret_max == 1, "returns 0 or 1");
		tap_eq(load(&l, code, ARRAY_SIZE(code)), 0, "callback of helper %u",
		       rows[i].helper);
		for (u32 w = 0; w < 3 && rows[i].words[w]; w++)
			tap_ok(strstr(log_text, rows[i].words[w]), "has %s", rows[i].words[w]);
		code[9] = MOV_IMM(0, 2);
		tap_ok(load(&l, code, ARRAY_SIZE(code)) < 0, "and may not return 2");
		if (fd >= 0)
			close((int)fd);
	}
}

/* BTF of main() and a global g(CANDIDATE *ctx), tagged as context or not; ids as above. */
static int ctx_btf(u32 candidate, bool tagged, const char **ret_name)
{
	static const char *const structs[] = {
		"__sk_buff", "sk_buff", "xdp_md", "xdp_buff", "pt_regs", "user_pt_regs",
		"bpf_perf_event_data", "bpf_raw_tracepoint_args", "bpf_sock", "bpf_sock_addr",
		"bpf_sock_ops", "sk_msg_md", "sk_reuseport_md", "bpf_sk_lookup", "bpf_sockopt",
		"bpf_sysctl", "bpf_cgroup_dev_ctx", "bpf_nf_ctx", "foo",
	};
	union bpf_attr attr;
	u32 type, ptr, proto;

	if (candidate >= ARRAY_SIZE(structs) + 3)
		return -1;
	blob_init(&blob);
	blob_int(&blob, "int", 4, 1u << 24 | 32);
	blob_type(&blob, "", 13, 0, ID_INT);
	blob_type(&blob, "main", 12, 0, ID_PROTO);
	blob_type(&blob, "g", 12, 1, 7);
	if (candidate < ARRAY_SIZE(structs)) {
		*ret_name = structs[candidate];
		type = blob_type(&blob, *ret_name, 4, 0, 8);
		ptr = blob_type(&blob, "", 2, 0, type);
	} else if (candidate == ARRAY_SIZE(structs)) {
		*ret_name = "u64";
		type = blob_int(&blob, *ret_name, 8, 64);
		ptr = blob_type(&blob, "", 2, 0, type);
	} else if (candidate == ARRAY_SIZE(structs) + 1) {
		*ret_name = "int";
		blob_type(&blob, "unused", 4, 0, 8);
		ptr = blob_type(&blob, "", 2, 0, ID_INT);
	} else {
		*ret_name = "typedef bpf_user_pt_regs_t";
		type = blob_type(&blob, "bpf_user_pt_regs_t", 8, 0, 9);
		ptr = blob_type(&blob, "", 2, 0, type);
	}
	proto = blob_type(&blob, "", 13, 1, ID_INT);
	blob_member(&blob, "ctx", ptr, 0);
	blob.word_cnt--; /* a parameter has two words */
	if (tagged) {
		blob_type(&blob, "arg:ctx", 17, 0, 4);
		blob_word(&blob, 0);
	} else {
		blob_int(&blob, "pad", 4, 32);
	}
	blob_type(&blob, "pt_regs", 4, 0, 168);
	blob_finish(&blob);
	memset(&attr, 0, sizeof(attr));
	attr.btf = ptr_to_u64(blob.raw);
	attr.btf_size = blob.raw_len;
	our_btf_fd = (int)skep_bpf(skep, BPF_BTF_LOAD, &attr, sizeof(attr));
	return proto == 7 ? (int)sys_bpf(BPF_BTF_LOAD, &attr) : -1;
}

static bool named(const char *const *names, u32 cnt, const char *name)
{
	for (u32 i = 0; i < cnt && names[i]; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static bool ctx_expected(u32 type, bool tagged, const char *name)
{
	struct prog_ctx_arg arg;

	prog_ctx_arg((enum prog_type)type, 0, &arg);
	if (!strncmp(name, "typedef ", 8)) {
		if (named(arg.typedefs, ARRAY_SIZE(arg.typedefs), name + 8))
			return tagged || arg.typedef_untagged;
		name = "pt_regs"; /* what it stands for */
	}
	if (named(tagged ? arg.structs : arg.untagged, ARRAY_SIZE(arg.structs), name))
		return true;
	return tagged && (arg.anything || (arg.u64_ok && !strcmp(name, "u64")));
}

static void test_ctx_args(void)
{
	/* g(ctx) is called so that it is checked with its own argument. */
	static const struct insn code[] = {
		{ .code = 0x85, .src = 1, .imm = 2 }, { .code = 0xb7, .imm = 1 }, { .code = 0x95 },
		{ .code = 0xb7, .imm = 1 }, { .code = 0x95 },
	};
	const int old = btf_fd;
	const char *name = "";

	if (skep_new(NULL, &skep)) {
		tap_ok(false, "no instance");
		return;
	}
	skep->verify.only = true;

	for (u32 t = 0; t < 2; t++) {
		u32 bad = 0, cnt = 0;

		for (u32 c = 0; (btf_fd = ctx_btf(c, t, &name)) >= 0; c++) {
			for (u32 type = 0; prog_type_name(type); type++) {
				const char *valid;
				struct load l;
				bool kernel;

				if (!loadable(type))
					continue;
				l = some_load(type);
				l.callback_at = 3;
				(void)load(&l, code, ARRAY_SIZE(code));
				valid = strstr(log_text, "Validating g()");
				kernel = valid && strstr(valid, "R1=ctx(");
				cnt++;
				if (kernel != ctx_expected(type, t, name) && bad++ < 12)
					tap_diag("%s %s: kernel %d", prog_type_name(type), name,
						 kernel);
			}
			close(btf_fd);
			close(our_btf_fd);
		}
		tap_ok(!bad && cnt, "%u context arguments %s tag", cnt, t ? "with" : "without");
	}
	btf_fd = old;
	tap_ok(!other_cnt, "verdicts and reasons of our own verifier (%u differ)", other_cnt);
	skep_free(skep);
}

int main(void)
{
	struct utsname u;

	if (!kernel_bpf_allowed() || uname(&u) || strncmp(u.release, "6.18.", 5)) {
		tap_skip("no bpf(2) of Linux 6.18 here");
		return tap_done();
	}
	new_btf();
	test_maps();
	test_field_users();
	test_socket_maps();
	test_callbacks();
	test_ctx_args();
	return tap_done();
}
