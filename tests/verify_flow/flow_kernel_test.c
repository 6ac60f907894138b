/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control flow and live registers against the live kernel, which prints at log level 2, before it
 * walks any path, which registers live at each instruction and which loop it is in. Generated
 * programs: random edges, calls of any helper, subprograms; what does not get that far must be
 * refused by us in the same words. And call trees with random stack depths.
 */
#include <stdio.h>
#include <sys/utsname.h>

#include "base/mem.h"
#include "tests/kernel_bpf.h"
#include "tests/tap.h"
#include "tests/verify_flow/flow_env.h"

#define PROGRAMS   2000
#define TREES	   600
#define INSNS_MAX  64
#define FUNCS_MAX  10

static char log_text[1 << 20];
static u64 rng = 20261121;
static u32 compared, refused_alike, skipped, wrong;

static u32 random_below(u32 bound)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (u32)(rng >> 32) % bound;
}

static struct insn random_simple(void)
{
	static const enum isa_op ops[] = {
		ISA_ADD64_X,	ISA_MOV64_X,	  ISA_MOV64_K,	ISA_SUB32_K,	     ISA_NEG64,
		ISA_BE16,	ISA_MOVSX8_64,	  ISA_LDX_DW,	ISA_LDX_W,	     ISA_LDSX_B,
		ISA_STX_DW,	ISA_STX_B,	  ISA_ST_DW,	ISA_ATOMIC64_ADD,    ISA_MOV32_X,
		ISA_BSWAP32,	ISA_LOAD_ACQ_DW,  ISA_STORE_REL_W, ISA_ATOMIC32_XCHG,
		ISA_ATOMIC64_FETCH_OR, ISA_ATOMIC64_CMPXCHG, ISA_ATOMIC64_FETCH_ADD,
	};
	const enum isa_op op = ops[random_below(ARRAY_SIZE(ops))];
	struct insn i = isa_template(op);

	i.dst = random_below(10) & 0xf;
	if (isa_info(op)->src & ISA_REG_RW)
		i.src = random_below(11) & 0xf;
	if (isa_info(op)->imm == ISA_IMM_VALUE)
		i.imm = 7;
	return i;
}

/* One function at [start, end) of @p; the functions start at starts[0..func_cnt). */
struct gen {
	struct insn p[INSNS_MAX + 2];
	u32 starts[4], func_cnt, cnt;
};

static u32 gen_insn(struct gen *g, u32 at, u32 start, u32 end)
{
	const s32 to = (s32)(start + random_below(end - start)) - (s32)at - 1;

	switch (random_below(24)) {
	case 0: case 1: case 2: case 3:
		g->p[at] = isa_template(random_below(2) ? ISA_JEQ64_K : ISA_JGT32_X);
		g->p[at].dst = random_below(10) & 0xf;
		if (g->p[at].code == isa_template(ISA_JGT32_X).code)
			g->p[at].src = random_below(10) & 0xf;
		g->p[at].off = (s16)to;
		return 1;
	case 4:
		g->p[at] = isa_template(ISA_MAY_GOTO);
		g->p[at].off = (s16)to;
		return 1;
	case 5:
		if (random_below(3))
			break;
		g->p[at] = isa_template(random_below(2) ? ISA_JA : ISA_JA32);
		if (g->p[at].code == isa_template(ISA_JA).code)
			g->p[at].off = (s16)to;
		else
			g->p[at].imm = to;
		return 1;
	case 6: case 7: case 8:
		g->p[at] = isa_template(ISA_CALL_HELPER);
		g->p[at].imm = (s32)random_below(216);
		if (g->p[at].imm == 36)
			g->p[at].imm = 1; /* probe_write_user: lockdown decides */
		return 1;
	case 9: case 10:
		g->p[at] = isa_template(ISA_CALL_SUBPROG);
		g->p[at].imm = (s32)g->starts[random_below(g->func_cnt)] - (s32)at - 1;
		return 1;
	case 11:
		if (random_below(4))
			break;
		g->p[at] = isa_template(ISA_EXIT);
		return 1;
	case 12:
		if (at + 2 >= end)
			break;
		g->p[at] = isa_template(ISA_LDDW_IMM);
		g->p[at].dst = random_below(10) & 0xf;
		g->p[at + 1] = insn_make(0, 0, 0, 0, 1);
		return 2;
	case 13:
		if (random_below(3))
			break;
		g->p[at] = isa_template(random_below(2) ? ISA_LDABS_B : ISA_LDIND_W);
		return 1;
	}
	g->p[at] = random_simple();
	return 1;
}

static void generate(struct gen *g)
{
	u32 end;

	memset(g, 0, sizeof(*g));
	g->func_cnt = 1 + random_below(3);
	g->cnt = g->func_cnt * (3 + random_below(16));
	for (u32 f = 0; f < g->func_cnt; f++)
		g->starts[f] = g->cnt * f / g->func_cnt;
	for (u32 f = 0; f < g->func_cnt; f++) {
		end = f + 1 < g->func_cnt ? g->starts[f + 1] : g->cnt;
		for (u32 i = g->starts[f]; i + 1 < end;)
			i += gen_insn(g, i, g->starts[f], end);
		g->p[end - 1] = isa_template(random_below(12) ? ISA_EXIT : ISA_MOV64_K);
	}
}

static void complain(const struct gen *g, const struct flow_env *e, const char *what)
{
	if (wrong++ > 3)
		return;
	tap_diag("%s; we say %d \"%s\"", what, e->err, e->reject);
	for (u32 i = 0; i < g->cnt; i++)
		tap_diag("%u: %02x dst %u src %u off %d imm %d scc %u live %x", i, g->p[i].code,
			 g->p[i].dst, g->p[i].src, g->p[i].off, g->p[i].imm,
			 e->flow.info ? e->flow.info[i].scc : 0,
			 e->flow.info ? e->flow.info[i].live_regs : 0);
	tap_diag("kernel: %.*s", (int)strcspn(log_text, "\n"), log_text);
}

/* "  3  12: .1....6..." of the block; 0 at its end. */
/* Of a loop that the kernel numbers; 0 for the others. */
static u32 shown_scc(const struct flow *flow, u32 idx)
{
	return flow->info[idx].scc < flow->scc_shown_cnt ? flow->info[idx].scc : 0;
}

static bool parse_line(const char *line, u32 *scc, u32 *idx, u16 *live)
{
	char regs[11];

	*scc = 0;
	if (strncmp(line, "    ", 4) != 0 && sscanf(line, "%3u", scc) != 1)
		return false;
	if (sscanf(line + 4, "%u: %10[.0-9] ", idx, regs) != 2 || strlen(regs) != 10)
		return false;
	*live = 0;
	for (u32 r = 0; r < 10; r++)
		if (regs[r] != '.')
			*live |= (u16)(1u << r);
	return true;
}

static void compare_block(const struct gen *g, const struct flow_env *e, const char *block)
{
	u32 scc, idx, seen = 0;
	u16 live;

	if (e->err) {
		complain(g, e, "the kernel comes to the live registers");
		return;
	}
	for (const char *p = strchr(block, '\n'); p; p = strchr(p, '\n')) {
		p++;
		if (!parse_line(p, &scc, &idx, &live))
			break;
		seen++;
		if (idx < g->cnt && shown_scc(&e->flow, idx) == scc &&
		    (e->flow.info[idx].live_regs & 0x3ff) == live)
			continue;
		tap_diag("insn %u: kernel scc %u live %x", idx, scc, live);
		complain(g, e, "other live registers");
		return;
	}
	if (!seen)
		complain(g, e, "empty block");
	compared++;
}

static bool is_flow_reason(const char *reason)
{
	return strstr(reason, "unreachable insn") || strstr(reason, "jump ") ||
	       strstr(reason, "last insn") || strstr(reason, "call to invalid") ||
	       strstr(reason, "LD_ABS is not") || strstr(reason, "tail_call is not");
}

static void compare(const struct gen *g, u32 type)
{
	const struct kernel_prog p = { .type = type, .insns = g->p, .cnt = g->cnt, .log = log_text,
				       .log_bytes = sizeof(log_text), .log_level = 2 };
	const int fd = kernel_prog_load_from(&p);
	const char *block = strstr(log_text, "Live regs before insn:");
	struct flow_env e = { 0 };
	struct flow_opts opts = flow_env_opts(&e, (enum prog_type)type);
	char line[sizeof(e.reject) + 2];

	if (fd >= 0)
		close(fd);
	flow_env_run(&e, g->p, g->cnt, &opts);
	snprintf(line, sizeof(line), "%s\n", e.reject);
	if (block) {
		compare_block(g, &e, block);
	} else if (e.err == fd && e.reject[0] && strstr(log_text, line)) {
		refused_alike++;
	} else if (is_flow_reason(log_text) || e.err) {
		complain(g, &e, "the kernel refuses with other words");
	} else {
		skipped++;
	}
	flow_env_fini(&e);
}

/* Functions that use some stack and call later ones. */
static u32 gen_tree(struct insn *p, u32 *depths, u32 *ret_funcs)
{
	const u32 funcs = 1 + random_below(FUNCS_MAX), calls_max = 3;
	u32 starts[FUNCS_MAX + 1], call_at[FUNCS_MAX * 3][2], calls = 0, n = 0;
	bool called[FUNCS_MAX + 1] = { true };

	for (u32 f = 0; f < funcs; f++) {
		starts[f] = n;
		depths[f] = 8 * random_below(random_below(3) ? 12 : 40);
		p[n] = isa_template(depths[f] ? ISA_ST_DW : ISA_MOV64_K);
		p[n].dst = depths[f] ? INSN_REG_FP : 1;
		p[n].off = (s16)-(s32)depths[f];
		n++;
		for (u32 k = 0; k < calls_max && f + 1 < funcs; k++) {
			/* the first call goes to the next function, so that all are reached */
			const u32 to = k ? f + 1 + random_below(funcs - f - 1) : f + 1;

			if (k && random_below(2))
				continue;
			if (!k && called[to] && random_below(2))
				continue;
			called[to] = true;
			p[n] = isa_template(ISA_CALL_SUBPROG);
			call_at[calls][0] = n++;
			call_at[calls++][1] = to;
		}
		p[n] = isa_template(ISA_MOV64_K);
		p[n++].dst = 0;
		p[n++] = isa_template(ISA_EXIT);
	}
	for (u32 k = 0; k < calls; k++)
		p[call_at[k][0]].imm = (s32)starts[call_at[k][1]] - (s32)call_at[k][0] - 1;
	*ret_funcs = funcs;
	return n;
}

static void compare_tree(u32 *ret_alike, u32 *ret_refused)
{
	struct insn p[FUNCS_MAX * 8];
	u32 depths[FUNCS_MAX], funcs, cnt = gen_tree(p, depths, &funcs);
	const int fd = kernel_prog_load(1, p, cnt, log_text, sizeof(log_text));
	struct flow_env e = { 0 };
	struct flow_opts opts = flow_env_opts(&e, PROG_TYPE_SOCKET_FILTER);

	if (fd >= 0)
		close(fd);
	flow_env_run(&e, p, cnt, &opts);
	if (!e.err && e.flow.subprog_cnt != funcs)
		e.err = -EIO;
	for (u32 f = 0; f < funcs && !e.err; f++)
		e.facts.subprogs[f].stack_bytes = depths[f];
	if (!e.err)
		e.err = flow_stack_depth(&e.flow, false);
	/* Nine frames: the kernel's walk of the paths says so first. */
	if ((fd < 0) == (e.err < 0) &&
	    (!strstr(log_text, "combined stack size") || strstr(log_text, e.reject)))
		++*ret_alike;
	else
		tap_diag("kernel %d %s, we %d %s", fd, log_text, e.err, e.reject);
	*ret_refused += fd < 0;
	flow_env_fini(&e);
}

int main(void)
{
	/* socket filter, kprobe, tc, tracepoint, xdp, cgroup_skb, raw tracepoint */
	static const u32 types[] = { 1, 3, 5, 6, 8, 17 };
	u32 alike = 0, refused = 0;
	struct utsname u;
	struct gen g;

	if (!kernel_bpf_allowed()) {
		tap_skip("bpf(2) is refused here");
		return tap_done();
	}
	if (uname(&u) || strncmp(u.release, "6.18.", 5) != 0) {
		tap_skip("the live kernel is not 6.18");
		return tap_done();
	}
	for (u32 i = 0; i < PROGRAMS; i++) {
		generate(&g);
		compare(&g, types[i % ARRAY_SIZE(types)]);
	}
	tap_diag("seed 20261121: %u blocks compared, %u refused alike, %u refused elsewhere",
		 compared, refused_alike, skipped);
	tap_eq(wrong, 0, "live registers and loops are the kernel's");
	tap_ok(compared > PROGRAMS / 4, "enough programs come that far");
	for (u32 i = 0; i < TREES; i++)
		compare_tree(&alike, &refused);
	tap_diag("%u call trees, %u refused by the kernel", TREES, refused);
	tap_eq(alike, TREES, "stack depths of call trees");
	return tap_done();
}
