/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Confirms what the vectors state with the live kernel: results by BPF_PROG_TEST_RUN, refusals by
 * their verdict and, for those that wait for our verifier, by the text in the log.
 *
 * A vector becomes the function that a short XDP program calls: the prologue gives it the packet
 * as its memory, the epilogue takes the low or the high half of its r0, so that two runs give all
 * 64 bits. Packet loads exist for sched_cls only and run as they stand, low half.
 */
#include <sys/utsname.h>

#include "base/mem.h"
#include "isa/isa.h"
#include "tests/kernel_bpf.h"
#include "tests/tap.h"
#include "tests/vectors/vector.h"

#define PACKET_BYTES 64 /* the least that every kind of test run takes */
#define INSNS_MAX    8192

static char log_text[1 << 20];

struct subject {
	const struct vector *v;
	struct insn insns[INSNS_MAX];
	u32 cnt;
	u8 packet[4096];
	u32 packet_bytes;
	int map_fd;
};

static bool uses_family(const struct vector *v, enum isa_family family)
{
	u32 i;

	for (i = 0; i < v->insn_cnt; i++)
		if (isa_info(isa_decode(&v->insns[i]))->family == family)
			return true;
	return false;
}

static bool uses_op(const struct vector *v, enum isa_op op)
{
	u32 i;

	for (i = 0; i < v->insn_cnt; i++)
		if (isa_decode(&v->insns[i]) == op)
			return true;
	return false;
}

static bool loads_packet(const struct vector *v)
{
	return uses_family(v, ISA_FAMILY_LDABS) || uses_family(v, ISA_FAMILY_LDIND);
}

static void put(struct subject *s, struct insn i)
{
	s->insns[s->cnt++] = i;
}

/* xdp_md: data at 0, data_end at 4. */
static void put_prologue(struct subject *s)
{
	put(s, insn_make(0x61, 2, 1, 4, 0));			       /* r2 = data_end */
	put(s, insn_make(0x61, 1, 1, 0, 0));			       /* r1 = data */
	put(s, insn_make(0xbf, 3, 1, 0, 0));			       /* r3 = r1 */
	put(s, insn_make(0x07, 3, 0, 0, (s32)s->v->mem_bytes));	       /* r3 += size */
	put(s, insn_make(0xb7, 0, 0, 0, 0));			       /* r0 = 0 */
	put(s, insn_make(0x2d, 3, 2, 3, 0));			       /* if r3 > r2 goto exit */
	put(s, insn_make(0xb7, 2, 0, 0, (s32)s->v->mem_bytes));	       /* r2 = size */
}

static void bind_maps(struct subject *s, u32 start)
{
	u32 i;

	for (i = start; i < s->cnt; i += isa_words(isa_decode(&s->insns[i]))) {
		const enum isa_op op = isa_decode(&s->insns[i]);

		if (op == ISA_LDDW_MAP_FD || op == ISA_LDDW_MAP_VALUE)
			s->insns[i].imm = s->map_fd;
		else if (op == ISA_LDDW_MAP_IDX || op == ISA_LDDW_MAP_IDX_VALUE)
			s->insns[i].imm = 0;
	}
}

static void build(struct subject *s, bool high)
{
	u32 i, start;

	s->cnt = 0;
	if (!loads_packet(s->v)) {
		if (s->v->has_mem)
			put_prologue(s);
		put(s, insn_make(0x85, 0, 1, 0, 2));		   /* call the vector */
		put(s, high ? insn_make(0x77, 0, 0, 0, 32) : insn_make(0xbc, 0, 0, 0, 0));
		put(s, insn_make(0x95, 0, 0, 0, 0));
	}
	start = s->cnt;
	for (i = 0; i < s->v->insn_cnt; i++)
		put(s, s->v->insns[i]);
	bind_maps(s, start);
}

static int load(struct subject *s)
{
	const struct kernel_prog p = {
		.type = loads_packet(s->v) ? BPF_PROG_TYPE_SCHED_CLS : BPF_PROG_TYPE_XDP,
		.insns = s->insns, .cnt = s->cnt, .log = log_text, .log_bytes = sizeof(log_text),
		.fd_array = &s->map_fd,
	};

	return kernel_prog_load_from(&p);
}

/* The last line of the log but the statistics. */
static const char *last_reason(void)
{
	static const char *const statistics[] = { "\nverification time ", "\nstack depth ",
						  "\nprocessed " };
	char *end, *line;
	u32 n;

	for (n = 0; n < ARRAY_SIZE(statistics); n++) {
		end = strstr(log_text, statistics[n]);
		if (end)
			*end = 0;
	}
	line = strrchr(log_text, '\n');
	return line ? line + 1 : log_text;
}

/* One half of the result. 1: it ran; 0: the kernel refuses the program; else -errno. */
static int run_half(struct subject *s, bool high, u32 *ret)
{
	int fd, err;

	build(s, high);
	fd = load(s);
	if (fd < 0)
		return 0;
	err = kernel_prog_run(fd, s->packet, s->packet_bytes, ret);
	close(fd);
	return err ? err : 1;
}

static void test_result(struct subject *s)
{
	const struct vector *v = s->v;
	u32 low = 0, high = (u32)(v->result >> 32);
	u64 got;
	int ran;

	if (uses_op(v, ISA_CALL_HELPER) || uses_op(v, ISA_CALLX)) {
		tap_skip("%s: helper 5 is another one on Linux", v->name);
		return;
	}
	ran = run_half(s, false, &low);
	if (ran > 0 && !loads_packet(v))
		ran = run_half(s, true, &high);
	if (!ran) {
		tap_skip("%s: Linux refuses it: %s", v->name, last_reason());
		return;
	}
	got = (u64)high << 32 | low;
	if (!tap_ok(ran > 0 && got == v->result, "%s", v->name))
		tap_diag("%d: r0 is 0x%llx, not 0x%llx", ran, (unsigned long long)got,
			 (unsigned long long)v->result);
}

/* As it stands, in a socket filter or what the vector asks for. */
static void test_reject(struct subject *s)
{
	const struct vector *v = s->v;
	struct kernel_prog p = {
		.type = v->is_xdp ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = s->insns, .log = log_text, .log_bytes = sizeof(log_text),
		.fd_array = &s->map_fd,
	};
	const bool by_text = v->waits != NULL;
	u32 i;
	int fd;

	for (i = 0; i < v->insn_cnt; i++)
		put(s, v->insns[i]);
	bind_maps(s, 0);
	p.cnt = s->cnt;
	fd = kernel_prog_load_from(&p);
	if (fd >= 0)
		close(fd);
	if (!tap_ok(fd < 0 && (!by_text || strstr(log_text, v->reject)), "%s: refused", v->name))
		tap_diag("%d: %s", fd, last_reason());
}

static void test_vector(const struct vector *v)
{
	static struct subject s;

	if (v->waits && !v->reject) {
		tap_skip("%s: waits for %s", v->name, v->waits);
		return;
	}
	if (v->insn_cnt > INSNS_MAX - 16 || v->mem_bytes > sizeof(s.packet)) {
		tap_skip("%s: too large for a test run", v->name);
		return;
	}
	memset(&s, 0, sizeof(s));
	s.v = v;
	s.packet_bytes = loads_packet(v) ? v->mem_bytes : PACKET_BYTES;
	if (s.packet_bytes < v->mem_bytes)
		s.packet_bytes = v->mem_bytes;
	memcpy(s.packet, v->mem, v->mem_bytes);
	s.map_fd = v->map_bytes ? kernel_array_new(v->map, v->map_bytes) : -1;
	if (v->reject)
		test_reject(&s);
	else
		test_result(&s);
	if (s.map_fd >= 0)
		close(s.map_fd);
}

int main(int argc, char **argv)
{
	struct vector_set set = { 0 };
	struct utsname name;
	u32 n;
	int i;

	if (!kernel_bpf_allowed())
		return tap_skip_all("bpf(2) is refused here");
	if (uname(&name) || strncmp(name.release, "6.18.", 5))
		return tap_skip_all("the running kernel is not the reference, 6.18");
	for (i = 1; i < argc; i++)
		tap_ok(vector_set_read(&set, argv[i]), "%s is read", argv[i]);
	for (n = 0; n < set.cnt; n++)
		test_vector(&set.vectors[n]);
	vector_set_fini(&set);
	return tap_done();
}
