/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What bpf(2) shows of a program after the proof, against the live kernel: generated programs with
 * divisions, constants that decide branches, dead code, functions. Both must accept or both reject,
 * and the translated forms must be equal word for word.
 *
 *	xlated_kernel_test [--count N] [--seed N]
 */
#include <stdlib.h>

#include "base/rand.h"
#include "isa/isa.h"
#include "isa/text.h"
#include "skep/skep.h"
#include "tests/kernel_bpf.h"
#include "tests/tap.h"

#define INSNS_MAX 64
#define SHOWN_MAX 1024

struct prog_text {
	struct insn insns[INSNS_MAX];
	u32 cnt;
};

static void put(struct prog_text *p, struct insn insn)
{
	p->insns[p->cnt++] = insn;
}

static struct insn random_alu(u64 rand[4])
{
	static const enum isa_op ops[] = {
		ISA_ADD64_K,  ISA_ADD32_X,  ISA_SUB64_X,  ISA_AND64_K,	ISA_OR32_K,   ISA_XOR64_X,
		ISA_DIV64_X,  ISA_DIV32_X,  ISA_MOD64_X,  ISA_MOD32_X,	ISA_SDIV64_X, ISA_SDIV32_X,
		ISA_SMOD64_X, ISA_SMOD32_X, ISA_SDIV64_K, ISA_SDIV32_K, ISA_SMOD64_K, ISA_SMOD32_K,
		ISA_DIV64_K,  ISA_MOD32_K,  ISA_MOV64_K,  ISA_MOV32_X,	ISA_NEG64,    ISA_MOVSX8_64,
		ISA_LSH64_K,  ISA_ARSH32_K, ISA_BSWAP32,  ISA_MUL64_X,
	};
	enum isa_op op = ops[rand_below(rand, ARRAY_SIZE(ops))];
	const struct isa_info *info = isa_info(op);
	struct insn i = isa_template(op);

	i.dst = (u8)(rand_below(rand, 8) & 0xf);
	if (info->form == ISA_FORM_X)
		i.src = (u8)(rand_below(rand, 8) & 0xf);
	if (info->imm == ISA_IMM_SHIFT)
		i.imm = (s32)rand_below(rand, 32);
	else if (info->imm != ISA_IMM_ZERO && info->imm != ISA_IMM_SEL)
		i.imm = rand_below(rand, 4) ? (s32)rand_below(rand, 9) + 1 : -1;
	return i;
}

static struct insn random_jump(u64 rand[4])
{
	static const enum isa_op ops[] = { ISA_JA,	 ISA_JEQ64_K,  ISA_JGT32_K, ISA_JSLT64_X,
					   ISA_JNE64_K, ISA_JSET64_K, ISA_JA,	    ISA_JA32 };
	enum isa_op op = ops[rand_below(rand, ARRAY_SIZE(ops))];
	struct insn i = isa_template(op);

	if (op != ISA_JA && op != ISA_JA32) {
		i.dst = (u8)(rand_below(rand, 8) & 0xf);
		i.imm = isa_info(op)->form == ISA_FORM_K ? (s32)rand_below(rand, 6) : 0;
		i.src = (u8)(isa_info(op)->form == ISA_FORM_X ? rand_below(rand, 8) & 0xf : 0);
	}
	if (op == ISA_JA32)
		i.imm = (s32)rand_below(rand, 4);
	else
		i.off = (s16)rand_below(rand, 4);
	return i;
}

static void generate(struct prog_text *p, u64 rand[4])
{
	p->cnt = 0;
	for (u32 r = 0; r < 8; r++)
		put(p, insn_make(0xb7, r, 0, 0, (s32)rand_below(rand, 6)));
	/* One register that nobody knows. */
	put(p, insn_make(0x85, 0, 0, 0, 7)); /* get_prandom_u32 */
	for (u32 r = 1; r < 6; r++)
		put(p, insn_make(0xbf, r, 0, 0, 0));
	for (u32 n = 4 + rand_below(rand, 24); n; n--)
		put(p, rand_below(rand, 4) ? random_alu(rand) : random_jump(rand));
	/* Whatever jumps too far ends here. */
	for (u32 n = 0; n < 4; n++)
		put(p, insn_make(0xb7, 0, 0, 0, 1));
	put(p, isa_template(ISA_EXIT));
}

/* The translated words of @fd; how many, or -errno. */
static int shown(struct skep *skep, int fd, struct insn *out)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr;
	long err;

	memset(&attr, 0, sizeof(attr));
	info.xlated_prog_insns = (uint64_t)(uintptr_t)out;
	info.xlated_prog_len = SHOWN_MAX * sizeof(*out);
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uint64_t)(uintptr_t)&info;
	if (skep)
		err = skep_bpf(skep, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr));
	else
		err = syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) ? -errno : 0;
	return err ? (int)err : (int)(info.xlated_prog_len / sizeof(*out));
}

static int load_ours(struct skep *skep, const struct prog_text *p)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (uint64_t)(uintptr_t)p->insns;
	attr.insn_cnt = p->cnt;
	attr.license = (uint64_t)(uintptr_t) "GPL";
	return (int)skep_bpf(skep, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static void print(const char *title, const struct insn *insns, u32 cnt)
{
	const struct isa_text_opts opts = { .no_marks = true };
	struct str text = STR_INIT;

	isa_text_program(&text, insns, cnt, &opts);
	printf("# %s\n%s", title, str_c(&text));
	str_fini(&text);
}

/* 0: equal; 1: both rejected; -1: they differ. */
static int compare(struct skep *skep, const struct prog_text *p)
{
	static struct insn theirs[SHOWN_MAX], ours[SHOWN_MAX];
	int kernel_fd = kernel_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, p->insns, p->cnt, NULL, 0);
	int our_fd = load_ours(skep, p), a, b, ret = -1;

	if (kernel_fd < 0 && our_fd < 0)
		return kernel_fd == our_fd ? 1 : -1;
	a = kernel_fd < 0 ? kernel_fd : shown(NULL, kernel_fd, theirs);
	b = our_fd < 0 ? our_fd : shown(skep, our_fd, ours);
	/* A helper is shown as its number here, as an address there. */
	for (int i = 0; i < a && i < b; i++)
		if (theirs[i].code == 0x85 && ours[i].code == 0x85)
			theirs[i].imm = ours[i].imm;
	if (a > 0 && a == b && !memcmp(theirs, ours, (size_t)a * sizeof(ours[0])))
		ret = 0;
	if (ret) {
		printf("# kernel %d, ours %d\n", a, b);
		print("loaded", p->insns, p->cnt);
		print("kernel", theirs, a > 0 ? (u32)a : 0);
		print("ours", ours, b > 0 ? (u32)b : 0);
	}
	if (kernel_fd >= 0)
		close(kernel_fd);
	if (our_fd >= 0)
		close(our_fd);
	return ret;
}

int main(int argc, char **argv)
{
	u64 count = 2000, seed = 11, equal = 0, rejected = 0, differ = 0, rand[4];
	struct prog_text p = { 0 };
	struct skep *skep;
	int fd;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--count"))
			count = strtoull(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 10);
	}
	put(&p, insn_make(0xb7, 0, 0, 0, 0));
	put(&p, isa_template(ISA_EXIT));
	fd = kernel_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, p.insns, p.cnt, NULL, 0);
	if (fd < 0) {
		tap_skip("the live kernel refuses bpf(2)");
		return tap_done();
	}
	close(fd);
	if (skep_new(NULL, &skep))
		return 1;
	rand_seed(rand, seed);
	for (u64 n = 0; n < count && differ < 3; n++) {
		int ret;

		generate(&p, rand);
		ret = compare(skep, &p);
		equal += ret == 0;
		rejected += ret == 1;
		differ += ret < 0;
	}
	tap_eq(differ, 0, "%llu programs: %llu translated alike, %llu rejected alike",
	       (unsigned long long)count, (unsigned long long)equal,
	       (unsigned long long)rejected);
	tap_ok(equal * 4 > count, "enough of them are accepted");
	skep_free(skep);
	return tap_done();
}
