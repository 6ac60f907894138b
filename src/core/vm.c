/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small door (include/skep/vm.h): a program, an engine, helpers by number. It stands apart from
 * struct skep: no ids, no maps, no CPU slots.
 */
#include "skep/vm.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "core/native.h"
#include "interp/interp.h"
#include "isa/check.h"
#include "isa/isa.h"
#include "jit/thunk.h"
#include "prog/prog.h"

#define VM_BUDGET_DEFAULT 100000000u
#define VM_INSNS_MAX	  1000000u
#define VM_HELPER_MAX	  65535u
#define VM_REGIONS_MAX	  (RUN_EXTENTS_MAX - 1) /* [0] is the memory of the run */

struct vm_helper {
	u32 number;
	char *name; /* may be NULL */
	skep_vm_fn fn;
	void *cookie;
};

struct skep_vm {
	struct skep_vm_opts opts;
	struct vm_helper *helpers; /* in the order of registration */
	u32 helper_cnt, helper_cap;
	struct extent regions[VM_REGIONS_MAX];
	u32 region_cnt;
	struct prog *prog; /* NULL: none loaded */
	struct jit_thunk *thunk; /* of prog, for skep_vm_compile; NULL: not asked for */
	struct run run;	   /* begun in skep_vm_new, for the life of the vm */
	struct str error;
};

static const struct vm_helper *find_helper(const struct skep_vm *vm, u32 number)
{
	for (u32 i = 0; i < vm->helper_cnt; i++)
		if (vm->helpers[i].number == number)
			return &vm->helpers[i];
	return NULL;
}

static int vm_resolve(void *cookie, s32 id, struct helper_binding *ret_binding)
{
	const struct vm_helper *h = id < 0 ? NULL : find_helper(cookie, (u32)id);

	if (!h)
		return -EINVAL;
	*ret_binding = (struct helper_binding){ .host = h->fn, .cookie = h->cookie };
	return 0;
}

/* True when all bytes behind what this version knows are zero, as bpf(2) asks of its attr. */
static bool tail_is_zero(const void *opts, size_t known, size_t size)
{
	const u8 *p = opts;

	for (size_t i = known; i < size; i++)
		if (p[i])
			return false;
	return true;
}

static int check_opts(const struct skep_vm_opts *opts)
{
	if (opts->trusted > 1 || opts->unchecked > 1 || opts->reserved)
		return -EINVAL;
	if (!opts->trusted && opts->engine == SKEP_ENGINE_JIT)
		return -EINVAL; /* nothing is compiled that has to be watched */
	return core_native_check(opts->engine);
}

int skep_vm_new(const struct skep_vm_opts *opts, struct skep_vm **ret_vm)
{
	struct skep_vm *vm;
	int err;

	if (opts && (opts->size < sizeof(opts->size) ||
		     !tail_is_zero(opts, sizeof(*opts), opts->size)))
		return -EINVAL;
	vm = mem_zalloc(sizeof(*vm));
	if (!vm)
		return -ENOMEM;
	if (opts)
		memcpy(&vm->opts, opts, MIN(opts->size, sizeof(*opts)));
	err = check_opts(&vm->opts);
	if (!err)
		err = run_begin(&vm->run, NULL);
	if (err) {
		mem_free(vm);
		return err;
	}
	*ret_vm = vm;
	return 0;
}

void skep_vm_free(struct skep_vm *vm)
{
	if (!vm)
		return;
	jit_thunk_free(vm->thunk);
	prog_put(vm->prog);
	run_end(&vm->run);
	for (u32 i = 0; i < vm->helper_cnt; i++)
		mem_free(vm->helpers[i].name);
	mem_free(vm->helpers);
	str_fini(&vm->error);
	mem_free(vm);
}

int skep_vm_register(struct skep_vm *vm, uint32_t number, const char *name, skep_vm_fn fn,
		     void *cookie)
{
	struct vm_helper h = { .number = number, .fn = fn, .cookie = cookie };

	str_reset(&vm->error);
	if (number > VM_HELPER_MAX || !fn)
		return -EINVAL;
	if (find_helper(vm, number)) {
		str_addf(&vm->error, "helper %u is registered already\n", number);
		return -EEXIST;
	}
	if (vm->helper_cnt == vm->helper_cap) {
		u32 cap = vm->helper_cap ? vm->helper_cap * 2 : 8;
		void *bigger = mem_realloc(vm->helpers, cap * sizeof(*vm->helpers));

		if (!bigger)
			return -ENOMEM;
		vm->helpers = bigger;
		vm->helper_cap = cap;
	}
	if (name) {
		h.name = mem_strdup(name);
		if (!h.name)
			return -ENOMEM;
	}
	vm->helpers[vm->helper_cnt++] = h;
	return 0;
}

int skep_vm_allow(struct skep_vm *vm, void *mem, size_t bytes, const char *name, int writable)
{
	if (vm->region_cnt == VM_REGIONS_MAX)
		return -ENOSPC;
	vm->regions[vm->region_cnt++] = (struct extent){
		.base = ptr_to_u64(mem),
		.size_bytes = bytes,
		.kind = EXTENT_MEM,
		.perm = EXTENT_READ | (writable ? EXTENT_WRITE : 0),
		.name = name ? name : "region",
		.index = -1,
	};
	return 0;
}

/* What needs a struct skep around it, and helpers that nobody registered. */
static int check_refs(struct skep_vm *vm, const struct insn *insns, u32 cnt)
{
	enum isa_op op;

	for (u32 i = 0; i < cnt; i += isa_words(op)) {
		op = isa_decode(&insns[i]);
		if (isa_info(op)->family == ISA_FAMILY_LDDW && op != ISA_LDDW_IMM &&
		    op != ISA_LDDW_FUNC) {
			str_addf(&vm->error, "instruction %u: maps and kernel variables do not "
				 "exist in a vm (skep/skep.h has them)\n", i);
			return -EINVAL;
		}
		if (op == ISA_CALL_KFUNC) {
			str_addf(&vm->error, "instruction %u: kernel functions do not exist here\n",
				 i);
			return -EINVAL;
		}
		if (op == ISA_CALL_HELPER && (insns[i].imm < 0 ||
					      !find_helper(vm, (u32)insns[i].imm))) {
			str_addf(&vm->error, "instruction %u: helper %d is not registered\n", i,
				 insns[i].imm);
			return -EINVAL;
		}
	}
	return 0;
}

static int check_program(struct skep_vm *vm, const struct insn *insns, u32 cnt)
{
	u32 flags = ISA_CHECK_ANY_OP;
	struct isa_reason reason;
	int err;

	if (vm->opts.unchecked)
		flags |= ISA_CHECK_ANY_VALUE | ISA_CHECK_DEAD_CODE;
	err = isa_check(insns, cnt, flags, &reason);
	if (err == -ENOMEM)
		return err;
	if (err) {
		str_addf(&vm->error, "instruction %u: %s\n", reason.insn_idx, reason.text);
		return -EINVAL;
	}
	return check_refs(vm, insns, cnt);
}

static u64 budget_of(const struct skep_vm_opts *opts)
{
	if (opts->budget)
		return opts->budget;
	return opts->trusted ? RUN_NO_BUDGET : VM_BUDGET_DEFAULT;
}

static int compile(struct skep_vm *vm, struct prog *prog)
{
	const struct helper_resolver resolver = { vm_resolve, vm, true };
	const struct core_native how = {
		.engine = vm->opts.engine,
		.poll = budget_of(&vm->opts) == RUN_NO_BUDGET ? JIT_POLL_STOP : JIT_POLL_COUNT,
	};

	return vm->opts.trusted ? core_native_compile(prog, &resolver, &how)
				: interp_guard_compile(prog, &resolver);
}

int skep_vm_load(struct skep_vm *vm, const void *insns, size_t bytes)
{
	struct prog *prog;
	int err;

	str_reset(&vm->error);
	if (!bytes || bytes % sizeof(struct insn)) {
		str_addf(&vm->error,
			 bytes ? "%zu bytes are no whole number of 8-byte instructions\n"
			       : "the program is empty: %zu bytes\n",
			 bytes);
		return -EINVAL;
	}
	if (bytes / sizeof(struct insn) > VM_INSNS_MAX) {
		str_addf(&vm->error, "a program has at most %u instructions\n", VM_INSNS_MAX);
		return -E2BIG;
	}
	/* The copy comes first: the caller's bytes may not be aligned. */
	err = prog_new_raw(insns, (u32)(bytes / sizeof(struct insn)), "vm", &prog);
	if (err)
		return err;
	err = check_program(vm, prog->insns, prog->insn_cnt);
	if (!err)
		err = compile(vm, prog);
	if (err) {
		prog_put(prog);
		return err;
	}
	jit_thunk_free(vm->thunk);
	vm->thunk = NULL;
	prog_put(vm->prog);
	vm->prog = prog;
	return 0;
}

static void report(struct skep_vm *vm)
{
	const struct fault *f = &vm->run.fault;
	const struct insn *i = &f->prog->insns[f->insn_idx];

	fault_print(f, &vm->error);
	if (f->insn_idx < f->prog->insn_cnt && isa_decode(i) == ISA_CALL_HELPER) {
		const struct vm_helper *h = find_helper(vm, (u32)i->imm);

		if (h && h->name)
			str_addf(&vm->error, "\n  helper %u is '%s'\n", h->number, h->name);
	}
}

/* A run went wrong: says so, and the next one may begin. */
static void run_failed(struct skep_vm *vm)
{
	struct run *run = &vm->run;

	report(vm);
	run->fault.kind = FAULT_NONE;
	atomic_store_explicit(&run->stop, false, memory_order_relaxed);
}

/* All that one run needs to know beside its memory. */
static void run_prepare(struct skep_vm *vm)
{
	struct run *run = &vm->run;

	run->extents[0] = (struct extent){ 0, 0, EXTENT_MEM, EXTENT_READ | EXTENT_WRITE, "memory",
					   -1 };
	memcpy(&run->extents[1], vm->regions, vm->region_cnt * sizeof(vm->regions[0]));
	run->extent_cnt = 1 + vm->region_cnt;
	run->insns_left = budget_of(&vm->opts);
	run->prog = vm->prog;
	run->ctx = NULL;
	run->tail_calls = 0;
}

int skep_vm_run(struct skep_vm *vm, void *mem, size_t mem_bytes, uint64_t *ret_r0)
{
	struct run *run = &vm->run;
	int err;

	if (vm->error.len)
		str_reset(&vm->error);
	if (!vm->prog) {
		str_add(&vm->error, "no program is loaded\n");
		return -ENOEXEC;
	}
	run_prepare(vm);
	run->extents[0].base = ptr_to_u64(mem);
	run->extents[0].size_bytes = mem_bytes;
	run->ctx = mem;
	err = vm->prog->enter(run, vm->prog, mem, mem_bytes, ret_r0);
	if (err)
		run_failed(vm);
	return err;
}

static u64 compiled_failed(void *vm)
{
	str_reset(&((struct skep_vm *)vm)->error);
	run_failed(vm);
	return UINT64_MAX;
}

int skep_vm_compile(struct skep_vm *vm, skep_vm_jit_fn *ret_fn)
{
	const struct jit_thunk_want want = {
		.prog = vm->prog,
		.run = &vm->run,
		.budget = budget_of(&vm->opts),
		.failed = compiled_failed,
		.cookie = vm,
	};
	int err;

	str_reset(&vm->error);
	if (!vm->prog) {
		str_add(&vm->error, "no program is loaded\n");
		return -ENOEXEC;
	}
	if (!vm->opts.trusted) {
		str_add(&vm->error, "only trusted programs become functions: nothing checks what "
				    "they access\n");
		return -EINVAL;
	}
	if (!vm->thunk) {
		err = jit_thunk_new(&want, &vm->thunk);
		if (err == -EOPNOTSUPP)
			str_add(&vm->error, "the program is not machine code\n");
		if (err)
			return err;
	}
	run_prepare(vm);
	*ret_fn = (skep_vm_jit_fn)(uintptr_t)jit_thunk_addr(vm->thunk);
	return 0;
}

void skep_vm_stop(struct skep_vm *vm)
{
	atomic_store_explicit(&vm->run.stop, true, memory_order_relaxed);
}

void *skep_vm_memory(struct skep_vm *vm, uint64_t addr, size_t bytes, int write)
{
	u32 perm = EXTENT_READ | (write ? EXTENT_WRITE : 0);

	if (vm->opts.trusted)
		return u64_to_ptr(addr);
	return vm->run.engine ? interp_memory(&vm->run, addr, bytes, perm) : NULL;
}

const char *skep_vm_error(const struct skep_vm *vm)
{
	return str_c(&vm->error);
}
