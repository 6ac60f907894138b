/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Short sequences that the JIT makes one operation of, over all registers that they can name, equal
 * ones included: each against the loop over isa/sem.h (tests/vectors/ref.c), with what the CPU has
 * and without. And division by each constant that may be multiplied instead.
 *
 *	jit_sweep_test [SHARE]		each SHARE-th of them only
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "isa/text.h"
#include "isa/sem.h"
#include "jit/jit.h"
#include "tests/jit/shim.h"
#include "tests/vectors/engine.h"

#define BODY_MAX   12
#define INPUT_CNT  8
#define WORD_CNT   96 /* of the block: inputs, results, and what addresses point to */
#define OUT	   8  /* words where the results lie */
#define MEM	   16 /* where addresses point to */

struct seq {
	struct insn insns[BODY_MAX];
	u32 cnt;
};

static const u64 edges[] = {
	0,
	1,
	UINT64_MAX,
	0x8000000000000000,
	0x7fffffffffffffff,
	0x80000000,
	0x7fffffff,
	0xffffffff,
	0x100000000,
	0x0123456789abcdef,
	0xfedcba9876543210,
	13,
	0xff,
	0xffffffff80000000,
};

static u64 block[WORD_CNT] __attribute__((aligned(64)));
static u64 given[WORD_CNT], wanted[WORD_CNT];
static u32 share = 1, turn;
static u64 programs, wrong;

/* tidy: allow params: the fields of an instruction */
static void add(struct seq *s, enum isa_op op, u32 dst, u32 src, s32 value)
{
	struct insn i = isa_template(op);
	const struct isa_info *info = isa_info(op);

	if (info->dst != ISA_REG_NONE)
		i.dst = (u8)(dst & 15);
	if (info->src != ISA_REG_NONE && info->src != ISA_REG_SEL)
		i.src = (u8)(src & 15);
	if (info->off == ISA_OFF_MEM || info->off == ISA_OFF_JUMP)
		i.off = (s16)value;
	if (info->imm != ISA_IMM_ZERO && info->imm != ISA_IMM_SEL)
		i.imm = value;
	s->insns[s->cnt++] = i;
}

static void add_word(struct seq *s, u32 dst, u64 v)
{
	s->insns[s->cnt] = isa_template(ISA_LDDW_IMM);
	s->insns[s->cnt].dst = (u8)(dst & 15);
	s->insns[s->cnt++].imm = (s32)(u32)v;
	s->insns[s->cnt++] = insn_make(0, 0, 0, 0, (s32)(u32)(v >> 32));
}

/* A register that is none of the three, nor r0, which cmpxchg writes: holds the block's address. */
static u32 free_reg(const u32 r[3], u32 from)
{
	u32 reg = 1 + from % 9;

	while (reg == r[0] || reg == r[1] || reg == r[2])
		reg = 1 + reg % 9;
	return reg;
}

struct whole {
	struct insn insns[BODY_MAX + 16];
	u32 cnt;
};

/* The three registers from the block, the sequence, and the registers back into the block. */
static void make_whole(const struct seq *body, const u32 r[3], struct whole *w)
{
	const u32 base = free_reg(r, turn);
	struct seq s = { .cnt = 0 };

	w->cnt = 0;
	add_word(&s, base, ptr_to_u64(block));
	for (u32 n = 0; n < 3; n++)
		add(&s, ISA_LDX_DW, r[n], base, (s32)n * 8);
	memcpy(w->insns, s.insns, s.cnt * sizeof(s.insns[0]));
	w->cnt = s.cnt;
	memcpy(&w->insns[w->cnt], body->insns, body->cnt * sizeof(body->insns[0]));
	w->cnt += body->cnt;
	s.cnt = 0;
	for (u32 n = 0; n < 3; n++)
		add(&s, ISA_STX_DW, base, r[n], (OUT + (s32)n) * 8);
	add(&s, ISA_MOV64_K, 0, 0, 0);
	add(&s, ISA_EXIT, 0, 0, 0);
	memcpy(&w->insns[w->cnt], s.insns, s.cnt * sizeof(s.insns[0]));
	w->cnt += s.cnt;
}

static void tell(const struct whole *w, bool plain)
{
	const struct isa_text_opts opts = { .style = ISA_STYLE_KERNEL };
	struct str text = STR_INIT;

	isa_text_program(&text, w->insns, w->cnt, &opts);
	tap_diag("%s", plain ? "without CPU features:" : "with CPU features:");
	printf("%s", str_c(&text));
	for (u32 n = 0; n < OUT + 3; n++)
		tap_diag("word %u: 0x%llx, not 0x%llx", n, (unsigned long long)block[n],
			 (unsigned long long)wanted[n]);
	str_fini(&text);
}

/* What registers are given, by turns; @pointers: r[2] points into the block, r[1] is small. */
static void give(const u32 r[3], u32 input, bool pointers)
{
	for (u32 n = 0; n < WORD_CNT; n++)
		given[n] = edges[(n * 5 + input) % ARRAY_SIZE(edges)] ^ (n << 8 | input);
	for (u32 n = 0; n < 3; n++)
		given[n] = edges[(turn * (n + 1) + input * (2 * n + 1)) % ARRAY_SIZE(edges)];
	if (pointers) {
		given[1] = input;
		given[2] = ptr_to_u64(&block[MEM + 8]);
	}
	(void)r;
}

static bool run_jit(const struct prog *prog)
{
	struct run run = { .insns_left = RUN_NO_BUDGET };
	u64 r0 = 1;

	return !shim_run(&run, prog, block, &r0) && !r0;
}

static void check(const struct seq *body, const u32 r[3], bool pointers)
{
	struct prog *progs[2] = { NULL, NULL };
	struct whole w;

	if (++turn % share)
		return;
	make_whole(body, r, &w);
	for (u32 p = 0; p < 2; p++) {
		const struct jit_opts opts = { .features_off = p ? UINT64_MAX : 0 };

		if (prog_new_raw(w.insns, w.cnt, "sweep", &progs[p]) ||
		    jit_compile(progs[p], NULL, &opts)) {
			tap_ok(false, "compiles");
			exit(1);
		}
	}
	for (u32 input = 0; input < INPUT_CNT; input++) {
		struct engine_job job = { .insns = w.insns, .insn_cnt = w.cnt, .mem = (u8 *)block };
		const char *why;
		u64 r0;

		give(r, input, pointers);
		memcpy(block, given, sizeof(block));
		(void)engine_ref_run(&job, &r0, &why);
		memcpy(wanted, block, sizeof(block));
		for (u32 p = 0; p < 2; p++) {
			memcpy(block, given, sizeof(block));
			if (run_jit(progs[p]) && !memcmp(block, wanted, sizeof(block)))
				continue;
			if (wrong++ < 5)
				tell(&w, p);
		}
	}
	prog_put(progs[0]);
	prog_put(progs[1]);
	programs++;
}

static void done(const char *what)
{
	tap_eq(wrong, 0, "%s: %llu programs", what, (unsigned long long)programs);
	wrong = programs = 0;
}

/* All registers, by three. */
#define TRIPLES(r)                                                                                 \
	for (u32 r[3] = { 0, 0, 0 }; r[0] < 10;                                                    \
	     r[2] = (r[2] + 1) % 10, r[1] = (r[1] + !r[2]) % 10, r[0] += !r[1] && !r[2])

static const s32 imms[] = { 0, 1, -1, 2, 3, 5, 7, 8, 9, 10, 64, 127, 128, 255, 1000, 65535,
			    INT32_MAX, INT32_MIN, -7, 0x10000, 641, 31 };

static s32 imm_of(const struct isa_info *info, u32 n)
{
	const s32 imm = imms[n % ARRAY_SIZE(imms)];

	if (info->imm == ISA_IMM_SHIFT)
		return imm & (info->width_bits - 1);
	return info->imm == ISA_IMM_DIVISOR && !imm ? 3 : imm;
}

/* a = b, then a op= c or a constant: three operands. */
static void sweep_three(void)
{
	for (u32 op = ISA_ADD64_X; op <= ISA_ARSH32_K; op++) {
		const struct isa_info *info = isa_info((enum isa_op)op);
		u32 n = 0;

		TRIPLES(r) {
			struct seq s = { .cnt = 0 };

			if (info->form == ISA_FORM_K && r[2] > 2)
				continue;
			n++;
			add(&s, n % 3 ? ISA_MOV64_X : ISA_MOV32_X, r[0], r[1], 0);
			add(&s, (enum isa_op)op, r[0], r[2], imm_of(info, n));
			check(&s, r, false);
		}
	}
	done("a move and an operation");
}

/* The second operand, or the first, is a known constant; and each operation alone. */
static void sweep_constants(void)
{
	for (u32 op = ISA_ADD64_X; op <= ISA_ARSH32_K; op++) {
		const struct isa_info *info = isa_info((enum isa_op)op);

		TRIPLES(r) {
			struct seq s = { .cnt = 0 };

			if (r[2] > 2)
				continue;
			if (r[2] < 2)
				add(&s, ISA_MOV64_K, r[r[2]], 0, imms[turn % ARRAY_SIZE(imms)]);
			add(&s, (enum isa_op)op, r[0], r[1], imm_of(info, turn));
			check(&s, r, false);
		}
	}
	done("an operation, operands known");
}

/* Sums of sums: what becomes lea. */
static void sweep_sums(void)
{
	static const u16 ops[] = { ISA_ADD64_X, ISA_ADD64_K, ISA_LSH64_K, ISA_SUB64_K,
				   ISA_MOV64_X, ISA_ADD32_X, ISA_ADD32_K, ISA_LSH32_K,
				   ISA_MOV32_X, ISA_MUL64_K };

	TRIPLES(r) {
		for (u32 n = 0; n < 40; n++) {
			struct seq s = { .cnt = 0 };
			u32 pick = n * 2654435761u + turn * 40503u;

			for (u32 i = 0; i < 5; i++, pick = pick * 1664525u + 1013904223u) {
				const u32 op = ops[(pick >> 24) % ARRAY_SIZE(ops)];
				const struct isa_info *info = isa_info((enum isa_op)op);

				add(&s, (enum isa_op)op, r[(pick >> 16) % 3], r[(pick >> 12) % 3],
				    info->imm == ISA_IMM_SHIFT ? (s32)(pick >> 8 & 3) :
								 imm_of(info, pick >> 4 & 31));
			}
			check(&s, r, false);
		}
	}
	done("sums of sums");
}

static void sweep_rotations(void)
{
	static const u16 ors[] = { ISA_OR64_X, ISA_XOR64_X, ISA_ADD64_X, ISA_OR32_X, ISA_ADD32_X };

	TRIPLES(r) {
		for (u32 n = 0; n < 12; n++) {
			const bool w = n & 1;
			const s32 bits = w ? 64 : 32, k = 1 + (s32)(turn * 7 % (u32)(bits - 1));
			struct seq s = { .cnt = 0 };

			add(&s, w ? ISA_MOV64_X : ISA_MOV32_X, r[0], r[1], 0);
			add(&s, n % 3 ? ISA_MOV64_X : ISA_MOV32_X, r[2], r[1], 0);
			add(&s, w ? ISA_LSH64_K : ISA_LSH32_K, r[n & 2], 0, k);
			add(&s, w ? ISA_RSH64_K : ISA_RSH32_K, r[2 - (n & 2)], 0,
			    n == 11 ? k : bits - k);
			add(&s, (enum isa_op)ors[n % ARRAY_SIZE(ors)], r[0], r[2], 0);
			check(&s, r, false);
		}
		for (u32 n = 0; n < 6; n++) {
			static const u8 shifts[] = { 32, 48, 56 };
			struct seq s = { .cnt = 0 };

			add(&s, ISA_MOV64_X, r[0], r[1], 0);
			add(&s, ISA_LSH64_K, r[0], 0, shifts[n / 2]);
			add(&s, n & 1 ? ISA_RSH64_K : ISA_ARSH64_K, r[0], 0, shifts[n / 2]);
			add(&s, ISA_ADD64_X, r[2], r[0], 0);
			check(&s, r, false);
		}
	}
	done("rotations and narrow parts from shifts");
}

/* a = b << scale, a += c + displacement: every memory operation there, on each register. */
static void sweep_addresses(void)
{
	for (u32 op = ISA_LDX_B; op < ISA_LDDW_IMM; op++) {
		const struct isa_info *info = isa_info((enum isa_op)op);
		const bool loads = info->dst == ISA_REG_W;

		TRIPLES(r) {
			const u32 other = r[turn % 3];
			struct seq s = { .cnt = 0 };

			if (r[1] == r[2] || r[0] == r[2])
				continue;
			add(&s, ISA_MOV64_X, r[0], r[1], 0);
			add(&s, ISA_LSH64_K, r[0], 0, 3);
			add(&s, ISA_ADD64_X, r[0], r[2], 0);
			if (turn % 2)
				add(&s, ISA_ADD64_K, r[0], 0, 16);
			if (turn % 5 == 0 && other != r[0])
				add(&s, ISA_AND64_K, other, 0, 0xff);
			add(&s, (enum isa_op)op, loads ? other : r[0], loads ? r[0] : other,
			    turn % 7 ? -16 : -8);
			if (info->form == ISA_FORM_K)
				s.insns[s.cnt - 1].imm = imms[turn % ARRAY_SIZE(imms)];
			check(&s, r, true);
		}
	}
	done("memory at sums");
}

/* a = b & mask, stored in each size; a = *(c), turned in each size. */
static void sweep_masks(void)
{
	static const u16 stores[] = { ISA_STX_B, ISA_STX_H, ISA_STX_W, ISA_STX_DW };
	static const s32 masks[] = { 0xff, 0xffff, 0x1ff, 0x7fffffff, 0xfe, -1, 0x80 };
	static const u16 loads[] = { ISA_LDX_B, ISA_LDX_H, ISA_LDX_W, ISA_LDX_DW, ISA_LDSX_W };
	static const u16 swaps[] = { ISA_BE16, ISA_BE32, ISA_BE64, ISA_BSWAP16, ISA_BSWAP32,
				     ISA_BSWAP64, ISA_LE16, ISA_LE32 };

	TRIPLES(r) {
		if (r[1] == r[2] || r[0] == r[2])
			continue;
		for (u32 n = 0; n < ARRAY_SIZE(stores) * ARRAY_SIZE(masks); n++) {
			struct seq s = { .cnt = 0 };

			add(&s, ISA_MOV64_X, r[0], r[1], 0);
			add(&s, n & 1 ? ISA_AND64_K : ISA_AND32_K, r[0], 0, masks[n / 4]);
			add(&s, (enum isa_op)stores[n % 4], r[2], r[0], 8);
			check(&s, r, true);
		}
		for (u32 n = 0; n < ARRAY_SIZE(loads) * ARRAY_SIZE(swaps); n++) {
			struct seq s = { .cnt = 0 };

			add(&s, (enum isa_op)loads[n / 8], r[0], r[2], 8);
			add(&s, (enum isa_op)swaps[n % 8], r[turn % 9 ? 0 : 1], 0, 0);
			check(&s, r, true);
		}
	}
	done("masked stores and turned loads");
}

/* Each condition on what a move, a mask or a shift left, against a register or a constant. */
static void sweep_jumps(void)
{
	static const u16 firsts[] = { ISA_AND64_K, ISA_AND32_K, ISA_RSH64_K, ISA_RSH32_K,
				      ISA_ADD64_K, ISA_MOV64_K, ISA_MOV32_X };

	for (u32 op = ISA_JEQ64_X; op <= ISA_JSLE32_K; op++) {
		const struct isa_info *info = isa_info((enum isa_op)op);

		TRIPLES(r) {
			const u32 first = firsts[turn % ARRAY_SIZE(firsts)];
			struct seq s = { .cnt = 0 };

			if (info->form == ISA_FORM_K && r[2] > 3)
				continue;
			add(&s, turn % 4 ? ISA_MOV64_X : ISA_MOV32_X, r[0], r[1], 0);
			if (turn % 6)
				add(&s, (enum isa_op)first, r[0], r[1],
				    imm_of(isa_info((enum isa_op)first), turn / 7));
			add(&s, (enum isa_op)op, r[0], r[2], 1);
			s.insns[s.cnt - 1].imm = info->form == ISA_FORM_K && turn % 3 ?
							 imms[turn % ARRAY_SIZE(imms)] : 0;
			add(&s, ISA_XOR64_K, r[turn % 3], 0, 0x5555);
			check(&s, r, false);
		}
	}
	done("conditions");
}

/*
 * One of two constants by each condition on registers that may be the chosen one; and a jump over a
 * jump. Constants apart by 1 to 9, both ways.
 */
static void sweep_choices(void)
{
	static const s32 bases[] = { 0, 1, -1, 100, INT32_MAX - 8, INT32_MIN, -8 };

	for (u32 op = ISA_JEQ64_X; op <= ISA_JSLE32_K; op++) {
		const struct isa_info *info = isa_info((enum isa_op)op);

		TRIPLES(r) {
			const u32 kind = turn % 4;
			s32 base = bases[turn / 4 % ARRAY_SIZE(bases)], more;
			struct seq s = { .cnt = 0 };

			if (info->form == ISA_FORM_K && r[2] > 4)
				continue;
			more = base + 1 + (s32)(turn / 28 % 9 > 7 ? 7 : turn / 28 % 9);
			if (turn % 3)
				more = base ^ more, base ^= more, more ^= base;
			if (kind)
				add(&s, turn % 5 ? ISA_MOV64_K : ISA_MOV32_K, r[0], 0, base);
			if (turn % 11 == 0)
				add(&s, ISA_MOV64_X, r[1], r[0], 0);
			add(&s, (enum isa_op)op, r[1], r[2], kind == 3 ? 2 : 1);
			if (info->form == ISA_FORM_K)
				s.insns[s.cnt - 1].imm = imms[turn % ARRAY_SIZE(imms)];
			if (kind)
				add(&s, turn % 7 ? ISA_MOV64_K : ISA_MOV32_K, r[0], 0, more);
			else
				add(&s, ISA_JA, 0, 0, 1);
			if (kind != 1 && kind != 2)
				add(&s, kind ? ISA_JA : ISA_XOR64_K, r[0], 0, kind ? 0 : 0x5555);
			add(&s, ISA_ADD64_X, r[0], r[1], 0);
			check(&s, r, false);
		}
	}
	done("choices between constants");
}

/*
 * A branch over @fours operations of four bytes and @threes of three on x86-64, forwards (when r1
 * is 0), or back once. Returns how far it goes in bytes; -1 when the result is wrong.
 */
static s64 branch(u32 fours, u32 threes, bool back)
{
	const struct jit_opts opts = { .poll = JIT_POLL_NONE };
	struct insn *insns = mem_zalloc_array(fours + threes + 8, sizeof(*insns));
	struct run run = { .insns_left = RUN_NO_BUDGET };
	struct prog *prog = NULL;
	struct jit_view view;
	u64 r0 = 0, want = 7;
	s64 bytes = -1;
	u32 n = 0, at;

	if (!insns)
		return -1;
	insns[n++] = insn_make(0xb7, 0, 0, 0, 7);
	insns[n++] = insn_make(0x79, 1, 1, 0, 0); /* r1 = *(u64 *)r1 */
	at = n++;
	for (u32 i = 0; i < fours + threes; i++)
		insns[n++] = insn_make(i < fours ? 0xa7 : 0xa4, 0, 0, 0, 1 + (s32)(i & 63));
	for (u32 i = 0; back && i < 2 * (fours + threes); i++)
		want ^= 1 + (i % (fours + threes) & 63);
	insns[at] = back ? insn_make(0x07, 1, 0, 0, 1) :
			   insn_make(0x15, 1, 0, (s16)(fours + threes), 0);
	if (back) {
		insns[n] = insn_make(0xa5, 1, 0, (s16)(at - n - 1), 2); /* if r1 < 2 */
		n++;
	}
	insns[n++] = insn_make(0x95, 0, 0, 0, 0);
	block[0] = 0;
	if (!prog_new_raw(insns, n, "branch", &prog) && !jit_compile(prog, NULL, &opts) &&
	    !shim_run(&run, prog, block, &r0) && r0 == want && jit_view(prog, &view))
		bytes = (s64)jit_insn_map_off(view.map, n - 1) -
			jit_insn_map_off(view.map, at + !back);
	prog_put(prog);
	mem_free(insns);
	return bytes;
}

/* Each length around those where forms of branches change, here and on arm64. */
static void sweep_branches(void)
{
	bool seen[2][160] = { { false } };
	u32 edges_seen = 0;

	for (u32 back = 0; back < 2; back++) {
		for (u32 fours = 0; fours < 40; fours++)
			for (u32 threes = 0; threes < 8; threes++) {
				const s64 bytes = branch(fours, threes, back);

				programs++;
				wrong += bytes < 0;
				if (bytes >= 0 && bytes < 160)
					seen[back][bytes] = true;
			}
		for (u32 n = 8180; n < 8200; n++, programs++)
			wrong += branch(n, 0, back) < 0;
		for (u32 n = 32740; n < 32760; n++, programs++)
			wrong += branch(n, 0, back) < 0;
	}
	/* Back, the branch itself counts: from 0x81 on it is four bytes longer. */
	for (u32 n = 0x7e; n <= 0x82; n++)
		edges_seen += seen[0][n] + seen[1][n + (n > 0x80 ? 4 : 0)];
	done("branches over each length");
	if (!strcmp(shim_name, "x86_64"))
		tap_eq(edges_seen, 10, "jit-disp-7e 7f 80 81: lengths among them");
}

/* All eight divisions by @d of one number, which is read anew for each. */
static struct prog *divisions(u64 d, bool plain)
{
	static const u16 ops[] = { ISA_DIV64_K, ISA_MOD64_K, ISA_SDIV64_K, ISA_SMOD64_K,
				   ISA_DIV32_K, ISA_MOD32_K, ISA_SDIV32_K, ISA_SMOD32_K };
	const struct jit_opts opts = { .features_off = plain ? UINT64_MAX : 0 };
	static u32 reg;
	struct insn insns[64];
	struct prog *prog = NULL;
	u32 cnt = 0;

	for (u32 n = 0; n < ARRAY_SIZE(ops); n++) {
		const u32 r = 2 + reg++ % 4; /* rsi rdx rcx r8: rdx is what division is about */
		struct seq s = { .cnt = 0 };

		add(&s, ISA_LDX_DW, r, 1, 0);
		add(&s, (enum isa_op)ops[n], r, 0, (s32)d);
		add(&s, ISA_STX_DW, 1, r, (OUT + (s32)n) * 8);
		memcpy(&insns[cnt], s.insns, s.cnt * sizeof(insns[0]));
		cnt += s.cnt;
	}
	insns[cnt] = isa_template(ISA_MOV64_K);
	insns[cnt++].dst = 0;
	insns[cnt++] = isa_template(ISA_EXIT);
	if (prog_new_raw(insns, cnt, "division", &prog) || jit_compile(prog, NULL, &opts)) {
		prog_put(prog);
		return NULL;
	}
	return prog;
}

static bool quotients(const struct prog *prog, u64 a, u64 d)
{
	const u64 want[] = {
		sem_div64(a, d), sem_mod64(a, d), sem_sdiv64(a, d), sem_smod64(a, d),
		sem_div32(a, d), sem_mod32(a, d), sem_sdiv32(a, d), sem_smod32(a, d),
	};

	block[0] = a;
	if (run_jit(prog) && !memcmp(&block[OUT], want, sizeof(want)))
		return true;
	for (u32 n = 0; n < ARRAY_SIZE(want); n++)
		if (block[OUT + n] != want[n])
			tap_diag("0x%llx by 0x%llx, operation %u: 0x%llx, not 0x%llx",
				 (unsigned long long)a, (unsigned long long)d, n,
				 (unsigned long long)block[OUT + n], (unsigned long long)want[n]);
	return false;
}

/* Numbers where a quotient changes, and where a multiplier that is too small would show. */
static bool by_constant(s32 imm)
{
	const u64 d = (u64)(s64)imm;
	bool good = true;

	for (u32 p = 0; p < 2; p++) {
		struct prog *prog = divisions(d, p);

		if (!prog)
			return false;
		for (u32 n = 0; n < ARRAY_SIZE(edges); n++) {
			const u64 e = edges[n];

			good &= quotients(prog, e, d);
			good &= quotients(prog, e / d * d, d) && quotients(prog, e / d * d - 1, d);
			good &= quotients(prog, (u64)((u32)e / (u32)d * (u32)d) - 1, d);
		}
		prog_put(prog);
	}
	return good;
}

static void sweep_divisions(void)
{
	static const s32 more[] = { INT32_MIN, INT32_MIN + 1, INT32_MAX, INT32_MAX - 1, 0x10001,
				    0x55555555, 0x2aaaaaab, 1000000007, 0x40000000, 0x3fffffff,
				    0x40000001, 10000000, 1000000000, 641, 6700417 };

	for (s32 d = 1; d <= 1 << 16 && wrong < 4; d++) {
		if (++turn % share)
			continue;
		programs += 2;
		wrong += !by_constant(d);
		wrong += !by_constant(-d);
	}
	for (u32 n = 0; n < ARRAY_SIZE(more); n++) {
		programs += 2;
		wrong += !by_constant(more[n]);
		wrong += !by_constant((s32)(0 - (u32)more[n]));
	}
	for (u32 bit = 1; bit < 31; bit++)
		for (s32 by = -1; by <= 1; by++) {
			programs++;
			wrong += !by_constant((s32)(1u << bit) + by ? (s32)(1u << bit) + by : 1);
		}
	done("division by constants, all of 1 to 65536 and their negatives");
}

int main(int argc, char **argv)
{
	if (!jit_here_is_target())
		return tap_skip_all("no JIT for this machine");
	if (argc > 1)
		share = (u32)strtoul(argv[1], NULL, 0);
	sweep_three();
	sweep_constants();
	sweep_sums();
	sweep_rotations();
	sweep_addresses();
	sweep_masks();
	sweep_jumps();
	sweep_choices();
	sweep_branches();
	sweep_divisions();
	return tap_done();
}
