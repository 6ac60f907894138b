/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of every helper from programs of every type with arguments of many kinds, right and wrong,
 * through our verifier and the live kernel's: the same verdict, the same complaint.
 *
 *	spec_calls_test [rounds]
 *
 * What differs is told by kinds of difference. Skips where bpf(2) of 6.18 is refused.
 */
#include <stdlib.h>
#include <sys/utsname.h>

#include "base/rand.h"
#include "spec/helper.h"
#include "spec/maptype.h"
#include "tests/spec/dual.h"
#include "tests/tap.h"

#define SEED  0x5ca11u
#define KINDS 256u

#define MOV_IMM(r, v) insn_make(0xb7, r, 0, 0, v)
#define MOV_REG(r, s) insn_make(0xbf, r, s, 0, 0)

static struct dual d;
static int map_fd[64]; /* by type; < 0: none */

static void new_maps(void)
{
	for (u32 type = 0; type < 64; type++)
		map_fd[type] = -1;
	for (u32 type = 1; map_type_name(type); type++) {
		union bpf_attr attr;

		memset(&attr, 0, sizeof(attr));
		attr.map_type = type;
		attr.key_size = 4;
		attr.value_size = 8;
		attr.max_entries = 4;
		if (type == MAP_TYPE_RINGBUF || type == MAP_TYPE_USER_RINGBUF)
			attr.key_size = 0, attr.value_size = 0, attr.max_entries = 4096;
		if (type == MAP_TYPE_QUEUE || type == MAP_TYPE_STACK ||
		    type == MAP_TYPE_BLOOM_FILTER)
			attr.key_size = 0;
		if (type == MAP_TYPE_LPM_TRIE)
			attr.key_size = 8, attr.map_flags = MAP_F_NO_PREALLOC;
		if (map_type_info(type)->flags & MT_CGROUP_STORAGE)
			attr.key_size = 8, attr.max_entries = 0;
		if (type == MAP_TYPE_PROG_ARRAY || type == MAP_TYPE_PERF_EVENT_ARRAY ||
		    type == MAP_TYPE_CGROUP_ARRAY || type == MAP_TYPE_XSKMAP)
			attr.value_size = 4;
		if (map_type_info(type)->lookup == LOOKUP_MAP) {
			attr.value_size = 4;
			attr.inner_map_fd = (u32)map_fd[MAP_TYPE_ARRAY];
		}
		if (map_type_info(type)->flags & MT_ARENA)
			continue;
		map_fd[type] = dual_map(&d, &attr);
	}
}

static int any_map(u64 *r)
{
	int fd;

	do
		fd = map_fd[rand_below(r, 34)];
	while (fd < 0);
	return fd;
}

/* A map that the helper works on, when it works on any. */
static int fitting_map(u64 *r, u32 helper)
{
	const u64 types = helper_map_types((enum helper_id)helper);

	for (u32 tries = 0; tries < 200; tries++) {
		const u32 type = (u32)rand_below(r, 34);

		if (types >> type & 1 && map_fd[type] >= 0)
			return map_fd[type];
	}
	return any_map(r);
}

/* Writes what puts something into register @r; r6 holds the context, fp-64 … fp-1 are written. */
static u32 put_arg(u64 *rnd, u32 helper, const struct helper_arg *arg, u32 reg,
		   struct insn *code)
{
	u32 n = 0, what = (u32)rand_below(rnd, 24);
	const enum arg_kind kind = (enum arg_kind)arg->kind;

	if (what < 16) { /* mostly what is asked for */
		if (kind == ARG_KIND_CONST_MAP_PTR)
			what = 18;
		else if (kind == ARG_KIND_CTX)
			what = 17;
		else if (arg_kind_class(kind) == ARG_CLASS_MEMORY || kind == ARG_KIND_STACK)
			what = 16;
		else
			what = 20;
	}
	switch (what) {
	case 16: /* the stack, deep or shallow */
		code[n++] = MOV_REG(reg, 10);
		code[n++] = insn_make(0x07, reg, 0, 0, -(s32)(8 + 8 * rand_below(rnd, 8)));
		break;
	case 17:
		code[n++] = MOV_REG(reg, 6);
		break;
	case 18: {
		const int fd = rand_below(rnd, 4) ? fitting_map(rnd, helper) : any_map(rnd);

		code[n++] = insn_make(0x18, reg, 1, 0, fd);
		code[n++] = insn_make(0, 0, 0, 0, 0);
		break;
	}
	case 19: /* not yet written stack */
		code[n++] = MOV_REG(reg, 10);
		code[n++] = insn_make(0x07, reg, 0, 0, -256);
		break;
	case 20: {
		static const s32 numbers[] = { 0, 1, 4, 8, 16, 0, 8, 64, 600, -1 };

		code[n++] = MOV_IMM(reg, numbers[rand_below(rnd, ARRAY_SIZE(numbers))]);
		break;
	}
	case 21: /* some number */
		code[n++] = MOV_REG(reg, 7);
		break;
	case 22: /* a value, or NULL */
		code[n++] = MOV_REG(reg, 8);
		break;
	default:
		if (rand_below(rnd, 4))
			code[n++] = MOV_REG(reg, 9); /* a value for sure */
		break;	      /* or nothing */
	}
	return n;
}

/* r6 context, r7 a number, r8 a value or NULL, r9 a value; 64 bytes of stack. */
static u32 prologue(struct insn *code)
{
	u32 n = 0;

	code[n++] = MOV_REG(6, 1);
	for (s32 off = -64; off < 0; off += 8)
		code[n++] = insn_make(0x7a, 10, 0, (s16)off, 0);
	code[n++] = insn_make(0x62, 10, 0, -8, 0); /* a known key of 4 bytes: found for sure */
	for (u32 reg = 8; reg <= 9; reg++) {
		code[n++] = MOV_REG(2, 10);
		code[n++] = insn_make(0x07, 2, 0, 0, -8);
		code[n++] = insn_make(0x18, 1, 1, 0,
				      map_fd[reg == 8 ? MAP_TYPE_HASH : MAP_TYPE_ARRAY]);
		code[n++] = insn_make(0, 0, 0, 0, 0);
		code[n++] = insn_make(0x85, 0, 0, 0, HELPER_map_lookup_elem);
		code[n++] = MOV_REG(reg, 0);
	}
	code[n++] = insn_make(0x79, 7, 9, 0, 0);
	return n;
}

static struct kind {
	char text[320];
	u32 cnt;
} kinds[KINDS];
static u32 kind_cnt, differ_cnt, verdict_cnt, late_cnt;

/* Reasons without their numbers. */
static void blur(const char *from, char *to, size_t size)
{
	size_t n = 0;

	for (; *from && n + 1 < size; from++) {
		if (*from >= '0' && *from <= '9') {
			if (!n || to[n - 1] != 'N')
				to[n++] = 'N';
		} else {
			to[n++] = *from;
		}
	}
	to[n] = 0;
}

static void count(u32 type, u32 helper)
{
	char a[150], b[150], text[320];

	blur(d.reason[0], a, sizeof(a));
	blur(d.reason[1], b, sizeof(b));
	snprintf(text, sizeof(text), "%ld %s | %ld %s", d.ret[0], d.ret[0] ? a : "", d.ret[1],
		 d.ret[1] ? b : "");
	for (u32 i = 0; i < kind_cnt; i++) {
		if (!strcmp(kinds[i].text, text)) {
			kinds[i].cnt++;
			return;
		}
	}
	if (kind_cnt == KINDS)
		return;
	memcpy(kinds[kind_cnt].text, text, sizeof(text));
	kinds[kind_cnt++].cnt = 1;
	tap_diag("%s, %s: kernel %ld %.110s; skep %ld %.110s", prog_type_name(type),
		 helper_info(helper)->name, d.ret[0], d.reason[0], d.ret[1], d.reason[1]);
}

/* What comes later says so (EOPNOTSUPP): neither verdict nor reason can agree. */
static bool comes_later(void)
{
	return d.ret[1] == -EOPNOTSUPP && strstr(d.reason[1], "not supported yet");
}

static void one(u64 *r, u32 type, u32 attach, u32 helper)
{
	const struct helper_info *info = helper_info(helper);
	const struct helper_arg *args = helper_args(info, (enum prog_type)type);
	union bpf_attr attr;
	struct insn code[DUAL_INSNS];
	u32 n = prologue(code);

	for (u32 i = 0; i < HELPER_ARGS && args[i].kind != ARG_KIND_NONE; i++)
		n += put_arg(r, helper, &args[i], i + 1, code + n);
	code[n++] = insn_make(0x85, 0, 0, 0, (s32)helper);
	code[n++] = MOV_IMM(0, 1);
	code[n++] = insn_make(0x95, 0, 0, 0, 0);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.expected_attach_type = attach;
	attr.prog_flags = prog_type_info(type)->flags & PT_SLEEPABLE_ONLY ? 16 : 0;
	dual_load(&d, &attr, code, n);
	if (comes_later()) {
		late_cnt++;
		return;
	}
	/*
	 * A program array belongs to the first type that names it, and all name ours: the kernel
	 * says -EINVAL without a word when the verifier has agreed.
	 */
	if (dual_agree(&d) || (d.ret[0] == -EINVAL && d.reason[0][0] == '(' && !d.ret[1]))
		return;
	differ_cnt++;
	verdict_cnt += !d.ret[0] != !d.ret[1];
	count(type, helper);
}

static u32 some_attach(u32 type)
{
	u32 attach = 0;

	while (attach_type_name(attach) && prog_attach_check(type, &(u32){ attach }))
		attach++;
	return type == PROG_TYPE_CGROUP_SOCK ? (u32)ATTACH_CGROUP_INET_SOCK_CREATE : attach;
}

int main(int argc, char **argv)
{
	const u32 rounds = argc > 1 ? (u32)strtoul(argv[1], NULL, 0) : 2;
	struct utsname u;
	u64 r[4];
	u32 cnt = 0;

	if (!kernel_bpf_allowed() || uname(&u) || strncmp(u.release, "6.18.", 5)) {
		tap_skip("no bpf(2) of Linux 6.18 here");
		return tap_done();
	}
	rand_seed(r, SEED);
	if (skep_new(NULL, &d.skep)) {
		tap_ok(false, "no instance");
		return tap_done();
	}
	d.skep->verify.only = true;
	new_maps();
	for (u32 type = 0; prog_type_name(type); type++) {
		const struct prog_type_info *info = prog_type_info(type);
		u32 attach = some_attach(type);

		if (type == PROG_TYPE_UNSPEC || type == PROG_TYPE_LIRC_MODE2 ||
		    info->flags & PT_KERNEL_BTF)
			continue;
		for (u32 helper = 1; helper < HELPER_ID_END; helper++) {
			if (!helper_allowed(helper_info(helper), (enum prog_type)type, attach))
				continue;
			/* Kernels may be built or locked without these. */
			if (helper == HELPER_probe_write_user || helper == HELPER_override_return)
				continue;
			for (u32 i = 0; i < rounds; i++, cnt++)
				one(r, type, attach, helper);
		}
	}
	for (u32 i = 0; i < kind_cnt; i++)
		if (kinds[i].cnt > 1)
			tap_diag("%u times: %s", kinds[i].cnt, kinds[i].text);
	tap_ok(!verdict_cnt, "%u calls (seed %u), %u not supported yet: %u verdicts differ", cnt,
	       SEED, late_cnt, verdict_cnt);
	tap_ok(!differ_cnt, "%u reasons differ", differ_cnt);
	return tap_done();
}
