/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walk against the live kernel: random programs of arithmetic, jumps, loops and spills are
 * verified by both with the whole log, and the logs must be the same text, line by line.
 *
 *	log_test [PROGRAMS [SEED]]
 *
 * Every register, id, range, precision mark and kept state is in that text, and so is the order of
 * paths.
 */
#include <stdlib.h>

#include "tests/kernel_bpf.h"
#include "tests/tap.h"
#include "base/mem.h"
#include "prog/prog.h"
#include "verify/verify.h"

enum { INSNS_MAX = 96, LOG_BYTES = 8 << 20, SHOWN_MAX = 4, PRANDOM = 7 };

struct gen {
	struct insn insns[INSNS_MAX];
	u32 cnt;
};

static u64 rand_state;
static char theirs[LOG_BYTES], ours[LOG_BYTES];

static u64 rand_u64(void)
{
	u64 z = rand_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static u32 pick_of(u32 n)
{
	return (u32)(rand_u64() % n);
}

static s32 rand_imm(void)
{
	switch (pick_of(6)) {
	case 0:
	case 1:
		return (s32)pick_of(16);
	case 2:
		return -(s32)pick_of(16);
	case 3:
		return (s32)((1u << pick_of(32)) - pick_of(2));
	case 4:
		return (s32)(rand_u64() >> (32 + pick_of(32)));
	default:
		return (s32)rand_u64();
	}
}

static struct insn *put(struct gen *g, u8 code, u32 dst, u32 src, s32 off, s32 imm)
{
	struct insn *i = &g->insns[g->cnt++];

	*i = insn_make(code, dst, src, (s16)off, imm);
	return i;
}

static u32 reg(void)
{
	return 6 + pick_of(4);
}

static void put_alu(struct gen *g)
{
	static const u8 ops[] = { 0x00, 0x10, 0x20, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xc0,
				  0x00, 0x10, 0x50, 0x30, 0x90 };
	u8 op = ops[pick_of(sizeof(ops))], cls = pick_of(3) ? 7 : 4;
	s32 imm = rand_imm();

	if (op == 0x60 || op == 0x70 || op == 0xc0)
		imm &= cls == 7 ? 63 : 31;
	if (!imm && (op == 0x30 || op == 0x90))
		imm = 3;
	if (pick_of(3))
		put(g, op | cls, reg(), 0, 0, imm);
	else
		put(g, op | cls | 8, reg(), reg(), 0, 0);
}

static void put_mov(struct gen *g)
{
	static const s16 offs[] = { 0, 0, 0, 8, 16, 32 };

	switch (pick_of(6)) {
	case 0:
		put(g, pick_of(2) ? 0xb7 : 0xb4, reg(), 0, 0, rand_imm());
		break;
	case 1:
		put(g, 0xbc, reg(), reg(), offs[pick_of(5)], 0);
		break;
	case 2:
		put(g, pick_of(2) ? 0x87 : 0x84, reg(), 0, 0, 0);
		break;
	case 3: {
		static const u8 codes[] = { 0xd4, 0xdc, 0xd7 };

		put(g, codes[pick_of(3)], reg(), 0, 0, 16 << pick_of(3));
		break;
	}
	default:
		put(g, 0xbf, reg(), reg(), offs[pick_of(6)], 0);
	}
}

static void put_stack(struct gen *g)
{
	static const u8 sizes[] = { 0x18, 0x18, 0x18, 0x00, 0x08, 0x10 };
	static const s32 bytes[] = { 8, 8, 8, 4, 2, 1 };
	u32 n = pick_of(6);
	s32 off = -8 * (s32)(1 + pick_of(4));

	if (bytes[n] < 8)
		off += bytes[n] * (s32)pick_of(8 / (u32)bytes[n]);
	if (pick_of(2))
		put(g, 0x61 | sizes[n], reg(), 10, off, 0);
	else if (pick_of(3))
		put(g, 0x63 | sizes[n], 10, reg(), off, 0);
	else
		put(g, 0x62 | sizes[n], 10, 0, off, rand_imm());
}

static void put_jump(struct gen *g, u32 left)
{
	static const u8 ops[] = { 0x10, 0x20, 0x30, 0x40, 0x50, 0x60,
				  0x70, 0xa0, 0xb0, 0xc0, 0xd0 };
	u8 op = ops[pick_of(sizeof(ops))], cls = pick_of(3) ? 5 : 6;
	s32 off = 1 + (s32)pick_of(left < 6 ? left : 6);

	if (pick_of(3))
		put(g, op | cls, reg(), 0, off, rand_imm());
	else
		put(g, op | cls | 8, reg(), reg(), off, 0);
}

static void put_random(struct gen *g)
{
	put(g, 0x85, 0, 0, 0, PRANDOM);
	put(g, 0xbf, reg(), 0, 0, 0);
}

/* Forward jumps only, so that every one stays inside and all is reached. */
static void generate(struct gen *g)
{
	const u32 body = 6 + pick_of(40);

	g->cnt = 0;
	put_random(g);
	for (u32 r = 6; r < 10; r++)
		put(g, 0xbf, r, 0, 0, 0);
	if (pick_of(2))
		put(g, 0xb7, reg(), 0, 0, rand_imm());
	for (u32 i = 1; i <= 4; i++)
		put(g, 0x7a, 10, 0, -8 * (s32)i, 0);
	for (u32 i = 0; i < body; i++) {
		switch (pick_of(10)) {
		case 0:
		case 1:
			put_mov(g);
			break;
		case 2:
		case 3:
			put_stack(g);
			break;
		case 4:
		case 5:
		case 6:
			put_jump(g, body - i);
			break;
		default:
			put_alu(g);
		}
	}
	for (u32 i = 0; i < 8; i++)
		put(g, 0xbf, 0, reg(), 0, 0);
	put(g, 0x95, 0, 0, 0, 0);
}

static int verify_ours(const struct gen *g, u32 flags)
{
	struct verify_opts opts = { .rights = VERIFY_PRIV, .log_level = VLOG_1 | VLOG_2,
				    .log_buf = ours, .log_bytes = LOG_BYTES };
	struct verify_result result = { 0 };
	struct prog *prog;
	int err;

	err = prog_new_raw(g->insns, g->cnt, "random", &prog);
	if (err)
		return err;
	prog->type = PROG_TYPE_SOCKET_FILTER;
	prog->flags = flags;
	prog->gpl_compatible = true;
	err = verify_prog(prog, &opts, &result);
	verify_result_fini(&result);
	prog_put(prog);
	return err;
}

static int verify_theirs(const struct gen *g, u32 flags)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = (u64)(uintptr_t)g->insns;
	attr.insn_cnt = g->cnt;
	attr.license = (u64)(uintptr_t) "GPL";
	attr.log_buf = (u64)(uintptr_t)theirs;
	attr.log_size = LOG_BYTES;
	attr.log_level = 3;
	attr.prog_flags = flags;
	theirs[0] = 0;
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

/* The first line that differs, with the one before. */
static void show_difference(u32 n, int ret, int kernel_ret)
{
	const char *a = ours, *b = theirs, *last = ours;

	printf("# program %u: we say %d, the kernel %d\n", n, ret, kernel_ret);
	while (*a && *a == *b) {
		if (*a == '\n' && a[1])
			last = a + 1;
		a++;
		b++;
	}
	printf("#   ours:   %.*s\n", (int)strcspn(last, "\n"), last);
	last = theirs + (last - ours);
	printf("#   theirs: %.*s\n", (int)strcspn(last, "\n"), last);
}

int main(int argc, char **argv)
{
	const u32 cnt = argc > 1 ? (u32)strtoul(argv[1], NULL, 0) : 2000;
	const u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	u32 differ = 0, rejected = 0, rets = 0;
	const char *dump = getenv("STEP_DUMP"), *only = getenv("STEP_ONLY");
	struct gen g;

	for (u32 n = only ? (u32)strtoul(only, NULL, 0) : 0; n < cnt; n++) {
		int ret, kernel_ret;
		u32 flags = n % 3 ? 0 : PROG_FLAG_TEST_STATE_FREQ;

		rand_state = seed + n * 0x632be59bd9b4e019ULL;
		generate(&g);
		kernel_ret = verify_theirs(&g, flags);
		if (!n && kernel_ret == -EPERM) {
			printf("1..0 # SKIP bpf(2) is refused\n");
			return 0;
		}
		ret = verify_ours(&g, flags);
		rejected += kernel_ret != 0;
		rets += ret != kernel_ret;
		if (ret == kernel_ret && !strcmp(ours, theirs))
			continue;
		if (differ++ < SHOWN_MAX)
			show_difference(n, ret, kernel_ret);
		if (dump && differ == 1) {
			FILE *f = fopen(dump, "w");

			fprintf(f, "%s\n=====\n%s", ours, theirs);
			fclose(f);
		}
	}
	printf("# %u programs, seed %llu: %u rejected\n", cnt, (unsigned long long)seed, rejected);
	tap_eq(rets, 0, "verdicts differ");
	tap_eq(differ, 0, "logs differ");
	return tap_done();
}
