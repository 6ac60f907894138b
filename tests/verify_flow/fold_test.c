/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that hold on every execution: generated programs with loops and branches store registers
 * into memory; what was stored must satisfy the fact at the store. And the program of design 2.6,
 * whose pruned path must not be forgotten.
 *
 *	fold_test [--count N] [--seed N]
 */
#include <stdio.h>

#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"
#include "interp/interp.h"
#include "tests/tap.h"
#include "tests/verify_flow/flow_env.h"
#include "verify/flow/fold.h"

#define PROBES	  16
#define UNTOUCHED 0x5ca1ab1e0ddba11ull

static struct insn *assemble(const char *text, u32 *ret_cnt)
{
	struct isa_asm_error error;
	struct insn *insns;

	if (isa_asm(text, &insns, ret_cnt, &error)) {
		printf("Bail out! %u:%u: %s\n%s", error.line, error.col, error.text, text);
		exit(1);
	}
	return insns;
}

static bool analyze(struct flow_env *e, const struct insn *insns, u32 cnt)
{
	struct flow_opts opts = flow_env_opts(e, PROG_TYPE_XDP);

	flow_env_run(e, insns, cnt, &opts);
	if (e->err)
		return false;
	for (u32 i = 0; i < cnt; i++)
		e->facts.insns[i].seen = 1;
	return fold_values(&e->flow, &e->facts) == 0;
}

static bool fact_holds(const struct value_fact *f, u64 value)
{
	return !f || (value >= f->umin && value <= f->umax && (s64)value >= f->smin &&
		      (s64)value <= f->smax && !((value ^ f->known_value) & f->known_mask));
}

struct gen {
	struct str text;
	u64 rand[4];
	u32 probes, lines;
};

static void gen_alu(struct gen *g)
{
	static const char *const ops[] = { "+=", "-=", "*=", "&=", "|=",  "^=",
					   "/=", "%=", "=",  "s/=", "s%=" };
	static const char *const shifts[] = { "<<=", ">>=", "s>>=" };
	u32 dst = rand_below(g->rand, 6), src = rand_below(g->rand, 6);
	char width = rand_below(g->rand, 2) ? 'r' : 'w';
	s32 imm = (s32)rand_below(g->rand, 300) - 100;

	switch (rand_below(g->rand, 6)) {
	case 0:
		str_addf(&g->text, "%c%u %s %u\n", width, dst, shifts[rand_below(g->rand, 3)],
			 rand_below(g->rand, 32));
		break;
	case 1:
		str_addf(&g->text, "r%u = (s%u)r%u\n", dst, 8u << rand_below(g->rand, 3), src);
		break;
	case 2:
		str_addf(&g->text, "%c%u %s %c%u\n", width, dst,
			 ops[rand_below(g->rand, ARRAY_SIZE(ops))], width, src);
		break;
	case 3:
		str_addf(&g->text, "r%u = *(u%u *)(r7 + %u)\n", dst, 8u << rand_below(g->rand, 4),
			 PROBES * 8 + 8 * rand_below(g->rand, 4));
		break;
	default:
		str_addf(&g->text, "%c%u %s %d\n", width, dst,
			 ops[rand_below(g->rand, ARRAY_SIZE(ops))], imm ? imm : 7);
		break;
	}
}

static void gen_probe(struct gen *g)
{
	if (g->probes < PROBES)
		str_addf(&g->text, "*(u64 *)(r7 + %u) = r%u\n", 8 * g->probes++,
			 rand_below(g->rand, 6));
}

static void gen_block(struct gen *g, u32 insns)
{
	static const char *const cmps[] = { "==", "!=", ">",  ">=",  "<",
					    "<=", "s>", "s<", "s>=", "&" };

	while (insns-- > 0) {
		u32 kind = rand_below(g->rand, 10);

		if (kind < 2) {
			char width = rand_below(g->rand, 2) ? 'r' : 'w';

			str_addf(&g->text, "if %c%u %s %d goto +1\n", width,
				 rand_below(g->rand, 6), cmps[rand_below(g->rand, 10)],
				 (s32)rand_below(g->rand, 200) - 50);
			gen_alu(g);
		} else if (kind < 4) {
			gen_probe(g);
		} else {
			gen_alu(g);
		}
	}
}

static void generate(struct gen *g)
{
	str_reset(&g->text);
	g->probes = 0;
	str_add(&g->text, "r7 = r1\n");
	for (u32 r = 0; r < 6; r++)
		str_addf(&g->text, "r%u = %d\n", r, (s32)rand_below(g->rand, 1000) - 500);
	gen_block(g, 6);
	for (u32 n = rand_below(g->rand, 3); n > 0; n--) {
		str_addf(&g->text, "r8 = %u\nloop%u:\n", 1 + rand_below(g->rand, 9), n);
		gen_block(g, 6);
		str_addf(&g->text, "r8 -= 1\nif r8 != 0 goto loop%u\n", n);
	}
	gen_block(g, 4);
	str_add(&g->text, "r0 = 0\nexit\n");
}

/* What the run stored, against the facts at the stores. */
static u32 check_probes(const struct flow_env *e, const struct insn *insns, u32 cnt,
			const u64 *mem)
{
	u32 bad = 0, probe = 0;

	for (u32 i = 0; i < cnt; i++) {
		const struct value_fact *f;

		if (isa_decode(&insns[i]) != ISA_STX_DW)
			continue;
		f = facts_value(&e->facts, i, insns[i].src);
		if (mem[probe] != UNTOUCHED && !fact_holds(f, mem[probe])) {
			tap_diag("insn %u: r%u = %llx, said to be in [%lld, %lld]", i, insns[i].src,
				 (unsigned long long)mem[probe], (long long)f->smin,
				 (long long)f->smax);
			bad++;
		}
		probe++;
	}
	return bad;
}

static u32 run_one(struct gen *g, u32 *ret_facts)
{
	u64 mem[PROBES + 4];
	struct flow_env e = { 0 };
	struct prog *prog;
	struct run run;
	u64 r0;
	u32 cnt, bad = 1;
	struct insn *insns;

	generate(g);
	insns = assemble(str_c(&g->text), &cnt);
	for (u32 i = 0; i < PROBES + 4; i++)
		mem[i] = i < PROBES ? UNTOUCHED : rand_next(g->rand);
	if (prog_new_raw(insns, cnt, "fold", &prog) || interp_run_compile(prog, NULL) ||
	    run_begin(&run, NULL))
		exit(1);
	run.insns_left = RUN_NO_BUDGET;
	if (analyze(&e, insns, cnt) && !prog_run(&run, prog, mem, &r0))
		bad = check_probes(&e, insns, cnt, mem);
	if (bad)
		printf("# %s\n%s", e.reject, str_c(&g->text));
	*ret_facts += e.facts.value_cnt;
	run_end(&run);
	prog_put(prog);
	mem_free(e.facts.values);
	flow_env_fini(&e);
	mem_free(insns);
	return bad;
}

/* facts-imprecise-prune: whether r6 is 1 decides nothing, so the verifier walks only one way. */
static void test_imprecise_prune(void)
{
	struct flow_env e = { 0 };
	const struct value_fact *f;
	u32 cnt;
	struct insn *insns = assemble("r0 = *(u64 *)(r1 + 0)\nr6 = 1\nif r0 > 100 goto +1\n"
				      "goto +1\n"
				      "r6 = 1000\nr0 = r6\nexit\n",
				      &cnt);

	if (tap_ok(analyze(&e, insns, cnt), "facts-imprecise-prune: analysed")) {
		f = facts_value(&e.facts, 5, 6);
		tap_ok(f && f->umin == 1 && f->umax == 1000, "r6 is 1 or 1000, not 1");
		f = facts_value(&e.facts, 6, 0);
		tap_ok(fact_holds(f, 1) && fact_holds(f, 1000), "so is what is returned");
	}
	mem_free(e.facts.values);
	flow_env_fini(&e);
	mem_free(insns);
}

int main(int argc, char **argv)
{
	u64 count = 10000, seed = 3;
	u32 bad = 0, facts = 0;
	struct gen g = { 0 };

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--count"))
			count = strtoull(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 10);
	}
	rand_seed(g.rand, seed);
	test_imprecise_prune();
	for (u64 n = 0; n < count && bad < 5; n++)
		bad += run_one(&g, &facts);
	tap_eq(bad, 0, "%llu programs, %u facts: every value stored lies within them",
	       (unsigned long long)count, facts);
	str_fini(&g.text);
	return tap_done();
}
