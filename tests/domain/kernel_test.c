/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The domain against the live kernel: random arithmetic, moves and branches are loaded with the
 * full log; every scalar that the kernel prints must be ours, part by part, and every branch that
 * it decides must be one that we decide, the same way.
 *
 *	kernel_test [PROGRAMS [SEED]]
 *
 * What the kernel does not print of a scalar is the end of its range, so that the text gives back
 * all five parts.
 */
#include "tests/kernel_bpf.h"
#include "tests/tap.h"
#include "verify/domain/scalar.h"

#include <ctype.h>
#include <stdlib.h>
#include <time.h>

enum { REG_FIRST = 6, REG_LAST = 9, INSNS_MAX = 400, LOG_BYTES = 4 << 20, SHOWN_MAX = 8 };

/* How an instruction changes our state. */
enum kind { KIND_OTHER, KIND_SETUP, KIND_CONST, KIND_ALU, KIND_MOV32, KIND_SX, KIND_SX32, KIND_END,
	    KIND_JUMP };

struct insn {
	struct bpf_insn raw;
	enum kind kind;
	int op; /* enum scalar_op, enum scalar_cmp, or a size in bytes */
	bool is32, by_reg;
	u64 value;
	struct scalar before[16]; /* of a jump: what its other side starts from */
};

struct run {
	struct insn insns[INSNS_MAX];
	unsigned int cnt;
	struct scalar regs[16];
	const char *wrong; /* what differed first */
	unsigned int wrong_idx, wrong_reg;
	struct scalar theirs;
	u64 compared, branches;
};

static u64 rand_state;
static struct run run;
static char log_text[LOG_BYTES];

static u64 rand_u64(void)
{
	u64 z = rand_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static unsigned int pick_of(unsigned int n)
{
	return (unsigned int)(rand_u64() % n);
}

/* Small, near a power of two, near the ends, or anything. */
static u64 rand_value(void)
{
	u64 v = (u64)1 << pick_of(64);

	switch (pick_of(6)) {
	case 0:
		return pick_of(20);
	case 1:
		return (u64)0 - pick_of(20);
	case 2:
		return v + pick_of(5) - 2;
	case 3:
		return (u64)0 - v + pick_of(5) - 2;
	case 4:
		return v - 1;
	default:
		return rand_u64() >> pick_of(64);
	}
}

static struct insn *emit(struct run *r, u8 code, unsigned int dst, unsigned int src, s32 imm)
{
	struct insn *i = &r->insns[r->cnt++];

	memset(i, 0, sizeof(*i));
	i->raw.code = code;
	i->raw.dst_reg = dst & 15;
	i->raw.src_reg = src & 15;
	i->raw.imm = imm;
	return i;
}

static void emit_const(struct run *r, unsigned int dst, u64 value)
{
	struct insn *i = emit(r, 0x18, dst, 0, (s32)(u32)value);

	i->kind = KIND_CONST;
	i->value = value;
	emit(r, 0, 0, 0, (s32)(u32)(value >> 32));
}

static unsigned int rand_reg(void)
{
	return REG_FIRST + pick_of(REG_LAST - REG_FIRST + 1);
}

static void emit_alu(struct run *r)
{
	/* The operation's code, ours, and whether the signed twin goes by off 1. */
	static const struct { u8 code, op, sop; } ops[] = {
		{ 0x00, SCALAR_ADD, 0 }, { 0x10, SCALAR_SUB, 0 }, { 0x20, SCALAR_MUL, 0 },
		{ 0x50, SCALAR_AND, 0 }, { 0x40, SCALAR_OR, 0 },  { 0xa0, SCALAR_XOR, 0 },
		{ 0x60, SCALAR_LSH, 0 }, { 0x70, SCALAR_RSH, 0 }, { 0xc0, SCALAR_ARSH, 0 },
		{ 0x80, SCALAR_NEG, 0 }, { 0x30, SCALAR_DIV, SCALAR_SDIV },
		{ 0x90, SCALAR_MOD, SCALAR_SMOD },
	};
	unsigned int n = pick_of(pick_of(8) ? 10 : 12), width;
	bool is32 = pick_of(2), by_reg = pick_of(2) && ops[n].op != SCALAR_NEG;
	s32 imm = (s32)(u32)rand_value();
	struct insn *i;

	width = is32 ? 32 : 64;
	if (n >= 6 && n <= 8)
		imm = (s32)(pick_of(4) ? pick_of(width) : width / 2);
	if (ops[n].op == SCALAR_NEG)
		imm = 0;
	if (ops[n].sop && imm == 0)
		imm = 3;
	i = emit(r, (u8)(ops[n].code | (by_reg ? 8 : 0) | (is32 ? 4 : 7)), rand_reg(),
		 by_reg ? rand_reg() : 0, by_reg ? 0 : imm);
	i->kind = KIND_ALU;
	i->op = ops[n].op;
	if (ops[n].sop && pick_of(2)) {
		i->op = ops[n].sop;
		i->raw.off = 1;
	}
	i->is32 = is32;
	i->by_reg = by_reg;
	i->value = is32 ? (u64)(u32)imm : (u64)(s64)imm;
}

/* To the register itself: a copy would be linked with its source. */
static void emit_move(struct run *r)
{
	static const int sizes[] = { 1, 2, 4 };
	unsigned int reg = rand_reg(), size = (unsigned int)sizes[pick_of(3)];
	struct insn *i;

	switch (pick_of(5)) {
	case 0:
		i = emit(r, 0xbc, reg, reg, 0);
		i->kind = KIND_MOV32;
		break;
	case 1:
	case 2:
		i = emit(r, 0xbf, reg, reg, 0);
		i->kind = KIND_SX;
		i->raw.off = (s16)(size * 8);
		break;
	case 3:
		if (size == 4)
			size = 2;
		i = emit(r, 0xbc, reg, reg, 0);
		i->kind = KIND_SX32;
		i->raw.off = (s16)(size * 8);
		break;
	default:
		i = emit(r, (u8)(pick_of(2) ? 0xd7 : 0xdc - 8 * pick_of(2)), reg, 0,
			 16 << pick_of(3));
		i->kind = KIND_END;
		size = (unsigned int)i->raw.imm;
		break;
	}
	i->op = (int)size;
}

/* A conditional jump over an exit, or to the exit at the end (off -1: not known yet). */
static void emit_jump(struct run *r)
{
	static const struct { u8 code, cmp; } ops[] = {
		{ 0x10, SCALAR_JEQ },  { 0x50, SCALAR_JNE },  { 0x40, SCALAR_JSET },
		{ 0x20, SCALAR_JGT },  { 0x30, SCALAR_JGE },  { 0xa0, SCALAR_JLT },
		{ 0xb0, SCALAR_JLE },  { 0x60, SCALAR_JSGT }, { 0x70, SCALAR_JSGE },
		{ 0xc0, SCALAR_JSLT }, { 0xd0, SCALAR_JSLE },
	};
	unsigned int n = pick_of(11), dst = rand_reg(), src = rand_reg();
	bool is32 = pick_of(2), by_reg = pick_of(2);
	s32 imm = (s32)(u32)rand_value();
	struct insn *i;

	i = emit(r, (u8)(ops[n].code | (by_reg ? 8 : 0) | (is32 ? 6 : 5)), dst, by_reg ? src : 0,
		 by_reg ? 0 : imm);
	i->kind = KIND_JUMP;
	i->op = ops[n].cmp;
	i->is32 = is32;
	i->by_reg = by_reg;
	i->value = (u64)(s64)imm;
	if (pick_of(2)) {
		i->raw.off = -1;
		return;
	}
	i->raw.off = 2;
	emit(r, 0xb7, 0, 0, 0);
	emit(r, 0x95, 0, 0, 0);
}

static void generate(struct run *r)
{
	unsigned int steps = 4 + pick_of(30), n;

	r->cnt = 0;
	for (n = REG_FIRST; n <= REG_LAST; n++) {
		emit(r, 0x85, 0, 0, 7); /* get_prandom_u32 */
		emit(r, 0xbf, n, 0, 0)->kind = KIND_SETUP;
	}
	emit(r, 0xb7, 0, 0, 0);
	for (n = 0; n < steps; n++) {
		switch (pick_of(8)) {
		case 0:
			emit_const(r, rand_reg(), rand_value());
			break;
		case 1:
			emit_move(r);
			break;
		case 2:
		case 3:
		case 4:
			emit_jump(r);
			break;
		default:
			emit_alu(r);
			break;
		}
	}
	emit(r, 0xb7, 0, 0, 0);
	emit(r, 0x95, 0, 0, 0);
	for (n = 0; n < r->cnt; n++) {
		if (r->insns[n].kind == KIND_JUMP && r->insns[n].raw.off == -1)
			r->insns[n].raw.off = (s16)(r->cnt - 3 - n);
	}
}

static void fail(struct run *r, unsigned int idx, const char *what)
{
	if (!r->wrong) {
		r->wrong = what;
		r->wrong_idx = idx;
		r->wrong_reg = 0;
	}
}

static void apply_jump(struct run *r, unsigned int idx, bool taken)
{
	struct insn *i = &r->insns[idx];
	struct scalar imm = scalar_const(i->value);
	struct scalar *a = &r->regs[i->raw.dst_reg], *b = &imm;
	enum scalar_cmp cmp = (enum scalar_cmp)i->op;

	if (i->by_reg)
		b = &r->regs[i->raw.src_reg];
	scalar_refine(taken ? cmp : scalar_cmp_negate(cmp), i->is32, a, b);
}

/* The kernel does AND and OR of a constant with a 0 or -1 once for each. */
static void apply_alu(struct run *r, struct insn *i, struct scalar *dst, const struct scalar *src)
{
	struct scalar zero;

	if ((i->op == SCALAR_AND || i->op == SCALAR_OR) && scalar_is_const(src) &&
	    scalar_fork(dst, &zero)) {
		memcpy(i->before, r->regs, sizeof(i->before));
		i->before[i->raw.dst_reg] = zero;
	}
	(i->is32 ? scalar_alu32 : scalar_alu64)((enum scalar_op)i->op, dst, src);
}

/* Our state after instruction @idx; the kernel goes on at @next. */
static void apply(struct run *r, unsigned int idx, unsigned int next)
{
	struct insn *i = &r->insns[idx];
	struct scalar imm = scalar_const(i->value);
	struct scalar *dst = &r->regs[i->raw.dst_reg];
	const struct scalar *src = i->by_reg ? &r->regs[i->raw.src_reg] : &imm;
	bool jumped = next == idx + 1 + (unsigned int)i->raw.off;
	int taken;

	switch (i->kind) {
	case KIND_OTHER:
		break;
	case KIND_SETUP:
		*dst = scalar_unknown();
		break;
	case KIND_CONST:
		*dst = imm;
		break;
	case KIND_ALU:
		apply_alu(r, i, dst, src);
		break;
	case KIND_MOV32:
		scalar_zext(dst, 4);
		break;
	case KIND_SX:
		scalar_sext(dst, (unsigned int)i->op);
		break;
	case KIND_SX32:
		scalar_sext32(dst, (unsigned int)i->op);
		break;
	case KIND_END:
		if (i->raw.code != 0xd4)
			scalar_bswap(dst, (unsigned int)i->op);
		else if (i->op < 64)
			scalar_zext(dst, (unsigned int)i->op / 8);
		break;
	case KIND_JUMP:
		r->branches++;
		taken = scalar_branch((enum scalar_cmp)i->op, i->is32, dst, src);
		memcpy(i->before, r->regs, sizeof(i->before));
		if (taken == 1 && !jumped)
			fail(r, idx, "we say always taken, the kernel does not");
		if (taken != 1 && jumped && i->raw.off)
			fail(r, idx, "the kernel says always taken, we do not");
		if (taken < 0)
			apply_jump(r, idx, false);
		break;
	}
}

static const char *parse_number(const char *p, u64 *value)
{
	char *end;

	*value = *p == '-' ? (u64)0 - strtoull(p + 1, &end, 0) : strtoull(p, &end, 0);
	return end;
}

static void set_part(struct scalar *s, const char *name, size_t bytes, u64 value)
{
	static const char *const names[] = { "smin", "smax", "umin", "umax",
					     "smin32", "smax32", "umin32", "umax32" };
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(names); n++) {
		if (strlen(names[n]) == bytes && !memcmp(names[n], name, bytes))
			break;
	}
	switch (n) {
	case 0:
		s->smin = (s64)value;
		break;
	case 1:
		s->smax = (s64)value;
		break;
	case 2:
		s->umin = value;
		break;
	case 3:
		s->umax = value;
		break;
	case 4:
		s->s32_min = (s32)(u32)value;
		break;
	case 5:
		s->s32_max = (s32)(u32)value;
		break;
	case 6:
		s->u32_min = (u32)value;
		break;
	case 7:
		s->u32_max = (u32)value;
		break;
	}
}

/* "a=b=5" up to the comma: sets a and b. */
static const char *parse_equal(const char *p, struct scalar *s)
{
	const char *names[8];
	size_t sizes[8];
	unsigned int cnt = 0, n;
	u64 value;

	while (!isdigit((unsigned char)*p) && *p != '-' && cnt < 8) {
		sizes[cnt] = strcspn(p, "=");
		names[cnt++] = p;
		p += sizes[cnt - 1] + 1;
	}
	p = parse_number(p, &value);
	for (n = 0; n < cnt; n++)
		set_part(s, names[n], sizes[n], value);
	return p + strcspn(p, ",)"); /* "id=5+1" */
}

/* The text after "R6=". False when it is no scalar. */
static bool parse_scalar(const char *p, struct scalar *s)
{
	u64 value;

	*s = scalar_unknown();
	if (*p == 'P')
		p++;
	if (isdigit((unsigned char)*p) || *p == '-') {
		parse_number(p, &value);
		*s = scalar_const(value);
		return true;
	}
	if (strncmp(p, "scalar(", 7))
		return false;
	for (p += 7; *p && *p != ')'; p += *p == ',') {
		if (!strncmp(p, "var_off=(", 9)) {
			p = parse_number(p + 9, &s->var_off.value);
			p = parse_number(p + 2, &s->var_off.mask);
			p++;
		} else {
			p = parse_equal(p, s);
		}
	}
	return true;
}

/* All of "R6=… R7=…" in the rest of the line. */
static void compare_regs(struct run *r, unsigned int idx, const char *p)
{
	struct scalar theirs;
	unsigned int reg;

	for (; (p = strchr(p, 'R')) && !r->wrong; p++) {
		reg = (unsigned int)strtoul(p + 1, NULL, 10);
		if (!isdigit((unsigned char)p[1]) || reg < REG_FIRST || reg > REG_LAST)
			continue;
		p += strcspn(p, "=");
		if (!parse_scalar(p + 1, &theirs))
			continue;
		r->compared++;
		if (!scalar_equal(&r->regs[reg], &theirs)) {
			fail(r, idx, "a scalar differs");
			r->wrong_reg = reg;
			r->theirs = theirs;
		}
	}
}

/* "12: (07) r1 += 1": true, and 12. Other lines begin with an index too. */
static bool is_insn_line(const char *line, unsigned int *idx)
{
	char *end;

	if (!isdigit((unsigned char)*line))
		return false;
	*idx = (unsigned int)strtoul(line, &end, 10);
	return !strncmp(end, ": (", 3);
}

/* The index at the head of the next line that has one. */
static unsigned int next_index(const char *line)
{
	unsigned int idx, from;
	char e;

	while ((line = strchr(line, '\n'))) {
		line++;
		if (is_insn_line(line, &idx) || sscanf(line, "%u: saf%c", &idx, &e) == 2)
			return idx;
		if (sscanf(line, "from %u to %u", &from, &idx) == 2)
			return ~0u;
	}
	return ~0u;
}

static void replay_line(struct run *r, char *line)
{
	unsigned int idx, from, to, next = next_index(line);
	char *end = strchr(line, '\n'), *state;

	if (end)
		*end = 0;
	if (sscanf(line, "from %u to %u:", &from, &to) == 2 && from < r->cnt) {
		if (!strstr(line, "safe")) {
			memcpy(r->regs, r->insns[from].before, sizeof(r->regs));
			if (r->insns[from].kind == KIND_JUMP)
				apply_jump(r, from, true);
			compare_regs(r, from, strchr(line, ':'));
		}
	} else if (is_insn_line(line, &idx) && idx < r->cnt) {
		apply(r, idx, next);
		state = strstr(line, "; R");
		if (state)
			compare_regs(r, idx, state);
	}
	if (end)
		*end = '\n';
}

static void replay(struct run *r)
{
	char *line, *next;
	unsigned int n;

	r->wrong = NULL;
	for (n = 0; n < 16; n++)
		r->regs[n] = scalar_unknown();
	for (line = log_text; line && *line && !r->wrong; line = next) {
		next = strchr(line, '\n');
		next = next ? next + 1 : NULL;
		replay_line(r, line);
	}
}

static void show(const char *who, const struct scalar *s)
{
	tap_diag("%s: u [0x%llx, 0x%llx] s [%lld, %lld] u32 [0x%x, 0x%x] s32 [%d, %d] "
		 "bits 0x%llx/0x%llx",
		 who, (unsigned long long)s->umin, (unsigned long long)s->umax, (long long)s->smin,
		 (long long)s->smax, s->u32_min, s->u32_max, s->s32_min, s->s32_max,
		 (unsigned long long)s->var_off.value, (unsigned long long)s->var_off.mask);
}

static void show_difference(struct run *r)
{
	char head[16], *line = log_text;
	int n;

	tap_diag("%s, at instruction %u, R%u", r->wrong, r->wrong_idx, r->wrong_reg);
	if (r->wrong_reg) {
		show("ours  ", &r->regs[r->wrong_reg]);
		show("theirs", &r->theirs);
	}
	for (n = (int)r->wrong_idx - 6; n <= (int)r->wrong_idx + 1; n++) {
		snprintf(head, sizeof(head), "\n%d: (", n);
		line = strstr(log_text, head);
		if (line)
			tap_diag("%.*s", (int)strcspn(line + 1, "\n"), line + 1);
	}
	snprintf(head, sizeof(head), "\nfrom %u ", r->wrong_idx);
	line = strstr(log_text, head);
	if (line)
		tap_diag("%.*s", (int)strcspn(line + 1, "\n"), line + 1);
}

int main(int argc, char **argv)
{
	static struct bpf_insn raw[INSNS_MAX];
	unsigned long programs = argc > 1 ? strtoul(argv[1], NULL, 0) : 4000, n;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	unsigned int differ = 0, violated = 0, refused = 0, i;
	struct kernel_prog p = { .type = BPF_PROG_TYPE_SOCKET_FILTER, .insns = raw,
				 .log = log_text, .log_bytes = LOG_BYTES, .log_level = 2 };
	clock_t start = clock();
	int fd;

	if (!kernel_bpf_allowed())
		return tap_skip_all("bpf(2) is refused here");
	rand_state = seed;
	for (n = 0; n < programs; n++) {
		generate(&run);
		for (i = 0; i < run.cnt; i++)
			raw[i] = run.insns[i].raw;
		p.cnt = run.cnt;
		fd = kernel_prog_load_from(&p);
		if (fd < 0) {
			if (!refused++)
				tap_diag("program %lu: load says %d: %.300s", n, fd,
					 strlen(log_text) > 300 ?
						 log_text + strlen(log_text) - 300 : log_text);
			continue;
		}
		close(fd);
		if (strstr(log_text, "VIOLATION")) {
			violated++;
			continue;
		}
		replay(&run);
		if (run.wrong && differ++ < SHOWN_MAX) {
			tap_diag("program %lu of seed %llu", n, (unsigned long long)seed);
			show_difference(&run);
		}
	}
	tap_ok(!refused, "all programs load");
	tap_ok(!differ, "every scalar as the kernel prints it");
	tap_diag("%lu programs, seed %llu, %.1f s: %llu scalars and %llu branches compared; "
		 "%u differ, %u refused, %u with invariants violated in the kernel",
		 programs, (unsigned long long)seed, (double)(clock() - start) / CLOCKS_PER_SEC,
		 (unsigned long long)run.compared, (unsigned long long)run.branches, differ,
		 refused, violated);
	return tap_done();
}
