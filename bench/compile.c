/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What compiling costs: jit_compile() of generated programs of growing length, all of it (decoding,
 * code, the memory that it stands in), in thread CPU time; the best of several tries.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/rand.h"
#include "jit/jit.h"
#include "prog/prog.h"

#define INSNS_MAX 999998u

static double cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

/* Sums, constants, loads and stores of the stack, jumps forward: what programs are made of. */
static struct insn any_insn(u64 *rand, bool jump)
{
	const u32 dst = rand_below(rand, 9), src = rand_below(rand, 9);
	const s16 slot = (s16)(-8 * (s32)(1 + rand_below(rand, 30)));

	switch (rand_below(rand, 6)) {
	case 0:
		return insn_make(0x0f, dst, src, 0, 0);
	case 1:
		return insn_make(0xb7, dst, 0, 0, (s32)rand_next(rand));
	case 2:
		return insn_make(0x79, dst, INSN_REG_FP, slot, 0);
	case 3:
		return insn_make(0x7b, INSN_REG_FP, src, slot, 0);
	case 4:
		return insn_make(0x5f, dst, src, 0, 0);
	default:
		return insn_make(0x1d, dst, src, jump ? 4 : 0, 0);
	}
}

static double compile_us(const struct insn *insns, u32 cnt)
{
	const struct jit_opts opts = {.poll = JIT_POLL_NONE};
	struct prog *prog;
	double start, us = -1;

	if (prog_new_raw(insns, cnt, "compile", &prog))
		return -1;
	start = cpu_us();
	if (!jit_compile(prog, NULL, &opts))
		us = cpu_us() - start;
	prog_put(prog);
	return us;
}

static int measure(struct insn *insns, u32 n, u32 rounds)
{
	const u32 cnt = n < INSNS_MAX ? n : INSNS_MAX;
	u64 rand[4];
	double best = 1e18;

	rand_seed(rand, 1);
	for (u32 i = 0; i < cnt; i++)
		insns[i] = any_insn(rand, i + 5 < cnt);
	insns[cnt] = insn_make(0xb7, 0, 0, 0, 0);
	insns[cnt + 1] = insn_make(0x95, 0, 0, 0, 0);
	for (u32 i = 0; i < rounds; i++) {
		const double us = compile_us(insns, cnt + 2);

		if (us < 0)
			return 1;
		best = us < best ? us : best;
	}
	printf("%8u instructions: %10.1f us, %7.1f ns each\n", cnt + 2, best,
	       best * 1000 / (cnt + 2));
	return 0;
}

/* With arguments: only this many instructions, so many times. */
int main(int argc, char **argv)
{
	struct insn *insns = mem_zalloc_array(INSNS_MAX + 2, sizeof(*insns));
	int err = !insns;

	if (!err && argc > 2)
		err = measure(insns, (u32)strtoul(argv[1], NULL, 0),
			      (u32)strtoul(argv[2], NULL, 0));
	for (u32 n = 10; !err && argc <= 2 && n <= 1000000; n *= 10)
		err = measure(insns, n, n < 100000 ? 100 : 7);
	mem_free(insns);
	return err;
}
