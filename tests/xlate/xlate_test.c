/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rewriter by itself, with facts made by hand: what goes, what becomes of jumps, that context
 * accesses mean what ctx_load and ctx_store say, and that blinded and masked code computes the
 * same. Whole programs through the verifier are compared with the live kernel elsewhere.
 */
#include "xlate/xlate.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"
#include "interp/interp.h"
#include "isa/asm.h"
#include "isa/text.h"
#include "pkt/pkt.h"
#include "tests/oom.h"
#include "tests/tap.h"

static struct prog *prog_of(const char *text)
{
	struct isa_asm_error error;
	struct insn *insns;
	struct prog *prog;
	u32 cnt;

	if (isa_asm(text, &insns, &cnt, &error)) {
		printf("Bail out! %s: %u:%u: %s\n", text, error.line, error.col, error.text);
		exit(1);
	}
	if (prog_new_raw(insns, cnt, "test", &prog))
		exit(1);
	mem_free(insns);
	return prog;
}

/* All instructions seen, but for those whose bit is set in @dead. */
static struct facts *facts_of(const struct prog *prog, u64 dead)
{
	struct facts *facts = mem_zalloc(sizeof(*facts));

	facts->insn_cnt = prog->insn_cnt;
	facts->insns = mem_zalloc_array(prog->insn_cnt, sizeof(*facts->insns));
	for (u32 i = 0; i < prog->insn_cnt; i++)
		facts->insns[i].seen = i >= 64 || !(dead >> i & 1);
	return facts;
}

static void check_text(const char *name, const char *text, u64 dead,
		       const struct xlate_opts *opts, const char *want)
{
	const struct isa_text_opts text_opts = { .no_marks = true };
	struct prog *prog = prog_of(text);
	struct facts *facts = facts_of(prog, dead);
	struct xlated x = { 0 };
	struct str got = STR_INIT;

	if (tap_eq(xlate(prog, facts, opts, &x), 0, "%s: rewritten", name)) {
		isa_text_program(&got, x.insns, x.insn_cnt, &text_opts);
		if (!tap_ok(!strcmp(str_c(&got), want), "%s", name))
			printf("# got:\n%s# want:\n%s", str_c(&got), want);
	}
	str_fini(&got);
	xlate_fini(&x);
	facts_free(facts);
	prog_put(prog);
}

static void test_dead(void)
{
	const struct xlate_opts run = { .form = XLATE_RUN };
	const struct xlate_opts keep = { .form = XLATE_RUN, .keep_dead = true };

	check_text("dead code goes", "r0 = 1\ngoto +1\nr0 = 2\nexit\n", 1 << 2, &run,
		   "0: (b7) r0 = 1\n1: (95) exit\n");
	check_text("a branch never taken goes", "r0 = 1\nif r0 == 2 goto +1\nexit\nexit\n", 1 << 3,
		   &run, "0: (b7) r0 = 1\n1: (95) exit\n");
	check_text("a branch always taken becomes a jump",
		   "r0 = 1\nif r0 == 1 goto +2\nr0 = 3\nexit\nexit\n", 3 << 2, &run,
		   "0: (b7) r0 = 1\n1: (95) exit\n");
	check_text("jumps shrink over what is gone",
		   "r0 = 1\nif r1 == 1 goto +3\nr0 = 3\ngoto +1\nr0 = 4\nexit\n", 1 << 4, &run,
		   "0: (b7) r0 = 1\n1: (15) if r1 == 0x1 goto pc+1\n2: (b7) r0 = 3\n"
		   "3: (95) exit\n");
	check_text("unprivileged: dead code becomes traps",
		   "r0 = 1\nif r0 == 1 goto +1\nr0 = 5\nexit\n", 1 << 2, &keep,
		   "0: (b7) r0 = 1\n1: (15) if r0 == 0x1 goto pc+1\n2: (05) goto pc-1\n"
		   "3: (95) exit\n");
}

static void test_dump(void)
{
	const struct xlate_opts dump = { .form = XLATE_DUMP };

	check_text("division as the kernel spells it", "r0 /= r1\nw0 %= w1\nexit\n", 0, &dump,
		   "0: (55) if r1 != 0x0 goto pc+2\n1: (ac) w0 ^= w0\n2: (05) goto pc+1\n"
		   "3: (3f) r0 /= r1\n4: (16) if w1 == 0x0 goto pc+2\n5: (9c) w0 %= w1\n"
		   "6: (05) goto pc+1\n7: (bc) w0 = w0\n8: (95) exit\n");
}

/* The program's result with its own engine code; r1 = ctx. */
static u64 run_r0(struct prog *prog, void *ctx, bool *ret_ok)
{
	struct run run = { 0 };
	u64 r0 = 0;
	int err = interp_run_compile(prog, NULL);

	*ret_ok = false;
	if (err) {
		tap_diag("interp_run_compile: %d", err);
		return 0;
	}
	if (run_begin(&run, NULL))
		return 0;
	run.insns_left = RUN_NO_BUDGET;
	*ret_ok = prog_run(&run, prog, ctx, &r0) == 0;
	run_end(&run);
	return r0;
}

static bool apply(struct prog *prog, const struct facts *facts, const struct xlate_opts *opts)
{
	struct xlated x = { 0 };

	if (xlate(prog, facts, opts, &x))
		return false;
	mem_free(prog->insns);
	mem_free(prog->orig_idx);
	mem_free(prog->marks);
	prog->insns = x.insns;
	prog->insn_cnt = x.insn_cnt;
	prog->orig_idx = x.orig_idx;
	prog->marks = x.marks;
	return true;
}

static void fill_pkt(struct pkt *pkt, u64 rand[4])
{
	u8 *bytes = (u8 *)&pkt->len;
	size_t end = offsetof(struct pkt, link);

	for (size_t i = 0; i < end - offsetof(struct pkt, len); i++)
		bytes[i] = (u8)rand_next(rand);
	pkt->none = 0;
	pkt->csum_start = NULL;
}

/* One load of each width at each offset: as ctx_load, or refused by it. */
static u32 check_loads(const struct ctx_class *cls, struct pkt *pkt, u32 *ret_bad)
{
	static const char widths[] = { 1, 2, 4, 8 };
	static const char *const text[] = { "u8", "u16", "u32", "u64" };
	const struct xlate_opts opts = { .form = XLATE_RUN };
	u32 checked = 0;

	for (u32 off = 0; off < cls->size_bytes; off++)
		for (u32 w = 0; w < 4; w++) {
			char program[64];
			struct prog *prog;
			struct facts *facts;
			u64 want, got;
			bool ok;

			if (ctx_load(cls, pkt, off, (u32)widths[w], &want))
				continue;
			snprintf(program, sizeof(program), "r0 = *(%s *)(r1 + %u)\nexit\n", text[w],
				 off);
			prog = prog_of(program);
			prog->ctx_class = cls;
			facts = facts_of(prog, 0);
			facts->insns[0].mem = FACT_MEM_CTX;
			ok = apply(prog, facts, &opts);
			got = ok ? run_r0(prog, pkt, &ok) : 0;
			checked++;
			if (!ok || got != want) {
				tap_diag("%s %s at %u: got %llx, want %llx", cls->name, text[w],
					 off, (unsigned long long)got, (unsigned long long)want);
				(*ret_bad)++;
			}
			facts_free(facts);
			prog_put(prog);
		}
	return checked;
}

static u32 check_stores(const struct ctx_class *cls, u64 rand[4], u32 *ret_bad)
{
	static const char widths[] = { 1, 2, 4, 8 };
	static const char *const text[] = { "u8", "u16", "u32", "u64" };
	const struct xlate_opts opts = { .form = XLATE_RUN };
	u32 checked = 0;

	for (u32 off = 0; off < cls->size_bytes; off++)
		for (u32 n = 0; n < 16; n++) {
			struct pkt a = { 0 }, b;
			u32 w = n / 2 % 4;
			s32 value = n >= 8 ? -1 : (s32)rand_next(rand);
			char program[96];
			struct prog *prog;
			struct facts *facts;
			bool ok;

			fill_pkt(&a, rand);
			b = a;
			if (ctx_store(cls, &a, off, (u32)widths[w], (u64)(s64)value))
				continue;
			snprintf(program, sizeof(program),
				 n % 2 ? "r2 = %d\n*(%s *)(r1 + %u) = r2\nr0 = 0\nexit\n"
				       : "r0 = %d\n*(%s *)(r1 + %u) = %d\nr0 = 0\nexit\n",
				 value, text[w], off, value);
			prog = prog_of(program);
			prog->ctx_class = cls;
			facts = facts_of(prog, 0);
			facts->insns[1].mem = FACT_MEM_CTX;
			ok = apply(prog, facts, &opts);
			if (ok)
				run_r0(prog, &b, &ok);
			checked++;
			if (!ok || memcmp(&a, &b, sizeof(a))) {
				tap_diag("%s: store of %s at %u (%d) differs", cls->name, text[w],
					 off, value);
				(*ret_bad)++;
			}
			facts_free(facts);
			prog_put(prog);
		}
	return checked;
}

static void test_ctx(void)
{
	static const enum prog_type types[] = { PROG_TYPE_XDP, PROG_TYPE_SCHED_CLS,
						PROG_TYPE_SOCKET_FILTER };
	u64 rand[4];
	struct pkt pkt = { 0 };

	rand_seed(rand, 5);
	fill_pkt(&pkt, rand);
	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		const struct ctx_class *cls = pkt_ctx_class(types[i], 0);
		u32 bad = 0, loads = check_loads(cls, &pkt, &bad);
		u32 stores = check_stores(cls, rand, &bad);

		tap_ok(loads > 0 && !bad, "%s: %u loads and %u stores mean what the table says",
		       cls->name, loads, stores);
	}
}

static void random_program(struct str *to, u64 rand[4])
{
	static const char *const ops[] = { "+=", "-=", "*=", "&=", "|=", "^=", "/=", "%=", "=" };

	for (u32 r = 0; r < 5; r++)
		str_addf(to, "r%u = %lld ll\n", r, (long long)rand_next(rand));
	for (u32 n = 0; n < 30; n++) {
		u32 reg = rand_below(rand, 5), kind = rand_below(rand, 8);
		s32 imm = (s32)rand_next(rand) | 1;

		if (kind == 7)
			str_addf(to, "if r%u s> %d goto +1\n", reg, imm);
		else
			str_addf(to, "%c%u %s %d\n", kind % 2 ? 'r' : 'w', reg,
				 ops[rand_below(rand, ARRAY_SIZE(ops))], imm);
	}
	str_add(to, "*(u64 *)(r10 - 8) = 77\nr5 = *(u64 *)(r10 - 8)\n"
		    "r0 ^= r1\nr0 += r2\nr0 ^= r3\nr0 += r4\nr0 += r5\nexit\n");
}

static void test_blind(void)
{
	u64 rand[4];
	u32 bad = 0, bare = 0;

	rand_seed(rand, 9);
	for (u32 n = 0; n < 2000; n++) {
		const struct xlate_opts opts = { .form = XLATE_RUN, .blind = true, .seed = n };
		struct str text = STR_INIT;
		struct prog *plain, *blind;
		struct facts *facts;
		bool ok1, ok2 = false;
		u64 a, b = 0;

		random_program(&text, rand);
		plain = prog_of(str_c(&text));
		blind = prog_of(str_c(&text));
		facts = facts_of(blind, 0);
		a = run_r0(plain, NULL, &ok1);
		if (apply(blind, facts, &opts))
			b = run_r0(blind, NULL, &ok2);
		bad += !ok1 || !ok2 || a != b;
		/* Nothing that the program chose freely is left in the code. */
		for (u32 i = 0; i < blind->insn_cnt && n == 0; i++)
			for (u32 j = 0; j < plain->insn_cnt; j++)
				bare += plain->insns[j].imm > UINT16_MAX &&
					blind->insns[i].imm == plain->insns[j].imm;
		facts_free(facts);
		prog_put(plain);
		prog_put(blind);
		str_fini(&text);
	}
	tap_eq(bad, 0, "2,000 blinded programs compute the same");
	tap_eq(bare, 0, "no constant stands in the blinded code");
}

static void test_masks(void)
{
	static const u64 offs[] = { 0, 1, 15, 16, 17, 1ull << 31, 1ull << 63, UINT64_MAX };
	const struct xlate_opts opts = { .form = XLATE_RUN };

	for (u32 i = 0; i < ARRAY_SIZE(offs); i++)
		for (u32 neg = 0; neg < 2; neg++) {
			/* neg: the offset is negative, limit is its size; r2 is added anyway */
			u64 off = neg ? 0 - offs[i] : offs[i];
			bool inside = offs[i] <= 16, ok;
			char text[128];
			struct prog *prog;
			struct facts *facts;
			u64 r0 = 0;

			snprintf(text, sizeof(text), "r2 = %lld ll\nr0 = 1000\nr0 += r2\nexit\n",
				 (long long)off);
			prog = prog_of(text);
			facts = facts_of(prog, 0);
			facts->insns[3].alu_state =
				(u8)(FACT_ALU_SANITIZE_SRC | (neg ? FACT_ALU_NEG_VALUE : 0));
			facts->insns[3].alu_limit = 16;
			ok = apply(prog, facts, &opts);
			if (ok)
				r0 = run_r0(prog, NULL, &ok);
			tap_ok(ok && r0 == 1000 + (inside ? off : 0),
			       "mask: offset %lld, limit %s16", (long long)off, neg ? "-" : "");
			facts_free(facts);
			prog_put(prog);
		}
}

/* Marks stand where the barrier goes, and claim nothing of what was made for an instruction. */
static void test_marks(void)
{
	const struct xlate_opts opts = { .form = XLATE_RUN };
	struct prog *prog = prog_of("r0 = 1\nr2 = 8\nr0 += r2\nw0 += 1\nexit\n");
	struct facts *facts = facts_of(prog, 0);
	struct xlated x = { 0 };
	u32 n;

	facts->insns[0].nospec_result = true;
	facts->insns[2].nospec = true;
	facts->insns[2].alu_state = FACT_ALU_SANITIZE_SRC;
	facts->insns[2].alu_limit = 16;
	if (!tap_eq(xlate(prog, facts, &opts, &x), 0, "rewritten"))
		return;
	n = x.insn_cnt;
	tap_eq(x.marks[0], XLATE_NO_ZEXT, "the program's own, and nobody reads the upper half");
	tap_eq(x.marks[1], XLATE_NOSPEC | XLATE_NO_ZEXT, "nospec_result: behind it");
	tap_eq(x.marks[2], XLATE_NOSPEC | XLATE_ADDED, "nospec: before all that was made of it");
	for (u32 i = 3; i < n - 2; i++)
		tap_eq(x.marks[i], XLATE_ADDED, "%u: not the program's own", i);
	tap_eq(x.marks[n - 2], XLATE_NO_ZEXT, "the next is");
	xlate_fini(&x);
	facts_free(facts);
	prog_put(prog);
}

static int oom_once(void *cookie)
{
	const struct xlate_opts opts = { .form = XLATE_RUN };
	struct prog *prog = cookie;
	struct facts facts = { 0 };
	struct insn_facts insns[64] = { 0 };
	struct xlated x = { 0 };
	int err;

	facts.insns = insns;
	facts.insn_cnt = prog->insn_cnt;
	for (u32 i = 0; i < prog->insn_cnt; i++)
		insns[i].seen = 1;
	err = xlate(prog, &facts, &opts, &x);
	xlate_fini(&x);
	return err;
}

int main(void)
{
	struct prog *prog = prog_of("r0 = 1\nif r0 > 3 goto +1\nr0 = 2\nexit\n");

	test_dead();
	test_dump();
	test_ctx();
	test_blind();
	test_masks();
	test_marks();
	oom_sweep(oom_once, prog, "xlate");
	prog_put(prog);
	return tap_done();
}
