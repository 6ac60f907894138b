/* SPDX-License-Identifier: BSD-2-Clause */
/* Both interpreters on small programs: arithmetic, memory, calls, loops, limits, faults. */
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/skep.h"
#include "engine/engine.h"
#include "interp/interp.h"
#include "isa/isa.h"
#include "prog/prog.h"
#include "tests/tap.h"

#define OP(id, dst, src, off, imm) insn_of(ISA_##id, dst, src, off, imm)
#define EXIT OP(EXIT, 0, 0, 0, 0)

static struct insn insn_of(enum isa_op op, u32 dst, u32 src, s16 off, s32 imm)
{
	struct insn i = isa_template(op);
	const struct isa_info *info = isa_info(op);

	i.dst = (u8)(dst & 0xf);
	if (info->src != ISA_REG_SEL)
		i.src = (u8)(src & 0xf);
	if (info->off != ISA_OFF_SEL)
		i.off = off;
	if (info->imm != ISA_IMM_SEL)
		i.imm = imm;
	return i;
}

static u64 helper_sum(u64 a, u64 b, u64 c, u64 d, u64 e, void *cookie)
{
	*(u32 *)cookie += 1;
	return a + b + c + d + e;
}

static u64 helper_twice(u64 fn, u64 arg, u64 c, u64 d, u64 e, struct run *run)
{
	const u64 args[5] = { arg, c, d, e };
	u64 sum = engine_callback(run, fn, args);

	if (run->fault.kind != FAULT_NONE)
		return 0;
	return sum + engine_callback(run, fn, args);
}

static u32 sum_calls;

static int resolve(void *cookie, s32 id, struct helper_binding *b)
{
	if (id == 1)
		*b = (struct helper_binding){ .host = helper_sum, .cookie = cookie };
	else if (id == 2)
		*b = (struct helper_binding){ .fn = helper_twice };
	else
		return -EINVAL;
	return 0;
}

static const struct helper_resolver resolver = { resolve, &sum_calls, true };

struct result {
	int err; /* of compiling or running */
	u64 r0;
	struct fault fault;
};

static u64 memory[8];

static struct result run_on(bool guard, const struct insn *insns, u32 cnt, u64 budget)
{
	struct result res = { 0 };
	struct prog *prog;
	struct run run;

	memset(memory, 0, sizeof(memory));
	memory[0] = 0x1122334455667788;
	if (prog_new_raw(insns, cnt, "test", &prog))
		return (struct result){ .err = -ENOMEM };
	res.err = guard ? interp_guard_compile(prog, &resolver)
			: interp_run_compile(prog, &resolver);
	if (!res.err) {
		const struct extent e = { ptr_to_u64(memory), sizeof(memory), EXTENT_MEM,
					  EXTENT_READ | EXTENT_WRITE, "memory", -1 };

		if (run_begin(&run, NULL) || run_allow(&run, &e))
			return res;
		run.prog = prog;
		run.insns_left = budget;
		run.ctx = memory;
		res.err = prog->enter(&run, prog, memory, sizeof(memory), &res.r0);
		res.fault = run.fault;
		run_end(&run);
	}
	prog_put(prog);
	return res;
}

#define BOTH(name, want, ...)                                                                      \
	do {                                                                                       \
		const struct insn insns_[] = { __VA_ARGS__ };                                      \
		for (int g_ = 0; g_ < 2; g_++) {                                                   \
			struct result r_ = run_on(g_, insns_, ARRAY_SIZE(insns_), 1 << 27); \
			tap_eq(r_.err, 0, "%s: %s runs", name, g_ ? "guard" : "run");              \
			tap_eq(r_.r0, want, "%s: %s result", name, g_ ? "guard" : "run");          \
		}                                                                                  \
	} while (0)

#define FAULTS(name, engine, want, ...)                                                            \
	do {                                                                                       \
		const struct insn insns_[] = { __VA_ARGS__ };                                      \
		struct result r_ = run_on(engine, insns_, ARRAY_SIZE(insns_), 1000000);            \
		tap_eq(r_.err, -EFAULT, "%s: stops", name);                                        \
		tap_eq(r_.fault.kind, want, "%s: kind of fault", name);                            \
	} while (0)

static void test_results(void)
{
	BOTH("constant", (u64)-7, OP(MOV64_K, 0, 0, 0, -7), EXIT);
	BOTH("load", 0x55667788, OP(LDX_W, 0, 1, HOST_BIG_ENDIAN ? 4 : 0, 0), EXIT);
	BOTH("size in r2", 64, OP(MOV64_X, 0, 2, 0, 0), EXIT);
	BOTH("stack", 0xabcd, OP(ST_DW, 10, 0, -8, 0xabcd), OP(LDX_DW, 0, 10, -8, 0), EXIT);
	BOTH("loop", 5050, OP(MOV64_K, 0, 0, 0, 0), OP(MOV64_K, 1, 0, 0, 100),
	     OP(ADD64_X, 0, 1, 0, 0), OP(SUB64_K, 1, 0, 0, 1), OP(JNE64_K, 1, 0, -3, 0), EXIT);
	/* The pairs of run_pairs.def that end in a jump backwards; others come in diff_test. */
	BOTH("loop by !=", 10, OP(MOV64_K, 0, 0, 0, 0), OP(ADD64_K, 0, 0, 0, 2),
	     OP(JNE64_K, 0, 0, -2, 10), EXIT);
	BOTH("loop by != register", 10, OP(MOV64_K, 0, 0, 0, 0), OP(MOV64_K, 1, 0, 0, 10),
	     OP(ADD64_K, 0, 0, 0, 2), OP(JNE64_X, 0, 1, -2, 0), EXIT);
	BOTH("loop by < register", 11, OP(MOV64_K, 0, 0, 0, -1), OP(MOV64_K, 1, 0, 0, 10),
	     OP(ADD64_K, 0, 0, 0, 3), OP(JLT64_X, 0, 1, -2, 0), EXIT);
	BOTH("loop by > register", 9, OP(MOV64_K, 0, 0, 0, 99), OP(MOV64_K, 1, 0, 0, 10),
	     OP(ADD64_K, 0, 0, 0, -9), OP(JGT64_X, 0, 1, -2, 0), EXIT);
	BOTH("subprogram keeps r6", 42 + 7, OP(MOV64_K, 6, 0, 0, 7), OP(MOV64_K, 1, 0, 0, 41),
	     OP(CALL_SUBPROG, 0, 0, 0, 2), OP(ADD64_X, 0, 6, 0, 0), EXIT,
	     OP(MOV64_K, 6, 0, 0, 99), OP(MOV64_X, 0, 1, 0, 0), OP(ADD64_K, 0, 0, 0, 1), EXIT);
	BOTH("own helper", 15, OP(MOV64_K, 1, 0, 0, 1), OP(MOV64_K, 2, 0, 0, 2),
	     OP(MOV64_K, 3, 0, 0, 3), OP(MOV64_K, 4, 0, 0, 4), OP(MOV64_K, 5, 0, 0, 5),
	     OP(CALL_HELPER, 0, 0, 0, 1), EXIT);
	BOTH("callx", 15, OP(MOV64_K, 1, 0, 0, 1), OP(MOV64_K, 2, 0, 0, 2), OP(MOV64_K, 3, 0, 0, 3),
	     OP(MOV64_K, 4, 0, 0, 4), OP(MOV64_K, 5, 0, 0, 5), OP(MOV64_K, 6, 0, 0, 1),
	     OP(CALLX, 6, 0, 0, 0), EXIT);
	BOTH("function without result", 3, OP(CALL_SUBPROG, 0, 0, 0, 2), OP(MOV64_K, 0, 0, 0, 3),
	     EXIT, OP(MOV64_K, 1, 0, 0, 1), EXIT);
	/* The callback writes to the caller's stack by the pointer it is given. */
	BOTH("callback", 2 * 3 + 4, OP(ST_DW, 10, 0, -8, 2), OP(LDDW_FUNC, 1, 0, 0, 8),
	     ((struct insn){ 0 }), OP(MOV64_X, 2, 10, 0, 0), OP(ADD64_K, 2, 0, 0, -8),
	     OP(CALL_HELPER, 0, 0, 0, 2), OP(LDX_DW, 1, 10, -8, 0), OP(ADD64_X, 0, 1, 0, 0), EXIT,
	     EXIT,
	     OP(LDX_DW, 2, 1, 0, 0), OP(ADD64_K, 2, 0, 0, 1), OP(STX_DW, 1, 2, 0, 0),
	     OP(MOV64_K, 0, 0, 0, 3), EXIT);
	BOTH("may_goto ends", 8388608, OP(MOV64_K, 0, 0, 0, 0), OP(MAY_GOTO, 0, 0, 2, 0),
	     OP(ADD64_K, 0, 0, 0, 1), OP(JA, 0, 0, -3, 0), EXIT);
	BOTH("atomics", 0x10 + 5, OP(MOV64_K, 0, 0, 0, 5), OP(STX_DW, 10, 0, -8, 0),
	     OP(MOV64_K, 3, 0, 0, 0x10), OP(ATOMIC64_FETCH_ADD, 10, 3, -8, 0),
	     OP(LDX_DW, 0, 10, -8, 0), EXIT);
	BOTH("ldabs", 0x22, OP(MOV64_X, 6, 1, 0, 0), OP(LDABS_B, 0, 0, 0, HOST_BIG_ENDIAN ? 1 : 6),
	     EXIT);
	BOTH("ldabs outside", 0, OP(MOV64_X, 6, 1, 0, 0), OP(LDABS_W, 0, 0, 0, 61),
	     OP(MOV64_K, 0, 0, 0, 9), EXIT);
}

static void test_faults(void)
{
	for (int guard = 0; guard < 2; guard++) {
		FAULTS("endless loop", guard, FAULT_BUDGET, OP(JA, 0, 0, -1, 0), EXIT);
		FAULTS("recursion", guard, FAULT_DEPTH, OP(CALL_SUBPROG, 0, 0, 0, -1), EXIT);
		FAULTS("misaligned", guard, FAULT_ALIGN, OP(MOV64_K, 2, 0, 0, 1),
		       OP(ATOMIC64_ADD, 1, 2, 4, 0), EXIT);
		FAULTS("off the end", guard, FAULT_INSN, OP(MOV64_K, 0, 0, 0, 0));
	}
	FAULTS("null", 1, FAULT_READ, OP(MOV64_K, 1, 0, 0, 0), OP(LDX_DW, 0, 1, 0, 0), EXIT);
	FAULTS("past the memory", 1, FAULT_WRITE, OP(ST_W, 1, 0, 62, 0), EXIT);
	FAULTS("below the stack", 1, FAULT_WRITE, OP(ST_W, 10, 0, -516, 0), EXIT);
	FAULTS("above the stack", 1, FAULT_READ, OP(LDX_DW, 0, 10, -4, 0), EXIT);
	FAULTS("unset register", 1, FAULT_UNINIT, OP(MOV64_X, 0, 3, 0, 0), EXIT);
	FAULTS("unset r0", 1, FAULT_UNINIT, EXIT);
	FAULTS("r1 after a call", 1, FAULT_UNINIT, OP(CALL_HELPER, 0, 0, 0, 1),
	       OP(MOV64_X, 0, 1, 0, 0), EXIT);
	FAULTS("no such helper", 1, FAULT_CALL, OP(CALL_HELPER, 0, 0, 0, 77), EXIT);
	FAULTS("wild jump", 1, FAULT_INSN, OP(JA, 0, 0, 100, 0), EXIT);
}

/* Runs of an instance can call back: bpf_loop without this jumped to NULL. */
static void test_instance(void)
{
	struct skep *skep;
	struct run run;

	if (!tap_eq(skep_new(NULL, &skep), 0, "an instance"))
		return;
	if (tap_eq(core_run_begin(skep, &run), 0, "its run")) {
		tap_ok(run.ops->callback == engine_callback, "which can call back");
		run_end(&run);
	}
	skep_free(skep);
}

int main(void)
{
	test_instance();
	test_results();
	test_faults();
	return tap_done();
}
