/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Raw BPF as machine code, called as a C function: what a user of uBPF changes to change over.
 * Each line of ours stands below the one that it replaces.
 *	cc from_ubpf.c $(pkg-config --cflags --libs skep) && ./a.out
 */
#include <skep/vm.h>
#include <stdio.h>

/* A helper has one argument more: the cookie it was registered with. */
static uint64_t square(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, void *c)
{
	(void)r2, (void)r3, (void)r4, (void)r5, (void)c;
	return r1 * r1;
}

#define INSN(code, dst, src, off, imm) { code, (dst) | (src) << 4, off, imm }

/* r0 = square(first byte of the memory) + 1; little-endian hosts: dst in the low half */
static const struct {
	unsigned char code, regs;
	short off;
	int imm;
} code[] = {
	INSN(0x71, 1, 1, 0, 0), /* r1 = *(u8 *)r1 */
	INSN(0x85, 0, 0, 0, 1), /* call 1 */
	INSN(0x07, 0, 0, 0, 1), /* r0 += 1 */
	INSN(0x95, 0, 0, 0, 0), /* exit */
};

int main(void)
{
	unsigned char mem[] = { 12, 0, 0, 0 };
	struct skep_vm *vm;
	skep_vm_jit_fn fn;
	int err;

	/* vm = ubpf_create(); */
	const struct skep_vm_opts opts = { .size = sizeof(opts), .trusted = 1 };
	if (skep_vm_new(&opts, &vm))
		return 1;
	/* ubpf_register(vm, 1, "square", square); */
	err = skep_vm_register(vm, 1, "square", square, NULL);
	/* ubpf_load(vm, code, sizeof(code), &errmsg); */
	err = err ? err : skep_vm_load(vm, code, sizeof(code));
	/* fn = ubpf_compile(vm, &errmsg); */
	err = err ? err : skep_vm_compile(vm, &fn);
	if (err)
		fputs(skep_vm_error(vm), stderr); /* fputs(errmsg, stderr); */
	else
		printf("%llu\n", (unsigned long long)fn(mem, sizeof(mem)));
	/* An access that the machine refuses does not end the process: ~0, and a report. */
	if (!err && fn(NULL, 0) == UINT64_MAX)
		fputs(skep_vm_error(vm), stdout);
	/* ubpf_destroy(vm); */
	skep_vm_free(vm);
	return err != 0;
}
