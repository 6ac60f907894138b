/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the converter makes for Linux loads there as a socket filter and, by BPF_PROG_TEST_RUN,
 * gives the result of the classic interpreter: random programs, and libpcap's kind of offsets.
 *
 * test_cbpf_target [--count N] [--seed S]
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engines.h"
#include "gen.h"
#include "tests/tap.h"

#define PROGRAM_MAX 64
#define FRAME_BYTES 200

struct totals {
	u64 tried, converted, run, nonzero;
};

static int sys_bpf(int cmd, union bpf_attr *attr)
{
	long ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : (int)ret;
}

static int load(const struct insn *insns, u32 len, char *log, u32 log_bytes)
{
	union bpf_attr attr = { 0 };

	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = ptr_to_u64(insns);
	attr.insn_cnt = len;
	attr.license = ptr_to_u64("BSD");
	attr.log_buf = ptr_to_u64(log);
	attr.log_size = log_bytes;
	attr.log_level = log_bytes ? 1 : 0;
	return sys_bpf(BPF_PROG_LOAD, &attr);
}

/* The test run takes an Ethernet frame and runs the filter on it from its first byte on. */
static int test_run(int fd, const u8 *frame, u32 *ret_result)
{
	union bpf_attr attr = { 0 };
	int err;

	attr.test.prog_fd = (u32)fd;
	attr.test.data_in = ptr_to_u64(frame);
	attr.test.data_size_in = FRAME_BYTES;
	err = sys_bpf(BPF_PROG_TEST_RUN, &attr);
	*ret_result = attr.test.retval;
	return err;
}

/*
 * Ancillary data depend on how the kernel dresses up the frame: they have their own tests
 * (test_kernel.c), so programs that read them are left out, and special offsets.
 */
static bool reads_special(const struct cbpf_insn *insns, u32 len)
{
	for (u32 i = 0; i < len; i++) {
		enum cbpf_op op = cbpf_op_of(insns[i].code);

		if (op == CBPF_OP_BAD)
			return true;
		if ((cbpf_op_table[op].operand == CBPF_OPERAND_ABS ||
		     cbpf_op_table[op].operand == CBPF_OPERAND_MSH) && insns[i].k >= CBPF_OFF_LL)
			return true;
	}
	return false;
}

/* A full socket filter sees the frame behind its Ethernet header. */
static bool compare(int fd, struct cbpf_prog *prog, struct gen *gen, struct totals *totals)
{
	struct cbpf_view view = { 0 };
	u8 frame[FRAME_BYTES];
	u32 ours, theirs = 0;

	gen_packet(gen, frame, FRAME_BYTES);
	frame[12] = 0x12; /* no protocol that the kernel would look into */
	frame[13] = 0x34;
	cbpf_view_set(&view, frame + 14, FRAME_BYTES - 14, FRAME_BYTES - 14);
	view.net_off_bytes = 0;
	view.mac_off_bytes = -14;
	view.headroom_bytes = 14;
	ours = cbpf_run(prog, &view);
	if (test_run(fd, frame, &theirs)) {
		tap_diag("BPF_PROG_TEST_RUN refused: errno %d", errno);
		return false;
	}
	totals->run++;
	totals->nonzero += ours != 0;
	if (ours != theirs)
		tap_diag("classic 0x%x, kernel 0x%x", ours, theirs);
	return ours == theirs;
}

static bool one_program(struct gen *gen, enum cbpf_mode mode, struct totals *totals)
{
	struct cbpf_insn insns[PROGRAM_MAX];
	u32 len = gen_program(gen, mode == CBPF_PCAP ? GEN_PCAP : GEN_SOCKET, insns, PROGRAM_MAX);
	struct cbpf_converted code;
	struct cbpf_prog *prog;
	char log[4096] = "";
	bool good = true;
	int fd;

	totals->tried++;
	if (reads_special(insns, len) || cbpf_prog_new(insns, len, mode, NULL, &prog))
		return true;
	if (!cbpf_convert(prog, CBPF_TO_KERNEL, NULL, &code)) {
		totals->converted++;
		fd = load(code.insns, code.len, NULL, 0);
		if (fd < 0) {
			good = false;
			load(code.insns, code.len, log, sizeof(log));
			tap_diag("load: errno %d, %s", -fd, log);
		}
		for (int i = 0; good && i < 3; i++)
			good = compare(fd, prog, gen, totals);
		if (fd >= 0)
			close(fd);
		cbpf_converted_fini(&code);
	}
	if (!good)
		engines_dump(insns, len);
	cbpf_prog_free(prog);
	return good;
}

int main(int argc, char **argv)
{
	const struct insn ret[] = { insn_make(0xb4, 0, 0, 0, 1), insn_make(0x95, 0, 0, 0, 0) };
	u64 count = 4000, seed = 11;
	struct totals totals = { 0 };
	struct gen gen;
	bool good = true;
	int fd = load(ret, 2, NULL, 0);

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--count"))
			count = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 0);
	}
	if (fd < 0)
		return tap_skip_all("bpf(2) loads no socket filter here");
	close(fd);
	gen.state = seed;
	while (good && totals.tried < count)
		good = one_program(&gen, totals.tried & 1 ? CBPF_PCAP : CBPF_SOCKET, &totals);
	tap_ok(good, "converted programs load into Linux and give the classic result");
	tap_diag("%llu programs, %llu converted, %llu runs, %llu results not 0, seed %llu",
		 (unsigned long long)totals.tried, (unsigned long long)totals.converted,
		 (unsigned long long)totals.run, (unsigned long long)totals.nonzero,
		 (unsigned long long)seed);
	tap_ok(totals.converted > count / 4 && totals.nonzero > totals.run / 10,
	       "most are converted, and results are seen");
	return tap_done();
}
