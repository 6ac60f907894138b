/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The default style against the live kernel's log: the verifier lists every instruction with its
 * text before it looks at values, so refused programs serve too.
 */
#include <stdlib.h>
#include <sys/utsname.h>

#include "isa/text.h"
#include "tests/kernel_bpf.h"
#include "tests/tap.h"

#define TRIALS_PER_OP 24
#define AT	      9 /* where the word under test stands */

static char log_text[1 << 16];
static u64 rng = 618;

static u32 random_below(u32 bound)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (u32)(rng >> 32) % bound;
}

static s32 random_value(void)
{
	static const s32 values[] = { 0,   1,  2,  5,    31,	 63,
				      255, -1, -2, -300, INT32_MAX, INT32_MIN };

	return random_below(4) ? values[random_below(ARRAY_SIZE(values))] :
				 (s32)(random_below(65536) << 16 | random_below(65536));
}

static struct insn random_insn(enum isa_op op)
{
	const struct isa_info *info = isa_info(op);
	struct insn i = isa_template(op);

	if (info->dst != ISA_REG_NONE)
		i.dst = random_below(10) & 0xf;
	if (info->src & ISA_REG_RW)
		i.src = random_below(10) & 0xf;
	if (info->off == ISA_OFF_MEM)
		i.off = (s16)random_value();
	if (info->off == ISA_OFF_JUMP)
		i.off = (s16)random_below(2);
	if (info->imm == ISA_IMM_JUMP)
		i.imm = 0;
	else if (info->imm == ISA_IMM_HELPER)
		i.imm = (s32)random_below(240) - 8;
	else if (info->imm != ISA_IMM_ZERO && info->imm != ISA_IMM_SEL)
		i.imm = random_value();
	return i;
}

static u32 build(struct insn *prog, const struct insn *i)
{
	u32 cnt = 0, reg;

	for (reg = 0; reg < 10; reg++)
		if (reg != 1)
			prog[cnt++] = insn_make(0xb7, reg, 0, 0, 8);
	prog[cnt++] = *i;
	if (isa_decode(i) == ISA_EXIT) /* what follows would not be reached */
		return cnt;
	if (isa_words(isa_decode(i)) == 2)
		prog[cnt++] = insn_make(0, 0, 0, 0, random_value());
	prog[cnt++] = insn_make(0xb7, 0, 0, 0, 0);
	prog[cnt++] = insn_make(0xb7, 0, 0, 0, 0);
	prog[cnt++] = insn_make(0x95, 0, 0, 0, 0);
	return cnt;
}

/* The text in "      9: .1........ (07) r1 += 5", cut out; NULL when the kernel never got there. */
static const char *kernel_text(void)
{
	char *line = strstr(log_text, "Live regs"), *end;

	line = line ? strstr(line, "\n      9: ") : NULL;
	line = line ? strchr(line, '(') : NULL;
	end = line ? strchr(line, '\n') : NULL;
	if (end)
		*end = 0;
	return line;
}

/* Some words take this kernel's word before the list: pseudo loads, calls into the program. */
static bool is_listed(enum isa_op op)
{
	const struct isa_info *info = isa_info(op);

	return info->since && info->since <= ISA_SINCE(6, 18) && op != ISA_CALL_SUBPROG &&
	       op != ISA_CALL_KFUNC && (info->family != ISA_FAMILY_LDDW || op == ISA_LDDW_IMM);
}

static void test_op(enum isa_op op)
{
	const struct isa_text_opts opts = { .style = ISA_STYLE_KERNEL, .no_marks = true };
	u32 trial, seen = 0, wrong = 0;

	for (trial = 0; trial < TRIALS_PER_OP; trial++) {
		const struct insn i = random_insn(op);
		struct insn prog[16];
		struct kernel_prog p = {
			.type = BPF_PROG_TYPE_SOCKET_FILTER, .insns = prog,
			.log = log_text, .log_bytes = sizeof(log_text), .log_level = 2,
		};
		struct str text = STR_INIT;
		const char *want;
		int fd;

		p.cnt = build(prog, &i);
		fd = kernel_prog_load_from(&p);
		if (fd >= 0)
			close(fd);
		want = kernel_text();
		if (want) {
			seen++;
			(void)isa_text_insn(&text, prog, p.cnt, AT, &opts);
			wrong += strcmp(str_c(&text), want) != 0;
			if (strcmp(str_c(&text), want) != 0)
				tap_diag("'%s', the kernel says '%s'", str_c(&text), want);
		}
		str_fini(&text);
	}
	tap_ok(seen && !wrong, "%s: %u texts are the kernel's", isa_info(op)->name, seen);
}

int main(void)
{
	struct utsname name;
	u32 op;

	if (!kernel_bpf_allowed())
		return tap_skip_all("bpf(2) is refused here");
	if (uname(&name) || strncmp(name.release, "6.18.", 5))
		return tap_skip_all("the running kernel is not the reference, 6.18");
	for (op = ISA_INVALID + 1; op < ISA_OP_CNT; op++)
		if (is_listed((enum isa_op)op))
			test_op((enum isa_op)op);
	return tap_done();
}
