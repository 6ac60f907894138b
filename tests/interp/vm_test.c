/* SPDX-License-Identifier: BSD-2-Clause */
/* The small door: options, helpers, refusals, faults, stopping from another thread, no memory. */
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
	opts.size = 0;
	tap_eq(skep_vm_new(&opts, &vm), -EINVAL, "no size");
	skep_vm_free(NULL);
}

static void test_helpers(bool trusted)
{
	const struct skep_vm_opts opts = { .size = sizeof(opts), .trusted = trusted };
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
	if (!trusted) {
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

static void test_stop(bool trusted)
{
	const struct insn endless[] = { OP(MOV64_K, 0, 0, 0, 0), OP(JA, 0, 0, -2, 0),
					OP(EXIT, 0, 0, 0, 0) };
	/* The exit behind the loop is out of reach: the encoding rules refuse that. */
	const struct skep_vm_opts opts = { .size = sizeof(opts), .trusted = trusted,
					   .budget = UINT64_MAX, .unchecked = 1 };
	struct skep_vm *vm;
	pthread_t thread;
	uint64_t r0;

	if (skep_vm_new(&opts, &vm))
		return;
	tap_eq(load(vm, endless, sizeof(endless)), 0, "an endless loop");
	if (pthread_create(&thread, NULL, stop_soon, vm))
		return;
	tap_eq(skep_vm_run(vm, NULL, 0, &r0), -EFAULT, "%s is stopped by another thread",
	       trusted ? "run" : "guard");
	pthread_join(thread, NULL);
	tap_ok(strstr(skep_vm_error(vm), "was stopped"), "and says so");
	skep_vm_free(vm);
}

static int round_trip(void *trusted)
{
	const struct skep_vm_opts opts = { .size = sizeof(opts), .trusted = trusted != NULL };
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
	test_helpers(false);
	test_helpers(true);
	test_faults();
	test_stop(false);
	test_stop(true);
	oom_sweep(round_trip, NULL, "guarded vm");
	oom_sweep(round_trip, (void *)1, "trusted vm");
	return tap_done();
}
