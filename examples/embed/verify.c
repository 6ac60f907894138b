/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verifier in a C program: two programs, one of which forgets to look before it reads.
 *	cc verify.c $(pkg-config --cflags --libs skep) && ./a.out
 */
#include <skep/verify.h>
#include <stdio.h>

#define INSN(code, dst, src, off, imm) { code, (dst) | (src) << 4, off, imm }

struct insn {
	unsigned char code, regs; /* little-endian hosts: dst in the low half */
	short off;
	int imm;
};

#define PROG_TYPE_XDP 6 /* BPF_PROG_TYPE_XDP of <linux/bpf.h> */

static const struct insn careless[] = {
	INSN(0x61, 2, 1, 0, 0), /* r2 = ctx->data */
	INSN(0x71, 0, 2, 0, 0), /* r0 = *(u8 *)r2: who says that there is a byte? */
	INSN(0x95, 0, 0, 0, 0),
};

static const struct insn careful[] = {
	INSN(0x61, 2, 1, 0, 0), /* r2 = ctx->data */
	INSN(0x61, 3, 1, 4, 0), /* r3 = ctx->data_end */
	INSN(0xb7, 0, 0, 0, 2), /* r0 = XDP_PASS */
	INSN(0xbf, 4, 2, 0, 0),
	INSN(0x07, 4, 0, 0, 1), /* r4 = data + 1 */
	INSN(0x2d, 4, 3, 2, 0), /* beyond the end? then pass */
	INSN(0x71, 0, 2, 0, 0), /* r0 = the first byte */
	INSN(0x57, 0, 0, 0, 1),
	INSN(0x95, 0, 0, 0, 0),
};

static int show(struct skep *skep, const char *name, const struct insn *insns, uint32_t cnt)
{
	char log[4096];
	const struct skep_verify_opts opts = {
		.size = sizeof(opts),
		.prog_type = PROG_TYPE_XDP,
		.log_level = 1,
		.log = log,
		.log_size = sizeof(log),
	};
	struct skep_verify_result result = { .size = sizeof(result) };
	int err = skep_verify(skep, insns, cnt, &opts, &result);

	if (err) {
		fprintf(stderr, "%s: no verdict: %d\n", name, err);
		return 1;
	}
	if (result.err)
		printf("%s: rejected at instruction %u: %s\n%s", name, result.insn, result.reason,
		       log);
	else
		printf("%s: accepted, %llu instructions processed\n", name,
		       (unsigned long long)result.insns_processed);
	skep_verify_result_free(&result);
	return 0;
}

int main(void)
{
	struct skep *skep;
	int rc;

	if (skep_new(NULL, &skep))
		return 1;
	rc = show(skep, "careless", careless, sizeof(careless) / sizeof(careless[0]));
	rc |= show(skep, "careful", careful, sizeof(careful) / sizeof(careful[0]));
	skep_free(skep);
	return rc;
}
