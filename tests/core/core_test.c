/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instances as embedders meet them: options that grow, several at once, programs loaded by raw
 * bpf(2) and run through include/skep/prog.h, in threads, with every allocation failing once; and
 * program tags as the live kernel computes them.
 */
#include <pthread.h>
#include <unistd.h>

#include "core/skep.h"
#include "isa/insn.h"
#include "jit/jit.h"
#include "skep/prog.h"
#include "skep/skep.h"
#include "tests/kernel_bpf.h"
#include "tests/oom.h"
#include "tests/tap.h"

#define THREADS 4
#define ROUNDS	200

/* r0 = (data_end - data) of struct xdp_md. */
static const struct insn length_prog[] = {
	{ .code = 0x61, .dst = 2, .src = 1, .off = 4 },
	{ .code = 0x61, .dst = 0, .src = 1, .off = 0 },
	{ .code = 0x1f, .dst = 2, .src = 0 },
	{ .code = 0xbf, .dst = 0, .src = 2 },
	{ .code = 0x95 },
};

/* Reads one byte past r1->data_end. */
static const struct insn past_prog[] = {
	{ .code = 0x61, .dst = 2, .src = 1, .off = 4 },
	{ .code = 0x71, .dst = 0, .src = 2, .off = 0 },
	{ .code = 0x95 },
};

static long load(struct skep *skep, const struct insn *insns, u32 cnt)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = cnt;
	attr.license = ptr_to_u64("GPL");
	return skep_bpf(skep, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static long map_new(struct skep *skep)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = 8;
	attr.max_entries = 1;
	return skep_bpf(skep, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static u32 next_map_id(struct skep *skep, u32 id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.start_id = id;
	return skep_bpf(skep, BPF_MAP_GET_NEXT_ID, &attr, sizeof(attr)) ? 0 : attr.next_id;
}

static void test_options(void)
{
	struct {
		struct skep_opts opts;
		uint64_t future;
	} longer = { .opts = { .size = sizeof(longer) } };
	struct skep_opts small = { .size = sizeof(small.size) }, bad = { .size = 4 };
	struct skep *skep = NULL;

	tap_eq(skep_new(NULL, &skep), 0, "an instance without options");
	skep_free(skep);
	tap_eq(skep_new(&small, &skep), 0, "options of an older, smaller struct");
	skep_free(skep);
	tap_eq(skep_new(&longer.opts, &skep), 0, "options of a newer struct, the rest zero");
	skep_free(skep);
	longer.future = 1;
	tap_eq(skep_new(&longer.opts, &skep), -EINVAL, "a newer option is refused");
	tap_eq(skep_new(&bad, &skep), -EINVAL, "a size smaller than itself is refused");
	bad = (struct skep_opts){ .size = sizeof(bad), .cpus = 1u << 20 };
	tap_eq(skep_new(&bad, &skep), -EINVAL, "a million CPUs are refused");
	skep_free(NULL);
}

static void test_two_instances(void)
{
	struct skep *a = NULL, *b = NULL;
	long fd_a, fd_b;
	union bpf_attr attr;

	tap_ok(!skep_new(NULL, &a) && !skep_new(NULL, &b), "two instances at once");
	fd_a = map_new(a);
	fd_b = map_new(b);
	tap_ok(fd_a >= 0 && fd_b >= 0, "a map in each");
	tap_ok(next_map_id(a, 0) == 1 && next_map_id(b, 0) == 1, "each counts its own ids");
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)fd_a;
	tap_eq(skep_bpf(b, BPF_MAP_FREEZE, &attr, sizeof(attr)), -EINVAL,
	       "one does not take the other's descriptors");
	close((int)fd_a);
	tap_eq(next_map_id(a, 0), 0, "a closed map is gone from its instance");
	tap_eq(next_map_id(b, 0), 1, "the other's stays");
	skep_free(a);
	skep_free(b);
	close((int)fd_b);
}

static void test_run(void)
{
	unsigned char frame[60] = { 0 };
	char fault[1024];
	struct skep_run run = { .size = sizeof(run), .data = frame, .data_bytes = sizeof(frame),
				.fault = fault, .fault_room = sizeof(fault) };
	const struct skep_opts guard = { .size = sizeof(guard), .check = SKEP_CHECK_GUARD };
	struct skep_prog *prog;
	struct skep *skep;
	long fd;

	tap_eq(skep_new(NULL, &skep), 0, "an instance to run in");
	fd = load(skep, length_prog, ARRAY_SIZE(length_prog));
	tap_ok(fd >= 0, "a program loads");
	tap_eq(skep_prog_open(skep, 99999, &prog), -EBADF, "no program behind a closed descriptor");
	tap_eq(skep_prog_open(skep, STDIN_FILENO, &prog), -EINVAL, "nor behind a plain file");
	tap_eq(skep_prog_open(skep, (int)fd, &prog), 0, "its handle");
	close((int)fd);
	tap_ok(!skep_prog_run(prog, &run) && run.retval == sizeof(frame), "it sees the length");
	run.size = 3;
	tap_eq(skep_prog_run(prog, &run), -EINVAL, "a wrong size is refused");
	run.size = sizeof(run);
	run.data = NULL;
	tap_eq(skep_prog_run(prog, &run), -EINVAL, "run-data-null: a length without data too");
	run.data = frame;
	run.size = sizeof(run);
	skep_prog_close(prog);
	tap_eq(load(skep, past_prog, ARRAY_SIZE(past_prog)), -EACCES, "a faulty program does not");
	skep_free(skep);
	tap_eq(skep_new(&guard, &skep), 0, "an instance that watches instead of proving");
	fd = load(skep, past_prog, ARRAY_SIZE(past_prog));
	tap_eq(skep_prog_open(skep, (int)fd, &prog), 0, "there it loads");
	close((int)fd);
	tap_eq(skep_prog_run(prog, &run), -EFAULT, "and is stopped when it faults");
	tap_ok(strstr(fault, "past the end of the 60-byte packet"), "with a report in words");
	skep_free(skep);
	tap_eq(skep_prog_run(prog, &run), -EFAULT, "a handle holds its instance");
	skep_prog_close(prog);
}

struct worker {
	struct skep_prog *prog;
	u32 bytes;
	bool ok;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	unsigned char frame[256] = { 0 };

	w->ok = true;
	for (u32 i = 0; i < ROUNDS; i++) {
		struct skep_run run = { .size = sizeof(run), .data = frame,
					.data_bytes = w->bytes };

		w->ok &= !skep_prog_run(w->prog, &run) && run.retval == w->bytes;
	}
	return NULL;
}

static void test_threads(void)
{
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	struct skep_prog *prog;
	struct skep *skep;
	bool ok = true;
	long fd;

	tap_eq(skep_new(NULL, &skep), 0, "an instance for threads");
	fd = load(skep, length_prog, ARRAY_SIZE(length_prog));
	tap_eq(skep_prog_open(skep, (int)fd, &prog), 0, "one handle for all");
	close((int)fd);
	for (u32 i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .prog = prog, .bytes = 60 + i };
		ok &= !pthread_create(&threads[i], NULL, work, &workers[i]);
	}
	for (u32 i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		ok &= workers[i].ok;
	}
	tap_ok(ok, "%u threads run one program %u times each", THREADS, ROUNDS);
	skep_prog_close(prog);
	skep_free(skep);
}

/* r0 = 0x1bad; its constant stands in machine code that is not blinded. */
static const struct insn constant_prog[] = {
	{ .code = 0x18, .dst = 1, .imm = 0x5eedc0de }, { .imm = 0x1bad },
	{ .code = 0xb4, .dst = 0, .imm = 0x5eedc0de },
	{ .code = 0x1f, .dst = 1, .src = 0 },
	{ .code = 0xbf, .dst = 0, .src = 1 },
	{ .code = 0x77, .dst = 0, .imm = 32 },
	{ .code = 0x95 },
};

static bool info_of(struct skep *skep, long fd, struct bpf_prog_info *info)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (u32)fd;
	attr.info.info_len = sizeof(*info);
	attr.info.info = ptr_to_u64(info);
	return !skep_bpf(skep, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr));
}

/*
 * Whether 0x5eedc0de stands in machine code: as four bytes (x86-64), or as the immediates of two
 * words in a row (arm64's movz and movk).
 */
static bool has_constant(const u8 *code, u32 bytes)
{
	static const u8 constant[] = { 0xde, 0xc0, 0xed, 0x5e };
	u32 words[2];

	for (u32 i = 0; i + sizeof(words) <= bytes; i += sizeof(words[0])) {
		memcpy(words, code + i, sizeof(words));
		if ((words[0] >> 5 & 0xffff) == 0xc0de && (words[1] >> 5 & 0xffff) == 0x5eed)
			return true;
	}
	return memmem(code, bytes, constant, sizeof(constant)) != NULL;
}

/* The program's result under @opts; *ret_plain: its constant stands in the machine code. */
static u32 run_constant(const struct skep_opts *opts, bool *ret_plain, u64 *ret_addr)
{
	unsigned char frame[60] = { 0 };
	struct skep_run run = { .size = sizeof(run), .data = frame, .data_bytes = sizeof(frame) };
	struct bpf_prog_info info = { 0 };
	struct skep_prog *prog;
	struct skep *skep;
	u8 code[4096];
	long fd;

	*ret_plain = false;
	*ret_addr = 0;
	if (skep_new(opts, &skep))
		return 0;
	fd = load(skep, constant_prog, ARRAY_SIZE(constant_prog));
	info.jited_prog_insns = ptr_to_u64(code);
	info.jited_prog_len = sizeof(code);
	info.jited_ksyms = ptr_to_u64(ret_addr);
	info.nr_jited_ksyms = 1;
	if (!info_of(skep, fd, &info) || skep_prog_open(skep, (int)fd, &prog)) {
		skep_free(skep);
		return 0;
	}
	*ret_plain = info.jited_prog_len && has_constant(code, info.jited_prog_len);
	if (skep_prog_run(prog, &run))
		run.retval = 0;
	skep_prog_close(prog);
	close((int)fd);
	skep_free(skep);
	return run.retval;
}

/*
 * The program as @rights load it: what its info tells them of the code, and (from inside) whether
 * its constant stands in the code.
 */
static void test_rights(u32 rights, bool lens, bool bytes, bool plain)
{
	const struct skep_opts opts = { .size = sizeof(opts), .rights = rights };
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER };
	struct jit_view view;
	struct skep *skep;
	struct obj *obj;
	u8 code[4096];
	u64 addr;
	long fd;

	attr.insns = ptr_to_u64(constant_prog);
	attr.insn_cnt = ARRAY_SIZE(constant_prog);
	attr.license = ptr_to_u64("GPL");
	if (!tap_eq(skep_new(&opts, &skep), 0, "rights %u", rights))
		return;
	fd = skep_bpf(skep, BPF_PROG_LOAD, &attr, sizeof(attr));
	info.jited_prog_insns = ptr_to_u64(code);
	info.jited_prog_len = sizeof(code);
	info.jited_ksyms = ptr_to_u64(&addr);
	info.nr_jited_ksyms = 1;
	tap_ok(fd >= 0 && info_of(skep, fd, &info), "load, and are told");
	tap_eq(info.jited_prog_len != 0, lens, "the length of the code");
	tap_eq(info.jited_prog_len && info.jited_prog_insns, bytes, "its bytes");
	tap_eq(info.nr_jited_ksyms && info.jited_ksyms, bytes, "its addresses");
	if (!obj_fd_get(&skep->home, (int)fd, OBJ_PROG, &obj, NULL)) {
		tap_ok(jit_view(container_of(obj, struct prog, obj), &view), "it is compiled");
		tap_eq(has_constant(view.code, view.code_bytes), plain,
		       "with its constants as they are");
		obj_put(obj);
	}
	close((int)fd);
	skep_free(skep);
}

static void test_engines(void)
{
	struct skep_opts opts = { .size = sizeof(opts), .engine = SKEP_ENGINE_INTERP };
	struct skep *skep;
	bool plain, moved = false;
	u64 addr, first = 0;

	tap_eq(run_constant(&opts, &plain, &addr), 0x1bad, "the interpreter, when asked for");
	tap_ok(!plain && !addr, "then there is no machine code to be shown");
	opts.engine = SKEP_ENGINE_INTERP + 1;
	tap_eq(skep_new(&opts, &skep), -EINVAL, "an engine that nobody knows");
	opts.engine = SKEP_ENGINE_JIT;
	opts.harden = SKEP_HARDEN_NONE + 1;
	tap_eq(skep_new(&opts, &skep), -EINVAL, "a hardening that nobody knows");
	opts.harden = SKEP_HARDEN_UNPRIV;
	if (skep_new(&opts, &skep)) {
		tap_skip("the JIT: no target for this machine");
		return;
	}
	skep_free(skep);
	tap_eq(run_constant(&opts, &plain, &addr), 0x1bad, "the JIT");
	tap_ok(plain && addr, "its code contains the program's constants");
	opts.harden = SKEP_HARDEN_ALL;
	for (u32 i = 0; i < 16; i++) {
		tap_eq(run_constant(&opts, &plain, &addr), 0x1bad, "hardened");
		tap_ok(!plain && addr, "no constant of the program in the code");
		if (!i)
			first = addr;
		moved |= (addr ^ first) & 0xff0;
	}
	test_rights(SKEP_RIGHTS_ALL, true, true, true);
	test_rights(SKEP_RIGHTS_PERFMON, true, false, true);
	test_rights(SKEP_RIGHTS_BPF, true, false, true);
	test_rights(SKEP_RIGHTS_UNPRIV, false, false, false);
	tap_ok(moved, "and it does not begin at the same place of a page each time");
}

static int oom_round(void *arg)
{
	unsigned char frame[60] = { 0 };
	struct skep_run run = { .size = sizeof(run), .data = frame, .data_bytes = sizeof(frame) };
	struct skep_prog *prog = NULL;
	struct skep *skep = NULL;
	long fd = -1;
	int err = skep_new(NULL, &skep);

	(void)arg;
	if (!err) {
		fd = load(skep, length_prog, ARRAY_SIZE(length_prog));
		err = fd < 0 ? (int)fd : 0;
	}
	if (!err)
		err = skep_prog_open(skep, (int)fd, &prog);
	if (!err)
		err = skep_prog_run(prog, &run);
	if (fd >= 0)
		close((int)fd);
	skep_prog_close(prog);
	skep_free(skep);
	return err;
}

static bool kernel_tag(const struct insn *insns, u32 cnt, u8 tag[BPF_TAG_SIZE])
{
	struct bpf_prog_info info;
	union bpf_attr attr;
	int fd = kernel_prog_load(BPF_PROG_TYPE_XDP, insns, cnt, NULL, 0);

	if (fd < 0)
		return false;
	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (u32)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = ptr_to_u64(&info);
	if (syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr))) {
		close(fd);
		return false;
	}
	memcpy(tag, info.tag, BPF_TAG_SIZE);
	close(fd);
	return true;
}

static void test_tag(void)
{
	u8 theirs[BPF_TAG_SIZE], ours[BPF_TAG_SIZE] = { 0 };
	struct bpf_prog_info info;
	union bpf_attr attr;
	struct skep *skep;
	long fd;

	tap_eq(skep_new(NULL, &skep), 0, "an instance for tags");
	fd = load(skep, length_prog, ARRAY_SIZE(length_prog));
	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (u32)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = ptr_to_u64(&info);
	tap_eq(skep_bpf(skep, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), 0, "a program's info");
	memcpy(ours, info.tag, sizeof(ours));
	if (!kernel_tag(length_prog, ARRAY_SIZE(length_prog), theirs))
		tap_skip("tag as the kernel's: bpf(2) is refused here");
	else
		tap_ok(!memcmp(ours, theirs, sizeof(ours)), "its tag is the live kernel's");
	close((int)fd);
	skep_free(skep);
}

int main(void)
{
	test_options();
	test_two_instances();
	test_run();
	test_threads();
	test_tag();
	test_engines();
	oom_sweep(oom_round, NULL, "an instance, a program and a run");
	return tap_done();
}
