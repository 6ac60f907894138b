/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Raw BPF in a C program: a filter over a buffer that calls back into its host.
 *	cc vm.c $(pkg-config --cflags --libs skep) && ./a.out
 */
#include <skep/vm.h>
#include <stdio.h>
#include <string.h>

static uint64_t say(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5, void *cookie)
{
	const char *text = skep_vm_memory(cookie, r1, r2, 0);

	(void)r3, (void)r4, (void)r5;
	if (!text)
		return (uint64_t)-1; /* what the program may not touch we do not touch for it */
	printf("the program says: %.*s\n", (int)r2, text);
	return 0;
}

#define INSN(code, dst, src, off, imm) { code, (dst) | (src) << 4, off, imm }

struct insn {
	unsigned char code, regs; /* little-endian hosts: dst in the low half */
	short off;
	int imm;
};

int main(void)
{
	static const struct insn program[] = {
		INSN(0xbf, 6, 1, 0, 0),	 /* r6 = r1, the buffer */
		INSN(0x85, 0, 0, 0, 1),	 /* call say(buffer, its length) */
		INSN(0x71, 0, 6, 0, 0),	 /* r0 = its first byte */
		INSN(0x95, 0, 0, 0, 0),	 /* exit */
	};
	static const struct insn faulty[] = {
		INSN(0x79, 0, 1, 100, 0), /* r0 = 8 bytes far behind the buffer */
		INSN(0x95, 0, 0, 0, 0),
	};
	char buffer[] = "hello";
	uint64_t result;
	struct skep_vm *vm;

	if (skep_vm_new(NULL, &vm))
		return 1;
	if (skep_vm_register(vm, 1, "say", say, vm) ||
	    skep_vm_load(vm, program, sizeof(program)) ||
	    skep_vm_run(vm, buffer, strlen(buffer), &result))
		fputs(skep_vm_error(vm), stderr);
	else
		printf("result: %c\n", (int)result);
	if (!skep_vm_load(vm, faulty, sizeof(faulty)) &&
	    skep_vm_run(vm, buffer, strlen(buffer), &result))
		fputs(skep_vm_error(vm), stdout);
	skep_vm_free(vm);
	return 0;
}
