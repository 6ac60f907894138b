/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random classic programs: our checker's verdict is the kernel's, and where both accept, the
 * direct interpreter, both eBPF engines and the kernel give the same result. The kernel runs them
 * on an AF_UNIX datagram socket: the result is the length to which a message is cut.
 *
 * test_cbpf_kernel [--count N] [--seed S] [--seconds T] [--no-kernel]
 */
#include <errno.h>
#include <linux/filter.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "engines.h"
#include "gen.h"
#include "tests/tap.h"

#define PROGRAM_MAX  64
#define PACKET_MAX   300
#define PACKETS_EACH 4

struct diff {
	struct gen gen;
	int fds[2]; /* [1] has the filter */
	bool kernel;
	u64 tried, accepted, runs, cut;
	u64 read_back;
};

static double now_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static bool diff_fail(const char *what, const struct cbpf_insn *insns, u32 len)
{
	tap_diag("%s", what);
	engines_dump(insns, len);
	return false;
}

/* Attaches; the kernel's verdict as 0 or -errno. */
static int kernel_attach(struct diff *d, struct cbpf_insn *insns, u32 len)
{
	struct sock_fprog fprog = { .len = (unsigned short)len, .filter = (void *)insns };

	if (!setsockopt(d->fds[1], SOL_SOCKET, SO_ATTACH_FILTER, &fprog, sizeof(fprog)))
		return 0;
	return -errno;
}

/* SO_GET_FILTER gives the caller's instructions back, and so does our program object. */
static bool same_read_back(struct diff *d, const struct cbpf_prog *prog)
{
	/* Zeroed because MemorySanitizer does not see what getsockopt writes. */
	struct cbpf_insn theirs[PROGRAM_MAX] = { 0 }, ours[PROGRAM_MAX];
	socklen_t n = PROGRAM_MAX; /* counts instructions, not bytes */

	if (getsockopt(d->fds[1], SOL_SOCKET, SO_GET_FILTER, theirs, &n))
		return false;
	d->read_back++;
	return cbpf_prog_read_back(prog, NULL, 0) == (int)n &&
	       cbpf_prog_read_back(prog, ours, PROGRAM_MAX) == (int)n &&
	       !memcmp(theirs, ours, n * sizeof(*ours)) &&
	       (n < 2 || cbpf_prog_read_back(prog, ours, n - 1) == -EINVAL);
}

/* The length that arrives for a message of @len bytes: 0 when it was dropped. -1: error. */
static ssize_t kernel_run(struct diff *d, const u8 *packet, u32 len)
{
	u8 in[PACKET_MAX];
	ssize_t got;

	if (send(d->fds[0], packet, len, MSG_DONTWAIT) != (ssize_t)len)
		return -1;
	got = recv(d->fds[1], in, sizeof(in), MSG_DONTWAIT);
	return got < 0 && errno == EAGAIN ? 0 : got;
}

static bool diff_packets(struct diff *d, struct cbpf_prog *prog)
{
	struct engines e;
	char what[160];
	bool good = true;
	u32 i;

	if (engines_init(&e, prog)) {
		engines_fini(&e);
		return diff_fail("conversion or compilation failed", prog->insns, prog->len);
	}
	for (i = 0; good && i < PACKETS_EACH; i++) {
		u8 packet[PACKET_MAX];
		u32 len = 1 + gen_below(&d->gen, i & 1 ? PACKET_MAX - 1 : 40), result = 0;
		struct cbpf_view view = { .mac_off_bytes = CBPF_NO_HEADER };
		ssize_t theirs;

		gen_packet(&d->gen, packet, len);
		cbpf_view_set(&view, packet, len, len);
		good = engines_run(&e, &view, &result, what);
		if (!good) {
			diff_fail(what, prog->insns, prog->len);
			break;
		}
		d->runs++;
		if (!d->kernel)
			continue;
		theirs = kernel_run(d, packet, len);
		d->cut += theirs > 0 && theirs < (ssize_t)len;
		if (theirs != (ssize_t)MIN(len, result)) {
			snprintf(what, sizeof(what),
				 "kernel lets %zd bytes of %u pass, our result is 0x%x", theirs,
				 len, result);
			good = diff_fail(what, prog->insns, prog->len);
		}
	}
	engines_fini(&e);
	return good;
}

static bool diff_one(struct diff *d)
{
	struct cbpf_insn insns[PROGRAM_MAX];
	struct cbpf_refusal refusal = { 0 };
	struct cbpf_prog *prog = NULL;
	u32 len = gen_program(&d->gen, GEN_SOCKET, insns, PROGRAM_MAX);
	int ours, theirs;
	char what[160];
	bool good;

	if (!gen_below(&d->gen, 4))
		gen_mutate(&d->gen, insns, len);
	ours = cbpf_prog_new(insns, len, CBPF_SOCKET, &refusal, &prog);
	theirs = d->kernel ? kernel_attach(d, insns, len) : ours;
	d->tried++;
	if (ours != theirs) {
		snprintf(what, sizeof(what), "verdict: ours %d (%u: %s), kernel %d", ours,
			 refusal.insn_idx, refusal.reason ? refusal.reason : "", theirs);
		cbpf_prog_free(prog);
		return diff_fail(what, insns, len);
	}
	if (ours)
		return true;
	d->accepted++;
	good = diff_packets(d, prog);
	if (good && d->kernel && !(d->accepted % 16) && !same_read_back(d, prog))
		good = diff_fail("read back differs from SO_GET_FILTER", insns, len);
	cbpf_prog_free(prog);
	return good;
}

/* Results hold the CPU number: the thread stays on CPU 0, which is what the view says. */
static bool pin_to_cpu_0(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

/* An emulated process (qemu-user) cannot ask for filters, and its host may have another order. */
static bool kernel_usable(struct diff *d)
{
	struct cbpf_insn ret = { .code = 0x06, .k = 1 }, back = { 0 };
	socklen_t n = 1;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, d->fds) || !pin_to_cpu_0())
		return false;
	return !kernel_attach(d, &ret, 1) &&
	       !getsockopt(d->fds[1], SOL_SOCKET, SO_GET_FILTER, &back, &n) && n == 1 &&
	       !memcmp(&back, &ret, sizeof(ret));
}

int main(int argc, char **argv)
{
	struct diff d = { .gen.state = 1, .fds = { -1, -1 } };
	u64 count = 40000, seed = 1;
	double seconds = 25, start = now_seconds();
	bool good = true, want_kernel = true;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--no-kernel"))
			want_kernel = false;
		else if (i + 1 < argc && !strcmp(argv[i], "--count"))
			count = strtoull(argv[++i], NULL, 0), seconds = 1e9;
		else if (i + 1 < argc && !strcmp(argv[i], "--seed"))
			seed = strtoull(argv[++i], NULL, 0);
		else if (i + 1 < argc && !strcmp(argv[i], "--seconds"))
			seconds = strtod(argv[++i], NULL);
	}
	d.gen.state = seed;
	d.kernel = want_kernel && kernel_usable(&d);
	while (good && d.tried < count && now_seconds() - start < seconds)
		good = diff_one(&d);
	tap_ok(good, "random programs: kernel, classic interpreter, run and guard agree");
	tap_diag("%llu programs, %llu accepted, %llu runs, %llu cut, %llu read back, seed %llu, "
		 "%.1f s",
		 (unsigned long long)d.tried, (unsigned long long)d.accepted,
		 (unsigned long long)d.runs, (unsigned long long)d.cut,
		 (unsigned long long)d.read_back, (unsigned long long)seed, now_seconds() - start);
	tap_ok(d.accepted > d.tried / 4 && d.accepted < d.tried,
	       "some programs are accepted, some refused");
	if (!d.kernel)
		tap_skip("the kernel takes no socket filter here");
	else
		tap_ok(d.cut > d.runs / 40 && d.read_back, "results are seen, not only 0 and all");
	return tap_done();
}
