/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walks the table of tail-call tests of the kernel's lib/test_bpf.c on all engines: every program
 * of the table is in one program array, calls are written as in the table.
 *
 * Compiled by tools/check_kernel.sh with TEST_TAIL_TABLE naming the file that it cut out.
 */
#include <stdio.h>

#include "shim.h"
/* What the table uses from the other one. */
#define MAX_TESTRUNS 1000
#define MAX_INSNS    512
#define R0	     BPF_REG_0
#define R1	     BPF_REG_1
#define R2	     BPF_REG_2
#define R3	     BPF_REG_3
#define R10	     BPF_REG_10
#include TEST_TAIL_TABLE

#include "base/mem.h"
#include "helper/table.h"
#include "interp/interp.h"
#include "jit/jit.h"
#include "map/map.h"

#define TAIL_CNT ARRAY_SIZE(tail_call_tests)

/* A program array of our own with one slot more than there are programs: that one is empty. */
struct array {
	struct map map;
	struct prog *progs[TAIL_CNT + 1];
};

static void *array_lookup_obj(struct map *map, u32 index)
{
	return container_of(map, struct array, map)->progs[index];
}

static bool array_extent_at(struct map *map, u64 addr, struct extent *ret_extent)
{
	(void)map;
	(void)addr;
	(void)ret_extent;
	return false;
}

static const struct map_ops array_ops = {
	.lookup_obj = array_lookup_obj,
	.extent_at = array_extent_at,
};

static void array_destroy(struct obj *obj)
{
	(void)obj; /* static */
}

static u64 call_test_func(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, struct run *run)
{
	(void)r2, (void)r3, (void)r4, (void)r5, (void)run;
	return bpf_test_func(r1);
}

static int resolve(void *cookie, s32 id, struct helper_binding *ret)
{
	if (id != BPF_FUNC_test_func)
		return helper_resolve(cookie, id, ret);
	*ret = (struct helper_binding){ .fn = call_test_func };
	return 0;
}

/* The table's markers become the array's address, indices and helper calls. */
static u32 relocate(struct bpf_insn *insns, u32 which, const struct array *array)
{
	u64 address = ptr_to_u64(&array->map);
	u32 i;

	for (i = 0; i < MAX_INSNS && insns[i].code; i++) {
		struct bpf_insn *insn = &insns[i];

		if (insn->code == (BPF_LD | BPF_DW | BPF_IMM)) {
			if (insn->imm == TAIL_CALL_MARKER) {
				insn[0].imm = (s32)address;
				insn[1].imm = (s32)(address >> 32);
			}
			i++;
		} else if (insn->code == (BPF_ALU | BPF_MOV | BPF_K) &&
			   insn->imm == TAIL_CALL_MARKER) {
			insn->imm = insn->off == TAIL_CALL_NULL	   ? (s32)TAIL_CNT :
				    insn->off == TAIL_CALL_INVALID ? (s32)TAIL_CNT + 1 :
								     (s32)which + insn->off;
			insn->off = 0;
		} else if (insn->code == (BPF_JMP | BPF_TAIL_CALL)) {
			*insn = INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_tail_call);
		} else if (insn->code == (BPF_JMP | BPF_CALL)) {
			insn->src_reg = 0;
		}
	}
	return i;
}

enum engine { JIT, RUN, GUARD, ENGINE_CNT };

static int compile(struct prog *prog, enum engine engine, const struct helper_resolver *resolver)
{
	const struct jit_opts opts = { .poll = JIT_POLL_COUNT };

	if (engine == GUARD)
		return interp_guard_compile(prog, resolver);
	return engine == JIT && jit_here_is_target() ? jit_compile(prog, resolver, &opts)
						     : interp_run_compile(prog, resolver);
}

static struct prog *build(u32 which, enum engine engine, struct array *array)
{
	static struct helper_ask ask;
	const struct helper_resolver resolver = { .resolve = resolve, .cookie = &ask };
	static struct bpf_insn insns[MAX_INSNS];
	struct prog *prog;
	u32 len;

	memcpy(insns, tail_call_tests[which].insns, sizeof(insns));
	len = relocate(insns, which, array);
	if (prog_new_raw((const void *)insns, len, tail_call_tests[which].descr, &prog))
		abort();
	prog->maps = mem_zalloc_array(1, sizeof(*prog->maps));
	if (!prog->maps)
		abort();
	obj_get(&array->map.obj);
	prog->maps[prog->map_cnt++] = &array->map;
	if (compile(prog, engine, &resolver)) {
		printf("FAILED %s: does not compile\n", prog->name);
		exit(1);
	}
	return prog;
}

/* The result of MAX_TESTRUNS runs as the table wants it; false on a fault. */
static bool run_test(u32 which, struct prog *prog, s32 *ret, struct run *run)
{
	const struct tail_call_test *test = &tail_call_tests[which];
	s32 state = 0;
	u64 r0 = 0;

	run->extents[0] = (struct extent){ ptr_to_u64(&state), sizeof(state), EXTENT_MEM,
					   EXTENT_READ | EXTENT_WRITE, "state", -1 };
	run->extent_cnt = 1;
	for (int i = 0; i < MAX_TESTRUNS; i++) {
		run->insns_left = 1 << 20;
		if (prog_run(run, prog, test->flags & FLAG_NEED_STATE ? &state : NULL, &r0))
			return false;
	}
	*ret = test->flags & FLAG_RESULT_IN_STATE ? state : (s32)r0;
	return true;
}

int main(void)
{
	static struct array array;
	struct run *run = mem_zalloc(sizeof(*run));
	u32 passed = 0, failed = 0, skipped = 0;

	obj_init(&array.map.obj, OBJ_MAP, array_destroy);
	array.map.ops = &array_ops;
	array.map.attr = (struct map_attr){ .type = MAP_TYPE_PROG_ARRAY,
					    .key_size_bytes = 4,
					    .value_size_bytes = 4,
					    .max_entries = TAIL_CNT + 1 };
	for (int engine = JIT; engine < ENGINE_CNT; engine++) {
		for (u32 i = 0; i < TAIL_CNT; i++)
			array.progs[i] = build(i, engine, &array);
		for (u32 i = 0; i < TAIL_CNT; i++) {
			s32 got = 0;
			bool ran = run_test(i, array.progs[i], &got, run);
			bool good = ran && got == tail_call_tests[i].result;
			bool by_design = !ran && engine == GUARD && run->fault.kind == FAULT_ARG &&
					 run->fault.arg == 1; /* the table changes r1 */

			passed += good && engine == GUARD;
			skipped += by_design;
			failed += !good && !by_design;
			if (by_design)
				printf("skipped %s: guard: %s (the others passed)\n",
				       tail_call_tests[i].descr, run->fault.detail);
			else if (!good)
				printf("FAILED %s: %s gives %d, the table says %d (fault %d: %s)\n",
				       tail_call_tests[i].descr, array.progs[i]->engine, got,
				       tail_call_tests[i].result, (int)run->fault.kind,
				       run->fault.detail);
		}
		for (u32 i = 0; i < TAIL_CNT; i++)
			prog_put(array.progs[i]);
	}
	mem_free(run);
	printf("lib/test_bpf.c: %zu programs with tail calls\n", TAIL_CNT);
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed ? 1 : 0;
}
