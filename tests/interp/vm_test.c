/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small door: options, helpers, refusals, faults, stopping from another thread, programs as
 * functions, no memory. Each engine that trusts does what the other does.
 */
#include <pthread.h>
#include <string.h>

#include "isa/isa.h"
#include "skep/vm.h"
#include "tests/oom.h"
#include "tests/tap.h"

#define OP(id, dst, src, off, imm) insn_of(ISA_##id, dst, src, off, imm)

static struct insn insn_of(enum isa_op op, u32 dst, u32 src, s16 off, s32 imm)
{
	struct insn i = isa_template(op);

	i.dst = (u8)(dst & 0xf);
	if (isa_info(op)->src != ISA_REG_SEL)
		i.src = (u8)(src & 0xf);
	i.off = off;
	if (isa_info(op)->imm != ISA_IMM_SEL)
		i.imm = imm;
	return i;
}

static uint64_t add(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, void *cookie)
{
	(void)r3, (void)r4, (void)r5;
	++*(int *)cookie;
	return r1 + r2;
}

/* Sums the bytes at r1, if the program may read them. */
static uint64_t sum(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, void *cookie)
{
	const u8 *p = skep_vm_memory(cookie, r1, r2, 0);
	uint64_t total = 0;

	(void)r3, (void)r4, (void)r5;
	if (!p)
		return UINT64_MAX;
	for (uint64_t i = 0; i < r2; i++)
		total += p[i];
	return total;
}

static int load(struct skep_vm *vm, const struct insn *insns, size_t bytes)
{
	int err = skep_vm_load(vm, insns, bytes);

	if (err)
		tap_diag("%s", skep_vm_error(vm));
	return err;
}

static void test_opts(void)
{
	struct skep_vm_opts opts = { .size = sizeof(opts) };
	struct {
		struct skep_vm_opts opts;
		u64 later;
	} longer = { .opts.size = sizeof(longer) };
	struct skep_vm *vm;

	tap_eq(skep_vm_new(&opts, &vm), 0, "options of this version");
	skep_vm_free(vm);
	tap_eq(skep_vm_new(&longer.opts, &vm), 0, "longer options whose tail is zero");
	skep_vm_free(vm);
	longer.later = 1;
	tap_eq(skep_vm_new(&longer.opts, &vm), -EINVAL, "an option of a later version");
	opts.trusted = 2;
	tap_eq(skep_vm_new(&opts, &vm), -EINVAL, "a value of a later version");
	opts.trusted = 0;
	opts.engine = SKEP_ENGINE_JIT;
	tap_eq(skep_vm_new(&opts, &vm), -EINVAL, "nothing watched becomes machine code");
	opts.engine = SKEP_ENGINE_INTERP + 1;
	tap_eq(skep_vm_new(&opts, &vm), -EINVAL, "an engine of a later version");
	opts.engine = 0;
	opts.reserved = 1;
	tap_eq(skep_vm_new(&opts, &vm), -EINVAL, "what is reserved");
	opts.reserved = 0;
	opts.size = 0;
	tap_eq(skep_vm_new(&opts, &vm), -EINVAL, "no size");
	skep_vm_free(NULL);
}

/* GUARDED, and what trusts. */
enum mode { GUARDED, TRUSTED, TRUSTED_INTERP, MODE_CNT };

static struct skep_vm_opts opts_of(enum mode mode)
{
	return (struct skep_vm_opts){
		.size = sizeof(struct skep_vm_opts),
		.trusted = mode != GUARDED,
		.engine = mode == TRUSTED_INTERP ? SKEP_ENGINE_INTERP : SKEP_ENGINE_DEFAULT,
	};
}

static void test_helpers(enum mode mode)
{
	const struct skep_vm_opts opts = opts_of(mode);
	const struct insn call_add[] = {
		OP(MOV64_K, 1, 0, 0, 40), OP(MOV64_K, 2, 0, 0, 2), OP(CALL_HELPER, 0, 0, 0, 7),
		OP(EXIT, 0, 0, 0, 0),
	};
	const struct insn call_sum[] = {
		OP(MOV64_K, 2, 0, 0, 5), OP(CALL_HELPER, 0, 0, 0, 65535), OP(EXIT, 0, 0, 0, 0),
	};
	u8 mem[4] = { 1, 2, 3, 4 };
	struct skep_vm *vm;
	uint64_t r0 = 0;
	int calls = 0;

	if (!tap_eq(skep_vm_new(&opts, &vm), 0, "a vm"))
		return;
	tap_eq(skep_vm_run(vm, NULL, 0, &r0), -ENOEXEC, "nothing to run yet");
	tap_eq(skep_vm_load(vm, call_add, sizeof(call_add)), -EINVAL, "helper not registered");
	tap_str(skep_vm_error(vm), "instruction 2: helper 7 is not registered\n", "and says so");
	tap_eq(skep_vm_register(vm, 7, "add", add, &calls), 0, "register");
	tap_eq(skep_vm_register(vm, 7, "add", add, &calls), -EEXIST, "twice");
	tap_eq(skep_vm_register(vm, 65536, "add", add, &calls), -EINVAL, "number too big");
	tap_eq(skep_vm_register(vm, 65535, NULL, sum, vm), 0, "the last number, no name");
	tap_eq(load(vm, call_add, sizeof(call_add)), 0, "load");
	tap_eq(skep_vm_run(vm, NULL, 0, &r0), 0, "run");
	tap_eq(r0, 42, "result");
	tap_eq(calls, 1, "the cookie came along");
	tap_eq(skep_vm_load(vm, call_add, 12), -EINVAL, "half an instruction");
	tap_eq(skep_vm_run(vm, NULL, 0, &r0), 0, "the program before stays");
	tap_eq(load(vm, call_sum, sizeof(call_sum)), 0, "load another");
	if (mode == GUARDED) {
		tap_eq(skep_vm_run(vm, mem, sizeof(mem), &r0), 0, "helper asks for too much");
		tap_eq(r0, UINT64_MAX, "and is refused");
		tap_eq(skep_vm_allow(vm, mem, sizeof(mem), "mem", 0), 0, "allow more");
	}
	skep_vm_free(vm);
}

static void test_faults(void)
{
	const struct insn lddw_map[] = { OP(LDDW_MAP_FD, 1, 0, 0, 3), { 0 },
					 OP(MOV64_K, 0, 0, 0, 0), OP(EXIT, 0, 0, 0, 0) };
	const struct insn bad_jump[] = { OP(JA, 0, 0, 5, 0), OP(EXIT, 0, 0, 0, 0) };
	const struct insn read_9[] = { OP(LDX_DW, 0, 1, 1, 0), OP(EXIT, 0, 0, 0, 0) };
	const struct insn write_ro[] = { OP(LDX_DW, 1, 1, 0, 0), OP(ST_B, 1, 0, 0, 1),
					 OP(MOV64_K, 0, 0, 0, 0), OP(EXIT, 0, 0, 0, 0) };
	static u8 constant[16];
	const void *ptr = constant;
	u64 mem = (u64)(uintptr_t)ptr, r0 = 0;
	struct skep_vm *vm;

	if (!tap_eq(skep_vm_new(NULL, &vm), 0, "default options"))
		return;
	tap_eq(skep_vm_load(vm, lddw_map, sizeof(lddw_map)), -EINVAL, "maps are elsewhere");
	tap_ok(strstr(skep_vm_error(vm), "instruction 0: maps"), "and says so");
	tap_eq(skep_vm_load(vm, bad_jump, sizeof(bad_jump)), -EINVAL, "wild jump");
	tap_ok(strstr(skep_vm_error(vm), "instruction 0: jump out of range"), "and says so");
	tap_eq(skep_vm_allow(vm, constant, sizeof(constant), "constants", 0), 0, "read-only");
	tap_eq(load(vm, read_9, sizeof(read_9)), 0, "load");
	tap_eq(skep_vm_run(vm, &mem, sizeof(mem), &r0), -EFAULT, "read past the end");
	tap_ok(strstr(skep_vm_error(vm), "read 8 bytes at memory+1: 1 byte past the end of the "
					 "8-byte memory"), "and says so");
	tap_eq(load(vm, write_ro, sizeof(write_ro)), 0, "load");
	tap_eq(skep_vm_run(vm, &mem, sizeof(mem), &r0), -EFAULT, "write to constants");
	tap_ok(strstr(skep_vm_error(vm), "may not write 1 byte at constants+0: it is "
					 "read-only"), "and says so");
	skep_vm_free(vm);
}

static void *stop_soon(void *vm)
{
	skep_vm_stop(vm);
	return NULL;
}

static const char *const mode_names[] = { "guarded", "trusted", "trusted, interpreted" };

/* The endless loop, whose exit is out of reach: the encoding rules refuse that. */
static struct skep_vm *vm_endless(enum mode mode, u64 budget)
{
	const struct insn endless[] = { OP(MOV64_K, 0, 0, 0, 0), OP(JA, 0, 0, -2, 0),
					OP(EXIT, 0, 0, 0, 0) };
	struct skep_vm_opts opts = opts_of(mode);
	struct skep_vm *vm;

	opts.budget = budget;
	opts.unchecked = 1;
	if (!tap_eq(skep_vm_new(&opts, &vm), 0, "a vm"))
		return NULL;
	tap_eq(load(vm, endless, sizeof(endless)), 0, "an endless loop");
	return vm;
}

static void test_stop(enum mode mode, u64 budget)
{
	struct skep_vm *vm = vm_endless(mode, budget);
	pthread_t thread;
	uint64_t r0;

	if (!vm || pthread_create(&thread, NULL, stop_soon, vm))
		return;
	tap_eq(skep_vm_run(vm, NULL, 0, &r0), -EFAULT, "%s: stopped by another thread",
	       mode_names[mode]);
	pthread_join(thread, NULL);
	tap_ok(strstr(skep_vm_error(vm), "was stopped"), "and says so");
	skep_vm_free(vm);
}

static void test_budget(enum mode mode)
{
	struct skep_vm *vm = vm_endless(mode, 100000);
	uint64_t r0;

	if (!vm)
		return;
	for (u32 i = 0; i < 2; i++)
		tap_eq(skep_vm_run(vm, NULL, 0, &r0), -EFAULT, "%s: the budget ends it",
		       mode_names[mode]);
	tap_ok(strstr(skep_vm_error(vm), "was stopped"), "and says so");
	skep_vm_free(vm);
}

/* r0 = the memory's first byte, by LD_ABS, * 1000 + add(its second byte, how long it is) */
static void test_compile(void)
{
	const struct insn prog[] = {
		OP(MOV64_X, 6, 1, 0, 0), OP(MOV64_X, 7, 2, 0, 0), OP(LDABS_B, 0, 0, 0, 0),
		OP(MOV64_X, 8, 0, 0, 0), OP(MUL64_K, 8, 0, 0, 1000), OP(LDX_B, 1, 6, 1, 0),
		OP(MOV64_X, 2, 7, 0, 0), OP(CALL_HELPER, 0, 0, 0, 1), OP(ADD64_X, 0, 8, 0, 0),
		OP(EXIT, 0, 0, 0, 0),
	};
	const struct skep_vm_opts opts = opts_of(TRUSTED), interp = opts_of(TRUSTED_INTERP);
	u8 mem[] = { 7, 11, 0 }, other[] = { 1, 2, 0, 0, 0 };
	struct skep_vm *vm, *checked;
	skep_vm_jit_fn fn, again;
	int calls = 0, err;

	if (!tap_ok(!skep_vm_new(&opts, &vm) && !skep_vm_new(NULL, &checked), "two vms"))
		return;
	tap_eq(skep_vm_compile(vm, &fn), -ENOEXEC, "no program, no function");
	tap_ok(!skep_vm_register(vm, 1, "add", add, &calls) &&
	       !skep_vm_register(checked, 1, "add", add, &calls), "a helper");
	tap_ok(!load(vm, prog, sizeof(prog)) && !load(checked, prog, sizeof(prog)), "load");
	tap_eq(skep_vm_compile(checked, &fn), -EINVAL, "what is not trusted stays watched");
	skep_vm_free(checked);
	if (!skep_vm_new(&interp, &checked)) {
		tap_ok(!skep_vm_register(checked, 1, "add", add, &calls) &&
		       !load(checked, prog, sizeof(prog)), "interpreted");
		tap_eq(skep_vm_compile(checked, &fn), -EOPNOTSUPP, "is no machine code");
		tap_ok(strstr(skep_vm_error(checked), "not machine code"), "and says so");
		skep_vm_free(checked);
	}
	err = skep_vm_compile(vm, &fn);
	if (err == -EOPNOTSUPP) {
		tap_skip("programs as functions: no target for this machine");
		skep_vm_free(vm);
		return;
	}
	tap_eq(err, 0, "the program as a function");
	tap_eq(fn(mem, sizeof(mem)), 7014, "its result");
	tap_eq(fn(other, sizeof(other)), 1007, "with other memory");
	tap_eq(calls, 2, "the helper's cookie came along");
	tap_eq(fn(NULL, 0), 0, "LD_ABS outside the memory ends with 0");
	tap_str(skep_vm_error(vm), "", "nothing went wrong so far");
	tap_eq(skep_vm_compile(vm, &again), 0, "once more");
	tap_ok(again == fn, "is the same function");
	skep_vm_free(vm);
}

/* Faults, the budget and stops of a function: each ends that call only. */
static void test_compile_stop(void)
{
	const struct insn read[] = { OP(LDX_DW, 0, 1, 0, 0), OP(EXIT, 0, 0, 0, 0) };
	struct skep_vm *vm = vm_endless(TRUSTED, 100000);
	skep_vm_jit_fn fn;
	pthread_t thread;
	u64 word = 42;

	if (!vm || skep_vm_compile(vm, &fn)) {
		tap_skip("functions that are stopped: no target for this machine");
		skep_vm_free(vm);
		return;
	}
	for (u32 i = 0; i < 2; i++)
		tap_eq(fn(NULL, 0), UINT64_MAX, "the budget ends the call");
	tap_ok(strstr(skep_vm_error(vm), "was stopped"), "and says so");
	tap_eq(load(vm, read, sizeof(read)), 0, "another program");
	tap_eq(skep_vm_compile(vm, &fn), 0, "another function");
	tap_eq(fn(NULL, 0), UINT64_MAX, "a NULL pointer is read");
	tap_ok(strstr(skep_vm_error(vm), "read 8 bytes at 0x0"), "and the report says so");
	tap_eq(fn(&word, sizeof(word)), 42, "the next call is none the worse");
	skep_vm_free(vm);
	vm = vm_endless(TRUSTED, 0);
	if (!vm || skep_vm_compile(vm, &fn) || pthread_create(&thread, NULL, stop_soon, vm))
		return;
	tap_eq(fn(NULL, 0), UINT64_MAX, "stopped by another thread");
	pthread_join(thread, NULL);
	skep_vm_free(vm);
}

static int compile_trip(void *cookie)
{
	const struct skep_vm_opts opts = opts_of(TRUSTED);
	const struct insn prog[] = { OP(MOV64_K, 0, 0, 0, 3), OP(EXIT, 0, 0, 0, 0) };
	skep_vm_jit_fn fn = NULL;
	struct skep_vm *vm;
	uint64_t r0 = 3;
	int err = skep_vm_new(&opts, &vm);

	(void)cookie;
	if (err)
		return err;
	err = skep_vm_load(vm, prog, sizeof(prog));
	if (!err)
		err = skep_vm_compile(vm, &fn);
	/* Short of memory, the program goes to the interpreter: no function then. */
	if (!err)
		r0 = fn(NULL, 0);
	else if (err == -EOPNOTSUPP)
		err = skep_vm_run(vm, NULL, 0, &r0);
	skep_vm_free(vm);
	return err ? err : r0 == 3 ? 0 : -EPROTO;
}

static int round_trip(void *cookie)
{
	const struct skep_vm_opts opts = opts_of(*(const enum mode *)cookie);
	const struct insn prog[] = { OP(MOV64_K, 1, 0, 0, 1), OP(MOV64_K, 2, 0, 0, 2),
				     OP(CALL_HELPER, 0, 0, 0, 1), OP(EXIT, 0, 0, 0, 0) };
	struct skep_vm *vm;
	uint64_t r0 = 0;
	int calls = 0, err = skep_vm_new(&opts, &vm);

	if (err)
		return err;
	err = skep_vm_register(vm, 1, "add", add, &calls);
	if (!err)
		err = skep_vm_load(vm, prog, sizeof(prog));
	if (!err)
		err = skep_vm_run(vm, NULL, 0, &r0);
	skep_vm_free(vm);
	return err ? err : r0 == 3 ? 0 : -EPROTO;
}

int main(void)
{
	test_opts();
	test_faults();
	for (enum mode mode = GUARDED; mode < MODE_CNT; mode++) {
		test_helpers(mode);
		test_stop(mode, UINT64_MAX);
		test_stop(mode, UINT64_MAX - 1);
		test_budget(mode);
		oom_sweep(round_trip, &mode, mode_names[mode]);
	}
	test_compile();
	test_compile_stop();
	oom_sweep(compile_trip, NULL, "a program as a function");
	return tap_done();
}
