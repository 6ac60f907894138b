/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compiled programs at what vectors do not say: calls in all directions, tail calls, faults and
 * budgets that end a run from anywhere, constants in registers, long ways. All through a caller
 * that looks whether its registers are as they were; with what the CPU has, and without.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine.h"
#include "interp/interp.h"
#include "isa/asm.h"
#include "jit/jit.h"
#include "map/map.h"
#include "spec/helper.h"
#include "tests/jit/shim.h"
#include "tests/tap.h"

#define SLOTS 4

/* A program array without its machinery: slots hold the programs themselves. */
struct slots {
	struct map map;
	struct prog *progs[SLOTS];
};

static void *slots_lookup(struct map *map, u32 index)
{
	return container_of(map, struct slots, map)->progs[index];
}

static const struct map_ops slots_ops = { .lookup_obj = slots_lookup };

static void slots_destroy(struct obj *obj)
{
	(void)obj; /* lives on the stack of main */
}

static u64 helper_sum(u64 a, u64 b, u64 c, u64 d, u64 e, void *cookie)
{
	*(u32 *)cookie += 1;
	return a + b + c + d + e;
}

/* Calls @fn twice with @arg; what it returns is added up. */
static u64 helper_twice(u64 fn, u64 arg, u64 c, u64 d, u64 e, struct run *run)
{
	const u64 args[5] = { arg, c, d, e, 5 };
	u64 sum = engine_callback(run, fn, args);

	if (run->fault.kind != FAULT_NONE)
		return 0;
	return sum + engine_callback(run, fn, args);
}

/* As if another thread had stopped the run meanwhile. */
static u64 helper_stop(u64 a, u64 b, u64 c, u64 d, u64 e, struct run *run)
{
	(void)a, (void)b, (void)c, (void)d, (void)e;
	atomic_store_explicit(&run->stop, true, memory_order_relaxed);
	return 1;
}

static u32 sum_calls;

static int resolve(void *cookie, s32 id, struct helper_binding *b)
{
	if (id == 1)
		*b = (struct helper_binding){ .host = helper_sum, .cookie = cookie };
	else if (id == 2)
		*b = (struct helper_binding){ .fn = helper_twice };
	else if (id == 3)
		*b = (struct helper_binding){ .fn = helper_stop };
	else if (id == HELPER_tail_call)
		*b = (struct helper_binding){ .info = helper_info((u32)id) };
	else
		return -EINVAL;
	return 0;
}

static const struct helper_resolver resolver = { resolve, &sum_calls, true };

/* JIT_PLAIN: for a CPU without the features that the target can use. */
enum which { JIT, JIT_PLAIN, INTERP, WHICH_CNT };

static const char *const which_names[] = { "jit", "jit-plain", "run" };

static int compile(struct prog *prog, enum which which)
{
	const struct jit_opts opts = { .poll = JIT_POLL_COUNT,
				       .features_off = which == JIT_PLAIN ? UINT64_MAX : 0 };

	return which == INTERP ? interp_run_compile(prog, &resolver) :
				 jit_compile(prog, &resolver, &opts);
}

static struct slots slots;

/* @text with every `map[0]` replaced by the address of the slots. */
static struct prog *load(const char *text, enum which which)
{
	struct isa_asm_error error;
	struct str source = STR_INIT;
	struct insn *insns = NULL;
	struct prog *prog = NULL;
	const char *at;
	u32 cnt = 0;

	for (; (at = strstr(text, "map[0]")); text = at + strlen("map[0]")) {
		str_add_bytes(&source, text, (size_t)(at - text));
		str_addf(&source, "0x%llx ll", (unsigned long long)ptr_to_u64(&slots.map));
	}
	str_add(&source, text);
	if (isa_asm(str_c(&source), &insns, &cnt, &error)) {
		tap_diag("line %u: %s", error.line, error.text);
	} else if (!prog_new_raw(insns, cnt, "test", &prog)) {
		prog->maps = mem_alloc(sizeof(struct map *));
		if (prog->maps) {
			prog->maps[0] = &slots.map;
			prog->map_cnt = 1;
			obj_get(&slots.map.obj);
		}
		if (compile(prog, which)) {
			prog_put(prog);
			prog = NULL;
		}
	}
	mem_free(insns);
	str_fini(&source);
	return prog;
}

static u64 memory[64];

struct result {
	int err;
	u64 r0;
	struct fault fault;
	const struct prog *prog; /* that ran last */
};

static struct result run_prog(const struct prog *prog, u64 budget)
{
	struct run run = { .insns_left = budget, .ctx = memory, .prog = prog };
	struct result res = { .err = -ENOEXEC };

	if (!prog)
		return res;
	res.err = shim_enter(prog, &run, memory, sizeof(memory), &res.r0);
	res.fault = run.fault;
	res.prog = run.prog;
	return res;
}

static void returns(const char *name, const char *text, u64 want)
{
	for (enum which w = JIT; w < WHICH_CNT; w++) {
		struct prog *prog = load(text, w);
		struct result res;

		memset(memory, 0, sizeof(memory));
		res = run_prog(prog, RUN_NO_BUDGET);
		tap_eq(res.err, 0, "%s: %s runs", name, which_names[w]);
		tap_eq(res.r0, want, "%s: %s returns", name, which_names[w]);
		prog_put(prog);
	}
}

/* Ends with @kind at instruction @idx; the JIT only: memory is not checked elsewhere. */
static void faults(const char *name, const char *text, enum fault_kind kind, u32 idx)
{
	for (enum which w = JIT; w <= JIT_PLAIN; w++) {
		struct prog *prog = load(text, w);
		struct result res = run_prog(prog, 1000000);

		tap_eq(res.err, -EFAULT, "%s: %s stops", name, which_names[w]);
		tap_eq(res.fault.kind, kind, "%s: kind of fault", name);
		tap_eq(res.fault.insn_idx, idx, "%s: where", name);
		tap_ok(res.fault.prog == prog, "%s: in which program", name);
		prog_put(prog);
	}
}

static void test_calls(void)
{
	returns("a leaf", "r0 = r1\nr0 -= r1\nr0 += r2\nexit\n", sizeof(memory));
	returns("own helper", "r1 = 1\nr2 = 2\nr3 = 3\nr4 = 4\nr5 = 5\ncall 1\nexit\n", 15);
	returns("helper by number", "r1 = 1\nr2 = 2\nr3 = 3\nr4 = 4\nr5 = 5\nr6 = 1\n"
		"callx r6\nexit\n",
		15);
	returns("number in an argument",
		"r1 = 1\nr2 = 2\nr3 = 3\nr4 = 4\nr5 = 1\ncallx r5\nexit\n", 11);
	/* Loads, since constants would wait until after the calls, or for ever. */
	returns("functions keep one register, two, all",
		"*(u32 *)(r1 +0) = 0x04030201\n*(u64 *)(r10 -8) = r1\n"
		"r6 = *(u8 *)(r1 +0)\nr7 = *(u8 *)(r1 +1)\nr8 = *(u8 *)(r1 +2)\n"
		"r9 = *(u8 *)(r1 +3)\ncall pc+12\nr1 = *(u64 *)(r10 -8)\ncall pc+13\n"
		"r1 = *(u64 *)(r10 -8)\ncall pc+16\n"
		"r0 = r6\nr0 <<= 8\nr0 |= r7\nr0 <<= 8\nr0 |= r8\nr0 <<= 8\nr0 |= r9\nexit\n"
		"r6 = *(u64 *)(r1 +8)\nr0 = r6\nexit\n"
		"r7 = *(u64 *)(r1 +8)\nr9 = *(u64 *)(r1 +8)\n*(u64 *)(r10 -8) = 5\nr0 = r7\n"
		"exit\n"
		"r6 = *(u64 *)(r1 +8)\nr7 = *(u64 *)(r1 +8)\nr8 = *(u64 *)(r1 +8)\n"
		"r9 = *(u64 *)(r1 +8)\n*(u64 *)(r10 -512) = 5\nr0 = r9\nexit\n",
		0x01020304);
	returns("functions call functions, each with a stack",
		"*(u64 *)(r10 -8) = 1\nr1 = r10\nr1 += -8\ncall pc+3\nr1 = *(u64 *)(r10 -8)\n"
		"r0 += r1\nexit\n"
		"r6 = r1\n*(u64 *)(r10 -512) = 2\nr1 = r10\nr1 += -512\ncall pc+4\n"
		"r1 = *(u64 *)(r6 +0)\nr2 = *(u64 *)(r10 -512)\nr0 += r2\nexit\n"
		"r2 = 40\n*(u64 *)(r1 +0) = r2\nr0 = 100\nexit\n",
		141);
}

/* Main as a function, and as a callback: what it returns goes to whoever called it. */
static void test_main_called(void)
{
	returns("main calls main",
		"r6 = *(u64 *)(r1 +0)\nif r2 < 10 goto pc+5\nr2 = 5\ncall pc-4\nr0 += 10\n"
		"r0 += r6\nexit\nr0 = 1\nexit\n",
		11);
	returns("main calls back to main",
		"if r2 < 10 goto pc+9\n*(u64 *)(r10 -8) = 7\nr2 = 1\n(18) r1 = -4 ; !src=4\n"
		"r3 = 0\ncall 2\nr1 = *(u64 *)(r10 -8)\nr0 += r1\nexit\nr0 = 2\nexit\n",
		2 + 2 + 7);
}

/* The depth is counted anew after a run that ended deep down. */
static void test_depth_again(enum which w)
{
	/* Function: r1 deeper calls. */
	struct prog *prog = load("r1 = *(u64 *)(r1 +0)\ncall pc+1\nexit\n"
				 "r0 = 1\nif r1 == 0 goto pc+3\nr1 -= 1\ncall pc-4\n"
				 "r0 += 1\nexit\n", w);
	struct run run = { .insns_left = RUN_NO_BUDGET, .ctx = memory, .prog = prog };
	u64 r0 = 0;

	memory[0] = 6;
	tap_ok(prog && !shim_enter(prog, &run, memory, 0, &r0) && r0 == 7, "%s: 8 frames",
	       which_names[w]);
	memory[0] = 7;
	tap_eq(prog ? shim_enter(prog, &run, memory, 0, &r0) : 0, -EFAULT, "9 frames");
	tap_eq(run.fault.kind, FAULT_DEPTH, "are too many");
	run.fault.kind = FAULT_NONE;
	memory[0] = 6;
	tap_ok(prog && !shim_enter(prog, &run, memory, 0, &r0) && r0 == 7, "and 8 again");
	prog_put(prog);
}

/* Between two rounds of a helper that calls back: nothing else of the program looks. */
static void test_stop_callback(void)
{
	for (enum which w = JIT; w < WHICH_CNT; w++) {
		struct prog *prog = load("r6 = 1\n(18) r1 = 0x4 ; !src=4\nr2 = 8\ncall 2\nexit\n"
					 "call 3\nr0 = 1\nexit\n", w);
		struct result res = run_prog(prog, RUN_NO_BUDGET);

		tap_eq(res.err, -EFAULT, "%s: stopped between two callbacks", which_names[w]);
		tap_eq(res.fault.kind, FAULT_BUDGET, "which is the budget's fault");
		tap_eq(res.fault.insn_idx, 6, "at the callback");
		prog_put(prog);
	}
}

static void test_callbacks(void)
{
	returns("callback",
		"r6 = *(u64 *)(r1 +0)\nr7 = *(u64 *)(r1 +8)\n*(u64 *)(r10 -8) = 2\n"
		"(18) r1 = 0x9 ; !src=4\nr2 = r10\nr2 += -8\n"
		"call 2\nr1 = *(u64 *)(r10 -8)\nr0 += r1\nr0 += r6\nr0 += r7\nexit\n"
		"r6 = *(u64 *)(r1 +0)\nr7 = r6\nr7 *= r6\nr2 = *(u64 *)(r1 +0)\nr2 += 1\n"
		"*(u64 *)(r1 +0) = r2\nr0 = 3\nexit\n",
		2 * 3 + 4);
	returns("callback that calls back",
		"(18) r1 = 0x4 ; !src=4\nr2 = 1\ncall 2\nexit\n"
		"r9 = r1\n(18) r1 = 0x5 ; !src=4\nr2 = 1\ncall 2\nr0 += r9\nexit\n"
		"r0 = 7\nexit\n",
		30);
	faults("fault in a callback",
	       "r6 = 1\n(18) r1 = 0x4 ; !src=4\nr2 = 8\ncall 2\nexit\n"
	       "r7 = r1\nr7 *= r1\nr0 = *(u64 *)(r1 +0)\nexit\n",
	       FAULT_READ, 8);
}

static void test_faults(void)
{
	faults("null", "r1 = 0\nr0 = *(u64 *)(r1 +0)\nexit\n", FAULT_READ, 1);
	faults("write", "r1 = 16\nr0 = 0\n*(u32 *)(r1 +0) = 7\nexit\n", FAULT_WRITE, 2);
	faults("in a function", "r6 = 1\nr1 = 8\ncall pc+1\nexit\n"
	       "r6 = r1\nr6 *= r1\nr9 = *(u64 *)(r10 -8)\nr0 = *(u8 *)(r1 +3)\nexit\n",
	       FAULT_READ, 7);
	faults("atomic", "r1 = 8\nr2 = 1\nlock *(u64 *)(r1 +0) += r2\nr0 = 0\nexit\n",
	       FAULT_WRITE, 2);
	faults("endless loop", "r0 = 0\nr0 += 1\ngoto pc-2\nexit\n", FAULT_BUDGET, 2);
	faults("endless loop in a function", "r6 = 0\ncall pc+1\nexit\nr0 = 0\nr6 = 1\nr0 += 1\n"
	       "if r0 != 0 goto pc-2\nexit\n", FAULT_BUDGET, 6);
	faults("recursion", "call pc+1\nexit\nr6 = 1\ncall pc-2\nexit\n", FAULT_DEPTH, 2);
	faults("main calls itself", "call pc-1\nexit\n", FAULT_DEPTH, 0);
	faults("off the end", "r0 = 1\nr1 = 3\n", FAULT_INSN, 1);
	faults("no such helper by number", "r6 = 77\ncallx r6\nexit\n", FAULT_CALL, 0);
}

/* Main goes to slot 1, in a function; what comes back is added up there. */
static const char tail_below[] = "r6 = r1\ncall pc+2\nr0 += 1000\nexit\n"
				 "*(u64 *)(r1 +8) = 7\nr2 = map[0]\nr3 = 1\n"
				 "call bpf_tail_call#12\nr0 = 5\nexit\n";
static const char tail_main[] = "r6 = *(u64 *)(r1 +8)\nr7 = *(u64 *)(r1 +8)\n"
				"*(u64 *)(r1 +8) = 7\n*(u64 *)(r10 -64) = 7\n"
				"r2 = map[0]\nr3 = 1\ncall bpf_tail_call#12\nr0 = 5\nexit\n";
/* Counts itself in memory and goes on to itself. */
static const char tail_chain[] = "r2 = *(u64 *)(r1 +0)\nr2 += 1\n*(u64 *)(r1 +0) = r2\nr6 = r1\n"
				 "r2 = map[0]\nr3 = 2\ncall bpf_tail_call#12\n"
				 "r1 = *(u64 *)(r6 +0)\nr0 <<= 32\nr0 s>>= 32\nr0 *= 100\n"
				 "r0 += r1\nexit\n";
static const char tail_to[] = "r9 = *(u64 *)(r1 +16)\nr9 += 20\n"
			      "r0 = *(u64 *)(r1 +8)\nr0 += r9\nexit\n";

static void test_tail_pair(enum which from, enum which to)
{
	struct prog *below = load(tail_below, from), *direct = load(tail_main, from);
	struct result res;

	slots.progs[1] = load(tail_to, to);
	res = run_prog(below, RUN_NO_BUDGET);
	tap_ok(!res.err && res.r0 == 1027 && res.prog == below,
	       "%s to %s returns to the caller's caller", which_names[from], which_names[to]);
	res = run_prog(direct, RUN_NO_BUDGET);
	tap_ok(!res.err && res.r0 == 27, "%s to %s instead of main", which_names[from],
	       which_names[to]);
	prog_put(slots.progs[1]);
	slots.progs[1] = NULL;
	res = run_prog(below, RUN_NO_BUDGET);
	tap_eq(res.r0, 1005, "an empty slot goes on");
	res = run_prog(direct, RUN_NO_BUDGET);
	tap_eq(res.r0, 5, "in main too");
	prog_put(below);
	prog_put(direct);
}

/* r1 is what it was; verified programs leave the context in it (test_bpf's "Tail call 2"). */
static void test_tail_r1(enum which w)
{
	struct prog *direct = load("r1 += 8\nr2 = map[0]\nr3 = 1\ncall bpf_tail_call#12\n"
				   "exit\n", w);
	struct prog *below = load("call pc+1\nexit\nr1 += 16\nr2 = map[0]\nr3 = 1\n"
				  "call bpf_tail_call#12\nexit\n", w);

	slots.progs[1] = load("r0 = *(u64 *)(r1 +0)\nexit\n", w);
	memory[0] = 5;
	memory[1] = 6;
	memory[2] = 7;
	tap_eq(run_prog(direct, RUN_NO_BUDGET).r0, 6, "%s: r1 goes along", which_names[w]);
	tap_eq(run_prog(below, RUN_NO_BUDGET).r0, 7, "from a function, too");
	prog_put(slots.progs[1]);
	slots.progs[1] = NULL;
	prog_put(direct);
	prog_put(below);
}

/* A barrier between a load and its turning: they stay two. */
static void test_fence_between(void)
{
	const struct jit_opts opts = { .poll = JIT_POLL_NONE };
	const struct insn insns[] = {
		insn_make(0x61, 0, 1, 0, 0),
		insn_make(0xdc, 0, 0, 0, 32),
		insn_make(0x95, 0, 0, 0, 0),
	};
	u32 bytes[2] = { 0 };

	for (u32 marked = 0; marked < 2; marked++) {
		struct prog *prog;
		struct jit_view view;

		if (prog_new_raw(insns, ARRAY_SIZE(insns), "fence", &prog))
			return;
		prog->marks = mem_zalloc(prog->insn_cnt);
		if (prog->marks)
			prog->marks[1] = marked ? XLATE_NOSPEC : 0;
		if (prog->marks && !jit_compile(prog, NULL, &opts) && jit_view(prog, &view))
			bytes[marked] = jit_insn_map_off(view.map, 2) -
					jit_insn_map_off(view.map, 0);
		prog_put(prog);
	}
	/* The shortest barrier has three bytes. */
	tap_ok(bytes[0] && bytes[1] >= bytes[0] + 3, "a barrier between a load and its turning");
}

/* A fault in the program that a function went to ends all. */
static void test_tail_fault(enum which w)
{
	struct prog *below = load(tail_below, w);
	struct result res;

	slots.progs[1] = load("r6 = *(u64 *)(r1 +0)\nr0 = 8\nr7 = *(u64 *)(r0 +0)\nexit\n", w);
	res = run_prog(below, RUN_NO_BUDGET);
	tap_eq(res.err, -EFAULT, "%s: a fault behind a tail call", which_names[w]);
	tap_ok(res.fault.kind == FAULT_READ && res.fault.prog == slots.progs[1],
	       "is that program's");
	prog_put(slots.progs[1]);
	slots.progs[1] = NULL;
	prog_put(below);
}

static void test_tail_chain(enum which w)
{
	struct prog *prog = load(tail_chain, w);
	struct result res;

	memset(memory, 0, sizeof(memory));
	slots.progs[2] = prog;
	res = run_prog(prog, RUN_NO_BUDGET);
	tap_eq(res.r0, (u64)(s64)(-ELOOP * 100 + 1 + RUN_TAIL_CALLS_MAX),
	       "%s: 33 tail calls, not one more", which_names[w]);
	slots.progs[2] = NULL;
	prog_put(prog);
}

static void test_loops(void)
{
	/* Five long constants and a helper: some in registers, which outlive the call. */
	static const char consts[] =
		"r6 = 3\nr7 = 0\n"
		"r1 = 0x1111111111111111 ll\nr2 = 0x2222222222222222 ll\n"
		"r3 = 0x3333333333333333 ll\nr4 = 0x123456789abcdef0 ll\n"
		"r5 = 0x5555555555555555 ll\ncall 1\nr7 += r0\n"
		"r6 -= 1\nif r6 != 0 goto pc-14\nr0 = r7\nexit\n";
	const u64 sum = 0x1111111111111111u + 0x2222222222222222 + 0x3333333333333333 +
			0x123456789abcdef0 + 0x5555555555555555;

	returns("constants of a loop that calls", consts, 3 * sum);
	returns("constants of a loop that does not",
		"r0 = 0\nr1 = 4\nr2 = 0x123456789abcdef0 ll\nr0 ^= r2\nr3 = 0x0fedcba987654321 ll\n"
		"r0 += r3\nr1 -= 1\nif r1 != 0 goto pc-8\nexit\n",
		((((((0x123456789abcdef0u + 0x0fedcba987654321) ^ 0x123456789abcdef0) +
		    0x0fedcba987654321) ^ 0x123456789abcdef0) + 0x0fedcba987654321) ^
		 0x123456789abcdef0) + 0x0fedcba987654321);
	returns("may_goto of a function, with a stack",
		"call pc+1\nexit\n*(u64 *)(r10 -512) = 3\nr0 = 0\nmay_goto pc+2\nr0 += 1\n"
		"if r0 < 100 goto pc-3\nr1 = *(u64 *)(r10 -512)\nr0 += r1\nexit\n",
		103);
}

static struct insn op_imm(enum isa_op op, u32 dst, s32 imm)
{
	struct insn i = isa_template(op);

	i.dst = (u8)(dst & 15);
	i.imm = imm;
	return i;
}

/*
 * A loop over @cnt times @body, which is left by a branch over all of it; in front a helper, after
 * which control may go to the very end of the code.
 */
static void test_long(u32 cnt, struct insn body)
{
	struct insn *insns = mem_alloc((cnt + 16ull) * sizeof(*insns));
	struct prog *prog = NULL;
	struct result res;
	u32 n = 0, loop;

	if (!insns)
		return;
	insns[n++] = op_imm(ISA_CALL_HELPER, 0, 1);
	insns[n++] = op_imm(ISA_MOV64_K, 6, 3);
	insns[n++] = op_imm(ISA_MOV64_K, 7, 0);
	insns[n++] = op_imm(ISA_MOV64_K, 2, 12345);
	loop = n;
	insns[n++] = op_imm(ISA_ADD64_K, 7, 1);
	insns[n] = op_imm(cnt <= INT16_MAX - 2 ? ISA_JEQ64_K : ISA_JNE64_K, 6, 0);
	insns[n++].off = (s16)(cnt <= INT16_MAX - 2 ? cnt + 2 : 1);
	if (cnt > INT16_MAX - 2)
		insns[n++] = op_imm(ISA_JA32, 0, (s32)cnt + 2);
	for (u32 i = 0; i < cnt; i++)
		insns[n++] = body;
	insns[n++] = op_imm(ISA_ADD64_K, 6, -1);
	insns[n] = op_imm(ISA_JA32, 0, (s32)loop - (s32)n - 1);
	n++;
	insns[n] = isa_template(ISA_MOV64_X);
	insns[n++].src = 7;
	insns[n++] = isa_template(ISA_EXIT);
	if (!prog_new_raw(insns, n, "long", &prog))
		tap_eq(compile(prog, JIT), 0, "%u times %s", cnt,
		       isa_info(isa_decode(&body))->name);
	res = run_prog(prog, RUN_NO_BUDGET);
	tap_ok(!res.err && res.r0 == 4, "run to its end");
	prog_put(prog);
	mem_free(insns);
}

int main(void)
{
	const struct map_attr attr = { .type = MAP_TYPE_PROG_ARRAY, .max_entries = SLOTS };

	if (!jit_here_is_target())
		return tap_skip_all("no JIT for this machine");
	slots.map.ops = &slots_ops;
	slots.map.attr = attr;
	obj_init(&slots.map.obj, OBJ_MAP, slots_destroy);
	test_calls();
	test_main_called();
	for (enum which w = JIT; w < WHICH_CNT; w++)
		test_depth_again(w);
	test_callbacks();
	test_stop_callback();
	test_faults();
	test_loops();
	for (enum which w = JIT; w < WHICH_CNT; w++) {
		for (enum which to = JIT; to < WHICH_CNT; to++)
			test_tail_pair(w, to);
		test_tail_chain(w);
	}
	test_tail_fault(JIT);
	test_tail_fault(JIT_PLAIN);
	for (enum which w = JIT; w < WHICH_CNT; w++)
		test_tail_r1(w);
	test_fence_between();
	/* Conditions reach 32 KiB of instructions: of long ones, that is far. */
	test_long(30, op_imm(ISA_XOR64_K, 2, 5));
	test_long(32000, op_imm(ISA_XOR64_K, 2, 5));
	test_long(32765, op_imm(ISA_MOD64_K, 2, 1000003));
	test_long(999000, op_imm(ISA_XOR64_K, 2, 5));
	return tap_done();
}
