/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rows of spec/ctx/, ctx_views.def and ret_ranges.def against the live kernel, which is asked
 * by loading small programs: every program type and attach type, every offset and size, reads
 * and writes (accepted? what is in the register then?); sockets behind pointers; return values;
 * LD_ABS; writing packets.
 *
 *	spec_access_test [all]	 all: every attach type that a type takes, not one of each kind
 *
 * Skips where bpf(2) is refused or the kernel is not 6.18.
 */
#include <stdlib.h>
#include <sys/utsname.h>

#include "base/types.h"
#include "core/skep.h"
#include "isa/insn.h"
#include "skep/skep.h"
#include "spec/access.h"
#include "spec/helper.h"
#include "tests/kernel_bpf.h"
#include "tests/tap.h"

#define LOG_BYTES 16384u
#define SLEEPABLE 16u

struct load {
	u32 type, attach, flags;
	int fd_array;
};

static char log_text[LOG_BYTES];

static struct skep *skep;
static u32 other_cnt, loaded_cnt;

static union bpf_attr load_attr(const struct load *l, const struct insn *insns, u32 cnt)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = l->type;
	attr.expected_attach_type = l->attach;
	attr.prog_flags = l->flags;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = cnt;
	attr.license = ptr_to_u64("GPL");
	return attr;
}

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

/* The same program through our own bpf(2): the same verdict, for the same reason. */
static void compare_ours(const struct load *l, union bpf_attr *attr, long theirs)
{
	static char kernel_text[LOG_BYTES], our_text[LOG_BYTES];
	const char *why, *our_why;
	long fd;

	attr->log_buf = ptr_to_u64(our_text);
	attr->log_size = LOG_BYTES;
	attr->log_level = 2;
	our_text[0] = 0;
	fd = skep_bpf(skep, BPF_PROG_LOAD, attr, sizeof(*attr));
	if (fd >= 0)
		close((int)fd);
	loaded_cnt++;
	memcpy(kernel_text, log_text, sizeof(log_text));
	/* Two slips of 6.18: offsets below 0 (see ask), words that it cannot rewrite (-EFAULT). */
	if (fd == -EOPNOTSUPP && strstr(our_text, "needs kernel BTF"))
		return; /* not yet */
	if (theirs == -EFAULT || (theirs >= 0 && l->type == PROG_TYPE_TRACEPOINT &&
				  strstr(our_text, "access off=-")))
		return;
	why = reason(kernel_text);
	our_why = reason(our_text);
	if ((fd < 0 ? fd : 0) == (theirs < 0 ? theirs : 0) && (fd >= 0 || !strcmp(why, our_why)))
		return;
	if (other_cnt++ < 30)
		tap_diag("%s at %s: kernel %ld %s; skep %ld %s", prog_type_name(l->type),
			 attach_type_name(l->attach), theirs, why, fd, our_why);
}

static int load(const struct load *l, const struct insn *insns, u32 cnt)
{
	union bpf_attr attr = load_attr(l, insns, cnt);
	long fd;

	attr.log_buf = ptr_to_u64(log_text);
	attr.log_size = LOG_BYTES;
	attr.log_level = 2;
	log_text[0] = 0;
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		fd = -errno;
	else
		close((int)fd);
	compare_ours(l, &attr, fd);
	return fd < 0 ? (int)fd : 0;
}

#define MOV_IMM(r, v) insn_make(0xb7, r, 0, 0, v)
#define MOV_REG(r, s) insn_make(0xbf, r, s, 0, 0)
#define EXIT_INSN     insn_make(0x95, 0, 0, 0, 0)
#define CALL(h)	      insn_make(0x85, 0, 0, 0, (s32)(h))
#define JNE0(r, off)  insn_make(0x55, r, 0, off, 0)

static u8 size_code(u32 size_bytes)
{
	return size_bytes == 8 ? 0x18 : size_bytes == 4 ? 0 : size_bytes == 2 ? 0x08 : 0x10;
}

/* What follows "R2=" in the log. */
static const char *value_text(enum ctx_value value)
{
	static const char *const texts[] = {
		[CTX_SCALAR] = "scalar", [CTX_PACKET] = "pkt(", [CTX_PACKET_END] = "pkt_end(",
		[CTX_PACKET_META] = "pkt_meta(",
		[CTX_SOCK_COMMON_OR_NULL] = "sock_common_or_null(",
		[CTX_SOCK_COMMON] = "sock_common(", [CTX_SOCKET_OR_NULL] = "sock_or_null(",
		[CTX_SOCKET] = "sock(", [CTX_TCP_SOCK] = "tcp_sock(", [CTX_XDP_SOCK] = "xdp_sock(",
		[CTX_FLOW_KEYS] = "flow_keys(", [CTX_TP_BUFFER] = "tp_buffer(",
		[CTX_BTF_PTR] = "trusted_ptr_",
	};

	return texts[value];
}

static bool log_says(enum ctx_value value)
{
	const char *at = strstr(log_text, "\n1: ("), *text = value_text(value);

	at = at ? strstr(at, " R2=") : NULL;
	return at && !strncmp(at + 4, text, strlen(text));
}

static u32 bad_cnt, asked_cnt;

static void differs(const struct load *l, const struct ctx_access_query *q, int kernel, int ours)
{
	if (bad_cnt++ < 40)
		tap_diag("%s at %s: %s off %d size %u%s: kernel %d, table %d",
			 prog_type_name(l->type), attach_type_name(l->attach),
			 q->write ? "write" : "read", q->off, q->size_bytes, q->sext ? " sext" : "",
			 kernel, ours);
}

static void ask(const struct load *l, const struct ctx_access_query *q)
{
	const struct prog_kind kind = {
		.type = (enum prog_type)l->type, .attach_type = l->attach, .bpf_capable = true,
	};
	struct ctx_access_result res;
	struct insn code[8];
	u32 cnt = 0;
	int ours = prog_ctx_access(&kind, q, &res), kernel;

	code[cnt++] = MOV_IMM(2, 0);
	code[cnt++] = q->write ? insn_make((u8)(0x63 | size_code(q->size_bytes)), 1, 2,
					   (s16)q->off, 0) :
				 insn_make((u8)((q->sext ? 0x81 : 0x61) | size_code(q->size_bytes)),
					   2, 1, (s16)q->off, 0);
	code[cnt++] = MOV_IMM(0, 1);
	code[cnt++] = EXIT_INSN;
	kernel = load(l, code, cnt);
	asked_cnt++;
	/* 6.18 compares a negative offset as an unsigned one there, and accepts it: we do not. */
	if (q->off < 0 && l->type == PROG_TYPE_TRACEPOINT)
		kernel = -EACCES;
	/* A sign-extended pointer is refused; of scalars the log shows a range. */
	if (!kernel != !ours || (!kernel && !q->write && !q->sext && !log_says(res.value)))
		differs(l, q, kernel, ours);
}

/* Where to look: all of a small context, the seams of a large one. */
static bool worth(s32 off)
{
	return off <= 256 || (off >= 8176 && off <= 8200) || off >= 32752;
}

static void sweep(const struct load *l)
{
	const u32 before = bad_cnt, asked = asked_cnt;

	for (s32 off = -8; off <= 32767; off++) {
		if (!worth(off))
			continue;
		for (u32 size_bytes = 1; size_bytes <= 8; size_bytes *= 2) {
			struct ctx_access_query q = { .off = off, .size_bytes = size_bytes };

			/* What is not aligned is asked now and then: always refused. */
			if (off % (s32)size_bytes && off % 5)
				continue;
			ask(l, &q);
			q.write = true;
			ask(l, &q);
			q.write = false;
			q.sext = true;
			if (size_bytes < 8)
				ask(l, &q);
		}
	}
	tap_ok(bad_cnt == before, "context of %s at %s: %u accesses", prog_type_name(l->type),
	       attach_type_name(l->attach), asked_cnt - asked);
}

/* Programs of these types cannot be loaded here, whatever they do. */
static bool loadable(u32 type)
{
	const struct prog_type_info *info = prog_type_info(type);

	return info && type != PROG_TYPE_UNSPEC && type != PROG_TYPE_LIRC_MODE2 &&
	       !(info->flags & PT_KERNEL_BTF);
}

static u32 load_flags(u32 type)
{
	return prog_type_info(type)->flags & PT_SLEEPABLE_ONLY ? SLEEPABLE : 0;
}

/* One attach type for each answer that the tables can give, or all. */
static bool attach_matters(u32 type, u32 attach, bool all)
{
	u32 as = attach;

	if (prog_attach_check(type, &as) || as != attach)
		return false;
	if (all || type == PROG_TYPE_CGROUP_SOCK_ADDR)
		return true;
	if (type == PROG_TYPE_CGROUP_SOCK || type == PROG_TYPE_CGROUP_SOCKOPT)
		return true;
	if (type == PROG_TYPE_XDP)
		return attach == ATTACH_XDP || attach == ATTACH_XDP_DEVMAP;
	if (attach == 0)
		return true;
	as = 0;
	return prog_attach_check(type, &as) != 0 || as != 0; /* those that refuse 0 */
}

static void test_contexts(bool all)
{
	for (u32 type = 0; prog_type_name(type); type++) {
		if (!loadable(type))
			continue;
		for (u32 attach = 0; attach_type_name(attach); attach++) {
			const struct load l = { .type = type, .attach = attach,
						.flags = load_flags(type) };

			if (attach_matters(type, attach, all))
				sweep(&l);
		}
	}
}

/* r2 = a pointer of kind @value, or the program ends. Returns how many instructions. */
static u32 pointer_code(enum ctx_value value, struct insn *code)
{
	u32 n = 0;

	if (value == CTX_SOCKET) {
		code[n++] = insn_make(0x79, 2, 1, 64, 0); /* bpf_sock_addr.sk */
		return n;
	}
	code[n++] = insn_make(0x79, 2, 1, 168, 0); /* __sk_buff.sk */
	code[n++] = JNE0(2, 2);
	code[n++] = MOV_IMM(0, 1);
	code[n++] = EXIT_INSN;
	if (value == CTX_TCP_SOCK) {
		code[n++] = MOV_REG(1, 2);
		code[n++] = CALL(HELPER_tcp_sock);
		code[n++] = JNE0(0, 2);
		code[n++] = MOV_IMM(0, 1);
		code[n++] = EXIT_INSN;
		code[n++] = MOV_REG(2, 0);
	}
	return n;
}

static void test_objects(void)
{
	static const enum ctx_value kinds[] = { CTX_SOCKET, CTX_SOCK_COMMON, CTX_TCP_SOCK };

	for (u32 k = 0; k < ARRAY_SIZE(kinds); k++) {
		const struct load l = {
			.type = kinds[k] == CTX_SOCKET ? PROG_TYPE_CGROUP_SOCK_ADDR :
							 PROG_TYPE_CGROUP_SKB,
			.attach = kinds[k] == CTX_SOCKET ? ATTACH_CGROUP_INET4_CONNECT : 0,
		};
		const u32 before = bad_cnt;

		for (s32 off = 0; off < 128 * 4; off++) {
			struct ctx_access_query q = { .off = off / 4, .size_bytes = 1u << off % 4 };
			struct ctx_access_result res;
			struct insn code[16];
			u32 n = pointer_code(kinds[k], code);
			int ours = object_access(kinds[k], &q, &res), kernel;

			code[n++] = insn_make((u8)(0x61 | size_code(q.size_bytes)), 3, 2,
					      (s16)q.off, 0);
			code[n++] = MOV_IMM(0, 1);
			code[n++] = EXIT_INSN;
			kernel = load(&l, code, n);
			if (!kernel != !ours)
				differs(&l, &q, kernel, ours);
		}
		tap_ok(bad_cnt == before, "reads behind %s", value_text(kinds[k]));
	}
}

static void test_returns(void)
{
	static const s32 values[] = { -1, 0, 1, 2, 3, 4, 0x7fffffff };

	for (u32 type = 0; prog_type_name(type); type++) {
		u32 bad = 0;

		if (!loadable(type))
			continue;
		for (u32 i = 0; i < 58 * ARRAY_SIZE(values); i++) {
			const struct load l = { .type = type, .attach = i / ARRAY_SIZE(values),
						.flags = load_flags(type) };
			const s32 value = values[i % ARRAY_SIZE(values)];
			const struct insn code[] = { MOV_IMM(0, value), EXIT_INSN };
			struct prog_ret_range range;
			u32 as = l.attach;
			int kernel;

			if (prog_attach_check(type, &as) || as != l.attach ||
			    prog_ret_range((enum prog_type)type, as, &range))
				continue;
			kernel = load(&l, code, 2);
			if (!kernel == (range.any || (value >= range.min && value <= range.max)))
				continue;
			bad++;
			tap_diag("%s at %s: returns %d: kernel %d", prog_type_name(type),
				 attach_type_name(l.attach), value, kernel);
		}
		tap_ok(!bad, "return values of %s", prog_type_name(type));
	}
}

static u32 some_attach(u32 type)
{
	u32 attach = 0;

	while (attach_type_name(attach) && prog_attach_check(type, &(u32){ attach }))
		attach++;
	return type == PROG_TYPE_CGROUP_SOCK ? (u32)ATTACH_CGROUP_INET_SOCK_CREATE : attach;
}

static struct load some_load(u32 type)
{
	if (!loadable(type))
		return (struct load){ .type = type };
	return (struct load){ .type = type, .attach = some_attach(type),
			      .flags = load_flags(type) };
}

static void test_ld_abs(void)
{
	static const struct insn code[] = {
		{ .code = 0xbf, .dst = 6, .src = 1 }, { .code = 0x30 }, { .code = 0xb7, .imm = 1 },
		{ .code = 0x95 },
	};

	for (u32 type = 0; prog_type_name(type); type++) {
		const struct load l = some_load(type);

		if (loadable(type))
			tap_eq(!load(&l, code, 4), !!(prog_type_info(type)->flags & PT_LD_ABS),
			       "LD_ABS in %s", prog_type_name(type));
	}
}

/* Where the pointers to a packet's start and end lie in each context that has them. */
static bool packet_fields(const struct prog_kind *kind, struct ctx_access_query q[2])
{
	struct ctx_access_result res;
	u32 found = 0;

	for (s32 off = 0; off < 256; off += 4) {
		for (u32 size_bytes = 4; size_bytes <= 8; size_bytes += 4) {
			struct ctx_access_query at = { .off = off, .size_bytes = size_bytes };

			if (prog_ctx_access(kind, &at, &res))
				continue;
			if (res.value == CTX_PACKET)
				q[0] = at, found |= 1;
			if (res.value == CTX_PACKET_END)
				q[1] = at, found |= 2;
		}
	}
	return found == 3;
}

/* @how: 0 a store, 1 memory for a helper that may have packets, 2 for one that may not. */
static int packet_load(const struct load *l, const struct ctx_access_query q[2], u32 how)
{
	struct insn code[24];
	u32 n = 0;

	code[n++] = MOV_REG(6, 1);
	code[n++] = insn_make((u8)(0x61 | size_code(q[0].size_bytes)), 2, 1, (s16)q[0].off, 0);
	code[n++] = insn_make((u8)(0x61 | size_code(q[1].size_bytes)), 3, 1, (s16)q[1].off, 0);
	code[n++] = MOV_REG(4, 2);
	code[n++] = insn_make(0x07, 4, 0, 0, 8);
	code[n++] = insn_make(0xbd, 4, 3, 2, 0); /* if r4 <= r3 */
	code[n++] = MOV_IMM(0, 1);
	code[n++] = EXIT_INSN;
	if (how == 0) {
		code[n++] = insn_make(0x7a, 2, 0, 0, 0);
	} else if (how == 1) { /* csum_diff(from, 4, NULL, 0, 0) */
		code[n++] = MOV_REG(1, 2);
		code[n++] = MOV_IMM(2, 4);
		code[n++] = MOV_IMM(3, 0);
		code[n++] = MOV_IMM(4, 0);
		code[n++] = MOV_IMM(5, 0);
		code[n++] = CALL(HELPER_csum_diff);
	} else { /* trace_printk(packet, 8): reads */
		code[n++] = MOV_REG(1, 2);
		code[n++] = MOV_IMM(2, 8);
		code[n++] = CALL(HELPER_trace_printk);
	}
	code[n++] = MOV_IMM(0, 1);
	code[n++] = EXIT_INSN;
	return load(l, code, n);
}

static void test_packets(void)
{
	for (u32 type = 0; prog_type_name(type); type++) {
		const struct load l = some_load(type);
		const struct prog_kind kind = { .type = (enum prog_type)type,
						.attach_type = l.attach, .bpf_capable = true };
		enum pkt_rights rights = prog_pkt_rights((enum prog_type)type);
		struct ctx_access_query q[2];

		if (!loadable(type) || !packet_fields(&kind, q))
			continue;
		tap_eq(!packet_load(&l, q, 0), rights >= PKT_WRITE, "%s writes packets",
		       prog_type_name(type));
		if (helper_allowed(helper_info(HELPER_csum_diff), kind.type, l.attach))
			tap_eq(!packet_load(&l, q, 1), rights != PKT_NONE,
			       "%s gives packets to helpers", prog_type_name(type));
		tap_eq(!packet_load(&l, q, 2), rights == PKT_ALL,
		       "%s gives packets to every helper", prog_type_name(type));
	}
}

int main(int argc, char **argv)
{
	struct utsname u;

	if (!kernel_bpf_allowed() || uname(&u) || strncmp(u.release, "6.18.", 5) ||
	    strcmp(u.machine, "x86_64")) {
		tap_skip("no bpf(2) of Linux 6.18 on x86-64 here");
		return tap_done();
	}
	if (skep_new(NULL, &skep)) {
		tap_ok(false, "no instance");
		return tap_done();
	}
	skep->verify.only = true;
	test_returns();
	test_ld_abs();
	test_packets();
	test_objects();
	test_contexts(argc > 1 && !strcmp(argv[1], "all"));
	tap_ok(!other_cnt, "%u programs: verdict and reason of our own verifier (%u differ)",
	       loaded_cnt, other_cnt);
	skep_free(skep);
	return tap_done();
}
