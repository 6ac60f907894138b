/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random programs in pcap mode: libpcap's bpf_filter, our direct interpreter and both eBPF engines
 * give the same result, on whole packets and on captured parts of longer ones.
 *
 * test_cbpf_pcap [--count N] [--seed S]
 */
#include <pcap/pcap.h>
#include <stdlib.h>

#include "engines.h"
#include "gen.h"
#include "tests/tap.h"

#define PROGRAM_MAX 64
#define PACKET_MAX  300

struct totals {
	u64 tried, accepted, compared, nonzero;
};

static bool fail(const char *what, const struct cbpf_prog *prog)
{
	tap_diag("%s", what);
	engines_dump(prog->insns, prog->len);
	return false;
}

static bool one_packet(struct gen *gen, struct engines *e, struct totals *totals)
{
	u32 captured = gen_below(gen, PACKET_MAX), result, theirs;
	u32 wire = captured + (gen_below(gen, 2) ? gen_below(gen, 1000) : 0);
	struct cbpf_view view = { 0 };
	u8 packet[PACKET_MAX];
	char what[160];

	gen_packet(gen, packet, captured);
	cbpf_view_set(&view, packet, captured, wire);
	if (!engines_run(e, &view, &result, what))
		return fail(what, e->classic);
	totals->nonzero += result != 0;
	/* bpf_filter leaves words that were never written to chance. */
	if (e->classic->zero_words)
		return true;
	theirs = bpf_filter((const void *)e->classic->insns, packet, wire, captured);
	totals->compared++;
	if (theirs == result)
		return true;
	snprintf(what, sizeof(what), "bpf_filter gives 0x%x, we 0x%x (%u of %u bytes)", theirs,
		 result, captured, wire);
	return fail(what, e->classic);
}

static bool one_program(struct gen *gen, struct totals *totals)
{
	struct cbpf_insn insns[PROGRAM_MAX];
	u32 len = gen_program(gen, GEN_PCAP, insns, PROGRAM_MAX);
	struct cbpf_prog *prog;
	struct engines e;
	bool good = true;

	totals->tried++;
	if (cbpf_prog_new(insns, len, CBPF_PCAP, NULL, &prog))
		return true;
	totals->accepted++;
	if (engines_init(&e, prog))
		good = fail("conversion or compilation failed", prog);
	for (int i = 0; good && i < 4; i++)
		good = one_packet(gen, &e, totals);
	engines_fini(&e);
	cbpf_prog_free(prog);
	return good;
}

int main(int argc, char **argv)
{
	u64 count = 40000, seed = 7;
	struct totals totals = { 0 };
	struct gen gen;
	bool good = true;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--count"))
			count = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 0);
	}
	gen.state = seed;
	while (good && totals.tried < count)
		good = one_program(&gen, &totals);
	tap_ok(good, "random programs: bpf_filter, classic interpreter, run and guard agree");
	tap_diag("%llu programs, %llu accepted, %llu packets compared, %llu results not 0, "
		 "seed %llu",
		 (unsigned long long)totals.tried, (unsigned long long)totals.accepted,
		 (unsigned long long)totals.compared, (unsigned long long)totals.nonzero,
		 (unsigned long long)seed);
	tap_ok(totals.compared > totals.tried && totals.nonzero > totals.tried / 4,
	       "most are compared, and results are not only 0");
	return tap_done();
}
