/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The flow room on small programs whose answers are written here: refusals, prune points, loops,
 * live registers, fast calls, the live stack over calls, stack depth; and time that grows
 * linearly.
 */
#include <stdio.h>
#include <time.h>

#include "base/mem.h"
#include "tests/oom.h"
#include "tests/tap.h"
#include "tests/verify_flow/flow_env.h"

static struct insn *assemble(const char *text, u32 *ret_cnt)
{
	struct isa_asm_error error;
	struct insn *insns = NULL;

	if (isa_asm(text, &insns, ret_cnt, &error)) {
		tap_diag("line %u: %s", error.line, error.text);
		abort();
	}
	return insns;
}

/* The caller finishes @e and frees the instructions. */
static struct insn *run(struct flow_env *e, const char *text, bool capable)
{
	u32 cnt;
	struct insn *insns = assemble(text, &cnt);
	struct flow_opts opts = flow_env_opts(e, PROG_TYPE_SOCKET_FILTER);

	opts.bpf_capable = capable;
	flow_env_run(e, insns, cnt, &opts);
	return insns;
}

static const struct refusal {
	const char *name, *text, *reason;
	int err;
	bool unpriv;
} refusals[] = {
	{ "unreachable", "goto +1\n r0 = 1\n r0 = 0\n exit", "unreachable insn 1", -EINVAL, false },
	{ "back-edge", "r0 = 0\n goto -2", "back-edge from insn 1 to 0", -EINVAL, true },
	{ "conditional back-edge", "r0 = 0\n if r0 == 0 goto -2\n exit",
	  "back-edge from insn 1 to 0", -EINVAL, true },
	{ "jump far", "r0 = 0\n goto +5\n exit", "jump out of range from insn 1 to 7", -EINVAL,
	  false },
	{ "jump before", "r0 = 0\n if r0 == 0 goto -5\n exit",
	  "jump out of range from insn 1 to -3", -EINVAL, false },
	{ "no exit", "r0 = 0", "last insn is not an exit or jmp", -EINVAL, false },
	{ "into a lddw", "if r1 == 0 goto +1\n r0 = 0x1 ll\n exit",
	  "jump into the middle of ldimm64 insn 1", -EINVAL, false },
	{ "jump into a function", "call pc+2\n if r0 == 0 goto +1\n exit\n r0 = 0\n exit",
	  "jump out of range from insn 1 to 3", -EINVAL, false },
	{ "call far", "call pc+9\n exit", "call to invalid destination", -EINVAL, false },
	{ "call without rights", "call pc+1\n exit\n r0 = 0\n exit",
	  "loading/calling other bpf or kernel functions are allowed for CAP_BPF and "
	  "CAP_SYS_ADMIN", -EPERM, true },
	{ "ld_abs below", "call pc+1\n exit\n r0 = *(u8 *)skb[0]\n exit",
	  "LD_ABS is not allowed in subprogs without BTF", -EINVAL, false },
	{ "tail call below", "call pc+1\n exit\n call 12\n r0 = 0\n exit",
	  "tail_call is not allowed in subprogs without BTF", -EINVAL, false },
};

static void test_refusals(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct flow_env e = { 0 };
		struct insn *insns = run(&e, refusals[i].text, !refusals[i].unpriv);

		tap_ok(e.err == refusals[i].err && !strcmp(e.reject, refusals[i].reason),
		       "refused: %s", refusals[i].name);
		if (strcmp(e.reject, refusals[i].reason) != 0)
			tap_diag("%d %s", e.err, e.reject);
		flow_env_fini(&e);
		mem_free(insns);
	}
}

static void test_abnormal_with_btf(void)
{
	const bool returns_int[2] = { true, true }, returns_void[2] = { true, false };
	struct flow_env e = { 0 };
	u32 cnt;
	struct insn *insns = assemble("call pc+1\n exit\n r0 = *(u8 *)skb[0]\n exit", &cnt);
	struct flow_opts opts = flow_env_opts(&e, PROG_TYPE_SOCKET_FILTER);

	e.err = flow_init(&e.flow, insns, cnt, &e.arena, &opts);
	if (!e.err)
		e.err = flow_subprogs(&e.flow);
	tap_eq(e.err, 0, "subprograms found");
	tap_eq(flow_abnormal_return(&e.flow, returns_int), 0, "LD_ABS where int is returned");
	tap_eq(flow_abnormal_return(&e.flow, returns_void), -EINVAL, "… and where not");
	tap_str(e.reject, "LD_ABS is only allowed in functions that return 'int'.", "reason");
	flow_env_fini(&e);
	mem_free(insns);
}

static void test_marks(void)
{
	struct flow_env e = { 0 };
	struct insn *insns = run(&e,
				 "r6 = 0\n"		     /* 0 */
				 "if r6 > 9 goto +3\n"	     /* 1 */
				 "r6 += 1\n"		     /* 2 */
				 "call pc+4\n"		     /* 3 */
				 "goto -4\n"		     /* 4 → 1 */
				 "may_goto +0\n"	     /* 5 */
				 "r0 = r6\n"		     /* 6 */
				 "exit\n"		     /* 7 */
				 "call 43\n"		     /* 8: changes packet data */
				 "exit", true);
	const struct flow *f = &e.flow;

	tap_eq(e.err, 0, "loop with a call");
	tap_eq(f->subprog_cnt, 2, "two functions");
	tap_ok(flow_has(f, 1, FLOW_PRUNE_POINT) && flow_has(f, 1, FLOW_JMP_POINT), "loop head");
	tap_ok(flow_has(f, 3, FLOW_PRUNE_POINT) && flow_has(f, 4, FLOW_PRUNE_POINT), "call");
	tap_ok(flow_has(f, 4, FLOW_JMP_POINT), "behind a call");
	tap_ok(!flow_has(f, 2, FLOW_PRUNE_POINT), "straight code is not kept");
	tap_ok(flow_has(f, 5, FLOW_FORCE_CHECKPOINT) && flow_has(f, 5, FLOW_MAY_GOTO), "may_goto");
	tap_ok(flow_has(f, 8, FLOW_JMP_POINT), "function start");
	tap_ok(f->info[1].scc && f->info[1].scc == f->info[4].scc, "a loop is one component");
	tap_eq(f->info[6].scc, 0, "behind the loop");
	tap_eq(f->info[1].live_regs, 1 << 6 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5,
	       "live at the loop head: r6, and what the call may read");
	tap_eq(f->info[6].live_regs, 1 << 6, "live before r0 = r6");
	tap_ok(e.facts.subprogs[0].changes_pkt_data && e.facts.subprogs[1].changes_pkt_data,
	       "what a callee does is its caller's doing");
	tap_ok(e.facts.may_goto, "facts know of may_goto");
	tap_eq(flow_subprog_at(f, 8), 1, "subprogram by start");
	tap_eq(flow_subprog_at(f, 7), -1, "no subprogram starts at an exit");
	flow_env_fini(&e);
	mem_free(insns);
}

static void test_callback_marks(void)
{
	struct flow_env e = { 0 };
	struct insn *insns = run(&e,
				 "r1 = 5\n"		/* 0 */
				 "(18) r2 = 0x5 ; !src=4\n" /* 1 → 7 */
				 "r3 = 0\n r4 = 0\n"	/* 3 */
				 "call 181\n"		/* 5: loop */
				 "exit\n"		/* 6 */
				 "r0 = 0\n exit", true); /* 7 */
	const struct flow *f = &e.flow;

	tap_eq(e.err, 0, "callback by address");
	if (!e.err) {
		tap_eq(f->subprog_cnt, 2, "the callback is a function");
		tap_ok(flow_has(f, 5, FLOW_CALLS_CALLBACK) &&
			       flow_has(f, 5, FLOW_FORCE_CHECKPOINT),
		       "a call that calls back");
		tap_ok(e.facts.callbacks, "facts know of callbacks");
	} else {
		tap_diag("%s", e.reject);
	}
	flow_env_fini(&e);
	mem_free(insns);
}

static void test_fastcall(void)
{
	struct flow_env e = { 0 };
	struct insn *insns = run(&e,
				 "*(u64 *)(r10 - 16) = r1\n"
				 "*(u64 *)(r10 - 24) = r2\n"
				 "call 8\n" /* get_smp_processor_id */
				 "r2 = *(u64 *)(r10 - 24)\n"
				 "r1 = *(u64 *)(r10 - 16)\n"
				 "r3 = *(u64 *)(r10 - 8)\n"
				 "r0 = 0\n exit", true);
	struct insn_facts *facts = e.facts.insns;

	tap_eq(e.err, 0, "fast call");
	tap_eq(facts[2].fastcall_spills, 2, "two spills around the call");
	tap_ok(facts[0].fastcall_pattern && facts[4].fastcall_pattern, "pattern marks");
	tap_eq(e.facts.subprogs[0].fastcall_stack_off, -8, "what lies below belongs to it");
	flow_fastcall_contract(&e.flow, 5, -8);
	tap_eq(facts[2].fastcall_spills, 2, "an access above is harmless");
	e.facts.subprogs[0].stack_bytes = 24;
	flow_fastcall_stack(&e.flow);
	tap_eq(e.facts.subprogs[0].stack_bytes, 8, "spills that go need no stack");
	flow_fastcall_contract(&e.flow, 5, -16);
	tap_ok(!facts[2].fastcall_spills && !facts[0].fastcall_pattern, "one inside ends it");
	flow_env_fini(&e);
	mem_free(insns);
}

/* A state of which only the chain of calls matters. */
struct fake_state {
	struct vstate st;
	struct frame frames[2];
};

static void fake_state_init(struct fake_state *s, u32 frames, u32 insn_idx)
{
	memset(s, 0, sizeof(*s));
	for (u32 i = 0; i < frames; i++) {
		s->st.frame[i] = &s->frames[i];
		s->frames[i].subprogno = i;
		s->frames[i].frameno = i;
		s->frames[i].callsite = i ? 1 : UINT32_MAX;
	}
	s->st.curframe = frames - 1;
	s->st.insn_idx = insn_idx;
}

/* As if instruction @idx of the state had done that to slots of @frame. */
static int touch(struct flow *f, const struct fake_state *s, u32 idx, u32 frame, u64 masks[2])
{
	int err = live_stack_begin(f, &s->st, idx);

	if (!err && masks[0])
		err = live_stack_mark_read(f, &s->st, frame, masks[0]);
	if (err)
		return err;
	if (masks[1])
		live_stack_mark_write(f, frame, masks[1]);
	return live_stack_commit(f);
}

static u64 alive(struct flow *f, struct fake_state *s, u32 insn_idx, u32 frame)
{
	s->st.insn_idx = insn_idx;
	return live_stack_query(f, &s->st) ? ~0ULL : live_stack_mask(f, frame);
}

/*
 * 0: fp-8 = 1;  1: call;  2: r0 = fp-16;  3: exit
 * 4: callee reads fp-8 of its caller, 5: writes fp-16 of its caller; 6: exit
 */
static void test_live_stack(void)
{
	struct flow_env e = { 0 };
	struct insn *insns = run(&e,
				 "*(u64 *)(r10 - 8) = r1\n call pc+2\n"
				 "r0 = *(u64 *)(r10 - 16)\n exit\n"
				 "r0 = *(u64 *)(r1 - 8)\n *(u64 *)(r1 - 16) = r0\n exit", true);
	struct fake_state main_st, callee;
	struct flow *f = &e.flow;
	int err = e.err;

	fake_state_init(&main_st, 1, 0);
	fake_state_init(&callee, 2, 4);
	if (!err)
		err = touch(f, &main_st, 0, 0, (u64[]){ 0, 1 });
	if (!err)
		err = live_stack_begin(f, &main_st.st, 1);
	live_stack_moved(f);
	if (!err)
		err = live_stack_commit(f);
	if (!err)
		err = touch(f, &callee, 4, 0, (u64[]){ 1, 0 });
	if (!err)
		err = touch(f, &callee, 5, 0, (u64[]){ 0, 2 });
	if (!err)
		err = live_stack_update(f, &callee.st);
	if (!err)
		err = touch(f, &main_st, 2, 0, (u64[]){ 2, 0 });
	if (!err)
		err = live_stack_update(f, &main_st.st);
	tap_eq(err, 0, "marks of a call");
	tap_eq(alive(f, &main_st, 2, 0), 2, "behind the call fp-16 lives");
	tap_eq(alive(f, &main_st, 1, 0), 1, "before it fp-8: the callee reads it, writes fp-16");
	tap_eq(alive(f, &main_st, 0, 0), 0, "before the store nothing");
	tap_eq(alive(f, &callee, 4, 0), 1 | 2, "in the callee: what it and its caller read");
	tap_eq(alive(f, &callee, 6, 0), 2, "at its end: what its caller reads");
	tap_eq(alive(f, &callee, 6, 1), 0, "of its own frame nothing");
	/* Another visit on which the store goes elsewhere: it is not sure any more. */
	err = touch(f, &callee, 5, 0, (u64[]){ 0, 0 });
	if (!err)
		err = live_stack_update(f, &callee.st);
	tap_eq(err, 0, "second visit");
	tap_eq(alive(f, &main_st, 1, 0), 1 | 2, "a write that is not sure keeps the slot alive");
	flow_env_fini(&e);
	mem_free(insns);
}

static void test_depth(void)
{
	struct flow_env e = { 0 };
	struct insn *insns = run(&e, "call pc+1\n exit\n call pc+1\n exit\n r0 = 0\n exit", true);
	struct subprog_facts *s = e.facts.subprogs;

	tap_eq(e.err, 0, "three functions");
	s[0].stack_bytes = 256;
	s[1].stack_bytes = 120;
	s[2].stack_bytes = 128;
	tap_eq(flow_stack_depth(&e.flow, false), 0, "512 bytes in three frames");
	tap_eq(e.facts.stack_bytes_max, 512, "deepest chain");
	s[2].stack_bytes = 129;
	tap_eq(flow_stack_depth(&e.flow, false), -EACCES, "one slot more");
	tap_str(e.reject, "combined stack size of 3 calls is 528. Too large", "reason");
	tap_eq(flow_stack_depth(&e.flow, true), 0, "stacks of their own");
	s[2].stack_bytes = 8;
	s[2].has_tail_call = s[2].tail_call_reachable = true;
	tap_eq(flow_stack_depth(&e.flow, true), -EACCES, "tail call under 376 bytes");
	tap_str(e.reject,
		"tail_calls are not allowed when call stack of previous frames is 384 bytes. "
		"Too large", "reason");
	s[0].stack_bytes = 8;
	tap_eq(flow_stack_depth(&e.flow, false), 0, "tail call under little stack");
	tap_ok(s[0].tail_call_reachable && s[1].tail_call_reachable, "callers keep its counter");
	flow_env_fini(&e);
	mem_free(insns);
}

static void test_recursion(void)
{
	struct flow_env e = { 0 };
	struct insn *insns = run(&e, "call pc+1\n exit\n call pc-1\n exit", true);

	tap_eq(e.err, 0, "recursion is not seen by the graph");
	tap_eq(flow_stack_depth(&e.flow, false), -E2BIG, "but by its depth");
	tap_str(e.reject, "the call stack of 8 frames is too deep !", "reason");
	flow_env_fini(&e);
	mem_free(insns);
}

/* Seven levels of functions that call the next one a thousand times each: 10^21 chains. */
static void test_depth_of_many_chains(void)
{
	const u32 calls = 1000, levels = 7, per = calls + 2, cnt = per * levels;
	struct insn *p = calloc(cnt, sizeof(*p));
	struct flow_env e = { 0 };
	struct flow_opts opts = flow_env_opts(&e, PROG_TYPE_SOCKET_FILTER);

	for (u32 i = 0; i < cnt; i++) {
		p[i] = isa_template(i % per == calls ? ISA_MOV64_K : ISA_CALL_SUBPROG);
		if (i % per == per - 1)
			p[i] = isa_template(ISA_EXIT);
		else if (i / per + 1 == levels)
			p[i] = isa_template(ISA_MOV64_K);
		else if (i % per < calls)
			p[i].imm = (s32)((i / per + 1) * per) - (s32)i - 1;
	}
	flow_env_run(&e, p, cnt, &opts);
	tap_eq(e.err, 0, "many chains");
	tap_eq(flow_stack_depth(&e.flow, false), 0, "are not walked one by one");
	flow_env_fini(&e);
	free(p);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Nested loops all over the program, each closing over all before: the worst for live registers. */
static void test_size(void)
{
	const u32 cnt = 1000000;
	struct insn *p = calloc(cnt, sizeof(*p));
	struct flow_env e = { 0 };
	struct flow_opts opts = flow_env_opts(&e, PROG_TYPE_SOCKET_FILTER);
	double start = seconds();

	for (u32 i = 0; i < cnt; i++) {
		p[i] = isa_template(i % 4 ? ISA_ADD64_X : ISA_JEQ64_K);
		p[i].dst = (i / 7) % 10 & 0xf;
		if (i % 4)
			p[i].src = (i / 3) % 10 & 0xf;
		else
			p[i].off = (s16)(i > 30000 ? -30000 : -(s32)i);
	}
	p[cnt - 1] = isa_template(ISA_EXIT);
	flow_env_run(&e, p, cnt, &opts);
	tap_eq(e.err, 0, "a million instructions");
	tap_diag("%.0f ms", (seconds() - start) * 1e3);
	flow_env_fini(&e);
	free(p);
}

static int run_once(void *cookie)
{
	struct flow_env e = { 0 };
	struct flow_opts opts = flow_env_opts(&e, PROG_TYPE_SOCKET_FILTER);
	struct insn *const *insns = cookie;
	int err;

	flow_env_run(&e, *insns, 4, &opts);
	err = e.err ? e.err : flow_stack_depth(&e.flow, false);
	flow_env_fini(&e);
	return err;
}

static void test_oom(void)
{
	u32 cnt;
	struct insn *insns = assemble("r0 = 0\n r0 += 1\n if r0 < 9 goto -2\n exit", &cnt);

	oom_sweep(run_once, &insns, "flow");
	mem_free(insns);
}

int main(void)
{
	test_refusals();
	test_abnormal_with_btf();
	test_marks();
	test_callback_marks();
	test_fastcall();
	test_live_stack();
	test_depth();
	test_recursion();
	test_depth_of_many_chains();
	test_size();
	test_oom();
	return tap_done();
}
