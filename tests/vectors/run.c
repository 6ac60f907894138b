/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs the vector files of its arguments on every engine, then sweeps over register pairs, and
 * fails when an operation has no vector.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "isa/check.h"
#include "tests/tap.h"
#include "tests/vectors/engine.h"

static void test_vector(const struct vector *v)
{
	struct isa_reason reason = { 0 };
	bool good = true;
	int err;
	u32 n;

	if (v->waits && v->reject && !strcmp(v->waits, "the verifier")) {
		tap_ok(proof_refuses(v), "%s: not proved", v->name);
		return;
	}
	if (v->waits) {
		tap_skip("%s: waits for %s", v->name, v->waits);
		return;
	}
	err = isa_check(v->insns, v->insn_cnt, 0, &reason);
	if (v->reject) {
		if (!tap_ok(err && strstr(reason.text, v->reject), "%s: refused", v->name))
			tap_diag("%d: '%s', not '%s'", err, reason.text, v->reject);
		return;
	}
	if (!err == v->unchecked) {
		tap_ok(false, "%s: isa_check", v->name);
		tap_diag("%d: %s", err, reason.text);
		return;
	}
	for (n = 0; n < engine_cnt; n++)
		good = engine_run_vector(v, &engines[n]) && good;
	tap_ok(good, "%s", v->name);
}

/* Two operands in each pair of registers: encodings that lose a register show here. */
static bool sweep_pair(enum isa_op op, u32 dst, u32 src, u64 want)
{
	const struct isa_info *info = isa_info(op);
	struct insn w[] = {
		insn_make(0x18, dst, 0, 0, (s32)0x89abcdef), insn_make(0, 0, 0, 0, 0x01234567),
		insn_make(0xb7, src, 0, 0, 13),		     isa_template(op),
		insn_make(0xbf, 0, dst, 0, 0),		     insn_make(0x95, 0, 0, 0, 0),
	};
	struct vector v = { .insns = w, .insn_cnt = ARRAY_SIZE(w), .result = want };
	bool good = true;
	u8 mem = 0;
	u32 n;

	w[3].dst = dst & 0xf;
	w[3].src = src & 0xf;
	v.mem = &mem;
	for (n = 0; n < engine_cnt; n++)
		good = engine_run_vector(&v, &engines[n]) && good;
	if (!good)
		tap_diag("%s r%u, r%u", info->name, dst, src);
	return good;
}

static void sweep(enum isa_op op, u64 want)
{
	u32 dst, src, wrong = 0;

	for (dst = 0; dst < 10; dst++)
		for (src = 0; src < 10; src++)
			wrong += dst != src && !sweep_pair(op, dst, src, want);
	/* Named as the rows of past bugs: sweep-lsh64, sweep-rsh32, … */
	tap_eq(wrong, 0, "sweep-%s%u over 90 pairs of registers", isa_info(op)->fn,
	       isa_info(op)->width_bits);
}

/* Literal results for 0x0123456789abcdef and 13. */
static const struct {
	enum isa_op op;
	u64 want;
} sweeps[] = {
	{ ISA_ADD64_X, 0x0123456789abcdfc },  { ISA_SUB64_X, 0x0123456789abcde2 },
	{ ISA_MUL64_X, 0x0eca8641fdb97523 },  { ISA_DIV64_X, 0x001667cce33499af },
	{ ISA_MOD64_X, 0xc },		      { ISA_OR64_X, 0x0123456789abcdef },
	{ ISA_AND64_X, 0xd },		      { ISA_XOR64_X, 0x0123456789abcde2 },
	{ ISA_LSH64_X, 0x68acf13579bde000 },  { ISA_RSH64_X, 0x0000091a2b3c4d5e },
	{ ISA_ARSH64_X, 0x0000091a2b3c4d5e }, { ISA_SDIV64_X, 0x001667cce33499af },
	{ ISA_SMOD64_X, 0xc },		      { ISA_ADD32_X, 0x89abcdfc },
	{ ISA_SUB32_X, 0x89abcde2 },	      { ISA_MUL32_X, 0xfdb97523 },
	{ ISA_DIV32_X, 0x0a970fd7 },	      { ISA_MOD32_X, 0x4 },
	{ ISA_LSH32_X, 0x79bde000 },	      { ISA_RSH32_X, 0x00044d5e },
	{ ISA_ARSH32_X, 0xfffc4d5e },	      { ISA_SDIV32_X, 0xf6e5d4c4 },
	{ ISA_SMOD32_X, 0xfffffffb },	      { ISA_OR32_X, 0x89abcdef },
	{ ISA_AND32_X, 0xd },		      { ISA_XOR32_X, 0x89abcde2 },
	{ ISA_MOV64_X, 13 },		      { ISA_MOV32_X, 13 },
};

/* Stores and loads back through every base register, at the edges of short displacements. */
static void sweep_bases(void)
{
	static const s16 offs[] = { -512, -256, -136, -128, -120, -8 };
	u32 base, n, e, wrong = 0;

	for (base = 0; base <= 10; base++) {
		for (n = 0; n < ARRAY_SIZE(offs); n++) {
			const u32 value = base == 3 ? 4 : 3;
			struct insn w[] = {
				insn_make(0xbf, base, 10, 0, 0),
				insn_make(0xb7, value, 0, 0, 0x5a5a),
				insn_make(0x7b, base, value, offs[n], 0),
				insn_make(0x79, 0, base, offs[n], 0),
				insn_make(0x95, 0, 0, 0, 0),
			};
			u8 mem = 0;
			struct vector v = { .insns = w, .insn_cnt = ARRAY_SIZE(w),
					    .result = 0x5a5a, .mem = &mem };

			if (base == 10) /* the frame pointer is not written */
				w[0] = insn_make(0xb7, 5, 0, 0, 0);
			for (e = 0; e < engine_cnt; e++)
				wrong += !engine_run_vector(&v, &engines[e]);
		}
	}
	tap_eq(wrong, 0, "modrm-base-sweep: every base register at the edges of displacements");
}

/* One memory operation with this base and this other register: *(base - 8) is 5, the other 3. */
static bool memory_pair(enum isa_op op, u32 base, u32 other, u64 want)
{
	const bool loads = isa_info(op)->dst == ISA_REG_W;
	struct insn w[] = {
		insn_make(0x7a, 10, 0, -8, 0), /* all eight bytes, so that both byte orders agree */
		insn_make(0xb7, 0, 0, 0, 5),
		isa_template(ISA_STX_DW),
		insn_make(0xbf, base, 10, 0, 0),
		insn_make(0xb7, other, 0, 0, 3),
		isa_template(op),
		insn_make(0xbf, 0, other, 0, 0),
		insn_make(0x95, 0, 0, 0, 0),
	};
	struct vector v = { .insns = w, .insn_cnt = ARRAY_SIZE(w), .result = want };
	bool good = true;
	u8 mem = 0;
	u32 n;

	v.mem = &mem;
	switch (isa_info(op)->width_bits) {
	case 8:
		w[2] = isa_template(ISA_STX_B);
		break;
	case 16:
		w[2] = isa_template(ISA_STX_H);
		break;
	case 32:
		w[2] = isa_template(ISA_STX_W);
		break;
	default:
		break;
	}
	w[2].dst = 10;
	w[2].off = -8;
	w[5].dst = (loads ? other : base) & 0xf;
	w[5].src = (loads ? base : other) & 0xf;
	w[5].off = -8;
	for (n = 0; n < engine_cnt; n++)
		good = engine_run_vector(&v, &engines[n]) && good;
	if (!good)
		tap_diag("%s base r%u, r%u", isa_info(op)->name, base, other);
	return good;
}

/* What the other register holds afterwards: loaded, old or its own value. */
static u64 memory_want(const struct isa_info *info)
{
	if (info->dst == ISA_REG_W || info->src == ISA_REG_RW)
		return 5;
	return 3;
}

static void sweep_memory(void)
{
	u32 op, base, other, wrong = 0, cnt = 0;

	for (op = ISA_LDX_B; op < ISA_LDDW_IMM; op++) {
		const struct isa_info *info = isa_info((enum isa_op)op);

		if (info->form == ISA_FORM_K || info->family == ISA_FAMILY_CMPXCHG)
			continue;
		cnt++;
		for (base = 0; base < 10; base++)
			for (other = 0; other < 10; other++)
				wrong += base != other && !memory_pair((enum isa_op)op, base, other,
								       memory_want(info));
	}
	tap_eq(wrong, 0, "sweep of %u memory operations over 90 pairs of registers", cnt);
}

/*
 * Branches over bodies of each length around those whose machine code is 127 or 32767 bytes long
 * (CVE-2021-29154), forwards and backwards. An operation is three or four bytes on most machines;
 * and none may be such as a JIT makes one of several of (jit_sweep_test looks at its lengths).
 */
static u64 displacement_want(u64 r0, u32 body, u32 rounds)
{
	while (rounds--)
		for (u32 n = 0; n < body; n++)
			r0 = n % 2 ? r0 + 1 : r0 ^ 5;
	return r0;
}

static bool displacement(u32 body, bool back)
{
	struct insn *w = mem_zalloc_array(body + 8, sizeof(*w));
	struct vector v = { .insns = w, .result = 7 };
	bool good = w != NULL;
	u8 mem = 0;
	u32 cnt = 0, n;

	if (!w)
		return false;
	v.mem = &mem;
	if (back)
		v.result = displacement_want(7, body, 2);
	w[cnt++] = insn_make(0xb7, 0, 0, 0, 7);
	w[cnt++] = insn_make(0xb7, 1, 0, 0, back ? 2 : 1);
	if (!back)
		w[cnt++] = insn_make(0x15, 1, 0, (s16)body, 1);
	for (n = 0; n < body; n++)
		w[cnt++] = insn_make(n % 2 ? 0x07 : 0xa7, 0, 0, 0, n % 2 ? 1 : 5);
	if (back) {
		w[cnt++] = insn_make(0x07, 1, 0, 0, -1);
		w[cnt++] = insn_make(0x55, 1, 0, (s16)(-(s32)body - 2), 0);
	}
	w[cnt++] = insn_make(0x95, 0, 0, 0, 0);
	v.insn_cnt = cnt;
	for (n = 0; n < engine_cnt; n++)
		good = engine_run_vector(&v, &engines[n]) && good;
	mem_free(w);
	return good;
}

static void sweep_displacements(void)
{
	static const struct {
		u32 from, to, step;
	} ranges[] = { { 1, 48, 1 }, { 126, 130, 1 }, { 4090, 4100, 1 }, { 8150, 8200, 5 },
		       { 10900, 10930, 3 }, { 32760, 32765, 1 } };
	u32 r, body, wrong = 0;

	for (r = 0; r < ARRAY_SIZE(ranges); r++)
		for (body = ranges[r].from; body <= ranges[r].to; body += ranges[r].step)
			wrong += !displacement(body, false) || !displacement(body, true);
	tap_eq(wrong, 0, "branches over bodies of critical lengths: jit-disp-7e 7f 80 81 7ffd");
}

/* An operation counts when the reference engine executed it, or a vector waits for its engine. */
static void test_complete(const struct vector_set *set)
{
	bool named[ISA_OP_CNT] = { false };
	u32 n, i, missing = 0, waiting = 0;

	for (n = 0; n < set->cnt; n++)
		for (i = 0; set->vectors[n].waits && i < set->vectors[n].insn_cnt; i++)
			named[isa_decode(&set->vectors[n].insns[i])] = true;
	for (n = ISA_INVALID + 1; n < ISA_OP_CNT; n++) {
		if (engine_ref_seen[n])
			continue;
		if (named[n]) {
			waiting++;
			tap_diag("%s has a vector, no engine yet", isa_info((enum isa_op)n)->name);
			continue;
		}
		missing++;
		tap_diag("%s has no vector", isa_info((enum isa_op)n)->name);
	}
	tap_eq(missing, 0, "a vector for each of %u operations in each form (%u wait)",
	       ISA_OP_CNT - 1, waiting);
}

int main(int argc, char **argv)
{
	struct vector_set set = { 0 };
	u32 n;
	int i;

	for (i = 1; i < argc; i++)
		tap_ok(vector_set_read(&set, argv[i]), "%s is read", argv[i]);
	for (n = 0; n < engine_cnt; n++) {
		if (engines[n].here && !engines[n].here())
			tap_skip("%s: not for this machine", engines[n].name);
	}
	for (n = 0; n < set.cnt; n++)
		test_vector(&set.vectors[n]);
	test_complete(&set);
	for (n = 0; n < ARRAY_SIZE(sweeps); n++)
		sweep(sweeps[n].op, sweeps[n].want);
	sweep_bases();
	sweep_memory();
	sweep_displacements();
	vector_set_fini(&set);
	return tap_done();
}
