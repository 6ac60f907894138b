/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walks the table of the kernel's lib/test_bpf.c: classic programs pass through our checker, our
 * direct interpreter and, converted, all eBPF engines; extended ones through our checker of
 * encodings and all engines, the JIT with what the CPU has and without it.
 * Results and refusals are those of the table, or a named skip.
 *
 * Compiled by tools/check_kernel.sh with TEST_BPF_TABLE naming the file that it cut out.
 */
#include <stdio.h>

#include "shim.h"
/* After the shim: the table. */
#include TEST_BPF_TABLE

#include "base/mem.h"
#include "core/classic.h"
#include "interp/interp.h"
#include "isa/check.h"
#include "jit/jit.h"

#define BUDGET_INSNS (1ull << 33)

enum outcome { PASSED, FAILED, SKIPPED };

struct tally {
	unsigned int programs[3], classic, extended, refusals, runs;
};

/* What a test of the table runs on. */
struct input {
	struct cbpf_view view;
	u8 bytes[2 * MAX_DATA];
	void *large;
	void *ctx;
};

struct why {
	char text[200];
};

/*
 * Where we differ from the table on purpose. A test that is skipped for one engine has passed in
 * the others.
 */
static const struct {
	const char *descr, *reason;
} differences[] = {
	{ "BPF_MAXINSNS: jump over MSH",
	  "Linux refuses it because its own expansion does not fit 16-bit jumps; ours does" },
};

static enum outcome failed(struct why *why, const char *engine, long long got, long long want)
{
	snprintf(why->text, sizeof(why->text), "%s gives 0x%llx, the table says 0x%llx", engine,
		 got, want);
	return FAILED;
}

/* populate_skb: an Ethernet frame's worth of fields. */
static void input_fill(struct input *in, struct bpf_test *test, u32 size_bytes)
{
	u32 captured = size_bytes;

	memset(in, 0, sizeof(*in));
	/* Without data classic programs get an empty packet: `run` reads its length at once. */
	if ((test->aux & TEST_TYPE_MASK) == CLASSIC)
		in->ctx = &in->view;
	if (test->aux & FLAG_NO_DATA)
		return;
	if (test->aux & FLAG_LARGE_MEM) {
		in->ctx = in->large = calloc(1, size_bytes);
		return;
	}
	memcpy(in->bytes, test->data, size_bytes);
	if (test->aux & FLAG_SKB_FRAG) {
		memcpy(in->bytes + size_bytes, test->frag_data, MAX_DATA);
		captured += MAX_DATA;
	}
	cbpf_view_set(&in->view, in->bytes, captured, captured);
	in->view.net_off_bytes = (s32)MIN(size_bytes, (u32)ETH_HLEN);
	in->view.protocol = cpu_to_be16(ETH_P_IP);
	in->view.pkt_type = SKB_TYPE;
	in->view.mark = SKB_MARK;
	in->view.hash = SKB_HASH;
	in->view.queue_mapping = SKB_QUEUE_MAP;
	in->view.vlan_tci = SKB_VLAN_TCI;
	in->view.vlan_proto = cpu_to_be16(ETH_P_IP);
	in->view.vlan_present = SKB_VLAN_PRESENT;
	in->view.ifindex = SKB_DEV_IFINDEX;
	in->view.hatype = SKB_DEV_TYPE;
	in->ctx = &in->view;
}

/* Every sub-test of @test on @prog. */
static enum outcome run_all(struct bpf_test *test, struct prog *prog, struct tally *tally,
			    struct why *why)
{
	for (int i = 0; i < MAX_SUBTESTS; i++) {
		u32 want = test->test[i].result, size_bytes = (u32)test->test[i].data_size;
		struct run *run = mem_zalloc(sizeof(*run));
		bool unwritten;
		struct input in;
		u64 got = 0;
		int err;

		if (!run)
			return failed(why, "memory", 0, 0);
		if (i > 0 && !size_bytes && !want) {
			mem_free(run);
			break;
		}
		input_fill(&in, test, size_bytes);
		run->insns_left = BUDGET_INSNS;
		run->extents[0] = (struct extent){ .base = ptr_to_u64(in.large),
						   .size_bytes = size_bytes,
						   .kind = EXTENT_MEM,
						   .perm = EXTENT_READ | EXTENT_WRITE,
						   .name = "memory",
						   .index = -1 };
		run->extent_cnt = in.large ? 1 : 0;
		err = prog_run(run, prog, in.ctx, &got);
		free(in.large);
		tally->runs++;
		if (err)
			snprintf(why->text, sizeof(why->text), "%s: fault %d at %u: %s%s",
				 prog->engine, (int)run->fault.kind, run->fault.insn_idx,
				 run->fault.detail,
				 run->fault.kind == FAULT_UNINIT ?
					 " (as Linux's verifier would; `run` passed)" :
					 "");
		/* The table is for engines behind a verifier; the guard is one without. */
		unwritten = err && run->fault.kind == FAULT_UNINIT;
		mem_free(run);
		if (err)
			return unwritten ? SKIPPED : FAILED;
		if ((u32)got != want)
			return failed(why, prog->engine, (u32)got, want);
	}
	return PASSED;
}

static enum outcome run_direct(struct bpf_test *test, const struct cbpf_prog *prog,
			       struct tally *tally, struct why *why)
{
	for (int i = 0; i < MAX_SUBTESTS; i++) {
		u32 want = test->test[i].result, got;
		struct input in;

		if (i > 0 && !test->test[i].data_size && !want)
			break;
		input_fill(&in, test, (u32)test->test[i].data_size);
		got = cbpf_run(prog, &in.view);
		tally->runs++;
		if (got != want)
			return failed(why, "classic", got, want);
	}
	return PASSED;
}

static enum outcome test_classic(struct bpf_test *test, const struct cbpf_insn *insns, u32 len,
				 struct tally *tally, struct why *why)
{
	struct cbpf_refusal refusal = { 0 };
	enum outcome outcome = PASSED;
	struct cbpf_prog *direct = NULL;
	int err = cbpf_prog_new(insns, len, CBPF_SOCKET, &refusal, &direct);

	if (test->aux & FLAG_EXPECTED_FAIL) {
		cbpf_prog_free(direct);
		tally->refusals++;
		return err == test->expected_errcode ?
			       PASSED :
			       failed(why, "checker", err, test->expected_errcode);
	}
	if (err) {
		snprintf(why->text, sizeof(why->text), "refused at %u: %s", refusal.insn_idx,
			 refusal.reason);
		return FAILED;
	}
	outcome = run_direct(test, direct, tally, why);
	cbpf_prog_free(direct);
	for (int e = CORE_CLASSIC_NATIVE; outcome == PASSED && e <= CORE_CLASSIC_GUARD; e++) {
		struct prog *prog;

		err = core_classic_load(insns, len, CBPF_SOCKET, e, &prog);
		if (err)
			return failed(why, "load", err, 0);
		outcome = run_all(test, prog, tally, why);
		prog_put(prog);
	}
	return outcome;
}

/* The guard comes last: what it stops at on purpose has passed in the others. */
enum engine { JIT, JIT_PLAIN, RUN, GUARD, ENGINE_CNT };

static int compile(struct prog *prog, enum engine engine)
{
	const struct jit_opts opts = { .poll = JIT_POLL_COUNT,
				       .features_off = engine == JIT_PLAIN ? UINT64_MAX : 0 };

	if (engine <= JIT_PLAIN)
		return jit_here_is_target() ? jit_compile(prog, NULL, &opts)
					    : interp_run_compile(prog, NULL);
	return engine == RUN ? interp_run_compile(prog, NULL) : interp_guard_compile(prog, NULL);
}

static enum outcome test_extended(struct bpf_test *test, const struct insn *insns, u32 len,
				  struct tally *tally, struct why *why)
{
	enum outcome outcome = PASSED;

	for (int e = JIT; outcome == PASSED && e < ENGINE_CNT; e++) {
		struct prog *prog;
		int err = prog_new_raw(insns, len, "test_bpf", &prog);

		if (err)
			return failed(why, "memory", err, 0);
		if (!(test->aux & (FLAG_NO_DATA | FLAG_LARGE_MEM)))
			prog->ctx_class = &cbpf_view_class;
		err = compile(prog, e);
		outcome = err ? failed(why, "compiler", err, 0) : run_all(test, prog, tally, why);
		prog_put(prog);
	}
	return outcome;
}

/* filter_length: up to the last instruction that is not all zero. */
static u32 table_len(const struct bpf_test *test)
{
	u32 len;

	if (test->fill_helper)
		return test->u.ptr.len;
	for (len = MAX_INSNS - 1; len > 0; len--)
		if (test->u.insns[len].code || test->u.insns[len].k)
			break;
	return len + 1;
}

static enum outcome test_one(struct bpf_test *test, struct tally *tally, struct why *why)
{
	const void *insns = test->u.insns;
	u32 len;

	if (test->fill_helper && test->fill_helper(test) < 0)
		return failed(why, "table's own generator", 0, 0);
	len = table_len(test);
	if (test->fill_helper)
		insns = test->u.ptr.insns;
	if ((test->aux & TEST_TYPE_MASK) == CLASSIC) {
		tally->classic++;
		return test_classic(test, insns, len, tally, why);
	}
	tally->extended++;
	return test_extended(test, insns, len, tally, why);
}

int main(int argc, char **argv)
{
	struct tally tally = { 0 };
	const char *only = argc > 1 ? argv[1] : NULL;

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		struct why why = { "" };
		enum outcome outcome;

		if (only && !strstr(tests[i].descr, only))
			continue;
		outcome = test_one(&tests[i], &tally, &why);
		for (size_t d = 0; outcome == FAILED && d < ARRAY_SIZE(differences); d++) {
			if (strcmp(differences[d].descr, tests[i].descr))
				continue;
			outcome = SKIPPED;
			snprintf(why.text, sizeof(why.text), "%s", differences[d].reason);
		}
		tally.programs[outcome]++;
		if (outcome != PASSED)
			printf("%s #%zu %s: %s\n", outcome == FAILED ? "FAILED" : "skipped", i,
			       tests[i].descr, why.text);
		if (tests[i].fill_helper)
			free(tests[i].u.ptr.insns);
	}
	printf("lib/test_bpf.c: %u classic (%u to be refused), %u extended programs, %u runs\n",
	       tally.classic, tally.refusals, tally.extended, tally.runs);
	printf("JIT: %s\n", jit_here_is_target() ? "yes" : "this machine has none");
	printf("%u passed, %u failed, %u skipped\n", tally.programs[PASSED], tally.programs[FAILED],
	       tally.programs[SKIPPED]);
	return tally.programs[FAILED] ? 1 : 0;
}
